"""What an instrument and its player agree on: the moment played, where things are, the hands."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from photism.orchestra.drawing.body import Hand, Joints
from photism.orchestra.drawing.pen import Sheet


@dataclass(frozen=True)
class Gesture:
    """What is played now."""

    pitch: float
    """Height in the instrument's range, in [0, 1]."""
    level: float
    """Loudness in [0, 1]."""
    playing: float
    """0 while the instrument rests, 1 while it is played."""
    sway: float
    """Where the performer sways, in [-1, 1]."""
    stroke: float
    """Where the bow is, in [-1, 1]: near its frog, near its tip."""


@dataclass(frozen=True)
class Layers:
    """Where an instrument may draw: behind the player, under the chin, in front."""

    back: Sheet
    chest: Sheet
    front: Sheet


@dataclass(frozen=True)
class Grip:
    """The two hands on the instrument."""

    near: Hand
    far: Hand


@dataclass(frozen=True)
class Frame:
    """What the camera shows at zoom 1: a square of the scene, as near as the instrument allows."""

    middle: complex
    """Its centre, cm; the floor under the performer is the origin."""
    span_cm: float
    """Its side."""

    @property
    def right(self) -> float:
        """Where it ends, cm."""
        return self.middle.real + self.span_cm / 2


@dataclass(frozen=True)
class Playing:
    """How an instrument is played: posture, and the drawing of it in the player's hands."""

    draw: Callable[[Layers, Joints, Gesture], Grip]
    frame: Frame
    standing: bool = False
    knees_apart: float = 0.0
    nod: float = 0.0
    """How far the head bends forward to the instrument, rad."""


@dataclass(frozen=True)
class Placing:
    """Where an instrument is: its origin, turned by degrees, scaled."""

    at: complex
    turn_deg: float
    scale: float = 1.0

    def __call__(self, point: complex) -> complex:
        """Place in the scene of a point of the instrument."""
        return self.at + point * cmath.rect(self.scale, math.radians(self.turn_deg))

    def all(self, points: Sequence[complex]) -> tuple[complex, ...]:
        """Places in the scene of some points of the instrument."""
        return tuple(self(point) for point in points)

    def toward(self, other: Placing, share: float) -> Placing:
        """Lie between this placing and another one."""
        return Placing(
            self.at + (other.at - self.at) * share,
            self.turn_deg + (other.turn_deg - self.turn_deg) * share,
            self.scale + (other.scale - self.scale) * share,
        )

    def put(self, sheet: Sheet, art: Sheet) -> None:
        """Put the drawing of the instrument on a sheet."""
        sheet.place(art, self.at, self.turn_deg, self.scale)


def between(low: float, high: float, share: float) -> float:
    """Lie `share` of the way from `low` to `high`."""
    return low + (high - low) * share
