"""A loss that is followed through training, and the figure of it for all rows of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from photism.errors import DataError
from photism.experiments.declarations import Experiment
from photism.experiments.overview import Figure
from photism.experiments.table import MeasuredRow
from photism.files import parse_json
from photism.pages.charts import Curve, line_chart
from photism.training.history import METRICS as RECORDS

LONGEST = 50
"""Epochs of the moving average, at the most (S2I's paper)."""


def trace(run: Path, term: str) -> list[float]:
    """Return the mean of a loss term in every epoch of a run, in order.

    Args:
        run: a run folder.
        term: such as "pixel".

    Returns:
        One number an epoch; none if the run kept no record of it.

    Raises:
        DataError: the record is damaged.
    """
    path = run / RECORDS
    if not path.is_file():
        return []
    try:
        records = map(parse_json, path.read_text(encoding="utf-8").splitlines())
        return [float(r[term]) for r in records if r["kind"] == "epoch" and term in r]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error!r}") from error


def smoothed(values: Sequence[float]) -> np.ndarray:
    """Average over the last epochs: 50 as in the paper, or a tenth of a training that is shorter.

    Args:
        values: one an epoch.

    Returns:
        As many; the first ones are means of what there is.
    """
    width = max(1, min(LONGEST, round(len(values) / 10)))
    sums = np.cumsum([0.0, *values])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - width)
    return (sums[ends] - sums[starts]) / (ends - starts)


def traced_figure(experiment: Experiment, rows: Sequence[MeasuredRow]) -> Figure | None:
    """Draw the moving average of a loss for every run of an experiment.

    Args:
        experiment: one with a term that is `traced`.
        rows: those that have not been run are left out.

    Returns:
        The chart; None for other experiments, and before anything ran.
    """
    runs = {tuple(row.traced): row for row in reversed(rows) if row.traced}
    if not experiment.traced or not runs:
        return None
    lines, names = [], []
    for values, row in reversed(runs.items()):
        names.append(row.row.name)
        lines.append(Curve(row.row.name, range(1, len(values) + 1), smoothed(values).tolist()))
    svg = line_chart(
        lines, x_label="epoch", y_label=f"{experiment.traced} loss", width=960, height=360
    )
    hint = "Moving average over 50 epochs, or over a tenth of a shorter training."
    return Figure(f"The {experiment.traced} loss in training", hint, names, svg)
