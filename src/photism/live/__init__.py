"""Sound as it comes: the latest seconds, the clip to draw now, a microphone, a terminal."""
