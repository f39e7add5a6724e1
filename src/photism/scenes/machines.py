"""A ticking clock, a helicopter and a chainsaw, each in its surroundings."""

from __future__ import annotations

import cmath
import math

from photism.orchestra.drawing.pen import Sheet, limb, mix, polygon, shade, smooth, tube
from photism.scenes.land import (
    LOW,
    area,
    draw_cloud,
    draw_ground,
    draw_hills,
    draw_room,
    draw_sky,
    draw_tree,
)
from photism.scenes.look import Chance, Viewpoint
from photism.scenes.placing import places
from photism.scenes.told import Told

CASES = ("#8a2f2f", "#2f5f8a", "#3a3a40", "#c9a24a", "#e6e2d8", "#5f7a4f", "#6b4630")
DIALS = ("#fbf8ee", "#f3ead2", "#e8f0f4", "#22242c")
HULLS = ("#c23a32", "#2f5fa8", "#e0b23a", "#4f6a4a", "#e8e8e6", "#d9762f", "#34495a")
SAWS = ("#e2661c", "#d0302a", "#3f7a3a", "#e0b51f")


def draw_clock_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """Clocks on the wall or on a shelf, a clock a tick."""
    draw_room(sheet, chance, LOW)
    alarm = chance.one_in(2.5)
    if alarm:
        board = chance.pick(("#7a5233", "#c9a77a", "#efe9dc"))
        sheet.fill(
            area(77, 83),
            sheet.gradient(77j, 83j, (0, shade(board, 0.2), 1), (1, shade(board, -0.3), 1)),
        )
        sheet.fill(area(83, 86), "#000010", opacity=0.25)
    clocks = [
        (
            chance.shade_of(CASES),
            chance.pick(DIALS),
            chance.within(0, 12),
            chance.one_in(2),
            chance.one_in(3),
        )
        for _ in range(3)
    ]
    for place, (case, dial, hour, numerals, square) in zip(
        places(told, 50, 1.18, 26, depth=0.8), clocks, strict=False
    ):
        clock = Sheet(sheet.light)
        _draw_clock(
            clock, case, dial, hour, numerals=numerals, square=square and not alarm, alarm=alarm
        )
        at = complex(place.at.real, 77 - 31 * place.scale) if alarm else place.at + 4j
        sheet.place(clock, at, 0, place.scale)


def _draw_clock(
    sheet: Sheet, case: str, dial: str, hour: float, *, numerals: bool, square: bool, alarm: bool
) -> None:
    """A clock around 0, of radius 27; `alarm` has bells and feet."""
    ink = "#1c1a20" if dial != "#22242c" else "#f2efe6"
    if alarm:
        for side in (-1, 1):
            sheet.fill(
                limb(complex(side * 13, 20), complex(side * 17, 29.5), 4, 2.6), shade(case, -0.25)
            )
            sheet.oval(complex(side * 15, -26), 9 + 7j, sheet.lit("#d8b24a"), turn_deg=side * 32)
        sheet.fill(limb(-30j, -24j, 3, 3), "#8a6a2a")
    else:
        sheet.oval(3 + 4j, 31 + 31j, sheet.glow(0j, 31, (0.8, "#000010", 0.4), (1, "#000010", 0)))
    if square:
        corners = [-26 - 26j, 26 - 26j, 26 + 26j, -26 + 26j]
        sheet.fill(polygon(corners), sheet.lit(case, 1.2))
    else:
        sheet.oval(0j, 27 + 27j, sheet.lit(case, 1.2))
        sheet.oval(0j, 25 + 25j, "none", edge=shade(case, 0.4), width=0.8)
    sheet.oval(0j, 22.4 + 22.4j, shade(case, -0.4))
    sheet.oval(
        0j,
        21.6 + 21.6j,
        sheet.glow(-6 - 8j, 42, (0, mix(dial, "#ffffff", 0.3), 1), (1, shade(dial, -0.18), 1)),
    )
    for mark in range(60 if numerals else 12):
        turn = cmath.rect(1, mark * 2 * math.pi / (60 if numerals else 12))
        long = not numerals or mark % 5 == 0
        sheet.line(
            polygon([20 * turn, (16.4 if long else 18.6) * turn], closed=False),
            ink,
            1.7 if long else 0.5,
            cap="butt",
        )
    for length, width, turns in ((11.5, 2.4, hour / 12), (17, 1.7, hour)):
        way = -1j * cmath.rect(1, 2 * math.pi * turns)
        sheet.line(polygon([-3 * way, length * way], closed=False), ink, width)
    second = -1j * cmath.rect(1, 2 * math.pi * hour * 7.3)
    sheet.line(polygon([-5 * second, 18.4 * second], closed=False), "#d0302a", 0.8)
    sheet.oval(0j, 1.9 + 1.9j, "#d0302a")
    sheet.fill(smooth([-16 - 8j, -9 - 16j, 2 - 19j, -6 - 12j, -12 - 4j]), "#ffffff", opacity=0.22)


def draw_helicopter_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """A helicopter in the air over land or sea, as large as it is loud."""
    horizon = chance.within(80, 92)
    draw_sky(sheet, view.day, chance, horizon, sun=chance.one_in(2))
    for at in chance.points(2, 0, 10, 100, 70):
        draw_cloud(sheet, at, chance.within(1.2, 2.2), mix(view.day.horizon, "#ffffff", 0.6))
    if chance.one_in(3):
        sheet.fill(
            area(horizon, LOW),
            sheet.gradient(complex(0, horizon), 110j, (0, "#5f9ab5", 1), (1, "#1f5a80", 1)),
        )
    else:
        draw_hills(sheet, view.day, chance, horizon, ("#5f7a4a", "#7d7a5a", "#4f6a6a"))
        draw_ground(sheet, view.day, chance, horizon, chance.shade_of(("#6f8f45", "#a89a5a")))
    hulls = [
        (
            chance.shade_of(HULLS),
            chance.pick(("#f2f0ea", "#1f2430", "#e0b23a")),
            chance.within(-9, 5),
            chance.one_in(2),
        )
        for _ in range(3)
    ]
    sweep = chance.within(0.3, 1)
    for place, (hull, stripe, pitch_deg, skids) in zip(
        places(told, 48, 0.98, 20, depth=1.3), hulls, strict=False
    ):
        craft = Sheet(sheet.light)
        _draw_helicopter(craft, hull, stripe, sweep, skids=skids)
        sheet.place(
            craft,
            place.at + 8 * place.scale,
            pitch_deg,
            place.scale * (0.35 + 0.65 * told.level) / (0.45 + 0.55 * told.level),
        )


def _draw_helicopter(sheet: Sheet, hull: str, stripe: str, sweep: float, *, skids: bool) -> None:
    """A helicopter around 0 that flies to the right, 78 long with its tail."""
    dark = shade(hull, -0.35)
    sheet.fill(
        smooth([-8 - 6j, -22 - 5j, -46 - 6j, -47 - 2.6j, -24 + 1j, -8 + 5j], tension=0.5),
        sheet.lit(hull),
    )
    sheet.fill(polygon([-42 - 5j, -51 - 17j, -46 - 17j, -38 - 5j]), sheet.lit(dark))
    sheet.oval(-48 - 15j, 8 + 8j, "#e8eef4", opacity=0.35)
    for turn in range(4):
        blade = cmath.rect(8, sweep + turn * math.pi / 2)
        sheet.line(polygon([-48 - 15j, -48 - 15j + blade], closed=False), "#23252c", 0.9)
    _draw_gear(sheet, skids=skids)
    body = [-16 - 4j, -10 - 11j, 6 - 13j, 19 - 9j, 27 + 1j, 25 + 8j, 12 + 12j, -6 + 11j, -15 + 5j]
    sheet.fill(smooth(body), sheet.lit(hull, 1.2))
    sheet.fill(
        smooth([-15 + 2j, 4 + 4j, 26 + 4j, 25 + 8j, 8 + 8j, -12 + 7j], tension=0.5),
        stripe,
        opacity=0.9,
    )
    glass = sheet.gradient(-12j, 4j, (0, "#d8f0ff", 1), (1, "#3f6a8a", 1))
    sheet.fill(smooth([9 - 11j, 19 - 7.6j, 25.4 + 1j, 17 + 2.6j, 9 + 2j], tension=0.7), glass)
    sheet.fill(polygon([-6 - 8j, 5 - 9j, 5 + 1.6j, -6 + 1j]), glass)
    sheet.line(polygon([-6 - 3.6j, 5 - 4j], closed=False), dark, 0.7)
    sheet.fill(polygon([-6 - 11j, -3 - 16j, 6 - 16j, 9 - 12j]), sheet.lit(dark))
    sheet.line(polygon([1.5 - 16j, 1.5 - 21j], closed=False), "#23252c", 2)
    sheet.oval(
        1.5 - 21j,
        46 + 4.4j,
        sheet.glow(0j, 46, (0, "#2a2e38", 0.75), (0.7, "#3a3f4a", 0.45), (1, "#4a4f5a", 0.2)),
    )
    across = 45 * math.cos(sweep)
    sheet.line(
        polygon([complex(1.5 - across, -21 - 1.6), complex(1.5 + across, -21 + 1.6)], closed=False),
        "#14161c",
        1.5,
    )


def _draw_gear(sheet: Sheet, *, skids: bool) -> None:
    """What a helicopter stands on: skids or wheels."""
    if skids:
        for x in (-6, 12):
            sheet.line(polygon([complex(x, 8), complex(x - 1, 19)], closed=False), "#2a2c34", 1.5)
        sheet.line(smooth([-18 + 19j, 18 + 19j, 24 + 16j], closed=False, tension=0.6), "#2a2c34", 2)
    else:
        for x in (-10, 16):
            sheet.line(polygon([complex(x, 8), complex(x, 15)], closed=False), "#2a2c34", 1.8)
            sheet.oval(complex(x, 16), 3.6 + 3.6j, "#23252c")
            sheet.oval(complex(x, 16), 1.3 + 1.3j, "#a8acb4")


def draw_chainsaw_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """A chainsaw in a log in the woods; it is near and throws chips as it is loud."""
    horizon = chance.within(40, 52)
    draw_sky(sheet, view.day, chance, horizon, sun=False)
    leaf, bark = (
        chance.shade_of(("#2f5a3a", "#4a6f35", "#3a5a4a", "#7a7a34")),
        chance.shade_of(("#6b4f38", "#8a6a4a", "#57483c", "#a39684")),
    )
    fir = chance.one_in(2)
    draw_ground(
        sheet, view.day, chance, horizon, chance.shade_of(("#6a5a35", "#5f6f35", "#7a6a45"))
    )
    for number, foot in enumerate(
        sorted(chance.points(11, -12, horizon, 112, horizon + 12), key=lambda p: p.imag)
    ):
        if number % 3 == 2:
            draw_tree(sheet, foot, 90, mix(bark, view.day.far, 0.25), "trunk")
        else:
            draw_tree(
                sheet,
                foot,
                chance.within(38, 62),
                mix(leaf, view.day.far, 0.5 - 0.04 * number),
                "fir" if fir else "round",
            )
    chips = chance.points(48, 0, -1, 1, 1)
    colours = [chance.shade_of(SAWS) for _ in range(3)]
    log = mix(bark, "#5a4030", 0.4)
    for place, colour in zip(places(told, 76, 1.04, 24), colours, strict=False):
        cut = Sheet(sheet.light)
        _draw_log(cut, log, 60 if told.events == 1 else 34)
        _draw_saw(cut, colour)
        _draw_chips(cut, chips, told.level)
        sheet.place(cut, place.at - 7 * place.scale, 0, place.scale)


def _draw_log(sheet: Sheet, bark: str, half: float) -> None:
    """A log that lies across, its end to the left; the saw cuts it at 0."""
    sheet.oval(complex(0, 19), complex(half + 8, 5), "#000010", opacity=0.35)
    sheet.fill(
        polygon(
            [
                complex(-half * 0.62, -10),
                complex(half + 40, -10),
                complex(half + 40, 17),
                complex(-half * 0.62, 17),
            ]
        ),
        sheet.gradient(
            -10j, 17j, (0, shade(bark, 0.25), 1), (0.5, bark, 1), (1, shade(bark, -0.5), 1)
        ),
    )
    for step in range(9):
        y, x = -8 + 2.7 * step, -half * 0.5 + 13 * (step % 4)
        sheet.line(
            smooth(
                [complex(x, y), complex(x + 14, y + 0.8), complex(x + 30, y - 0.4)], closed=False
            ),
            shade(bark, -0.35),
            0.7,
            opacity=0.7,
        )
    end = complex(-half * 0.62, 3.5)
    for radius, colour in (
        (1, "#e2bf86"),
        (0.74, "#cfa468"),
        (0.66, "#e2bf86"),
        (0.42, "#c99a5e"),
        (0.34, "#dcb67c"),
        (0.12, "#b5844a"),
    ):
        sheet.oval(end, complex(6.4, 13.6) * radius, colour)
    sheet.fill(polygon([-1.6 - 11j, 1.8 - 11j, 0.8 + 6j, -0.8 + 6j]), "#f0d39c")


def _draw_saw(sheet: Sheet, colour: str) -> None:
    """A chainsaw that comes from the upper right, its bar in the cut."""
    saw = Sheet(sheet.light)
    _draw_bar(saw)
    saw.fill(tube([8 - 8j, 6 - 18j, 16 - 21j, 25 - 15j, 25 - 8j], [3, 3.2, 3.4, 3.4, 3]), "#26282f")
    saw.fill(
        tube([22 - 4j, 36 - 9j, 43 - 3j, 40 + 7j, 26 + 9j], [4.4, 4.6, 4.8, 4.6, 4.4]), "#26282f"
    )
    body = [0 - 8j, 6 - 11.4j, 22 - 10.4j, 28 - 4j, 28 + 8j, 18 + 11j, 4 + 10.4j, -1 + 5j]
    saw.fill(smooth(body, tension=0.6), saw.lit(colour, 1.2))
    saw.fill(smooth([3 + 2j, 18 + 2.6j, 22 + 8j, 14 + 10j, 3 + 9j], tension=0.5), "#2b2d35")
    saw.oval(9 - 3.4j, 4.4 + 4.4j, shade(colour, -0.35))
    saw.oval(9 - 3.4j, 2.6 + 2.6j, "#d8dade")
    for slot in range(3):
        saw.line(
            polygon([complex(17 + 2.8 * slot, -6), complex(18 + 2.8 * slot, -0.5)], closed=False),
            shade(colour, -0.5),
            1,
        )
    for hand in (15 - 20.6j, 41 - 2j):
        saw.oval(hand, 5.4 + 4.4j, saw.lit("#c9a86a"))
        for finger in range(3):
            saw.line(
                polygon(
                    [
                        hand + complex(-2.6 + 2.4 * finger, -2.6),
                        hand + complex(-2 + 2.4 * finger, 2.4),
                    ],
                    closed=False,
                ),
                "#8a6f3f",
                0.7,
            )
    sheet.place(saw, 21 - 18j, -41)


def _draw_bar(saw: Sheet) -> None:
    """The bar and its chain."""
    bar = [-34 - 3.6j, -39 - 1.6j, -40.4 + 1j, -39 + 3.4j, -34 + 5j, 2 + 5.4j, 2 - 4j]
    saw.fill(smooth(bar, tension=0.4), "#22252c")
    saw.fill(
        smooth(
            [-34 - 1.8j, -37.6 - 0.4j, -38.4 + 1j, -37.6 + 2.2j, -34 + 3.2j, 2 + 3.4j, 2 - 2.2j],
            tension=0.4,
        ),
        saw.gradient(-3j, 4j, (0, "#f2f5f8", 1), (1, "#98a2ae", 1)),
    )
    for tooth in range(13):
        x = -34 + 2.8 * tooth
        saw.fill(
            polygon([complex(x, -3.4), complex(x + 0.6, -5.2), complex(x + 1.9, -3.6)]), "#22252c"
        )
        saw.fill(polygon([complex(x, 5), complex(x + 1.3, 6.7), complex(x + 1.9, 5)]), "#22252c")


def _draw_chips(sheet: Sheet, chips: list[complex], level: float) -> None:
    """Chips of wood that fly from the cut."""
    for chip in chips[: 8 + round(40 * level)]:
        reach = 6 + (10 + 22 * level) * chip.real
        at = complex(
            -1 - reach * (0.6 + 0.3 * chip.imag),
            4 + 12 * chip.real * chip.real * 1.2 - 9 * abs(chip.imag) * chip.real,
        )
        sheet.fill(polygon([at, at + 1.5 - 0.6j, at + 1.7 + 0.5j]), "#f3d79a")
    sheet.fill(polygon([-4 + 19j, 1 + 12j, 7 + 19j]), "#e6c684", opacity=0.9)
