"""The drawn stage: a performer before a blue curtain, playing one of the thirteen instruments.

What the sound determines shows: the instrument; the pitch as the place of hands, slide, fingers
and bow; the level as light and posture. What it does not determine is the `Look`.
"""

from __future__ import annotations

import math

import numpy as np

from photism.data.orchestra.drawing.backdrop import FRAME, GROUND, LEFT, Backdrop, backdrop
from photism.data.orchestra.drawing.body import (
    HEAD,
    draw_arm,
    draw_chair,
    draw_hand,
    draw_legs,
    draw_torso,
    joints,
)
from photism.data.orchestra.drawing.brass import BRASSES
from photism.data.orchestra.drawing.head import draw_hair_behind, draw_head
from photism.data.orchestra.drawing.hold import Layers, Moment, Playing
from photism.data.orchestra.drawing.pen import Sheet, pixels, polygon
from photism.data.orchestra.drawing.strings import STRINGS
from photism.data.orchestra.drawing.woodwinds import WOODWINDS
from photism.data.orchestra.look import Look
from photism.errors import DataError, nearest

__all__ = ["Look", "draw"]

PLAYING: dict[str, Playing] = STRINGS | WOODWINDS | BRASSES
STANDING_FRAME = 190.0
FINEST = 128
SWAY_S, STROKE_S = 3.4, 1.7


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
    if instrument not in PLAYING:
        raise DataError(f"no instrument {instrument!r}: {nearest(instrument, PLAYING)}")
    if size < 16 or not 0 <= level <= 1 or not (pitch is None or 0 <= pitch <= 1):
        raise DataError(
            f"a stage has size >= 16, level and pitch in [0, 1], not {size}, {level}, {pitch}"
        )
    playing = PLAYING[instrument]
    moment = _moment(look, pitch, level, time_s)
    span = STANDING_FRAME if playing.standing else FRAME
    fine = size * -(-FINEST // size)
    performer = pixels(_scene(playing, look, moment, time_s, span), fine)
    parts = backdrop(look.stage, look.camera, span, fine)
    picture = _light(parts, performer, look, moment)
    if fine > size:
        times = fine // size
        picture = picture.reshape(size, times, size, times, 3).mean((1, 3))
    return np.asarray(np.rint(picture * 255), np.uint8)


def _moment(look: Look, pitch: float | None, level: float, time_s: float) -> Moment:
    awake = 0.0 if pitch is None else min(level / 0.12, 1.0)
    return Moment(
        pitch=0.5 if pitch is None else pitch,
        level=level,
        playing=awake * awake * (3 - 2 * awake),
        stroke=math.sin(2 * math.pi * (time_s / STROKE_S + look.phase)),
    )


def _scene(playing: Playing, look: Look, moment: Moment, time_s: float, span: float) -> str:
    person, light = look.person, math.copysign(1, look.stage.lamp_side)
    sway = math.sin(2 * math.pi * (time_s / SWAY_S + look.phase)) * 0.018 * moment.playing
    pose = joints(
        person,
        lean=0.02 + 0.13 * moment.level * moment.playing + sway,
        nod=playing.nod * moment.playing
        - 0.16 * (moment.pitch - 0.5) * moment.playing
        + 0.10 * (1 - moment.playing),
        standing=playing.standing,
        knees_apart=playing.knees_apart,
    )
    layers = Layers(Sheet(light), Sheet(light), Sheet(light))
    grip = playing.draw(layers, pose, moment)
    sheet = Sheet(light)
    if look.stage.music_stand:
        _music_stand(sheet)
    head = Sheet(light)
    draw_head(head, person)
    hair = Sheet(light)
    draw_hair_behind(hair, person)
    tilt = math.degrees(pose.tilt)
    sheet.place(layers.back, 0j)
    draw_chair(sheet, pose)
    sheet.place(hair, pose.head, tilt, HEAD)
    draw_legs(sheet, person, pose)
    draw_torso(sheet, person, pose)
    draw_arm(sheet, person, pose.far_shoulder, grip.far, near=False)
    sheet.place(layers.chest, 0j)
    sheet.place(head, pose.head, tilt, HEAD)
    sheet.place(layers.front, 0j)
    draw_hand(sheet, person, grip.far, near=False)
    draw_arm(sheet, person, pose.near_shoulder, grip.near, near=True)
    draw_hand(sheet, person, grip.near, near=True)
    camera = look.camera
    whole = Sheet(light)
    at = complex((LEFT + camera.x) * span, (GROUND + camera.y) * span)
    whole.place(sheet, at, camera.tilt_deg, camera.zoom)
    return whole.svg(f"0 0 {span:.2f} {span:.2f}")


def _music_stand(sheet: Sheet) -> None:
    steel = "#1b1c24"
    for foot in (77 - 9j, 91 - 10j, 84 - 6j):
        sheet.line(polygon([84 - 16j, foot], closed=False), steel, 1.1)
    sheet.line(polygon([84 - 14j, 83 - 62j], closed=False), steel, 1.3)
    sheet.fill(polygon([73 - 58j, 89 - 62j, 94 - 81j, 79 - 77j]), "#191a22")
    sheet.fill(polygon([74.4 - 60.2j, 87.8 - 63.6j, 92 - 80j, 79.4 - 76.6j]), "#b9b6ae")


def _light(parts: Backdrop, performer: np.ndarray, look: Look, moment: Moment) -> np.ndarray:
    lamp = np.array([int(look.stage.lamp[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
    spot = np.float32(0.16 + 1.05 * moment.level)
    dim = np.array([0.30, 0.32, 0.42], np.float32)
    drawn = performer.astype(np.float32) * np.float32(1 / 255)
    opacity = drawn[..., 3:]
    behind = parts.curtain * (dim + (0.9 * spot) * lamp * parts.pool)
    front = drawn[..., :3] * (dim * 1.2 + parts.front * (0.86 * spot) * lamp)
    whole = behind * (1 - opacity) + front
    whole += _rim(opacity, look.stage.lamp_side) * (0.34 * spot) * lamp
    whole = (whole + lamp * parts.beam * ((0.20 - 0.11 * opacity) * spot)) * parts.vignette
    whole = np.minimum(whole * np.float32(1.08), 1.5)
    return whole - np.float32(4 / 27) * whole**3


def _rim(opacity: np.ndarray, side: float) -> np.ndarray:
    """Edges of the performer that face the lamp."""
    step = max(1, len(opacity) // 128)
    across = step if side < 0 else -step
    inside = np.roll(opacity, (step, across), (0, 1)) + np.roll(
        opacity, (2 * step, 2 * across), (0, 1)
    )
    return np.maximum(opacity - 0.5 * inside, 0)
