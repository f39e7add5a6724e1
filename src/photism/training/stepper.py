"""The steps of a stage: losses, gradients, clipping, optimisers and their learning rates."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from photism.data.pairs import Batch
from photism.systems.base import System
from photism.systems.stages import Losses, Stage, Step
from photism.training.device import build_optimiser, share_buffers, share_gradients


class Stepper:
    """Moves a system's weights through one stage.

    Args:
        system: to be trained.
        stage: what is trained in it.
        accelerator: device, precision, processes.
    """

    def __init__(self, system: System, stage: Stage, accelerator: Accelerator) -> None:
        self.system, self.stage, self.accelerator = system, stage, accelerator
        self.parameters = {phase.name: system.trained_by(phase) for phase in stage.phases}
        self.optimisers = {
            phase.name: build_optimiser(phase.optimiser, self.parameters[phase.name])
            for phase in stage.phases
        }

    def take(self, batch: Batch, step: Step) -> dict[str, Losses]:
        """Take one step: the phases that are due, one after the other.

        Args:
            batch: this process's share of it.
            step: where training stands; its generator is the step's only randomness.

        Returns:
            The losses of each phase that was due.
        """
        seen = {}
        for phase in self.stage.phases:
            if not phase.is_due(step.number, step.epoch):
                continue
            with self.accelerator.autocast():
                losses = self.system.losses(phase.name, batch, step)
            parameters, optimiser = self.parameters[phase.name], self.optimisers[phase.name]
            losses.total.backward(inputs=parameters)
            share_gradients(self.accelerator, parameters)
            if phase.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(parameters, phase.clip_norm)
            for group in optimiser.param_groups:
                group["lr"] = phase.optimiser.lr * self.stage.lr_factor(step.epoch, step.number)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            seen[phase.name] = losses
        share_buffers(self.accelerator, self.system)
        return seen
