"""Making a judge: training, the test on pictures it never saw, and the card that says both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from photism.judges import architecture as find_judge
from photism.judges.card import JudgeCard
from photism.judges.data import JudgeData
from photism.judges.recipe import JudgeRecipe
from photism.judges.training import (
    Epoch,
    JudgeFigures,
    TrainedJudge,
    measure,
    train_judge,
)
from photism.judges.weights import save_judge

_TOLD = {"seed", "validation"}
"""Settings that stand in the card's `seed` and `counts`."""


def make_judge(
    architecture: str,
    data: JudgeData,
    out: Path,
    recipe: JudgeRecipe | None = None,
    *,
    device: torch.device | str = "cpu",
    start: Mapping[str, Tensor] | None = None,
    command: str = "",
    on_step: Callable[[], None] = lambda: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> JudgeCard:
    """Train a judge, test it once, and store it with its card.

    Args:
        architecture: such as "small".
        data: what to learn from, to choose by and to test on.
        out: folder for weights, config and card.
        recipe: by default what suits the architecture.
        device: where to train.
        start: tensors of a classifier to start from, such as ImageNet's.
        command: what was typed, for the card.
        on_step: called after every step.
        on_epoch: called after every epoch.

    Returns:
        The card as stored; `photism.judges.weights.load_judge(out)` is the judge.

    Raises:
        ConfigError: an unknown architecture, or one that does not take such pictures.
        DataError: fewer pictures than one batch, or none to test on.
        WeightsError: `start` is of another network.
        StorageError: the folder cannot be written.
    """
    recipe = recipe or find_judge(architecture).recipe.of("sound" if data.ear else "image")
    trained = train_judge(
        architecture,
        f"{architecture}-{data.title}",
        data,
        recipe,
        device=torch.device(device),
        start=start,
        on_step=on_step,
        on_epoch=on_epoch,
    )
    measured = measure(trained.judge, data.test)
    original = measure(trained.judge, data.original).accuracy if data.original else None
    card = _card(data, recipe, trained, measured, command)
    return save_judge(trained.judge, out, replace(card, original_accuracy=original))


def _card(
    data: JudgeData,
    recipe: JudgeRecipe,
    trained: TrainedJudge,
    measured: JudgeFigures,
    command: str,
) -> JudgeCard:
    return JudgeCard(
        name=trained.judge.name,
        architecture=trained.judge.architecture,
        classes=data.classes,
        data=data.about,
        licence=data.licence,
        command=command,
        seed=recipe.seed,
        epochs=recipe.epochs,
        chosen_epoch=trained.chosen.number,
        counts={
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        },
        validation_accuracy=trained.chosen.validation.accuracy,
        test_accuracy=measured.accuracy,
        image_shape=data.image_shape,
        confusion=tuple(tuple(row) for row in measured.confusion.tolist()),
        factors=data.factors,
        factor_r2=dict(zip(data.factors, measured.factor_r2, strict=True)),
        recipe={name: value for name, value in asdict(recipe).items() if name not in _TOLD},
        data_sha256=data.sha256,
        ear=asdict(data.ear) if data.ear else {},
        medium=trained.judge.medium,
    )
