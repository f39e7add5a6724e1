"""Fitting the last layer of an independent judge: a linear probe on real training pairs.

Alain and Bengio, "Understanding intermediate layers using linear classifier probes", 2016,
arXiv:1610.01644. The network stays as it was published; features are standardised, and a logistic
regression is fitted on them by L-BFGS. Held-out pairs choose how strongly its weights are held
down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.data.card import CARD, Card
from photism.data.pairs import PairDataset, PairLoader, hold_out
from photism.data.progress import track
from photism.errors import DataError
from photism.files import sha256
from photism.judges.card import JudgeCard
from photism.judges.data import prepare_command
from photism.judges.independent.base import IndependentJudge
from photism.judges.independent.wheels import WHEELS, read_weights
from photism.judges.perceive import Percept, ear_of, perceive
from photism.judges.weights import round_weights, save_judge
from photism.metrics.features import confusion

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
PAIRS = 4000
"""Training pairs, at most; a linear layer needs no more."""
_AT_ONCE = 50


@dataclass(frozen=True)
class _Split:
    features: Tensor
    """`(pair, feature)`."""
    labels: Tensor

    @torch.no_grad()
    def predicted(self, judge: IndependentJudge) -> Tensor:
        """Return the classes that the last layer names."""
        return judge.output(judge.scale(self.features)).argmax(1)

    def accuracy(self, judge: IndependentJudge) -> float:
        """Return the share of the pairs whose class the last layer names."""
        return float((self.predicted(judge) == self.labels).float().mean())


def fit_probe(
    kind: type[IndependentJudge],
    folder: Path,
    out: Path,
    *,
    validation: float = 0.1,
    seed: int = 0,
    device: torch.device | str = "cpu",
    command: str = "",
) -> JudgeCard:
    """Fit an independent judge to the classes of a prepared data set, test it once, and store it.

    Args:
        kind: the judge, whose weights have been fetched.
        folder: the prepared folder.
        out: folder for weights, config and card.
        validation: share of the groups of the training split that is held out, where the data has
            no validation split of its own.
        seed: of the choice of training pairs.
        device: where to compute.
        command: what was typed, for the card.

    Returns:
        The card as stored.

    Raises:
        ConfigError: the weights have not been fetched.
        DataError: the data is damaged, or has no classes or no test split.
        StorageError: the folder cannot be written.
    """
    card = Card.read(folder)
    if not card.classes or "test" not in card.counts:
        raise DataError(
            f"{folder} has no {'test split' if card.classes else 'classes'} to judge by"
        )
    tensors = read_weights(kind.architecture)
    train_rows, held_rows = _rows(folder, card, validation, seed)
    judge = _start(kind, card, folder).to(device)
    judge.start_from(tensors)
    round_weights(judge)
    train = _look(judge, PairDataset(folder, "train"), train_rows)
    held = _look(judge, *held_rows)
    test = _look(judge, PairDataset(folder, "test"), None)
    found = {penalty: _fit(judge, train, held, penalty) for penalty in PENALTIES}
    best = max(found, key=lambda penalty: found[penalty])
    _fit(judge, train, held, best)
    round_weights(judge)
    made = replace(
        _card(judge, card, {"train": train, "validation": held, "test": test}),
        command=command,
        seed=seed,
        recipe={"penalty": best},
        data_sha256=sha256(folder / CARD),
    )
    return save_judge(judge, out, made)


def _card(judge: IndependentJudge, card: Card, splits: Mapping[str, _Split]) -> JudgeCard:
    wheel, test = WHEELS[judge.architecture], splits["test"]
    table = confusion(test.labels.numpy(), test.predicted(judge).numpy(), len(card.classes))
    return JudgeCard(
        name=judge.name,
        architecture=judge.architecture,
        classes=card.classes,
        data=f"{card.name}: {card.description}; `{prepare_command(card)}`",
        licence=card.licence,
        command="",
        seed=0,
        epochs=0,
        chosen_epoch=0,
        counts={use: len(split.labels) for use, split in splits.items()},
        validation_accuracy=splits["validation"].accuracy(judge),
        test_accuracy=test.accuracy(judge),
        image_shape=judge.image_shape,
        confusion=tuple(tuple(row) for row in table.tolist()),
        medium=judge.medium,
        extractor=wheel.origin,
        weights_licence=wheel.licence,
    )


def measure_probe(judge: IndependentJudge, folder: Path) -> tuple[float, int]:
    """Measure a fitted judge on the test pairs of a prepared data set again.

    Args:
        judge: on any device.
        folder: the prepared folder.

    Returns:
        Accuracy, and the number of pairs.

    Raises:
        DataError: the data is damaged, or has no labelled test pairs.
    """
    test = _look(judge, PairDataset(folder, "test"), None)
    return test.accuracy(judge.cpu()), len(test.labels)


def _start(kind: type[IndependentJudge], card: Card, folder: Path) -> IndependentJudge:
    """Return a judge whose shape is that of the data's sounds or pictures."""
    dataset = PairDataset(folder, "test")
    name = f"{kind.architecture}-{card.name}"
    some = _percept(kind, PairLoader(dataset, 1, shuffle=False), np.array([0]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind(name, card.classes, kind.shape_for(some)).eval().requires_grad_(False)


def _percept(kind: type[IndependentJudge], loader: PairLoader, rows: np.ndarray) -> Percept:
    drawn = ear_of(loader.dataset.card) if kind.judges == "sound" else None
    return perceive(loader.batch(rows).of(kind.judges), kind.judges, drawn)


def _rows(
    folder: Path, card: Card, validation: float, seed: int
) -> tuple[np.ndarray, tuple[PairDataset, np.ndarray | None]]:
    """Return rows to fit on, and the data set and rows to choose by."""
    dataset = PairDataset(folder, "train")
    held: tuple[PairDataset, np.ndarray | None]
    if "validation" in card.counts:
        rows, held = np.arange(len(dataset)), (PairDataset(folder, "validation"), None)
    else:
        rows, places = hold_out(dataset, validation, seed=seed)
        held = (dataset, places)
    rows = rows[dataset.labels[rows] >= 0]
    return np.sort(np.random.default_rng(seed).permutation(rows)[:PAIRS]), held


@torch.no_grad()
def _look(judge: IndependentJudge, dataset: PairDataset, rows: np.ndarray | None) -> _Split:
    rows = np.arange(len(dataset)) if rows is None else rows
    rows = rows[dataset.labels[rows] >= 0]
    if not len(rows):
        raise DataError(
            f"{dataset.folder} has no labelled pairs to fit or test on in {dataset.split}"
        )
    device = next(judge.parameters()).device
    loader = PairLoader(dataset, _AT_ONCE, rows=rows, shuffle=False, device=device)
    parts = [
        judge.body(judge.view(_percept(type(judge), loader, rows[start : start + _AT_ONCE]))).cpu()
        for start in track(
            range(0, len(rows), _AT_ONCE), f"looking at {dataset.split}", len(loader)
        )
    ]
    return _Split(torch.cat(parts), torch.from_numpy(dataset.labels[rows]))


def _fit(judge: IndependentJudge, train: _Split, held: _Split, penalty: float) -> float:
    """Fit the last layer; return its accuracy on held-out pairs."""
    judge.cpu()
    judge.scale.running_mean = train.features.mean(0)
    judge.scale.running_var = train.features.var(0)
    scaled, output = judge.scale(train.features), judge.output.requires_grad_(True)
    nn.init.zeros_(output.weight)
    nn.init.zeros_(output.bias)
    optimiser = torch.optim.LBFGS(output.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        held_down = penalty * output.weight.square().sum()
        total = F.cross_entropy(output(scaled), train.labels) + held_down
        total.backward()
        return total

    optimiser.step(loss)
    output.requires_grad_(False)
    return held.accuracy(judge)
