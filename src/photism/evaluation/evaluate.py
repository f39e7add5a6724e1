"""Evaluating a system: one picture for every pair of a split, and what a judge makes of them.

Each pair has noise of its own, seeded by the seed and its row, so that a result depends neither on
the batch size nor on which other pairs were looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

import photism
from photism.data.pairs import PairDataset, PairLoader
from photism.data.progress import track
from photism.errors import ConfigError, DataError
from photism.evaluation.judges import Judge
from photism.evaluation.metrics import (
    Diversity,
    Interval,
    accuracy_interval,
    confusion,
    diversity,
    frechet_distance,
    gaussian,
    group_accuracy,
)
from photism.files import sha256
from photism.systems.base import System

EXAMPLES_PER_CLASS = 5
ZEROING_SEEDS = (0, 1, 2)


@runtime_checkable
class LatentSystem(Protocol):
    """A system whose picture is drawn from a latent vector that can be changed in between."""

    def latent(self, condition: Tensor, *, rng: Sequence[torch.Generator]) -> Tensor:
        """Encode conditions to `(batch, latent)`."""

    def decode(self, latent: Tensor) -> Tensor:
        """Draw pictures `(batch, channel, height, width)` in [-1, 1]."""


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

    real_accuracy: float
    """Of the judge on the real pictures."""
    blind_accuracy: float
    """Of the system's pictures dealt out at random: what ignoring the sound would give."""
    real_frechet: float
    """Between two random halves of the real pictures: what chance alone would give."""


@dataclass(frozen=True)
class LatentZeroing:
    """Accuracy when random elements of the latent vector are set to 0 (AIVAE paper, figure 8).

    Element k of `accuracy`, `low` and `high` is the mean, least and greatest over `seeds` with k
    elements at 0. Each pair has its own random order of elements for each seed.
    """

    pairs: int
    seeds: tuple[int, ...]
    accuracy: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Example:
    """A pair and its generated picture, all `(channel, height, width)` in [-1, 1].

    `sound` has its lowest band at the bottom, whatever row the front end puts it in.
    """

    label: int
    row: int
    key: str
    predicted: int
    sound: np.ndarray
    real: np.ndarray
    generated: np.ndarray


@dataclass(frozen=True)
class Provenance:
    """What was measured with what, enough to measure it again."""

    system: str
    preset: str
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


@dataclass(frozen=True)
class Evaluation:
    """Everything measured on one split."""

    provenance: Provenance
    classes: tuple[str, ...]
    accuracy: Interval
    """Share of pictures that the judge takes for the class of the sound; 95 % interval."""
    per_class: dict[str, float]
    recordings: Recordings
    references: References
    frechet: float
    """Fréchet distance of judge features, generated to real; see `frechet_name`."""
    diversity_pixels: Diversity
    diversity_features: Diversity
    confusion: tuple[tuple[int, ...], ...]
    """Pictures by class of the sound (row) and judged class (column)."""
    latent_zeroing: LatentZeroing | None
    examples: tuple[Example, ...] = field(default=(), repr=False, compare=False)

    @property
    def frechet_name(self) -> str:
        """Name of the Fréchet distance, which says whose features it is on."""
        return f"FD({self.provenance.judge})"

    def to_json(self) -> dict[str, Any]:
        """Return all but the examples as values that JSON can hold."""
        content = asdict(replace(self, examples=()))
        del content["examples"]
        return {"photism_version": photism.__version__, "frechet_name": self.frechet_name} | content


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
) -> Evaluation:
    """Measure a system on a split.

    Args:
        system: what to measure; its picture of a pair is judged by the label of the pair's sound.
        dataset: pairs of sounds and real pictures.
        judge: of the data's classes.
        seed: of the noise, the choice of pairs, the resampling and the examples.
        device: where to compute.
        batch_size: pairs at a time; changes nothing but speed.
        limit: pairs to look at, chosen at random; all by default.
        latent_zeroing: pairs for the latent-zeroing curve of systems with a latent vector; 0
            leaves it out.

    Returns:
        All figures.

    Raises:
        ConfigError: system, data and judge do not fit together, or a number is out of range.
        DataError: fewer than four labelled pairs, or pictures of another shape than the judge's.
    """
    _check(system, dataset, judge, limit, latent_zeroing)
    system, judge = system.to(device).eval(), judge.to(device).eval()
    rows = _choose(dataset, limit, seed)
    drawn = _draw(system, judge, _loader(dataset, rows, batch_size, device), seed)
    labels, groups = dataset.labels[rows], dataset.column(dataset.card.group)[rows]
    right = drawn.predicted == labels
    zeroed = None
    if latent_zeroing and isinstance(system, LatentSystem):
        few = _choose(dataset, min(latent_zeroing, len(rows)), seed)
        zeroed = measure_latent_zeroing(system, judge, _loader(dataset, few, batch_size, device))
    return Evaluation(
        provenance=_provenance(system, dataset, judge, len(rows), seed),
        classes=judge.classes,
        accuracy=accuracy_interval(right, groups, seed=seed),
        per_class={
            judge.classes[label]: float(right[labels == label].mean())
            for label in np.unique(labels)
        },
        recordings=_by_recording(right, groups, dataset.card.group),
        references=_references(drawn, labels, seed),
        frechet=frechet_distance(gaussian(drawn.features), gaussian(drawn.real_features)),
        diversity_pixels=diversity(drawn.images, dataset.images(rows), labels),
        diversity_features=diversity(drawn.features, drawn.real_features, labels),
        confusion=tuple(
            tuple(row) for row in confusion(labels, drawn.predicted, len(judge.classes)).tolist()
        ),
        latent_zeroing=zeroed,
        examples=_examples(dataset, rows, drawn, seed),
    )


@torch.inference_mode()
def measure_latent_zeroing(
    system: LatentSystem,
    judge: Judge,
    loader: PairLoader,
    *,
    seeds: tuple[int, ...] = ZEROING_SEEDS,
) -> LatentZeroing:
    """Measure accuracy with 0, 1, … all elements of the latent vector set to 0.

    Args:
        system: a system with `latent` and `decode`.
        judge: says what the pictures show.
        loader: pairs, in order.
        seeds: the curve is measured once with each; they seed noise and order of the elements.

    Returns:
        The curve over the number of zeroed elements.
    """
    curves = []
    for seed in seeds:
        right: Tensor | int = 0
        for batch in track(loader.epoch(), f"latent zeroing, seed {seed}", len(loader)):
            rng = row_generators(seed, batch.row.tolist())
            latent = system.latent(batch.sound, rng=rng)
            order = torch.stack([torch.rand(latent.shape[1], generator=g) for g in rng])
            rank = order.argsort(dim=1).argsort(dim=1).to(latent.device)
            predicted = [
                judge(system.decode(latent.masked_fill(rank < zeroed, 0))).logits.argmax(dim=1)
                for zeroed in range(latent.shape[1] + 1)
            ]
            right = right + (torch.stack(predicted) == batch.label).sum(dim=1)
        curves.append(np.asarray(torch.as_tensor(right).cpu()) / len(loader.rows))
    mean, low, high = np.mean(curves, axis=0), np.min(curves, axis=0), np.max(curves, axis=0)
    return LatentZeroing(
        len(loader.rows), seeds, tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist())
    )


def row_generators(seed: int, rows: Sequence[int]) -> list[torch.Generator]:
    """Return one source of noise for each row of a data set, on the CPU."""
    states = (np.random.SeedSequence((seed, row)).generate_state(1, np.uint64) for row in rows)
    return [torch.Generator().manual_seed(int(state[0] >> np.uint64(1))) for state in states]


def weights_digest(module: torch.nn.Module) -> str:
    """Return the SHA-256 of a network's weights, for one that was never stored."""
    content = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        content.update(name.encode())
        content.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return content.hexdigest()


@dataclass(frozen=True)
class _Drawn:
    """Generated pictures `(pair, height, width, channel)` uint8 and what the judge says of them."""

    images: np.ndarray
    predicted: np.ndarray
    features: np.ndarray
    real_predicted: np.ndarray
    real_features: np.ndarray


@torch.inference_mode()
def _draw(system: System, judge: Judge, loader: PairLoader, seed: int) -> _Drawn:
    parts: list[tuple[np.ndarray, ...]] = []
    for batch in track(loader.epoch(), "drawing and judging", len(loader)):
        rng = row_generators(seed, batch.row.tolist())
        images = system.generate(batch.sound, label=batch.label, rng=rng).float()
        drawn, real = judge(images), judge(batch.image)
        levels = images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        values = (
            levels.permute(0, 2, 3, 1),
            drawn.logits.argmax(dim=1),
            drawn.features,
            real.logits.argmax(dim=1),
            real.features,
        )
        parts.append(tuple(value.cpu().numpy() for value in values))
    return _Drawn(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _check(
    system: System, dataset: PairDataset, judge: Judge, limit: int | None, latent_zeroing: int
) -> None:
    judge.require_classes(dataset.card.classes)
    if system.direction == "image-to-sound":
        raise ConfigError(f"{system.name} makes sounds: a judge of pictures cannot evaluate it")
    if dataset.card.front_end != system.config.front_end:
        raise ConfigError(
            f"{dataset.folder} was prepared with front end {dataset.card.front_end!r}, the system"
            f" wants {system.config.front_end!r}: choose the data it was trained on"
        )
    if limit is not None and limit < 4:
        raise ConfigError(f"limit must be at least 4, not {limit}")
    if latent_zeroing < 0:
        raise ConfigError(f"latent_zeroing must be 0 or a number of pairs, not {latent_zeroing}")


def _choose(dataset: PairDataset, limit: int | None, seed: int) -> np.ndarray:
    rows = np.flatnonzero(dataset.labels >= 0)
    if len(rows) < 4:
        raise DataError(f"{dataset.folder} has too few labelled pairs in its {dataset.split} split")
    return np.sort(np.random.default_rng((seed, 2)).permutation(rows)[:limit])


def _loader(
    dataset: PairDataset, rows: np.ndarray, batch_size: int, device: torch.device | str
) -> PairLoader:
    return PairLoader(dataset, batch_size, rows=rows, shuffle=False, device=device)


def _provenance(
    system: System, dataset: PairDataset, judge: Judge, pairs: int, seed: int
) -> Provenance:
    card, start = dataset.card, f"{dataset.split}-"
    shards = {n: shard["sha256"] for n, shard in card.shards.items() if n.startswith(start)}
    return Provenance(
        system=system.name,
        preset=system.preset,
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
    )


def _by_recording(right: np.ndarray, groups: np.ndarray, group: str) -> Recordings:
    rates = group_accuracy(right, groups)
    hardest = sorted(rates.items(), key=lambda item: item[1])[:5]
    return Recordings(group, len(rates), float(np.mean(list(rates.values()))), tuple(hardest))


def _references(drawn: _Drawn, labels: np.ndarray, seed: int) -> References:
    order = np.random.default_rng((seed, 3)).permutation(len(labels))
    first, second = (gaussian(drawn.real_features[half]) for half in np.array_split(order, 2))
    return References(
        real_accuracy=float(np.mean(drawn.real_predicted == labels)),
        blind_accuracy=float(np.mean(drawn.predicted[order] == labels)),
        real_frechet=frechet_distance(first, second),
    )


def _examples(
    dataset: PairDataset, rows: np.ndarray, drawn: _Drawn, seed: int
) -> tuple[Example, ...]:
    order = np.random.default_rng((seed, 4)).permutation(len(rows))
    labels, keys = dataset.labels[rows], dataset.column("key")
    loader = PairLoader(dataset, 1, shuffle=False)
    low_at_top = dataset.card.front_end_config.get("origin", "top") == "top"
    examples = []
    for label in np.unique(labels):
        for place in order[labels[order] == label][:EXAMPLES_PER_CLASS]:
            batch = loader.batch(rows[place : place + 1])
            generated = drawn.images[place].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
            examples.append(
                Example(
                    label=int(label),
                    row=int(rows[place]),
                    key=str(keys[rows[place]]),
                    predicted=int(drawn.predicted[place]),
                    sound=batch.sound[0].flip(1).numpy() if low_at_top else batch.sound[0].numpy(),
                    real=batch.image[0].numpy(),
                    generated=generated,
                )
            )
    return tuple(examples)
