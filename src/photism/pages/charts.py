"""Line charts as small inline SVG that follows the colours of the page it stands in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 12, 40


@dataclass(frozen=True)
class Curve:
    """One curve, with a band around it where `low` and `high` are given."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    dashed: bool = False
    marked: bool = False
    """Its points are shown."""
    colour: int | None = None
    """Which of the page's line colours, from 0; by default its place among the curves."""


def line_chart(
    lines: Sequence[Curve],
    *,
    x_label: str,
    y_label: str,
    percent: bool = False,
    x_names: Sequence[str] = (),
    width: int = 640,
    height: int = 300,
) -> Markup:
    """Draw curves over common axes.

    Args:
        lines: at least one, each with at least one point; colours go by their order.
        x_label: what x is, with its unit.
        y_label: what y is, with its unit.
        percent: y is a share, shown from 0 to 100 %.
        x_names: what stands at x = 0, 1, 2, … in place of numbers.
        width: of the drawing, in CSS pixels; it shrinks with the page.
        height: of the drawing, in CSS pixels.

    Returns:
        An `<svg>` element whose colours are the page's `--line-1` … `--line-6` and `--quiet`.
    """
    xs = [x for line in lines for x in line.x]
    x_ticks = {tick: f"{tick:g}" for tick in _ticks(xs) if min(xs) <= tick <= max(xs)}
    if x_names:
        x_ticks = dict(enumerate(x_names))
    ys = [y for line in lines for y in (*line.y, *line.low, *line.high)]
    y_ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] if percent else _ticks(ys)
    across = _scale(min([*xs, *x_ticks]), max([*xs, *x_ticks]), _LEFT, width - _RIGHT)
    up = _scale(y_ticks[0], y_ticks[-1], height - _BOTTOM, _TOP)
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escape(y_label)} over {escape(x_label)}">'
    ]
    for tick in y_ticks:
        y = up(tick)
        text = f"{tick:.0%}" if percent else f"{tick:g}"
        parts.append(f'<path class="rule" d="M{_LEFT} {y:.1f}H{width - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for tick, text in x_ticks.items():
        parts.append(
            f'<text x="{across(tick):.1f}" y="{height - _BOTTOM + 18}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )
    centre = (_LEFT + width - _RIGHT) / 2
    parts.append(
        f'<text x="{centre}" y="{height - 4}" text-anchor="middle">{escape(x_label)}</text>'
    )
    parts += [_curve(line, index, across, up) for index, line in enumerate(lines)]
    return Markup("".join(parts) + "</svg>")


def _curve(
    line: Curve, index: int, across: Callable[[float], float], up: Callable[[float], float]
) -> str:
    def path(xs: Sequence[float], ys: Sequence[float]) -> str:
        return "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in zip(xs, ys, strict=True))

    place = index if line.colour is None else line.colour
    colour = f"var(--line-{place % 6 + 1})"
    parts = []
    if line.low:
        outline = path([*line.x, *reversed(line.x)], [*line.high, *reversed(line.low)])
        parts.append(f'<path d="M{outline}Z" fill="{colour}" opacity="0.16"/>')
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    parts.append(
        f'<path d="M{path(line.x, line.y)}" fill="none" stroke="{colour}" stroke-width="2"'
        f' stroke-linejoin="round" stroke-linecap="round"{dash}><title>{escape(line.name)}</title>'
        "</path>"
    )
    if line.marked:
        parts += [
            f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="4" fill="{colour}">'
            f"<title>{escape(line.name)}</title></circle>"
            for x, y in zip(line.x, line.y, strict=True)
        ]
    return "".join(parts)


def _ticks(values: Sequence[float]) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return [float(tick) for tick in MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: start + (value - low) / span * (end - start)
