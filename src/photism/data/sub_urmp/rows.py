"""Moments are read, several at once, and written as rows of a prepared data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from photism.errors import DataError, PhotismError

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd
    from photism.data.sub_urmp.moments import Drawn, Moment, Request
    from photism.data.writer import PairWriter

_CHUNK = 64
_MEASURED = 8  # one clip in so many has its levels measured


class _Row(NamedTuple):
    moment: Moment
    sound: np.ndarray
    """A picture, `(channel, height, width)` uint8."""
    drawn: Drawn


@dataclass
class Written:
    """What was written, and what was not."""

    pairs: int = 0
    performances: dict[str, set[tuple[int, str]]] = field(default_factory=dict)
    """Classes and names by split."""
    quiet: int = 0
    """Sounds left out because of their peak."""
    unequal: int = 0
    """Sounds with two channels that differ."""
    blank: int = 0
    """Pictures that have one colour."""
    skipped: list[dict[str, str]] = field(default_factory=list)
    """Moments that could not be read, with the reason."""
    levels: list[tuple[float, float]] = field(default_factory=list)
    """Lowest and highest level of some clips, where pictures do not tell theirs."""


def write_rows(
    writer: PairWriter, requests: Iterable[Request], front_end: FrontEnd, *, min_peak: float
) -> Written:
    """Read moments and write them, a few at a time.

    Args:
        writer: open, its card agrees with what is read.
        requests: moments and how to draw them.
        front_end: turns sounds that are no pictures yet into pictures.
        min_peak: sounds with a lower one are left out.

    Returns:
        What was written.
    """
    written = Written()
    for rows in _heard(requests, front_end, min_peak, written):
        for split, of_split in groupby(rows, key=lambda row: row.moment.split):
            _write(writer, split, list(of_split))
        for moment, _, drawn in rows:
            written.pairs += 1
            written.unequal += drawn.unequal
            written.blank += drawn.blank
            known = written.performances.setdefault(moment.split, set())
            known.add((moment.label, moment.performance))
    return written


def _heard(
    requests: Iterable[Request], front_end: FrontEnd, min_peak: float, written: Written
) -> Iterator[list[_Row]]:
    """Yield chunks of moments with their sounds as pictures."""
    from photism.audio.logmel import extremes, pictures
    from photism.data.pairs import to_bytes

    for drawn in _kept(requests, min_peak, written):
        sounds = [each.sound for _, each in drawn]
        if sounds and sounds[0].ndim == 1:
            if front_end.level_range is not None:
                written.levels += extremes(sounds[::_MEASURED], front_end)
            sounds = list(to_bytes(pictures(sounds, front_end).numpy()))
        yield [_Row(m, sound, each) for (m, each), sound in zip(drawn, sounds, strict=True)]


def _kept(
    requests: Iterable[Request], min_peak: float, written: Written
) -> Iterator[list[tuple[Moment, Drawn]]]:
    """Yield chunks of moments that could be read; note the others."""
    remaining = iter(requests)
    with ThreadPoolExecutor() as pool:
        while chunk := list(islice(remaining, _CHUNK)):
            kept = []
            for moment, result in pool.map(_attempt, chunk):
                if isinstance(result, PhotismError):
                    written.skipped.append({"file": moment.key, "reason": str(result)})
                elif result.peak < min_peak:
                    written.quiet += 1
                else:
                    kept.append((moment, result))
            yield kept


def _attempt(request: Request) -> tuple[Moment, Drawn | PhotismError]:
    moment, draw = request
    try:
        return moment, draw()
    except PhotismError as error:
        return moment, error
    except Exception as error:  # one bad file never costs another
        return moment, DataError(f"unreadable: {type(error).__name__}: {error}")


def _write(writer: PairWriter, split: str, rows: list[_Row]) -> None:
    writer.write(
        split,
        sound=np.stack([row.sound for row in rows]),
        image=np.stack([row.drawn.image for row in rows]),
        label=np.array([row.moment.label for row in rows]),
        key=[row.moment.key for row in rows],
        columns={
            "performance": [row.moment.performance for row in rows],
            "time_ms": [row.moment.time_ms for row in rows],
            "peak": [row.drawn.peak for row in rows],
        },
    )
