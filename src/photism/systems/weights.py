"""Systems on disk: from a folder of weights to a system and back.

A weights folder holds `model.safetensors`, `config.json` (system, preset, config, and which
networks are inside), `card.json` (data, licence, command, seed, metrics) and `README.md`, the card
for people.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from photism.config import config_from
from photism.errors import PhotismError, WeightsError
from photism.files import parse_json, replacing, write_bytes, write_json, write_text
from photism.stored import (
    CARD,
    CONFIG,
    README,
    TENSORS,
    WeightsCard,
    below,
    fill,
    find_tensors,
    locate,
    read_stored,
    require_same,
)
from photism.systems import find_system
from photism.systems.base import System
from photism.systems.readme import readme
from photism.version import __version__


def save_weights(
    system: System,
    folder: Path,
    *,
    preset: str,
    card: WeightsCard,
    half: bool = False,
    networks: tuple[str, ...] | None = None,
) -> None:
    """Write a system's weights, config and card, all or nothing.

    Args:
        system: whose weights to write.
        folder: where to; an earlier weights folder there is replaced.
        preset: name the config started from.
        card: where they come from.
        half: store matrices and filters as float16; vectors (biases, batch norm) stay float32.
        networks: the ones to keep; all by default. Translating needs only `system.translators`.

    Raises:
        StorageError: the folder cannot be written.
    """
    kept = networks or tuple(system.networks())
    tensors = {
        name: (tensor.half() if half and tensor.ndim > 1 else tensor).contiguous().cpu()
        for name, tensor in system.state_dict().items()
        if name.split(".")[0] in kept
    }
    config = {
        "system": system.name,
        "preset": preset,
        "config": asdict(system.config),
        "networks": kept,
        "photism_version": __version__,
    }
    with replacing(folder, marker=CONFIG) as temporary:
        temporary.mkdir()
        write_bytes(temporary / TENSORS, save(tensors))  # save_file would make it private
        write_json(temporary / CONFIG, config)
        write_json(temporary / CARD, card.to_json())
        write_text(temporary / README, readme(system, preset, card))


def load_weights(name_or_path: str | Path) -> System:
    """Load a system in eval mode: by the name of bundled weights, from a folder, or from the Hub.

    Args:
        name_or_path: what `photism.stored.locate` finds.

    Returns:
        The system, with the attributes `card`, `preset`, `source` (name or path as given) and
        `digest` (SHA-256 of the tensors that were read).

    Raises:
        WeightsError: unknown name, or a folder that is incomplete, damaged or not photism's.
    """
    folder = locate(name_or_path)
    content = _read_config(folder)
    tensors, digest = read_stored(folder / TENSORS)
    try:
        cls = find_system(content["system"])
        config = config_from(cls.config_class, content["config"])
        kept, preset = set(content["networks"]), str(content["preset"])
        with torch.device("meta"):  # sizes cost nothing there, whatever the config asks for
            require_same(_only(cls(config), kept), tensors, folder / TENSORS)
        system = _only(cls(config), kept)
    except WeightsError:
        raise
    except (PhotismError, KeyError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        raise WeightsError(
            f"{folder / CONFIG} is damaged or of another version: {error}"
        ) from error
    fill(system, tensors, folder / TENSORS)
    system.card = WeightsCard.read(folder)
    system.preset, system.source, system.digest = preset, str(name_or_path), digest
    return system.eval()


def _only(system: System, kept: set[str]) -> System:
    """Take away the networks that were not kept, such as a discriminator."""
    for name in set(system.networks()) - kept:
        setattr(system, name, None)
    return system


def go_on_from(system: System, source: str) -> None:
    """Fill the networks of a new system with those of an earlier one, to train them further.

    Args:
        system: networks that `source` does not hold, such as a discriminator, stay as they are.
        source: as for `find_tensors`.

    Raises:
        WeightsError: `source` cannot be read, is of another system, or its networks are of another
            size.
    """
    tensors, found = find_tensors(source), False
    for name, network in system.networks().items():
        if (own := below(name, tensors)) and any(True for _ in network.parameters()):
            fill(network, own, Path(source) / name)
            found = True
    if not found:
        raise WeightsError(f"{source} holds no network of {system.title}")


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise WeightsError(f"{folder} has no {CONFIG}: not a folder of photism weights")
    try:
        content = parse_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise WeightsError(f"{path} is damaged: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("system"), str):
        raise WeightsError(f"{path} names no system: not photism weights")
    return content
