"""One time line for a sound: frames are placed by their time stamps, gaps filled with silence.

Decoded frames follow one another, and most often so do their stamps. Where they do not:

- A stamp may *jitter*, since it was rounded to milliseconds, or taken from a camera's clock; the
  films of VEGAS have stamps that are off by up to 21 ms and come back. Frames are joined.
- There may be a *gap* that stays: packets were lost, or an editor cut something out. It is filled
  with silence, so that what follows is where the stamps, and the pictures of a film, say.
- Frames may *overlap*: what is told twice is left out once.
- Time may *begin anew*, as in recordings put one behind the other. What follows is joined.

A gap or overlap is one that all frames of the next `AHEAD_S` seconds agree on.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

Stamped = tuple[float | None, np.ndarray]
"""Time stamp in seconds, if any, and `(channel, sample)` float32."""

AHEAD_S = 2.0
_LEAST_S = 0.0005
"""Deviations of less, and of less than a tick of the stamps' clock, are its rounding."""
_SURE_S = 0.1  # a gap near the end, where few frames are left to agree on it
_BACK_S = 1.0  # a longer step back is no overlap but a new beginning
_FILLED_SAMPLES = 24 * 3600 * 192_000
"""More silence than this comes from damaged stamps."""
_SAID_S = 0.02  # shorter gaps and overlaps are not worth a word


@dataclass
class Timeline:
    """Places frames one behind the other, and remembers where they did not meet.

    Args:
        rate: samples per second.
        tick_s: of the clock that the stamps count.
        origin_s: stamp of sample 0; None where the first frame is the first of the file.
    """

    rate: int
    tick_s: float
    origin_s: float | None = None
    first: int | None = None
    """Sample at which the first frame begins; None before that."""
    end: int = 0
    """Sample that comes next."""
    gaps: list[tuple[float, float]] = field(default_factory=list)
    """Begin and end in seconds of what was filled with silence."""
    steady: bool = True
    """Every stamp so far was where the frame before ended, also of frames that still wait."""
    _filled: int = 0
    _overlaps: bool = False
    _anew_s: float | None = None

    @property
    def _least_s(self) -> float:
        return _LEAST_S + self.tick_s

    def place(self, frames: Iterable[Stamped]) -> Iterator[np.ndarray]:
        """Yield `(channel, sample)` without gap; `end` is where each one ends.

        Args:
            frames: in the order in which they are decoded.

        Yields:
            Frames, or what is left of them, and silence in pieces of at most a second.
        """
        waiting: deque[Stamped] = deque()
        held = 0
        due_s: float | None = None
        for stamp_s, samples in frames:
            if stamp_s is not None:
                if due_s is not None and abs(stamp_s - due_s) > self._least_s:
                    self.steady = False
                due_s = stamp_s
            due_s = None if due_s is None else due_s + samples.shape[1] / self.rate
            waiting.append((stamp_s, samples))
            held += samples.shape[1]
            while held - waiting[0][1].shape[1] >= AHEAD_S * self.rate:
                held -= waiting[0][1].shape[1]
                yield from self._next(waiting, ended=False)
        while waiting:
            yield from self._next(waiting, ended=True)

    def _next(self, waiting: deque[Stamped], *, ended: bool) -> Iterator[np.ndarray]:
        """Place the first of the frames that wait."""
        if self.first is None:
            self.first = self.end = self._begin(waiting)
        slip = self._slip(waiting, ended=ended)
        samples = waiting.popleft()[1]
        for begin in range(0, slip, self.rate):
            silence = min(slip - begin, self.rate)
            self.end += silence
            yield np.zeros((len(samples), silence), np.float32)
        samples = samples[:, max(0, -slip) :]
        self.end += samples.shape[1]
        if samples.shape[1]:
            yield samples

    def _begin(self, waiting: deque[Stamped]) -> int:
        """Find the place of the first frame, from the stamps of all that wait."""
        counted = 0
        begins_s = []
        for stamp_s, samples in waiting:
            if stamp_s is not None:
                begins_s.append(stamp_s - counted / self.rate)
            counted += samples.shape[1]
        if not begins_s:
            self.steady = False
            return 0
        if self.origin_s is None:
            self.origin_s = begins_s[0]
            return 0
        return round((statistics.median(begins_s) - self.origin_s) * self.rate)

    def _slip(self, waiting: deque[Stamped], *, ended: bool) -> int:
        """Return by how many samples the first frame comes later than the one before it ended."""
        least = self._least_s * self.rate
        if waiting[0][0] is None or abs(next(self._deviations(waiting), 0)) <= least:
            return 0
        self.steady = False
        found = sorted(self._deviations(waiting), key=abs)
        if min(found) < 0 < max(found) or abs(found[0]) <= least:
            return 0
        # The middle, where they differ by rounding alone; the least, where more of it follows.
        agreed = found[len(found) // 2 if abs(found[-1] - found[0]) <= 2 * least else 0]
        if ended and abs(agreed) < _SURE_S * self.rate:
            return 0
        return self._moved(round(agreed))

    def _deviations(self, waiting: deque[Stamped]) -> Iterator[float]:
        """Yield how many samples later than counted the stamps say that the frames begin."""
        begin = self.end
        for stamp_s, samples in waiting:
            if stamp_s is not None and self.origin_s is not None:
                yield (stamp_s - self.origin_s) * self.rate - begin
            begin += samples.shape[1]

    def _moved(self, slip: int) -> int:
        """Note a gap, overlap or new beginning; return the slip that is followed."""
        assert self.origin_s is not None  # or there were no deviations
        at_s = self.end / self.rate
        if slip < -_BACK_S * self.rate or self._filled + slip > _FILLED_SAMPLES:
            self.origin_s += slip / self.rate
            self._anew_s = at_s if self._anew_s is None else self._anew_s
            return 0
        if slip > _SAID_S * self.rate:
            self.gaps.append((at_s, at_s + slip / self.rate))
        self._overlaps = self._overlaps or slip < -_SAID_S * self.rate
        self._filled += max(0, slip)
        return slip

    @property
    def lost(self) -> list[str]:
        """Notes on gaps so far."""
        if not self.gaps:
            return []
        begin_s, end_s = self.gaps[0]
        total_s = sum(end_s - begin_s for begin_s, end_s in self.gaps)
        first = f"from {begin_s:.2f} to {end_s:.2f} s"
        if len(self.gaps) == 1:
            return [f"gap {first}: filled with silence"]
        return [f"{len(self.gaps)} gaps, {total_s:.2f} s in all, the first {first}: filled"]

    @property
    def notes(self) -> list[str]:
        """Notes on stamps that contradict themselves so far."""
        notes = []
        if self._overlaps:
            notes.append("packets overlap in time: what is told twice was left out once")
        if self._anew_s is not None:
            notes.append(f"time begins anew after {self._anew_s:.2f} s: what follows is joined")
        return notes
