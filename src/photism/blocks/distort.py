"""Random change of pictures that leaves what they show: a classifier shall not go by details."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def distort(image: Tensor, rng: torch.Generator, *, strength: float = 1.0) -> Tensor:
    """Move, scale, tint, blur and roughen pictures, each in its own way.

    At strength 1, a picture is scaled by up to 15 % and shifted by up to 10 % of its side, contrast
    and each colour are scaled by up to 20 %, brightness is shifted by up to 0.2, up to all of it is
    replaced by its mean over 3×3 pixels, and noise with a deviation of up to 0.3 is added.

    Args:
        image: `(batch, channel, height, width)` in [-1, 1].
        rng: source of randomness, on the same device.
        strength: 0 returns the input.

    Returns:
        A tensor of the same shape, not limited to [-1, 1]; edges continue outwards. Gradients go
        through it.
    """
    if strength == 0:
        return image
    batch, channels = image.shape[:2]

    def uniform(*shape: int) -> Tensor:
        values = torch.rand(batch, *shape, generator=rng, device=image.device)
        return (strength * (2 * values - 1)).to(image.dtype)

    theta = torch.zeros(batch, 2, 3, device=image.device, dtype=image.dtype)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + 0.15 * uniform()
    theta[:, :, 2] = 0.2 * uniform(2)
    grid = F.affine_grid(theta, list(image.shape), align_corners=False)
    moved = F.grid_sample(image, grid, padding_mode="border", align_corners=False)
    blurred = F.avg_pool2d(F.pad(moved, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = uniform(1, 1, 1).abs().clamp_max(1)
    tinted = (moved + share * (blurred - moved)) * (1 + 0.2 * uniform(channels, 1, 1))
    noise = torch.randn(image.shape, generator=rng, device=image.device, dtype=image.dtype)
    return tinted + 0.2 * uniform(1, 1, 1) + 0.3 * uniform(1, 1, 1).abs() * noise
