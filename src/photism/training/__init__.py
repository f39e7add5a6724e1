"""One training loop for all systems. It knows no paper."""
