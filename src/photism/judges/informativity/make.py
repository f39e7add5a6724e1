"""Making judges of informativity: examples, training, and a folder with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from photism.data.pairs import PairDataset
from photism.data.progress import counting
from photism.judges.informativity.examples import (
    BY_HAND,
    STAND_IN,
    Examples,
    sorted_examples,
    stand_in_examples,
)
from photism.judges.informativity.store import InformativityCard, save_informativity
from photism.judges.informativity.training import InformativityRecipe, train_informativity

EACH = 500
"""Pictures of a class of either kind, as in the paper."""


def make_sorted(
    labels: Path,
    folder: Path,
    *,
    epochs: int = InformativityRecipe.epochs,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> InformativityCard:
    """Train judges on pictures that a person sorted, and store them.

    Args:
        labels: the labelled set of `photism label`.
        folder: of the judges.
        epochs: passes over the pictures.
        seed: of weights, order and test pictures.
        device: where to compute.

    Returns:
        Their card.

    Raises:
        DataError, ImageError: what was sorted is too little, or cannot be read.
        StorageError: the folder cannot be written.
    """
    recipe = InformativityRecipe(epochs=epochs, seed=seed)
    examples = sorted_examples(labels, seed)
    return _make(examples, recipe, folder, BY_HAND, labels.name, device)


def make_stand_in(
    data: Path,
    folder: Path,
    *,
    each: int = EACH,
    epochs: int = InformativityRecipe.epochs,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> InformativityCard:
    """Train judges on real pictures and spoilt ones, where nobody sorted any, and store them.

    Args:
        data: prepared pairs with classes, and with the splits "train" and "test".
        folder: of the judges.
        each: pictures of a class of either kind, at most.
        epochs: passes over the pictures.
        seed: of weights, order and the choice of pictures.
        device: where to compute.

    Returns:
        Their card, which says that they stand in.

    Raises:
        DataError: no classes, or too few pictures.
        StorageError: the folder cannot be written.
    """
    recipe = InformativityRecipe(epochs=epochs, seed=seed)
    train, test = PairDataset(data, "train"), PairDataset(data, "test")
    examples = stand_in_examples(train, test, each=each, seed=seed)
    return _make(examples, recipe, folder, STAND_IN, train.card.name, device)


def _make(
    examples: Sequence[Examples],
    recipe: InformativityRecipe,
    folder: Path,
    learnt_from: str,
    data: str,
    device: torch.device | str,
) -> InformativityCard:
    with counting("epochs", recipe.epochs * len(examples)) as show:
        judges, accuracy = train_informativity(examples, recipe, device=device, show=show)
    card = InformativityCard(
        classes=judges.classes,
        learnt_from=learnt_from,
        data=data,
        counts={one.name: len(one.pictures) for one in examples},
        accuracy=accuracy,
        recipe=asdict(recipe),
    )
    return save_informativity(judges, folder, card)
