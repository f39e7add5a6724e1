"""Files of the user's as they were found, before anything of them is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photism.terminal import printable


@dataclass(frozen=True)
class Original:
    """Files that become pairs together: a recording with its picture, or a video."""

    files: tuple[Path, ...]
    names: Mapping[str, str]
    """What the files are called in the data set, by column; the first names the whole."""
    split: str | None
    """What folders or table say; None where they say nothing."""
    folder: str | None
    """The class that the folders tell."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What else a table says, by column."""

    @property
    def name(self) -> str:
        """What it is known by."""
        return next(iter(self.names.values()))

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return " ".join(self.names.values())


@dataclass
class Found:
    """What lies in a folder."""

    originals: list[Original] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    """Files that cannot be used, with the reason."""

    def skip(self, file: str | Path, reason: str) -> None:
        """List a file as left out."""
        self.skipped.append({"file": printable(file), "reason": reason})

    def closed(self, error: OSError) -> None:
        """List a folder that cannot be opened."""
        self.skip(error.filename, f"cannot be opened: {error.strerror}")
