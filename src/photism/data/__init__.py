"""Data: pairs of a sound and a picture, how they are prepared, and the sets photism knows."""
