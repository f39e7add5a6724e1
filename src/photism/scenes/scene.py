"""The drawn scene: one of ten makers of sound, as near and as many as the sound tells.

What the sound determines shows: what makes it, how near it is, and how many times it sounds in a
second. What it does not determine is the `Viewpoint`. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from photism.errors import DataError, nearest
from photism.orchestra.drawing.pen import Sheet, pixels
from photism.scenes.animals import draw_dog_scene, draw_rooster_scene
from photism.scenes.look import Chance, Viewpoint
from photism.scenes.machines import draw_chainsaw_scene, draw_clock_scene, draw_helicopter_scene
from photism.scenes.people import draw_baby_scene, draw_sneeze_scene
from photism.scenes.told import CLASSES, MOST_EVENTS, Told
from photism.scenes.weather import draw_fire_scene, draw_rain_scene, draw_sea_scene

Scene = Callable[[Sheet, Viewpoint, Told, Chance], None]
"""Draws the square from 0 to 100, with some room around it."""
_DRAWN: tuple[Scene, ...] = (
    draw_dog_scene,
    draw_rain_scene,
    draw_sea_scene,
    draw_baby_scene,
    draw_clock_scene,
    draw_sneeze_scene,
    draw_helicopter_scene,
    draw_chainsaw_scene,
    draw_rooster_scene,
    draw_fire_scene,
)
SCENES: dict[str, Scene] = dict(zip(CLASSES, _DRAWN, strict=True))
"""The scenes by name, in the order of ESC-10."""
FINEST, LARGEST = 192, 2048
"""Smaller pictures are averaged from one of at least so many pixels; larger ones are refused."""


def draw(name: str, view: Viewpoint, told: Told, *, size: int = 96) -> np.ndarray:
    """Draw one moment of a sound.

    Args:
        name: what is heard, such as `sea`.
        view: what the sound does not tell.
        told: what it tells.
        size: pixels of either side, 16 to 2048.

    Returns:
        `(size, size, 3)` uint8, RGB.

    Raises:
        DataError: an unknown scene, or a number out of its range.
    """
    if name not in SCENES:
        raise DataError(f"there is no scene {name!r}: {nearest(name, SCENES)}")
    if not 0 <= told.level <= 1 or not 1 <= told.events <= MOST_EVENTS:
        raise DataError(f"a scene has a level in [0, 1] and 1 to {MOST_EVENTS} events, not {told}")
    if not (isinstance(size, int | np.integer) and 16 <= size <= LARGEST):
        raise DataError(f"size of a drawn picture is {size}: give 16 to {LARGEST} pixels")
    finer = -(-FINEST // size)
    drawn = pixels(_document(SCENES[name], view, told), size * finer)[..., :3]
    picture = drawn.reshape(size, finer, size, finer, 3).mean((1, 3)) / 255
    return np.rint(np.clip(picture * _light(view, size), 0, 1) * 255).astype(np.uint8)


def _document(scene: Scene, view: Viewpoint, told: Told) -> str:
    """Draw a scene as its view has it: mirrored, shifted, turned."""
    drawn, whole = Sheet(-view.side if view.mirrored else view.side), Sheet()
    scene(drawn, view, told, Chance(view.seed))
    at = complex(100 * view.x, 100 * view.y) - (view.zoom - 1) * (50 + 50j)
    if view.mirrored:
        turned = Sheet()
        turned.mirror(drawn, 100)
        drawn = turned
    whole.place(drawn, at, view.tilt_deg, view.zoom)
    return whole.svg(100)


def _light(view: Viewpoint, size: int) -> np.ndarray:
    """Return what the light multiplies each pixel by, `(size, size, 3)`; corners are darker."""
    tint = np.array([int(view.day.light[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    across = np.linspace(-1, 1, size) ** 2
    return np.asarray(tint * (1.02 - 0.11 * (across[:, None] + across[None, :])[..., None]))
