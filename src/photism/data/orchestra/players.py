"""Thirteen players, one function each: body, instrument and hands for a pitch and a level."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from photism.data.orchestra.canvas import Colour, Point, Scene, arms, between, seated, standing

GOLD, GOLD_LIGHT, GOLD_DARK = (214, 165, 60), (255, 226, 140), (140, 98, 28)
SILVER, SILVER_LIGHT = (190, 198, 208), (246, 250, 255)
BLACKWOOD, KEYS = (30, 27, 30), (206, 210, 216)
MAPLE = (120, 44, 26)


def _fiddle(
    scene: Scene, low: Point, scroll: Point, length: float, colour: Colour, dark: Colour
) -> Point:
    """A bowed instrument from the end of its body to the scroll; returns where the bow crosses."""
    dx, dy = scroll[0] - low[0], scroll[1] - low[1]
    turn = math.atan2(dy, dx)
    full = math.hypot(dx, dy)
    wide = length * 0.31

    def at(share: float, across: float = 0.0) -> Point:
        along = share * full
        c, s = math.cos(turn), math.sin(turn)
        return low[0] + c * along - s * across, low[1] + s * along + c * across

    body = length / full
    for grow, light, paint in ((1.12, 1.0, dark), (1.0, 1.0, colour)):
        scene.oval(at(body * 0.27), length * 0.29 * grow, wide * 1.08 * grow, paint, light, turn)
        scene.oval(at(body * 0.78), length * 0.25 * grow, wide * 0.84 * grow, paint, light, turn)
        scene.oval(at(body * 0.52), length * 0.3 * grow, wide * 0.62 * grow, paint, light, turn)
    scene.oval(at(body * 0.3, -wide * 0.35), length * 0.15, wide * 0.3, colour, 1.3, turn)
    for side in (-1, 1):
        scene.line(
            [at(body * 0.42, wide * 0.42 * side), at(body * 0.6, wide * 0.34 * side)],
            length * 0.03,
            (24, 14, 10),
        )
    scene.line([at(body * 0.2), at(0.95)], length * 0.085, (26, 20, 18))
    scene.line([at(body * 0.08), at(0.97)], length * 0.022, (214, 206, 190))
    scene.line(
        [at(body * 0.46, -wide * 0.3), at(body * 0.46, wide * 0.3)], length * 0.035, (226, 186, 128)
    )
    scene.oval(at(0.985), length * 0.075, length * 0.05, dark, 1.1, turn)
    return at(body * 0.66)


def _on_shoulder(scene: Scene, length: float, colour: Colour, dark: Colour) -> None:
    body = standing(scene)
    x, y = body.head
    raised = 0.02 * scene.level
    low, scroll = (x + 0.022, y + 0.085), (x + 0.06 + length * 1.5, y + 0.115 - raised)
    crossing = _fiddle(scene, low, scroll, length, colour, dark)
    left = between(scroll, low, 0.08 + 0.36 * scene.pitch)
    right = (-0.075 + 0.03 * math.sin(6.9 * scene.time_s) * scene.playing, y + 0.2)
    if not scene.playing:
        right = (-0.13, body.hip)
    arms(scene, body, right, (left[0], left[1] + 0.012))
    scene.bow(right, crossing if scene.playing else (right[0] - 0.06, right[1] + 0.16))


def _violin(scene: Scene) -> None:
    _on_shoulder(scene, 0.155, (196, 104, 44), (120, 56, 22))


def _viola(scene: Scene) -> None:
    _on_shoulder(scene, 0.205, (132, 58, 28), (70, 28, 16))


def _cello(scene: Scene) -> None:
    body = seated(scene)
    low, scroll = (-0.012, -0.06), (0.062, body.head[1] - 0.02)
    scene.line([low, (-0.02, 0.0)], 0.007, SILVER)
    crossing = _fiddle(scene, low, scroll, 0.36, (178, 84, 34), (100, 42, 18))
    left = between(scroll, low, 0.14 + 0.34 * scene.pitch)
    right = (-0.155, -0.235) if scene.playing else (-0.17, -0.16)
    arms(scene, body, right, left)
    scene.bow(right, crossing if scene.playing else (-0.2, -0.05))


def _double_bass(scene: Scene) -> None:
    body = standing(scene)
    low, scroll = (0.055, -0.05), (0.14, body.head[1] - 0.09)
    scene.line([low, (0.05, 0.0)], 0.01, (60, 50, 44))
    crossing = _fiddle(scene, low, scroll, 0.47, (138, 66, 30), (66, 28, 14))
    left = between(scroll, low, 0.12 + 0.32 * scene.pitch)
    right = (-0.1, -0.31) if scene.playing else (-0.13, -0.28)
    arms(scene, body, right, left)
    scene.bow(right, crossing if scene.playing else (-0.15, -0.1))


def _flute(scene: Scene) -> None:
    body = standing(scene)
    x, y = body.mouth
    near, far = (x + 0.05, y - 0.008), (x - 0.3, y + 0.045 + 0.02 * (1 - scene.level))
    scene.tube([near, far], 0.017, SILVER, SILVER_LIGHT)
    for share in np.linspace(0.3, 0.92, 9):
        scene.oval(between(near, far, float(share)), 0.0075, 0.0075, (120, 128, 140))
    left = between(near, far, 0.36 + 0.12 * (1 - scene.pitch))
    right = between(near, far, 0.66 + 0.22 * (1 - scene.pitch))
    arms(scene, body, (right[0], right[1] + 0.014), (left[0], left[1] + 0.016))


def _reed(
    scene: Scene, wood: Colour, width: float, bell: float, spread: float, reed: Colour
) -> None:
    """Oboe and clarinet: straight down in front of the player."""
    body = standing(scene)
    x, y = body.mouth
    away = 0.045 + 0.05 * scene.level
    top, end = (x, y + 0.012), (x + away, y + 0.345)
    scene.line([(x, y), top], width * 0.7, reed)
    scene.tube([top, end], width, wood, (126, 112, 112))
    foot = between(top, end, 1.09)
    scene.shape(
        [
            (end[0] - width / 2, end[1]),
            (end[0] + width / 2, end[1]),
            (foot[0] + spread, foot[1]),
            (foot[0] - spread, foot[1]),
        ],
        wood,
        1.3,
    )
    scene.oval(foot, spread, bell, (96, 92, 98))
    for share in np.linspace(0.12, 0.92, 10):
        px, py = between(top, end, float(share))
        scene.oval((px + width * 0.35, py), width * 0.3, width * 0.3, KEYS)
    left = between(top, end, 0.2 + 0.14 * (1 - scene.pitch))
    right = between(top, end, 0.5 + 0.3 * (1 - scene.pitch))
    arms(scene, body, (right[0] - 0.018, right[1]), (left[0] + 0.018, left[1]))


def _oboe(scene: Scene) -> None:
    _reed(scene, (74, 40, 30), 0.016, 0.006, 0.018, (232, 200, 130))


def _clarinet(scene: Scene) -> None:
    _reed(scene, BLACKWOOD, 0.034, 0.015, 0.056, (20, 18, 20))


def _bassoon(scene: Scene) -> None:
    body = seated(scene)
    x, y = body.mouth
    low, top = (-0.15, -0.06), (0.12, body.head[1] - 0.13)
    crook = between(low, top, 0.6)
    scene.line(
        [(x, y), (x + 0.03, y + 0.006), (crook[0] + 0.01, crook[1] + 0.02), crook], 0.008, SILVER
    )
    scene.tube([low, top], 0.042, MAPLE, (190, 96, 70))
    scene.line([between(low, top, -0.01), between(low, top, 0.04)], 0.05, SILVER)
    scene.line([between(low, top, 0.975), top], 0.046, (238, 232, 216))
    for share in np.linspace(0.12, 0.85, 9):
        scene.oval(between(low, top, float(share)), 0.008, 0.008, KEYS)
    left = between(low, top, 0.58 - 0.1 * (1 - scene.pitch))
    right = between(low, top, 0.24 + 0.16 * scene.pitch)
    arms(scene, body, right, left)


def _sax(scene: Scene) -> None:
    body = standing(scene)
    x, y = body.mouth
    swing = 0.02 * scene.level
    neck, bow = (x + 0.05, y + 0.05), (x - 0.015 + swing, y + 0.35)
    turn = [
        (bow[0] + 0.062 * math.cos(a) - 0.062, bow[1] + 0.05 * math.sin(a))
        for a in np.linspace(0, math.pi, 9)
    ]
    bell = (bow[0] - 0.15, bow[1] - 0.115)
    scene.line([(x, y), (x + 0.02, y + 0.012)], 0.016, BLACKWOOD)
    scene.tube([(x + 0.02, y + 0.012), (x + 0.05, y + 0.016), neck], 0.015, GOLD, GOLD_LIGHT)
    scene.tube([neck, between(neck, bow, 0.5), bow], 0.03, GOLD, GOLD_LIGHT)
    scene.tube(turn, 0.044, GOLD, GOLD_LIGHT)
    scene.shape(
        [
            (turn[-1][0] + 0.022, turn[-1][1]),
            (turn[-1][0] - 0.02, turn[-1][1]),
            (bell[0] - 0.045, bell[1] + 0.01),
            (bell[0] + 0.055, bell[1] - 0.012),
        ],
        GOLD,
    )
    scene.oval(bell, 0.056, 0.024, GOLD_LIGHT, 1.0, -0.2)
    scene.oval(bell, 0.043, 0.016, GOLD_DARK, 0.8, -0.2)
    for share in np.linspace(0.12, 0.92, 8):
        px, py = between(neck, bow, float(share))
        scene.oval((px + 0.004, py), 0.009, 0.009, GOLD_LIGHT)
    left = between(neck, bow, 0.12 + 0.2 * (1 - scene.pitch))
    right = between(neck, bow, 0.58 + 0.3 * (1 - scene.pitch))
    arms(scene, body, (right[0] - 0.024, right[1]), (left[0] + 0.024, left[1]))


def _bell(scene: Scene, small: Point, centre: Point, radius: float, flat: float) -> None:
    """The flare of a brass instrument from its tube to an open bell, seen at an angle."""
    turn = math.atan2(centre[1] - small[1], centre[0] - small[0])
    c, s = math.cos(turn), math.sin(turn)
    rim = [(centre[0] - s * radius * k, centre[1] + c * radius * k) for k in (-1, 1)]
    waist = between(small, centre, 0.6)
    slim = [(waist[0] - s * radius * 0.3 * k, waist[1] + c * radius * 0.3 * k) for k in (-1, 1)]
    thin = [(small[0] - s * 0.008 * k, small[1] + c * 0.008 * k) for k in (-1, 1)]
    scene.shape([thin[0], slim[0], rim[0], rim[1], slim[1], thin[1]], GOLD)
    scene.shape([thin[0], slim[0], rim[0], centre, waist, small], GOLD_LIGHT, 0.9)
    scene.oval(centre, radius * flat, radius, GOLD_LIGHT, 1.0, turn)
    scene.oval(centre, radius * flat * 0.75, radius * 0.8, GOLD_DARK, 0.75, turn)


def _horn(scene: Scene) -> None:
    body = standing(scene)
    x, y = body.mouth
    centre = (-0.055, y + 0.2 - 0.015 * scene.level)
    _bell(
        scene,
        (centre[0] + 0.01, centre[1] + 0.05),
        (centre[0] - 0.115, centre[1] + 0.115),
        0.088,
        0.62,
    )
    for radius in (0.095, 0.068):
        ring = [
            (centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a))
            for a in np.linspace(0, 2 * math.pi, 33)
        ]
        scene.tube(ring, 0.018, GOLD, GOLD_LIGHT)
    scene.tube(
        [(x, y), (x + 0.03, y + 0.06), (centre[0] + 0.085, centre[1] - 0.045)],
        0.01,
        GOLD,
        GOLD_LIGHT,
    )
    for key in range(3):
        pressed = 0.012 * math.sin(9 * scene.pitch + 2.1 * key)
        scene.line(
            [
                (centre[0] + 0.02 * key, centre[1] + pressed),
                (centre[0] + 0.02 * key + 0.05, centre[1] - 0.03 + pressed),
            ],
            0.009,
            SILVER,
        )
    left = (centre[0] + 0.085, centre[1] - 0.055 + 0.11 * (1 - scene.pitch))
    arms(scene, body, (centre[0] - 0.1, centre[1] + 0.1), left)


def _trumpet(scene: Scene) -> None:
    body = standing(scene)
    x, y = body.mouth
    drop = 0.07 - 0.075 * scene.level
    end = (x - 0.3, y + drop)
    back, front = between((x, y), end, 0.22), between((x, y), end, 0.78)
    scene.tube([(x, y), front], 0.012, GOLD, GOLD_LIGHT)
    scene.tube(
        [(back[0], back[1] + 0.042), (front[0] + 0.03, front[1] + 0.042)], 0.011, GOLD, GOLD_LIGHT
    )
    for place in (back, (front[0] + 0.03, front[1])):
        scene.tube([place, (place[0], place[1] + 0.042)], 0.011, GOLD, GOLD_LIGHT)
    _bell(scene, between((x, y), end, 0.5), end, 0.058, 0.4)
    for valve in range(3):
        px, py = between((x, y), end, 0.36 + 0.085 * valve)
        pressed = 0.014 * (1 + math.sin(9 * scene.pitch + 2.1 * valve))
        scene.tube([(px, py - 0.03 + pressed * 0.4), (px, py + 0.06)], 0.018, SILVER, SILVER_LIGHT)
        scene.line([(px, py - 0.052 + pressed), (px, py - 0.03)], 0.008, SILVER)
    valves = between((x, y), end, 0.46 + 0.1 * (1 - scene.pitch))
    arms(scene, body, (valves[0], valves[1] - 0.03), (back[0] - 0.02, back[1] + 0.055))


def _trombone(scene: Scene) -> None:
    body = standing(scene)
    x, y = body.mouth
    slide = 0.2 + 0.19 * (1 - scene.pitch)
    drop = 0.09 - 0.06 * scene.level
    direction = (-0.96, 0.28 + drop)
    norm = math.hypot(*direction)
    ux, uy = direction[0] / norm, direction[1] / norm

    def along(distance: float, across: float = 0.0) -> Point:
        return x + ux * distance - uy * across, y + uy * distance + ux * across

    scene.tube([along(0), along(0.2)], 0.009, GOLD, GOLD_LIGHT)
    scene.tube([along(0.06, -0.044), along(0.2, -0.044)], 0.009, GOLD, GOLD_LIGHT)
    scene.tube(
        [along(0.12), along(slide), along(slide, -0.044), along(0.12, -0.044)],
        0.012,
        SILVER,
        SILVER_LIGHT,
    )
    scene.tube(
        [
            along(0.06, -0.044),
            along(-0.13, -0.044),
            along(-0.16, 0.0),
            along(-0.12, 0.05),
            along(0.02, 0.06),
        ],
        0.014,
        GOLD,
        GOLD_LIGHT,
    )
    _bell(scene, along(0.0, 0.06), along(0.17, 0.075), 0.066, 0.4)
    hand = along(min(slide - 0.03, 0.31), -0.022)
    arms(scene, body, hand, along(0.06, -0.02))


def _tuba(scene: Scene) -> None:
    body = seated(scene)
    x, y = body.mouth
    for inset, width in ((0.0, 0.052), (0.046, 0.032), (0.08, 0.022)):
        left, right, top, low = -0.13 + inset, 0.105 - inset, y + 0.085 + inset, -0.1 - inset
        round_box = [
            (
                (left + right) / 2 + (right - left) / 2 * _squared(math.cos(a)),
                (top + low) / 2 + (low - top) / 2 * _squared(math.sin(a)),
            )
            for a in np.linspace(0, 2 * math.pi, 41)
        ]
        scene.tube(round_box, width, GOLD, GOLD_LIGHT)
    _bell(scene, (0.105, y + 0.1), (0.155 + 0.01 * scene.level, body.head[1] - 0.15), 0.12, 0.34)
    scene.tube([(x, y), (x - 0.05, y + 0.02), (-0.09, y + 0.1)], 0.012, GOLD, GOLD_LIGHT)
    for valve in range(3):
        pressed = 0.013 * (1 + math.sin(9 * scene.pitch + 2.1 * valve))
        top = -0.36 + pressed
        scene.tube(
            [(-0.045 + 0.027 * valve, top), (-0.045 + 0.027 * valve, -0.24)],
            0.019,
            SILVER,
            SILVER_LIGHT,
        )
    arms(scene, body, (-0.05 + 0.075 * scene.pitch, -0.36), (0.12, -0.2))


def _squared(value: float) -> float:
    """Bend a circle's coordinate towards a square with round corners."""
    return math.copysign(abs(value) ** 0.6, value)


PLAYERS: dict[str, Callable[[Scene], None]] = {
    "bassoon": _bassoon,
    "cello": _cello,
    "clarinet": _clarinet,
    "double_bass": _double_bass,
    "flute": _flute,
    "horn": _horn,
    "oboe": _oboe,
    "sax": _sax,
    "trombone": _trombone,
    "trumpet": _trumpet,
    "tuba": _tuba,
    "viola": _viola,
    "violin": _violin,
}
