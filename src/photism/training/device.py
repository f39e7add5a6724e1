"""Devices, processes and optimisers, as asked for or as found."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from photism.errors import ConfigError
from photism.systems.base import Optimiser
from photism.training.options import TrainOptions


def make_accelerator(options: TrainOptions) -> Accelerator:
    """Return the accelerator of this process: one device alone or one of many under torchrun.

    Raises:
        ConfigError: the device asked for is not there.
    """
    available = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if options.device in available and not available[options.device]():
        raise ConfigError(f"this machine has no {options.device} device: use --device auto or cpu")
    AcceleratorState._reset_state()  # a second run in one process may want another precision
    return Accelerator(
        cpu=options.device == "cpu", mixed_precision="bf16" if options.precision == "bf16" else "no"
    )


def build_optimiser(
    settings: Optimiser, parameters: list[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimiser of a phase; fused where that is faster."""
    if settings.name == "adam":
        return torch.optim.Adam(
            parameters,
            lr=settings.lr,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )
    return torch.optim.SGD(
        parameters, lr=settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay
    )
