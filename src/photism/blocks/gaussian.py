"""Diagonal Gaussian posteriors: noise, sampling, divergence from the prior, and its warm-up."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Randomness = torch.Generator | Sequence[torch.Generator]
"""One generator for a batch, or one for each of its rows: then no row depends on its neighbours."""


def standard_normal(shape: Sequence[int], rng: Randomness, device: torch.device) -> Tensor:
    """Draw float32 noise from N(0, I).

    Args:
        shape: `(batch, …)`.
        rng: source of the noise; a generator on the CPU gives the same noise for every device.
        device: where the noise goes.

    Returns:
        A tensor of this shape on `device`.
    """
    if isinstance(rng, torch.Generator):
        return torch.randn(tuple(shape), generator=rng, device=rng.device).to(device)
    rows = [torch.randn(tuple(shape[1:]), generator=row, device=row.device) for row in rng]
    return torch.stack(rows).to(device)


def sample_gaussian(mean: Tensor, log_var: Tensor, rng: Randomness) -> Tensor:
    """Draw `mean + sigma * epsilon`, differentiable in both arguments (Kingma & Welling 2014).

    Args:
        mean: `(batch, latent)`.
        log_var: logarithm of the variance, `(batch, latent)`.
        rng: source of epsilon.

    Returns:
        `(batch, latent)`.
    """
    epsilon = standard_normal(mean.shape, rng, mean.device).to(mean.dtype)
    return mean + torch.exp(0.5 * log_var) * epsilon


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) ‖ N(0, I)) in nats, summed over dimensions: `(batch,)`, >= 0."""
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(dim=1)


def warm_up(step: int, steps: int) -> float:
    """Weight that rises linearly from 0 to 1 over the first `steps` steps; 1 where `steps` is 0."""
    return 1.0 if steps == 0 else min(1.0, step / steps)
