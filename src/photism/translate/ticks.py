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
    ends. Where the front end takes words whole, it is the word that began last.

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
    else:
        framed = _framed(blocks, front.clip_s, every_s)
        yield from cut(framed, front, hop_s=every_s, partial=1.0)


def _framed(blocks: Iterable[Sound], clip_s: float, every_s: float) -> Iterator[Sound]:
    """Extend or shorten a recording so that its windows lie around the middles of the ticks."""
    early_s = (clip_s - every_s) / 2  # by which a window begins before its tick
    block, heard, given = None, 0, 0  # the latest, and samples of the recording and of what left
    skip = 0
    for block in blocks:
        if not heard:
            lead = round(early_s * block.rate)
            skip = max(0, -lead)
            if lead > 0:
                given += lead
                yield replace(block, samples=_silence(block, lead), start_s=block.start_s - early_s)
        heard += block.samples.shape[1]
        kept = block.samples[:, skip:]
        skip -= block.samples.shape[1] - kept.shape[1]
        if kept.shape[1]:
            start_s = block.start_s + (block.samples.shape[1] - kept.shape[1]) / block.rate
            given += kept.shape[1]
            yield replace(block, samples=kept, start_s=start_s)
    if block is None:
        return
    rate = block.rate
    count = max(1, math.ceil((heard / rate - _ROUNDING_S) / every_s))
    wanted = round((count - 1) * every_s * rate) + max(1, round(clip_s * rate))
    if wanted > given:
        yield replace(block, samples=_silence(block, wanted - given))


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
