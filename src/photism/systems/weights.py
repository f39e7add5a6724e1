"""Weights on disk: safetensors, a config, a card; bundled ones by name. Nothing is ever unpickled.

A weights folder holds `model.safetensors`, `config.json` (system, preset, config, and which
networks are inside), `card.json` (data, licence, command, seed, metrics) and `README.md`, the card
for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

import photism
from photism.errors import PhotismError, WeightsError, nearest
from photism.files import replacing, sha256, write_bytes, write_json, write_text
from photism.systems import find_system
from photism.systems.base import System, config_from

if TYPE_CHECKING:
    from photism.blocks.classifier import Classifier

TENSORS, CONFIG, CARD, README = "model.safetensors", "config.json", "card.json", "README.md"


def bundled() -> dict[str, Path]:
    """Return the folders of the weights that come with photism, by name."""
    assets = Path(__file__).parents[1] / "assets" / "systems"
    return {path.parent.name: path.parent for path in sorted(assets.glob(f"*/{CONFIG}"))}


def save_weights(
    system: System,
    folder: Path,
    *,
    preset: str,
    card: Mapping[str, Any],
    half: bool = False,
    networks: tuple[str, ...] | None = None,
) -> None:
    """Write a system's weights, config and card, all or nothing.

    Args:
        system: whose weights to write.
        folder: where to; an earlier weights folder there is replaced.
        preset: name the config started from.
        card: "data", "licence", "command", "seed", "metrics" and what else is worth knowing.
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
        "photism_version": photism.__version__,
    }
    with replacing(folder, marker=CONFIG) as temporary:
        temporary.mkdir()
        write_bytes(temporary / TENSORS, save(tensors))  # save_file would make it private
        write_json(temporary / CONFIG, config)
        write_json(temporary / CARD, dict(card))
        write_text(temporary / README, _readme(system, preset, card))


def load_weights(name_or_path: str | Path) -> System:
    """Load a system in eval mode, by the name of bundled weights or from a folder.

    Args:
        name_or_path: a name that `bundled` knows, a weights folder, or the folder of a training
            run, whose `weights` are taken.

    Returns:
        The system, with the attributes `card` (dict), `preset`, `source` (name or path as given)
        and `digest` (SHA-256 of the tensors).

    Raises:
        WeightsError: unknown name, or a folder that is incomplete, damaged or not photism's.
    """
    folder = _find(name_or_path)
    content = _read_config(folder)
    try:
        cls = find_system(content["system"])
        system = cls(config_from(cls.config_class, content["config"]))
        kept, preset = set(content["networks"]), content["preset"]
    except (KeyError, TypeError, PhotismError) as error:
        raise WeightsError(
            f"{folder / CONFIG} is damaged or of another version: {error}"
        ) from error
    for name in set(system.networks()) - kept:
        setattr(system, name, None)
    tensors = read_tensors(folder / TENSORS)
    fill(system, tensors, folder / TENSORS)
    system.card = json.loads((folder / CARD).read_text()) if (folder / CARD).is_file() else {}
    system.preset, system.source = preset, str(name_or_path)
    system.digest = sha256(folder / TENSORS)
    return system.eval()


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file, whole.

    Args:
        path: the file.

    Returns:
        Name to tensor, on the CPU.

    Raises:
        WeightsError: it is missing, cut short, or another format such as a pickle.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise WeightsError(f"{path} is missing") from error
    except (SafetensorError, OSError) as error:
        with open(path, "rb") as raw:
            start = raw.read(4)
        if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04"):
            raise WeightsError(
                f"{path} is a pickle, which can run code when it is read: photism reads only"
                " safetensors"
            ) from error
        raise WeightsError(f"{path} is cut short or not a safetensors file: {error}") from error


def find_tensors(name_or_path: str | Path) -> dict[str, torch.Tensor]:
    """Read the tensors of bundled weights, of a folder of weights or a run, or of one file."""
    path = Path(name_or_path)
    return read_tensors(path if path.is_file() else _find(name_or_path) / TENSORS)


def start_from(network: Classifier, name: str, source: str) -> None:
    """Fill a classifier with what `source` holds under its name, or else with all of it.

    Args:
        network: filled in place.
        name: of the network in its system and of its settings there.
        source: as for `find_tensors`.

    Raises:
        WeightsError: `source` cannot be read, or is of another network.
    """
    try:
        tensors = find_tensors(source)
        network.start_from(_below(name, tensors) or tensors)
    except WeightsError as error:
        raise WeightsError(
            f"{name}.weights={source}: {error}; without it, {name}.epochs trains one from scratch"
        ) from error


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
        if own := _below(name, tensors):
            fill(network, own, Path(source) / name)
            found = True
    if not found:
        raise WeightsError(f"{source} holds no network of {system.title}")


def _below(name: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors of one network of a system, by their names in that network."""
    prefix = f"{name}."
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def fill(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy tensors into a module, which must want exactly these.

    Args:
        module: filled in place.
        tensors: name to tensor; other types become the module's own.
        path: where they come from, for the message.

    Raises:
        WeightsError: names or shapes differ.
    """
    wanted = {name: tuple(t.shape) for name, t in module.state_dict().items()}
    given = {name: tuple(t.shape) for name, t in tensors.items()}
    if wanted != given:
        differing = sorted(n for n in wanted | given if wanted.get(n) != given.get(n))
        raise WeightsError(
            f"{path} is of another network: {len(differing)} tensors differ, first {differing[0]!r}"
        )
    module.load_state_dict(tensors)


def _find(name_or_path: str | Path) -> Path:
    name, known = str(name_or_path), bundled()
    if name in known:
        return known[name]
    folder = Path(name_or_path)
    if folder.is_dir():
        return folder / "weights" if (folder / "weights" / CONFIG).is_file() else folder
    if folder.is_file():
        raise WeightsError(f"{folder} is a file: give the folder with {TENSORS} and {CONFIG}")
    raise WeightsError(f"no weights called {name!r} and no such folder: {nearest(name, known)}")


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise WeightsError(f"{folder} has no {CONFIG}: not a folder of photism weights")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{path} is damaged: {error}") from error
    if not isinstance(content, dict) or "system" not in content:
        raise WeightsError(f"{path} names no system: not photism weights")
    return content


def _readme(system: System, preset: str, card: Mapping[str, Any]) -> str:
    lines = [f"---\nlibrary_name: photism\nlicense: {card.get('licence_id', 'other')}\n---\n"]
    lines.append(f"# {system.title}, preset `{preset}`\n")
    lines.append(f"{system.paper}. Direction: {system.direction}.\n")
    for name, value in card.items():
        if isinstance(value, Mapping):
            lines.append(f"- **{name.replace('_', ' ')}**:")
            lines += [f"  - {key}: {_shown(item)}" for key, item in value.items()]
        else:
            lines.append(f"- **{name.replace('_', ' ')}**: {_shown(value)}")
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "; ".join(_shown(item) for item in value)
    return str(value)
