"""Training a judge: cross-entropy on real pictures, the epoch chosen on pictures held out.

The recipe of the AIVAE paper (arXiv:2109.13354, section 5): Adam, learning rate 1e-3, 100 epochs,
no augmentation. Which epoch it kept is not said; here validation pictures choose it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from photism.errors import ConfigError, DataError
from photism.evaluation.judges import Judge, architecture


@dataclass(frozen=True)
class Pictures:
    """Real pictures, `(picture, height, width, channel)` uint8, and labels `(picture,)` int64."""

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise DataError(f"{len(self.images)} pictures but {len(self.labels)} labels")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> Pictures:
        """Return the pictures at `rows`."""
        return Pictures(self.images[rows], self.labels[rows])

    def batch(self, rows: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return `(batch, channel, height, width)` in [-1, 1] and labels `(batch,)`."""
        images = torch.from_numpy(self.images[rows]).to(device).permute(0, 3, 1, 2)
        labels = torch.from_numpy(self.labels[rows]).to(device)
        return images.float().mul_(2 / 255).sub_(1), labels


@dataclass(frozen=True)
class JudgeRecipe:
    """How a judge is trained; the defaults are the paper's, but for the validation pictures."""

    epochs: int = 100
    batch_size: int = 128
    lr: float = 1e-3
    validation: float = 0.1
    """Share of the training pictures held out for choosing the epoch."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.validation < 1:
            raise ConfigError(f"validation must be above 0 and below 1, not {self.validation}")
        if self.lr <= 0:
            raise ConfigError(f"lr must be above 0, not {self.lr}")


@dataclass(frozen=True)
class Epoch:
    """Figures of one epoch of a judge's training, counted from 1."""

    number: int
    loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class TrainedJudge:
    """A judge with the weights of its best epoch, rounded to half precision as they are stored."""

    judge: Judge
    chosen: Epoch
    history: tuple[Epoch, ...]
    train: int
    validation: int


def train_judge(
    kind: str,
    name: str,
    classes: tuple[str, ...],
    pictures: Pictures,
    recipe: JudgeRecipe,
    *,
    device: torch.device,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> TrainedJudge:
    """Train a judge and keep the epoch that did best on held-out pictures.

    Args:
        kind: architecture, such as "lenet5".
        name: of the judge.
        classes: names of the labels.
        pictures: to train on and hold out from; never the test pictures.
        recipe: epochs, batch size, learning rate, share held out, seed.
        device: where to train.
        on_epoch: called after every epoch.

    Returns:
        The judge on `device`, in eval mode; the earliest epoch wins a tie.

    Raises:
        ConfigError: an unknown architecture.
        DataError: fewer pictures than one batch and one to hold out.
    """
    held = max(1, round(recipe.validation * len(pictures)))
    if len(pictures) - held < recipe.batch_size:
        raise DataError(
            f"{len(pictures)} pictures are too few for batches of {recipe.batch_size}"
            f" with {held} held out"
        )
    order = np.random.default_rng((recipe.seed, 0)).permutation(len(pictures))
    train, validation = pictures.take(order[held:]), pictures.take(order[:held])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        judge = architecture(kind)(name, classes).to(device)
    optimiser = torch.optim.Adam(judge.parameters(), lr=recipe.lr)
    history: list[Epoch] = []
    best: dict[str, Tensor] = {}
    for number in range(1, recipe.epochs + 1):
        loss = _train_epoch(judge, optimiser, train, recipe, number, device)
        epoch = Epoch(number, loss, accuracy_on(judge, validation, device=device))
        if all(epoch.validation_accuracy > e.validation_accuracy for e in history):
            best = {key: value.clone() for key, value in judge.state_dict().items()}
        history.append(epoch)
        on_epoch(epoch)
    judge.load_state_dict(best)
    judge.half().float().eval()
    chosen = max(history, key=lambda e: e.validation_accuracy)
    return TrainedJudge(judge, chosen, tuple(history), len(train), len(validation))


def _train_epoch(
    judge: Judge,
    optimiser: torch.optim.Optimizer,
    pictures: Pictures,
    recipe: JudgeRecipe,
    number: int,
    device: torch.device,
) -> float:
    judge.train()
    order = np.random.default_rng((recipe.seed, number)).permutation(len(pictures))
    total = torch.zeros((), device=device)
    steps = len(pictures) // recipe.batch_size
    for step in range(steps):
        rows = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
        images, labels = pictures.batch(rows, device)
        loss = F.cross_entropy(judge(images).logits, labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.detach()
    return float(total) / steps


@torch.inference_mode()
def accuracy_on(
    judge: Judge, pictures: Pictures, *, device: torch.device, batch_size: int = 1000
) -> float:
    """Return the share of pictures that a judge classifies rightly; leaves it in eval mode."""
    judge.eval()
    right = 0
    for start in range(0, len(pictures), batch_size):
        rows = np.arange(start, min(start + batch_size, len(pictures)))
        images, labels = pictures.batch(rows, device)
        right += int((judge(images).logits.argmax(dim=1) == labels).sum())
    return right / len(pictures)
