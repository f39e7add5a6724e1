"""Running a published table again: data, training, evaluation, row by row, and a report.

Everything lies below one folder: `data/` prepared pairs, `runs/` one training run for each system,
settings, length and data, shared by experiments, and a folder for each experiment with its rows'
reports. What is finished there is kept, so an interrupted reproduction goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from photism.data.pairs import PairDataset
from photism.devices import choose_device
from photism.errors import ConfigError, DataError, nearest
from photism.evaluation.evaluate import evaluate
from photism.evaluation.judges import Judge, load_judge
from photism.evaluation.report import Published, strip, write_report, zeroing_chart
from photism.experiments.declarations import Experiment, Row
from photism.experiments.overview import PARTIAL, Figure, Overview, write_overview
from photism.experiments.runs import (
    Reproduction,
    differences,
    train_row,
    training_data,
    training_of,
)
from photism.experiments.table import Measured, columns_of, hints_of, sweep_figure, table_rows
from photism.files import require_room, write_bytes, write_json
from photism.systems.weights import load_weights

ROW, STRIP = "row.json", "strip.png"


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
        ConfigError: an unknown row, preset or judge, or a judge of other classes.
        DataError: the data is missing or damaged.
        StorageError: the folder cannot be written.
        Interrupted: training was stopped; the same call goes on.
    """
    rows = select_rows(experiment, keys)
    for row in rows:
        options.preset_of(experiment, row)
    judge = None if options.train_only else load_judge(options.judge_of(experiment))
    folder = options.out / experiment.name
    require_room(folder)
    for number, row in enumerate(rows, 1):
        say(f"[{number}/{len(rows)}] {row.name}")
        if not _run_row(experiment, row, options, judge, say):
            say("  finished before, kept")
        overview = _overview(experiment, options, judge, command)
        html, _ = write_overview(overview, folder)
    return overview, html


def _run_row(
    experiment: Experiment,
    row: Row,
    options: Reproduction,
    judge: Judge | None,
    say: Callable[[str], None],
) -> bool:
    """Train and measure one row; return False if that was done before in the same way."""
    data = training_data(experiment, row, options)
    if judge is None:
        train_row(experiment, row, options, data, say)
        return True
    folder = options.out / experiment.name / row.measured
    training = training_of(experiment, row, options, data)
    request = {"run": training.out.name, "judge_sha256": judge.digest, "limit": options.limit}
    if (done := _read_row(folder)) and done["request"] == request:
        return False
    dataset = PairDataset(data, row.split)
    judge.require_classes(dataset.card.classes)
    weights = train_row(experiment, row, options, data, say)
    evaluation = evaluate(
        load_weights(weights),
        dataset,
        judge,
        seed=options.seed,
        device=choose_device(options.device),
        limit=options.limit,
        latent_zeroing=experiment.latent_zeroing,
    )
    differs = differences(experiment, row, options, data)
    published = [
        Published(value, experiment.source)
        for name, value in row.published.items()
        if name == "accuracy"
    ]
    write_report(
        evaluation, folder, title=row.name, published=published, notes=differs, run=training.out
    )
    write_bytes(folder / STRIP, strip(evaluation.examples))
    content = {
        "request": request,
        "differs": [*differs, *dataset.card.notes],
        "evaluation": evaluation.to_json(),
    }
    write_json(folder / ROW, content)
    return True


def _read_row(folder: Path) -> dict[str, Any] | None:
    path = folder / ROW
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged: remove it to run the row again") from error


def _overview(
    experiment: Experiment, options: Reproduction, judge: Judge | None, command: str
) -> Overview:
    """Gather what is finished; what all finished rows have in common is said once."""
    rows = list(_measured(experiment, options.out / experiment.name))
    lists = [row.differs for row in rows if row.evaluation]
    common = [
        line
        for line in (lists[0] if lists else ())
        if all(line in other for other in lists) and not line.startswith(PARTIAL)
    ]
    rows = [
        replace(row, differs=tuple(line for line in row.differs if line not in common))
        for row in rows
    ]
    columns = columns_of(experiment, rows)
    return Overview(
        title=experiment.title,
        lead=f"The paper finds: {experiment.finding}." if experiment.finding else "",
        source=experiment.source,
        columns=columns,
        rows=table_rows(experiment, rows),
        hints=hints_of(experiment, columns),
        figure=sweep_figure(experiment, rows) or _zeroing_figure(rows),
        notes=(*_judge_notes(experiment, judge), *experiment.remarks, *common),
        command=command,
    )


def _judge_notes(experiment: Experiment, judge: Judge | None) -> Iterator[str]:
    if judge and judge.accuracy is not None:
        yield (
            f"judge {judge.name}: {judge.accuracy:.1%} on real test pictures, the paper's"
            f" {experiment.real['accuracy']:.1%}"
        )


def _measured(experiment: Experiment, folder: Path) -> Iterator[Measured]:
    for row in experiment.rows:
        place = folder / row.measured
        done = _read_row(place)
        if done is None:
            yield Measured(row)
            continue
        picture = place / STRIP
        strips = {row.outputs[0]: picture.read_bytes()} if picture.is_file() else {}
        yield Measured(row, done["evaluation"], tuple(done["differs"]), strips)


def _zeroing_figure(rows: Sequence[Measured]) -> Figure | None:
    chart = zeroing_chart({row.row.name: row.evaluation for row in rows if row.evaluation})
    if chart is None:
        return None
    hint = (
        "Accuracy when random elements of the latent vector are set to 0, in another order for"
        f" each pair; mean of {chart['seeds']} seeds, the band from the least to the greatest."
    )
    return Figure("Latent zeroing", hint, chart["names"], chart["svg"])
