"""The noise of a translation: that of a seed, or on the way from one seed to the next."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from photism.media import Medium
from photism.systems.base import Noisy, draw_noise

_PARALLEL = 1e-3
"""Sine of the angle below which two directions are the same, or opposite."""


def noise_at(
    system: Noisy, target: Medium, places: Sequence[tuple[int, float]], device: torch.device
) -> Tensor | None:
    """Return the noise of a batch, each row from a seed and a share of the way to the next.

    Args:
        system: says what noise it takes.
        target: what is to be made.
        places: seed, and share in [0, 1), of each row.
        device: where the noise goes.

    Returns:
        `(batch, *noise_shape)`; None for a system without noise.
    """
    noise = draw_noise(system, target, [_generator(seed) for seed, _ in places], device)
    if noise is None or not any(share for _, share in places):
        return noise
    following = draw_noise(system, target, [_generator(seed + 1) for seed, _ in places], device)
    assert following is not None
    shares = torch.tensor([share for _, share in places], device=device)
    return slerp(noise, following, shares)


def slerp(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Go from one noise to another along the great circle between their directions.

    The straight way leads through noise that is shorter than any a generator was trained on;
    this one keeps to their lengths (Shoemake 1985; White 2016, arXiv:1609.04468).

    Args:
        first: `(batch, …)`.
        second: of the same form.
        share: of the way, `(batch,)` in [0, 1].

    Returns:
        `(batch, …)`; on the straight line where the two directions are the same or opposite, as
        in one dimension.
    """
    start, end = first.flatten(1).double(), second.flatten(1).double()  # (batch, value)
    t = share.double()[:, None]
    cosine = torch.nn.functional.cosine_similarity(start, end)[:, None].clamp(-1, 1)
    angle = cosine.acos()
    sine = angle.sin()
    straight = sine < _PARALLEL
    divisor = sine.masked_fill(straight, 1)
    from_start = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / divisor)
    from_end = torch.where(straight, t, (t * angle).sin() / divisor)
    length = (1 - t) * start.norm(dim=1, keepdim=True) + t * end.norm(dim=1, keepdim=True)
    ways = from_start * _direction(start) + from_end * _direction(end)
    lines = (1 - t) * start + t * end
    return torch.where(straight, lines, length * ways).to(first.dtype).view_as(first)


def _direction(rows: Tensor) -> Tensor:
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
