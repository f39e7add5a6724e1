"""From a file to the other medium: what `photism.load` returns, and what that returns."""
