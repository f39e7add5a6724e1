"""The systems, one file a paper, and the dict that names them."""

from __future__ import annotations

import torch

from photism.errors import ConfigError, nearest
from photism.systems.aivae import AIVAE
from photism.systems.aivae_gan import AIVAEGAN
from photism.systems.base import System
from photism.systems.car_gan import CARGAN
from photism.systems.cmcgan import CMCGAN
from photism.systems.flow import Flow
from photism.systems.s2i import S2I
from photism.systems.s2ic import S2IC
from photism.systems.sa_cmgan import SACMGAN

SYSTEMS: dict[str, type[System]] = {
    system.name: system for system in (AIVAE, AIVAEGAN, CARGAN, S2I, SACMGAN, S2IC, CMCGAN, Flow)
}


def find_system(name: str) -> type[System]:
    """Look a system up.

    Args:
        name: such as "aivae".

    Returns:
        Its class.

    Raises:
        ConfigError: there is none; the nearest name is suggested.
    """
    if name not in SYSTEMS:
        raise ConfigError(f"unknown system {name!r}: {nearest(name, SYSTEMS)}")
    return SYSTEMS[name]


def find_preset(system: type[System], name: str | None) -> tuple[str, object]:
    """Look a preset up.

    Args:
        system: whose.
        name: such as "small"; None takes the system's first.

    Returns:
        Its name and config.

    Raises:
        ConfigError: the system has no such preset; the nearest name is suggested.
    """
    name = name or next(iter(system.presets))
    if name not in system.presets:
        raise ConfigError(f"{system.name} has no preset {name!r}: {nearest(name, system.presets)}")
    return name, system.presets[name]


def wanted_form(text: str) -> tuple[str, tuple[int, int, int]]:
    """Find out in which form a system wants its pairs.

    Args:
        text: a system and perhaps a preset, as "car-gan:small"; without one it is the first.

    Returns:
        The name of its front end; channel, height and width of its pictures.

    Raises:
        ConfigError: there is no such system or preset; the nearest name is suggested.
    """
    name, _, preset = text.partition(":")
    cls = find_system(name)
    _, config = find_preset(cls, preset or None)
    with torch.device("meta"):  # for its shapes alone: nothing is computed or drawn
        system = cls(config)
    return system.config.front_end, system.shape("image")
