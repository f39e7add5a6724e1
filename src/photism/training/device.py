"""Devices, processes, optimisers, seeds and signals: what the loop stands on."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from photism.devices import choose_device, keep_memory
from photism.systems.stages import Optimiser
from photism.training.options import TrainOptions


def make_accelerator(options: TrainOptions) -> Accelerator:
    """Find the devices: one alone, or one of many processes under torchrun.

    Args:
        options: device and precision.

    Returns:
        The accelerator of this process.

    Raises:
        ConfigError: the device asked for is not there.
    """
    if choose_device(options.device).type == "cpu":
        keep_memory()
    AcceleratorState._reset_state()  # a second run in one process may want another precision
    return Accelerator(
        cpu=options.device == "cpu", mixed_precision="bf16" if options.precision == "bf16" else "no"
    )


def part() -> None:
    """End this process, if it is one of several that have trained together.

    Where Python takes its time to shut down, threads of torch that were shared with the other
    processes now and then abort, and a training that is finished is called failed.
    """
    if not torch.distributed.is_initialized():
        return
    with contextlib.suppress(RuntimeError):  # another one is gone already
        torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def is_first_process() -> bool:
    """Tell whether this process is alone or the first that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


_ADAMS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def build_optimiser(
    settings: Optimiser, parameters: list[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimiser of a phase."""
    if settings.name in _ADAMS:
        return _ADAMS[settings.name](
            parameters,
            lr=settings.lr,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )
    return torch.optim.SGD(
        parameters, lr=settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay
    )


def seed_step(accelerator: Accelerator, seed: int, stage: int, number: int) -> torch.Generator:
    """Seed all randomness of one step from its number, so that nothing needs to be saved.

    Layers such as dropout draw from torch's default generator, systems from the one returned.
    """
    entropy = (seed, stage, number, accelerator.process_index)
    words = np.random.SeedSequence(entropy).generate_state(4, np.uint32).tolist()
    torch.manual_seed(words[0] << 31 | words[1] >> 1)
    return torch.Generator(accelerator.device).manual_seed(words[2] << 31 | words[3] >> 1)


def share_gradients(accelerator: Accelerator, parameters: Sequence[torch.nn.Parameter]) -> None:
    """Average gradients over processes; networks need no wrapper for it."""
    _average(accelerator, [p.grad for p in parameters if p.grad is not None])


def share_buffers(accelerator: Accelerator, network: torch.nn.Module) -> None:
    """Average running statistics over processes, which see other pairs each."""
    _average(accelerator, [b for b in network.buffers() if b.is_floating_point()])


def share_losses(accelerator: Accelerator, losses: torch.Tensor) -> torch.Tensor:
    """Return the means of losses over processes: those of the whole batch."""
    if accelerator.num_processes == 1:
        return losses
    return accelerator.reduce(losses, reduction="mean")


def _average(accelerator: Accelerator, tensors: Sequence[torch.Tensor]) -> None:
    """Average tensors over processes, in place and in one transfer."""
    if accelerator.num_processes == 1 or not tensors:
        return
    flat = accelerator.reduce(torch.cat([t.reshape(-1) for t in tensors]), reduction="mean")
    parts = flat.split([tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))


def anybody(accelerator: Accelerator, asked: bool) -> bool:
    """Return whether any process was asked to stop."""
    if accelerator.num_processes == 1:
        return asked
    flag = torch.tensor(float(asked), device=accelerator.device)
    return bool(accelerator.reduce(flag, reduction="sum") > 0)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM instead of dying of them; outside the main thread do nothing."""
    received: list[int] = []
    previous = {}
    with contextlib.suppress(ValueError):  # not the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, lambda n, _: received.append(n))
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
