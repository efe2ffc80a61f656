"""Exports that are proven, and what plays and measures them."""
