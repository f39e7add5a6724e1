"""The stage: a performer before a blue curtain, drawn for an instrument, a pitch and a level.

What the sound determines shows: the instrument; its pitch as the place of the left hand, the
fingers or the slide; its level as light and posture. Everything else is a `Look`, which varies
from performance to performance. Drawn with Pillow, twice as large and averaged.
"""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image

from photism.data.orchestra.canvas import Look, Scene
from photism.data.orchestra.instruments import INSTRUMENTS
from photism.data.orchestra.players import PLAYERS
from photism.errors import DataError, nearest

__all__ = ["Look", "draw"]

_FINER = 2  # drawn so many times larger, then averaged


def draw(
    instrument: str,
    look: Look,
    *,
    pitch: float | None,
    level: float,
    time_s: float = 0.0,
    size: int = 256,
) -> np.ndarray:
    """Draw a performer at one moment.

    Args:
        instrument: a name in `INSTRUMENTS`.
        look: who plays, where, in which light.
        pitch: in [0, 1] over the instrument's range; None rests.
        level: in [0, 1]; 0 is silence in dim light.
        time_s: moves body and bow a little.
        size: side of the picture in pixels.

    Returns:
        `(size, size, 3)` uint8; the same for the same arguments.

    Raises:
        DataError: an unknown instrument, or a number out of range.
    """
    if instrument not in INSTRUMENTS:
        raise DataError(f"no instrument {instrument!r}: {nearest(instrument, INSTRUMENTS)}")
    if size < 16 or not 0 <= level <= 1 or not (pitch is None or 0 <= pitch <= 1):
        raise DataError(
            f"a stage has size >= 16, level and pitch in [0, 1], not {size}, {level}, {pitch}"
        )
    lit = _stage(look, size, round(level * 32))
    picture = Image.fromarray(lit).resize((size * _FINER,) * 2, Image.Resampling.BILINEAR)
    scene = Scene(picture, look, pitch, level, time_s)
    PLAYERS[instrument](scene)
    return np.asarray(picture.reduce(_FINER))


@functools.lru_cache(maxsize=64)
def _stage(look: Look, size: int, step: int) -> np.ndarray:
    """The empty stage at one of 33 levels of light, `(size, size, 3)` uint8."""
    y, x = np.mgrid[0:size, 0:size] / size
    level = step / 32
    wave = np.sin(2 * np.pi * look.folds * (x + 0.012 * np.sin(7 * y)) + look.fold_phase)
    fold = 0.62 + 0.25 * wave + 0.13 * np.sin(2.3 * np.pi * look.folds * x + 2 * look.fold_phase)
    blue = np.array([34 + 16 * look.curtain_hue, 66 + 22 * look.curtain_hue, 158.0])
    curtain = blue * fold[..., None] * (1.05 - 0.4 * y[..., None])
    boards = 0.9 + 0.1 * np.sign(np.sin(2 * np.pi * 14 * (x - 0.5) / (y + 0.25)))
    wood = np.array([112.0, 76, 48]) * (0.7 + 0.4 * look.floor)
    ground = wood * boards[..., None] * (0.6 + 0.5 * (y[..., None] - 0.84) / 0.16)
    scene = np.where((y > 0.84)[..., None], ground, curtain)
    across = x - 0.5 - look.shift
    beam = np.exp(-((across / (0.14 + 0.22 * y)) ** 2))
    pool = np.exp(-((across / 0.3) ** 2) - ((y - 0.93) / 0.06) ** 2)
    light = 0.5 + (0.35 + 0.95 * level) * beam + (0.3 + 1.0 * level) * pool
    colour = np.array([1.0, 0.95, 0.84 * look.warmth + 0.16])
    vignette = 1 - 0.5 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    shown = scene * light[..., None] * colour * vignette[..., None]
    return np.clip(shown, 0, 255).astype(np.uint8)
