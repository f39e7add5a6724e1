"""Reports: one HTML file that needs nothing else, and the same figures as JSON beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from photism.errors import DataError
from photism.evaluation.examples import show_examples
from photism.evaluation.results import Evaluation
from photism.evaluation.table import Published, figure_table, opinion_table
from photism.evaluation.uncertainty import HINTS
from photism.files import parse_json, write_json, write_text
from photism.metrics.uncertainty import Selective
from photism.pages.charts import Curve, line_chart
from photism.pages.render import render
from photism.pages.words import WORDS

HTML, JSON = "report.html", "report.json"
_NOT_LOSSES = ("kind", "step", "stage", "epoch", "seconds")


def write_report(
    evaluation: Evaluation,
    folder: Path,
    *,
    title: str,
    published: Sequence[Published] = (),
    notes: Sequence[str] = (),
    run: Path | None = None,
    trips: Sequence[Evaluation] = (),
) -> tuple[Path, Path]:
    """Write the report of one evaluation.

    Args:
        evaluation: what was measured.
        folder: gets `report.html` and `report.json`.
        title: such as "AIVAE on mnist-fsdd".
        published: figures of papers for this system on this data.
        notes: sentences on what differs from the published experiment.
        run: a training run's folder, for its loss curves.
        trips: round trips with a system of the other direction.

    Returns:
        The paths of the HTML and the JSON file.

    Raises:
        StorageError: the folder cannot be written.
    """
    page = render(
        "report.html.j2",
        title=title,
        evaluation=evaluation,
        words=WORDS[evaluation.provenance.target],
        table=figure_table(evaluation, published),
        opinions=opinion_table(evaluation),
        notes=[*evaluation.provenance.data_notes, *evaluation.notes, *notes],
        by_class=_by_class(evaluation),
        steps=evaluation.steps,
        grid=show_examples(evaluation),
        trips=[
            (trip, WORDS[trip.provenance.target], figure_table(trip), show_examples(trip))
            for trip in trips
        ],
        zeroing=zeroing_chart({title: evaluation.to_json()}),
        unsure=uncertainty_chart(evaluation),
        losses=loss_charts(run) if run else {},
    )
    write_text(folder / HTML, page)
    content = evaluation.to_json() | {
        "title": title,
        "published": [asdict(figure) for figure in published],
        "notes": [*evaluation.notes, *notes],
        "round_trips": [trip.to_json() for trip in trips],
    }
    write_json(folder / JSON, content)
    return folder / HTML, folder / JSON


def zeroing_chart(evaluations: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Draw the latent-zeroing curves of evaluations over common axes.

    Args:
        evaluations: name to what `Evaluation.to_json` returned.

    Returns:
        "svg", "names" in the order of the lines and "seeds"; None if none has a curve.
    """
    curves = {
        name: content["latent_zeroing"]
        for name, content in evaluations.items()
        if content["latent_zeroing"]
    }
    if not curves:
        return None
    lines = [
        Curve(name, range(len(c["accuracy"])), c["accuracy"], c["low"], c["high"])
        for name, c in curves.items()
    ]
    return {
        "svg": line_chart(
            lines,
            x_label="elements of the latent vector set to 0",
            y_label="accuracy",
            percent=True,
            width=960,
            height=340,
        ),
        "names": [f"{name}, {curve['pairs']:,} pairs" for name, curve in curves.items()],
        "seeds": len(next(iter(curves.values()))["seeds"]),
    }


def uncertainty_chart(evaluation: Evaluation) -> Mapping[str, Any] | None:
    """Draw accuracy over the share of pairs that is answered, by each number of uncertainty.

    Args:
        evaluation: of any system.

    Returns:
        "svg", "about" and "rows" of a table, each with "name", "hint" and "cells"; None where
        uncertainty was not measured.
    """
    found = evaluation.uncertainty
    if found is None:
        return None
    lines = [
        Curve(name, _percents(one.share), _percents(one.accuracy)) for name, one in found.by.items()
    ]
    best = next(iter(found.by.values()))
    lines.append(Curve("at most", _percents(best.share), _percents(best.ideal), dashed=True))
    about = f"{found.pairs:,} pairs, samples of each: {found.samples}"
    if found.spread is not None:
        about += f", mean spread {found.spread:.3f}"
    return {
        "svg": line_chart(
            lines,
            x_label="share answered in %",
            y_label="accuracy in %",
            width=960,
            height=340,
        ),
        "about": about,
        "rows": [
            {"name": name, "hint": HINTS[name], "cells": uncertainty_cells(one, found.accuracy)}
            for name, one in found.by.items()
        ],
    }


def _percents(shares: Sequence[float]) -> list[float]:
    return [100 * share for share in shares]


def uncertainty_cells(one: Selective, accuracy: float) -> tuple[str, ...]:
    """Return AUROC, accuracies of all, the surest 80 % and half, and the areas, as text."""
    roc = one.auroc
    return (
        f"{roc.value:.1%} ({100 * roc.low:.1f} – {100 * roc.high:.1f} %)" if roc else "–",
        *(f"{share:.1%}" for share in (accuracy, one.answering(0.8), one.answering(0.5))),
        f"{one.area:.1%}",
        f"{one.ideal_area:.1%}",
    )


def loss_charts(run: Path) -> dict[str, str]:
    """Draw every loss term of a training run over its epochs.

    Args:
        run: a run folder with `metrics.jsonl`.

    Returns:
        Name of the term, with its stage where there are several, to an SVG with the training
        curve first and the held-out curve second.

    Raises:
        DataError: `metrics.jsonl` is damaged.
    """
    path = run / "metrics.jsonl"
    if not path.is_file():
        return {}
    try:
        records = [parse_json(line) for line in path.read_bytes().splitlines()]
        records = [record for record in records if record["kind"] in ("epoch", "validation")]
        stages = {record["stage"] for record in records}
        curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for record in records:
            for term in record.keys() - set(_NOT_LOSSES):
                name = f"{record['stage']}: {term}" if len(stages) > 1 else term
                points = curves.setdefault(name, {}).setdefault(record["kind"], [])
                points.append((record["epoch"], record[term]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error!r}") from error
    return {name: _loss_chart(kinds) for name, kinds in sorted(curves.items())}


def _loss_chart(kinds: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    names = {"epoch": "training", "validation": "held out"}
    lines = []
    for kind, name in names.items():
        if points := kinds.get(kind):
            x, y = zip(*points, strict=True)
            lines.append(Curve(name, x, y, dashed=kind == "validation"))
    return line_chart(lines, x_label="epoch", y_label="loss", width=440, height=220)


def _by_class(evaluation: Evaluation) -> dict[str, Mapping[str, float]]:
    """Return accuracies by class: of outputs, of the listener, and of the judge on reality."""
    columns: dict[str, Mapping[str, float]] = {
        name: figures.per_class for name, figures in evaluation.outputs.items()
    }
    if evaluation.listener:
        columns["listener"] = evaluation.listener.per_class
    told = evaluation.outputs[evaluation.main_output].informativity
    if told:
        columns[f"informative ({told.learnt_from})"] = told.per_class
    words = WORDS[evaluation.provenance.target]
    return columns | {f"real {words.many}": evaluation.references.real.per_class}
