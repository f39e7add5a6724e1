"""How a performance looks: everything in the picture that its sound does not determine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SKINS = ("#eec0a0", "#e3ac86", "#d3956c", "#bd7d54", "#a0653f", "#855132", "#683e28", "#4f2f20")
HAIRS = ("#17120f", "#2a1c14", "#4a2d1b", "#6e4325", "#a8703a", "#d3a75f", "#8f3f1f", "#9b9a9c")
HAIR_STYLES = ("short", "side", "bun", "ponytail", "long", "bob", "curls", "afro", "bald", "scarf")
OUTFITS = ("suit", "shirt", "sweater", "dress")
BLACKS = ("#121117", "#18161d", "#191a26")
COLOURS = (
    "#7d1f2b", "#a8412f", "#c98b2c", "#3f6b4a", "#1f5d5a", "#5a2f6b", "#8c8f98", "#cfc6b6",
    "#2d3a5e", "#7b5a45", "#b0566f", "#4c4a52",
)  # fmt: skip
FLOORS = ("#6b4128", "#5a3a2c", "#7a5233", "#4a3530")
LAMPS = ("#ffdd9c", "#ffe8bc", "#ffd08a", "#ffe9d6", "#ffd9b0")


@dataclass(frozen=True)
class Person:
    """Who plays, in what clothes. Colours are `#rrggbb`."""

    skin: str
    hair: str
    hair_style: str
    beard: bool
    glasses: bool
    eyes_open: bool
    height: float
    """Length of the back and width of the body, relative to the average."""
    build: float
    outfit: str
    cloth: str
    accent: str
    """Bow tie, collar, scarf."""
    trousers: str
    short_sleeves: bool


@dataclass(frozen=True)
class Scenery:
    """The place and its light."""

    blue: float
    """Shade of the curtain in [0, 1]: toward violet, toward sea."""
    fold_cm: float
    """Width of a fold."""
    fold_seed: int
    floor: str
    lamp: str
    lamp_side: float
    """Where the spot light comes from: -1 left, 1 right."""
    music_stand: bool


@dataclass(frozen=True)
class Camera:
    """Where the camera looks: the performer's seat in the picture, zoom, and a small tilt."""

    x: float
    """Shift to the right, in widths of the picture."""
    y: float
    """Shift downward, in heights of the picture."""
    zoom: float
    tilt_deg: float


@dataclass(frozen=True)
class Look:
    """Everything that a performance's sound does not tell."""

    person: Person
    stage: Scenery
    camera: Camera
    phase: float
    """When in its sway and stroke the performer begins, in [0, 1)."""

    @staticmethod
    def random(rng: np.random.Generator) -> Look:
        """Draw a look."""
        return Look(_person(rng), _stage(rng), _camera(rng), float(rng.random()))


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _person(rng: np.random.Generator) -> Person:
    style, outfit = _pick(rng, HAIR_STYLES), _pick(rng, OUTFITS)
    skin = _pick(rng, SKINS)
    bearded = style in ("short", "side", "curls", "bald") and outfit != "dress"
    dark = outfit == "suit" or rng.random() < 0.35
    return Person(
        skin=skin,
        hair=_pick(rng, HAIRS if skin in SKINS[:3] else HAIRS[:3] + HAIRS[7:]),
        hair_style=style,
        beard=bearded and bool(rng.random() < 0.4),
        glasses=bool(rng.random() < 0.25),
        eyes_open=bool(rng.random() < 0.4),
        height=float(rng.uniform(0.95, 1.06)),
        build=float(rng.uniform(0.92, 1.12)),
        outfit=outfit,
        cloth=_pick(rng, BLACKS if dark else COLOURS),
        accent=_pick(rng, COLOURS),
        trousers=_pick(rng, BLACKS if dark or rng.random() < 0.5 else ("#3a4560", "#5b5047")),
        short_sleeves=outfit in ("shirt", "dress") and bool(rng.random() < 0.5),
    )


def _stage(rng: np.random.Generator) -> Scenery:
    return Scenery(
        blue=float(rng.random()),
        fold_cm=float(rng.uniform(15, 27)),
        fold_seed=int(rng.integers(2**31)),
        floor=_pick(rng, FLOORS),
        lamp=_pick(rng, LAMPS),
        lamp_side=float(rng.choice((-1, 1)) * rng.uniform(0.35, 1)),
        music_stand=bool(rng.random() < 0.5),
    )


def _camera(rng: np.random.Generator) -> Camera:
    return Camera(
        x=float(rng.uniform(-0.05, 0.05)),
        y=float(rng.uniform(-0.015, 0.025)),
        zoom=float(rng.uniform(0.93, 1.06)),
        tilt_deg=float(rng.uniform(-2.5, 2.5)),
    )
