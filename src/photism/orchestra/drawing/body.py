"""The performer's body: where the joints are, clothes, arms that reach the instrument, hands."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from photism.orchestra.drawing.pen import Sheet, limb, polygon, shade, smooth
from photism.orchestra.look import Person

UPPER_ARM, FOREARM = 28.0, 26.0
ARM_REACH = 36.0
"""From shoulder to wrist in space, at least, cm."""
HEAD = 1.2
"""Size of the head, relative to the drawing of it."""
DARK = "#05040c"
At = Callable[[complex], complex]
"""Place in the scene of a point of the chest."""


@dataclass(frozen=True)
class Joints:
    """Where the body is; near is the performer's right side, toward us and on the left."""

    hip: complex
    chest: complex
    """Between the shoulders."""
    head: complex
    tilt: float
    """How far the head is bent forward, rad."""
    near_shoulder: complex
    far_shoulder: complex
    near_knee: complex
    near_foot: complex
    far_knee: complex
    far_foot: complex
    standing: bool

    def of_head(self, point: complex) -> complex:
        """Place in the scene of a point of the head."""
        return self.head + point * cmath.rect(HEAD, self.tilt)

    @property
    def mouth(self) -> complex:
        """Where a mouthpiece goes."""
        return self.of_head(6.6 + 7.2j)


@dataclass(frozen=True)
class Hand:
    """Where one hand is and what it holds."""

    wrist: complex
    tips: tuple[complex, ...]
    """Of the fingers, index first."""
    thumb: complex | None = None


def joints(person: Person, lean: float, nod: float, standing: bool, knees_apart: float) -> Joints:
    """Pose the body.

    Args:
        person: gives length and width of the back.
        lean: of the back toward the right, rad.
        nod: of the head, in addition, rad.
        standing: whether the performer stands.
        knees_apart: 0 sits normally, 1 as with a cello between the knees.

    Returns:
        The joints; the floor under the hip is the origin.
    """
    hip, wide, turn = complex(0, -84 if standing else -46), person.build, cmath.rect(1, lean)
    chest = hip + (2 - 45j * person.height) * turn
    knees, feet = (-3 - 43j, 9 - 44j), (-5 - 2j, 12 - 3j)
    if not standing:
        knees = (25 - 41j + knees_apart * (-36 + 2j), 35 - 46j + knees_apart * 7)
        feet = (24 - 1j - knees_apart * 40, 37 - 6j + knees_apart * 8)
    return Joints(
        hip=hip,
        chest=chest,
        head=chest + (3 - 21.5j) * turn,
        tilt=lean * 0.5 + nod,
        near_shoulder=chest + (-11.6 * wide + 4.2j) * turn,
        far_shoulder=chest + (11.4 * wide + 3.2j) * turn,
        near_knee=knees[0],
        near_foot=feet[0],
        far_knee=knees[1],
        far_foot=feet[1],
        standing=standing,
    )


def elbow(shoulder: complex, wrist: complex, outward: complex) -> complex:
    """Solve the two bones of an arm in space, and look at the elbow from the front.

    A wrist that is near the shoulder in the picture is before the body in space, so that the elbow
    hangs instead of sticking out. An arm that is drawn out too far stretches, as in cartoons.

    Args:
        shoulder: upper end.
        wrist: lower end.
        outward: where the elbow points, as far as the bones let it.

    Returns:
        Where the elbow is in the picture.
    """
    flat = wrist - shoulder
    forward = max(8.0, math.sqrt(max(ARM_REACH**2 - abs(flat) ** 2, 0.0)))
    distance = math.hypot(abs(flat), forward)
    share = (UPPER_ARM**2 - FOREARM**2 + distance**2) / (2 * distance)
    share = min(max(share, 0.4 * distance), 0.6 * distance)
    height = math.sqrt(max(UPPER_ARM**2 - share**2, 0.0))
    outward /= abs(outward)
    along = (outward * flat.conjugate()).real / distance
    side, depth = outward - flat / distance * along, forward / distance * along
    return shoulder + flat / distance * share + side * (height / math.hypot(abs(side), depth))


def draw_chair(sheet: Sheet, pose: Joints) -> None:
    """A plain black chair; nothing where the performer stands."""
    if pose.standing:
        return
    steel = "#23242c"
    for x, foot in ((-15, -17 - 1j), (8, 9 - 1j), (-4, -4 - 8j), (17, 19 - 8j)):
        sheet.line(polygon([x - 40j, foot], closed=False), steel, 1.7)
    sheet.line(polygon([-16 - 40j, -22 - 84j], closed=False), steel, 1.8)
    sheet.fill(smooth([-26 - 86j, -18 - 88j, -14 - 70j, -20 - 66j]), sheet.lit("#2b2c36"))
    sheet.fill(polygon([-20 - 41j, 12 - 39j, 22 - 44j, -10 - 46j]), sheet.lit("#15151b"))


def draw_legs(sheet: Sheet, person: Person, pose: Joints) -> None:
    """Trousers and shoes, or a long skirt."""
    far = (pose.hip + 6 - 1j, pose.far_knee, pose.far_foot, -0.25)
    near = (pose.hip - 4 + 3j, pose.near_knee, pose.near_foot, 0.03)
    for hip, knee, foot, tone in (far, near):
        _draw_shoe(sheet, foot)
        if person.outfit == "dress":
            sheet.fill(limb(knee, foot - 5j, 8, 5.6), sheet.lit(person.skin))
        else:
            paint = sheet.lit(shade(person.trousers, tone))
            sheet.fill(limb(knee + 0.6j, foot - 4j, 12.6, 9), paint)
            sheet.fill(limb(hip, knee, 17.5, 13.4), paint)
    if person.outfit == "dress":
        _draw_skirt(sheet, person, pose)


def _draw_skirt(sheet: Sheet, person: Person, pose: Joints) -> None:
    near, far, hip = pose.near_knee, pose.far_knee, pose.hip
    hem = max(near.imag, far.imag) + 25
    if pose.standing:
        outline = [
            hip - 12 - 6j, hip + 11 - 7j, hip + 14 + 8j, complex(20, hem - 3), complex(4, hem),
            complex(-14, hem - 2), hip - 15 + 8j,
        ]  # fmt: skip
    else:
        outline = [
            hip - 13 - 6j, hip + 10 - 8j, far - 4 - 7.6j, far + 5 - 5j, far + 7.4 + 4j,
            complex(far.real + 9, hem - 4), complex(far.real - 3, hem),
            complex(near.real - 6, hem + 2), complex(near.real - 13, hem - 1),
            complex(near.real - 10, near.imag + 12), complex(min(near.real - 12, 2), -36),
            hip - 16 + 7j,
        ]  # fmt: skip
    sheet.fill(smooth(outline, tension=0.75), sheet.lit(person.cloth))
    for share in (0.25, 0.5, 0.75):
        knee = near + (far - near) * share
        fold = [hip + 14 * (share - 0.4) + 2j, knee - 2j, complex(knee.real + 2, hem - 3)]
        crease = shade(person.cloth, -0.4)
        sheet.line(smooth(fold, closed=False), crease, 0.9, opacity=0.5)


def _draw_shoe(sheet: Sheet, foot: complex) -> None:
    outline = [-5 - 4j, 2 - 5j, 9 - 1.5j, 12 + 0.8j, 6 + 2j, -5 + 2j]
    sheet.fill(smooth([foot + p for p in outline], tension=0.8), sheet.lit("#121116"))
    gleam = polygon([foot + 3 - 3.6j, foot + 9 - 0.6j], closed=False)
    sheet.line(gleam, "#6f7284", 0.7, opacity=0.5)


def draw_torso(sheet: Sheet, person: Person, pose: Joints) -> None:
    """Neck, and the upper part of the clothes."""
    turn = (pose.chest - pose.hip) / abs(pose.chest - pose.hip) * 1j

    def at(point: complex) -> complex:
        return pose.chest + point * turn

    wide, hip = person.build, pose.hip
    sheet.fill(limb(at(0.5 + 1j), pose.head + 6j, 11.5, 10), sheet.lit(shade(person.skin, -0.16)))
    outline = [
        at(-4.6 - 5.5j), at(-10 * wide - 1.5j), at(-15.5 * wide + 4j), at(-14.5 * wide + 16j),
        hip + (-12.5 * wide - 12j) * turn, hip - 15 * wide + 4j, hip + 2 + 5.4j,
        hip + 13 * wide + 2j, hip + (12 * wide - 12j) * turn, at(14 * wide + 15j),
        at(15 * wide + 4j), at(10.5 * wide - 2j), at(6 - 5.5j), at(1 - 2j),
    ]  # fmt: skip
    sheet.fill(smooth(outline, tension=0.85), sheet.lit(person.cloth, 0.9))
    _FRONTS[person.outfit](sheet, person, at)


def _draw_suit(sheet: Sheet, person: Person, at: At) -> None:
    shirt = (-4.4 - 5.6j, 6.2 - 5.6j, 7 + 1j, 4 + 25j, -2 + 2j)
    sheet.fill(polygon([at(p) for p in shirt]), "#efece4")
    for lapel in (
        (-4.4 - 6j, -7.5 + 1j, -4.5 + 4j, -6 + 5.5j, 3.6 + 26j, -2 + 5j),
        (6.2 - 6j, 10 + 0.5j, 8 + 4j, 9.6 + 5.4j, 4.4 + 26j, 6.4 + 4j),
    ):
        sheet.fill(polygon([at(p) for p in lapel]), shade(person.cloth, 0.2))
    bow = (-2.2 - 5.4j, 1.4 - 3.2j, 5 - 5.4j, 5 - 0.6j, 1.4 - 2.4j, -2.2 - 0.6j)
    sheet.fill(polygon([at(p) for p in bow]), "#121116")


def _draw_shirt(sheet: Sheet, person: Person, at: At) -> None:
    neck = polygon([at(p) for p in (-3 - 5j, 5 - 5j, 1.6 + 2j)])
    sheet.fill(neck, sheet.lit(shade(person.skin, -0.12)))
    for collar in (
        (-4.8 - 6j, -6 - 1j, -2.4 + 2.2j, 1.4 + 0.8j),
        (6.2 - 6j, 8 - 1j, 5.4 + 2j, 1.8 + 0.8j),
    ):
        sheet.fill(polygon([at(p) for p in collar]), shade(person.cloth, 0.25))
    buttons = polygon([at(1.8 + 2j), at(2.4 + 34j)], closed=False)
    sheet.line(buttons, shade(person.cloth, -0.4), 0.6, opacity=0.6)


def _draw_sweater(sheet: Sheet, person: Person, at: At) -> None:
    collar = [at(p) for p in (-5 - 5.6j, -2 - 2j, 2.4 - 1.4j, 6.4 - 5.4j)]
    sheet.line(smooth(collar, closed=False), shade(person.cloth, 0.22), 2.2)
    for y in (10j, 17j, 24j):
        knit = smooth([at(-12 + y), at(y + 1.6j), at(11 + y)], closed=False)
        sheet.line(knit, shade(person.cloth, 0.25), 1.0, opacity=0.25)


def _draw_dress(sheet: Sheet, person: Person, at: At) -> None:
    neck = [at(p) for p in (-6 - 4.6j, -1 + 2j, 2 + 4.6j, 5 + 1.8j, 8 - 4.4j, 1 - 6j)]
    sheet.fill(smooth(neck, tension=0.7), sheet.lit(shade(person.skin, -0.05)))
    chain = [at(p) for p in (-4.6 - 3.6j, 1.6 + 0.6j, 6.8 - 3.4j)]
    sheet.line(smooth(chain, closed=False), "#f3e3b3", 0.8)


_FRONTS = {
    "suit": _draw_suit,
    "shirt": _draw_shirt,
    "sweater": _draw_sweater,
    "dress": _draw_dress,
}


def draw_arm(sheet: Sheet, person: Person, shoulder: complex, hand: Hand, *, near: bool) -> None:
    """One arm, from the shoulder to the wrist; the near one shades what is behind it."""
    bent, wrist = elbow(shoulder, hand.wrist, -0.5 + 1j if near else 0.6 + 1j), hand.wrist
    if near:
        shadow = limb(shoulder + 1.6j, bent + 2.2j, 12, 11)
        sheet.fill(shadow, DARK, opacity=0.16)
        sheet.fill(limb(bent + 1.6j, wrist + 2.2j, 8.5, 7.5), DARK, opacity=0.16)
    tone = 0.05 if near else -0.14
    skin, cloth = sheet.lit(shade(person.skin, tone)), sheet.lit(shade(person.cloth, tone))
    if person.short_sleeves:
        sheet.fill(limb(bent, wrist, 8.2, 5.4), skin)
        sheet.fill(limb(shoulder, bent, 9.4, 8.2), skin)
        sheet.fill(limb(shoulder, shoulder + (bent - shoulder) * 0.55, 12, 11), cloth)
        return
    cuff = bent + (wrist - bent) * 0.9
    sheet.fill(limb(cuff, wrist, 6, 5.4), skin)
    if person.outfit == "suit":
        sheet.fill(limb(cuff, bent + (wrist - bent) * 0.94, 6.6, 6.6), "#efece4")
    sheet.fill(limb(bent, cuff, 10, 7.4), cloth)
    sheet.fill(limb(shoulder, bent, 12, 9.6), cloth)


def draw_hand(sheet: Sheet, person: Person, hand: Hand, *, near: bool) -> None:
    """Palm, thumb, and fingers that reach their tips."""
    skin, dark = shade(person.skin, 0.06 if near else -0.06), shade(person.skin, -0.38)
    middle = sum(hand.tips) / len(hand.tips)
    reach = middle - hand.wrist
    palm = hand.wrist + reach * min(0.62, 7.5 / (abs(reach) or 1))
    if hand.thumb is not None:
        thumb = polygon([hand.wrist + reach * 0.15, hand.thumb], closed=False)
        sheet.line(thumb, dark, 2.9)
        sheet.line(thumb, skin, 2.2)
    sheet.fill(limb(hand.wrist, palm, 5.4, 7), sheet.lit(skin, 0.7))
    for tip in hand.tips:
        finger = polygon([palm + (tip - middle) * 0.62, tip], closed=False)
        sheet.line(finger, dark, 2.7)
        sheet.line(finger, skin, 2.0)


def lifted(tips: Sequence[complex], away: complex, share: float) -> tuple[complex, ...]:
    """Lift the fingers one after the other, the last first, until at `share` 1 all are up."""
    count = len(tips)
    amounts = (min(max(share * count - (count - 1 - i), 0.0), 1.0) for i in range(count))
    return tuple(tip + away * amount for tip, amount in zip(tips, amounts, strict=True))
