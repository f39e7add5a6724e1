"""The user's files become clips of sound with pictures, portion by portion, on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from photism.audio.front_ends import FrontEnd, front_end
from photism.audio.logmel import extremes, pictures
from photism.data.own.form import Form
from photism.data.pairs import to_bytes
from photism.data.parts import digest
from photism.errors import StorageError
from photism.terminal import printable

if TYPE_CHECKING:
    from photism.audio.decode import Sound
    from photism.data.parts import Save

T = TypeVar("T")
BATCH = 256
"""Clips that are made at once."""
_MEASURED = 8  # one clip in so many has its levels measured


@dataclass(frozen=True)
class Shots:
    """Clips of one original, and the pictures that go with them."""

    clips: list[Sound]
    """In mono, at the rate of the front end."""
    images: list[np.ndarray]
    """`(size, size, 1 or 3)` uint8; one for each clip, or one for all."""


@dataclass
class Tally:
    """What is to be said of an original besides its clips."""

    counts: Counter[str] = field(default_factory=Counter)
    """Of what was left out or is not as it should be, such as "silent clips left out"."""
    missing: str = ""
    """What could not be read, where the rest could."""


def batched(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield items in lists of at most `BATCH`; what came before an error is not lost.

    Args:
        items: read one at a time; reading may raise.

    Yields:
        Lists, none empty.
    """
    batch: list[T] = []
    remaining = iter(items)
    while True:
        try:
            item = next(remaining)
        except StopIteration:
            break
        except Exception:
            if batch:
                yield batch
            raise
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class Recipe(Protocol):
    """How originals of one kind are read; a frozen dataclass whose `repr` tells all of it."""

    @property
    def form(self) -> Form:
        """What sounds and pictures become."""

    def read(self, files: tuple[Path, ...], tally: Tally) -> Iterator[Shots]:
        """Yield the clips of an original, or raise an error with the reason to leave it out."""


@dataclass(frozen=True)
class Portion:
    """Some originals, and what to make of them."""

    recipe: Recipe
    files: tuple[tuple[Path, ...], ...]

    def digest(self) -> str:
        """Return what its clips depend on as one word: the recipe, and the files as they are."""
        return digest(self.recipe, [path for each in self.files for path in each])


def make(portion: Portion, save: Save) -> dict[str, Any]:
    """Make the pairs of some originals; one that cannot be used costs no other.

    Args:
        portion: what to make of which files.
        save: told of arrays: `item`, a place in the portion's files, `start_s`, `sound` and
            `shown`, a row of `image`, of each clip.

    Returns:
        `clips`, how many there are of each original; `skipped`, places in the portion's files with
        the reason; `counts`, as `Tally` has them; `levels`, extremes of some clips where pictures
        do not tell theirs.

    Raises:
        StorageError: the disk is full.
    """
    rows, front = _Rows(save), front_end(portion.recipe.form.front_end)
    clips: list[int] = []
    skipped: list[tuple[int, str]] = []
    counts: Counter[str] = Counter()
    for item, files in enumerate(portion.files):
        before, tally = rows.count, Tally()
        try:
            for shots in portion.recipe.read(files, tally):
                rows.add(item, shots, front)
        except StorageError:
            raise
        except Exception as error:  # whatever a file does to its reader, the next one is read
            tally.missing = _reason(error, files)
        clips.append(rows.count - before)
        if tally.missing:
            skipped.append((item, "in part: " * bool(clips[-1]) + tally.missing))
        counts += tally.counts
    rows.flush()
    return {"clips": clips, "skipped": skipped, "counts": counts, "levels": rows.levels}


def _reason(error: Exception, files: tuple[Path, ...]) -> str:
    """Say in one line why an original was left out, without the way to its files."""
    said = str(error) or type(error).__name__
    for path in files:
        said = said.replace(str(path), path.name)
    return printable(" ".join(said.split()))


@dataclass
class _Rows:
    """Clips on their way to disk, each with the place of its original."""

    save: Save
    count: int = 0
    item: list[int] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    sound: list[np.ndarray] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    image: list[np.ndarray] = field(default_factory=list)
    levels: list[tuple[float, float]] = field(default_factory=list)

    def add(self, item: int, shots: Shots, front: FrontEnd) -> None:
        number = len(shots.clips)
        if not number:
            return
        waveforms = [clip.samples[0] for clip in shots.clips]
        self.sound += list(to_bytes(pictures(waveforms, front, [item] * number).numpy()))
        if front.level_range is not None:
            self.levels += extremes(waveforms[::_MEASURED], front)
        self.item += [item] * number
        self.start_s += [clip.start_s for clip in shots.clips]
        single = len(shots.images) == 1
        self.shown += [len(self.image) + (0 if single else place) for place in range(number)]
        self.image += shots.images
        self.count += number
        if len(self.item) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self.item:
            names = ("item", "start_s", "sound", "shown", "image")
            self.save({name: np.array(getattr(self, name)) for name in names})
        self.item, self.start_s, self.sound, self.shown, self.image = [], [], [], [], []
