"""Systems of two numbers, so that what a loop does to them can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from photism.data.card import ArraySpec, Card
from photism.data.pairs import Batch
from photism.data.writer import PairWriter
from photism.media import Medium
from photism.systems.base import System
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step
from photism.training.options import TrainOptions

Cost = Callable[[Any, str, Batch, Step], Tensor]
"""What a phase costs: of system, phase, batch and step."""
LR = 0.5
SGD = Optimiser("sgd", lr=LR)


@dataclass(frozen=True)
class ToyConfig:
    front_end: str = "toy"
    slope: float = 1.0


class Toy(System):
    """Two networks of one number each, and one of batch norm; makes grey from either medium."""

    name, title, paper = "toy", "Toy", "none"
    makes = ("image", "sound")
    translators = ("first", "second")
    config_class = ToyConfig
    presets: ClassVar = {"debug": ToyConfig()}
    made: ClassVar[tuple[Medium, ...]] = ("image",)
    plan: ClassVar[tuple[Stage, ...]] = ()
    cost: ClassVar[Cost]

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.first = nn.Linear(1, 1, bias=False)
        self.second = nn.Linear(1, 1, bias=False)
        self.norm = nn.BatchNorm1d(1, affine=False)
        nn.init.zeros_(self.first.weight)
        nn.init.zeros_(self.second.weight)

    @property
    def targets(self) -> tuple[Medium, ...]:
        return self.made

    def stages(self) -> tuple[Stage, ...]:
        return self.plan

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        cost = type(self).cost(self, phase, batch, step)
        return Losses(cost, {"cost": cost})

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        return (1, 2, 3) if medium == "sound" else (1, 2, 2)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        return (1,)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        self.require_target(target)
        grey = condition.mean((1, 2, 3)) + 0 * self.first.weight.sum()
        return grey[:, None, None, None].expand(-1, *self.shape(target)).clamp(-1, 1)


def toy(cost: Cost, *stages: Stage, made: tuple[Medium, ...] = ("image",)) -> type[Toy]:
    """Return a system that is trained in these stages at this cost."""
    return type("Toy", (Toy,), {"cost": staticmethod(cost), "plan": stages, "made": made})


def stage(*phases: Phase, name: str = "only", epochs: int = 1, **more: Any) -> Stage:
    """Return a stage with batches of four; by default one phase, which moves `first`."""
    return Stage(name, phases or (phase(),), epochs, 4, **more)


def phase(name: str = "first", optimiser: Optimiser = SGD, **more: Any) -> Phase:
    """Return a phase that moves the network of its name."""
    return Phase(name, (name,), optimiser, **more)


def slope(system: Toy, name: str, batch: Batch, step: Step) -> Tensor:
    """A cost whose gradient is 1 everywhere: plain descent takes `LR` off in every step."""
    return getattr(system, name).weight.sum()


def write_toys(
    folder: Path,
    *,
    count: int = 24,
    classes: int = 2,
    unlabelled: int = 0,
    seed: int = 0,
    sound: tuple[int, int, int] = (1, 2, 3),
    image: tuple[int, int, int] = (2, 2, 1),
) -> Path:
    """Write pairs of random pixels, each a recording of its own; the last ones have no class."""
    rng = np.random.default_rng(seed)
    card = Card(
        name="toys",
        description="noise",
        licence="CC0-1.0",
        classes=tuple(f"class {number}" for number in range(classes)),
        sound=ArraySpec(sound),
        image=ArraySpec(image),
        front_end="toy",
        front_end_config={},
        group="key",
    )
    labels = np.arange(count) % classes if classes else np.full(count, -1)
    with PairWriter(folder, card) as writer:
        writer.write(
            "train",
            sound=rng.integers(0, 256, (count, *sound), np.uint8),
            image=rng.integers(0, 256, (count, *image), np.uint8),
            label=np.where(np.arange(count) < count - unlabelled, labels, -1),
            key=[str(number) for number in range(count)],
        )
    return folder


def toy_options(data: Path, out: Path, **changes: Any) -> TrainOptions:
    """Return options of a run without validation, in steps that are all recorded."""
    given = {"device": "cpu", "validation": 0.0, "log_every": 1} | changes
    return TrainOptions("toy", data, out, **given)


def weight(run: Path, name: str = "first") -> float:
    """Return the number that a run has kept of a network."""
    from photism.systems.weights import load_weights

    with torch.no_grad():
        return float(getattr(load_weights(run), name).weight)
