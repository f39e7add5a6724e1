"""Training a judge: cross-entropy on real examples, the epoch chosen on held-out ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from photism.blocks.distort import distort
from photism.errors import ConfigError, DataError
from photism.judges import architecture
from photism.judges.base import Judge
from photism.judges.colour import ColourJudge
from photism.judges.data import JudgeData, Pictures
from photism.judges.recipe import JudgeRecipe
from photism.judges.weights import round_weights
from photism.metrics.features import confusion, within_class_r2

FACTOR_WEIGHT = 0.5
"""Of the factors' squared error, in deviations, beside the cross-entropy of the classes."""


@dataclass(frozen=True)
class JudgeFigures:
    """What a judge reaches on real pictures.

    `confusion` counts pictures by class (row) and judged class (column); `factor_r2` is the R² of
    each factor within classes, None where it does not vary.
    """

    accuracy: float
    confusion: np.ndarray
    factor_r2: tuple[float | None, ...]

    @property
    def score(self) -> float:
        """Accuracy plus the mean R²: what the epoch is chosen by."""
        known = [r2 for r2 in self.factor_r2 if r2 is not None]
        return self.accuracy + (sum(known) / len(known) if known else 0.0)


@dataclass(frozen=True)
class Epoch:
    """Figures of one epoch of a judge's training, counted from 1."""

    number: int
    loss: float
    validation: JudgeFigures


@dataclass(frozen=True)
class TrainedJudge:
    """A judge with the weights of its best epoch, rounded as they are stored."""

    judge: Judge
    chosen: Epoch
    history: tuple[Epoch, ...]


def train_judge(
    kind: str,
    name: str,
    data: JudgeData,
    recipe: JudgeRecipe,
    *,
    device: torch.device,
    start: Mapping[str, Tensor] | None = None,
    on_step: Callable[[], None] = lambda: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> TrainedJudge:
    """Train a judge and keep the epoch that did best on the validation pictures.

    Args:
        kind: architecture, such as "lenet5".
        name: of the judge.
        data: pictures; those for testing are not looked at.
        recipe: epochs, batch size, learning rate and what else there is to set.
        device: where to train.
        start: tensors of a classifier to start from, such as ImageNet's; by default from scratch.
        on_step: called after every step.
        on_epoch: called after every epoch.

    Returns:
        The judge on `device`, in eval mode; the earliest epoch wins a tie.

    Raises:
        ConfigError: an unknown architecture, or one that does not take such pictures.
        DataError: fewer pictures than one batch.
        WeightsError: `start` is of another network.
    """
    if len(data.train) < recipe.batch_size:
        raise DataError(
            f"{len(data.train)} pictures are too few for batches of {recipe.batch_size}"
        )
    judge = _new_judge(kind, name, data, recipe.seed, start).to(device)
    optimiser = torch.optim.Adam(judge.parameters(), lr=recipe.lr, fused=True)
    history: list[Epoch] = []
    best: dict[str, Tensor] = {}
    for number in range(1, recipe.epochs + 1):
        loss = _train_epoch(judge, optimiser, data.train, recipe, number, on_step)
        epoch = Epoch(number, loss, measure(judge, data.validation))
        if all(epoch.validation.score > e.validation.score for e in history):
            best = {key: value.clone() for key, value in judge.state_dict().items()}
        history.append(epoch)
        on_epoch(epoch)
    judge.load_state_dict(best)
    round_weights(judge)
    return TrainedJudge(
        judge.eval(), max(history, key=lambda e: e.validation.score), tuple(history)
    )


def steps_per_epoch(data: JudgeData, recipe: JudgeRecipe) -> int:
    """Return the number of batches in an epoch; a last incomplete one is left out."""
    return len(data.train) // recipe.batch_size


def _new_judge(
    kind: str, name: str, data: JudgeData, seed: int, start: Mapping[str, Tensor] | None
) -> Judge:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = architecture(kind)(name, data.classes, data.image_shape, data.factors)
    judge.ear = data.ear
    if start is not None:
        if not isinstance(judge, ColourJudge):
            raise ConfigError(f"{kind} starts from scratch: leave the weights out")
        judge.classifier.start_from(start)
    if judge.reader is not None:
        judge.reader.standardise(data.train.factors, data.train.labels)
    return judge


def _train_epoch(
    judge: Judge,
    optimiser: torch.optim.Optimizer,
    pictures: Pictures,
    recipe: JudgeRecipe,
    number: int,
    on_step: Callable[[], None],
) -> float:
    """Train for one epoch, counted from 1; return the mean loss."""
    judge.train()
    device = next(judge.parameters()).device
    rng = np.random.default_rng((recipe.seed, number))
    noise = torch.Generator(device).manual_seed(recipe.seed * 1_000_003 + number)
    order = rng.permutation(len(pictures))
    total = torch.zeros((), device=device)
    steps = len(pictures) // recipe.batch_size
    for step in range(steps):
        if recipe.decay:
            done = (number - 1 + step / steps) / recipe.epochs
            optimiser.param_groups[0]["lr"] = recipe.lr * (1 + math.cos(math.pi * done)) / 2
        places = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
        images, labels = pictures.batch(places, device)
        if recipe.shift:
            images = _shifted(images, recipe.shift, rng)
        changed = len(images) // 2 if recipe.distortion else 0
        if changed:
            others = distort(images[:changed], noise, strength=recipe.distortion)
            images = torch.cat([others, images[changed:]])
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
            output = judge.judge(images)
        loss = F.cross_entropy(output.logits.float(), labels)
        if judge.reader is not None:
            values = torch.from_numpy(pictures.factors[places]).to(device)
            features = output.features.float()
            clean = slice(changed, None)
            read = judge.reader.loss(features[clean], labels[clean], values[clean])
            loss = loss + FACTOR_WEIGHT * read
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.detach()
        on_step()
    return float(total) / steps


def _shifted(images: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Move each picture by whole pixels in its own way; its edge fills what is uncovered."""
    batch, _, height, width = images.shape
    moved = []
    for size in (height, width):
        most = round(share * size)
        places = np.arange(size) + rng.integers(-most, most + 1, (batch, 1))
        moved.append(torch.from_numpy(places.clip(0, size - 1)).to(images.device))
    which = torch.arange(batch, device=images.device)[:, None, None]
    channel_last = images.permute(0, 2, 3, 1)[which, moved[0][:, :, None], moved[1][:, None, :]]
    return channel_last.permute(0, 3, 1, 2)


@torch.inference_mode()
def measure(judge: Judge, pictures: Pictures, *, batch_size: int = 500) -> JudgeFigures:
    """Measure a judge on real pictures, on the device it is on; leaves it in eval mode.

    Args:
        judge: what to measure.
        pictures: of its classes, with its factors.
        batch_size: pictures at a time.

    Returns:
        The figures.

    Raises:
        DataError: there are no pictures, or they are of another shape than the judge's.
    """
    if not len(pictures):
        raise DataError("no labelled pictures to measure a judge on")
    judge.eval()
    device = next(judge.parameters()).device
    predicted, read = [], []
    for start in range(0, len(pictures), batch_size):
        places = np.arange(start, min(start + batch_size, len(pictures)))
        output = judge(pictures.batch(places, device)[0])
        predicted.append(output.logits.argmax(dim=1).cpu().numpy())
        if output.factors is not None:
            read.append(output.factors.cpu().numpy())
    table = confusion(pictures.labels, np.concatenate(predicted), len(judge.classes))
    r2 = _recovered(np.concatenate(read), pictures) if read else ()
    return JudgeFigures(float(np.trace(table) / len(pictures)), table, r2)


def _recovered(read: np.ndarray, pictures: Pictures) -> tuple[float | None, ...]:
    """Return the R² of each factor over the pictures in which there is something to read."""
    counted = np.isfinite(pictures.factors)
    return tuple(
        within_class_r2(read[rows, factor], pictures.factors[rows, factor], pictures.labels[rows])
        for factor, rows in enumerate(counted.T)
    )
