"""Gradient searches: the supernet gets its data, and derives a network."""
