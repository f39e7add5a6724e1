"""Diagonal Gaussian posteriors: noise, sampling, divergence from the prior, and its warm-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from photism.config import check_fields


@dataclass(frozen=True)
class LatentSampling:
    """How a latent vector is taken from its posterior when generating."""

    latent: Literal["sample", "mean"] = "sample"
    """Draw it, as in training, or take its mean: the same for whatever noise."""

    def __post_init__(self) -> None:
        check_fields(self)


def sample_gaussian(mean: Tensor, log_var: Tensor, epsilon: Tensor) -> Tensor:
    """Return `mean + sigma * epsilon`, differentiable in both (Kingma & Welling 2014).

    Args:
        mean: `(batch, latent)`.
        log_var: logarithm of the variance, `(batch, latent)`.
        epsilon: standard normal, `(batch, latent)`.

    Returns:
        `(batch, latent)`.
    """
    return mean + torch.exp(0.5 * log_var) * epsilon.to(mean.dtype)


def standard_normal_like(mean: Tensor, rng: torch.Generator) -> Tensor:
    """Draw float32 noise of the shape of `mean`, on its device, from a generator of any device."""
    return torch.randn(mean.shape, generator=rng, device=rng.device).to(mean.device)


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) ‖ N(0, I)) in nats, summed over dimensions: `(batch,)`, >= 0."""
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(dim=1)


def warm_up(step: int, steps: int) -> float:
    """Weight that rises linearly from 0 to 1 over the first `steps` steps; 1 where `steps` is 0."""
    return 1.0 if steps == 0 else min(1.0, step / steps)
