"""From a recording to the clips that a system takes at once: words, or windows."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from photism.audio.clips import BLOCK_S, cut, first_heard
from photism.audio.decode import MOST_S, Sound, stream
from photism.audio.front_ends import FrontEnd
from photism.errors import AudioError, ConfigError
from photism.images import is_picture

Recorded = str | Path | bytes | BinaryIO | np.ndarray | Sequence[float]
"""A path, the bytes of a file, an open file, or samples, as whatever NumPy makes an array of."""
LIMIT_S = 600.0
"""Longest recording that is translated without a `duration_s` that asks for it."""


def clips(
    source: Recorded,
    front: FrontEnd,
    *,
    rate: int | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Iterator[Sound]:
    """Cut a recording into what a system translates at once.

    A clip is a word where the front end takes words whole, else a window of its length. A recording
    from a file is read as the clips are asked for, so it may be of any length.

    Args:
        source: a path, the bytes of a file, an open file, or samples `(sample,)` or
            `(channel, sample)`, floating in [-1, 1] or integers of full scale.
        front: of the system.
        rate: samples per second, where `source` is samples.
        start_s: where to begin in the recording.
        duration_s: how much to read; up to `LIMIT_S` by default.

    Yields:
        At least one clip, mono, at the rate of the front end.

    Raises:
        AudioError: the sound cannot be read, or is longer than `LIMIT_S` and no `duration_s` says
            how much of it is wanted.
        ConfigError: a start below 0, or a duration not above 0.
    """
    if not 0 <= start_s < MOST_S:
        raise ConfigError(f"the start is a time from 0 s on, not {start_s:g} s")
    if duration_s is not None and not 0 < duration_s < MOST_S:
        raise ConfigError(f"the duration is a number of seconds above 0, not {duration_s:g} s")
    yield from cut(_blocks(source, rate, start_s, duration_s), front)


def chosen(clips: Iterator[Sound]) -> Sound:
    """Return the first clip in which something is heard, else the first; note if there is more."""
    clip, following = first_heard(clips)
    if following is None:
        return clip
    note = f"there is more from {following.start_s:.2f} s on: translate_all gives all of it"
    return replace(clip, notes=(*clip.notes, note))


def first_clip(first: Sound, rest: Iterator[Sound]) -> Sound:
    """Return the first clip in which something is heard, of one that was taken and the rest."""
    return first_heard(itertools.chain([first], rest))[0]


def _blocks(
    source: Recorded, rate: int | None, start_s: float, duration_s: float | None
) -> Iterable[Sound]:
    """Return a recording as blocks that follow one another."""
    if isinstance(source, list | tuple) or hasattr(source, "__array__"):
        source = _array(source)
    if isinstance(source, np.ndarray):
        return [_from_samples(source, rate, start_s, duration_s)]
    if rate is not None:
        raise AudioError("a rate goes with samples; a file knows its own: leave it out")
    if isinstance(source, bytes | bytearray | memoryview):
        source = io.BytesIO(source)
    if not isinstance(source, str | Path) and not hasattr(source, "read"):
        raise AudioError(
            f"a recording is a path, bytes, an open file or an array of samples, not"
            f" {type(source).__name__}"
        )
    file = cast("str | Path | BinaryIO", source)
    blocks = stream(file, block_s=BLOCK_S, start_s=start_s, duration_s=duration_s, max_s=LIMIT_S)
    name = str(file if isinstance(file, str | Path) else getattr(file, "name", ""))
    return _called_a_picture(blocks, name) if is_picture(Path(name)) else blocks


def _called_a_picture(blocks: Iterable[Sound], name: str) -> Iterator[Sound]:
    """Say of what proves to be no recording that it is no picture either, as its name has it."""
    begun = False
    try:
        for block in blocks:
            begun = True
            yield block
    except AudioError as error:
        if begun:
            raise
        reason = str(error).removeprefix(name).strip()
        neither = reason.startswith("has no sound")
        why = "and no sound" if neither else f"and as a recording it {reason}"
        raise AudioError(f"{name} is no picture, whatever its ending says, {why}") from error


def _array(samples: Any) -> np.ndarray:
    """Return numbers in lists, or in a tensor of any type, device and history, as an array."""
    if hasattr(samples, "detach"):
        samples = samples.detach().cpu()
        samples = samples.float() if samples.dtype.is_floating_point else samples
    try:
        return np.asarray(samples)
    except (TypeError, ValueError) as error:
        raise AudioError(f"samples are (sample,) or (channel, sample): {error}") from error


def _from_samples(
    samples: np.ndarray, rate: int | None, start_s: float, duration_s: float | None
) -> Sound:
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or rate <= 0:
        raise AudioError(f"samples need their rate, a whole number: rate=16000, not {rate!r}")
    if samples.dtype.kind not in "iuf":
        raise AudioError(f"samples are numbers, not {samples.dtype}")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and len(samples) > samples.shape[1]):
        raise AudioError(f"samples are (sample,) or (channel, sample), not {samples.shape}")
    if samples.dtype.kind in "iu":
        steps = 2.0 ** (8 * samples.dtype.itemsize - 1)
        samples = samples / steps - (samples.dtype.kind == "u")
    samples = np.atleast_2d(samples).astype(np.float32)
    stop = None if duration_s is None else round((start_s + duration_s) * rate)
    samples = samples[:, round(start_s * rate) : stop]
    if samples.shape[1] == 0:
        raise AudioError(f"there are no samples after {start_s:g} s")
    if not np.isfinite(samples).all():
        raise AudioError("the samples hold values that are not numbers (NaN or infinite)")
    return Sound(samples, int(rate), "samples", start_s)
