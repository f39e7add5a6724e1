"""A barking dog and a crowing rooster, each in its surroundings."""

from __future__ import annotations

from photism.orchestra.drawing.pen import Sheet, mix, polygon, shade, smooth, tube
from photism.scenes.land import draw_ground, draw_hills, draw_house, draw_sky, draw_tree
from photism.scenes.look import Chance, Viewpoint
from photism.scenes.placing import draw_shadow, places
from photism.scenes.told import Told

COATS = ("#8a5a33", "#2b2523", "#c99a5b", "#efe6d8", "#5b3a26", "#9b8f86", "#b5652f")
FEATHERS = ("#a8401f", "#c8752c", "#7a2b1e", "#e6dccb", "#4a2a1f", "#d39a3f")
GRASS = ("#6f9a3f", "#86a04a", "#5c8a4e", "#9aa552")
INK = "#181311"


def draw_dog_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """One dog or more before a fence, bark by bark, as near as they are loud."""
    horizon = chance.within(46, 58)
    draw_sky(sheet, view.day, chance, horizon)
    draw_hills(sheet, view.day, chance, horizon, ("#5f8a5a", "#74935a", "#7d8f6a"))
    if chance.one_in(2):
        wall, roof = (
            chance.shade_of(("#e3d6bd", "#c9a58a", "#b8c2c4")),
            chance.shade_of(("#8a4a36", "#5f5550")),
        )
        draw_house(
            sheet,
            complex(chance.within(8, 92), horizon + 5),
            chance.within(24, 40),
            wall,
            roof,
            lit=view.day.stars,
        )
    else:
        for x in (chance.within(-5, 40), chance.within(60, 105)):
            draw_tree(
                sheet,
                complex(x, horizon + 4),
                chance.within(26, 44),
                chance.shade_of(("#4f7d3c", "#6b8f3d", "#3f6b45")),
                "round",
            )
    draw_ground(sheet, view.day, chance, horizon, chance.shade_of(GRASS))
    if chance.one_in(2):
        _draw_fence(sheet, horizon + 9, chance.pick(("#f1ece2", "#8d6a48", "#b9b2a6")))
    coats = [(chance.shade_of(COATS), chance.pick(COATS)) for _ in range(3)]
    kinds = [(chance.one_in(2), chance.one_in(2), chance.within(0.9, 1.15)) for _ in range(3)]
    collar = chance.pick(("#c22f35", "#2f62b5", "#e0b23a", "#3d8a56"))
    for place, (coat, patch), (pricked, patched, build) in zip(
        places(told, 88, 1.08, 23), coats, kinds, strict=False
    ):
        dog = Sheet(sheet.light)
        draw_shadow(dog, 0, 26)
        _draw_dog(dog, coat, patch if patched else coat, collar, told.level, pricked=pricked)
        sheet.place(dog, place.at - 4, 0, place.scale * build)


def _draw_fence(sheet: Sheet, top: float, colour: str) -> None:
    for y in (top + 3, top + 9):
        sheet.line(
            polygon([complex(-20, y), complex(120, y)], closed=False), shade(colour, -0.15), 1.4
        )
    for x in range(-18, 120, 7):
        board = [
            complex(x, top + 13),
            complex(x, top),
            complex(x + 1.6, top - 2),
            complex(x + 3.2, top),
            complex(x + 3.2, top + 13),
        ]
        sheet.fill(polygon(board), sheet.lit(colour, 0.6))


def _draw_dog(
    sheet: Sheet, coat: str, patch: str, collar: str, level: float, *, pricked: bool
) -> None:
    """A dog that barks to the right; it stands on 0, 45 high and 62 long."""
    _draw_dog_body(sheet, coat, patch)
    head = Sheet(sheet.light)
    _draw_dog_head(head, coat, patch, 0.35 + 0.65 * level, pricked=pricked)
    sheet.line(polygon([11.4 - 41.5j, 22.8 - 38.5j], closed=False), collar, 2.6)
    sheet.oval(20.4 - 36.4j, 1.5 + 1.5j, "#e8c65a")
    sheet.place(head, 24 - 51j, -14 - 10 * level)


def _draw_dog_body(sheet: Sheet, coat: str, patch: str) -> None:
    """Tail, legs, trunk and neck, the far legs first."""
    dark = shade(coat, -0.32)
    sheet.fill(
        tube([-22 - 31j, -30 - 37j, -34 - 47j, -31 - 53j], [6, 5, 3.8, 1.4]), sheet.lit(coat)
    )
    for top, knee, foot in ((-13 - 20j, -10 - 10j, -11 - 1.5j), (8 - 20j, 10 - 10j, 9 - 1.5j)):
        sheet.fill(tube([top, knee, foot], [8, 4.6, 3.8]), dark)
        sheet.oval(foot + 1.6 + 0.2j, 3.4 + 1.7j, dark)
    body = [
        -25 - 31j, -14 - 36j, 2 - 35.5j, 14 - 38j, 21 - 32j, 19.5 - 22j, 10 - 17j, -6 - 20j,
        -15 - 19j, -24 - 22j,
    ]  # fmt: skip
    sheet.fill(smooth(body), sheet.lit(coat))
    if patch != coat:
        sheet.fill(
            smooth([-14 - 35.6j, -2 - 35.4j, 2 - 29j, -5 - 25j, -14 - 27j]), sheet.lit(patch)
        )
    sheet.fill(
        smooth([17 - 33j, 21 - 30j, 19 - 21j, 10 - 17.4j, 13 - 24j]),
        mix(coat, "#fff3e0", 0.45),
        opacity=0.6,
    )
    haunch = [
        -26 - 30j, -14 - 30j, -12 - 20j, -17 - 13j, -21 - 9j, -20 - 2j, -24 - 2j, -25.5 - 11j,
        -27 - 20j,
    ]  # fmt: skip
    sheet.fill(smooth(haunch), sheet.lit(coat))
    sheet.oval(-20.5 - 1.6j, 4 + 1.9j, coat)
    sheet.fill(tube([14.5 - 28j, 15.5 - 15j, 15 - 2j], [9.5, 5.6, 4.4]), sheet.lit(coat))
    sheet.oval(17 - 1.6j, 4 + 1.9j, coat)
    sheet.fill(tube([11 - 33j, 17 - 41j, 22 - 49j], [17, 13, 11]), sheet.lit(coat))


def _draw_dog_head(sheet: Sheet, coat: str, patch: str, wide: float, *, pricked: bool) -> None:
    """The head, from its middle; the mouth is open as `wide` says, in [0, 1]."""
    dark = shade(patch, -0.3)
    if pricked:
        sheet.fill(polygon([-3 - 6j, 0.4 - 17j, 5 - 6j]), dark)
    _draw_dog_mouth(sheet, coat, wide)
    skull = [
        -9 - 3j, -5 - 8.4j, 2 - 8.8j, 6.4 - 5j, 14 - 3.6j, 19 - 2j, 19 + 2j, 13 + 3.4j, 5 + 4.4j,
        -2 + 8j, -8 + 5j,
    ]  # fmt: skip
    sheet.fill(smooth(skull), sheet.lit(coat))
    sheet.fill(polygon([14 + 2.8j, 15 + 5.6j, 16.4 + 2.5j]), "#fffaf0")
    sheet.oval(18.4 - 1.6j, 2.4 + 1.9j, INK)
    sheet.oval(4.6 - 3.6j, 1.5 + 1.6j, INK)
    sheet.oval(5.1 - 4.2j, 0.5 + 0.5j, "#ffffff")
    if pricked:
        sheet.fill(polygon([-8 - 5j, -7 - 16.6j, 0 - 7.6j]), sheet.lit(patch))
    else:
        sheet.fill(
            smooth([-3 - 8j, -8 - 7.4j, -12.6 + 1j, -11 + 9j, -6.4 + 9j, -2.6 + 1j]),
            sheet.lit(dark),
        )


def _draw_dog_mouth(sheet: Sheet, coat: str, wide: float) -> None:
    """Lower jaw and tongue."""
    jaw = [
        -1 + 4j,
        9 + (4 + 5 * wide) * 1j,
        15.5 + (4 + 8 * wide) * 1j,
        15 + (6.4 + 8.6 * wide) * 1j,
        6 + (8 + 4 * wide) * 1j,
        -3 + 8j,
    ]
    sheet.fill(
        polygon([2 + 2j, 17 + 2j, 15.4 + (4 + 8 * wide) * 1j, 4 + (6 + 3 * wide) * 1j]), "#6e1f24"
    )
    sheet.fill(smooth(jaw, tension=0.7), sheet.lit(shade(coat, -0.1)))
    tongue = [
        5 + (5 + 2 * wide) * 1j,
        12 + (3.4 + 5.6 * wide) * 1j,
        14.6 + (4.4 + 6.4 * wide) * 1j,
        9 + (6 + 5 * wide) * 1j,
    ]
    sheet.fill(smooth(tongue), "#e2787c")


def draw_rooster_scene(sheet: Sheet, view: Viewpoint, told: Told, chance: Chance) -> None:
    """A rooster on a fence, a roof or a dunghill, the sun behind it."""
    horizon = chance.within(60, 70)
    draw_sky(sheet, view.day, chance, horizon, sun=False)
    sun = complex(chance.within(20, 80), horizon - chance.within(6, 22))
    sheet.oval(
        sun,
        46 + 46j,
        sheet.glow(0j, 46, (0, "#ffd884", 0.95), (0.5, "#ffb765", 0.45), (1, "#ff9a5a", 0)),
    )
    sheet.oval(sun, 11 + 11j, "#fff2c0")
    draw_hills(sheet, view.day, chance, horizon, ("#8a7a4a", "#6f7f4a", "#a08a52"))
    if chance.one_in(2):
        draw_house(
            sheet, complex(chance.within(5, 95), horizon + 6), 26, "#a8402f", "#e8e0d2", lit=False
        )
    draw_ground(
        sheet, view.day, chance, horizon, chance.shade_of(("#b59a52", "#8f9a4a", "#a88a4e"))
    )
    wood, perch = (
        chance.shade_of(("#8a6238", "#6b4a30", "#a88a62")),
        chance.pick(("rail", "straw", "post")),
    )
    _draw_perch(sheet, perch, wood)
    birds = [
        (
            chance.shade_of(FEATHERS),
            chance.pick(("#163f38", "#1b2a4a", "#2a2320", "#3f5a3a")),
            chance.within(0.92, 1.1),
        )
        for _ in range(3)
    ]
    for place, (plumage, tail, build) in zip(
        places(told, 81, 1.12, 22, depth=0), birds, strict=False
    ):
        bird = Sheet(sheet.light)
        _draw_rooster(bird, plumage, tail, told.level)
        sheet.place(bird, place.at, 0, place.scale * build)


def _draw_perch(sheet: Sheet, kind: str, wood: str) -> None:
    """What roosters stand on, at 81."""
    if kind == "straw":
        sheet.fill(
            smooth([-20 + 110j, 8 + 90j, 30 + 80.5j, 70 + 80.5j, 92 + 89j, 120 + 110j]),
            sheet.lit("#d9b656"),
        )
        for x in range(4, 98, 5):
            y = 84 + 0.011 * (x - 50) ** 2
            sheet.line(
                polygon([complex(x, y), complex(x + 5, y + 5)], closed=False), "#a8842f", 0.6
            )
        return
    posts = (2, 50, 98) if kind == "rail" else range(-15, 120, 13)
    for x in posts:
        sheet.fill(
            polygon(
                [complex(x - 3, 84), complex(x + 3, 84), complex(x + 3, 120), complex(x - 3, 120)]
            ),
            sheet.lit(shade(wood, -0.12)),
        )
    sheet.fill(
        polygon([-20 + 81j, 120 + 81j, 120 + 87j, -20 + 87j]),
        sheet.gradient(81j, 87j, (0, shade(wood, 0.2), 1), (1, shade(wood, -0.3), 1)),
    )


def _draw_rooster(sheet: Sheet, plumage: str, tail: str, level: float) -> None:
    """A rooster that crows to the right; it stands on 0, up to 58 high."""
    for tip, bend, wide in (
        (-31 - 24j, -30 - 40j, 6),
        (-33 - 34j, -27 - 47j, 6),
        (-29 - 46j, -21 - 52j, 5.6),
        (-34 - 17j, -27 - 32j, 5),
    ):
        sheet.fill(
            tube([-10 - 24j, bend * 0.7 - 3, bend, tip], [7, wide + 1, wide, 0.8]), sheet.lit(tail)
        )
        sheet.line(
            smooth([-12 - 26j, bend * 0.75 - 3, bend], closed=False),
            shade(tail, 0.4),
            0.6,
            opacity=0.7,
        )
    _draw_rooster_body(sheet, plumage, tail)
    stretch = 0.5 + 0.5 * level
    head = complex(13 + 2 * stretch, -41 - 7 * stretch)
    sheet.fill(tube([6 - 26j, 11 - 33j, head], [20, 14, 8.4]), sheet.lit(shade(plumage, 0.2)))
    for step in range(4):
        lock = [complex(2 + 3.4 * step, -27 + 0.8 * step), complex(1.4 + 3.8 * step, -21 + step)]
        sheet.line(
            polygon([head + (-3 + 1.4 * step) + 4j, *lock], closed=False),
            shade(plumage, -0.25),
            0.5,
            opacity=0.7,
        )
    _draw_rooster_head(sheet, head, level)


def _draw_rooster_body(sheet: Sheet, plumage: str, tail: str) -> None:
    """Legs, trunk and wing."""
    for x in (-2, 4):
        sheet.line(polygon([complex(x, -12), complex(x + 0.6, 0)], closed=False), "#d9a032", 1.8)
        for toe in (-3.4 + 0.4j, 3.8 + 0.4j, 1.4 + 0.8j):
            sheet.line(
                polygon([complex(x + 0.6, -0.4), complex(x, 0) + toe], closed=False), "#d9a032", 1.3
            )
    body = [
        -16 - 27j, -8 - 27j, 2 - 29j, 12 - 33j, 15 - 25j, 11 - 14j, 2 - 9.5j, -8 - 11j,
        -15 - 18j,
    ]  # fmt: skip
    sheet.fill(smooth(body), sheet.lit(shade(plumage, -0.2)))
    wing = [-14 - 22j, -4 - 25.4j, 7 - 24j, 7 - 17j, -2 - 13.6j, -12 - 15j]
    sheet.fill(smooth(wing), sheet.lit(tail))
    for step in range(3):
        feather = [complex(-11 + 4.6 * step, -15.6 - step), complex(-4 + 4.4 * step, -19 - step)]
        sheet.line(polygon(feather, closed=False), shade(tail, 0.45), 0.7)


def _draw_rooster_head(sheet: Sheet, head: complex, level: float) -> None:
    red = sheet.lit("#d8232a")
    for lobe in (-4.4 - 4.6j, -1.8 - 7.4j, 1.4 - 8j, 4 - 6.2j):
        sheet.oval(head + lobe, 2.1 + 3.4j, red, turn_deg=-12)
    sheet.oval(head, 5.2 + 5j, red)
    gape = 1 + 3.6 * level
    sheet.fill(
        polygon([head + 3.6 - 2.4j, head + 12 - (2.5 + gape) * 1j, head + 4.4 + 0.4j]), "#e8b03a"
    )
    sheet.fill(
        polygon([head + 3.6 + 0.2j, head + 10.6 + 0.3j * gape, head + 3.4 + 2.8j]), "#c98d22"
    )
    sheet.fill(smooth([head + 3 + 3j, head + 5.6 + 8j, head + 2.4 + 10.6j, head + 0.4 + 5j]), red)
    sheet.oval(head + 0.6 - 0.8j, 1.5 + 1.5j, "#fff6d8")
    sheet.oval(head + 0.9 - 0.8j, 0.8 + 0.8j, INK)
