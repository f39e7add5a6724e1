"""The empty stage: a folded blue curtain, a wooden floor, and the spot light that falls on them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from photism.orchestra.drawing.hold import Frame
from photism.orchestra.look import Camera, Scenery

HEM_CM = -25.0
"""Where the curtain meets the floor; y runs downward from the performer's feet."""
AMBIENT = np.array([0.30, 0.32, 0.42])
"""Light of the stage without its lamp."""


@dataclass(frozen=True)
class Backdrop:
    """The stage, and the light for its performer; float32 of `(size, size, 3)`, white is 1.

    All but the first two of either kind are per unit of the spot light.
    """

    stage: np.ndarray
    """Curtain and floor by the light that is always there."""
    stage_spot: np.ndarray
    """What the spot light adds to them."""
    light: np.ndarray
    """Light that is always there at the performer."""
    light_spot: np.ndarray
    """What the spot light adds to that."""
    edge: np.ndarray
    """What an edge that faces the lamp gleams with."""
    haze: np.ndarray
    """What the air of the beam scatters."""


@functools.lru_cache(maxsize=4)
def backdrop(stage: Scenery, camera: Camera, frame: Frame, size: int) -> Backdrop:
    """Paint the stage without its performer.

    Args:
        stage: curtain, floor and lamp.
        camera: where it looks.
        frame: what it shows of the scene at zoom 1.
        size: pixels of either side.

    Returns:
        The parts that light is mixed from.
    """
    x, y = _scene(camera, frame, size)
    lamp = rgb(stage.lamp)
    floor = _rise(y, HEM_CM - 0.6, HEM_CM + 0.6)
    shadow = _hill((x - 8 + 12 * stage.lamp_side) / 46, (y + 2) / 9, 1.3)
    colour = _curtain(stage, x, y) * (1 - floor) + _wood(stage, x, y) * floor * (1 - 0.7 * shadow)
    axis = stage.lamp_side * np.minimum(0, y + 10) * -0.22 + 4
    cone = _hill((x - axis) / (30 + 0.16 * np.clip(y + 170, 0, None)), 0 * y, 2.2)
    wall = _hill((x - 4 - stage.lamp_side * 8) / 56, (y + 78) / 74, 1)
    pool = _hill((x - 4) / 70, (y + 2) / 17, 1)
    arriving = (wall * 0.75 + cone * 0.25) * (1 - floor) + np.minimum(pool * 1.15, 1) * floor
    corners = np.linspace(-1, 1, size)[:, None] ** 2
    corners = 1 - 0.42 * _rise((corners + corners.T)[..., None], 0.55, 2.1)
    parts = {
        "stage": colour * AMBIENT,
        "stage_spot": colour * arriving * lamp * 0.9,
        "light": AMBIENT * 1.2,
        "light_spot": lamp * _hill((x - 8) / 95, (y + 95) / 120, 1) * 0.86,
        "edge": lamp * 0.34,
        "haze": lamp * cone * np.clip(1.1 - (y + 160) / 175, 0, 1) * 0.2,
    }
    return Backdrop(**{name: (part * corners).astype(np.float32) for name, part in parts.items()})


def rgb(colour: str) -> np.ndarray:
    """Three shares in [0, 1] of a colour `#rrggbb`."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def _scene(camera: Camera, frame: Frame, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Place of every pixel in the scene, cm: the inverse of the camera; two `(size, size, 1)`."""
    at = (np.arange(size) + 0.5) / size - 0.5
    x = (at[None, :, None] - camera.x) * frame.span_cm / camera.zoom
    y = (at[:, None, None] - camera.y) * frame.span_cm / camera.zoom
    turn, middle = np.deg2rad(camera.tilt_deg), frame.middle
    across, down = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return across + middle.real, down + middle.imag


def _curtain(stage: Scenery, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Velvet in folds that widen a little toward the hem."""
    a, b, c, d = np.random.default_rng(stage.fold_seed).uniform(0, 2 * np.pi, 4)
    across = x * (1 - 0.0006 * (y + 160)) + 1.6 * np.sin(y / 47 + x / 31 + a)
    turn = 2 * np.pi * across / stage.fold_cm + 0.9 * np.sin(across / 23 + b)
    turn = turn + 0.5 * np.sin(across / 9.1 + c)
    ridge = 0.5 + 0.5 * np.sin(turn) + 0.16 * np.sin(2 * turn + d)
    ridge = np.clip(ridge + 0.06 * np.sin(5 * turn + y / 40), 0, 1.15)
    violet, sea = rgb("#222ec4"), rgb("#0c54be")
    blue = violet + (sea - violet) * stage.blue
    dark, bright = blue * (0.24, 0.24, 0.36), blue * 1.18 + 0.05
    colour = dark + (blue - dark) * np.minimum(ridge * 1.6, 1)
    colour = colour + (bright - blue) * np.clip(ridge * 2.2 - 1.3, 0, 1)
    return np.asarray(colour * (1 - 0.55 * _rise(y, HEM_CM - 26, HEM_CM) ** 2))


def _wood(stage: Scenery, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Polished boards that run to the back, with the curtain's blue in their gloss."""
    depth = np.clip((y + 60) / 60, 0.2, None)
    across = (x - 4) / depth / 9.5
    board = np.floor(across)
    tone = 1 + 0.10 * np.sin(board * 12.9898 + stage.fold_seed % 97)
    tone = tone * (1 - 0.35 * _rise(np.abs(across - board - 0.5), 0.44, 0.5))
    tone = tone * (1 + 0.03 * np.sin(x / depth * 2.1 + board * 7) * np.sin(y * 0.9 + board * 3))
    gloss = (1 - _rise(y, HEM_CM, HEM_CM + 17)) * (0.02, 0.05, 0.16)
    return np.asarray(rgb(stage.floor) * tone * (0.62 + 0.38 * _rise(y, HEM_CM, 6)) + gloss)


def _hill(x: np.ndarray, y: np.ndarray, steep: float) -> np.ndarray:
    """1 at the origin, falling to 0 around it, the steeper the more like a disc."""
    return np.asarray(np.exp(-((x * x + y * y) ** steep)))


def _rise(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """Smooth step from 0 at `start` to 1 at `end`."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
