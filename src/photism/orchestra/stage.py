"""The drawn stage: a performer before a blue curtain, playing one of the thirteen instruments.

What the sound determines shows: the instrument; its pitch as the place of hands, fingers, slide and
bow, and how high the instrument is held; its level as light and posture. What the sound does not
determine is the `Look`. The scene is a vector drawing, lit pixel by pixel afterwards; the same
arguments give the same bytes.
"""

from __future__ import annotations

import cmath
import functools
import math

import numpy as np

from photism.errors import DataError, nearest
from photism.orchestra.drawing.backdrop import Backdrop, backdrop
from photism.orchestra.drawing.body import (
    HEAD,
    Joints,
    draw_arm,
    draw_chair,
    draw_hand,
    draw_legs,
    draw_torso,
    joints,
)
from photism.orchestra.drawing.brass import BRASSES
from photism.orchestra.drawing.head import draw_hair_behind, draw_head
from photism.orchestra.drawing.hold import Gesture, Layers, Playing
from photism.orchestra.drawing.pen import Sheet, pixels, polygon
from photism.orchestra.drawing.strings import STRINGS
from photism.orchestra.drawing.woodwinds import WOODWINDS
from photism.orchestra.look import Look, Person

__all__ = ["PLAYING", "Look", "draw"]

PLAYING: dict[str, Playing] = dict(sorted((STRINGS | WOODWINDS | BRASSES).items()))
"""How each instrument is played, by name, in the order of the class labels."""
FINEST, LARGEST = 128, 2048
"""Smaller pictures are averaged from one of at least so many pixels; larger ones are refused."""
STAND_CM = 97.0
"""How far to the right the music stand reaches, with some room; nearer cameras have it nearer."""
QUIET = 0.12
"""From this level on the instrument is fully in playing position."""
SWAY_S, STROKE_S = 3.4, 1.7
"""Periods of the performer's sway and of a pair of bow strokes."""


def draw(
    instrument: str,
    look: Look,
    *,
    pitch: float | None,
    level: float,
    time_s: float = 0.0,
    size: int = 256,
) -> np.ndarray:
    """Draw one moment of a performance.

    Args:
        instrument: name of one of the thirteen, such as `double_bass`.
        look: what the sound does not determine.
        pitch: height in the instrument's range, in [0, 1]; None while nothing is played.
        level: loudness in [0, 1]; 0 is silence, the instrument rests.
        time_s: time since the performance began, s; moves the sway and the bow.
        size: pixels of either side, 16 to 2048.

    Returns:
        `(size, size, 3)` uint8, RGB.

    Raises:
        DataError: an unknown instrument, or a number out of its range.
    """
    if instrument not in PLAYING:
        hint = nearest(instrument, PLAYING)
        raise DataError(f"the stage has no instrument {instrument!r}: {hint}")
    _check(pitch, level, time_s, size)
    playing, moment = PLAYING[instrument], _moment(look, pitch, level, time_s)
    finer = -(-FINEST // size)
    performer = pixels(_scene(playing, look, moment), size * finer)
    parts = backdrop(look.stage, look.camera, playing.frame, size * finer)
    picture = _lit(parts, performer, look.stage.lamp_side, level)
    if finer > 1:
        picture = picture.reshape(size, finer, size, finer, 3).mean((1, 3))
    return np.rint(picture * 255).astype(np.uint8)


def _check(pitch: float | None, level: float, time_s: float, size: int) -> None:
    """Refuse numbers out of range."""
    for name, value in (("pitch", 0.0 if pitch is None else pitch), ("level", level)):
        if not 0 <= value <= 1:
            raise DataError(f"{name} of a drawn moment is {value}: give a number in [0, 1]")
    if not math.isfinite(time_s):
        raise DataError(f"time_s of a drawn moment is {time_s}: give seconds")
    if not (isinstance(size, int | np.integer) and 16 <= size <= LARGEST):
        raise DataError(f"size of a drawn picture is {size}: give 16 to {LARGEST} pixels")


def _moment(look: Look, pitch: float | None, level: float, time_s: float) -> Gesture:
    """Say what is played, and where sway and bow are."""
    awake = 0.0 if pitch is None else min(level / QUIET, 1.0)
    turns = 2 * math.pi * (time_s / np.array([SWAY_S, STROKE_S]) + look.phase)
    return Gesture(
        pitch=0.5 if pitch is None else float(pitch),
        level=float(level),
        playing=awake * awake * (3 - 2 * awake),
        sway=math.sin(turns[0]),
        stroke=math.sin(turns[1]),
    )


def _posture(person: Person, playing: Playing, moment: Gesture) -> Joints:
    """Lean in when it is loud, look up when it is high, look down at rest."""
    lean = 0.02 + moment.playing * (0.13 * moment.level + 0.018 * moment.sway)
    nod = moment.playing * (playing.nod - 0.16 * (moment.pitch - 0.5)) + 0.1 * (1 - moment.playing)
    return joints(person, lean, nod, playing.standing, playing.knees_apart)


def _scene(playing: Playing, look: Look, moment: Gesture) -> str:
    """Draw performer and instrument, back to front, as an SVG document."""
    person, light = look.person, math.copysign(1, look.stage.lamp_side)
    pose = _posture(person, playing, moment)
    tilt_deg = math.degrees(pose.tilt)
    layers = Layers(Sheet(light), Sheet(light), Sheet(light))
    grip = playing.draw(layers, pose, moment)
    hair, head, scene, whole = Sheet(light), Sheet(light), Sheet(light), Sheet(light)
    draw_hair_behind(hair, person)
    draw_head(head, person)
    if look.stage.music_stand:
        scene.place(_music_stand(), complex(min(0, playing.frame.right - STAND_CM), 0))
    scene.place(layers.back)
    draw_chair(scene, pose)
    scene.place(hair, pose.head, tilt_deg, HEAD)
    draw_legs(scene, person, pose)
    draw_torso(scene, person, pose)
    draw_arm(scene, person, pose.far_shoulder, grip.far, near=False)
    scene.place(layers.chest)
    scene.place(head, pose.head, tilt_deg, HEAD)
    scene.place(layers.front)
    draw_hand(scene, person, grip.far, near=False)
    draw_arm(scene, person, pose.near_shoulder, grip.near, near=True)
    draw_hand(scene, person, grip.near, near=True)
    camera, frame = look.camera, playing.frame
    turned = frame.middle * cmath.rect(camera.zoom, math.radians(camera.tilt_deg))
    at = complex(0.5 + camera.x, 0.5 + camera.y) * frame.span_cm - turned
    whole.place(scene, at, camera.tilt_deg, camera.zoom)
    return whole.svg(frame.span_cm)


@functools.cache
def _music_stand() -> Sheet:
    """A stand with a sheet of music, to the right and farther back."""
    sheet, steel = Sheet(), "#1b1c24"
    for foot in (77 - 9j, 91 - 10j, 84 - 6j):
        sheet.line(polygon([84 - 16j, foot], closed=False), steel, 1.1)
    sheet.line(polygon([84 - 14j, 83 - 62j], closed=False), steel, 1.3)
    sheet.fill(polygon([73 - 58j, 89 - 62j, 94 - 81j, 79 - 77j]), "#191a22")
    sheet.fill(polygon([74.4 - 60.2j, 87.8 - 63.6j, 92 - 80j, 79.4 - 76.6j]), "#b9b6ae")
    return sheet


def _lit(parts: Backdrop, performer: np.ndarray, side: float, level: float) -> np.ndarray:
    """Light stage and performer, the brighter the louder.

    Args:
        parts: the stage.
        performer: `(size, size, 4)` uint8, colour times opacity, then opacity.
        side: where the lamp is: -1 left, 1 right.
        level: loudness in [0, 1].

    Returns:
        `(size, size, 3)` float32 in [0, 1].
    """
    spot = np.float32(0.16 + 1.05 * level)
    drawn = performer.astype(np.float32) * np.float32(1 / 255)
    colour, opacity = drawn[..., :3], drawn[..., 3:]
    whole = (parts.stage + spot * parts.stage_spot) * (1 - opacity)
    whole += colour * (parts.light + spot * parts.light_spot)
    whole += (spot * parts.edge) * _edges(opacity, side)
    whole += (spot * parts.haze) * (1 - np.float32(0.55) * opacity)
    whole = np.minimum(whole * np.float32(1.08), np.float32(1.5))
    return np.asarray(whole - np.float32(4 / 27) * whole * whole * whole)  # soft up to white


def _edges(opacity: np.ndarray, side: float) -> np.ndarray:
    """How much each pixel is an edge of the performer that faces the lamp, in [0, 1]."""
    step = max(1, len(opacity) // 128)
    across = step if side < 0 else -step
    near = np.roll(opacity, (step, across), (0, 1))
    far = np.roll(opacity, (2 * step, 2 * across), (0, 1))
    return np.asarray(np.maximum(opacity - np.float32(0.5) * (near + far), 0))
