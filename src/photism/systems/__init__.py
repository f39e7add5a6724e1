"""The systems, one file a paper, and the dict that names them."""

from __future__ import annotations

from photism.errors import ConfigError, nearest
from photism.systems.aivae import AIVAE
from photism.systems.aivae_gan import AIVAEGAN
from photism.systems.base import System
from photism.systems.car_gan import CARGAN

SYSTEMS: dict[str, type[System]] = {system.name: system for system in (AIVAE, AIVAEGAN, CARGAN)}


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
