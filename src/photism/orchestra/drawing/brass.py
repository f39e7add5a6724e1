"""Horn, trumpet, trombone and tuba: x to the right and y down from the mouthpiece at 0."""

from __future__ import annotations

import functools

from photism.orchestra.drawing.body import Hand, Joints
from photism.orchestra.drawing.hold import (
    Frame,
    Gesture,
    Grip,
    Layers,
    Placing,
    Playing,
    between,
)
from photism.orchestra.drawing.pen import Sheet, polygon, smooth, tube

DARK, BRASS, BRIGHT = "#70450f", "#dba53d", "#fff0b4"
ROSE, ROSE_DARK = "#cf8f45", "#5e300f"
STEEL = "#d8dde4"
HORN_SHEEN = ((0, "#ffe0a0", 1), (0.3, ROSE, 1), (0.8, "#7c4719", 1), (1, "#c88a44", 1))
HORN_THROAT = ((0, "#160903", 1), (0.7, "#5c3211", 1), (1, "#b97c38", 1))
TUBA_THROAT = ((0, "#2e1804", 1), (0.6, "#7a4d16", 1), (1, "#d9a440", 1))
TUBA_SHEEN = (
    (0, "#f7d98a", 1), (0.3, BRASS, 1), (0.5, "#fff0b0", 1), (0.62, "#e9b748", 1),
    (0.82, "#a06a1e", 1), (1, "#e2b254", 1),
)  # fmt: skip
SHEEN = ((0, "#fff3b8", 1), (0.3, "#e6b246", 1), (0.75, "#9c651a", 1), (1, "#dcab4c", 1))


def _pipe(sheet: Sheet, outline: str, width: float, paint: str = BRASS, edge: str = DARK) -> None:
    """Draw a bent pipe with an edge and a bright line along it."""
    sheet.line(outline, edge, width + 0.7)
    sheet.line(outline, paint, width)
    sheet.line(outline, BRIGHT, width * 0.28, opacity=0.85)


def _valve(sheet: Sheet, x: float, top: float, bottom: float, wide: float) -> None:
    """Draw the casing of a piston valve, its stem and its button."""
    left, right = complex(x - wide / 2), complex(x + wide / 2)
    casing = [left + 1j * top, right + 1j * top, right + 1j * bottom, left + 1j * bottom]
    sheet.fill(polygon(casing), sheet.gradient(left, right, *SHEEN), edge=DARK, width=0.4)
    sheet.line(polygon([complex(x, top), complex(x, top - 2)], closed=False), STEEL, 0.9)
    sheet.oval(complex(x, top - 2.4), 1.4 + 0.8j, "#f6efe2")


def _mouthpiece(sheet: Sheet, size: float) -> None:
    """Draw a cup with its shank, the rim at 0."""
    upper = [0 - 1.3j, 1.4 - 1.1j, 3.6 - 0.5j]
    outline = upper + [p.conjugate() for p in reversed(upper)]
    sheet.fill(polygon([p * size for p in outline]), STEEL)


def _press(tops: list[complex], down: complex, pitch: float) -> list[complex]:
    """Push valves: each is up and down once or more over the range, as fingerings go."""
    amounts = [0.5 - 0.5 * _wave(pitch * (i + 1) * 0.5) for i in range(len(tops))]
    return [top + down * amount for top, amount in zip(tops, amounts, strict=True)]


def _wave(turns: float) -> float:
    """A smooth triangle wave: -1 at whole turns, 1 between them."""
    t = turns % 1.0
    s = 2 * min(t, 1 - t)
    return 2 * s * s * (3 - 2 * s) - 1


@functools.cache
def _trumpet_art() -> Sheet:
    sheet = Sheet()
    loop = "M14 0L41 0A4 4 0 0 1 41 8L14 8A4 4 0 0 1 14 0Z"
    _pipe(sheet, loop, 1.7)
    _pipe(sheet, polygon([2.5 + 0j, 30 + 0j], closed=False), 1.5)
    bell = tube([28 + 0j, 40 + 0j, 46 + 0j, 50 + 0j, 52.6 + 0j], [2.2, 3.2, 5.4, 9.4, 14.5])
    sheet.fill(bell, sheet.gradient(-7j, 7j, *SHEEN), edge=DARK, width=0.45)
    sheet.oval(52.6 + 0j, 1.7 + 7.3j, "#8a5a1a", edge=BRIGHT, width=0.7)
    _mouthpiece(sheet, 1.0)
    for x in (21, 24.6, 28.2):
        _valve(sheet, x, -3, 12, 2.9)
    return sheet


def _trumpet(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Forward, three valves, the right hand on them."""
    play = Placing(pose.mouth, between(27, -7, moment.pitch), 1.12)
    placing = Placing(24 - 66j, 44, 1.12).toward(play, moment.playing)
    placing.put(layers.front, _trumpet_art())
    tops = _press([21 - 6.4j, 24.6 - 6.4j, 28.2 - 6.4j], 2.2j, moment.pitch)
    near = Hand(placing(14.5 + 5j), placing.all([*tops, 32 - 3j]), placing(20 + 3j))
    far = Hand(placing(25 + 16j), placing.all([19.4 + 6j, 22.8 + 7j, 26.4 + 7j, 30 + 6j]))
    return Grip(near, far)


@functools.cache
def _trombone_bell_art() -> Sheet:
    sheet = Sheet()
    bow = smooth([10 + 2j, -16 + 2j, -22.5 - 3j, -16 - 8j, 8 - 8j, 20 - 8j], closed=False)
    _pipe(sheet, bow, 2.0)
    bell = tube([14 - 8j, 26 - 8j, 33 - 8j, 38 - 8j, 41 - 8j], [2.6, 4.2, 8, 14, 20])
    sheet.fill(bell, sheet.gradient(-18j, 2j, *SHEEN), edge=DARK, width=0.5)
    sheet.oval(41 - 8j, 2.8 + 10.2j, "#7d4f14", edge=BRIGHT, width=0.9)
    sheet.line(polygon([4 - 8j, 4 + 2j], closed=False), DARK, 1.2)
    return sheet


def _slide(out: float) -> Sheet:
    """Draw mouthpiece and slide, `out` centimetres beyond its first position."""
    sheet = Sheet()
    for y in (0.0, 5.4):
        inner = polygon([complex(3, y), complex(20 + out, y)], closed=False)
        _pipe(sheet, inner, 1.1, STEEL, "#6d7480")
    near, far = 19 + out, 50 + out
    _pipe(sheet, f"M{near:.2f} 0L{far:.2f} 0A2.7 2.7 0 0 1 {far:.2f} 5.4L{near:.2f} 5.4", 1.7)
    for x in (6.0, near):
        sheet.line(polygon([complex(x, 0), complex(x, 5.4)], closed=False), DARK, 1.4)
    _mouthpiece(sheet, 1.3)
    return sheet


def _trombone(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """The bell beside the head, the slide forward: the lower the longer."""
    play = Placing(pose.mouth, between(27, 17, moment.pitch), 0.95)
    placing = Placing(10 - 84j, 48, 0.95).toward(play, moment.playing)
    placing.put(layers.back, _trombone_bell_art())
    out = between(30, 0, moment.pitch)
    placing.put(layers.front, _slide(out))
    at = 19 + out
    tips = placing.all([complex(at - 1 + 1.2 * i, 1 + 1.2 * i) for i in range(4)])
    near = Hand(placing(complex(at - 4, 10.5)), tips, placing(complex(at - 2.5, 2)))
    far = Hand(placing(11 + 12j), placing.all([6.4 + 1j, 8 + 1.8j, 9.4 + 3.2j, 10.2 + 5j]))
    return Grip(near, far)


@functools.cache
def _horn_art() -> Sheet:
    sheet = Sheet()
    pipe = smooth([0j, 8 + 1.5j, 16 + 5j, 20 + 10j], closed=False)
    _pipe(sheet, pipe, 1.3, ROSE, ROSE_DARK)
    for radius, width in ((14.5, 3.0), (11.2, 2.2), (7.6, 1.9)):
        ring = _circle(20 + 22j + (14.5 - radius) * (0.25 - 0.1j), radius)
        _pipe(sheet, ring, width, ROSE, ROSE_DARK)
    for arc in ("M12 18Q20 26 29 17", "M13 27Q20 18 28 28", "M16 14Q22 22 16 31"):
        _pipe(sheet, arc, 1.5, ROSE, ROSE_DARK)
    for spot in (16.5 + 19j, 21 + 21.5j, 25.4 + 24.5j):
        sheet.oval(spot, 2.2 + 2.2j, STEEL, edge="#5c6470", width=0.5)
        sheet.oval(spot - 0.4 - 0.4j, 0.9 + 0.9j, "#ffffff")
    throat = [34.4 + 22j, 33.6 + 29j, 28 + 35.5j, 19 + 38.6j, 10 + 40.6j, 3 + 42.2j, -2 + 43.2j]
    paint = sheet.gradient(10 + 30j, 12 + 54j, *HORN_SHEEN)
    sheet.fill(tube(throat, [3.2, 4, 5.2, 7.5, 12, 19, 28]), paint, edge=ROSE_DARK, width=0.5)
    inside = sheet.glow(2j, 14, *HORN_THROAT)
    sheet.oval(-2 + 43.4j, 6.6 + 15.4j, inside, turn_deg=13, edge="#ffdf9c", width=1.1)
    return sheet


def _circle(centre: complex, radius: float) -> str:
    left, step = centre - radius, 2 * radius
    half = f"a{radius} {radius} 0 1 1 "
    return f"M{left.real:.2f} {left.imag:.2f}{half}{step} 0{half}{-step} 0Z"


def _horn(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """A round coil, the right hand in the bell."""
    play = Placing(pose.mouth, between(14, -12, moment.pitch), 1.06)
    placing = Placing(20 - 88j, 6, 1.06).toward(play, moment.playing)
    placing.put(layers.front, _horn_art())
    near = Hand(placing(-9 + 40j), placing.all([0 + 39j, 1.4 + 41.4j, 1.6 + 44j, 0.6 + 46.6j]))
    tips = _press([16 + 15j, 19 + 16.6j, 22 + 18.4j], -1.2 + 2.4j, moment.pitch)
    far = Hand(placing(28 + 12j), placing.all([*tips, 26 + 19j]))
    return Grip(near, far)


@functools.cache
def _tuba_art() -> Sheet:
    sheet = Sheet()
    _pipe(sheet, smooth([1 + 0j, 8 + 0j, 12 + 6j, 11 + 20j], closed=False), 1.5)
    big = [
        4 + 24j, 3 + 44j, 8 + 59j, 18 + 64j, 28 + 58j, 31 + 42j, 31 + 20j, 32 + 2j, 34.5 - 11j,
        37.5 - 20j,
    ]  # fmt: skip
    widths = [5, 6.5, 8, 9.6, 11, 12.4, 14, 16.5, 23, 38]
    paint = sheet.gradient(4 + 20j, 48 + 26j, *TUBA_SHEEN)
    sheet.fill(tube(big, widths), paint, edge=DARK, width=0.6)
    inside = sheet.glow(3j, 20, *TUBA_THROAT)
    sheet.oval(37.7 - 20.4j, 19.6 + 6.0j, inside, turn_deg=15, edge=BRIGHT, width=1.1)
    _pipe(sheet, "M8 24L8 46Q10 56 17 56Q24 56 24 46L24 22", 2.0)
    _pipe(sheet, "M11 24L11 44Q12 51 17 51Q21 51 21 44L21 26", 2.0)
    for x in (10.5, 14.5, 18.5, 22.5):
        _valve(sheet, x, 22, 40, 3.4)
    _mouthpiece(sheet, 1.5)
    return sheet


def _tuba(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Big, on the lap, the bell up."""
    play = Placing(pose.mouth, between(9, -8, moment.pitch), 1.04)
    placing = Placing(15 - 103j, 5, 1.04).toward(play, moment.playing)
    placing.put(layers.front, _tuba_art())
    tops = _press([10.5 + 17.6j, 14.5 + 17.6j, 18.5 + 17.6j, 22.5 + 17.6j], 2.4j, moment.pitch)
    near = Hand(placing(5 + 29j), placing.all(tops), placing(8 + 22j))
    far = Hand(placing(40 + 34j), placing.all([35 + 27j, 34 + 29.6j, 33.6 + 32.2j, 34 + 34.8j]))
    return Grip(near, far)


BRASSES = {
    "horn": Playing(_horn, Frame(22 - 90j, 112)),
    "trombone": Playing(_trombone, Frame(34 - 87j, 122)),
    "trumpet": Playing(_trumpet, Frame(28 - 90j, 114)),
    "tuba": Playing(_tuba, Frame(26 - 86j, 128)),
}
