"""Pairs of files that only the user has: found, worked on in portions, allotted, written."""
