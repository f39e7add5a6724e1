"""How a scene looks: everything in the picture that its sound does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from photism.orchestra.drawing.pen import mix


@dataclass(frozen=True)
class Daylight:
    """Colours of one time of the day, `#rrggbb`."""

    zenith: str
    horizon: str
    sun: str
    light: str
    """What the light multiplies all colours by."""
    far: str
    """What distance blends colours into."""
    stars: bool = False


DAYS = (
    Daylight("#3f8fd6", "#cfe9f4", "#fff7d6", "#ffffff", "#b7d3df"),  # noon
    Daylight("#5aa0d8", "#fbe6c2", "#fff0b8", "#fff4e2", "#d8d3bd"),  # morning
    Daylight("#4a5fa8", "#ffb070", "#ffd98a", "#ffe2c4", "#d99a7c"),  # sunset
    Daylight("#8ea4b4", "#dfe5e6", "#f2f4f2", "#eef0f2", "#bcc6ca"),  # overcast
    Daylight("#1c2450", "#c06a86", "#ffb7a0", "#dccfe2", "#7d5f86"),  # dusk
)
NIGHT = Daylight("#0a1030", "#2b3a6e", "#f3f0dc", "#8fa0d8", "#2a3560", stars=True)


@dataclass(frozen=True)
class Viewpoint:
    """What the sound leaves open: place, light, individual and camera, all of a seed."""

    seed: int
    """Of the individual and the place; every scene draws its details from it."""
    day: Daylight
    side: float
    """Where the light comes from: -1 left, 1 right."""
    mirrored: bool
    x: float
    """Shift of the camera, in widths of the picture."""
    y: float
    zoom: float
    tilt_deg: float

    @staticmethod
    def random(rng: np.random.Generator) -> Viewpoint:
        """Draw a view."""
        return Viewpoint(
            seed=int(rng.integers(2**31)),
            day=DAYS[int(rng.choice(len(DAYS), p=(0.34, 0.2, 0.16, 0.2, 0.1)))],
            side=float(rng.choice((-1, 1))),
            mirrored=bool(rng.random() < 0.5),
            x=float(rng.uniform(-0.05, 0.05)),
            y=float(rng.uniform(-0.03, 0.03)),
            zoom=float(rng.uniform(1.06, 1.22)),
            tilt_deg=float(rng.uniform(-2, 2)),
        )


class Chance:
    """The details of one scene, drawn one after the other from the seed of its view.

    Args:
        seed: of a view.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def within(self, low: float, high: float) -> float:
        """Draw a number."""
        return float(self.rng.uniform(low, high))

    def pick(self, options: Sequence[str]) -> str:
        """Draw one of some options."""
        return options[int(self.rng.integers(len(options)))]

    def shade_of(self, options: Sequence[str]) -> str:
        """Draw a colour between two of some."""
        return mix(self.pick(options), self.pick(options), self.within(0, 0.5))

    def one_in(self, count: float) -> bool:
        """Draw whether something is the case, as it is one time in `count`."""
        return bool(self.rng.random() < 1 / count)

    def points(
        self, count: int, left: float, top: float, right: float, low: float
    ) -> list[complex]:
        """Draw points in a rectangle."""
        across, down = self.rng.uniform(size=(2, count))
        return [
            complex(left + a * (right - left), top + d * (low - top))
            for a, d in zip(across, down, strict=True)
        ]
