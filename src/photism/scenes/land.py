"""Places: skies, hills, trees, houses and rooms that scenes stand in.

A scene is the square from 0 to 100 with some room around it; x runs to the right and y down.
"""

from __future__ import annotations

from collections.abc import Sequence

from photism.orchestra.drawing.pen import Sheet, mix, polygon, shade, smooth
from photism.scenes.look import Chance, Daylight

LEFT, RIGHT, TOP, LOW = -20.0, 120.0, -20.0, 120.0
"""How far a scene is painted."""
WALLS = ("#c9b79c", "#9fb3b8", "#b9a3b4", "#d6c9a8", "#8fa68e", "#c48f7a", "#a7b6cf", "#7c8a9c")


def area(top: float, low: float) -> str:
    """Outline of everything between two heights."""
    return polygon(
        [complex(LEFT, top), complex(RIGHT, top), complex(RIGHT, low), complex(LEFT, low)]
    )


def draw_sky(
    sheet: Sheet, day: Daylight, chance: Chance, horizon: float, *, sun: bool = True
) -> None:
    """Sky down to the horizon, with sun or moon, clouds or stars."""
    paint = sheet.gradient(
        complex(0, -10), complex(0, horizon), (0, day.zenith, 1), (1, day.horizon, 1)
    )
    sheet.fill(area(TOP, horizon + 2), paint)
    place = complex(chance.within(8, 92), chance.within(6, horizon * 0.55))
    clouds = [chance.points(1, -5, 2, 105, horizon * 0.7)[0] for _ in range(3)]
    sizes = [chance.within(0.6, 1.5) for _ in clouds]
    if day.stars:
        for star in chance.points(40, LEFT, TOP, RIGHT, horizon - 8):
            sheet.oval(star, 0.28 + 0.28j, "#ffffff", opacity=0.8)
        sheet.oval(place, 5 + 5j, day.sun)
        sheet.oval(place + 1.8 - 1j, 4.4 + 4.4j, day.zenith)
        return
    if sun:
        sheet.oval(place, 22 + 22j, sheet.glow(0j, 22, (0, day.sun, 0.75), (1, day.sun, 0)))
        sheet.oval(place, 4.5 + 4.5j, day.sun, opacity=0.9)
    for at, size in zip(clouds, sizes, strict=True):
        draw_cloud(sheet, at, size, mix(day.horizon, "#ffffff", 0.7))


def draw_cloud(sheet: Sheet, at: complex, size: float, colour: str) -> None:
    """A heap of cloud, flat below."""
    lower = mix(colour, "#7f93ad", 0.35)
    for place, radii in ((-7 + 1j, 5 + 3j), (7 + 1j, 6 + 3.2j), (0 + 1.6j, 11 + 2.8j)):
        sheet.oval(at + size * place, size * radii, lower)
    for place, radii in ((-5 - 1j, 4.6 + 3.4j), (0.6 - 2.6j, 6 + 4.4j), (6.6 - 0.6j, 5 + 3j)):
        sheet.oval(at + size * place, size * radii, colour)


def draw_hills(
    sheet: Sheet, day: Daylight, chance: Chance, horizon: float, colours: Sequence[str]
) -> None:
    """Two rows of hills that fade with distance."""
    for share, rise in ((0.62, 9.0), (0.3, 5.0)):
        line = [complex(x, horizon - chance.within(0.15, 1) * rise) for x in range(-20, 121, 20)]
        colour = mix(chance.pick(colours), day.far, share)
        sheet.fill(smooth([*line, complex(RIGHT, LOW), complex(LEFT, LOW)], tension=0.8), colour)


def draw_ground(sheet: Sheet, day: Daylight, chance: Chance, horizon: float, colour: str) -> None:
    """A meadow or another ground with tufts, darker toward the viewer."""
    near, far = shade(colour, -0.25), mix(colour, day.far, 0.35)
    paint = sheet.gradient(complex(0, horizon), complex(0, 105), (0, far, 1), (1, near, 1))
    sheet.fill(area(horizon, LOW), paint)
    for tuft in chance.points(46, LEFT, horizon + 3, RIGHT, 112):
        size = 0.4 + 1.5 * (tuft.imag - horizon) / (100 - horizon)
        stroke = [tuft + size * p for p in (-1.3 - 1.2j, 0j, 0.2 - 1.9j)]
        sheet.line(
            polygon([*stroke, tuft, tuft + size * (1.4 - 1.1j)], closed=False),
            shade(colour, -0.3),
            0.35 * size + 0.15,
        )


def draw_tree(sheet: Sheet, foot: complex, height: float, leaf: str, kind: str) -> None:
    """A tree: `round`, `fir` or `trunk`, which is bare as far as one sees."""
    bark = "#57412f"
    if kind == "trunk":
        _draw_trunk(sheet, foot, height, leaf)
        return
    sheet.fill(polygon([foot + p * height for p in (-0.05, -0.03 - 0.5j, 0.03 - 0.5j, 0.05)]), bark)
    if kind == "fir":
        for level in range(4):
            low, wide = -0.16 - 0.2 * level, 0.27 - 0.055 * level
            points = [
                complex(-wide, low),
                complex(0, low - 0.34),
                complex(wide, low),
                complex(0, low + 0.04),
            ]
            sheet.fill(
                polygon([foot + height * p for p in points]), sheet.lit(shade(leaf, 0.06 * level))
            )
        return
    for place, radius in (
        (-0.17 - 0.5j, 0.2),
        (0.18 - 0.52j, 0.19),
        (0 - 0.72j, 0.25),
        (0.02 - 0.5j, 0.22),
    ):
        sheet.oval(foot + height * place, complex(radius, radius) * height, sheet.lit(leaf))


def _draw_trunk(sheet: Sheet, foot: complex, height: float, bark: str) -> None:
    """A trunk that reaches out of the picture."""
    wide = height * 0.07
    sides = [
        foot - wide * 1.5,
        foot - wide + complex(0, -height * 0.15),
        foot - wide * 0.8 + complex(0, -height),
    ]
    other = [
        foot + wide * 0.8 + complex(0, -height),
        foot + wide + complex(0, -height * 0.15),
        foot + wide * 1.5,
    ]
    sheet.fill(polygon([*sides, *other]), sheet.lit(bark))
    for part in (0.2, 0.45, 0.7):
        mark = [
            foot + complex(-wide * 0.3, -height * part),
            foot + complex(wide * 0.1, -height * part - 4),
        ]
        sheet.line(polygon(mark, closed=False), shade(bark, -0.4), 0.6, opacity=0.6)


def draw_house(
    sheet: Sheet, foot: complex, width: float, wall: str, roof: str, *, lit: bool
) -> None:
    """A house seen from the front; `lit` has light in its windows."""

    def at(x: float, y: float) -> complex:
        return foot + width * complex(x, y)

    sheet.fill(
        polygon([at(-0.5, 0), at(-0.5, -0.6), at(0.5, -0.6), at(0.5, 0)]), sheet.lit(wall, 0.5)
    )
    sheet.fill(
        polygon([at(-0.6, -0.58), at(-0.3, -1), at(0.3, -1), at(0.6, -0.58)]), sheet.lit(roof, 0.7)
    )
    pane = "#ffd67a" if lit else "#5d7384"
    for x in (-0.3, 0.3):
        sheet.fill(
            polygon(
                [at(x - 0.1, -0.22), at(x - 0.1, -0.46), at(x + 0.1, -0.46), at(x + 0.1, -0.22)]
            ),
            pane,
            edge="#efe9dc",
            width=width * 0.025,
        )
    sheet.fill(
        polygon([at(-0.09, 0), at(-0.09, -0.36), at(0.09, -0.36), at(0.09, 0)]), shade(roof, -0.3)
    )


def draw_room(sheet: Sheet, chance: Chance, floor: float) -> None:
    """A wall with paper or panels, a skirting board and a floor from `floor` down."""
    wall, pattern = chance.shade_of(WALLS), chance.pick(("plain", "stripes", "dots", "panels"))
    light = sheet.glow(complex(50, 30), 85, (0, shade(wall, 0.25), 1), (1, shade(wall, -0.25), 1))
    sheet.fill(area(TOP, LOW), light)
    mark, step = shade(wall, chance.within(-0.22, -0.1)), chance.within(7, 13)
    _draw_paper(sheet, pattern, mark, step, floor)
    boards = chance.pick(("#7a5233", "#9a7350", "#5f4a3a", "#b08d66"))
    if floor < LOW:
        sheet.fill(
            area(floor, LOW),
            sheet.gradient(
                complex(0, floor), complex(0, 105), (0, shade(boards, -0.2), 1), (1, boards, 1)
            ),
        )
        sheet.fill(area(floor - 2.4, floor), "#efe8da")


def _draw_paper(sheet: Sheet, pattern: str, mark: str, step: float, floor: float) -> None:
    """What is on a wall, every `step` of it."""
    count = int(140 / step)
    for column in range(count):
        x = LEFT + column * step
        if pattern == "stripes":
            sheet.line(
                polygon([complex(x, TOP), complex(x, floor)], closed=False),
                mark,
                step * 0.4,
                opacity=0.5,
                cap="butt",
            )
        elif pattern == "dots":
            for row in range(count):
                sheet.oval(
                    complex(x + step / 2 * (row % 2), TOP + row * step),
                    complex(1, 1) * step * 0.11,
                    mark,
                    opacity=0.8,
                )
        elif pattern == "panels" and column % 2 == 0:
            sheet.fill(
                polygon(
                    [
                        complex(x, floor - 34),
                        complex(x + step * 1.6, floor - 34),
                        complex(x + step * 1.6, floor - 5),
                        complex(x, floor - 5),
                    ]
                ),
                "none",
                edge=mark,
                width=0.8,
            )
