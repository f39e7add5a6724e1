"""All originals are made into clips, several at once, and read back in order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photism.audio.logmel import usual_range
from photism.data.own.making import Portion, Recipe, make
from photism.data.own.original import Original
from photism.data.parts import Part, make_parts

_FILES, _BYTES = 32, 8 * 2**20
"""Originals in a portion, at most, and bytes to read in it, about."""


@dataclass(frozen=True)
class Rows:
    """Clips as they were made, with their pictures."""

    original: np.ndarray
    """`(clip,)` place of the original among all."""
    start_s: np.ndarray
    sound: np.ndarray
    """`(clip, channel, mel_bin, frame)` uint8."""
    image: np.ndarray
    """`(clip, height, width, channel)` uint8."""


class Takes:
    """What became of originals.

    Args:
        originals: all that were found.
        parts: what was made of each portion of them.
    """

    def __init__(self, originals: Sequence[Original], parts: Sequence[tuple[range, Part]]) -> None:
        self._parts = parts
        records = [part.record for _, part in parts]
        self.clips = np.array([count for record in records for count in record["clips"]], int)
        """`(original,)` clips of each; none where it could not be used."""
        self.used = [each for each, count in zip(originals, self.clips, strict=True) if count]
        """Originals that could be used."""
        self.skipped = tuple(
            {"file": originals[portion[item]].name, "reason": reason}
            for portion, part in parts
            for item, reason in part.record["skipped"]
        )
        """Originals that could not, wholly or in part, with the reason."""
        counts = sum((Counter(record["counts"]) for record in records), Counter[str]())
        self.notes = tuple(f"{what}: {count:,}" for what, count in sorted(counts.items()))
        """What a card should say of all this."""
        levels = [pair for record in records for pair in record["levels"]]
        self.level_range = usual_range(levels)
        """Of the clips, where pictures do not tell it."""

    def rows(self) -> Iterator[Rows]:
        """Read the clips, some at a time, in the order of the originals.

        Yields:
            Rows of moderate number.

        Raises:
            DataError: a file was damaged since it was made.
        """
        for portion, part in self._parts:
            for arrays in part.arrays():
                yield Rows(
                    np.array(portion)[arrays["item"]],
                    arrays["start_s"],
                    arrays["sound"],
                    arrays["image"][arrays["shown"]],
                )


def make_takes(
    originals: Sequence[Original],
    recipe: Recipe,
    kept: Path,
    *,
    workers: int,
    ray: str | bool = False,
    what: str,
) -> Takes:
    """Make the clips of originals; what lies there from an earlier run is not made again.

    Args:
        originals: what to read.
        recipe: how to read it.
        kept: folder for what is made.
        workers: processes at once; 0 is one for each processor.
        ray: a cluster to work on, see `ray_mapping`.
        what: they are, for the progress bar.

    Returns:
        What was made, and what could not be.

    Raises:
        StorageError: the disk is full.
    """
    portions = list(_portions(originals))
    jobs = [Portion(recipe, tuple(originals[place].files for place in each)) for each in portions]
    named = f"{what}, in portions"
    parts = make_parts(jobs, make, kept, workers=workers, ray=ray, what=named)
    return Takes(originals, list(zip(portions, parts, strict=True)))


def _portions(originals: Sequence[Original]) -> Iterator[range]:
    """Cut originals into portions: not too many in one, nor too much to read."""
    begin, size = 0, 0
    for end, original in enumerate(originals, 1):
        first = original.files[0]
        size += os.path.getsize(first) if os.path.isfile(first) else 0
        if end - begin == _FILES or size >= _BYTES or end == len(originals):
            yield range(begin, end)
            begin, size = end, 0
