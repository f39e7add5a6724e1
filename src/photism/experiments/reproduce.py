"""Running a published table again: data, training, evaluation, row by row, and a report.

Everything lies below one folder: `data/` prepared pairs, `runs/` one training run for each system,
settings, length and data, shared by experiments, and a folder for each experiment with its rows'
reports. What is finished there is kept, so an interrupted reproduction goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from photism.data.card import Card
from photism.errors import ConfigError, nearest
from photism.evaluation.report import zeroing_chart
from photism.experiments import failures
from photism.experiments.consistency import plane_figure
from photism.experiments.declarations import Experiment, Row
from photism.experiments.gains import gain_lines
from photism.experiments.measure import Judges, is_measured, measure, read_measured
from photism.experiments.options import Reproduction
from photism.experiments.overview import PARTIAL, Figure, Overview, write_overview
from photism.experiments.runs import (
    Job,
    differences,
    train_row,
    training_data,
    training_of,
)
from photism.experiments.table import (
    MeasuredRow,
    columns_of,
    hints_of,
    strips_of,
    sweep_figure,
    table_rows,
)
from photism.experiments.traced import traced_figure
from photism.files import require_room
from photism.stored import locate


def select_rows(experiment: Experiment, keys: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the rows with these keys, in the order of the table; all without keys.

    Args:
        experiment: the table.
        keys: such as "fsdd-alpha-2".

    Returns:
        At least one row.

    Raises:
        ConfigError: a key that no row has; the nearest is suggested.
    """
    known = [row.key for row in experiment.rows]
    for key in keys:
        if key not in known:
            raise ConfigError(f"{experiment.name} has no row {key!r}: {nearest(key, known)}")
    return tuple(row for row in experiment.rows if not keys or row.key in keys)


def reproduce(
    experiment: Experiment,
    options: Reproduction,
    *,
    keys: tuple[str, ...] = (),
    command: str = "",
    say: Callable[[str], None] = lambda line: None,
) -> tuple[Overview, Path]:
    """Run rows of an experiment and write its report after each.

    Args:
        experiment: what to run.
        options: how.
        keys: of the rows to run; all by default. Others stay in the report as they are.
        command: what was typed, for the report.
        say: told what happens, line by line.

    Returns:
        Published beside measured, and the HTML report.

    Raises:
        ConfigError: an unknown row, preset or judge, a judge of other classes, or one data set for
            rows that have several.
        DataError: the data is missing or damaged.
        StorageError: the folder cannot be written.
        Interrupted: training was stopped; the same call goes on.
    """
    jobs = [Job(experiment, row, options) for row in select_rows(experiment, keys)]
    for job in jobs:
        _ = job.preset  # complains if there is none
    sources = dict.fromkeys(job.row.data for job in jobs)
    if options.data and len(sources) > 1:
        raise ConfigError(
            f"--data is one data set, the rows have {' and '.join(sources)}: choose with --rows"
        )
    judges = None if options.train_only else Judges.load(experiment, options)
    folder = options.out / experiment.name
    require_room(folder)
    for number, job in enumerate(jobs, 1):
        say(f"[{number}/{len(jobs)}] {job.row.name}")
        _run(job, judges, say)
        overview = _overview(experiment, folder, judges, command)
        html, _ = write_overview(overview, folder)
    return overview, html


def _run(job: Job, judges: Judges | None, say: Callable[[str], None]) -> None:
    """Train a row, and measure it if there are judges, unless that was done before."""
    data = training_data(job)
    run = locate(job.row.weights) if job.row.weights else training_of(job, data).out
    if judges and is_measured(job, run, judges):
        say("  finished before, kept")
        return
    if judges:
        judges.require_classes(Card.read(data).classes)
    train_row(job, data, say)
    if judges:
        measure(job, run, judges, data, differences(job, data))


def _overview(
    experiment: Experiment, folder: Path, judges: Judges | None, command: str
) -> Overview:
    """Gather what is finished; what all finished rows have in common is said once."""
    rows = [read_measured(row, folder / row.measured) for row in experiment.rows]
    lists = [row.differs for row in rows if row.done]
    common = [
        line
        for line in (lists[0] if lists else ())
        if all(line in other for other in lists) and not line.startswith(PARTIAL)
    ]
    rows = [
        replace(row, differs=tuple(line for line in row.differs if line not in common))
        for row in rows
    ]
    cases = [case for row in rows for case in row.cases or ()]
    return Overview(
        title=experiment.title,
        lead=f"The paper finds: {experiment.finding}." if experiment.finding else "",
        source=experiment.source,
        columns=failures.COLUMNS if cases else tuple(columns_of(experiment, rows).values()),
        rows=failures.case_rows(cases) if cases else table_rows(experiment, rows),
        hints=failures.HINTS if cases else hints_of(experiment, rows),
        gains=gain_lines(experiment, rows),
        figure=traced_figure(experiment, rows)
        or sweep_figure(experiment, rows)
        or plane_figure(experiment, rows)
        or _zeroing_figure(rows),
        strips=rows[0].strips if cases else tuple(strips_of(rows)),
        notes=(*_judge_notes(experiment, judges), *experiment.remarks, *common),
        command=command,
    )


def _judge_notes(experiment: Experiment, judges: Judges | None) -> Iterator[str]:
    judge = judges.judge if judges else None
    if judges and judge is None:
        yield (
            "the judge is the classifier that each system learnt with, as in the paper; it is"
            " kinder than one that had no part in the training"
        )
    if judge and judge.accuracy is not None:
        published = experiment.real.get("accuracy")
        beside = "" if published is None else f", the paper's {published:.1%}"
        yield f"judge {judge.name}: {judge.accuracy:.1%} on real test pictures{beside}"


def _zeroing_figure(rows: Sequence[MeasuredRow]) -> Figure | None:
    chart = zeroing_chart({row.row.name: row.evaluation for row in rows if row.evaluation})
    if chart is None:
        return None
    hint = (
        "Accuracy when random elements of the latent vector are set to 0, in another order for"
        f" each pair; mean of {chart['seeds']} seeds, the band from the least to the greatest."
    )
    return Figure("Latent zeroing", hint, chart["names"], chart["svg"])
