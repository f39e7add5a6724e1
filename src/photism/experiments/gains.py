"""How much better one row of a table is than another: as the paper says, and as measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from photism.experiments.declarations import Experiment, Gain
from photism.experiments.overview import GainLine
from photism.experiments.table import MeasuredRow
from photism.metrics.registry import METRICS


def gain_lines(experiment: Experiment, rows: Sequence[MeasuredRow]) -> tuple[GainLine, ...]:
    """Return the gains of an experiment, printed, recomputed and measured.

    Args:
        experiment: says which rows are compared.
        rows: what has been measured of its rows.

    Returns:
        A line for each gain; none for most experiments.
    """
    published = {row.key: row.published for row in experiment.rows} | dict(experiment.others)
    measured = {row.row.key: row for row in rows}
    return tuple(_line(gain, published, measured) for gain in experiment.gains)


def _line(
    gain: Gain,
    published: Mapping[str, Mapping[str, float]],
    measured: Mapping[str, MeasuredRow],
) -> GainLine:
    metric = METRICS[gain.metric]
    figures = (published[key].get(gain.metric) for key in (gain.of, gain.over))
    seen = (_figure(measured.get(key), gain.metric) for key in (gain.of, gain.over))
    title = f"errors (1 − {metric.title})" if gain.errors else metric.title
    return GainLine(
        name=f"{title}: {gain.of} over {gain.over}",
        printed=_percent(gain.published),
        thesis=_percent(gain.thesis),
        computed=_percent(relative_gain(gain, *figures)),
        measured=_percent(relative_gain(gain, *seen)),
    )


def _figure(row: MeasuredRow | None, metric: str) -> float | None:
    figure = row.figure(metric, row.row.titles[0]) if row else {}
    return figure.get("value")


def relative_gain(gain: Gain, of: float | None, over: float | None) -> float | None:
    """Return by which share of `over` a figure is better than it.

    Args:
        gain: says which way is better, and whether it is the errors that count.
        of: the better figure; None if there is none.
        over: the figure it is compared with.

    Returns:
        Positive where `of` is better; None if it cannot be said.
    """
    if of is None or over is None:
        return None
    lower = gain.errors or METRICS[gain.metric].better == "lower"
    of, over = (1 - of, 1 - over) if gain.errors else (of, over)
    if not over:
        return None
    return (over - of) / over if lower else (of - over) / over


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{round(100 * share, 2):g} %"
