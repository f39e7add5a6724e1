"""Judges, metrics, evaluation and its report."""
