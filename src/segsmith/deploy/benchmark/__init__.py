"""What networks cost, part by part: every model in a process of its own, all of them in turns."""
