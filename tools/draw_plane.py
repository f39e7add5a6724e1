"""Draw the plane of a comparison: accuracy over diversity, a point for weights, a curve for flow.

photism reproduce consistency-diversity --out reports
python tools/draw_plane.py reports/consistency-diversity --out docs/images/plane.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from photism.experiments.measure import read_measured
from photism.experiments.published import find_experiment
from photism.experiments.table import MeasuredRow
from photism.metrics.registry import METRICS

PAPER, INK, SOFT = "#121117", "#eceaf2", "#9b96a8"
COLOURS = ("#f0983c", "#5aa9e6", "#7fd38a", "#d78bd0")


def main() -> None:
    """Draw the rows that have been measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="folder that `photism reproduce` filled")
    parser.add_argument("--out", type=Path, required=True, help="the PNG")
    args = parser.parse_args()
    experiment = find_experiment(args.report.resolve().name)
    rows = [read_measured(row, args.report / row.measured) for row in experiment.rows]
    curves: dict[str, list[MeasuredRow]] = {}
    for row in rows:
        if row.evaluation:
            curves.setdefault(row.row.name.partition(",")[0], []).append(row)
    if not curves:
        parser.error(f"nothing in {args.report} has been measured yet")
    figure = Figure((8.6, 4.6), dpi=150, facecolor=PAPER)
    axes = figure.add_axes((0.09, 0.15, 0.88, 0.8), facecolor=PAPER)
    across, up = experiment.plane
    for (name, members), colour in zip(curves.items(), COLOURS, strict=False):
        places = [
            [row.figure(m, row.row.titles[0])["value"] for m in (across, up)] for row in members
        ]
        x, y = zip(*places, strict=True)
        axes.plot(x, [100 * value for value in y], "o-", color=colour, label=name)
        for row, (px, py) in zip(members, places, strict=True):
            guidance = row.row.sampling.get("guidance")
            if guidance:
                axes.annotate(
                    guidance, (px, 100 * py), (0, -15), textcoords="offset points", ha="center",
                    color=SOFT, fontsize=9,
                )  # fmt: skip
    axes.axvline(1, color=SOFT, linewidth=0.8, linestyle=":")
    axes.set_xlabel(f"{METRICS[across].title}: 1 is as varied as real ones", color=INK)
    axes.set_ylabel(f"{up}, %", color=INK)
    axes.tick_params(colors=SOFT)
    for spine in axes.spines.values():
        spine.set_color(SOFT)
    axes.legend(facecolor=PAPER, edgecolor=SOFT, labelcolor=INK, loc="lower left")
    FigureCanvasAgg(figure).print_png(str(args.out))
    print(args.out)


if __name__ == "__main__":
    main()
