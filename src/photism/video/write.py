"""Films written as they come: pictures one after the other, with a sound beneath them."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

from photism.audio.decode import Sound
from photism.audio.write import tags_of
from photism.errors import ConfigError
from photism.files import replacing, storing

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

LEAST_FPS = 10
"""Players stumble over fewer frames in a second: a picture that lasts is written several times."""
KEY_S = 5
"""From one frame that stands alone to the next: how finely a player can jump."""
SOUND_RATE = 48_000
_CODECS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    ".mp4": ("libx264", {"preset": "veryfast", "crf": "18"}, "aac"),
    ".webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "24"}, "libopus"),
}
SUFFIXES = tuple(_CODECS)


class Film:
    """A film that is being written: what is heard and what is seen come in any order.

    Args:
        container: open for writing.
        suffix: of the file, which decides the codecs.
        every_s: how long each picture lasts.
        provenance: see `photism.audio.write`.
    """

    def __init__(
        self,
        container: OutputContainer,
        suffix: str,
        every_s: Fraction,
        provenance: Mapping[str, Any],
    ) -> None:
        self._container = container
        self._codec, self._options, self._sound_codec = _CODECS[suffix]
        self.repeats = math.ceil(LEAST_FPS * every_s)
        """Frames that each picture lasts."""
        self.fps = self.repeats / every_s
        container.metadata.update(tags_of(provenance))
        self._pictures: VideoStream | None = None
        self._sound: AudioStream | None = None
        self._waiting: deque[Packet] = deque()  # of the sound, until the pictures are there too
        self._frames = self._samples = 0

    def hear(self, sound: Sound) -> None:
        """Add the sound that comes next; of more than two channels their mean."""
        import av

        channels = sound.samples if len(sound.samples) <= 2 else sound.mono()[None]
        layout = "mono" if len(channels) == 1 else "stereo"
        if self._sound is None:
            added = self._container.add_stream(self._sound_codec, rate=SOUND_RATE, layout=layout)
            self._sound = cast("AudioStream", added)
            self._sound.bit_rate = 96_000 * len(channels)
        samples = np.ascontiguousarray(channels, np.float32)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", layout)
        frame.rate, frame.pts, frame.time_base = sound.rate, self._samples, Fraction(1, sound.rate)
        self._samples += samples.shape[1]
        self._waiting.extend(self._sound.encode(frame))

    def see(self, picture: Image.Image) -> None:
        """Add the picture that comes next.

        Args:
            picture: of the size of those before.

        Raises:
            ConfigError: nothing was heard before, so that the film would have no sound.
        """
        import av

        if self._sound is None:
            raise ConfigError("a film begins with its sound: hear before the first picture")
        if self._pictures is None:
            added = self._container.add_stream(
                self._codec, rate=self.fps, options={**self._options}
            )
            self._pictures = cast("VideoStream", added)
            self._pictures.width, self._pictures.height = _even(picture.size)
            self._pictures.pix_fmt = "yuv420p"
            self._pictures.gop_size = round(KEY_S * self.fps)
        size = self._pictures.width, self._pictures.height
        padded = picture.convert("RGB").crop((0, 0, *size))
        frame = av.VideoFrame.from_image(padded).reformat(format="yuv420p")
        for _ in range(self.repeats):
            frame.pts, frame.time_base = self._frames, 1 / self.fps
            frame.pict_type = av.video.frame.PictureType.NONE
            self._frames += 1
            self._write(self._pictures.encode(frame))

    def finish(self) -> None:
        """Write what encoders still hold."""
        assert self._pictures is not None
        assert self._sound is not None
        self._waiting.extend(self._sound.encode(None))
        self._write(self._pictures.encode(None))
        self._container.mux(list(self._waiting))

    def _write(self, packets: list[Packet]) -> None:
        """Write packets of pictures, each after the sound that goes before it."""
        for packet in packets:
            while self._waiting and _begin_s(self._waiting[0]) <= _begin_s(packet):
                self._container.mux(self._waiting.popleft())
            self._container.mux(packet)


@contextlib.contextmanager
def writing(
    path: Path, every_s: Fraction, provenance: Mapping[str, Any] | None = None
) -> Iterator[Film]:
    """Write a film, complete or not at all; memory does not grow with its length.

    Args:
        path: ends in .mp4 (H.264 and AAC) or .webm (VP9 and Opus).
        every_s: how long each picture lasts.
        provenance: values that JSON can hold, see `photism.audio.write`.

    Yields:
        What takes sound and pictures.

    Raises:
        ConfigError: another ending.
        StorageError: the disk is full or the folder is not writable.
    """
    import av

    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"films are written as {' or '.join(SUFFIXES)}, not as {path.name}")
    with (
        replacing(path) as temporary,
        storing(path),
        av.open(str(temporary), "w", format=suffix[1:]) as container,
    ):
        film = Film(container, suffix, every_s, provenance or {})
        yield film
        film.finish()


def _even(size: tuple[int, int]) -> tuple[int, int]:
    """Sides of an even number of pixels, as colours at half the resolution need them."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def _begin_s(packet: Packet) -> Fraction:
    time = packet.dts if packet.dts is not None else packet.pts
    return (time or 0) * packet.time_base
