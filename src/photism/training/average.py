"""A moving average of the weights, which is looked at and kept in their place."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def averaged(system: nn.Module, decay: float) -> AveragedModel:
    """Return a copy of a system that follows it exponentially, running statistics included.

    Args:
        system: whose weights to follow.
        decay: share of the average that a step keeps, in (0, 1); the first steps count for more.

    Returns:
        The average; `n_averaged` of 0 makes the next step copy all weights.
    """
    return AveragedModel(system, multi_avg_fn=partial(_follow, decay), use_buffers=True)


def _follow(decay: float, average: list[Tensor], weights: list[Tensor], number: Tensor) -> None:
    """Move the average of `number` steps towards the weights: (1 + n) / (10 + n) at first."""
    done = int(number)
    get_ema_multi_avg_fn(min(decay, (1 + done) / (10 + done)))(average, weights, number)
