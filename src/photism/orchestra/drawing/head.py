"""The performer's head: a calm face turned half to the right, hair, glasses, beard."""

from __future__ import annotations

from photism.orchestra.drawing.pen import Sheet, polygon, shade, smooth
from photism.orchestra.look import Person

FACE = (
    -8.6 - 2.5j, -7 - 9.5j, 0.5 - 12.8j, 7.3 - 10.2j, 9.4 - 4.2j, 9.0 - 0.4j, 9.5 + 2.6j,
    8.4 + 7.6j, 5.2 + 11.4j, 1.6 + 11.4j, -4.2 + 8.0j, -7.6 + 3.0j,
)  # fmt: skip
BEARD = (
    -6.6 + 0.6j, -4.6 + 4.6j, 1 + 5.6j, 4.4 + 4.8j, 8.6 + 5j, 8.4 + 8.4j, 5.4 + 12.4j,
    1 + 12.2j, -4.8 + 8.8j,
)  # fmt: skip
CAP = (
    -8.2 + 3.2j, -10.2 - 3j, -8.4 - 10.4j, -0.4 - 14.8j, 7.6 - 12.4j, 10.2 - 6.4j, 9.0 - 4.6j,
    6.6 - 8.2j, 1.0 - 8.6j, -3.2 - 6.4j, -4.6 - 1.6j, -5.4 + 2.4j,
)  # fmt: skip
SIDE = (
    -8.0 + 4.2j, -10.6 - 3j, -8.8 - 11j, -1 - 15.8j, 6 - 14.6j, 10.8 - 9.4j, 9.6 - 4.4j,
    8.2 - 6.6j, 3 - 10.4j, -1.6 - 8.2j, -4.4 - 3.2j, -4.8 + 2.8j,
)  # fmt: skip
SCARF = (
    -7.4 + 9j, -10.4 - 2j, -8.4 - 10.6j, -0.4 - 15j, 7.8 - 12.4j, 10.6 - 6j, 9.6 - 5j, 6 - 8j,
    0.4 - 8.6j, -4 - 4j, -4.6 + 4j, 0.6 + 10.6j, 6 + 12j, 2 + 15j,
)  # fmt: skip
CURLS = (
    (-9 - 1j, 4.2), (-9.4 - 7j, 4.6), (-5.6 - 12j, 4.8), (0.4 - 13.8j, 4.8), (6 - 12j, 4.4),
    (9.2 - 8j, 3.0), (-3 - 8.6j, 4.0), (3 - 10j, 3.6), (-7.4 + 3j, 2.8),
)  # fmt: skip
EYES = ((2.7 - 1.1j, 1.0), (7.8 - 1.4j, 0.66))
"""Centre and size of the near eye and the far one."""
INK = "#1b1416"


def draw_hair_behind(sheet: Sheet, person: Person) -> None:
    """Hair that falls behind neck and shoulders, in the coordinates of the head."""
    behind = sheet.lit(shade(person.hair, -0.25))
    match person.hair_style:
        case "long":
            fall = [-6 - 11j, -12 - 2j, -13 + 12j, -12 + 27j, -4 + 30j, 2 + 24j, 6 + 12j, 4 - 2j]
            sheet.fill(smooth(fall), behind)
        case "bob":
            fall = [-5 - 12j, -11.6 - 4j, -12.4 + 8j, -8 + 13j, 0 + 12j, 3 - 2j]
            sheet.fill(smooth(fall), behind)
        case "ponytail":
            tail = [-9 - 6j, -14 - 6j, -17.6 + 3j, -16 + 16j, -13.4 + 21j, -12.4 + 9j, -10.6 - 1j]
            sheet.fill(smooth(tail), behind)
        case "bun":
            sheet.oval(-11.2 - 8.4j, 5.6 + 5.2j, sheet.lit(person.hair))
        case "afro":
            sheet.oval(-1.6 - 6.6j, 15.6 + 14.8j, sheet.lit(person.hair, 0.8))
        case "scarf":
            veil = [-7 - 10j, -11.6 - 2j, -11 + 11j, -13 + 24j, 2 + 27j, 11 + 22j, 8 + 10j, 4 - 4j]
            sheet.fill(smooth(veil), sheet.lit(shade(person.accent, -0.2)))


def draw_head(sheet: Sheet, person: Person) -> None:
    """Face and hair, in the coordinates of the head: its centre, 12 to the crown and the chin."""
    skin, dark = person.skin, shade(person.skin, -0.36)
    sheet.fill(smooth(FACE), sheet.lit(skin, 0.9))
    if person.beard:
        sheet.fill(smooth(BEARD, tension=0.8), person.hair, opacity=0.92)
    sheet.oval(5.2 + 3.2j, 2.6 + 1.8j, "#d8604a", opacity=0.14)
    nose = [7.0 - 2.2j, 9.6 + 2.2j, 9.9 + 3.4j, 8.2 + 4.2j, 6.8 + 3.8j]
    sheet.fill(smooth(nose, tension=0.7), shade(skin, 0.12))
    sheet.line(smooth([9.6 + 3.5j, 8.2 + 4.4j, 6.8 + 3.7j], closed=False), dark, 0.7)
    for eye, size in EYES:
        _draw_eye(sheet, person, eye, size)
    sheet.line(smooth([4.0 + 7.1j, 6.3 + 7.6j, 8.0 + 6.9j], closed=False), "#92423c", 1.1)
    if person.hair_style not in ("long", "bob", "scarf"):
        sheet.oval(-6.0 + 1.0j, 2 + 3j, sheet.lit(shade(skin, -0.08)), turn_deg=-8)
        sheet.line(smooth([-6.8 - 0.6j, -5.4 + 0j, -6.2 + 2.2j], closed=False), dark, 0.6)
    _draw_hair(sheet, person)
    if person.glasses:
        for eye, across in ((2.7 - 0.5j, 3.0), (8.1 - 0.8j, 1.8)):
            sheet.oval(eye, across + 2.4j, "#cfe4ff", opacity=0.18)
            sheet.oval(eye, across + 2.4j, "none", edge=INK)
        sheet.line(polygon([-0.3 - 0.7j, -5.6 - 1j], closed=False), INK, 0.7)


def _draw_eye(sheet: Sheet, person: Person, eye: complex, size: float) -> None:
    """An open eye, or one closed in listening, and its brow."""
    if person.eyes_open:
        sheet.oval(eye + 0.2j, (1.7 + 1.0j) * size, "#f4efe8")
        sheet.oval(eye + 0.5 * size + 0.2j, (0.95 + 1.05j) * size, "#241812")
        lid = [eye + p * size for p in (-1.9 + 0.3j, -1.0j, 1.9 + 0.1j)]
    else:
        lid = [eye + p * size for p in (-1.9 - 0.1j, 0.9j, 1.7 - 0.2j)]
    sheet.line(smooth(lid, closed=False), INK, 0.9)
    brow = [eye + p * size for p in (-2.3 - 2.6j, -0.4 - 3.5j, 1.5 - 3.1j)]
    sheet.line(smooth(brow, closed=False), shade(person.hair, -0.2), 1.0, opacity=0.85)


def _draw_hair(sheet: Sheet, person: Person) -> None:
    """Hair on the head, or what covers it."""
    paint = sheet.lit(person.hair, 1.1)
    match person.hair_style:
        case "bald":
            sheet.oval(-1 - 9.6j, 4 + 1.6j, "#ffffff", turn_deg=-16, opacity=0.16)
            fringe = [-8.4 + 3j, -9.4 - 2j, -8.4 - 4.4j, -6.6 - 1.6j, -6 + 2.6j]
            sheet.fill(smooth(fringe), paint)
            return
        case "curls":
            for centre, radius in CURLS:
                sheet.oval(centre, complex(radius, radius), paint)
            return
        case "scarf":
            sheet.fill(smooth(SCARF, tension=0.9), sheet.lit(person.accent))
            return
        case "afro":
            sheet.fill(smooth([p * 1.04 for p in CAP]), shade(person.hair, 0.04))
            return
        case "side":
            sheet.fill(smooth(SIDE), paint)
        case _:
            sheet.fill(smooth(CAP), paint)
    if person.hair_style in ("long", "bob"):
        lock = [-8.4 - 8j, -11.2 + 0j, -11.4 + 11j, -7.6 + 12j, -5.4 + 4j, -4.2 - 4j]
        sheet.fill(smooth(lock), paint)
    shine = smooth([-6.4 - 9.4j, -1 - 12.6j, 4.4 - 11.6j], closed=False)
    sheet.line(shine, shade(person.hair, 0.45), 1.1, opacity=0.35)
