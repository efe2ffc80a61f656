"""The whole way in one command: from data to a network that is exported, proven and timed."""
