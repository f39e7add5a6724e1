"""Pairs that do not belong together, dealt out within a batch.

S. Reed et al., "Generative Adversarial Text to Image Synthesis", 2016, arXiv:1605.05396: a
discriminator that also sees real pictures beside what they are not of learns to compare.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mismatch(label: Tensor, rng: torch.Generator, *, other_class: bool) -> tuple[Tensor, Tensor]:
    """Deal every pair of a batch the picture, or sound, of another one, each of them once.

    Args:
        label: class indices, `(batch,)`.
        rng: source of randomness, on the same device.
        other_class: of another class for certain, as far as the batch has enough of them: always
            where no class has more than half of it. Else of any other pair.

    Returns:
        `order`, the row that each row is dealt, `(batch,)`; and whether it is wrong there,
        `(batch,)` bool: of another class, or, without `other_class`, of another pair.
    """
    batch, device = len(label), label.device
    luck = torch.rand(batch, generator=rng, device=device, dtype=torch.float64)
    if not other_class:
        deck, step = luck.argsort(), torch.ones((), dtype=torch.int64, device=device)
    else:
        # Classes side by side, in random order: as many places further on begins another class.
        _, index, sizes = label.unique(return_inverse=True, return_counts=True)
        order = torch.rand(len(sizes), generator=rng, device=device, dtype=torch.float64).argsort()
        deck, step = (order[index] + luck).argsort(), sizes.max()
    dealt = torch.empty_like(deck)
    dealt[deck] = deck[(torch.arange(batch, device=device) + step) % batch]
    if other_class:
        return dealt, label[dealt] != label
    return dealt, dealt != torch.arange(batch, device=device)
