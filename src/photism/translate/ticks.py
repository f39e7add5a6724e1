"""What is heard as time passes: the clip that belongs to each tick of a recording of any length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from photism.audio.clips import cut
from photism.audio.decode import Sound
from photism.audio.front_ends import FrontEnd

_ROUNDING_S = 1e-6


def ticks(blocks: Iterable[Sound], front: FrontEnd, every_s: float) -> Iterator[Sound | None]:
    """Yield what a system should see at every tick of a recording.

    Tick n lasts from n · `every_s` to (n + 1) · `every_s` after the first sample. Its clip is the
    window of the front end's length around the middle of it, with silence beyond the recording's
    ends; of a last tick whose middle lies after the end, what is heard last. Where the front end
    takes words whole, it is the word that began last.

    Args:
        blocks: the recording, as `decode.stream` yields it; read as the ticks are asked for.
        front: of the system.
        every_s: length of a tick in seconds.

    Yields:
        As many as begin within the recording; a word over and over as long as it is the last,
        None before the first.

    Raises:
        AudioError: the blocks cannot be read, or a word is too short to be a sound.
    """
    if front.clip_s is None:
        yield from _last_words(blocks, front, every_s)
        return
    framed = _Framed(blocks, front.clip_s, every_s)
    given = 0
    for clip in cut(framed.blocks(), front, hop_s=every_s, partial=1.0):
        yield clip
        given += 1
    if given < framed.count and framed.end is not None:  # the window would begin after the end
        yield from cut([framed.end], front, partial=1.0)


class _Framed:
    """A recording, extended or shortened so that its windows lie around the middles of the ticks.

    Args:
        recording: blocks that follow one another.
        clip_s: length of a window.
        every_s: length of a tick.
    """

    def __init__(self, recording: Iterable[Sound], clip_s: float, every_s: float) -> None:
        self._recording, self._clip_s, self._every_s = recording, clip_s, every_s
        self.end: Sound | None = None
        """The last window's length of what was heard so far, or all of it."""
        self.count = 0
        """Ticks of the whole; known when all blocks are given."""

    def blocks(self) -> Iterator[Sound]:
        """Yield the blocks, with silence where a window reaches beyond the recording."""
        early_s = (self._clip_s - self._every_s) / 2  # by which a window begins before its tick
        heard = lead = 0  # samples
        for block in self._recording:
            if not heard:
                lead = round(early_s * block.rate)
                if lead > 0:
                    silence, start_s = _silence(block, lead), block.start_s - early_s
                    yield replace(block, samples=silence, start_s=start_s)
            before = min(block.samples.shape[1], max(0, -lead - heard))  # the first window's begin
            heard += block.samples.shape[1]
            self.end = self._latest(block)
            if before < block.samples.shape[1]:
                start_s = block.start_s + before / block.rate
                yield replace(block, samples=block.samples[:, before:], start_s=start_s)
        if self.end is None:
            return
        rate = self.end.rate
        self.count = max(1, math.ceil((heard / rate - _ROUNDING_S) / self._every_s))
        begin = round((self.count - 1) * self._every_s * rate) - lead
        missing = begin + max(1, round(self._clip_s * rate)) - heard
        if begin < heard and missing > 0:
            yield replace(self.end, samples=_silence(self.end, missing))

    def _latest(self, block: Sound) -> Sound:
        earlier = [] if self.end is None else [self.end.samples]
        joined = np.concatenate([*earlier, block.samples], axis=1)
        size = max(1, round(self._clip_s * block.rate))
        start_s = block.start_s + block.duration_s - min(size, joined.shape[1]) / block.rate
        return replace(block, samples=joined[:, -size:], start_s=start_s)


def _silence(block: Sound, count: int) -> np.ndarray:
    return np.zeros((len(block.samples), count), np.float32)


def _last_words(blocks: Iterable[Sound], front: FrontEnd, every_s: float) -> Iterator[Sound | None]:
    first: Sound | None = None
    length_s = 0.0

    def counted() -> Iterator[Sound]:
        nonlocal first, length_s
        for block in blocks:
            first = first or block
            length_s += block.duration_s
            yield block

    number, shown = 0, None
    for word in cut(counted(), front):
        assert first is not None
        while (number + 1) * every_s <= word.start_s - first.start_s:
            yield shown
            number += 1
        shown = word
    while number == 0 or number * every_s < length_s - _ROUNDING_S:
        yield shown
        number += 1
