"""Whole papers again: each one's pipeline in stages, its tables and figures, and our numbers beside the published."""
