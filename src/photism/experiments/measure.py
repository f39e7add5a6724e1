"""Measuring a row: what judges say of its outputs, kept in its folder beside a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from photism.data.card import CARD, Card
from photism.data.pairs import PairDataset
from photism.devices import choose_device
from photism.errors import DataError
from photism.evaluation.evaluate import evaluate
from photism.evaluation.examples import shown
from photism.evaluation.report import write_report
from photism.evaluation.results import Evaluation
from photism.experiments.declarations import Experiment, Row
from photism.experiments.failures import measure_nothing
from photism.experiments.options import Reproduction
from photism.experiments.overview import Strip, write_strip
from photism.experiments.pace import reached
from photism.experiments.published import published_figures
from photism.experiments.runs import Job, training_data
from photism.experiments.table import REAL, SOUNDS, MeasuredRow
from photism.experiments.traced import trace
from photism.files import parse_json, sha256, write_json
from photism.judges.base import Judge
from photism.judges.choose import independent_judges
from photism.judges.inception import Inception, load_inception
from photism.judges.informativity.examples import STAND_IN
from photism.judges.informativity.make import make_stand_in
from photism.judges.informativity.store import CARD as INFORMATIVITY
from photism.judges.informativity.store import StoredInformativity, load_informativity
from photism.judges.own import OWN, own_judge
from photism.judges.weights import load_judge
from photism.media import other
from photism.systems.base import System
from photism.systems.weights import load_weights

RECORD = "row.json"
_HELD = {"request", "differs", "evaluation", "cases", "strips"}


@dataclass(frozen=True)
class Judges:
    """Who looks at the pictures."""

    judge: Judge | None
    """None lets the classifier judge that each system learnt with."""
    inception: Inception | None
    informativity: StoredInformativity | None = None
    """None where they are not asked for, or stand in."""
    stand_in: bool = False
    """Judges of informativity are asked for, and nobody names any."""

    @property
    def digests(self) -> dict[str, str | None]:
        """Checksums of their weights."""
        inception = self.inception.digest if self.inception else None
        judge = self.judge.digest if self.judge else OWN
        found = {"judge_sha256": judge, "inception_sha256": inception}
        if self.informativity:
            found["informativity_sha256"] = self.informativity[1].sha256
        return found | ({"informativity_sha256": STAND_IN} if self.stand_in else {})

    @classmethod
    def load(cls, experiment: Experiment, options: Reproduction) -> Judges:
        """Load the judge and, if it is asked for, Inception."""
        inception = load_inception(options.inception) if options.inception else None
        name = options.judge or experiment.judge
        asked = "informativity" in experiment.metrics
        given = options.informativity if asked else None
        return cls(
            judge=None if name == OWN else load_judge(name),
            inception=inception,
            informativity=load_informativity(given) if given else None,
            stand_in=asked and given is None,
        )

    def require_classes(self, classes: tuple[str, ...]) -> None:
        """Raise a ConfigError if the judge knows other classes than the data has."""
        if self.judge:
            self.judge.require_classes(classes)

    def of(self, system: System, classes: tuple[str, ...]) -> Judge:
        """Return who judges a system."""
        return self.judge or own_judge(system, classes)


def is_measured(job: Job, run: Path, judges: Judges) -> bool:
    """Whether this run was measured before by these judges on as many pairs."""
    record = _read(job.folder)
    if record is None:
        return False
    card = PairDataset(training_data(job), job.row.split).card
    return record["request"] == _request(job, run, judges, _beside(job, judges, card))


def _beside(job: Job, judges: Judges, card: Card) -> tuple[Judge, ...]:
    """Return the independent judges that were fitted here to the data's classes."""
    medium = judges.judge.medium if judges.judge else job.row.target
    return () if job.experiment.hears_nothing else independent_judges(card, medium)


def _request(job: Job, run: Path, judges: Judges, beside: Sequence[Judge]) -> dict[str, Any]:
    others = {judge.name: judge.digest for judge in beside}
    if job.row.weights:  # a name may come to mean others, and data is chosen
        others |= {"weights_sha256": job.system.digest, "data": sha256(training_data(job) / CARD)}
    return {"run": run.name, "limit": job.options.limit, **judges.digests, "beside": others}


def measure(job: Job, run: Path, judges: Judges, data: Path, differs: Sequence[str]) -> None:
    """Measure a row, and write its report, its pictures, and last its record.

    Args:
        job: the row, and how it is run.
        run: folder of its training run.
        judges: who looks at the pictures.
        data: prepared pairs.
        differs: what is not as published.

    Raises:
        ConfigError, DataError: system, data and judge do not fit together.
        StorageError: the folder cannot be written.
    """
    dataset = PairDataset(data, job.row.split)
    judges.require_classes(dataset.card.classes)
    system = load_weights(run).sampled(job.row.sampling)
    beside = _beside(job, judges, dataset.card)
    content: dict[str, Any] = {
        "request": _request(job, run, judges, beside),
        "differs": [*differs, *dataset.card.notes],
        "evaluation": None,
        "cases": None,
    }
    if job.experiment.hears_nothing:
        content |= _measure_nothing(job, system, judges, dataset)
    else:
        content |= _measure_pairs(job, system, judges, beside, dataset, differs)
    content["traced"] = trace(run, "pixel")
    write_json(job.folder / RECORD, content)


def _measure_pairs(
    job: Job,
    system: System,
    judges: Judges,
    beside: Sequence[Judge],
    dataset: PairDataset,
    differs: Sequence[str],
) -> dict[str, Any]:
    row, title = job.row, job.experiment.title
    if row.split == "test" and "accuracy" in row.published:
        pace = reached(Path(system.source), row.published["accuracy"])
        differs = [*differs, *([pace] if pace else [])]
    alone = [other.measured for other in job.experiment.rows].count(row.measured) == 1
    evaluation = evaluate(
        system,
        dataset,
        judges.of(system, dataset.card.classes),
        seed=job.options.seed,
        device=choose_device(job.options.device),
        limit=job.options.limit,
        latent_zeroing=job.experiment.latent_zeroing,
        informativity=_stand_in(job, dataset) if judges.stand_in else judges.informativity,
        inception=judges.inception,
        beside=beside,
    )
    write_report(
        evaluation,
        job.folder,
        title=f"{title}: {row.name}" if alone else title,
        published=published_figures(row, job.experiment.source, dataset.card.name),
        notes=differs,
        run=Path(system.source),
    )
    return {
        "differs": [*differs, *dataset.card.notes, *evaluation.notes],
        "evaluation": evaluation.to_json(),
        "strips": _write_strips(evaluation, job.folder),
    }


def _stand_in(job: Job, dataset: PairDataset) -> StoredInformativity:
    """Return judges that learnt from real pictures, trained now if they are not there."""
    data = dataset.folder
    name = f"informativity-{dataset.card.name}-data-{sha256(data / CARD)[:8]}"
    folder = job.options.out / "judges" / name
    if not (folder / INFORMATIVITY).is_file():
        make_stand_in(data, folder, seed=job.options.seed, device=choose_device(job.options.device))
    return load_informativity(folder)


def _measure_nothing(
    job: Job, system: System, judges: Judges, dataset: PairDataset
) -> dict[str, Any]:
    cases, strips = measure_nothing(
        system,
        judges.of(system, dataset.card.classes),
        dataset,
        job.folder,
        seed=job.options.seed,
        device=choose_device(job.options.device),
    )
    return {"cases": [asdict(case) for case in cases], "strips": strips}


def _write_strips(evaluation: Evaluation, folder: Path) -> list[dict[str, Any]]:
    """Write sounds, real pictures and those of every output, the first of each class."""
    firsts = {example.label: example for example in reversed(evaluation.examples)}
    examples = [firsts[label] for label in sorted(firsts)]
    target = evaluation.provenance.target
    pictures = {
        SOUNDS: [shown(e.given, other(target), evaluation.provenance.origin) for e in examples],
        REAL: [shown(e.real, target, evaluation.provenance.origin) for e in examples],
    }
    for output in evaluation.outputs:
        pictures[output] = [
            shown(example.made[output], target, evaluation.provenance.origin)
            for example in examples
        ]
    names = [evaluation.class_name(example.label) for example in examples]
    return [
        write_strip(folder / f"strip-{number}.png", label, names, drawn)
        for number, (label, drawn) in enumerate(pictures.items())
    ]


def read_measured(row: Row, folder: Path) -> MeasuredRow:
    """Read what has been measured of a row.

    Args:
        row: its declaration.
        folder: where its record lies, if it does.

    Returns:
        All that is known of the row.

    Raises:
        DataError: the record is damaged.
    """
    record = _read(folder)
    if record is None:
        return MeasuredRow(row)
    try:
        strips = tuple(
            Strip(strip["label"], tuple(strip["names"]), (folder / strip["file"]).read_bytes())
            for strip in record["strips"]
        )
        differs = tuple(record["differs"])
        traced = tuple(map(float, record.get("traced", ())))
        return MeasuredRow(row, record["evaluation"], record["cases"], differs, strips, traced)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise _damaged(folder) from error


def _read(folder: Path) -> dict[str, Any] | None:
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        record = dict(parse_json(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise _damaged(folder) from error
    return record if record.keys() >= _HELD else None  # else it is an earlier version's


def _damaged(folder: Path) -> DataError:
    return DataError(f"{folder} is damaged: remove it, and the row is measured again")
