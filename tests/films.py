"""Small films for tests: the picture tells its number, the sound is a tone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

RATE = 16_000
STEP = 8
"""Levels of grey from one frame to the next."""


def film(
    path: Path,
    *,
    seconds: float = 3.0,
    fps: int = 10,
    codec: str = "libx264",
    size: tuple[int, int] = (64, 48),
    sound_s: float | None = None,
    gaps: dict[int, float] | None = None,
    still: bool = False,
    silent_until_s: float = 0.0,
    options: dict[str, str] | None = None,
    rotation: int = 0,
) -> Path:
    """Write a film; frame n has the grey level `STEP` · n, or all the same one.

    Args:
        path: its ending says in which container.
        seconds: of pictures.
        fps: frames in a second.
        codec: of the pictures.
        size: width and height.
        sound_s: of sound; as long as the pictures by default, 0 is none.
        gaps: seconds that pass without a picture before a frame, by its number.
        still: one grey level.
        silent_until_s: the sound is silence before.
        options: of the codec.
        rotation: in degrees, as a camera writes it.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    sound_s = seconds if sound_s is None else sound_s
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(codec, rate=fps, options=options or {})
        pictures.width, pictures.height = size
        pictures.pix_fmt = "yuv420p"
        pictures.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            pictures.set_display_rotation(rotation)
        sounds = container.add_stream("aac", rate=RATE, layout="mono") if sound_s else None
        late_ms = 0.0
        for number in range(round(fps * seconds)):
            level = np.full((size[1], size[0], 3), 100 if still else STEP * number % 256, np.uint8)
            level[: size[1] // 2, : size[0] // 2] = 255  # the corner shows which way is up
            frame = av.VideoFrame.from_ndarray(level, "rgb24")
            late_ms += 1000 * (gaps or {}).get(number, 0.0)
            frame.pts, frame.time_base = round(1000 * number / fps + late_ms), Fraction(1, 1000)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        if sounds:
            time_s = np.arange(round(RATE * sound_s)) / RATE
            tone = 0.5 * np.sin(2 * np.pi * 440 * time_s) * (time_s >= silent_until_s)
            block = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
            block.sample_rate = RATE
            container.mux(sounds.encode(block))
            container.mux(sounds.encode())
    return path
