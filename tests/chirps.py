"""Sounds and films in which every moment tells its own time, in any container and codec.

The sound is a chirp whose pitch rises with time; the picture's grey does too.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av
import numpy as np

RATE = 48_000
_SLOPE_HZ = 200.0  # pitch gained in a second


def chirp(seconds: float, rate: int = RATE) -> np.ndarray:
    """A tone of 400 Hz + 200 Hz for every second that has passed, `(1, sample)` float32."""
    time_s = np.arange(round(seconds * rate)) / rate
    cycles = 400 * time_s + _SLOPE_HZ / 2 * time_s**2
    return (0.3 * np.sin(2 * np.pi * cycles)).astype(np.float32)[None]


def moment(samples: np.ndarray, rate: int) -> float:
    """The time of the first of `(sample,)`, told by their pitch to a tenth of a millisecond.

    Multiplied with the opposite glide the chirp is a steady tone of the pitch that it has halfway.
    """
    time_s = (np.arange(len(samples)) - (len(samples) - 1) / 2) / rate
    steady = samples * np.hanning(len(samples)) * np.exp(-1j * np.pi * _SLOPE_HZ * time_s**2)
    size = 1 << 19
    power = np.abs(np.fft.fft(steady, size))
    power[: round(300 * size / rate)] = 0
    power[size // 2 :] = 0
    peak = int(np.argmax(power))
    before, at, after = np.log(power[peak - 1 : peak + 2])
    peak_hz = (peak + (before - after) / (2 * before - 4 * at + 2 * after)) * rate / size
    return float((peak_hz - 400) / _SLOPE_HZ + time_s[0])


def told(
    kind: str,
    codec: str,
    *,
    seconds: float = 6.0,
    rate: int = RATE,
    gaps: Sequence[tuple[float, float]] = (),
    late_s: float = 0.0,
    jitter: Callable[[float], float] = lambda time_s: 0.0,
    fps: int = 0,
    options: dict[str, str] | None = None,
) -> bytes:
    """A file in which every moment tells its time.

    Args:
        kind: of container, as FFmpeg names it.
        codec: of the sound.
        seconds: how long it is.
        rate: samples per second.
        gaps: begin and end of what is left out of the sound; the stamps go on.
        late_s: how much later than the picture the sound begins.
        jitter: what is added to the stamp of a time.
        fps: pictures in a second, of grey level 40 times the time; 0 is a sound alone.
        options: of the container.
    """
    file = io.BytesIO()
    with av.open(file, "w", format=kind, options=options or {}) as container:
        pictures = container.add_stream("mpeg4", rate=fps) if fps else None
        if pictures:
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            pictures.options = {"qscale": "1"}
        sounds = container.add_stream(codec, rate=rate, layout="mono")
        sounds.bit_rate = 128_000
        if sounds.codec_context.format.name.startswith("u8"):
            sounds.codec_context.format = "s16p"
        container.start_encoding()
        for number in range(round(seconds * fps)):
            level = np.full((64, 64, 3), round(40 * number / fps), np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(level, "rgb24")))
        if pictures:
            container.mux(pictures.encode(None))
        for time_s, frame in _frames(sounds, chirp(seconds, rate), rate):
            if not any(begin_s <= time_s < end_s for begin_s, end_s in gaps):
                frame.pts = round((time_s + late_s + jitter(time_s)) * rate)
                container.mux(sounds.encode(frame))
        container.mux(sounds.encode(None))
    return file.getvalue()


def _frames(
    sounds: av.AudioStream, samples: np.ndarray, rate: int
) -> Iterator[tuple[float, av.AudioFrame]]:
    """Cut a sound into frames of the size and format that an encoder takes, with their times."""
    kind = sounds.codec_context.format.name
    size = sounds.codec_context.frame_size or 1024
    if not kind.startswith("flt"):
        bits = 31 if kind.startswith("s32") else 15
        samples = (samples * (2**bits - 1)).astype(f"int{bits + 1}")
    for begin in range(0, samples.shape[1] - size + 1, size):
        content = np.ascontiguousarray(samples[:, begin : begin + size])
        frame = av.AudioFrame.from_ndarray(content, kind, "mono")
        frame.rate, frame.time_base = rate, Fraction(1, rate)
        yield begin / rate, frame


def edited(mp4: bytes, edits: Sequence[tuple[float, float]]) -> bytes:
    """Give the sound of an MP4 another edit list, as editors on phones do.

    Args:
        mp4: a file with one track.
        edits: seconds that a part lasts, and where it begins in the track; -1 is an empty part.
    """

    def rebuilt(boxes: bytes) -> bytes:
        built = b""
        while boxes:
            size, name = struct.unpack(">I4s", boxes[:8])
            body, boxes = boxes[8:size], boxes[size:]
            if name == b"elst":
                entries = [
                    struct.pack(">IiI", round(1000 * lasts_s), round(ticks * begin_s), 0x10000)
                    if begin_s >= 0
                    else struct.pack(">IiI", round(1000 * lasts_s), -1, 0x10000)
                    for lasts_s, begin_s in edits
                ]
                body = struct.pack(">II", 0, len(entries)) + b"".join(entries)
            elif name in (b"moov", b"trak", b"edts"):
                body = rebuilt(body)
            built += struct.pack(">I4s", 8 + len(body), name) + body
        return built

    (ticks,) = struct.unpack(">I", mp4[(place := mp4.index(b"mdhd") + 16) : place + 4])
    begin = mp4.index(b"moov") - 4
    return mp4[:begin] + rebuilt(mp4[begin:])  # the index comes last: no sample moves


def stamped(samples: np.ndarray, shown_s: Callable[[float], float]) -> bytes:
    """A Matroska file with any time stamps, also such as no muxer writes; without a length.

    Args:
        samples: `(1, sample)` float32 at `RATE`.
        shown_s: the stamp of a block that begins at a time; a block lasts 20 ms.
    """

    def element(name: str, body: bytes) -> bytes:
        return bytes.fromhex(name) + struct.pack(">Q", len(body) | 1 << 56) + body

    def number(name: str, value: int) -> bytes:
        return element(name, value.to_bytes(8, "big"))

    sound = element("B5", struct.pack(">d", RATE)) + number("9F", 1) + number("6264", 16)
    coded = number("83", 2) + element("86", b"A_PCM/INT/LIT") + element("E1", sound)
    track = element("AE", number("D7", 1) + number("73C5", 1) + coded)
    content = element("1549A966", number("2AD7B1", 1_000_000)) + element("1654AE6B", track)
    levels = (samples[0] * 32767).astype("<i2")
    for begin in range(0, len(levels), RATE // 50):
        block = b"\x81\0\0\x80" + levels[begin : begin + RATE // 50].tobytes()
        stamp = number("E7", round(1000 * shown_s(begin / RATE)))
        content += element("1F43B675", stamp + element("A3", block))
    return element("1A45DFA3", element("4282", b"matroska")) + element("18538067", content)
