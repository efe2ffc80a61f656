"""How a candidate is scored: a short training on features computed once, and judging."""
