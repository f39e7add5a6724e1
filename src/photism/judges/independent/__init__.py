"""Judges that other people trained, on other data and for other ends: no system here has met them.

Their weights are fetched once (`photism judge fetch`), read without running anything, and kept as
they are; a last layer fitted on real training pairs names the data's classes (`probe`).
"""
