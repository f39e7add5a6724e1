"""All recordings of a folder are made into clips, several at once, and read back in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photism.data.parts import Part, digest, make_parts
from photism.data.sources.folder.making import Portion, Recipe, make
from photism.data.sources.folder.matching import Match

_FILES, _BYTES = 64, 64 * 2**20
"""Recordings in a portion, at most, and bytes to read in it, about."""


@dataclass(frozen=True)
class Rows:
    """Clips as they were made, with their pictures."""

    match: np.ndarray
    """`(clip,)` place of the recording among all."""
    start_s: np.ndarray
    sound: np.ndarray
    """`(clip, channel, mel_bin, frame)` uint8."""
    image: np.ndarray
    """`(clip, height, width, channel)` uint8."""


class Takes:
    """What became of recordings.

    Args:
        matches: the recordings with their pictures.
        parts: what was made of each portion of them.
    """

    def __init__(self, matches: Sequence[Match], parts: Sequence[tuple[range, Part]]) -> None:
        self._parts = parts
        records = [part.record for _, part in parts]
        self.clips = np.array([count for record in records for count in record["clips"]], int)
        """`(match,)` clips of each recording; none where it could not be used."""
        self.used = [match for match, count in zip(matches, self.clips, strict=True) if count]
        """Recordings that could be used."""
        self.skipped = tuple(
            {"file": matches[portion[item]].recording, "reason": reason}
            for portion, part in parts
            for item, reason in part.record["skipped"]
        )
        """Recordings that could not, wholly or in part, with the reason."""
        self.silent = sum(record["silent"] for record in records)
        """Clips left out because there is nothing to hear in them."""
        self.enlarged = sum(len(record["enlarged"]) for record in records)
        """Pictures that were smaller than wanted."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a card should say of all this."""
        notes = []
        if self.silent:
            notes.append(f"left out: {self.silent:,} silent clips")
        if self.enlarged:
            notes.append(f"pictures that were smaller, and were enlarged: {self.enlarged:,}")
        return tuple(notes)

    def rows(self) -> Iterator[Rows]:
        """Read the clips, some at a time, in the order of the recordings.

        Yields:
            Rows of moderate number.

        Raises:
            DataError: a file was damaged since it was made.
        """
        for portion, part in self._parts:
            for arrays in part.arrays():
                owner = arrays["owner"].tolist()
                pictures = [owner.index(item) for item in arrays["item"].tolist()]
                yield Rows(
                    np.array(portion)[arrays["item"]],
                    arrays["start_s"],
                    arrays["sound"],
                    arrays["image"][pictures],
                )


def make_takes(matches: Sequence[Match], recipe: Recipe, kept: Path, *, workers: int) -> Takes:
    """Make the clips of recordings; what lies there from an earlier run is not made again.

    Args:
        matches: the recordings with their pictures.
        recipe: what to make of them.
        kept: folder for what is made.
        workers: processes at once; 0 is one for each processor.

    Returns:
        What was made, and what could not be.

    Raises:
        StorageError: the disk is full.
    """
    portions = list(_portions(matches))
    jobs = {}
    for portion in portions:
        files = tuple((matches[place].sound, matches[place].image) for place in portion)
        jobs[digest(recipe, [path for pair in files for path in pair])] = Portion(recipe, files)
    parts = make_parts(jobs, make, kept, workers=workers, what="recordings")
    return Takes(matches, list(zip(portions, parts, strict=True)))


def _portions(matches: Sequence[Match]) -> Iterator[range]:
    """Cut recordings into portions: not too many in one, nor too much to read."""
    begin, size = 0, 0
    for end, match in enumerate(matches, 1):
        size += os.path.getsize(match.sound) if os.path.isfile(match.sound) else 0
        if end - begin == _FILES or size >= _BYTES or end == len(matches):
            yield range(begin, end)
            begin, size = end, 0
