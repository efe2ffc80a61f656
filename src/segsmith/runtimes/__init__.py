"""Networks made ready to run: folded, exported, and one callable for every runtime."""
