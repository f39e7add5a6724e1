"""Consistent archetypes or diverse mistakes: all bundled systems on one plane, and the figure.

The question is that of M. Żelaszczyk and J. Mańdziuk, "Audio-to-Image Cross-Modal Generation",
2021, arXiv:2109.13354, section 5: a weight fixed in training chooses between results that keep the
class and results that differ. Guidance chooses when sampling, so `flow` is a curve.
"""

from __future__ import annotations

from collections.abc import Sequence

from photism.experiments.declarations import Experiment, Row
from photism.experiments.overview import Figure
from photism.experiments.table import MeasuredRow
from photism.pages.charts import Curve, line_chart

GUIDANCE = (1.0, 1.5, 2.0, 3.0, 4.0)
_SOURCE = "photism's own comparison, after arXiv:2109.13354, section 5"
_FINDING = (
    "outputs are either consistent archetypes or diverse mistakes, by a weight fixed in training"
)


def _points(data: str, pairs: int, weights: dict[str, str], preset: str) -> tuple[Row, ...]:
    """Return a row for each of the weights, and one of `flow` for each guidance.

    The flow is trained on the same pairs: bundled weights of it have learnt from more.
    """
    fixed = [
        Row(name=name, key=source, system="", data=data, pairs=pairs, weights=source)
        for source, name in weights.items()
    ]
    curve = [
        Row(
            name=f"Flow, guidance {guidance:g}",
            key=f"flow-{guidance:g}",
            system="flow",
            data=data,
            pairs=pairs,
            sampling={"guidance": f"{guidance:g}"},
            preset=preset,
        )
        for guidance in GUIDANCE
    ]
    return (*fixed, *curve)


DIGITS = Experiment(
    name="consistency-diversity",
    title="Accuracy against diversity: spoken digits",
    source=_SOURCE,
    rows=_points(
        "mnist-fsdd",
        60_000,
        {"aivae-fsdd": "AIVAE", "aivae-gan-fsdd": "AIVAE-GAN"},
        "32",
    ),
    epochs=5,
    finding=_FINDING,
    metrics=("accuracy", "diversity", "fd"),
    plane=("diversity", "accuracy"),
)
ORCHESTRA = Experiment(
    name="consistency-diversity-orchestra",
    title="Accuracy against diversity: thirteen instruments",
    source=_SOURCE,
    rows=_points(
        "orchestra",
        19_136,
        {"car-gan-orchestra": "CAR-GAN", "sa-cmgan-s2i-orchestra": "SA-CMGAN"},
        "128",
    ),
    epochs=5,
    finding=_FINDING,
    metrics=("accuracy", "accuracy_sounding", "diversity", "fd"),
    judge="small-orchestra",
    plane=("diversity", "accuracy"),
)


def plane_figure(experiment: Experiment, rows: Sequence[MeasuredRow]) -> Figure | None:
    """Draw one metric over another: a point for every weights, a curve for all their samplings.

    Args:
        experiment: one with a `plane`.
        rows: those that have not been measured are left out.

    Returns:
        The chart; None for other experiments, and before anything was measured.
    """
    done = [row for row in rows if row.evaluation]
    if not experiment.plane or not done:
        return None
    curves: dict[str, list[MeasuredRow]] = {}
    for row in done:
        curves.setdefault(row.row.weights or row.row.system, []).append(row)
    lines = [
        Curve(members[0].row.name.partition(",")[0], *_places(experiment, members), marked=True)
        for members in curves.values()
    ]
    across, up = experiment.plane
    svg = line_chart(lines, x_label=across, y_label=up, percent=True, width=960, height=420)
    hint = (
        "Up is right, to the right is varied, 1 as varied as real ones. Points of a line differ in"
        " guidance."
    )
    return Figure(f"{up.capitalize()} against {across}", hint, [line.name for line in lines], svg)


def _places(
    experiment: Experiment, rows: Sequence[MeasuredRow]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    across, up = (
        tuple(row.figure(metric, row.row.titles[0])["value"] for row in rows)
        for metric in experiment.plane
    )
    return across, up
