"""Loss terms on pairs that are held out of training."""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator

from photism.data.pairs import PairLoader
from photism.systems.base import Stage, Step, System
from photism.training.plan import Plan

PAIRS = 2048
"""Held-out pairs looked at after every epoch, at most."""


@torch.no_grad()
def validate(
    system: System, plan: Plan, stage: Stage, step: Step, accelerator: Accelerator
) -> dict[str, float]:
    """Look at held-out pairs in eval mode, with the same noise every time.

    Args:
        system: the weights to look at; left in the mode it was found in.
        plan: names the held-out pairs.
        stage: whose phases to look at.
        step: where training stands; its generator and memo are not used.
        accelerator: device and precision.

    Returns:
        The mean of every loss term of the stage.
    """
    rows = np.random.default_rng(0).permutation(plan.held_out)[:PAIRS]
    device = accelerator.device
    size = min(256, 4 * stage.batch_size)  # without gradients there is room for more
    loader = PairLoader(plan.validation, size, rows=rows, shuffle=False, device=device)
    rng = torch.Generator(device).manual_seed(0)
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
    return {name: total / len(rows) for name, total in sums.items()}
