"""A sheet of vector drawing: marks in painting order, written as SVG, turned into pixels by ThorVG.

Points are complex numbers, x to the right and y down, in centimetres of the scene: to turn a part
of a drawing is to multiply it by `cmath.rect(1, angle)`. Colours are `#rrggbb`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from thorvg_python.canvas.sw import SwCanvas
from thorvg_python.engine import Engine
from thorvg_python.paint.picture import Picture

SHADOW, LIGHT = "#0a0a24", "#fff3dc"
"""What shade mixes in: the blue dark of the stage, the warm white of its lamps."""
_BLOCK = 4096  # SVG is padded to whole blocks: the binding keeps one type for each length it saw
_ONE_AT_A_TIME = threading.Lock()  # the engine shares loaders between canvases


@functools.lru_cache(maxsize=4096)
def mix(first: str, second: str, share: float) -> str:
    """Blend two colours; `share` in [0, 1] is that of the second."""
    pairs = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def shade(colour: str, amount: float) -> str:
    """Make a colour lighter (up to 1) or darker (down to -1), as the stage would; black stays."""
    if amount <= 0:
        return mix(colour, SHADOW, -amount)
    return mix(colour, LIGHT, amount * (0.35 + 0.65 * int(colour[3:5], 16) / 255))


def polygon(points: Sequence[complex], *, closed: bool = True) -> str:
    """Outline of straight lines."""
    return "M" + "L".join(f"{p.real:.2f} {p.imag:.2f}" for p in points) + ("Z" if closed else "")


def smooth(points: Sequence[complex], *, closed: bool = True, tension: float = 1.0) -> str:
    """Outline that runs through the points without corners (Catmull-Rom, as Bézier curves)."""
    count, reach = len(points), tension / 6
    steps = [f"M{points[0].real:.2f} {points[0].imag:.2f}"]
    for i in range(count if closed else count - 1):
        b, c = points[i], points[(i + 1) % count]
        a = points[i - 1] if closed or i else b
        d = points[(i + 2) % count] if closed or i + 2 < count else c
        p, q = b + (c - a) * reach, c - (d - b) * reach
        steps.append(
            f"C{p.real:.2f} {p.imag:.2f} {q.real:.2f} {q.imag:.2f} {c.real:.2f} {c.imag:.2f}"
        )
    return "".join(steps) + ("Z" if closed else "")


def limb(start: complex, end: complex, first: float, last: float) -> str:
    """Outline of a rounded limb that tapers from width `first` to width `last`."""
    along = end - start
    side = 1j * along / (abs(along) or 1.0)
    a, b = start + side * first / 2, start - side * first / 2
    c, d = end - side * last / 2, end + side * last / 2
    return (
        f"M{a.real:.2f} {a.imag:.2f}"
        f"A{first / 2:.2f} {first / 2:.2f} 0 0 1 {b.real:.2f} {b.imag:.2f}"
        f"L{c.real:.2f} {c.imag:.2f}"
        f"A{last / 2:.2f} {last / 2:.2f} 0 0 1 {d.real:.2f} {d.imag:.2f}Z"
    )


def tube(points: Sequence[complex], widths: Sequence[float], steps: int = 6) -> str:
    """Outline of a tube along the points, as wide at each of them as `widths` says."""
    count = len(points)
    line: list[complex] = []
    wide: list[float] = []
    for i in range(count - 1):
        b, c = points[i], points[i + 1]
        a, d = points[max(i - 1, 0)], points[min(i + 2, count - 1)]
        for step in range(steps + (i == count - 2)):
            t = step / steps
            line.append(
                b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
            )
            wide.append(widths[i] + (widths[i + 1] - widths[i]) * t)
    left, right = [], []
    for i, point in enumerate(line):
        along = line[min(i + 1, len(line) - 1)] - line[max(i - 1, 0)]
        side = 1j * along / (abs(along) or 1.0) * wide[i] / 2
        left.append(point + side)
        right.append(point - side)
    return polygon(left + right[::-1])


Stop = tuple[float, str, float]
"""Part of a gradient: where it is in [0, 1], its colour, its opacity."""


class Sheet:
    """Marks in painting order and the gradients they are painted with.

    Args:
        light: where the light comes from: -1 left, 1 right.
    """

    def __init__(self, light: float = -1.0) -> None:
        self.light = light
        self._gradients: dict[str, str] = {}  # name → definition
        self._marks: list[str] = []

    def fill(
        self, outline: str, paint: str, *, edge: str = "", width: float = 0.5, opacity: float = 1.0
    ) -> None:
        """Fill an outline, with an `edge` of some `width` around it where one is given."""
        self._marks.append(f'<path d="{outline}" fill="{paint}"{_edge(edge, width, opacity)}/>')

    def line(
        self, outline: str, paint: str, width: float, *, opacity: float = 1.0, cap: str = "round"
    ) -> None:
        """Draw along an outline."""
        ends = f'stroke-linejoin="round" stroke-linecap="{cap}"'
        edge = _edge(paint, width, opacity)
        self._marks.append(f'<path d="{outline}" fill="none" {ends}{edge}/>')

    def oval(
        self,
        centre: complex,
        radii: complex,
        paint: str,
        *,
        turn_deg: float = 0.0,
        edge: str = "",
        width: float = 0.5,
        opacity: float = 1.0,
    ) -> None:
        """Fill an ellipse, its `radii` across and down as one complex number."""
        self._marks.append(
            f'<ellipse rx="{radii.real:.2f}" ry="{radii.imag:.2f}" fill="{paint}"'
            f' transform="translate({centre.real:.2f} {centre.imag:.2f}) rotate({turn_deg:.1f})"'
            f"{_edge(edge, width, opacity)}/>"
        )

    def gradient(self, start: complex, end: complex, *stops: Stop) -> str:
        """Paint that changes from `start` to `end` of the scene."""
        at = f'x1="{start.real:.2f}" y1="{start.imag:.2f}" x2="{end.real:.2f}" y2="{end.imag:.2f}"'
        return self._define(f'linearGradient gradientUnits="userSpaceOnUse" {at}', stops)

    def glow(self, centre: complex, radius: float, *stops: Stop) -> str:
        """Paint that changes from the `centre` outward."""
        at = f'cx="{centre.real:.2f}" cy="{centre.imag:.2f}" r="{radius:.2f}"'
        return self._define(f'radialGradient gradientUnits="userSpaceOnUse" {at}', stops)

    def lit(self, colour: str, strength: float = 1.0) -> str:
        """Paint of a round thing of this colour: brighter toward the light, darker away from it."""
        near, far = ("0", "1") if self.light < 0 else ("1", "0")
        return self._define(
            f'linearGradient x1="{near}" y1="0" x2="{far}" y2="0.75"',
            (
                (0.0, shade(colour, 0.20 * strength), 1.0),
                (0.45, colour, 1.0),
                (1.0, shade(colour, -0.42 * strength), 1.0),
            ),
        )

    def place(
        self, other: Sheet, at: complex = 0j, turn_deg: float = 0.0, scale: float = 1.0
    ) -> None:
        """Put another sheet on this one, its origin `at` a point, turned and scaled."""
        self._gradients.update(other._gradients)
        self._marks.append(
            f'<g transform="translate({at.real:.2f} {at.imag:.2f}) rotate({turn_deg:.2f}) '
            f'scale({scale:.4f})">{"".join(other._marks)}</g>'
        )

    def mirror(self, other: Sheet, width: float) -> None:
        """Put another sheet on this one, left and right exchanged between 0 and `width`."""
        self._gradients.update(other._gradients)
        marks = "".join(other._marks)
        self._marks.append(f'<g transform="matrix(-1 0 0 1 {width:.2f} 0)">{marks}</g>')

    def svg(self, span: float) -> str:
        """Return the sheet as an SVG document that shows the square from 0 to `span`."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {span:.2f} {span:.2f}">'
            f"<defs>{''.join(self._gradients.values())}</defs>{''.join(self._marks)}</svg>"
        )

    def _define(self, head: str, stops: Sequence[Stop]) -> str:
        """Write a gradient down, named by what it says: the same one is the same everywhere."""
        tag, attributes = head.split(" ", 1)
        body = "".join(
            f'<stop offset="{at}" stop-color="{colour}" stop-opacity="{opacity:.3f}"/>'
            for at, colour, opacity in stops
        )
        name = "g" + blake2b(f"{head}{body}".encode(), digest_size=6).hexdigest()
        self._gradients[name] = f'<{tag} id="{name}" {attributes}>{body}</{tag}>'
        return f"url(#{name})"


def _edge(colour: str, width: float, opacity: float) -> str:
    """Attributes of the edge of a mark, and how opaque the mark is."""
    stroke = f' stroke="{colour}" stroke-width="{width:.2f}"' if colour else ""
    return stroke if opacity >= 1 else f'{stroke} opacity="{opacity:.3f}"'


def pixels(svg: str, size: int) -> np.ndarray:
    """Draw an SVG document.

    Args:
        svg: the document.
        size: pixels of either side.

    Returns:
        `(size, size, 4)` uint8, colour times opacity, then opacity.
    """
    data = svg.encode()
    data = data.ljust(-(-len(data) // _BLOCK) * _BLOCK)
    with _ONE_AT_A_TIME:
        engine = _engine()
        canvas = SwCanvas(engine)
        canvas.set_target(size, size)
        picture = Picture(engine)
        picture.load_data(data, "svg", None, True)
        picture.set_size(size, size)
        canvas.add(picture)
        canvas.draw(True)
        canvas.sync()
        drawn = (
            np.ctypeslib.as_array(canvas.buffer_arr).view(np.uint8).reshape(size, size, 4).copy()
        )
        canvas.destroy()
    return drawn


@functools.cache
def _engine() -> Engine:
    """Start one engine a process, without threads of its own."""
    return Engine(threads=0)
