"""The performer's body: where the joints are, clothes, arms that reach the instrument, hands."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from photism.data.orchestra.drawing.pen import Sheet, limb, polygon, shade, smooth
from photism.data.orchestra.look import Person

UPPER_ARM, FOREARM = 28.0, 26.0
ARM_REACH = 36.0
"""From shoulder to wrist in space, at least, cm."""
HEAD = 1.2
"""Size of the head, relative to the drawing of it."""


At = Callable[[complex], complex]


@dataclass(frozen=True)
class Joints:
    """Where the body is, cm; near is the performer's right side, far the left, knees too."""

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
        """Place in the scene of a point of the head, such as the mouth."""
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
    """Finger tips, index first."""
    thumb: complex | None = None
    outward: complex = 0j
    """Where the elbow points, if not simply down and away from the body."""


def joints(
    person: Person, *, lean: float, nod: float, standing: bool = False, knees_apart: float = 0.0
) -> Joints:
    """Pose the body.

    Args:
        person: gives length of the back and width.
        lean: of the back toward the right, rad.
        nod: of the head, in addition, rad.
        standing: whether the performer stands.
        knees_apart: 0 sits normally, 1 as with a cello between the knees.

    Returns:
        Where everything is.
    """
    hip = complex(0, -84 if standing else -46)
    turn = cmath.rect(1, lean)
    chest = hip + (2 - 45j * person.height) * turn
    wide = person.build
    spread = knees_apart
    feet = {"near_knee": -3 - 43j, "near_foot": -5 - 2j, "far_knee": 9 - 44j, "far_foot": 12 - 3j}
    if not standing:
        feet = {
            "near_knee": 25 - 41j + spread * (-36 + 2j),
            "near_foot": 24 - 1j + spread * (-40 + 0j),
            "far_knee": 35 - 46j + spread * (7 - 0j),
            "far_foot": 37 - 6j + spread * (8 + 0j),
        }
    return Joints(
        hip=hip,
        chest=chest,
        head=chest + (3 - 21.5j) * turn,
        tilt=lean * 0.5 + nod,
        near_shoulder=chest + (-11.6 * wide + 4.2j) * turn,
        far_shoulder=chest + (11.4 * wide + 3.2j) * turn,
        standing=standing,
        **feet,
    )


def elbow(shoulder: complex, wrist: complex, outward: complex) -> complex:
    """Solve the two bones of an arm in space and look at the elbow from the front.

    A wrist that is near the shoulder in the picture is before the body in space, so that the elbow
    hangs instead of sticking out. An arm that is drawn out too far stretches, as in cartoons.

    Args:
        shoulder: upper end.
        wrist: lower end.
        outward: where the elbow points, as far as the bones let it.

    Returns:
        The elbow, as seen from the front.
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
    steel, seat = "#23242c", "#15151b"
    for foot, top in (
        (-17 - 1j, -15 - 40j),
        (9 - 1j, 8 - 40j),
        (-4 - 8j, -4 - 40j),
        (19 - 8j, 17 - 40j),
    ):
        sheet.line(polygon([top, foot], closed=False), steel, 1.7)
    sheet.line(polygon([-16 - 40j, -22 - 84j], closed=False), steel, 1.8)
    sheet.fill(smooth([-26 - 86j, -18 - 88j, -14 - 70j, -20 - 66j]), sheet.lit("#2b2c36"))
    sheet.fill(polygon([-20 - 41j, 12 - 39j, 22 - 44j, -10 - 46j]), sheet.lit(seat))


def draw_legs(sheet: Sheet, person: Person, pose: Joints) -> None:
    """Trousers and shoes, or a long skirt."""
    for hip, knee, foot in (
        (pose.hip + 6 - 1j, pose.far_knee, pose.far_foot),
        (pose.hip - 4 + 3j, pose.near_knee, pose.near_foot),
    ):
        _shoe(sheet, foot)
        if person.outfit == "dress":
            sheet.fill(limb(knee, foot - 5j, 8, 5.6), sheet.lit(person.skin))
            continue
        far = hip.real > pose.hip.real
        paint = sheet.lit(shade(person.trousers, -0.25 if far else 0.03))
        sheet.fill(limb(knee + 0.6j, foot - 4j, 12.6, 9), paint)
        sheet.fill(limb(hip, knee, 17.5, 13.4), paint)
        sheet.line(
            polygon([hip - 7j, knee - 5.6j], closed=False),
            shade(person.trousers, 0.3),
            0.7,
            opacity=0.4,
        )
    if person.outfit == "dress":
        _skirt(sheet, person, pose)


def _skirt(sheet: Sheet, person: Person, pose: Joints) -> None:
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
            complex(far.real + 9, hem - 4), complex(far.real - 3, hem), complex(near.real - 6, hem + 2),  # noqa: E501
            complex(near.real - 13, hem - 1), complex(near.real - 10, near.imag + 12),
            complex(min(near.real - 12, 2), -36), hip - 16 + 7j,
        ]  # fmt: skip
    sheet.fill(smooth(outline, tension=0.75), sheet.lit(person.cloth))
    for share in (0.25, 0.5, 0.75):
        knee = near + (far - near) * share
        fold = smooth(
            [hip + 14 * (share - 0.4) + 2j, knee - 2j, complex(knee.real + 2, hem - 3)],
            closed=False,
        )
        sheet.line(fold, shade(person.cloth, -0.4), 0.9, opacity=0.5)


def _shoe(sheet: Sheet, foot: complex) -> None:
    outline = [
        foot - 5 - 4j,
        foot + 2 - 5j,
        foot + 9 - 1.5j,
        foot + 12 + 0.8j,
        foot + 6 + 2j,
        foot - 5 + 2j,
    ]
    sheet.fill(smooth(outline, tension=0.8), sheet.lit("#121116"))
    sheet.line(
        polygon([foot + 3 - 3.6j, foot + 9 - 0.6j], closed=False), "#6f7284", 0.7, opacity=0.5
    )


def draw_torso(sheet: Sheet, person: Person, pose: Joints) -> None:
    """Neck, and the upper part of the clothes."""
    turn = (pose.chest - pose.hip) / abs(pose.chest - pose.hip) * 1j

    def at(point: complex) -> complex:
        return pose.chest + point * turn

    wide, hip = person.build, pose.hip
    sheet.fill(limb(at(0.5 + 1j), pose.head + 6j, 11.5, 10), sheet.lit(shade(person.skin, -0.16)))
    outline = [
        at(-4.6 - 5.5j), at(-10 * wide - 1.5j), at(-15.5 * wide + 4j), at(-14.5 * wide + 16j),
        hip + (-12.5 * wide - 12j) * turn, hip - 15 * wide + 4j, hip + 2 + 5.4j, hip + 13 * wide + 2j,  # noqa: E501
        hip + (12 * wide - 12j) * turn, at(14 * wide + 15j), at(15 * wide + 4j),
        at(10.5 * wide - 2j), at(6 - 5.5j), at(1 - 2j),
    ]  # fmt: skip
    sheet.fill(smooth(outline, tension=0.85), sheet.lit(person.cloth, 0.9))
    _DETAILS[person.outfit](sheet, person, at)
    rim = smooth([at(-6 - 4.6j), at(-11 * wide - 1j), at(-15 * wide + 4.5j)], closed=False)
    sheet.line(rim, shade(person.cloth, 0.5), 0.8, opacity=0.45)


def _suit(sheet: Sheet, person: Person, at: At) -> None:
    sheet.fill(
        polygon([at(-4.4 - 5.6j), at(6.2 - 5.6j), at(7 + 1j), at(4 + 25j), at(-2 + 2j)]), "#efece4"
    )
    for side in (
        [-4.4 - 6j, -7.5 + 1j, -4.5 + 4j, -6 + 5.5j, 3.6 + 26j, -2 + 5j],
        [6.2 - 6j, 10 + 0.5j, 8 + 4j, 9.6 + 5.4j, 4.4 + 26j, 6.4 + 4j],
    ):
        sheet.fill(polygon([at(p) for p in side]), shade(person.cloth, 0.14))
    bow = [
        at(-2.2 - 5.4j),
        at(1.4 - 3.2j),
        at(5 - 5.4j),
        at(5 - 0.6j),
        at(1.4 - 2.4j),
        at(-2.2 - 0.6j),
    ]
    sheet.fill(polygon(bow), "#121116")


def _shirt(sheet: Sheet, person: Person, at: At) -> None:
    light = shade(person.cloth, 0.25)
    sheet.fill(
        polygon([at(-3 - 5j), at(5 - 5j), at(1.6 + 2j)]), sheet.lit(shade(person.skin, -0.12))
    )
    sheet.fill(polygon([at(-4.8 - 6j), at(-6 - 1j), at(-2.4 + 2.2j), at(1.4 + 0.8j)]), light)
    sheet.fill(polygon([at(6.2 - 6j), at(8 - 1j), at(5.4 + 2j), at(1.8 + 0.8j)]), light)
    sheet.line(
        polygon([at(1.8 + 2j), at(2.4 + 34j)], closed=False),
        shade(person.cloth, -0.4),
        0.6,
        opacity=0.6,
    )


def _sweater(sheet: Sheet, person: Person, at: At) -> None:
    collar = smooth([at(-5 - 5.6j), at(-2 - 2j), at(2.4 - 1.4j), at(6.4 - 5.4j)], closed=False)
    sheet.line(collar, shade(person.cloth, 0.22), 2.2)
    for y in (10, 17, 24):
        sheet.line(
            smooth([at(-12 + y * 1j), at(0 + (y + 1.6) * 1j), at(11 + y * 1j)], closed=False),
            shade(person.cloth, 0.25),
            1.0,
            opacity=0.25,
        )


def _dress(sheet: Sheet, person: Person, at: At) -> None:
    neck = [at(-6 - 4.6j), at(-1 + 2j), at(2 + 4.6j), at(5 + 1.8j), at(8 - 4.4j), at(1 - 6j)]
    sheet.fill(smooth(neck, tension=0.7), sheet.lit(shade(person.skin, -0.05)))
    sheet.line(
        smooth([at(-4.6 - 3.6j), at(1.6 + 0.6j), at(6.8 - 3.4j)], closed=False), "#f3e3b3", 0.8
    )


_DETAILS = {"suit": _suit, "shirt": _shirt, "sweater": _sweater, "dress": _dress}


def draw_arm(sheet: Sheet, person: Person, shoulder: complex, hand: Hand, *, near: bool) -> None:
    """One arm, from the shoulder to the wrist."""
    bent = elbow(shoulder, hand.wrist, hand.outward or (-0.5 + 1j if near else 0.6 + 1j))
    tone = 0.05 if near else -0.14
    skin, cloth = shade(person.skin, tone), shade(person.cloth, tone)
    bare = person.short_sleeves
    for a, b, wide in ((shoulder, bent, 12), (bent, hand.wrist, 8.5)) if near else ():
        sheet.fill(limb(a + 1.6j, b + 2.2j, wide, wide - 1), "#05040c", opacity=0.16)
    wrist = hand.wrist
    cuff = bent + (wrist - bent) * 0.9
    if bare:
        sheet.fill(limb(bent, wrist, 8.2, 5.4), sheet.lit(skin))
        sheet.fill(limb(shoulder, bent, 9.4, 8.2), sheet.lit(skin))
        sleeve = shoulder + (bent - shoulder) * 0.55
        sheet.fill(limb(shoulder, sleeve, 12, 11), sheet.lit(cloth))
        return
    sheet.fill(limb(cuff, wrist, 6, 5.4), sheet.lit(skin))
    if person.outfit == "suit":
        sheet.fill(limb(cuff, bent + (wrist - bent) * 0.94, 6.6, 6.6), "#efece4")
    sheet.fill(limb(bent, cuff, 10, 7.4), sheet.lit(cloth))
    sheet.fill(limb(shoulder, bent, 12, 9.6), sheet.lit(cloth))
    rim = [shoulder + (bent - shoulder) * 0.1, bent]
    offset = (
        1j
        * (bent - shoulder)
        / abs(bent - shoulder)
        * (5 if sheet.light * (bent - shoulder).imag < 0 else -5)
    )
    sheet.line(
        polygon([p + offset for p in rim], closed=False), shade(cloth, 0.5), 0.8, opacity=0.2
    )


def draw_hand(sheet: Sheet, person: Person, hand: Hand, *, near: bool) -> None:
    """Palm, thumb and fingers that reach their tips."""
    skin = shade(person.skin, 0.06 if near else -0.06)
    dark = shade(person.skin, -0.38)
    middle = sum(hand.tips) / len(hand.tips)
    reach = middle - hand.wrist
    palm = hand.wrist + reach * min(0.62, 7.5 / (abs(reach) or 1))
    if hand.thumb is not None:
        sheet.line(smooth([hand.wrist + reach * 0.15, hand.thumb], closed=False), dark, 2.9)
        sheet.line(smooth([hand.wrist + reach * 0.15, hand.thumb], closed=False), skin, 2.2)
    sheet.fill(limb(hand.wrist, palm, 5.4, 7), sheet.lit(skin, 0.7))
    for tip in hand.tips:
        knuckle = palm + (tip - middle) * 0.62
        knuckle_line = polygon([knuckle, tip], closed=False)
        sheet.line(knuckle_line, dark, 2.7)
        sheet.line(knuckle_line, skin, 2.0)


def spread(start: complex, step: complex, count: int = 4) -> tuple[complex, ...]:
    """Finger tips in a row."""
    return tuple(start + step * i for i in range(count))


def lifted(tips: Sequence[complex], away: complex, share: float) -> tuple[complex, ...]:
    """Lift the fingers one after the other, the last first, until at `share` 1 all are up."""
    count = len(tips)
    amounts = (min(max(share * count - (count - 1 - i), 0.0), 1.0) for i in range(count))
    return tuple(tip + away * amount for tip, amount in zip(tips, amounts, strict=True))
