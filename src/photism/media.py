"""The two media between which everything here translates."""

from __future__ import annotations

from typing import Literal

Medium = Literal["sound", "image"]
MEDIA: tuple[Medium, ...] = ("sound", "image")


def other(medium: Medium) -> Medium:
    """Return the medium that is not this one: what a system hears or sees to make it."""
    return "image" if medium == "sound" else "sound"
