"""A canvas with a performer on it: looks, strokes that catch the light, bodies and arms.

Lengths are in heights of the picture, x to the right and y downwards, from the middle of the floor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

SKIN = ((255, 219, 190), (238, 190, 150), (198, 140, 98), (150, 98, 64), (99, 62, 43))
HAIR = ((30, 24, 22), (66, 42, 28), (120, 78, 44), (186, 146, 88), (112, 108, 106), (140, 60, 36))
CLOTHES = ((38, 38, 48), (58, 54, 80), (128, 36, 58), (40, 96, 82), (92, 76, 128), (156, 120, 78))


@dataclass(frozen=True)
class Look:
    """What the sound does not determine: the player, the clothes, the light, the camera."""

    skin: int
    hair: int
    hair_style: int
    clothes: int
    shirt: bool
    height: float
    shift: float
    zoom: float
    curtain_hue: float
    fold_phase: float
    folds: int
    warmth: float
    floor: float
    sway: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Look:
        """Draw a look."""
        return cls(
            skin=int(rng.integers(len(SKIN))),
            hair=int(rng.integers(len(HAIR))),
            hair_style=int(rng.integers(4)),
            clothes=int(rng.integers(len(CLOTHES))),
            shirt=bool(rng.integers(2)),
            height=float(rng.uniform(0.94, 1.03)),
            shift=float(rng.uniform(-0.06, 0.06)),
            zoom=float(rng.uniform(1.0, 1.14)),
            curtain_hue=float(rng.uniform(-1, 1)),
            fold_phase=float(rng.uniform(0, 2 * math.pi)),
            folds=int(rng.integers(9, 15)),
            warmth=float(rng.uniform(0.6, 1)),
            floor=float(rng.uniform(0, 1)),
            sway=float(rng.uniform(0, 2 * math.pi)),
        )


class Scene:
    """A canvas with a performer's measures: where the body is, and how to draw on it."""

    def __init__(
        self, picture: Image.Image, look: Look, pitch: float | None, level: float, time_s: float
    ) -> None:
        self.look, self.time_s = look, time_s
        self.playing = pitch is not None and level > 0
        self.pitch = 0.3 if pitch is None else pitch
        self.level = level if self.playing else 0.0
        self.light = 0.74 + 0.36 * level
        self.lean = 0.016 * self.level * math.sin(2 * math.pi * 0.45 * time_s + look.sway)
        self._side = picture.width
        self._pen = ImageDraw.Draw(picture)
        self._picture = picture

    def place(self, p: Point) -> Point:
        """Pixel of a point; the body leans the more, the higher."""
        zoom = self.look.zoom
        x = 0.5 + self.look.shift + zoom * (p[0] + self.lean * max(0.0, -p[1]) * 2)
        return x * self._side, (0.94 + zoom * p[1]) * self._side

    def shade(self, colour: Colour, factor: float = 1.0) -> Colour:
        """The colour in the light of the moment."""
        warm = (1.0, 0.98, 0.9 + 0.1 * (1 - self.look.warmth))
        red, green, blue = (
            min(255, round(c * self.light * factor * w)) for c, w in zip(colour, warm, strict=True)
        )
        return red, green, blue

    def line(self, points: list[Point], width: float, colour: Colour, light: float = 1.0) -> None:
        """A stroke with round joints and ends."""
        placed = [self.place(p) for p in points]
        pixels = max(1, round(width * self.look.zoom * self._side))
        fill = self.shade(colour, light)
        self._pen.line(placed, fill, pixels, joint="curve")
        if pixels > 2:
            r = pixels / 2 - 0.5
            for x, y in (placed[0], placed[-1]):
                self._pen.ellipse((x - r, y - r, x + r, y + r), fill)

    def tube(self, points: list[Point], width: float, colour: Colour, shine: Colour) -> None:
        """A stroke that looks round: dark edge, body, highlight."""
        self.line(points, width * 1.25, colour, 0.5)
        self.line(points, width, colour)
        lifted = [(x - width * 0.18, y - width * 0.18) for x, y in points]
        self.line(lifted, width * 0.28, shine)

    def shape(self, points: list[Point], colour: Colour, light: float = 1.0) -> None:
        """A filled polygon."""
        self._pen.polygon([self.place(p) for p in points], self.shade(colour, light))

    def oval(
        self,
        centre: Point,
        rx: float,
        ry: float,
        colour: Colour,
        light: float = 1.0,
        turn: float = 0,
    ) -> None:
        """An ellipse, turned by `turn` radians."""
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        c, s = math.cos(turn), math.sin(turn)
        x, y = rx * np.cos(angles), ry * np.sin(angles)
        outline = zip(centre[0] + c * x - s * y, centre[1] + s * x + c * y, strict=True)
        self.shape([(float(a), float(b)) for a, b in outline], colour, light)

    def shadow(self, rx: float) -> None:
        """A soft shadow on the floor."""
        x, y = self.place((0, 0.012))
        side = self._side
        mask = Image.new("L", (side // 8, side // 8), 0)
        pen = ImageDraw.Draw(mask)
        pen.ellipse(
            (
                (x - rx * side) / 8,
                (y - 0.022 * side) / 8,
                (x + rx * side) / 8,
                (y + 0.022 * side) / 8,
            ),
            150,
        )
        soft = mask.filter(ImageFilter.GaussianBlur(side / 500)).resize((side, side))
        self._picture.paste((8, 6, 8), (0, 0), soft)

    def bow(self, hand: Point, crossing: Point) -> None:
        """A bow from the right hand across the strings, moving as long as there is sound."""
        stroke = 0.07 * math.sin(2 * math.pi * 1.1 * self.time_s) * (1 if self.playing else 0)
        dx, dy = crossing[0] - hand[0], crossing[1] - hand[1]
        length = math.hypot(dx, dy) or 1.0
        ux, uy = dx / length, dy / length
        tip = (crossing[0] + ux * (0.11 + stroke), crossing[1] + uy * (0.11 + stroke))
        self.line([hand, tip], 0.007, (96, 58, 30))
        self.line([(hand[0], hand[1] + 0.008), (tip[0], tip[1] + 0.008)], 0.003, (240, 236, 224))


@dataclass(frozen=True)
class Body:
    """Where the parts of the performer are."""

    head: Point
    shoulder: float
    """Height of the shoulders."""
    wide: float
    hip: float

    @property
    def mouth(self) -> Point:
        """Where a mouthpiece goes."""
        return self.head[0], self.head[1] + 0.038


def standing(scene: Scene) -> Body:
    """Draw a performer who stands, without arms."""
    tall = scene.look.height
    body = Body((0.0, -0.70 * tall), -0.585 * tall, 0.078, -0.33 * tall)
    clothes = CLOTHES[scene.look.clothes]
    scene.shadow(0.15)
    for side in (-1, 1):
        scene.line([(0.034 * side, body.hip), (0.044 * side, -0.03)], 0.056, clothes, 0.8)
        scene.line([(0.044 * side, -0.012), (0.062 * side, -0.008)], 0.03, (18, 16, 18))
    _torso(scene, body)
    return body


def seated(scene: Scene) -> Body:
    """Draw a performer on a chair, without arms."""
    body = Body((0.0, -0.60), -0.485, 0.08, -0.25)
    clothes = CLOTHES[scene.look.clothes]
    scene.shadow(0.17)
    for side in (-1, 1):
        scene.line([(0.085 * side, -0.22), (0.1 * side, 0.0)], 0.012, (40, 30, 26))
    scene.line([(-0.1, -0.225), (0.1, -0.225)], 0.03, (58, 40, 32))
    for side in (-1, 1):
        scene.line([(0.045 * side, -0.24), (0.115 * side, -0.20)], 0.062, clothes, 0.85)
        scene.line([(0.115 * side, -0.20), (0.115 * side, -0.03)], 0.05, clothes, 0.75)
        scene.line([(0.115 * side, -0.012), (0.14 * side, -0.008)], 0.03, (18, 16, 18))
    _torso(scene, body)
    return body


def _torso(scene: Scene, body: Body) -> None:
    clothes, top, hip, wide = CLOTHES[scene.look.clothes], body.shoulder, body.hip, body.wide
    outline = [(-wide, top), (wide, top), (0.066, hip), (-0.066, hip)]
    scene.line([(-wide + 0.01, top + 0.012), (wide - 0.01, top + 0.012)], 0.046, clothes)
    scene.shape(outline, clothes)
    scene.shape([(-0.02, top), (-wide, top), (-0.066, hip), (-0.03, hip)], clothes, 0.82)
    if scene.look.shirt:
        scene.shape(
            [(-0.024, top - 0.012), (0.024, top - 0.012), (0.0, top + 0.1)], (236, 234, 230)
        )
    skin, hair = SKIN[scene.look.skin], HAIR[scene.look.hair]
    x, y = body.head
    if scene.look.hair_style == 3:
        scene.oval((x, y + 0.03), 0.066, 0.095, hair, 0.85)
    scene.line([(x, y + 0.04), (x, top)], 0.038, skin, 0.85)
    scene.oval((x, y - 0.012), 0.058, 0.068, hair)
    scene.oval((x, y + 0.006), 0.049, 0.06, skin)
    if scene.look.hair_style != 0:
        scene.oval((x, y - 0.045), 0.05, 0.026 + 0.004 * scene.look.hair_style, hair)
    if scene.look.hair_style == 2:
        scene.oval((x, y - 0.083), 0.022, 0.02, hair)
    for side in (-1, 1):
        scene.oval((x + 0.019 * side, y + 0.002), 0.006, 0.0045, (32, 24, 22))
        scene.line([(x + 0.012 * side, y - 0.013), (x + 0.028 * side, y - 0.015)], 0.004, hair, 0.9)
    scene.line([(x, y + 0.006), (x + 0.004, y + 0.02)], 0.004, skin, 0.8)
    scene.line([(x - 0.011, y + 0.037), (x + 0.011, y + 0.037)], 0.005, (150, 70, 66))


def arms(scene: Scene, body: Body, right: Point, left: Point) -> None:
    """Draw both arms by two-bone inverse kinematics; right and left are the player's own."""
    for side, hand in ((-1, right), (1, left)):
        shoulder = ((body.wide - 0.008) * side, body.shoulder + 0.016)
        upper = lower = 0.125
        dx, dy = hand[0] - shoulder[0], hand[1] - shoulder[1]
        reach = min(math.hypot(dx, dy), upper + lower - 1e-3)
        if reach < 0.15:  # the hand is in front of the chest: the forearm points at the audience
            elbow = (shoulder[0] + 0.045 * side, shoulder[1] + 0.115)
        else:
            bend = math.acos(reach / (upper + lower))
            ways = [math.atan2(dy, dx) + sign * bend for sign in (1, -1)]
            # Of the two ways to bend, the elbow that hangs lower and further out.
            angle = max(ways, key=lambda a: math.sin(a) + 0.6 * side * math.cos(a))
            elbow = (shoulder[0] + upper * math.cos(angle), shoulder[1] + upper * math.sin(angle))
        clothes = CLOTHES[scene.look.clothes]
        scene.line([shoulder, elbow, hand], 0.05, clothes, 0.7)
        scene.line([shoulder, elbow, hand], 0.042, clothes, 1.15)
        scene.oval(hand, 0.021, 0.021, SKIN[scene.look.skin])


def between(a: Point, b: Point, share: float) -> Point:
    """The point at a share of the way from `a` to `b`; beyond either end too."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
