"""Violin, viola, cello and double bass, and their bows.

An instrument lies along x from the lower end of its body at 0 to its scroll at 60, the bow from
its frog at 0 to its tip at 66.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

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
from photism.orchestra.drawing.pen import Sheet, mix, polygon, shade, smooth

BODY = (
    0.0 + 2.5j, 0.9 + 6.0j, 3.6 + 9.2j, 8.4 + 10.3j, 13.0 + 9.2j, 15.8 + 7.6j, 17.4 + 6.4j,
    20.0 + 5.7j, 22.6 + 6.0j, 24.4 + 7.0j, 27.4 + 8.2j, 31.4 + 7.8j, 34.6 + 5.2j, 36.0 + 1.6j,
)  # fmt: skip
SLOPING = (
    0.0 + 3.5j, 0.8 + 7.2j, 3.4 + 10.2j, 8.4 + 11.4j, 12.8 + 10.2j, 15.8 + 8.2j, 17.6 + 6.8j,
    20.0 + 6.2j, 22.4 + 6.8j, 24.6 + 8.0j, 27.0 + 8.0j, 30.4 + 6.0j, 33.6 + 3.6j, 37.0 + 1.6j,
)  # fmt: skip
BOW_CONTACT = 21.0


@dataclass(frozen=True)
class Wood:
    """How one of the family is built."""

    varnish: str
    sloping: bool = False
    width: float = 1.0
    """Seen from the side a body looks narrower."""
    chin_rest: bool = False
    endpin: float = 0.0


VIOLIN = Wood("#d27a2c", width=0.86, chin_rest=True)
VIOLA = Wood("#74301a", width=0.94, chin_rest=True)
CELLO = Wood("#b45a22", width=1.0, endpin=6)
DOUBLE_BASS = Wood("#7d3a19", sloping=True, width=1.0, endpin=3.5)


@functools.cache
def _art(wood: Wood) -> Sheet:
    """Draw an instrument of the family."""
    sheet = Sheet()
    dark, black = shade(wood.varnish, -0.55), "#17120f"
    half = [complex(p.real, p.imag * wood.width) for p in (SLOPING if wood.sloping else BODY)]
    outline = half + [p.conjugate() for p in reversed(half)]
    if wood.endpin:
        sheet.line(polygon([0j, complex(-wood.endpin)], closed=False), "#b9bcc4", 0.7)
    sheet.fill(smooth([p + 0.9j + 0.5 for p in outline], tension=0.9), shade(wood.varnish, -0.72))
    top = sheet.gradient(
        4 - 9j, 30 + 9j,
        (0, mix(wood.varnish, "#ffd98a", 0.38), 1), (0.45, wood.varnish, 1), (1, dark, 1),
    )  # fmt: skip
    sheet.fill(smooth(outline, tension=0.9), top, edge=dark, width=0.55)
    shine = sheet.glow(9 - 3.6j, 8, (0, "#ffe9b8", 0.55), (1, "#ffe9b8", 0.0))
    sheet.oval(9 - 3.6j * wood.width, 8 + 4.6j, shine)
    shine = sheet.glow(28.5 - 3j, 6, (0, "#ffe9b8", 0.4), (1, "#ffe9b8", 0.0))
    sheet.oval(28.5 - 3j * wood.width, 6 + 4j, shine)
    for side in (1, -1):
        hole = [16.6 + 4.4j, 17.4 + 3.4j, 20.2 + 4.0j, 22.4 + 3.0j, 21.8 + 2.2j]
        points = [complex(p.real, p.imag * side * wood.width) for p in hole]
        sheet.line(smooth(points, closed=False), "#1d0f08", 0.7)
    _fittings(sheet, wood, black)
    return sheet


def _fittings(sheet: Sheet, wood: Wood, black: str) -> None:
    """Neck, scroll, pegs, fingerboard, tailpiece, bridge, strings."""
    neck = shade(wood.varnish, -0.1)
    sheet.fill(polygon([34 - 1.9j, 52 - 1.3j, 52 + 1.5j, 34 + 2.1j]), neck)
    sheet.fill(polygon([50 - 1.4j, 58 - 1.0j, 58 + 1.4j, 50 + 1.6j]), shade(neck, -0.2))
    sheet.oval(58.6 + 0.4j, 1.9 + 1.9j, neck, edge=shade(neck, -0.5), width=0.4)
    sheet.oval(58.6 + 0.4j, 0.7 + 0.7j, shade(neck, -0.5))
    for x, y in ((52.4, 2.8), (54.2, -2.4), (56, 2.8)):
        sheet.line(polygon([complex(x), complex(x, y)], closed=False), black, 0.9)
        sheet.oval(complex(x, y), 0.7 + 0.9j, black)
    sheet.fill(polygon([23 - 2j, 50.5 - 1.15j, 50.5 + 1.15j, 23 + 2j]), black)
    sheet.line(polygon([24 - 1.4j, 50 - 0.8j], closed=False), "#8d8494", 0.35, opacity=0.7)
    sheet.fill(polygon([1 - 1.0j, 12.4 - 2.1j, 12.4 + 2.1j, 1 + 1.0j]), black)
    for y in (-1.4, -0.5, 0.5, 1.4):
        ends = [complex(12, y), complex(19, y), complex(50.5, y * 0.55)]
        sheet.line(polygon(ends, closed=False), "#e9e4d8", 0.22, opacity=0.8)
    sheet.line(polygon([18.8 - 2.5j, 18.8 + 2.5j], closed=False), "#e2b877", 0.9)
    if wood.chin_rest:
        sheet.oval(3.4 - 5.4j * wood.width, 3.8 + 3.0j, black, turn_deg=10)


@functools.cache
def _bow_art() -> Sheet:
    """Draw a bow."""
    sheet = Sheet()
    stick = smooth([0 - 1.6j, 22 - 0.5j, 44 - 0.5j, 62 - 1.8j, 66 - 1.7j], closed=False)
    sheet.line(polygon([3 + 0.9j, 65.6 + 0.5j], closed=False), "#f3eee2", 0.75)
    sheet.line(stick, "#3a1a0e", 1.15)
    sheet.line(stick, "#a4562e", 0.5)
    sheet.fill(polygon([1 - 1.6j, 6 - 1.4j, 6.4 + 1.3j, 1.6 + 1.5j]), "#141216")
    sheet.fill(polygon([64.4 - 1.8j, 66.6 - 1.8j, 66 + 0.9j]), "#3a1a0e")
    return sheet


def _bow(
    layers: Layers, contact: complex, turn_deg: float, moment: Gesture, scale: float, rest: Placing
) -> Placing:
    """Lay the bow across the strings at `contact`; louder strokes are longer."""
    reach = 33 + 25 * moment.stroke * between(0.35, 1, moment.level)
    play = Placing(0j, turn_deg, scale)
    play = Placing(contact - play(complex(reach, 0.7)), turn_deg, scale)
    placing = rest.toward(play, moment.playing)
    placing.put(layers.front, _bow_art())
    return placing


def _bow_hand(bow: Placing, side: float) -> Hand:
    """Hold the bow at its frog; the hand lies on its `side`."""
    tips = bow.all([complex(x, 1.4 * side) for x in (1, 3, 5, 7)])
    return Hand(bow(complex(1.5, -7.5 * side)), tips, bow(complex(6, 2 * side)))


def _upper(wood: Wood, scale: float, droop: float, frame: Frame) -> Playing:
    """Violin or viola: under the chin, the scroll toward the right."""

    def draw(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
        chin = pose.of_head(1.5 + 13.4j)
        turn = droop + between(5, -9, moment.pitch)
        placing = Placing(24 - 52j, -62, scale).toward(Placing(chin, turn, scale), moment.playing)
        placing.put(layers.chest, _art(wood))
        tilt = turn - 66 + between(-11, 11, moment.pitch)
        contact = placing(complex(BOW_CONTACT, -0.6))
        bow = _bow(layers, contact, tilt, moment, 0.98, Placing(0 - 43j, 30, 0.98))
        along = between(49.5, 35, moment.pitch)
        tips = placing.all([complex(along - 2.2 * i, -1.0) for i in range(4)])
        far = Hand(placing(complex(along + 1, 7.5)), tips, placing(complex(along + 2, -1.8)))
        return Grip(_bow_hand(bow, 1.0), far)

    return Playing(draw, frame, nod=0.16)


def _cello(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Between the knees, the neck beside the head."""
    turn = between(-93, -88, moment.pitch)
    placing = Placing(complex(pose.head.real + 20, -13), turn, 1.78)
    placing.put(layers.front, _art(CELLO))
    bow_turn = between(13, -7, moment.pitch)
    contact = placing(complex(BOW_CONTACT - 0.8, 0))
    bow = _bow(layers, contact, bow_turn, moment, 1.02, Placing(-14 - 46j, 38, 1.02))
    along = between(48.5, 24, moment.pitch)
    tips = placing.all([complex(along - 1.5 * i, -0.9) for i in range(4)])
    far = Hand(placing(complex(along - 1.4, 4.6)), tips)
    return Grip(_bow_hand(bow, 1.0), far)


def _double_bass(layers: Layers, pose: Joints, moment: Gesture) -> Grip:
    """Upright, as tall as its player, who stands behind it."""
    turn = between(-97, -94, moment.pitch)
    placing = Placing(complex(pose.head.real + 37, -10), turn, 2.72)
    placing.put(layers.front, _art(DOUBLE_BASS))
    bow_turn = between(12, -6, moment.pitch)
    contact = placing(complex(BOW_CONTACT + 2.0, 0))
    bow = _bow(layers, contact, bow_turn, moment, 1.08, Placing(-16 - 80j, 60, 1.08))
    along = between(47, 25, moment.pitch)
    tips = placing.all([complex(along - 1.1 * i, -0.7) for i in range(4)])
    far = Hand(placing(complex(along - 1, 3.0)), tips)
    return Grip(_bow_hand(bow, 1.0), far)


STRINGS = {
    "cello": Playing(_cello, Frame(16 - 72j, 148), knees_apart=1.0, nod=0.06),
    "double_bass": Playing(_double_bass, Frame(12.5 - 81.5j, 192), standing=True, nod=0.1),
    "viola": _upper(VIOLA, 1.25, 15, Frame(29 - 91j, 118)),
    "violin": _upper(VIOLIN, 1.08, -2, Frame(25 - 94j, 114)),
}
