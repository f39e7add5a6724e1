"""Diagonal Gaussian posteriors: sampling, divergence from the prior, and its warm-up."""

from __future__ import annotations

import torch
from torch import Tensor


def sample_gaussian(mean: Tensor, log_var: Tensor, rng: torch.Generator) -> Tensor:
    """Draw `mean + sigma * epsilon`, differentiable in both arguments (Kingma & Welling 2014).

    Args:
        mean: `(batch, latent)`.
        log_var: logarithm of the variance, `(batch, latent)`.
        rng: source of epsilon, on the same device.

    Returns:
        `(batch, latent)`.
    """
    epsilon = torch.randn(mean.shape, generator=rng, device=mean.device, dtype=mean.dtype)
    return mean + torch.exp(0.5 * log_var) * epsilon


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) ‖ N(0, I)) in nats, summed over dimensions: `(batch,)`, >= 0."""
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(dim=1)


def warm_up(step: int, steps: int) -> float:
    """Weight that rises linearly from 0 to 1 over the first `steps` steps; 1 where `steps` is 0."""
    return 1.0 if steps == 0 else min(1.0, step / steps)
