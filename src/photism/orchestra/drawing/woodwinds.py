"""Flute, oboe, clarinet, bassoon and saxophone.

Straight ones lie along x from the mouth at 0; fingers come from the side of positive y. Flute, oboe
and clarinet are drawn a third stouter than they are, to be seen in small pictures.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from photism.orchestra.drawing.body import Hand, Joints, lifted
from photism.orchestra.drawing.hold import (
    Frame,
    Gesture,
    Grip,
    Layers,
    Placing,
    Playing,
    between,
)
from photism.orchestra.drawing.pen import Sheet, Stop, polygon, smooth, tube

SILVER = ((0, "#ffffff", 1), (0.35, "#c9d0da", 1), (0.7, "#7d8794", 1), (1, "#dfe5ec", 1))
EBONY = ((0, "#8f8791", 1), (0.3, "#363034", 1), (1, "#0f0c0e", 1))
MAPLE = ((0, "#d9705a", 1), (0.3, "#8a2318", 1), (1, "#3a0b08", 1))
GOLD = ((0, "#fff0ac", 1), (0.22, "#e9b544", 1), (0.6, "#b67a22", 1), (1, "#f3ca66", 1))
CHROME, STEEL, GOLD_DARK = "#d5dae2", "#5c6470", "#6d430f"
CLARINET = (
    0 - 0.5j, 2 - 1.0j, 8 - 1.7j, 8.2 - 2.1j, 54 - 2.4j, 59 - 3.1j, 63 - 5.6j, 65 - 7.0j,
)  # fmt: skip
OBOE = (
    7 - 1.2j, 10 - 1.7j, 12 - 1.3j, 50 - 1.75j, 56 - 2.1j, 59 - 3.4j, 61.5 - 3.6j, 63 - 2.6j,
)  # fmt: skip
BOOT = (0 - 1j, 1 - 4.6j, 4 - 5.4j, 46 - 5.6j, 47 - 1.5j, 46 + 2.6j, 4 + 2.8j, 1 + 2j)
SAX = (
    (4 - 1.2j, 1.8), (9 - 2.6j, 2.2), (13.2 - 1.4j, 2.6), (15 + 3j, 3.2), (16.6 + 18j, 4.4),
    (18.4 + 36j, 5.6), (20 + 50j, 7), (23 + 57j, 8.2), (28.4 + 58.6j, 8.8), (33 + 54.6j, 9.2),
    (35 + 46j, 10.4), (37 + 36j, 13.4), (40.6 + 28j, 20),
)  # fmt: skip
"""Middle line of the saxophone, and how wide it is there."""
SAX_CUPS = (
    (19.4 + 12j, 1.7), (20.2 + 19j, 1.9), (21 + 27j, 2.0), (21.8 + 34j, 2.2), (22.6 + 41j, 2.5),
    (30 + 52j, 2.8), (35 + 44j, 2.9),
)  # fmt: skip


def _rod(sheet: Sheet, points: Sequence[complex], stops: tuple[Stop, ...]) -> None:
    """Fill the upper half outline of a turned rod, and the same below."""
    high = max(abs(p.imag) for p in points)
    outline = list(points) + [p.conjugate() for p in reversed(points)]
    sheet.fill(polygon(outline), sheet.gradient(complex(0, -high), complex(0, high), *stops))


def _fingers(
    placing: Placing, start: float, step: float, lift: float, side: float
) -> tuple[complex, ...]:
    """Finger tips on the holes from `start` on; at `lift` 1 all are off them."""
    tips = placing.all([complex(start + step * i, -0.8 * side) for i in range(4)])
    away = placing(complex(0, -4.2 * side)) - placing(0j)
    return lifted(tips, away, lift)


@functools.cache
def _flute_art() -> Sheet:
    sheet = Sheet()
    _rod(sheet, [-8 - 1.7j, 62 - 1.7j], SILVER)
    for x in (-8, 13, 15, 50, 52, 61.4):
        sheet.line(polygon([complex(x, -2.0), complex(x, 2.0)], closed=False), "#8f98a6", 0.6)
    sheet.oval(0 + 0.8j, 3.4 + 2.2j, "#eef2f6", edge="#8f98a6", width=0.4)
    sheet.oval(0 + 1.2j, 0.9 + 0.5j, "#3b4048")
    sheet.line(polygon([18 + 2.1j, 56 + 2.1j], closed=False), "#aab3bf", 0.6)
    for x in (18, 21.4, 24.8, 28.2, 33, 36.4, 39.8, 43.2, 47, 54):
        sheet.oval(complex(x, 1.5), 1.5 + 1.3j, "#f4f7fa", edge="#7d8794", width=0.35)
    return sheet


def _flute(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Sideways, to the player's right."""
    play = Placing(pose.mouth + 0.6j, between(147, 171, moment.pitch), 1.08)
    placing = Placing(18 - 62j, 128, 1.08).toward(play, moment.playing)
    placing.put(layers.front, _flute_art())
    lift = moment.pitch * moment.playing
    far = Hand(placing(21 - 6.5j), _fingers(placing, 17, 3.0, lift, -1), placing(22 - 1.2j))
    near = Hand(placing(43 - 7.5j), _fingers(placing, 34, 3.2, lift, -1), placing(40 - 1.2j))
    return Grip(near, far)


@functools.cache
def _clarinet_art() -> Sheet:
    sheet = Sheet()
    _rod(sheet, CLARINET, EBONY)
    sheet.oval(65, 1.1 + 7.0j, "#211c1f", edge="#5d565e", width=0.5)
    sheet.line(polygon([3.5 - 1.4j, 7 - 1.6j], closed=False), CHROME, 0.7)
    for x in (8.6, 15, 33, 52):
        sheet.line(polygon([complex(x, -2.5), complex(x, 2.5)], closed=False), CHROME, 0.9)
    _keys(sheet, 17, 51, 1.3, 11)
    return sheet


@functools.cache
def _oboe_art() -> Sheet:
    sheet = Sheet()
    sheet.fill(polygon([0 - 0.55j, 5 - 0.4j, 5 + 0.4j, 0 + 0.55j]), "#e8c988")
    sheet.line(polygon([4.6 + 0j, 7.4 + 0j], closed=False), "#b98a4a", 1.1, cap="butt")
    _rod(sheet, OBOE, EBONY)
    sheet.oval(63, 0.6 + 2.6j, "#2a2426", edge="#6d656e", width=0.4)
    for x in (12, 29, 46, 56.6):
        sheet.line(polygon([complex(x, -1.9), complex(x, 1.9)], closed=False), CHROME, 0.9)
    _keys(sheet, 15, 54, 1.1, 8)
    return sheet


def _keys(sheet: Sheet, start: float, end: float, size: float, count: int) -> None:
    """Silver rods, rings and levers along a tube."""
    for first, last, y in ((0.0, 0.45, -0.9), (0.52, 1.0, -0.9), (0.1, 0.9, 1.0)):
        rod = [complex(start + (end - start) * at, y * size) for at in (first, last)]
        sheet.line(polygon(rod, closed=False), "#b4bcc8", 0.5)
    for i in range(count):
        x = start + (end - start) * (i + 0.5) / count
        key = complex(x, -0.1 if i % 3 else 0.7)
        sheet.oval(key, complex(size, size * 0.8), CHROME, edge=STEEL, width=0.3)


def _straight(
    art: Sheet, placing: Placing, layers: Layers, moment: Gesture, upper: float, lower: float
) -> Grip:
    """Put a straight instrument down, the left hand at `upper`, the right one at `lower`."""
    placing.put(layers.front, art)
    lift = moment.pitch * moment.playing
    far = Hand(placing(complex(upper + 3, 7)), _fingers(placing, upper, 2.8, lift, 1))
    tips, thumb = _fingers(placing, lower, 2.9, lift, 1), placing(complex(lower, 2))
    return Grip(Hand(placing(complex(lower + 1, 9)), tips, thumb), far)


def _clarinet(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """In front, steep, black, with a wide bell."""
    play = Placing(pose.mouth, between(65, 49, moment.pitch), 1.05)
    placing = Placing(14 - 74j, 62, 1.05).toward(play, moment.playing)
    return _straight(_clarinet_art(), placing, layers, moment, 19, 37)


def _oboe(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """In front, held higher, thin, with a reed and a small bell."""
    play = Placing(pose.mouth, between(44, 26, moment.pitch), 1.05)
    placing = Placing(14 - 72j, 38, 1.05).toward(play, moment.playing)
    return _straight(_oboe_art(), placing, layers, moment, 17, 35)


@functools.cache
def _bassoon_art() -> Sheet:
    """From the boot's lower end at 0 to the bell at 122."""
    sheet = Sheet()
    _rod(sheet, [48 - 1.6j, 98 - 1.9j, 100 - 2.6j, 119 - 2.3j, 120 - 2.9j, 122 - 2.9j], MAPLE)
    sheet.fill(polygon([119 - 2.9j, 122 - 2.9j, 122 + 2.9j, 119 + 2.9j]), "#f1ead8")
    wing = sheet.gradient(-6.5j, 0j, *MAPLE)
    sheet.fill(polygon([44 - 5.4j, 78 - 4.6j, 80 - 3.6j, 80 - 1.8j, 44 - 0.5j]), wing)
    sheet.fill(
        smooth(BOOT, tension=0.5),
        sheet.gradient(-5.8j, 3j, *MAPLE),
    )
    for x, low, high in ((2, -5.2, 2.7), (45, -5.7, 2.7), (98, -2.7, 2.7), (62, -5.2, -1)):
        sheet.line(polygon([complex(x, low), complex(x, high)], closed=False), CHROME, 1.3)
    for x in (8, 14, 20, 26, 32, 38, 50, 56, 66, 72):
        key = complex(x, -1.6 if x < 45 else -3)
        sheet.oval(key, 1.5 + 1.2j, CHROME, edge=STEEL, width=0.35)
    sheet.line(polygon([8 + 0.9j, 42 + 0.9j], closed=False), "#c9d0da", 0.7)
    sheet.line(polygon([50 + 1.2j, 96 + 1.4j], closed=False), "#c9d0da", 0.6)
    return sheet


def _bassoon(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Long, across the body from the right hip to above the left shoulder, with a crook."""
    turn = between(-51, -59, moment.pitch)
    play = Placing(pose.mouth + 10 + 7j - Placing(0j, turn)(92 - 1j), turn)
    placing = Placing(-22 - 22j, -50).toward(play, moment.playing)
    top = placing(79 - 3.4j)
    reed = top - 5 - 14j + (pose.mouth - (top - 5 - 14j)) * moment.playing
    crook = smooth([top, placing(85 - 5j), (top + reed) / 2 + 1 - 8j, reed], closed=False)
    layers.front.line(crook, STEEL, 1.7)
    layers.front.line(crook, CHROME, 1.1)
    placing.put(layers.front, _bassoon_art())
    lift = moment.pitch * moment.playing
    far = Hand(placing(59 + 7j), _fingers(placing, 54, 3.2, lift, 1))
    near = Hand(placing(22 - 12j), _fingers(placing, 20, 3.4, lift, -1), placing(30 - 4j))
    return Grip(near, far)


@functools.cache
def _sax_art() -> Sheet:
    """As it hangs: x to the right and y down from the mouthpiece."""
    sheet = Sheet()
    body, widths = zip(*SAX, strict=True)
    paint = sheet.gradient(10 + 20j, 44 + 26j, *GOLD)
    sheet.fill(tube(body, widths), paint, edge=GOLD_DARK)
    sheet.oval(40.8 + 27.6j, 10.2 + 4.2j, "#5a3508", turn_deg=24, edge="#ffe9a0", width=1.0)
    sheet.line(polygon([0j, 5 - 1.5j], closed=False), "#131115", 2.4)
    sheet.line(polygon([20 + 44j, 34 + 40j], closed=False), "#d9a23c", 1.0)
    for cup, radius in SAX_CUPS:
        sheet.oval(cup, radius * (1 + 1j), "#f7d67c", edge=GOLD_DARK, width=0.45)
        sheet.oval(cup - 0.3 - 0.3j, radius * (0.45 + 0.45j), "#fff6cf")
    for x, y in ((14.4, 12), (15.4, 22), (16.6, 32)):
        sheet.line(polygon([complex(x, y), complex(x + 1, y + 8)], closed=False), "#8a5a16", 0.7)
    return sheet


def _sax(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Golden and curved, hanging in front."""
    play = Placing(pose.mouth + 1.6, between(11, -13, moment.pitch), 1.02)
    placing = Placing(12 - 90j, 12, 1.0).toward(play, moment.playing)
    placing.put(layers.front, _sax_art())
    lift = moment.pitch * moment.playing
    out = placing(5 + 0j) - placing(0j)
    upper = placing.all([complex(20 + 0.4 * i, 13 + 3 * i) for i in range(4)])
    lower = placing.all([complex(22 + 0.4 * i, 31 + 3.2 * i) for i in range(4)])
    far = Hand(placing(11 + 21j), lifted(upper, out, lift))
    near = Hand(placing(11.5 + 40j), lifted(lower, out, lift), placing(16 + 32j))
    return Grip(near, far)


WOODWINDS = {
    "bassoon": Playing(_bassoon, Frame(12 - 82j, 132)),
    "clarinet": Playing(_clarinet, Frame(23 - 89j, 112), nod=0.06),
    "flute": Playing(_flute, Frame(-6 - 92j, 108), nod=0.02),
    "oboe": Playing(_oboe, Frame(28 - 90j, 112), nod=0.0),
    "sax": Playing(_sax, Frame(27 - 88j, 118), nod=0.04),
}
