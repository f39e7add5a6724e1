"""Evaluating a system: one picture for every pair of a split, and what a judge makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from photism.data.pairs import PairDataset, PairLoader
from photism.data.progress import track
from photism.errors import ConfigError, DataError
from photism.evaluation.figures import (
    ClassFigures,
    OutputFigures,
    Truth,
    class_figures,
    output_figures,
)
from photism.evaluation.latent_zeroing import (
    LatentSystem,
    LatentZeroing,
    measure_latent_zeroing,
)
from photism.evaluation.observe import Observed, observe
from photism.files import sha256
from photism.judges.base import Judge
from photism.judges.factors import read_factors
from photism.judges.inception import Inception
from photism.media import Medium
from photism.metrics.features import (
    LEAST_PAIRS,
    Diversity,
    Interval,
    confusion,
    diversity,
    group_accuracy,
)
from photism.systems.base import System
from photism.version import __version__

EXAMPLES_PER_CLASS = 5


@dataclass(frozen=True)
class Recordings:
    """Accuracy seen by recording (the card's `group`), since many pairs share one."""

    group: str
    count: int
    mean_accuracy: float
    """Mean over recordings, whatever their number of pairs."""
    hardest: tuple[tuple[str, float], ...]
    """The recordings with the lowest accuracy, worst first."""


@dataclass(frozen=True)
class References:
    """What the figures of a system can be held against, on the same pairs."""

    real: OutputFigures
    """Of the real pictures; distances are between two halves of them that share no recording."""
    blind_accuracy: float
    """Of the system's pictures dealt out at random: what ignoring the sound would give."""


@dataclass(frozen=True)
class Example:
    """A pair and its generated pictures, all `(channel, height, width)` in [-1, 1].

    `sound` has its lowest band at the bottom, whatever row the front end puts it in.
    """

    label: int
    row: int
    key: str
    sound: np.ndarray
    real: np.ndarray
    pictures: Mapping[str, np.ndarray]
    """By output, the main one first."""
    judged: Mapping[str, int]
    """Class that the judge takes each of them for."""

    @property
    def generated(self) -> np.ndarray:
        """The picture of the main output."""
        return next(iter(self.pictures.values()))

    @property
    def predicted(self) -> int:
        """Class that the judge takes the main output for."""
        return next(iter(self.judged.values()))


@dataclass(frozen=True)
class Provenance:
    """What was measured with what, enough to measure it again."""

    system: str
    preset: str
    target: Medium
    """What it made of the other medium."""
    source: str
    """Name or path of the weights; empty for a system that was not loaded."""
    weights_sha256: str
    data: str
    data_notes: tuple[str, ...]
    data_sha256: dict[str, str]
    """Checksums of the card and of the split's files."""
    split: str
    pairs: int
    pairs_in_split: int
    seed: int
    judge: str
    judge_sha256: str
    judge_test_accuracy: float | None
    inception_sha256: str | None
    """Of the weights of Inception; None without it."""


@dataclass(frozen=True)
class Evaluation:
    """Everything measured on one split."""

    provenance: Provenance
    classes: tuple[str, ...]
    outputs: dict[str, OutputFigures]
    """By name, the system's main output first."""
    steps: tuple[str, ...]
    """The outputs on the way to the main one, in order, itself last."""
    listener: ClassFigures | None
    """How well the system itself recognises the class; None if it does not."""
    recordings: Recordings
    references: References
    diversity_pixels: Diversity
    diversity_features: Diversity
    confusion: tuple[tuple[int, ...], ...]
    """Pictures of the main output by class of the sound (row) and judged class (column)."""
    latent_zeroing: LatentZeroing | None
    notes: tuple[str, ...]
    """What to know beside the figures, such as that pictures were resized."""
    examples: tuple[Example, ...] = field(default=(), repr=False, compare=False)

    @property
    def main_output(self) -> str:
        """Name of the output that all figures are of which do not name another."""
        return next(iter(self.outputs))

    @property
    def accuracy(self) -> Interval:
        """Share of pictures that the judge takes for the class of the sound; 95 % interval."""
        return self.outputs[self.main_output].accuracy

    @property
    def per_class(self) -> dict[str, float]:
        """Accuracy by class of the sound."""
        return self.outputs[self.main_output].per_class

    @property
    def frechet(self) -> float:
        """Fréchet distance of judge features, generated to real; see `frechet_name`."""
        return self.outputs[self.main_output].frechet

    @property
    def frechet_name(self) -> str:
        """Name of the Fréchet distance, which says whose features it is on."""
        return f"FD({self.provenance.judge})"

    def to_json(self) -> dict[str, Any]:
        """Return all but the examples as values that JSON can hold."""
        content = asdict(replace(self, examples=()))
        del content["examples"]
        main = {
            "main_output": self.main_output,
            "accuracy": asdict(self.accuracy),
            "per_class": self.per_class,
            "frechet": self.frechet,
            "frechet_name": self.frechet_name,
        }
        return {"photism_version": __version__} | main | content


def evaluate(
    system: System,
    dataset: PairDataset,
    judge: Judge,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    batch_size: int = 250,
    limit: int | None = None,
    latent_zeroing: int = 1000,
    inception: Inception | None = None,
) -> Evaluation:
    """Measure a system on a split.

    Args:
        system: what to measure; what it makes of a pair is judged by the pair's label.
        dataset: pairs of sounds and real pictures.
        judge: of the data's classes and of what the system is to make, pictures or sounds, which
            are resized to the size it takes.
        seed: of the noise, the choice of pairs, the resampling and the examples.
        device: where to compute.
        batch_size: pairs at a time; changes nothing but speed.
        limit: pairs to look at, chosen at random; all by default.
        latent_zeroing: pairs for the latent-zeroing curve of systems with a latent vector; 0
            leaves it out.
        inception: for FID, KID and Inception Score; without it they are left out.

    Returns:
        All figures.

    Raises:
        ConfigError: system, data and judge do not fit together, or a number is out of range.
        DataError: too few labelled pairs, or grey pictures for a judge of colour.
    """
    _check(system, dataset, judge, limit, latent_zeroing)
    system, judge = system.to(device).eval(), judge.to(device).eval()
    inception = inception.to(device).eval() if inception else None
    rows = _choose(dataset, limit, seed)

    def load(of: np.ndarray) -> PairLoader:
        return PairLoader(dataset, batch_size, rows=of, shuffle=False, device=device)

    truth = _truth(dataset, judge, rows, seed)
    shown = _choose_examples(truth.labels, rows, seed)
    drawn = observe(
        system,
        judge,
        load(rows),
        target=judge.medium,
        seed=seed,
        examples=shown,
        inception=inception,
    )
    zeroed = None
    if latent_zeroing and isinstance(system, LatentSystem):
        few = _choose(dataset, min(latent_zeroing, len(rows)), seed)
        zeroed = measure_latent_zeroing(system, judge, load(few))
    main = next(iter(drawn.outputs.values()))
    counts = confusion(truth.labels, main.predicted, len(judge.classes))
    return Evaluation(
        provenance=_provenance(system, dataset, judge, inception, len(rows), seed),
        classes=judge.classes,
        outputs={
            name: output_figures(seen, drawn.real, truth)
            for name, seen in track(drawn.outputs.items(), "measuring", len(drawn.outputs))
        },
        steps=drawn.steps,
        listener=None if drawn.recognised is None else class_figures(drawn.recognised, truth),
        recordings=_by_recording(main.predicted == truth.labels, truth, dataset.card.group),
        references=_references(drawn, truth),
        diversity_pixels=diversity(drawn.images, drawn.real_images, truth.labels),
        diversity_features=diversity(main.features, drawn.real.features, truth.labels),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        latent_zeroing=zeroed,
        notes=drawn.resized,
        examples=_examples(dataset, rows, shown, drawn),
    )


def weights_digest(module: torch.nn.Module) -> str:
    """Return the SHA-256 of a network's weights, for one that was never stored."""
    content = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        content.update(name.encode())
        content.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return content.hexdigest()


def _check(
    system: System, dataset: PairDataset, judge: Judge, limit: int | None, latent_zeroing: int
) -> None:
    judge.require_classes(dataset.card.classes)
    system.require_target(judge.medium)
    if dataset.card.front_end != system.config.front_end:
        raise ConfigError(
            f"{dataset.folder} was prepared with front end {dataset.card.front_end!r}, the system"
            f" wants {system.config.front_end!r}: choose the data it was trained on"
        )
    if dataset.labels.max() >= len(judge.classes):
        raise DataError(
            f"{dataset.folder} has the label {dataset.labels.max()}, its card names only"
            f" {len(judge.classes)} classes, counted from 0: prepare the data again"
        )
    if limit is not None and limit < LEAST_PAIRS:
        raise ConfigError(f"limit must be at least {LEAST_PAIRS}, not {limit}")
    if latent_zeroing < 0:
        raise ConfigError(f"latent_zeroing must be 0 or a number of pairs, not {latent_zeroing}")


def _choose(dataset: PairDataset, limit: int | None, seed: int) -> np.ndarray:
    rows = np.flatnonzero(dataset.labels >= 0)
    if len(rows) < LEAST_PAIRS:
        raise DataError(
            f"{dataset.folder} has {len(rows)} labelled pairs in its {dataset.split} split, too few"
            f" to measure anything: at least {LEAST_PAIRS} are needed"
        )
    return np.sort(np.random.default_rng((seed, 2)).permutation(rows)[:limit])


def _choose_examples(labels: np.ndarray, rows: np.ndarray, seed: int) -> list[int]:
    """Return rows of the data set, the first few of each class in a random order."""
    order = np.random.default_rng((seed, 4)).permutation(len(rows))
    places = [order[labels[order] == label][:EXAMPLES_PER_CLASS] for label in np.unique(labels)]
    return rows[np.concatenate(places)].tolist()


def _truth(dataset: PairDataset, judge: Judge, rows: np.ndarray, seed: int) -> Truth:
    columns = dataset.card.columns
    told = columns.get("silent") == "bool"
    readable = bool(judge.factors) and set(judge.factors) <= set(columns)
    return Truth(
        classes=judge.classes,
        labels=dataset.labels[rows],
        groups=dataset.column(dataset.card.group)[rows],
        silent=dataset.column("silent")[rows].astype(bool) if told else None,
        factors=read_factors(dataset, judge.factors)[rows] if readable else None,
        factor_names=judge.factors,
        seed=seed,
    )


def _provenance(
    system: System,
    dataset: PairDataset,
    judge: Judge,
    inception: Inception | None,
    pairs: int,
    seed: int,
) -> Provenance:
    card, start = dataset.card, f"{dataset.split}-"
    shards = {n: shard["sha256"] for n, shard in card.shards.items() if n.startswith(start)}
    return Provenance(
        system=system.name,
        preset=system.preset,
        target=judge.medium,
        source=system.source,
        weights_sha256=system.digest or weights_digest(system),
        data=card.name,
        data_notes=card.notes,
        data_sha256={"card.json": sha256(dataset.folder / "card.json")} | shards,
        split=dataset.split,
        pairs=pairs,
        pairs_in_split=len(dataset),
        seed=seed,
        judge=judge.name,
        judge_sha256=judge.digest or weights_digest(judge),
        judge_test_accuracy=judge.accuracy,
        inception_sha256=inception.digest if inception else None,
    )


def _by_recording(right: np.ndarray, truth: Truth, group: str) -> Recordings:
    rates = group_accuracy(right, truth.groups)
    hardest = sorted(rates.items(), key=lambda item: item[1])[:5]
    return Recordings(group, len(rates), float(np.mean(list(rates.values()))), tuple(hardest))


def _references(drawn: Observed, truth: Truth) -> References:
    order = np.random.default_rng((truth.seed, 3)).permutation(len(truth.labels))
    dealt = next(iter(drawn.outputs.values())).predicted[order]
    return References(
        real=output_figures(drawn.real, drawn.real, truth),
        blind_accuracy=float(np.mean(dealt == truth.labels)),
    )


def _examples(
    dataset: PairDataset, rows: np.ndarray, shown: list[int], drawn: Observed
) -> tuple[Example, ...]:
    keys = dataset.column("key")
    loader = PairLoader(dataset, 1, shuffle=False)
    low_at_top = dataset.card.front_end_config.get("origin", "top") == "top"
    examples = []
    for row, place in zip(shown, np.searchsorted(rows, shown), strict=True):
        batch = loader.batch(np.array([row]))
        examples.append(
            Example(
                label=int(batch.label[0]),
                row=row,
                key=str(keys[row]),
                sound=batch.sound[0].flip(1).numpy() if low_at_top else batch.sound[0].numpy(),
                real=batch.image[0].numpy(),
                pictures=drawn.examples[row],
                judged={n: int(seen.predicted[place]) for n, seen in drawn.outputs.items()},
            )
        )
    return tuple(examples)
