"""Random change of log-mel pictures in training: no network shall learn voices by heart."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def jitter(sound: Tensor, rng: torch.Generator, *, strength: float = 1.0) -> Tensor:
    """Warp, tilt and dim log-mel pictures, each in its own way.

    At strength 1, time is stretched by up to 20 % and shifted by up to 12 % of the width, frequency
    stretched by up to 12 % and shifted by up to 8 % of the height (another pitch, another vocal
    tract), level scaled by up to 20 % (a shallower or deeper floor) and tilted across frequency by
    up to 15 % (another microphone), and noise with a deviation of up to 0.05 added.

    Args:
        sound: `(batch, 1, mel_bin, frame)` in [0, 1], 0 is silence.
        rng: source of randomness, on the same device.
        strength: 0 returns the input.

    Returns:
        A tensor of the same shape, in [0, 1]; what enters from outside is silence.
    """
    if strength == 0:
        return sound
    batch, device = len(sound), sound.device

    def uniform(*shape: int) -> Tensor:
        return strength * (2 * torch.rand(batch, *shape, generator=rng, device=device) - 1)

    theta = torch.zeros(batch, 2, 3, device=device)
    theta[:, 0, 0] = 1 + 0.20 * uniform()
    theta[:, 1, 1] = 1 + 0.12 * uniform()
    theta[:, 0, 2] = 0.24 * uniform()
    theta[:, 1, 2] = 0.16 * uniform()
    grid = F.affine_grid(theta, list(sound.shape), align_corners=False)
    warped = F.grid_sample(sound, grid, align_corners=False)
    height = torch.linspace(-1, 1, sound.shape[2], device=device).view(1, 1, -1, 1)
    gain = 1 + 0.2 * uniform(1, 1, 1) + 0.15 * uniform(1, 1, 1) * height
    noise = torch.randn(sound.shape, generator=rng, device=device)
    return (warped * gain + 0.05 * uniform(1, 1, 1).abs() * noise).clamp(0, 1)
