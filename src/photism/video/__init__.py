"""Films: their frames, turned as players turn them, on the time line of their sound."""
