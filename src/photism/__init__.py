"""photism: sound to picture and picture to sound.

Importing this loads no torch and touches neither disk nor network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from photism.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from photism.devices import DeviceName
    from photism.translate.automatic import Automatic
    from photism.translate.translator import Translator

__all__ = ["__version__", "list_systems", "list_weights", "load"]


@overload
def load(name_or_path: None = None, device: DeviceName = "auto") -> Automatic: ...


@overload
def load(name_or_path: str | Path, device: DeviceName = "auto") -> Translator: ...


def load(
    name_or_path: str | Path | None = None, device: DeviceName = "auto"
) -> Translator | Automatic:
    """Load a trained system that translates recordings, or pictures, or both.

    Args:
        name_or_path: one of `list_weights`, a folder of weights, the folder of a training run, or
            "owner/name" on the Hugging Face Hub. By default what comes in decides.
        device: "auto", "cpu", "cuda" or "mps".

    Returns:
        A translator: `load().translate("three.wav")` is a picture and how it came about,
        `load().translate("violin.png")` a sound.

    Raises:
        WeightsError: nothing of that name, or weights that are damaged.
        ConfigError: the device is not there.
    """
    if name_or_path is None:
        from photism.translate.automatic import Automatic

        return Automatic(device)
    from photism.systems.weights import load_weights
    from photism.translate.translator import Translator

    return Translator(load_weights(name_or_path), device)


def list_systems() -> list[str]:
    """Return the names of the systems that can be trained."""
    from photism.systems import SYSTEMS

    return sorted(SYSTEMS)


def list_weights() -> list[str]:
    """Return the names of the weights that come along, for `load`."""
    from photism.stored import bundled

    return sorted(bundled())
