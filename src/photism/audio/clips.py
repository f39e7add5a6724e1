"""The clips of a recording: what a system takes at once, a word or a window.

One function for all who cut: what was trained on is what is translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from photism.audio.decode import Sound, resample
from photism.audio.segment import heard, windows
from photism.audio.words import words
from photism.errors import AudioError

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd

BLOCK_S = 10.0
"""Length of the blocks in which recordings are read: it can move the edges of words."""
LEAST_S = 0.01
"""Shorter clips are no sound that anybody could tell."""


def cut(
    blocks: Iterable[Sound],
    front_end: FrontEnd,
    *,
    window_s: float | None = None,
    hop_s: float | None = None,
    partial: float = 0.5,
) -> Iterator[Sound]:
    """Cut a recording into what a front end takes at once.

    Words where it takes sounds whole (`clip_s` is None), else windows of its length, one after the
    other; a last one that is at least half full is extended with silence.

    Args:
        blocks: the recording, as `decode.stream` yields it, of any length.
        front_end: decides the cut and the rate.
        window_s: cut windows of this length instead.
        hop_s: as for `segment.windows`.
        partial: as for `segment.windows`.

    Yields:
        Clips in mono, at the rate of the front end; at least one of a recording that has samples.

    Raises:
        AudioError: a clip is shorter than `LEAST_S`, or the blocks cannot be read.
    """
    fe = front_end
    window_s = window_s or fe.clip_s
    if window_s is None:
        clips = words(blocks)
    else:
        clips = windows(blocks, window_s=window_s, hop_s=hop_s, partial=partial)
    for clip in clips:
        # At odd rates a window is a sample longer than what the network takes.
        samples = resample(clip.mono(), clip.rate, fe.rate)[: fe.clip_samples]
        if len(samples) < LEAST_S * fe.rate:
            length = f"{1000 * clip.duration_s:.3g} ms"
            raise AudioError(f"{clip.source} is too short: only {length} of sound")
        yield replace(clip, samples=samples[None], rate=fe.rate)


def first_heard(clips: Iterable[Sound]) -> tuple[Sound, Sound | None]:
    """Find the clip that speaks for a whole recording.

    Args:
        clips: as `cut` yields them, at least one.

    Returns:
        The first clip in which something is heard, or the first of all where nothing is, and the
        clip that follows, if there is more to hear.
    """
    remaining = iter(clips)
    first = chosen = next(remaining)
    while not heard(chosen.samples[0], chosen.rate).heard:
        following = next(remaining, None)
        if following is None:
            return first, None
        chosen = following
    return chosen, next(remaining, None)
