"""Published tables and figures, to be run again."""
