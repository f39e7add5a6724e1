"""Metrics: pure functions from features to statistics to numbers, and the list of what they are."""
