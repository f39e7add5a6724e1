"""A crying baby and a person who sneezes."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace

import numpy as np

from photism.orchestra.drawing.head import draw_hair_behind, draw_head
from photism.orchestra.drawing.pen import Sheet, limb, polygon, shade, smooth
from photism.orchestra.look import SKINS, Look
from photism.scenes.land import LOW, TOP, area, draw_room
from photism.scenes.look import Chance, Viewpoint
from photism.scenes.placing import places
from photism.scenes.told import Told

CLOTHES = ("#e8b7c2", "#a9cfe0", "#f2dc9a", "#b9dcb0", "#cbb8e0", "#f0efe6", "#e89a7a")
BLANKETS = ("#7fa8c9", "#c98fa4", "#8fb58a", "#d9b56a", "#9a8fc0", "#c7cdd2")
CLOTHS = ("#ffffff", "#f4f1e6", "#e3eef6", "#f6dfe3")


def draw_baby_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """One baby or more on a blanket, seen from above, mouth wide with crying."""
    blanket = chance.shade_of(BLANKETS)
    _draw_blanket(sheet, chance, blanket)
    babies = [
        (chance.pick(SKINS), chance.shade_of(CLOTHES), chance.within(-14, 14), chance.within(0, 1))
        for _ in range(3)
    ]
    hair = [chance.pick(("#2a1c14", "#6e4325", "#d3a75f", "#17120f")) for _ in babies]
    for place, (skin, cloth, turn_deg, phase), locks in zip(
        places(told, 46, 1.15, 25, depth=0.9), babies, hair, strict=False
    ):
        baby = Sheet(sheet.light)
        _draw_baby(baby, skin, cloth, locks, told.level, phase)
        sheet.place(baby, place.at + 6j * (1 - told.level), turn_deg, place.scale)


def _draw_blanket(sheet: Sheet, chance: Chance, colour: str) -> None:
    sheet.fill(
        area(TOP, LOW),
        sheet.glow(50 + 45j, 90, (0, shade(colour, 0.25), 1), (1, shade(colour, -0.3), 1)),
    )
    pattern, step = chance.pick(("dots", "squares", "bars", "stars")), chance.within(12, 17)
    mark = shade(colour, 0.5 if chance.one_in(2) else -0.2)
    for row in range(int(140 / step) + 1):
        for column in range(int(140 / step) + 1):
            at = complex(-20 + step * (column + 0.5 * (row % 2)), -20 + step * row)
            if pattern == "dots":
                sheet.oval(at, complex(1, 1) * step * 0.14, mark, opacity=0.8)
            elif pattern == "stars":
                star = [
                    at + cmath.rect(step * (0.2, 0.09)[k % 2], k * math.pi / 5) for k in range(10)
                ]
                sheet.fill(polygon(star), mark, opacity=0.8)
            elif pattern == "squares":
                sheet.line(polygon([at, at + step], closed=False), mark, 0.7, opacity=0.7)
                sheet.line(polygon([at, at + step * 1j], closed=False), mark, 0.7, opacity=0.7)
        if pattern == "bars":
            y = -20 + step * row
            sheet.line(
                polygon([complex(-20, y), complex(120, y + 6)], closed=False),
                mark,
                step * 0.3,
                opacity=0.6,
            )
    fold = smooth([-20 + 96j, 20 + 90j, 55 + 97j, 90 + 91j, 120 + 96j, 120 + 120j, -20 + 120j])
    sheet.fill(
        fold, sheet.gradient(88j, 110j, (0, shade(colour, 0.35), 1), (1, shade(colour, -0.15), 1))
    )


def _draw_baby(sheet: Sheet, skin: str, cloth: str, hair: str, level: float, phase: float) -> None:
    """A baby from above, its head around 0."""
    shadow = sheet.glow(0j, 54, (0, "#101028", 0.45), (0.6, "#101028", 0.25), (1, "#101028", 0))
    sheet.oval(3 + 22j, 54 + 54j, shadow)
    lift = 6 + 10 * level
    for side in (-1, 1):
        raised = complex(side * (27 + 3 * phase), 8 - lift * (1 if side > 0 else phase))
        sheet.fill(limb(complex(side * 13, 26), raised, 13, 9), sheet.lit(cloth))
        sheet.oval(raised + complex(side * 3, -4), 5.4 + 5.4j, sheet.lit(skin))
        kick = complex(side * (18 + 5 * phase), 66 - 7 * phase * side)
        sheet.fill(limb(complex(side * 8, 48), kick, 15, 11), sheet.lit(cloth))
        sheet.oval(kick + complex(side * 2, 4), 5.6 + 6.4j, sheet.lit(shade(cloth, 0.3)))
    sheet.fill(
        smooth([-16 + 20j, 0 + 15j, 16 + 20j, 19 + 38j, 14 + 55j, 0 + 58j, -14 + 55j, -19 + 38j]),
        sheet.lit(cloth),
    )
    for y in (28, 36, 44):
        sheet.oval(complex(0, y), 1.2 + 1.2j, shade(cloth, -0.35))
    sheet.fill(smooth([-9 + 18j, 0 + 24j, 9 + 18j, 0 + 14j]), shade(cloth, 0.45))
    _draw_crying_face(sheet, skin, hair, level)


def _draw_crying_face(sheet: Sheet, skin: str, hair: str, level: float) -> None:
    dark = shade(skin, -0.35)
    for side in (-1, 1):
        sheet.oval(complex(side * 20.5, 1), 4 + 5j, sheet.lit(shade(skin, -0.08)))
    face = [
        -20 - 2j, -15 - 16j, 0 - 21j, 15 - 16j, 20 - 2j, 18 + 10j, 9 + 19j, 0 + 21j, -9 + 19j,
        -18 + 10j,
    ]  # fmt: skip
    sheet.fill(smooth(face), sheet.lit(skin, 0.8))
    sheet.fill(
        smooth([-15 - 15j, -6 - 21.4j, 6 - 21.4j, 15 - 15j, 5 - 16j, 1 - 12j, -5 - 16.4j]),
        hair,
        opacity=0.85,
    )
    _draw_shut_eyes(sheet, dark, level)
    sheet.oval(0 + 2.6j, 2.6 + 1.7j, shade(skin, -0.14))
    half, tall = 5 + 3.4 * level, 2.2 + 4.4 * level
    sheet.oval(0 + 11.4j, complex(half + 0.9, tall + 0.9), "#a8423e")
    sheet.oval(0 + 11.4j, complex(half, tall), "#5a141a")
    sheet.oval(complex(0, 11.4 + 0.45 * tall), complex(half * 0.66, tall * 0.48), "#e0747a")


def _draw_shut_eyes(sheet: Sheet, dark: str, level: float) -> None:
    """Eyes shut with crying, flushed cheeks, and tears when it is loud."""
    for side in (-1, 1):
        sheet.oval(complex(side * 13, 6), 5.6 + 4.4j, "#d8483a", opacity=0.2 + 0.25 * level)
        eye = [complex(side * x, y) for x, y in ((13, -3.4), (9, -1.2), (4.6, -3))]
        sheet.line(smooth(eye, closed=False), dark, 1.5)
        brow = [complex(side * x, y) for x, y in ((14.6, -8), (9, -10.4), (4, -7))]
        sheet.line(smooth(brow, closed=False), dark, 1.3, opacity=0.7)
        if level > 0.35:
            sheet.fill(
                smooth(
                    [
                        complex(side * 12, 0),
                        complex(side * 14.4, 5),
                        complex(side * 12.4, 8),
                        complex(side * 10.6, 5),
                    ]
                ),
                "#bfe4fb",
                opacity=0.9,
            )


def draw_sneeze_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """A person before a wall who sneezes into the air, a handkerchief at hand."""
    draw_room(sheet, chance, LOW)
    person = replace(Look.random(np.random.default_rng(view.seed)).person, eyes_open=False)
    cloth = chance.shade_of(
        ("#3f6b8a", "#8a4a4a", "#5f7a4a", "#6b5a8a", "#c99a5a", "#4a4f5a", "#b8b0a4")
    )
    tissue, count = chance.pick(CLOTHS), told.events
    drops = chance.points(54, -1, -1, 1, 1)
    scale = (1.35 + 0.75 * told.level) * (1, 0.92, 0.86)[count - 1]
    at = complex(33 - 2 * told.level, 47 + 9 * (1 - told.level))
    whole, head = Sheet(sheet.light), Sheet(sheet.light)
    draw_hair_behind(head, person)
    draw_head(head, person)
    shoulders = [-9 + 13j, -20 + 17j, -27 + 26j, -30 + 60j, 24 + 60j, 21 + 28j, 14 + 18j, 5 + 14j]
    whole.fill(
        smooth([-6 + 6j, 4 + 9j, 6 + 16j, -1 + 20j, -8 + 14j]), whole.lit(shade(person.skin, -0.2))
    )
    whole.fill(smooth(shoulders, tension=0.8), whole.lit(cloth))
    whole.line(smooth([-9 + 13.6j, -1 + 20j, 6 + 14.6j], closed=False), shade(cloth, 0.3), 1.6)
    whole.place(head, 2 * told.level + 1j * told.level, 6 + 12 * told.level)
    _draw_spray(whole, drops, told)
    _draw_handkerchief(whole, tissue, person.skin, cloth)
    sheet.place(whole, at, 0, scale)


def _draw_spray(sheet: Sheet, drops: list[complex], told: Told) -> None:
    """The cloud of the sneeze, a puff for each."""
    mouth, reach = 9.4 + 8j, 16 + 14 * told.level
    sheet.oval(7 + 7.4j, complex(1.5 + 0.5 * told.level, 1.2 + 1.2 * told.level), "#5a161c")
    for puff in range(told.events):
        way = cmath.rect(1, math.radians((4, -26, 34)[puff]))
        cone = [
            mouth,
            mouth + way * complex(reach, -0.38 * reach),
            mouth + way * (1.12 * reach),
            mouth + way * complex(reach, 0.38 * reach),
        ]
        paint = sheet.glow(
            mouth, reach * 1.15, (0, "#ffffff", 0.85), (0.6, "#e8f6ff", 0.5), (1, "#e8f6ff", 0)
        )
        sheet.fill(smooth(cone, tension=0.9), paint)
        for drop in drops[18 * puff : 18 * puff + 18]:
            far = 0.25 + 0.9 * abs(drop.real)
            at = mouth + way * reach * complex(far, 0.4 * far * drop.imag)
            sheet.oval(at, complex(1, 1) * (0.45 + 0.5 * abs(drop.imag)), "#f4fbff", opacity=0.9)


def _draw_handkerchief(sheet: Sheet, tissue: str, skin: str, cloth: str) -> None:
    """A hand that comes too late, with a handkerchief."""
    sheet.fill(limb(22 + 52j, 15 + 27j, 11, 7.6), sheet.lit(shade(cloth, -0.08)))
    sheet.fill(
        smooth([6 + 14j, 13 + 12.6j, 19 + 15j, 21 + 22j, 17 + 29j, 10 + 27j, 7 + 21j], tension=0.6),
        sheet.lit(tissue, 0.6),
    )
    sheet.line(polygon([11 + 14j, 13 + 21j, 11 + 26j], closed=False), shade(tissue, -0.2), 0.5)
    sheet.oval(15.4 + 24.6j, 4.6 + 3.8j, sheet.lit(skin), turn_deg=-20)
    for step in range(3):
        finger = complex(11.6, 22.4 + 2.3 * step)
        sheet.fill(limb(finger + 4, finger, 2.5, 2.1), sheet.lit(shade(skin, 0.04 * step)))
