"""Rain, the sea and a fire: sounds of many small events, shown as how much of them there is."""

from __future__ import annotations

import math

from photism.orchestra.drawing.pen import Sheet, limb, mix, polygon, shade, smooth
from photism.scenes.land import (
    LEFT,
    LOW,
    RIGHT,
    TOP,
    area,
    draw_ground,
    draw_hills,
    draw_house,
    draw_sky,
    draw_tree,
)
from photism.scenes.look import NIGHT, Chance, Daylight, Viewpoint
from photism.scenes.told import Told

RAINY = (
    Daylight("#5d6c7a", "#a3b0b8", "#d5dde0", "#e6ecf0", "#93a1aa"),
    Daylight("#46525f", "#8795a0", "#c5ced4", "#cfd8e2", "#76848f"),
    Daylight("#2b3444", "#5a6678", "#a0acba", "#aab4cc", "#4d5868"),
)
UMBRELLAS = ("#c9303a", "#e0b23a", "#2f6ab5", "#3a8a5a", "#8a4a9a", "#22262e", "#e8772f")
WALLS = ("#8a6a5a", "#a39a8c", "#6f7a86", "#b59a7a", "#7d5f5a")


def draw_rain_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """A street or a lake in the rain, which falls as thick as it is loud."""
    day, horizon = RAINY[int(chance.within(0, 2.99))], chance.within(50, 60)
    sheet.fill(
        area(TOP, horizon + 2),
        sheet.gradient(-10j, complex(0, horizon), (0, day.zenith, 1), (1, day.horizon, 1)),
    )
    for at in chance.points(9, -10, -8, 110, 18):
        sheet.oval(
            at,
            complex(chance.within(14, 26), chance.within(7, 11)),
            mix(day.zenith, "#20262e", chance.within(0, 0.35)),
            opacity=0.7,
        )
    _draw_far_side(sheet, day, chance, horizon)
    wet = chance.shade_of(("#4a545e", "#57606a", "#3f5560"))
    sheet.fill(
        area(horizon, LOW),
        sheet.gradient(
            complex(0, horizon), 110j, (0, mix(wet, day.horizon, 0.6), 1), (1, shade(wet, -0.2), 1)
        ),
    )
    _draw_puddles(sheet, day, chance, told, horizon)
    if not chance.one_in(4):
        _draw_umbrella(
            sheet,
            complex(chance.within(28, 72), chance.within(82, 94)),
            chance.within(0.85, 1.25),
            chance.shade_of(UMBRELLAS),
            chance.pick(("#3a4452", "#5a4a44", "#2a2c34")),
        )
    _draw_drops(sheet, chance, told)


def _draw_far_side(sheet: Sheet, day: Daylight, chance: Chance, horizon: float) -> None:
    """Houses, or hills with trees."""
    if chance.one_in(2):
        for x in range(-12, 120, 22):
            wall, roof = (
                mix(chance.shade_of(WALLS), day.far, 0.3),
                mix(chance.pick(("#5a3a34", "#4a4a50")), day.far, 0.2),
            )
            draw_house(
                sheet,
                complex(x + chance.within(-3, 3), horizon + 2),
                chance.within(20, 27),
                wall,
                roof,
                lit=chance.one_in(2),
            )
    else:
        draw_hills(sheet, day, chance, horizon, ("#4f6a5a", "#5a6f60"))
        for foot in chance.points(5, -5, horizon, 105, horizon + 4):
            draw_tree(
                sheet,
                foot,
                chance.within(20, 36),
                mix(chance.shade_of(("#3f5f45", "#55703f")), day.far, 0.3),
                chance.pick(("fir", "round")),
            )


def _draw_puddles(sheet: Sheet, day: Daylight, chance: Chance, told: Told, horizon: float) -> None:
    """Gloss on the ground, and the rings that drops make."""
    for at in chance.points(7, -10, horizon + 4, 110, 108):
        deep = (at.imag - horizon) / 45
        sheet.oval(
            at,
            complex(10 + 16 * deep, 0.8 + 2.6 * deep),
            mix(day.horizon, "#ffffff", 0.25),
            opacity=0.35,
        )
    for at in chance.points(60, -5, horizon + 3, 105, 104)[: 10 + round(50 * told.level)]:
        deep = 0.3 + 1.3 * (at.imag - horizon) / 45
        sheet.oval(
            at, complex(2.6, 0.8) * deep, "none", edge="#e6f0f6", width=0.35 * deep, opacity=0.8
        )
        for lean in (-0.7, 0, 0.7):
            sheet.line(
                polygon([at, at + deep * complex(lean, -1.8)], closed=False),
                "#f2f8fc",
                0.3,
                opacity=0.8,
            )


def _draw_umbrella(sheet: Sheet, foot: complex, scale: float, colour: str, coat: str) -> None:
    """Somebody who walks under an umbrella, seen from behind."""
    person = Sheet(sheet.light)
    person.oval(0j, 12 + 2j, "#0a0f18", opacity=0.4)
    for x in (-3, 3):
        person.fill(limb(complex(x, -12), complex(x * 1.3, -1), 4.4, 3), "#22252e")
        person.oval(complex(x * 1.3, -0.8), 2.6 + 1.3j, "#15161c")
    person.fill(
        smooth([-7 - 30j, 0 - 33j, 7 - 30j, 9 - 12j, 0 - 9j, -9 - 12j], tension=0.8),
        person.lit(coat),
    )
    person.oval(0 - 36j, 4.4 + 5j, person.lit("#3a2a22"))
    person.line(polygon([4 - 26j, 4 - 56j], closed=False), "#20222a", 0.9)
    dome = [-23 - 41j, -20 - 50j, -10 - 57j, 1 - 59j, 12 - 57j, 22 - 50j, 25 - 41j]
    edge = [17 - 43.4j, 9 - 41j, 1 - 43.4j, -7 - 41j, -15 - 43.4j]
    person.fill(polygon([*dome, *edge]), person.lit(colour, 1.2))
    for low in (9 - 41j, -7 - 41j):
        person.line(
            smooth([1 - 59j, (low + 1 - 59j) / 2 + (low.real - 1) * 0.25, low], closed=False),
            shade(colour, -0.35),
            0.6,
        )
    person.line(polygon([1 - 59j, 1 - 62j], closed=False), "#20222a", 1)
    sheet.place(person, foot, 0, scale)


def _draw_drops(sheet: Sheet, chance: Chance, told: Told) -> None:
    """Rain in three depths."""
    slant = chance.within(-0.3, 0.3)
    for length, width, most in ((5, 0.25, 150), (8, 0.45, 110), (13, 0.75, 60)):
        for at in chance.points(most, LEFT, TOP, RIGHT, 104)[
            : round(most * (0.22 + 0.78 * told.level))
        ]:
            sheet.line(
                polygon([at, at + length * complex(slant, 1)], closed=False),
                "#dcebf5",
                width,
                opacity=0.6,
            )


def draw_sea_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """The sea on a beach; its waves are as high as they are loud."""
    day, horizon = view.day, chance.within(34, 44)
    draw_sky(sheet, day, chance, horizon)
    deep, pale = (
        chance.shade_of(("#1f5f8a", "#23708f", "#2a5a94", "#1f6f7a")),
        chance.shade_of(("#5fb5b8", "#6ab8d0", "#7ac0b0")),
    )
    deep, pale = mix(deep, day.far, 0.15), mix(pale, day.far, 0.15)
    sheet.fill(
        area(horizon, LOW), sheet.gradient(complex(0, horizon), 80j, (0, deep, 1), (1, pale, 1))
    )
    for at in chance.points(30, LEFT, horizon + 1, RIGHT, horizon + 14):
        sheet.line(
            polygon([at, at + chance.within(2, 7)], closed=False),
            mix(day.horizon, "#ffffff", 0.5),
            0.35,
            opacity=0.6,
        )
    _draw_far_out(sheet, chance, horizon)
    for row in range(4):
        _draw_wave(
            sheet,
            chance,
            horizon + 8 + 10 * row,
            (0.45 + 0.2 * row) * (1 + 9 * told.level),
            mix(deep, pale, 0.2 + 0.22 * row),
            0.3 + 0.25 * row,
        )
    _draw_beach(sheet, chance, told)


def _draw_far_out(sheet: Sheet, chance: Chance, horizon: float) -> None:
    """A sail or a rock, or both, or nothing."""
    if chance.one_in(2.5):
        _draw_sail(
            sheet,
            complex(chance.within(12, 88), horizon + 2),
            chance.within(0.7, 1.2),
            chance.pick(("#ffffff", "#f2d9b0", "#d8413a")),
        )
    if chance.one_in(2.5):
        rock, foot = (
            chance.shade_of(("#5a5450", "#6b5f58")),
            complex(2 if chance.one_in(2) else 96, horizon + 7),
        )
        sheet.fill(
            smooth(
                [foot + p for p in (-18 + 1j, -13 - 13j, -3 - 19j, 6 - 11j, 15 - 8j, 20 + 2j)],
                tension=0.7,
            ),
            sheet.lit(rock),
        )


def _draw_sail(sheet: Sheet, foot: complex, size: float, colour: str) -> None:
    sheet.fill(polygon([foot + size * p for p in (-6 - 1j, 6 - 1j, 4 + 1j, -4 + 1j)]), "#3a2f2a")
    sheet.fill(polygon([foot + size * p for p in (-0.4 - 1.6j, -0.4 - 15j, 5.4 - 2j)]), colour)
    sheet.fill(
        polygon([foot + size * p for p in (-1 - 1.6j, -1 - 12j, -5 - 2j)]), shade(colour, -0.12)
    )


def _draw_wave(
    sheet: Sheet, chance: Chance, y: float, height: float, colour: str, foam: float
) -> None:
    """One row of breakers, foam on their crests."""
    start, step = chance.within(-60, -24), chance.within(30, 52)
    crest, x = [complex(LEFT - 20, y + 4)], start
    while x < RIGHT + 30:
        rise = height * chance.within(0.6, 1)
        crest += [
            complex(x, y + 1),
            complex(x + step * 0.5, y - rise * 0.75),
            complex(x + step * 0.74, y - rise),
            complex(x + step * 0.9, y - rise * 0.35),
        ]
        x += step
    body = smooth([*crest, complex(RIGHT + 60, y + 30), complex(LEFT - 20, y + 30)], tension=0.9)
    paint = sheet.gradient(
        complex(0, y - height),
        complex(0, y + 12),
        (0, shade(colour, 0.35), 1),
        (0.5, colour, 1),
        (1, shade(colour, -0.22), 1),
    )
    sheet.fill(body, paint)
    sheet.line(
        smooth(crest, closed=False, tension=0.9),
        "#ffffff",
        0.45 + 0.1 * height * (0.5 + foam),
        opacity=0.92,
    )
    for number in range(3, len(crest), 4):
        for spot in range(3):
            at = crest[number] + complex(1.5 - 2.2 * spot, -0.25 * height + 0.7 * spot)
            sheet.oval(at, complex(1, 0.8) * (0.4 + 0.11 * height), "#ffffff", opacity=0.9)


def _draw_beach(sheet: Sheet, chance: Chance, told: Told) -> None:
    """Wet and dry sand, and the foam that runs up on it."""
    sand = chance.shade_of(("#e3cc98", "#d6b98a", "#efe0ba", "#b5a68c"))
    edge = [complex(x, 84 - 5 * told.level + chance.within(-2, 2)) for x in range(-20, 121, 20)]
    for drop, colour in ((0, "#ffffff"), (2.6, shade(sand, -0.3)), (8, sand)):
        line = [p + 1j * drop * (0.7 + 0.3 * math.sin(p.real / 17)) for p in edge]
        sheet.fill(smooth([*line, complex(RIGHT, LOW), complex(LEFT, LOW)], tension=0.8), colour)
    for at in chance.points(26, LEFT, 95, RIGHT, 108):
        sheet.oval(at, 0.7 + 0.35j, shade(sand, -0.25), opacity=0.7)
    if chance.one_in(2):
        shell = complex(chance.within(15, 85), chance.within(95, 99))
        for ray in range(5):
            sheet.fill(
                limb(
                    shell,
                    shell
                    + complex(2.4 * math.cos(0.5 + 0.55 * ray), -2.4 * math.sin(0.5 + 0.55 * ray)),
                    0.5,
                    1.1,
                ),
                "#f3b8a0",
            )


def draw_fire_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """A fire at night or in a hearth: flames as high as it is loud, sparks as it crackles."""
    if chance.one_in(3):
        _draw_hearth(sheet, chance)
    else:
        _draw_night(sheet, chance)
    size = 0.5 + 0.62 * told.level
    middle = complex(50 + chance.within(-3, 3), 84)
    reach = 62 * (0.55 + 0.45 * size)
    glow = sheet.glow(0j, reach, (0, "#ff9a2e", 0.75), (0.45, "#ff6a1a", 0.35), (1, "#ff5a10", 0))
    sheet.oval(middle - 16j * size, complex(reach, reach), glow)
    logs = Sheet(sheet.light)
    bark = chance.shade_of(("#5a3a26", "#46342a", "#6b4a30"))
    for turn in (13, -14, 4):
        log = Sheet(sheet.light)
        log.fill(
            limb(-24 + 0j, 24 + 0j, 7.4, 7),
            log.gradient(-4j, 4j, (0, "#d9722a", 1), (0.35, bark, 1), (1, shade(bark, -0.6), 1)),
        )
        log.oval(24 + 0j, 2.4 + 3.4j, "#e0a860")
        log.oval(24 + 0j, 1.2 + 1.8j, "#b5783a")
        logs.place(log, 0j, turn)
    sheet.place(logs, middle + 2j)
    _draw_flames(sheet, chance, middle, size)
    for spark in chance.points(82, -1, 0, 1, 1)[: 26 * told.events - 16]:
        up = 26 * size + 52 * spark.imag
        at = middle + complex(spark.real * (9 + 0.42 * up), -up)
        sheet.oval(at, complex(1, 1) * (1.3 - 0.6 * spark.imag), "#ffd27a", opacity=0.95)
    if chance.one_in(2):
        for stone in range(-5, 6):
            at = middle + complex(6.4 * stone, 8.6 - 0.1 * stone * stone)
            sheet.oval(
                at, 3.9 + 2.9j, sheet.lit(chance.shade_of(("#6a6660", "#857c74", "#55504e")))
            )


def _draw_flames(sheet: Sheet, chance: Chance, middle: complex, size: float) -> None:
    """Tongues of flame in three colours, one in the other."""
    tongues = [
        (
            chance.within(-3, 3) + 9.5 * k,
            chance.within(0.7, 1) * (1.15 - 0.2 * abs(k)),
            chance.within(-7, 7),
        )
        for k in (-2, 2, -1, 1, 0)
    ]
    for share, colour in ((1.0, "#f2541b"), (0.74, "#ff9a26"), (0.45, "#ffe27a")):
        for x, tall, lean in tongues:
            height, wide = 58 * size * tall * share, 8.4 * (0.5 + 0.5 * share) * (0.7 + 0.4 * size)
            foot = middle + complex(x * (0.7 + 0.3 * size), 1)
            flame = [
                foot + p
                for p in (
                    complex(-wide * 0.6, 0),
                    complex(-wide, -height * 0.24),
                    complex(-wide * 0.4 + lean * 0.2, -height * 0.55),
                    complex(lean, -height),
                    complex(wide * 0.55 + lean * 0.5, -height * 0.6),
                    complex(wide, -height * 0.26),
                    complex(wide * 0.6, 0),
                )
            ]
            sheet.fill(smooth(flame, tension=0.9), colour, opacity=0.9)


def _draw_hearth(sheet: Sheet, chance: Chance) -> None:
    """A fireplace of bricks."""
    brick, joint = chance.shade_of(("#8a4a3a", "#7a5a4a", "#6a6664", "#a0694f")), "#3a2a26"
    sheet.fill(area(TOP, LOW), shade(joint, 0.1))
    for row in range(20):
        for column in range(11):
            at = complex(-20 + 14 * column + 7 * (row % 2), -20 + 7 * row)
            colour = shade(brick, chance.within(-0.18, 0.12))
            sheet.fill(polygon([at, at + 13, at + 13 + 6.2j, at + 6.2j]), colour)
    sheet.fill(
        smooth([9 + 120j, 9 + 50j, 22 + 26j, 50 + 18j, 78 + 26j, 91 + 50j, 91 + 120j], tension=0.8),
        "#120c0c",
    )
    sheet.fill(area(90, LOW), "#2a2220")


def _draw_night(sheet: Sheet, chance: Chance) -> None:
    """A clearing in the woods or a beach at night."""
    horizon = chance.within(58, 68)
    draw_sky(sheet, NIGHT, chance, horizon)
    if chance.one_in(3):
        sheet.fill(area(horizon - 4, horizon + 3), "#16284f")
        draw_ground(sheet, NIGHT, chance, horizon, "#5a4f48")
        return
    kind = chance.pick(("fir", "round", "trunk"))
    for foot in sorted(chance.points(10, -12, horizon - 2, 112, horizon + 4), key=lambda p: p.imag):
        draw_tree(sheet, foot, chance.within(34, 60), "#12202c", kind)
    draw_ground(sheet, NIGHT, chance, horizon, chance.shade_of(("#2f3a2a", "#3a3326")))
