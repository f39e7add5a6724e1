"""Where in a scene its subjects stand: as near as they are loud, as many as there are events."""

from __future__ import annotations

from dataclasses import dataclass

from photism.orchestra.drawing.pen import Sheet
from photism.scenes.told import Told

_ROWS = {
    1: ((0.0, 0.0),),
    2: ((0.95, -0.3), (-0.85, 0.25)),
    3: ((0.1, -0.75), (-1.2, 0.0), (1.15, 0.3)),
}
"""Of each number of subjects, back to front: shift to the right and toward the viewer."""
_SHARE = {1: 1.0, 2: 0.74, 3: 0.6}
"""How large each of several is."""


@dataclass(frozen=True)
class Place:
    """Where a subject stands and how large it is."""

    at: complex
    scale: float


def places(
    told: Told, ground: float, largest: float, reach: float, depth: float = 1.0
) -> list[Place]:
    """Return a place for each event.

    Args:
        told: how many, and how near.
        ground: height at which the nearest stand.
        largest: scale of the nearest one alone.
        reach: from the middle to one at the side.
        depth: how much of the ground there is behind the nearest; 0 where all stand on a line.

    Returns:
        Places, back to front.
    """
    near = 0.45 + 0.55 * told.level
    scale = largest * near * _SHARE[told.events]
    found = []
    for across, toward in _ROWS[told.events]:
        at = complex(
            50 + across * reach * (0.55 + 0.45 * told.level),
            ground + depth * (8 * toward - 14 * (1 - told.level)),
        )
        found.append(Place(at, scale * (1 + 0.12 * toward)))
    return found


def draw_shadow(sheet: Sheet, at: complex, half_width: float) -> None:
    """A soft shadow on the ground."""
    radii = complex(half_width, half_width * 0.16)
    sheet.oval(
        at,
        radii,
        sheet.glow(0j, half_width, (0, "#000010", 0.45), (0.6, "#000010", 0.3), (1, "#000010", 0)),
    )
