"""Studies: candidates of a space, scored by a short training on features computed once, and kept whatever happens."""
