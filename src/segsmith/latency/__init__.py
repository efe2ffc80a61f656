"""What networks cost on the device they are meant for: targets, tables of measured pieces, and predictions."""
