"""Running a published table again: data, training, evaluation, row by row, and a report.

Everything lies below one folder: `data/` prepared pairs, `runs/` one training run for each system,
settings, length and data, shared by experiments, and a folder for each experiment with its rows'
reports. What is finished there is kept, so an interrupted reproduction goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from photism.data.pairs import CARD, PairDataset
from photism.data.prepare import find, prepare
from photism.data.sources import SOURCES
from photism.data.sources.base import PairSource
from photism.data.sources.mnist_scd import MnistScd
from photism.data.sources.speech_commands import WORDS, find_speech_commands
from photism.devices import DeviceName, choose_device
from photism.errors import ConfigError, DataError, nearest
from photism.evaluation.evaluate import evaluate
from photism.evaluation.judges import load_judge
from photism.evaluation.report import Published, strip, write_report
from photism.experiments import setting_differences
from photism.experiments.declarations import Experiment, Row
from photism.experiments.overview import PARTIAL, Overview, OverviewRow, write_overview
from photism.files import require_room, sha256, write_bytes, write_json
from photism.systems import find_preset, find_system
from photism.systems.base import override
from photism.systems.weights import load_weights
from photism.training.checkpoint import list_checkpoints
from photism.training.loop import train
from photism.training.options import TrainOptions

ROW, STRIP = "row.json", "strip.png"
HELD_OUT = 0.1
ENOUGH = 0.5
"""A digit is left out of Speech Commands with fewer recordings than this share of the fullest."""


@dataclass(frozen=True)
class Reproduction:
    """How an experiment is run again."""

    out: Path
    budget: float = 1.0
    """Share of the published training steps."""
    preset: str | None = None
    """The system's preset; "paper" at full budget and "small" below it by default."""
    data_from: Path | None = None
    """Folder of published archives to prepare the data from; by default data prepared before."""
    seed: int = 0
    judge: str = "lenet5-mnist"
    device: DeviceName = "auto"
    precision: Literal["fp32", "bf16"] = "fp32"
    limit: int | None = None
    """Test pairs to look at; all by default."""

    def __post_init__(self) -> None:
        if not self.budget > 0:
            raise ConfigError(f"budget must be above 0, not {self.budget}: 1 is the published one")

    def preset_of(self, row: Row) -> str:
        """Return the name of the preset a row is trained with."""
        chosen = self.preset or ("paper" if self.budget >= 1 else "small")
        return find_preset(find_system(row.system), chosen)[0]

    def epochs_of(self, experiment: Experiment, row: Row, pairs: int) -> int:
        """Return the epochs over `pairs` pairs that make the budget's share of the steps."""
        return max(1, round(self.budget * experiment.epochs * row.pairs / pairs))


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
        options.preset_of(row)
    load_judge(options.judge)
    folder = options.out / experiment.name
    require_room(folder)
    for number, row in enumerate(rows, 1):
        say(f"[{number}/{len(rows)}] {row.name}")
        if not _run_row(experiment, row, options, folder / row.key, say):
            say("  finished before, kept")
        overview = _overview(experiment, options, folder, command)
        html, _ = write_overview(overview, folder)
    return overview, html


def _run_row(
    experiment: Experiment,
    row: Row,
    options: Reproduction,
    folder: Path,
    say: Callable[[str], None],
) -> bool:
    """Train and measure one row; return False if that was done before in the same way."""
    data, judge = _data(row.data, options), load_judge(options.judge)
    training = _training(experiment, row, options, data)
    request = {"run": training.out.name, "judge_sha256": judge.digest, "limit": options.limit}
    if (done := _read_row(folder)) and done["request"] == request:
        return False
    dataset = PairDataset(data, "test")
    judge.require_classes(dataset.card.classes)
    say(f"  preset {training.preset}, epochs {training.epochs}, run {training.out}")
    weights = train(training, resume=bool(list_checkpoints(training.out / "checkpoints")))
    evaluation = evaluate(
        load_weights(weights),
        dataset,
        judge,
        seed=options.seed,
        device=choose_device(options.device),
        limit=options.limit,
        latent_zeroing=experiment.latent_zeroing,
    )
    differs = _differences(experiment, row, options, training)
    published = [] if row.published is None else [Published(row.published, experiment.source)]
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


def _training(experiment: Experiment, row: Row, options: Reproduction, data: Path) -> TrainOptions:
    """Return the training of a row, in a run folder named by all that the weights depend on."""
    preset = options.preset_of(row)
    epochs = options.epochs_of(experiment, row, len(PairDataset(data, "train")))
    name = (
        f"{row.system}-{row.key}-{preset}-{epochs}-epochs-{options.precision}"
        f"-seed-{options.seed}-data-{sha256(data / CARD)[:8]}"
    )
    return TrainOptions(
        system=row.system,
        data=data,
        out=options.out / "runs" / name,
        preset=preset,
        settings=row.settings,
        epochs=epochs,
        seed=options.seed,
        validation=HELD_OUT,
        device=options.device,
        precision=options.precision,
    )


def _data(name: str, options: Reproduction) -> Path:
    """Return prepared pairs: from the archives given, else as prepared before."""
    if options.data_from is None:
        return find(name)
    if not options.data_from.is_dir():
        raise DataError(f"no folder {options.data_from} to prepare {name} from")
    folder = options.out / "data" / name
    if not (folder / CARD).is_file():
        prepare(_source(name, options.data_from), raw=options.data_from, out=folder)
    return folder


def _source(name: str, raw: Path) -> PairSource:
    """Return the published source; of a partial Speech Commands only the digits it is rich in."""
    if name != MnistScd.name:
        return SOURCES[name]()
    counts = find_speech_commands(raw).counts
    enough = ENOUGH * max(counts.values())
    digits = tuple(digit for digit, word in enumerate(WORDS) if counts[word] >= enough)
    return MnistScd(digits=digits)


def _differences(
    experiment: Experiment, row: Row, options: Reproduction, training: TrainOptions
) -> list[str]:
    """Say what is not as published, in training and measuring."""
    cls = find_system(row.system)
    config = override(cls.presets[str(training.preset)], row.settings)
    changed = setting_differences(config, row.settings)
    differs = [f"preset {training.preset}: {', '.join(changed)}"] if changed else []
    dataset = PairDataset(training.data, "train")
    pairs, heard = len(dataset), np.unique(dataset.labels)
    if len(heard) < len(dataset.card.classes):
        names = ", ".join(dataset.card.classes[label] for label in heard)
        differs.append(f"only the classes {names}: chance is {1 / len(heard):.0%}")
    if pairs != row.pairs:
        differs.append(f"{pairs:,} training pairs at hand, the paper had {row.pairs:,}")
    if training.epochs != experiment.epochs:
        share = f"{options.budget:.3g} of the published steps"
        differs.append(f"epochs: {training.epochs}, the paper {experiment.epochs}; {share}")
    kept = "choose the epoch kept" if cls.selection else "be watched"
    differs.append(f"{HELD_OUT:.0%} of the training recordings held out to {kept}")
    if options.precision != "fp32":
        differs.append(f"trained in {options.precision}")
    if options.limit:
        differs.append(f"measured on {options.limit:,} of the test pairs")
    return [*differs, f"one run, seed {options.seed}; the paper does not say how many it made"]


def _read_row(folder: Path) -> dict[str, Any] | None:
    path = folder / ROW
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged: remove it to run the row again") from error


def _overview(
    experiment: Experiment, options: Reproduction, folder: Path, command: str
) -> Overview:
    """Gather what is finished; what all finished rows have in common is said once."""
    rows = list(_overview_rows(experiment, folder))
    lists = [row.differs for row in rows if row.evaluation]
    common = [
        line
        for line in lists[0]
        if all(line in other for other in lists) and not line.startswith(PARTIAL)
    ]
    return Overview(
        title=experiment.title,
        lead=f"The paper finds: {experiment.finding}.",
        source=experiment.source,
        rows=tuple(
            replace(row, differs=tuple(line for line in row.differs if line not in common))
            for row in rows
        ),
        notes=(*_judge_notes(experiment, options), *common),
        command=command,
    )


def _judge_notes(experiment: Experiment, options: Reproduction) -> Iterator[str]:
    judge = load_judge(options.judge)
    if judge.accuracy is not None:
        yield (
            f"judge {judge.name}: {judge.accuracy:.1%} on real test pictures, the paper's"
            f" {experiment.judge_accuracy:.1%}"
        )


def _overview_rows(experiment: Experiment, folder: Path) -> Iterator[OverviewRow]:
    for row in experiment.rows:
        done = _read_row(folder / row.key)
        if done is None:
            yield OverviewRow(row.name, row.published, None)
            continue
        picture = folder / row.key / STRIP
        yield OverviewRow(
            name=row.name,
            published=row.published,
            evaluation=done["evaluation"],
            differs=tuple(done["differs"]),
            href=f"{row.key}/report.html",
            strip=picture.read_bytes() if picture.is_file() else b"",
        )
