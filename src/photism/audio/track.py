"""Decoding one sound track: from its beginning, or from shortly before a moment in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np

from photism.audio.containers import reason
from photism.audio.timeline import Stamped, Timeline
from photism.errors import AudioError

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

Placed = tuple[Timeline, Iterator[np.ndarray]]
"""Where the samples lie, and the samples, `(channel, sample)` each; see `Timeline.place`."""

PREROLL_S = 1.0
"""Decoded and dropped before a moment: codecs such as MP3 lean on earlier packets."""
_BACK_S = 1.0  # packets whose time is that much earlier begin anew
_MOST_HZ = 4_000_000
_INDEXED = ("mov", "matroska")
"""Containers, as FFmpeg names them, that know where each moment lies: they can be sought. In others
a seek goes wrong where time begins anew (Ogg, MPEG-TS) or is guessed (WMA, ADPCM, MP3)."""
_PLAIN = ("wav", "w64", "aiff", "au", "caf")
"""Containers that can be sought where their samples are plain."""
_REMEMBERING = ("dpcm", "g722", "g726")
"""Codecs in which a sample may depend on all before it."""
_COUNTED = ("ac3", "eac3", "dts", "dtshd", "truehd", "mlp", "loas", "spdif")
"""Without time stamps of their own: FFmpeg's count of ticks drifts, 0.2 ms a second in AC-3."""
_GUESSED = ("mp3", "aac", "swf", *_COUNTED)
"""Without a length of their own, as a rule: FFmpeg guesses it, mostly from the first bit rate."""


class TrackDecoder:
    """Decodes a sound track of a container that was just opened.

    Args:
        container: at its beginning.
        track: one of its sounds.
        name: of the file, for messages.
    """

    def __init__(self, container: InputContainer, track: AudioStream, name: str) -> None:
        self.name = name
        self._container = container
        self._track = track
        self._kind = container.format.name.split(",")[0]
        self._codec = track.codec_context.name
        self._tick_s = float(track.time_base or 0)
        self.rate = track.rate
        """Samples per second."""
        if not self.rate or not 0 < self.rate <= _MOST_HZ:
            raise AudioError(f"{name} is damaged: its sound has no sample rate")
        self._damaged = 0
        self._stopped = ""

    @property
    def declared_s(self) -> float | None:
        """Length that the file announces, if it does."""
        declared_s = self._length_s()
        if not declared_s or (self._kind == "avi" and self._codec.startswith("adpcm")):
            return None
        if self._kind in _GUESSED:
            guessed_s = 8 * self._container.size / (self._track.bit_rate or 1)
            if self._kind != "mp3" or abs(declared_s - guessed_s) < 0.02 * guessed_s:
                return None
        if self._kind in _INDEXED:  # the delay before the first sample is counted by some
            declared_s -= max(0, self._track.start_time or 0) * self._tick_s
        return declared_s

    def _length_s(self) -> float:
        """Return the length of the track by the container, of all tracks if it is alone, or 0."""
        own_s = max(0, self._track.duration or 0) * self._tick_s
        longest_s = max(0, self._container.duration or 0) / 1e6
        alone = len(self._container.streams) == 1
        if self._kind == "matroska":  # its tracks have a length only where FFmpeg guesses both
            tagged_s = longest_s if alone else _tagged_s(self._track.metadata.get("DURATION", ""))
            return 0.0 if own_s else min(tagged_s, longest_s)
        if self._kind == "asf":  # what a track has is the length of the longest
            return own_s if alone else 0.0
        return own_s or (longest_s if alone else 0.0)

    @property
    def lost(self) -> list[str]:
        """Notes on what could not be decoded so far."""
        notes = [f"reading stopped: {self._stopped}"] if self._stopped else []
        if self._damaged:
            notes.append(f"damaged packets left out: {self._damaged}")
        return notes

    def begins_s(self) -> float | None:
        """Return the time stamp of the first sample, if there are stamps."""
        return self._begins_s(self._packets())

    def whole(self) -> Placed:
        """Decode from the beginning."""
        line = self._timeline()
        return line, line.place(self._frames(line, self._packets()))

    def near(self, sample: int) -> Placed | None:
        """Decode from shortly before a sample, without what lies before.

        Args:
            sample: counted from the first of the file.

        Returns:
            Samples from before that one on, placed as in the whole; None where only the whole
            tells for certain where they lie: the stamps are not steady, or time begins anew.
        """
        import av

        if not self._tick_s or any(part in self._codec for part in _REMEMBERING):
            return None
        packets = self._packets()
        origin_s = self._begins_s(packets)
        if origin_s is None:
            return None
        begin_s = origin_s + sample / self.rate - PREROLL_S
        if self._kind in _INDEXED or (self._kind in _PLAIN and self._codec.startswith("pcm_")):
            try:
                self._container.seek(int(begin_s / self._tick_s), stream=self._track)
            except (av.error.FFmpegError, OverflowError):
                return None
            packets = self._packets()
        line = self._timeline(origin_s)
        pieces = line.place(self._frames(line, self._from(packets, begin_s)))
        for piece in pieces:
            if not line.steady or line.first is None or line.first > sample:
                return None
            if line.end > sample:
                return line, itertools.chain([piece], pieces)
        return None

    def _timeline(self, origin_s: float | None = None) -> Timeline:
        return Timeline(self.rate, self._tick_s, origin_s)

    def _begins_s(self, packets: Iterator[Packet]) -> float | None:
        """Return the time stamp of the first sample of all, as far as stamps tell."""
        counted = 0
        for stamp_s, samples in self._frames(self._timeline(), packets):
            if stamp_s is not None:
                return stamp_s - counted / self.rate
            counted += samples.shape[1]
        return None

    def _packets(self) -> Iterator[Packet]:
        """Yield packets up to the end, or where reading stops."""
        import av

        packets = self._container.demux(self._track)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError) as error:
                self._stopped = reason(error)
                return
            yield packet

    def _from(self, packets: Iterator[Packet], begin_s: float) -> Iterator[Packet]:
        """Drop packets before a time stamp; yield none where stamps go back."""
        latest_s = -float("inf")
        for packet in packets:
            time_s = latest_s if packet.pts is None else packet.pts * self._tick_s
            if time_s < latest_s - _BACK_S:
                return
            latest_s = max(latest_s, time_s)
            if latest_s >= begin_s:
                self._track.codec_context.flush_buffers()
                yield packet
                yield from packets

    def _frames(self, line: Timeline, packets: Iterator[Packet]) -> Iterator[Stamped]:
        """Decode packet by packet, so that a damaged one costs no more than itself."""
        import av

        counted = self._kind in _COUNTED
        channels: int | None = None
        for packet in packets:
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._damaged += 1
                continue
            for frame in cast("list[av.AudioFrame]", frames):
                samples = _to_float(frame)
                channels = channels or len(samples)
                if (len(samples), frame.rate) != (channels, self.rate):
                    raise AudioError(
                        f"{self.name}: the sound changes to {len(samples)} channels at"
                        f" {frame.rate} Hz after {line.end / self.rate:.2f} s: convert it to one"
                        " format"
                    )
                stamp = None if counted or frame.pts is None else frame.pts
                yield None if stamp is None else float(stamp * (frame.time_base or 0)), samples


def _tagged_s(tag: str) -> float:
    """Return the seconds of a length as Matroska tags have it, such as 00:01:02.5; 0 for others."""
    try:
        hours, minutes, seconds = tag.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return 0.0


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
