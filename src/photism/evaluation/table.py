"""The table of an evaluation: a line for every figure, a column for every output of the system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from photism.evaluation.figures import OutputFigures
from photism.evaluation.results import Evaluation
from photism.metrics.features import Estimate, Interval
from photism.metrics.registry import JUDGE, METRICS, Better, Metric, factor_metric

OPINIONS = ("accuracy", "accuracy_sounding", "fd", "kd", "precision", "recall", "paired_kl")
"""What is shown of other judges, by key."""

Figure = Interval | Estimate | float | None


@dataclass(frozen=True)
class Published:
    """A published figure to hold a measured one against."""

    value: float
    source: str
    """Paper and table."""
    metric: str = "accuracy"
    """One of `METRICS`."""
    output: str = ""
    """Output that was measured; empty is the main one."""
    data: str = ""
    """Data it was measured on, if that was another."""

    @property
    def origin(self) -> str:
        """Where it stands, and what it was measured on if that was something else."""
        return f"{self.source}, on {self.data}" if self.data else self.source


@dataclass(frozen=True)
class FigureCell:
    """A figure as text, with its interval or deviation, or the number of its source."""

    text: str = "–"
    detail: str = ""
    gap: float | None = None
    """To the published figure, in percentage points."""


@dataclass(frozen=True)
class FigureLine:
    """One figure of all outputs, of the real pictures, and as papers print it."""

    name: str
    better: Better
    outputs: tuple[FigureCell, ...]
    real: FigureCell
    published: tuple[FigureCell, ...]


@dataclass(frozen=True)
class OpinionLine:
    """One figure of every judge, of the main output and of what is real."""

    name: str
    better: Better
    cells: tuple[tuple[FigureCell, FigureCell], ...]


@dataclass(frozen=True)
class Table:
    """All figures of an evaluation."""

    outputs: tuple[str, ...]
    lines: tuple[FigureLine, ...]
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
    sources = list(dict.fromkeys(figure.origin for figure in published))
    lines = []
    for key, metric in _shown(evaluation, published):
        printed = [figure for figure in published if figure.metric == key]
        goals = {
            figure.output or evaluation.main_output: figure.value
            for figure in reversed(printed)
            if key == "accuracy" and not figure.data
        }
        lines.append(
            FigureLine(
                _title(key, metric, evaluation),
                metric.better,
                tuple(
                    _cell(metric, _found(figures, metric), goals.get(output))
                    for output, figures in evaluation.outputs.items()
                ),
                _cell(metric, _found(evaluation.references.real, metric)),
                tuple(
                    FigureCell(metric.show(figure.value), str(sources.index(figure.origin) + 1))
                    for figure in printed
                ),
            )
        )
    return Table(tuple(evaluation.outputs), tuple(lines), tuple(sources))


def opinion_table(evaluation: Evaluation) -> tuple[OpinionLine, ...]:
    """Arrange what other judges make of the main output beside what the judge does.

    Args:
        evaluation: what was measured.

    Returns:
        A line for each figure, a pair of cells (generated, real) for each judge, the main one
        first; nothing if there is no other.
    """
    if not evaluation.opinions:
        return ()
    main = evaluation.outputs[evaluation.main_output]
    pairs = [(main, evaluation.references.real)]
    pairs += [(opinion.figures, opinion.real) for opinion in evaluation.opinions.values()]
    lines = []
    for metric in (METRICS[key] for key in OPINIONS):
        cells = tuple(
            (_cell(metric, _found(a, metric)), _cell(metric, _found(b, metric))) for a, b in pairs
        )
        if any(cell.text != FigureCell().text for cell, _ in cells):
            lines.append(OpinionLine(metric.title.replace(f"({JUDGE})", ""), metric.better, cells))
    return tuple(lines)


def _shown(evaluation: Evaluation, published: Sequence[Published]) -> Iterator[tuple[str, Metric]]:
    """Yield what was measured of the real pictures or published, by key."""
    real = evaluation.references.real
    factors = {f"R² of {name}": factor_metric(name) for name in real.factor_r2 or {}}
    printed = {figure.metric for figure in published}
    for key, metric in {**METRICS, **factors}.items():
        main = evaluation.outputs[evaluation.main_output]
        there = key in factors or any(_found(f, metric) is not None for f in (real, main))
        if there or key in printed:
            yield key, metric


def _title(key: str, metric: Metric, evaluation: Evaluation) -> str:
    """Return the title of a line: whose figure it is, and whether somebody stands in for it."""
    told = evaluation.outputs[evaluation.main_output].informativity
    title = metric.titled(evaluation.provenance.judge)
    return f"{title} ({told.learnt_from})" if key == "informativity" and told else title


def _found(figures: OutputFigures, metric: Metric) -> Figure:
    """Follow a metric's path through the figures of an output."""
    found: Any = figures
    parts = metric.path.split(".", 1 if metric.path.startswith("factor_r2.") else -1)
    for name in parts:
        if found is None:
            return None
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name)
    return found


def _cell(metric: Metric, figure: Figure, goal: float | None = None) -> FigureCell:
    if figure is None:
        return FigureCell()
    if isinstance(figure, Interval):
        gap = None if goal is None else 100 * (figure.value - goal)
        low, high = (f"{100 * bound:.1f}" for bound in (figure.low, figure.high))
        return FigureCell(metric.show(figure.value), f"{low} – {high}", gap)
    if isinstance(figure, Estimate):
        spread = f"± {metric.show(figure.deviation)}" if figure.deviation else ""
        return FigureCell(metric.show(figure.value), spread)
    return FigureCell(metric.show(figure))
