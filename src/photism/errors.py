"""Errors a user can cause or meet: one line each that says what was wrong, where, and what to do.

The command line prints the message of a `PhotismError` and exits with 2; anything else is a bug
and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PhotismError(Exception):
    """Base of all errors that photism raises on purpose."""


class AudioError(PhotismError):
    """A sound could not be read, or holds nothing that can be used."""


class ImageError(PhotismError):
    """A picture could not be read or written."""


class DataError(PhotismError):
    """Prepared data is missing, incomplete, damaged, or not what a system wants."""


class DownloadError(PhotismError):
    """An archive could not be fetched or did not arrive as published."""


class ConfigError(PhotismError):
    """A name, field or value that photism does not know or cannot use."""


class WeightsError(PhotismError):
    """Stored weights are missing, damaged, or of another system."""


class TrainingError(PhotismError):
    """Training cannot go on, such as after a loss that is not a number."""


class StorageError(PhotismError):
    """A file cannot be read or written, or the disk is full."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return a hint that names the choice closest to `name`, or all of them if none is close."""
    options = sorted(choices)
    close = [option for option in options if name and name.lower() in option]
    close = close or difflib.get_close_matches(name.lower(), options, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from: {', '.join(options)}"
