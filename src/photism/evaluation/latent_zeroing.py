"""Latent zeroing: what is left of a picture when more and more of its latent vector is set to 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from photism.data.pairs import PairLoader
from photism.data.progress import track
from photism.evaluation.observe import row_generators
from photism.judges.base import Judge
from photism.systems.base import Noisy, draw_noise

SEEDS = (0, 1, 2)


@runtime_checkable
class LatentSystem(Noisy, Protocol):
    """A system whose picture is drawn from a latent vector that can be changed in between."""

    def latent(self, condition: Tensor, *, noise: Tensor | None) -> Tensor:
        """Encode conditions to `(batch, latent)`."""

    def decode(self, latent: Tensor) -> Tensor:
        """Draw pictures `(batch, channel, height, width)` in [-1, 1]."""


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


@torch.inference_mode()
def measure_latent_zeroing(
    system: LatentSystem, judge: Judge, loader: PairLoader, *, seeds: tuple[int, ...] = SEEDS
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
            noise = draw_noise(system, "image", rng, batch.sound.device)
            latent = system.latent(batch.sound, noise=noise)
            order = torch.stack([torch.rand(latent.shape[1], generator=g) for g in rng])
            rank = order.argsort(dim=1).argsort(dim=1).to(latent.device)
            drawn = (
                system.decode(latent.masked_fill(rank < zeroed, 0))
                for zeroed in range(latent.shape[1] + 1)
            )
            predicted = [judge.look(images).logits.argmax(dim=1) for images in drawn]
            right = right + (torch.stack(predicted) == batch.label).sum(dim=1)
        curves.append(np.asarray(torch.as_tensor(right).cpu()) / len(loader.rows))
    mean, low, high = np.mean(curves, axis=0), np.min(curves, axis=0), np.max(curves, axis=0)
    return LatentZeroing(
        len(loader.rows), seeds, tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist())
    )
