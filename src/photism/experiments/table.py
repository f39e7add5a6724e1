"""The table of an experiment: which figures stand in it, and how they are shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from photism.experiments.declarations import Experiment, Row
from photism.experiments.overview import (
    PARTIAL,
    Cell,
    Column,
    Figure,
    OverviewLine,
    OverviewRow,
    Strip,
)
from photism.metrics.registry import METRICS, Metric
from photism.pages.charts import Curve, line_chart

SOUNDS, REAL = "the sounds", "real pictures"
INCEPTION = ("fid", "is")
PIXEL_LOSS = "pixel_loss"
"""Name of the column of a figure that is of training, and not of what is made."""
_PIXEL_LOSS = Metric(
    "pixel loss",
    PIXEL_LOSS,
    "lower",
    hint="Pixel loss is the mean squared error of pixels, in [0, 4], over all of the training.",
)
BY = "accuracy by "
"""Begins the name of the column of an independent judge."""


@dataclass(frozen=True)
class MeasuredRow:
    """A row and what is known of it: nothing before it has been run."""

    row: Row
    evaluation: Mapping[str, Any] | None = None
    """What `Evaluation.to_json` returned."""
    cases: Sequence[Mapping[str, Any]] | None = None
    """Kinds of sounds that were put in instead; see `failures.Case`."""
    differs: tuple[str, ...] = ()
    strips: tuple[Strip, ...] = ()
    """Pictures of the outputs that are shown, and of reality."""
    traced: tuple[float, ...] = ()
    """Mean pixel loss in every epoch of its training, where it was recorded."""

    @property
    def done(self) -> bool:
        """Whether anything has been measured."""
        return bool(self.evaluation or self.cases)

    @property
    def partial(self) -> bool:
        """Whether only a part of the published data was at hand."""
        return any(line.startswith(PARTIAL) for line in self.differs)

    @property
    def opinions(self) -> Mapping[str, Any]:
        """Of independent judges on the main output, and on reality, by their names."""
        return self.evaluation.get("opinions", {}) if self.evaluation else {}

    def figure(self, name: str, output: str) -> Mapping[str, Any]:
        """Return "value", "low" and "high" where there is an interval; nothing if unmeasured."""
        if self.evaluation is None:
            return {}
        if name.startswith(BY):
            opinion = self.opinions.get(name.removeprefix(BY))
            if opinion is None or output != self.evaluation["main_output"]:
                return {}
            return _follow(opinion["figures"], "accuracy")
        if name == PIXEL_LOSS:
            return {"value": sum(self.traced) / len(self.traced)} if self.traced else {}
        return _follow(self.evaluation["outputs"].get(output, {}), METRICS[name].path)


def _follow(figures: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    found: Any = figures
    for name in path.split("."):
        found = found.get(name) if found else None
    figure = found if isinstance(found, Mapping) else {"value": found}
    return {} if figure["value"] is None else figure


def _metric(name: str) -> Metric:
    """Return what a column shows."""
    if name.startswith(BY):
        judge = name.removeprefix(BY)
        return replace(METRICS["accuracy"], title=f"accuracy({judge})", hint="")
    return _PIXEL_LOSS if name == PIXEL_LOSS else METRICS[name]


def columns_of(experiment: Experiment, rows: Sequence[MeasuredRow]) -> dict[str, Column]:
    """Return columns by metric: published where anybody did, measured where it can be."""
    published = [row.published for row in experiment.rows]
    published += [experiment.real, *experiment.others.values()]
    columns = {}
    for name in experiment.metrics:
        metric = _metric(name)
        known = any(row.figure(name, output) for row in rows for output in row.row.titles)
        printed = any(name in figures for figures in published)
        if known or printed or name not in INCEPTION:
            columns[name] = Column(
                metric.title,
                row="published" if printed else "",
                line="measured" if known or name not in INCEPTION else "",
            )
    others = dict.fromkeys(name for row in rows for name in row.opinions)
    return columns | {
        BY + name: Column(_metric(BY + name).title, line="measured") for name in others
    }


def table_rows(experiment: Experiment, rows: Sequence[MeasuredRow]) -> tuple[OverviewRow, ...]:
    """Return all rows as they are shown: those that run, real pictures, other systems."""
    columns = columns_of(experiment, rows)
    published = [name for name, column in columns.items() if column.row]
    measured = [name for name, column in columns.items() if column.line]
    best = _best(experiment, rows, measured)
    shown = [
        OverviewRow(
            name=row.row.name,
            cells=tuple(_published(name, row.row.published, row.row.thesis) for name in published),
            lines=tuple(_lines(row, measured, best)),
            content={
                "key": row.row.key,
                "published": dict(row.row.published),
                "evaluation": row.evaluation,
            },
            differs=row.differs,
            partial=row.partial,
            href=f"{row.row.measured}/report.html" if row.evaluation else "",
        )
        for row in rows
    ]
    real = {REAL: experiment.real}
    for name, figures in {**real, **experiment.others}.items():
        seen = [_of_real(rows, metric) if name in real else Cell() for metric in measured]
        shown.append(
            OverviewRow(
                name=name,
                cells=tuple(_published(metric, figures) for metric in published),
                lines=(OverviewLine("", tuple(seen)),),
                content={"key": None, "published": dict(figures), "evaluation": None},
            )
        )
    return tuple(shown)


def _lines(
    row: MeasuredRow, metrics: Sequence[str], best: Mapping[tuple[str, int], float]
) -> Iterator[OverviewLine]:
    """Yield a line for every output; a row that has not been run has one without figures."""
    if row.evaluation is None:
        yield OverviewLine("not run yet", tuple(Cell() for _ in metrics))
        return
    for place, (output, name_of) in enumerate(zip(row.row.titles, row.row.outputs, strict=True)):
        cells = []
        for name in metrics:
            metric, figure = _metric(name), row.figure(name, output)
            as_published = place == 0 and not row.partial
            cell = _cell(metric, figure, row.row.published.get(name) if as_published else None)
            if figure and figure["value"] == best.get((name, place)):
                cell = replace(cell, tone="best")
            cells.append(cell)
        yield OverviewLine(name_of if len(row.row.outputs) > 1 else "", tuple(cells))


def _cell(metric: Metric, figure: Mapping[str, Any], published: float | None = None) -> Cell:
    if not figure:
        return Cell()
    below = []
    if "low" in figure:
        below.append(Cell(metric.show_range(figure["low"], figure["high"]), "quiet"))
    if published is not None and metric.percent:
        gap = 100 * (figure["value"] - published)
        below.append(Cell(f"{gap:+.1f} points", "up" if gap >= 0 else "down"))
    return Cell(metric.show(figure["value"]), below=tuple(below))


def _published(
    name: str, figures: Mapping[str, float], thesis: Mapping[str, float] | None = None
) -> Cell:
    if name not in figures:
        return Cell()
    other = (thesis or {}).get(name)
    below = () if other is None else (Cell(f"thesis {_metric(name).printed(other)}", "quiet"),)
    return Cell(_metric(name).printed(figures[name]), below=below)


def _of_real(rows: Sequence[MeasuredRow], name: str) -> Cell:
    """Return a figure of the real pictures of the test split."""
    for row in rows:
        if row.evaluation and row.row.split == "test":
            if name.startswith(BY):
                opinion = row.opinions.get(name.removeprefix(BY), {})
                return _cell(_metric(name), _follow(opinion.get("real", {}), "accuracy"))
            real = row.evaluation["references"]["real"]
            return _cell(_metric(name), _follow(real, _metric(name).path))
    return Cell()


def _best(
    experiment: Experiment, rows: Sequence[MeasuredRow], names: Sequence[str]
) -> dict[tuple[str, int], float]:
    """Return the best figure of a metric and a place among outputs, if rows can be compared."""
    if len({(row.data, row.split) for row in experiment.rows}) > 1:
        return {}
    best = {}
    for name in names:
        metric = _metric(name)
        for place in range(max(len(row.row.outputs) for row in rows)):
            values = [
                row.figure(name, output)["value"]
                for row in rows
                for output in row.row.titles[place : place + 1]
                if row.figure(name, output)
            ]
            if len(values) > 1 and metric.better != "neither":
                best[name, place] = (max if metric.better == "higher" else min)(values)
    return best


def hints_of(experiment: Experiment, rows: Sequence[MeasuredRow]) -> tuple[str, ...]:
    """Return what has to be known of the columns that are shown."""
    columns = columns_of(experiment, rows)
    hints = [_metric(name).hint for name in columns if _metric(name).hint]
    measured = {name for name, column in columns.items() if column.line}
    if set(INCEPTION) & set(experiment.metrics) - measured:
        hints.append("FID and IS were not measured: --inception measures them.")
    return tuple(hints)


def strips_of(rows: Sequence[MeasuredRow]) -> Iterator[Strip]:
    """Yield sounds and real pictures, once where rows show the same, and those of all outputs."""
    seen = set()
    for row in rows:
        shown = {strip.label: strip for strip in row.strips}
        for label in (SOUNDS, REAL):
            if label in shown and shown[label].content not in seen:
                seen.add(shown[label].content)
                yield shown[label]
        for output, name_of in zip(row.row.titles, row.row.outputs, strict=True):
            label = name_of if len(row.row.outputs) > 1 else ""
            if output in shown:
                name = f"{row.row.name}, {label}" if label else row.row.name
                yield replace(shown[output], label=name)


def sweep_figure(experiment: Experiment, rows: Sequence[MeasuredRow]) -> Figure | None:
    """Draw the natural logarithm of every metric over the setting that rows differ in.

    Args:
        experiment: one with a `sweep`.
        rows: those that have not been run are left out.

    Returns:
        The chart; None for other experiments and for fewer than two rows.
    """
    done = [row for row in rows if row.evaluation]
    if not experiment.sweep or len(done) < 2:
        return None
    lines: list[Curve] = []
    titles: list[str] = []
    for name in experiment.metrics:
        curves = [
            _curve(done, name, place, len(titles)) for place in range(len(done[0].row.outputs))
        ]
        if curves[0]:
            titles.append(f"ln {_metric(name).title}")
        lines += [curve for curve in curves if curve]
    svg = line_chart(
        lines,
        x_label=experiment.sweep,
        y_label="natural logarithm",
        x_names=[row.row.settings[experiment.sweep] for row in done],
        width=960,
        height=360,
    )
    several = len(done[0].row.outputs) > 1
    dashed = f"; dashed: {', '.join(done[0].row.outputs[1:])}" if several else ""
    hint = f"Natural logarithms, so that figures of every size are seen{dashed}."
    return Figure(f"The figures over {experiment.sweep}", hint, titles, svg)


def _curve(rows: Sequence[MeasuredRow], name: str, place: int, colour: int) -> Curve | None:
    """Return the logarithm of a metric over rows; what is 0 has none."""
    metric = _metric(name)
    figures = [row.figure(name, row.row.titles[place]) for row in rows]
    points = [(x, math.log(f["value"])) for x, f in enumerate(figures) if f and f["value"] > 0]
    if not points:
        return None
    x, y = zip(*points, strict=True)
    return Curve(metric.title, x, y, dashed=place > 0, colour=colour)
