"""Any file that FFmpeg opens, as samples: whole, in part, or block by block."""

from __future__ import annotations

import contextlib
import io
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from photism.errors import AudioError, ConfigError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

Source = str | Path | BinaryIO

_PREROLL_S = 1.0  # decoded and dropped after a seek: codecs such as MP3 lean on earlier packets
_SHORTFALL_S = 0.1  # less missing than this is a codec's padding, not a truncated file
_SPOOL_BYTES = 64 * 2**20


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
    """What was amiss, such as a file that ends early."""

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
        start_s: where to begin, in seconds from the first sample. Nothing before is kept.
        duration_s: how much to read; None reads to the end.
        max_s: longest sound that is read whole. A `duration_s` may ask for more.

    Returns:
        The sound at its own rate, with all its channels; shorter than `duration_s` where the file
        ends before.

    Raises:
        AudioError: there is no sound to be had, it holds values that are not numbers, or it is
            longer than `max_s`.
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


def tags(source: Source) -> dict[str, str]:
    """Read what a sound says of itself, such as title and comment.

    Args:
        source: path, or an open binary file.

    Returns:
        Names in lower case to texts.

    Raises:
        AudioError: it cannot be read, or is no sound.
    """
    with _opened(source) as (file, name):
        _check_size(file, name)
        with _demuxed(file, name) as container:
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
    if duration_s is None and (reader.declared_s or 0.0) - start_s > max_s:
        raise reader.too_long(max_s)
    if duration_s is not None and not duration_s > 0:
        raise ConfigError(f"{duration_s:g} s of a sound cannot be read: ask for more than 0 s")
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
    """Decodes one audio stream from a point in time on, and notes what is amiss."""

    def __init__(
        self, container: InputContainer, name: str, start_s: float, notes: list[str]
    ) -> None:
        self.name = name
        self.start_s = start_s
        self.notes = notes
        self._container = container
        if not container.streams.audio:
            kinds = ", ".join(sorted({stream.type for stream in container.streams}))
            raise AudioError(f"{name} has no sound{f', only {kinds}' if kinds else ''}")
        self._stream = container.streams.audio[0]
        self.rate = self._stream.rate
        self._tick_s = self._stream.time_base or Fraction(1, self.rate or 1)
        self._origin_s = (self._stream.start_time or 0) * self._tick_s
        length = self._stream.duration
        self.declared_s = None if length is None else float(length * self._tick_s)
        if not self.rate:
            raise AudioError(f"{name} is damaged: its sound has no sample rate")

    def read(self) -> Iterator[np.ndarray]:
        """Yield `(channel, sample)` from `start_s` on; raise AudioError where they go wrong."""
        sought = self.start_s > _PREROLL_S
        if sought:
            target_s = self._origin_s + Fraction(self.start_s) - Fraction(_PREROLL_S)
            self._container.seek(int(target_s / self._tick_s), stream=self._stream)
        start = round(self.start_s * self.rate)
        position: int | None = None
        channels: int | None = None
        for frame in self._frames():
            if position is None:
                position = self._position(frame) if sought else 0
            samples = _to_float(frame)
            channels = channels or len(samples)
            at_s = position / self.rate
            if (len(samples), frame.rate) != (channels, self.rate):
                raise AudioError(
                    f"{self.name}: the sound changes to {len(samples)} channels at"
                    f" {frame.rate} Hz after {at_s:.2f} s: convert it to one format"
                )
            if not np.isfinite(samples).all():
                raise AudioError(
                    f"{self.name}: samples near {at_s:.2f} s are not numbers (NaN or infinite):"
                    " write the file again"
                )
            kept = samples[:, max(0, start - position) :]
            position += samples.shape[1]
            if kept.shape[1]:
                yield kept
        self._note_end((position or 0) / self.rate)

    def _position(self, frame: av.AudioFrame) -> int:
        """Number of the frame's first sample, counted from the first of the stream."""
        time_s = (frame.pts or 0) * (frame.time_base or self._tick_s) - self._origin_s
        return round(time_s * self.rate)

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Decode packet by packet, so that a damaged one costs no more than itself."""
        import av

        damaged = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (av.error.FFmpegError, OSError) as error:
                self.notes.append(f"reading stopped: {error.strerror or error}")
                break
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                damaged += 1
        if damaged:
            self.notes.append(f"{damaged} damaged packets were left out")

    def _note_end(self, end_s: float) -> None:
        if self.declared_s is not None and end_s < self.declared_s - _SHORTFALL_S:
            self.notes.append(
                f"truncated: ends after {end_s:.2f} s of {self.declared_s:.2f} s announced"
            )

    def sound(self, blocks: list[np.ndarray], start_s: float) -> Sound:
        """Join blocks to a sound; raise AudioError if they hold no samples."""
        if sum(block.shape[1] for block in blocks) == 0:
            why = f": {self.notes[0]}" if self.notes else ""
            where = f" after {start_s:g} s" if start_s else ""
            raise AudioError(f"{self.name} holds no samples{where}{why}")
        samples = np.concatenate(blocks, axis=1)
        peak = float(np.abs(samples).max())
        notes = self.notes
        if peak > 2:
            notes = [*notes, f"clipped: samples reach {peak:.3g} times full scale"]
        np.clip(samples, -1, 1, out=samples)
        return Sound(samples, self.rate, self.name, start_s, tuple(notes))

    def too_long(self, max_s: float) -> AudioError:
        """The error of a sound that does not fit into memory."""
        lasts = f"lasts {self.declared_s:,.0f} s" if self.declared_s else f"lasts over {max_s:g} s"
        return AudioError(
            f"{self.name} {lasts}; at most {max_s:g} s are read at once:"
            " choose a part of it by start and duration"
        )


@contextlib.contextmanager
def _reader(source: Source, start_s: float) -> Iterator[_Reader]:
    """Open a source for decoding."""
    if start_s < 0:
        raise ConfigError(f"a sound begins at 0 s: it cannot be read from {start_s:g} s on")
    with _opened(source) as (file, name):
        notes = _check_size(file, name)
        with _demuxed(file, name) as container:
            yield _Reader(container, name, start_s, notes)


def _demuxed(file: BinaryIO, name: str) -> InputContainer:
    """Open a file with FFmpeg, with one clear error for whatever it is not."""
    import av

    try:
        # Tags of old files are in any encoding: what is no UTF-8 must not keep their sound away.
        return av.open(file, "r", options={"protocol_whitelist": "none"}, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{name} is no sound or video that can be read ({reason})") from error


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Open a path, or make an open file seekable; yield it with a name for messages."""
    if isinstance(source, (str, Path)):
        with _open(Path(source)) as file:
            yield file, str(source)
        return
    name = str(getattr(source, "name", "the given sound"))
    if source.seekable():
        yield source, name
        return
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        shutil.copyfileobj(source, spool)
        spool.seek(0)
        yield cast("BinaryIO", spool), name


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise AudioError(f"{path} is a folder, not a sound: name a file in it")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise AudioError(f"{path} does not exist") from None
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}") from error


def _check_size(file: BinaryIO, name: str) -> list[str]:
    """Raise AudioError for an empty file; note a WAV that is shorter than its header says.

    FFmpeg believes the file rather than the header there, and reports neither.
    """
    begin = file.tell()
    head = file.read(12)
    held = file.seek(0, io.SEEK_END) - begin
    file.seek(begin)
    if not head:
        raise AudioError(f"{name} is empty (0 bytes)")
    announced = int.from_bytes(head[4:8], "little") + 8
    piped = announced > 0xFFFF_FF00  # written to a pipe, length unknown
    if head[:4] == b"RIFF" and head[8:] == b"WAVE" and held < announced and not piped:
        return [f"truncated: {held:,} of {announced:,} bytes announced"]
    return []


def _to_float(frame: av.AudioFrame) -> np.ndarray:
    """Samples of a frame as `(channel, sample)` float32, integers scaled to [-1, 1)."""
    array = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128) / 128
    return (array / 2.0 ** (8 * array.dtype.itemsize - 1)).astype(np.float32)
