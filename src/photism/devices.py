"""The device to compute on: as asked for, or the best there is; and memory on the CPU."""

from __future__ import annotations

import ctypes
import platform
from typing import TYPE_CHECKING, Literal

from photism.errors import ConfigError

if TYPE_CHECKING:
    import torch

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def choose_device(name: DeviceName = "auto") -> torch.device:
    """Return a device of this machine.

    Args:
        name: "auto" takes CUDA before MPS before the CPU.

    Returns:
        The device.

    Raises:
        ConfigError: the device asked for is not there.
    """
    import torch

    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    if not present.get(name):
        raise ConfigError(f"this machine has no {name} device: use auto or cpu")
    return torch.device(name)


def memory_bytes() -> int:
    """Return how much memory this machine has."""
    import psutil

    return psutil.virtual_memory().total


def keep_memory() -> None:
    """Let this process keep the memory that it frees, instead of giving it back to the system.

    Each step of a training frees what the next one asks for again. The C library hands large pieces
    back, and the system clears every page anew: a tenth to a quarter of a step of large networks
    on a CPU. Only glibc is told; elsewhere nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    trim_threshold, mmap_max = -1, -4  # the numbers of mallopt's parameters
    library = ctypes.CDLL(None)
    library.mallopt(trim_threshold, -1)  # never
    library.mallopt(mmap_max, 0)  # no piece on its own
