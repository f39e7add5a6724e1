"""The empty stage: a folded blue curtain, a wooden floor, and how a spot light falls on them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from photism.data.orchestra.look import Camera, Stage

FRAME = 157.0
"""Centimetres of the scene that the picture shows at zoom 1."""
GROUND = 0.925
"""Where the performer's feet are, in heights of the picture."""
LEFT = 0.435
"""Where the performer's seat is, in widths of the picture."""
HEM = -25.0
"""Where the curtain meets the floor, cm below the performer's feet (negative: above)."""


@dataclass(frozen=True)
class Backdrop:
    """What does not change while the performer plays; arrays are float32."""

    curtain: np.ndarray
    """Colour of curtain and floor under white light, `(size, size, 3)` in [0, 1]."""
    pool: np.ndarray
    """How much of the spot light arrives there, `(size, size, 1)` in [0, 1]."""
    front: np.ndarray
    """How much of it arrives at the performer, `(size, size, 1)` in [0, 1]."""
    beam: np.ndarray
    """Light scattered by the air of the beam, `(size, size, 1)` in [0, 1]."""
    vignette: np.ndarray
    """What the corners keep, `(size, size, 1)` in [0, 1]."""


@functools.lru_cache(maxsize=32)
def backdrop(stage: Stage, camera: Camera, span: float, size: int) -> Backdrop:
    """Paint the stage without its performer.

    Args:
        stage: curtain, floor and light.
        camera: where it looks.
        span: centimetres that the picture shows at zoom 1.
        size: pixels of either side.

    Returns:
        The parts that light is mixed from.
    """
    x, y = _scene(camera, span, size)
    down = _rise(y, HEM - 0.6, HEM + 0.6)
    shadow = np.exp(-((((x - 8 + 12 * stage.lamp_side) / 46) ** 2 + ((y + 2) / 9) ** 2) ** 1.3))
    picture = _curtain(stage, x, y) * _last(1 - down) + _floor(stage, x, y) * _last(
        down * (1 - 0.7 * shadow)
    )
    axis = stage.lamp_side * np.minimum(0, y + 10) * -0.22
    reach = 30 + 0.16 * np.clip(y + 170, 0, None)
    cone = np.exp(-((((x - axis - 4) / reach) ** 2) ** 2.2))
    pool = np.exp(-(((x - 4 - stage.lamp_side * 8) / 56) ** 2) - ((y + 78) / 74) ** 2)
    spot = np.exp(-(((x - 4) / 70) ** 2 + ((y + 2) / 17) ** 2))
    front = np.exp(-(((x - 8) / 95) ** 2) - ((y + 95) / 120) ** 2)
    u = np.linspace(-1, 1, size, dtype=np.float32)
    corner = 1 - 0.42 * _rise(u[None, :] ** 2 + u[:, None] ** 2, 0.55, 2.1)
    return Backdrop(
        curtain=picture.astype(np.float32),
        pool=_last(np.clip((pool * 0.75 + cone * 0.25) * (1 - down) + spot * 1.15 * down, 0, 1)),
        front=_last(front),
        beam=_last(cone * np.clip(1.1 - (y + 160) / 175, 0, 1)),
        vignette=_last(corner),
    )


def _scene(camera: Camera, span: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Place of every pixel in the scene, cm: two `(size, size)`; the inverse of the camera."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    x = (at[None, :] - LEFT - camera.x) * span / camera.zoom
    y = (at[:, None] - GROUND - camera.y) * span / camera.zoom
    turn = -np.deg2rad(camera.tilt_deg)
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return x * c - y * s, x * s + y * c


def _curtain(stage: Stage, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Velvet in folds that widen a little toward the hem."""
    rng = np.random.default_rng(stage.fold_seed)
    a, b, c, d = rng.uniform(0, 2 * np.pi, 4)
    spread = x * (1 - 0.0006 * (y + 160)) + 1.6 * np.sin(y / 47 + x / 31 + a)
    turn = 2 * np.pi * spread / stage.folds + 0.9 * np.sin(spread / 23 + b)
    turn = turn + 0.5 * np.sin(spread / 9.1 + c)
    ridge = (
        0.5 + 0.5 * np.sin(turn) + 0.16 * np.sin(2 * turn + d) + 0.06 * np.sin(5 * turn + y / 40)
    )
    ridge = np.clip(ridge, 0, 1.15)[..., None]
    violet, sea = np.array([34, 46, 196.0]), np.array([12, 84, 190.0])
    blue = (violet + (sea - violet) * stage.blue) / 255
    dark, bright = blue * np.array([0.24, 0.24, 0.36]), blue * 1.18 + 0.05
    colour = dark + (blue - dark) * np.minimum(ridge * 1.6, 1)
    colour = colour + (bright - blue) * np.clip(ridge * 2.2 - 1.3, 0, 1)
    hem = 1 - 0.55 * _rise(y, HEM - 26, HEM)[..., None] ** 2
    return np.asarray(colour * hem)


def _floor(stage: Stage, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Polished boards that run to the back, with the curtain's blue in their gloss."""
    wood = np.array([int(stage.floor[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    depth = np.clip((y + 60) / 60, 0.2, None)
    across = (x - 4) / depth / 9.5
    board = np.floor(across)
    tone = 1 + 0.10 * np.sin(board * 12.9898 + stage.fold_seed % 97)
    gap = np.abs(across - board - 0.5)
    tone = tone * (1 - 0.35 * _rise(gap, 0.44, 0.5))
    grain = 1 + 0.03 * np.sin(x / depth * 2.1 + board * 7) * np.sin(y * 0.9 + board * 3)
    gloss = (1 - _rise(y, HEM, HEM + 17))[..., None] * np.array([0.02, 0.05, 0.16])
    return (
        np.asarray((tone * grain)[..., None] * wood * (0.62 + 0.38 * _rise(y, HEM, 6))[..., None])
        + gloss
    )


def _rise(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """Smooth step from 0 at `start` to 1 at `end`."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _last(plane: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(plane, np.shape(plane))[..., None], np.float32)
