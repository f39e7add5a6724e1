"""Any file that FFmpeg opens, as samples: whole, in part, or block by block."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from photism.audio.containers import Source, open_container, opened
from photism.audio.riff import HEAD_BYTES, cut_short
from photism.audio.timeline import Timeline
from photism.audio.track import Placed, TrackDecoder
from photism.audio.tracks import sound_track
from photism.errors import AudioError, ConfigError

MOST_S = 1e12
"""No sound has a moment after this."""
_NEAR_S = 30.0  # a start before this is reached by decoding from the beginning
_SHORTFALL_S = 0.1  # less missing than this is a codec's padding, not a truncated file
_CANCELLED = 0.1  # of the power that one channel alone would leave in the mean of all
_FAINT = 1e-7  # -70 dB


@dataclass(frozen=True)
class Sound:
    """Samples of a file, or of a part of one."""

    samples: np.ndarray
    """`(channel, sample)` float32 in [-1, 1]."""
    rate: int
    """Samples per second."""
    source: str
    start_s: float = 0.0
    """Time of the first sample in the source."""
    notes: tuple[str, ...] = ()
    """What a listener should know, such as that the file ends early or has another track."""
    lost: tuple[str, ...] = ()
    """Those of the notes that say that some of the sound is missing."""
    gaps: tuple[tuple[float, float], ...] = ()
    """Begin and end, in seconds of the source, of what it has no sound for and is silence here."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / self.rate

    def mono(self) -> np.ndarray:
        """Mean of the channels, `(sample,)`."""
        return self.samples.mean(axis=0)


def decode(
    source: Source,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    max_s: float = 600.0,
) -> Sound:
    """Read a sound, or the sound of a video, into memory.

    Args:
        source: path, or an open binary file; the content decides what it is, not the name.
        start_s: where to begin, in seconds from the first sample by the time stamps of the file:
            the moment that lies there in the whole. Nothing before is kept.
        duration_s: how much to read; None reads to the end.
        max_s: longest sound that is read whole. A `duration_s` may ask for more.

    Returns:
        The sound at its own rate, with all its channels; shorter than `duration_s` where the file
        ends before.

    Raises:
        AudioError: there is no sound to be had, it holds values that are not numbers, or it is
            longer than `max_s`. Whatever a damaged file does to its decoder is this error too.
        ConfigError: a start before 0 s, or a duration that is not above it.
    """
    with _reader(source, start_s) as reader:
        return reader.sound(list(_limited(reader, start_s, duration_s, max_s)), start_s)


def stream(
    source: Source,
    *,
    block_s: float = 30.0,
    start_s: float = 0.0,
    duration_s: float | None = None,
    max_s: float = math.inf,
) -> Iterator[Sound]:
    """Read a sound of any length block by block; memory stays at one block.

    Args:
        source: path, or an open binary file.
        block_s: length of a block in seconds; the last one may be shorter.
        start_s: where to begin, in seconds from the first sample.
        duration_s: how much to read; None reads to the end.
        max_s: longest sound that is read without a `duration_s` that asks for it.

    Yields:
        Blocks that follow one another without gap.

    Raises:
        AudioError: as `decode`; blocks already given stand.
    """
    with _reader(source, start_s) as reader:
        size = max(1, round(block_s * reader.rate))
        held: list[np.ndarray] = []
        count = 0
        given = 0
        for samples in _limited(reader, start_s, duration_s, max_s):
            held.append(samples)
            count += samples.shape[1]
            while count >= size:
                joined = np.concatenate(held, axis=1)
                yield reader.sound([joined[:, :size]], start_s + given / reader.rate)
                held, count, given = [joined[:, size:]], count - size, given + size
        if count or not given:
            yield reader.sound(held, start_s + given / reader.rate)


def length_s(source: Source) -> float | None:
    """Return the length in seconds that a sound announces, None where it announces none.

    Args:
        source: path, or an open binary file that can be sought.

    Returns:
        Seconds; what can be decoded may end before.

    Raises:
        AudioError: there is no sound to be had.
    """
    with _reader(source, 0.0) as reader:
        return reader.declared_s


def tags(source: Source) -> dict[str, str]:
    """Read what a sound says of itself, such as title and comment.

    Args:
        source: path, or an open binary file.

    Returns:
        Names in lower case to texts.

    Raises:
        AudioError: it cannot be read, or is no sound.
    """
    with opened(source) as (file, name), open_container(file, name, AudioError) as container:
        streams = [stream.metadata for stream in container.streams.audio]
        return {
            key.lower(): value
            for found in (*reversed(streams), container.metadata)
            for key, value in found.items()
        }


def _limited(
    reader: _Reader, start_s: float, duration_s: float | None, max_s: float
) -> Iterator[np.ndarray]:
    """Yield `(channel, sample)` up to `duration_s`; without one, refuse more than `max_s`."""
    if duration_s is not None and not 0 < duration_s < MOST_S:
        raise ConfigError(f"{duration_s:g} s of a sound cannot be read: ask for a number above 0")
    if duration_s is None and (reader.declared_s or 0.0) - start_s > max_s:
        raise reader.too_long(max_s)
    limit_s = max_s if duration_s is None else duration_s
    wanted = math.inf if math.isinf(limit_s) else round(limit_s * reader.rate)
    for samples in reader.read():
        if duration_s is not None and samples.shape[1] >= wanted:
            yield samples[:, : int(wanted)]
            return
        if samples.shape[1] > wanted:
            raise reader.too_long(max_s)
        yield samples
        wanted -= samples.shape[1]


def resample(samples: np.ndarray, rate: int, to_rate: int) -> np.ndarray:
    """Change the rate of `(…, sample)` float32 samples with soxr's high quality filter."""
    if rate == to_rate:
        return samples
    import soxr

    flat = samples.reshape(-1, samples.shape[-1]).T
    return soxr.resample(flat, rate, to_rate).T.reshape(*samples.shape[:-1], -1)


class _Reader:
    """The sound of a file from a point in time on, with notes on what is amiss."""

    def __init__(self, file: BinaryIO, name: str, start_s: float) -> None:
        self.name = name
        self._file = file
        self._start_s = start_s
        self._line: Timeline | None = None
        self._lost = [f"truncated: {missing}"] if (missing := _missing(file)) else []
        self._opened = contextlib.ExitStack()
        self._first, note = self._opened.enter_context(self._decoder())
        self.rate = self._first.rate
        self.declared_s = self._first.declared_s
        self._notes = [note] if note else []
        self._undecoded: list[str] = []

    def close(self) -> None:
        """Close what was opened and not read to its end."""
        self._opened.close()

    @contextlib.contextmanager
    def _decoder(self) -> Iterator[tuple[TrackDecoder, str]]:
        """Open the file at its beginning and choose a track, with a note if there are others."""
        self._file.seek(0)
        with open_container(self._file, self.name, AudioError) as container:
            track, note = sound_track(container, self.name)
            yield TrackDecoder(container, track, self.name), note

    def read(self) -> Iterator[np.ndarray]:
        """Yield `(channel, sample)` from the start on; raise AudioError where they go wrong."""
        start = round(self._start_s * self.rate)
        far = self._start_s > _NEAR_S
        with self._opened:
            if placed := self._first.near(start) if far else self._first.whole():
                yield from self._from(start, placed, self._first)
                return
        with self._decoder() as (decoder, _):
            yield from self._from(start, decoder.whole(), decoder)

    def _from(self, start: int, placed: Placed, decoder: TrackDecoder) -> Iterator[np.ndarray]:
        """Yield what lies from a sample on, if it is made of numbers."""
        self._line, pieces = placed
        for samples in pieces:
            self._undecoded = decoder.lost
            position = self._line.end - samples.shape[1]
            if not np.isfinite(samples).all():
                raise AudioError(
                    f"{self.name}: samples near {position / self.rate:.2f} s are not numbers"
                    " (NaN or infinite): write the file again"
                )
            kept = samples[:, max(0, start - position) :]
            if kept.shape[1]:
                yield kept
        self._undecoded = decoder.lost
        end_s = self._line.end / self.rate
        if self.declared_s is not None and end_s < self.declared_s - _SHORTFALL_S:
            self._lost.append(
                f"truncated: ends after {end_s:.2f} s of {self.declared_s:.2f} s announced"
            )

    def sound(self, blocks: list[np.ndarray], start_s: float) -> Sound:
        """Join blocks to a sound; raise AudioError if they hold no samples."""
        lost = [*self._lost, *self._undecoded]
        if sum(block.shape[1] for block in blocks) == 0:
            why = f": {lost[0]}" if lost else ""
            where = f" after {start_s:g} s" if start_s else ""
            raise AudioError(f"{self.name} holds no samples{where}{why}")
        assert self._line is not None  # blocks come from there
        samples = np.concatenate(blocks, axis=1)
        lost += self._line.lost
        notes = [*self._notes, *lost, *self._line.notes, *_odd(samples)]
        np.clip(samples, -1, 1, out=samples)
        gaps = tuple(self._line.gaps)
        return Sound(samples, self.rate, self.name, start_s, tuple(notes), tuple(lost), gaps)

    def too_long(self, max_s: float) -> AudioError:
        """The error of a sound that does not fit into memory."""
        lasts = f"lasts {self.declared_s:,.0f} s" if self.declared_s else f"lasts over {max_s:g} s"
        return AudioError(
            f"{self.name} {lasts}; at most {max_s:g} s are read at once:"
            " choose a part of it by start and duration"
        )


@contextlib.contextmanager
def _reader(source: Source, start_s: float) -> Iterator[_Reader]:
    """Open a source for decoding, with one clear error for whatever it is not."""
    if not 0 <= start_s < MOST_S:
        raise ConfigError(f"a sound begins at 0 s: it cannot be read from {start_s:g} s on")
    with (
        opened(source) as (file, name),
        contextlib.closing(_Reader(file, name, start_s)) as reader,
    ):
        yield reader


def _missing(file: BinaryIO) -> str:
    """Return how much of a WAV is missing by its header: FFmpeg believes the file instead."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    return cut_short(head, file.seek(0, io.SEEK_END))


def _odd(samples: np.ndarray) -> list[str]:
    """Note samples beyond full scale, and channels of which the mean is next to nothing."""
    notes = []
    peak = float(np.abs(samples).max())
    if peak > 2:
        notes.append(f"clipped: samples reach {peak:.3g} times full scale")
    channels = len(samples)
    power = float(np.square(samples).mean())
    mixed = float(np.square(samples.mean(axis=0)).mean()) if channels > 1 else power
    if power > _FAINT and mixed < _CANCELLED * power / channels:
        quieter = f"{10 * math.log10(power / mixed):.0f} dB quieter" if mixed else "silence"
        notes.append(f"the channels cancel each other: mixed into one they are {quieter}")
    return notes
