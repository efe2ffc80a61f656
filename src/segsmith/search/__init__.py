"""Searching a space: a controller that proposes networks and learns from their scores, as Optuna samplers."""
