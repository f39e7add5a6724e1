"""The device to compute on: as asked for, or the best there is."""

from __future__ import annotations

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
