"""What a system tells the training loop: stages, phases, optimisers, and the losses of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from photism.media import MEDIA, Medium


@dataclass(frozen=True)
class Optimiser:
    """Settings of one optimiser."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.0
    weight_decay: float = 0.0
    """Apart from the gradient for "adamw", a part of it for the others."""


@dataclass(frozen=True)
class Phase:
    """One optimiser's share of a training step.

    `networks` are attribute names of the system whose parameters it moves. Phases run in the order
    in which their stage lists them.
    """

    name: str
    networks: tuple[str, ...]
    optimiser: Optimiser
    every: int = 1
    """It runs in steps, or in all steps of epochs, whose number divides by this."""
    unit: Literal["step", "epoch"] = "step"
    """What `every` counts."""
    clip_norm: float | None = None

    def is_due(self, number: int, epoch: int) -> bool:
        """Tell whether it runs in a step of a stage; both are counted from 0."""
        return (epoch if self.unit == "epoch" else number) % self.every == 0


@dataclass(frozen=True)
class Stage:
    """A part of training that ends before the next begins, such as an autoencoder before a GAN."""

    name: str
    phases: tuple[Phase, ...]
    epochs: int
    batch_size: int
    decay_epochs: int = 0
    """So many of the epochs, the last ones, have a learning rate that falls linearly."""
    warmup_steps: int = 0
    """Over so many of the steps, the first ones, the learning rate rises linearly."""
    steps_per_epoch: int | None = None
    """Steps in an epoch where the paper counts them so; by default those of a pass over the data.
    Passes go on from one epoch into the next."""
    reads: tuple[Medium, ...] = MEDIA
    """The media that it reads; of sounds alone it can be given more than those of the pairs."""

    def lasting(self, epochs: int) -> Stage:
        """Return the stage with another number of epochs, the same share of which decays."""
        decay = round(self.decay_epochs * epochs / self.epochs)
        return replace(self, epochs=epochs, decay_epochs=decay)

    def lr_factor(self, epoch: int, number: int) -> float:
        """Return what the learning rate is multiplied by in a step.

        In the e-th epoch, counted from 1, it is 1 − max(0, e − hold) / (decay + 1): 1 until `hold`,
        then down a line that would meet zero one epoch after the last. Warming up multiplies that
        by the share of `warmup_steps` that the step completes.

        Args:
            epoch: of the stage, counted from 0.
            number: of the step in the stage, counted from 0.

        Returns:
            More than 0, at most 1.
        """
        hold = self.epochs - self.decay_epochs
        factor = 1 - max(0, epoch + 1 - hold) / (self.decay_epochs + 1)
        return factor * min(1, (number + 1) / max(1, self.warmup_steps))


@dataclass
class Step:
    """What a system may know about the training step whose losses it is asked for.

    `means` holds, for every loss term, its mean over each earlier epoch of the stage. `memo` is
    empty at the start of a step and shared by its phases, so that one forward pass serves two.
    """

    number: int
    epoch: int
    rng: torch.Generator
    means: Mapping[str, Sequence[float]] = field(default_factory=dict)
    memo: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Losses:
    """`total` is what the phase minimises; `terms` are recorded under their names."""

    total: Tensor
    terms: dict[str, Tensor]
