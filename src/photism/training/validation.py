"""What is measured after every epoch on pairs that are held out of training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from photism.data.pairs import Batch, PairLoader
from photism.systems.base import System
from photism.systems.stages import Stage, Step
from photism.training.material import Material

Critic = Callable[[System, Batch], Tensor]
"""Looks at translations of pairs and says, `(batch,)`, whether each shows its class."""
_AT_ONCE = 64
PAIRS = 2048
"""Held-out pairs looked at after every epoch, at most."""


@torch.no_grad()
def validate(
    system: System, pairs: Material, stage: Stage, step: Step, accelerator: Accelerator
) -> dict[str, float]:
    """Look at held-out pairs in eval mode, with the same noise every time.

    Args:
        system: the weights to look at; left in the mode it was found in.
        pairs: the data; those held out are looked at.
        stage: whose phases to look at.
        step: where training stands; its generator and memo are not used.
        accelerator: device and precision.

    Returns:
        The mean of every loss term of the stage.
    """
    loader = _loader(pairs, pairs.held_out, stage, accelerator)
    rng = torch.Generator(accelerator.device).manual_seed(0)
    sums: dict[str, float] = {}
    training = system.training
    system.eval()
    for batch in loader.epoch():
        seen = Step(step.number, step.epoch, rng, step.means)
        for phase in stage.phases:
            with accelerator.autocast():
                losses = system.losses(phase.name, batch, seen)
            for name, value in losses.terms.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(batch)
    system.train(training)
    return {name: total / len(loader.rows) for name, total in sums.items()}


@torch.no_grad()
def recognised(
    system: System, critic: Critic, pairs: Material, stage: Stage, accelerator: Accelerator
) -> float:
    """Have a critic look at the translations of held-out pairs that have a class.

    Args:
        system: the weights to look at; left in the mode it was found in.
        critic: looks at the translations.
        pairs: the data; those held out are looked at.
        stage: gives the size of batches.
        accelerator: device and precision.

    Returns:
        The share that it recognises, from 0 to 1.
    """
    training, seen = system.training, []
    system.eval()
    for batch in _loader(pairs, pairs.labelled, stage, accelerator).epoch():
        with accelerator.autocast():
            seen.append(critic(system, batch))
    system.train(training)
    return float(torch.cat(seen).float().mean())


def remember(system: System, pairs: Material, device: torch.device) -> None:
    """Let a system see some of what it is trained on, and some that is held out, for good.

    Args:
        system: the weights that are about to be written.
        pairs: the data; where nothing is held out the same pairs serve for both.
        device: where `system` is.
    """
    held_out = pairs.held_out if len(pairs.held_out) else pairs.rows
    parts = ((pairs.dataset, pairs.rows), (pairs.validation, held_out))
    loaders = [
        PairLoader(
            dataset,
            _AT_ONCE,
            rows=np.sort(np.random.default_rng(0).permutation(rows)[:PAIRS]),
            shuffle=False,
            device=device,
        )
        for dataset, rows in parts
    ]
    system.remember(*(loader.epoch() for loader in loaders))


def _loader(
    pairs: Material, held_out: np.ndarray, stage: Stage, accelerator: Accelerator
) -> PairLoader:
    rows = np.random.default_rng(0).permutation(held_out)[:PAIRS]
    size = min(256, 4 * stage.batch_size)  # without gradients there is room for more
    return PairLoader(
        pairs.validation,
        size,
        rows=rows,
        shuffle=False,
        device=accelerator.device,
        reads=stage.reads,
    )
