"""The table of an evaluation: a line for every figure, a column for every output of the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from photism.evaluation.evaluate import Evaluation
from photism.evaluation.figures import OutputFigures
from photism.metrics.features import Estimate, Interval

Figure = Interval | Estimate | float | None
PUBLISHED = {"accuracy": "accuracy", "fid": "FID", "is": "IS"}
"""Metrics that papers print, and the names of their lines."""
_SHARES = ("accuracy", "precision", "recall")
_LOWER = ("FD", "KD", "FID", "KID")


@dataclass(frozen=True)
class Published:
    """A published figure to hold a measured one against."""

    value: float
    source: str
    """Paper and table."""
    metric: str = "accuracy"
    """One of `PUBLISHED`."""
    output: str = ""
    """Output that was measured; empty is the main one."""
    data: str = ""
    """Data it was measured on, if that was another."""

    @property
    def origin(self) -> str:
        """Where it stands, and what it was measured on if that was something else."""
        return f"{self.source}, on {self.data}" if self.data else self.source


@dataclass(frozen=True)
class Cell:
    """A figure as text, with its interval or deviation, or the number of its source."""

    text: str = "–"
    detail: str = ""
    gap: float | None = None
    """To the published figure, in percentage points."""


@dataclass(frozen=True)
class Line:
    """One figure of all outputs, of the real pictures, and as papers print it."""

    name: str
    better: Literal["higher", "lower", ""]
    outputs: tuple[Cell, ...]
    real: Cell
    published: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """All figures of an evaluation."""

    outputs: tuple[str, ...]
    lines: tuple[Line, ...]
    sources: tuple[str, ...]
    """Where the published figures come from, in the order of their numbers, from 1."""


def figure_table(evaluation: Evaluation, published: Sequence[Published] = ()) -> Table:
    """Arrange figures for people.

    Args:
        evaluation: what was measured.
        published: figures of papers; one that was not measured has a line all the same.

    Returns:
        A line for each figure: the class, the likeness to real pictures, the factors, Inception's.
    """
    judge = evaluation.provenance.judge
    measured = {name: _named(figures, judge) for name, figures in evaluation.outputs.items()}
    real = _named(evaluation.references.real, judge)
    sources = list(dict.fromkeys(figure.origin for figure in published))
    lines = []
    for name in dict.fromkeys([*real, *(PUBLISHED[figure.metric] for figure in published)]):
        printed = [figure for figure in published if PUBLISHED[figure.metric] == name]
        goals = {
            figure.output or evaluation.main_output: figure.value
            for figure in reversed(printed)
            if name == "accuracy" and not figure.data
        }
        lines.append(
            Line(
                name,
                _better(name),
                tuple(
                    _cell(name, figures.get(name), goals.get(output))
                    for output, figures in measured.items()
                ),
                _cell(name, real.get(name)),
                tuple(
                    Cell(_cell(name, figure.value).text, str(sources.index(figure.origin) + 1))
                    for figure in printed
                ),
            )
        )
    return Table(tuple(evaluation.outputs), tuple(lines), tuple(sources))


def _named(figures: OutputFigures, judge: str) -> Mapping[str, Figure]:
    """Return the figures of one output by the names of their lines."""
    named: dict[str, Figure] = {"accuracy": figures.accuracy}
    if figures.accuracy_sounding:
        named["accuracy, not silent"] = figures.accuracy_sounding
    named |= {
        f"FD({judge})": figures.frechet,
        f"KD({judge})": figures.kernel_distance,
        f"precision({judge})": figures.precision,
        f"recall({judge})": figures.recall,
        f"IS({judge})": figures.inception_score,
        "diversity": figures.diversity,
    }
    named |= {f"R² of {factor}": share for factor, share in (figures.factor_r2 or {}).items()}
    if figures.inception:
        named |= {
            "FID": figures.inception.fid,
            "KID": figures.inception.kid,
            "IS": figures.inception.inception_score,
        }
    return named


def _better(name: str) -> Literal["higher", "lower", ""]:
    if name == "diversity":
        return ""
    return "lower" if name.partition("(")[0] in _LOWER else "higher"


def _cell(name: str, figure: Figure, goal: float | None = None) -> Cell:
    if figure is None:
        return Cell()
    percent = name.startswith(_SHARES)
    if isinstance(figure, Interval):
        gap = None if goal is None else 100 * (figure.value - goal)
        bounds = f"{100 * figure.low:.1f} – {100 * figure.high:.1f}"
        return Cell(_text(figure.value, percent), bounds, gap)
    if isinstance(figure, Estimate):
        spread = f"± {_text(figure.deviation, percent)}" if figure.deviation else ""
        return Cell(_text(figure.value, percent), spread)
    return Cell(_text(figure, percent))


def _text(value: float, percent: bool) -> str:
    if percent:
        return f"{100 * value:.1f} %"
    if abs(value) >= 0.1 or value == 0:
        return f"{value:.2f}"
    return f"{value:.2g}" if abs(value) >= 0.001 else f"{value:.1g}"
