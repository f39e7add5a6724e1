"""What `photism demo` shows: one module for each kind of system."""
