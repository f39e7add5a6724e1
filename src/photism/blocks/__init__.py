"""Network parts that two or more systems use unchanged."""
