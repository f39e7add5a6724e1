"""Words of a sound of any length, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from photism.audio.decode import Sound
from photism.audio.segment import utterances

CONTEXT_S = 60.0
"""Length of sound looked at together to tell words from background."""
_COMPLETE_S = 1.0  # a word followed by this much of silence is over
_BEGIN_S = 0.5  # kept of a stretch without words, in case one just begins


def words(blocks: Iterable[Sound]) -> Iterator[Sound]:
    """Split a stream at its silences, as `segment.utterances` splits a sound.

    Words that cross blocks stay whole; stretches in which nothing stands out are passed over.

    Args:
        blocks: blocks that follow one another, as `decode.stream` yields them.

    Yields:
        Words, in mono. Where nothing at all stands out, what there is, up to `CONTEXT_S`.
    """
    held: Sound | None = None
    nothing: Sound | None = None
    found = False
    for block in blocks:
        held = _join(held, replace(block, samples=block.mono()[None]))
        if held.duration_s < CONTEXT_S:
            continue
        *complete, last = utterances(held)
        if last is held:
            nothing = nothing or held
            held = _tail(held, _end_s(held) - _BEGIN_S)
            continue
        found = True
        yield from complete
        if last.start_s == held.start_s or _end_s(last) < _end_s(held) - _COMPLETE_S:
            yield last
            held = _tail(held, _end_s(last))
        else:
            held = _tail(held, last.start_s)
    if held is None:
        return
    parts = utterances(held)
    if parts[0] is not held:
        yield from parts
    elif not found:
        yield nothing or held


def _join(held: Sound | None, block: Sound) -> Sound:
    if held is None:
        return block
    samples = np.concatenate([held.samples, block.samples], axis=1)
    return replace(block, samples=samples, start_s=held.start_s)


def _tail(sound: Sound, start_s: float) -> Sound | None:
    """Return a sound from a time on, or None if nothing is left."""
    first = round((start_s - sound.start_s) * sound.rate)
    samples = sound.samples[:, first:]
    return replace(sound, samples=samples, start_s=start_s) if samples.shape[1] else None


def _end_s(sound: Sound) -> float:
    return sound.start_s + sound.duration_s
