"""Drawn scenes for the sounds of the world: what makes the sound, near or far, once or more."""
