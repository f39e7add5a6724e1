"""Tensors and cards on disk, without knowledge of any system. Nothing is ever unpickled.

A weights folder holds `model.safetensors`, `config.json` (system, preset, config, and which
networks are inside), `card.json` (data, licence, command, seed, metrics) and `README.md`, the card
for people.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load

from photism import hub
from photism.errors import StorageError, WeightsError, nearest
from photism.files import PACKAGED, parse_json

TENSORS, CONFIG, CARD, README = "model.safetensors", "config.json", "card.json", "README.md"
ASSETS = PACKAGED / "systems"
PICKLED = (".pth", ".pt")
"""How files that torch pickled are called."""


@dataclass(frozen=True)
class WeightsCard:
    """Where weights come from: data, licence, command, seed, figures."""

    data: str = ""
    """Name of the data they learnt from."""
    data_notes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """Names of the classes, in the order of labels; none if the data has none."""
    licence: str = ""
    """Licence of the data, for people."""
    licence_id: str = "other"
    """Licence of the weights, as the Hub calls it."""
    precision: str = ""
    """Of the stored matrices, if it is not float32."""
    command: str = ""
    """What makes them again."""
    data_command: str = ""
    """What prepares the data."""
    seed: int | None = None
    steps: int | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data_sha256: Mapping[str, str] = field(default_factory=dict)
    """Checksums of the data's shards."""
    level_range: tuple[float, float] | None = None
    """Of the data's sounds, where their pictures do not tell it; see `FrontEnd`."""
    notes: tuple[str, ...] = ()
    """What was not as the command asks for when training began."""

    def __post_init__(self) -> None:
        for name, kind in (("metrics", Mapping), ("data_sha256", Mapping)):
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f"{name} is no table")
        texts = (self.data, self.licence, self.licence_id, self.precision, self.command)
        lists = (*self.data_notes, *self.classes, *self.notes)
        if not all(isinstance(text, str) for text in (*texts, self.data_command, *lists)):
            raise ValueError("a text is none")
        levels = self.level_range
        if levels is not None and [type(level) for level in levels] != [float, float]:
            raise ValueError("level_range is not two levels")

    @classmethod
    def read(cls, folder: Path) -> WeightsCard:
        """Read the card of a weights folder; one without a card has an empty one.

        Args:
            folder: of the weights.

        Returns:
            The card; what a later version added to it is left out.

        Raises:
            WeightsError: it is damaged.
        """
        path = folder / CARD
        if not path.is_file():
            return cls()
        try:
            content = parse_json(path.read_bytes())
            known = {f.name: content[f.name] for f in fields(cls) if f.name in content}
            for name in ("data_notes", "classes", "notes", "level_range"):
                if isinstance(known.get(name), list):
                    known[name] = tuple(known[name])
            return cls(**known)
        except (ValueError, TypeError, OSError) as error:
            raise WeightsError(f"{path} is damaged: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """Return what is known as values that JSON can hold, what is not known left out."""
        content = asdict(self)
        return {name: value for name, value in content.items() if value or value == 0}


def bundled() -> dict[str, Path]:
    """Return the folders of the weights that come with photism, by name."""
    return {path.parent.name: path.parent for path in sorted(ASSETS.glob(f"*/{CONFIG}"))}


def locate(name_or_path: str | Path) -> Path:
    """Return the folder of weights.

    Args:
        name_or_path: a name that `bundled` knows, a weights folder, the folder of a training run,
            whose `weights` are taken, or `owner/name` of a repository on the Hugging Face Hub,
            which is fetched once.

    Returns:
        A folder, which may hold anything if it was named by its path.

    Raises:
        WeightsError: nothing of that name, a file, a run without weights yet, or a repository that
            cannot be had.
    """
    name, known = str(name_or_path), bundled()
    if name in known:
        return known[name]
    folder = Path(name_or_path)
    if folder.is_dir():
        return _of_run(folder)
    if folder.is_file():
        raise WeightsError(f"{folder} is a file: give the folder with {TENSORS} and {CONFIG}")
    if hub.REPOSITORY.fullmatch(name):
        return _fetched(name, known)
    raise WeightsError(f"no weights called {name!r} and no such folder: {nearest(name, known)}")


def _of_run(folder: Path) -> Path:
    if (folder / "weights" / CONFIG).is_file():
        return folder / "weights"
    if (folder / "checkpoints").is_dir():
        command = shlex.join(["photism", "train", "--resume", str(folder)])
        raise WeightsError(f"the run {folder} has no weights yet: go on with `{command}`")
    return folder


def _fetched(repository: str, known: Mapping[str, Path]) -> Path:
    """Fetch a repository's files from the Hub into its own cache, or take what is there."""
    try:
        return hub.fetch(repository, [TENSORS, CONFIG, CARD, README])
    except StorageError as error:
        raise WeightsError(
            f"no folder {repository!r}, and the Hub gave no such weights ({error}):"
            f" {nearest(repository, known)}"
        ) from error


def read_stored(path: Path) -> tuple[dict[str, torch.Tensor], str]:
    """Read a safetensors file, whole and once, so that its checksum is of what was read.

    Args:
        path: the file.

    Returns:
        Name to tensor, on the CPU, and the SHA-256 of the file.

    Raises:
        WeightsError: it is missing, cut short, of another format such as a pickle, or holds values
            that are not numbers.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise WeightsError(f"{path} is missing") from error
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    if content[:2] in (b"PK", b"\x80\x02", b"\x80\x04"):
        raise WeightsError(
            f"{path} is a pickle, which can run code when it is read: photism reads only"
            " safetensors"
        )
    try:
        tensors = load(content)
    except Exception as error:  # a damaged header makes the parser raise all kinds
        raise WeightsError(f"{path} is cut short or not a safetensors file: {error}") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise WeightsError(f"{path} is damaged: {name!r} holds values that are not numbers")
    return tensors, hashlib.sha256(content).hexdigest()


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file; see `read_stored`, which has its checksum too."""
    return read_stored(path)[0]


def read_pickled(path: Path) -> dict[str, torch.Tensor]:
    """Read tensors by name from a file that torch pickled; nothing else in it is looked at.

    Args:
        path: such as weights that others published.

    Returns:
        Name to tensor, on the CPU.

    Raises:
        WeightsError: it is missing or damaged, or holds more than tensors by name.
    """
    if not path.is_file():
        raise WeightsError(f"{path} is missing")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise all kinds
        raise WeightsError(f"{path} is damaged, or holds more than tensors") from error
    tensors = isinstance(content, dict) and all(
        isinstance(name, str) and isinstance(t, torch.Tensor) for name, t in content.items()
    )
    if not tensors:
        raise WeightsError(f"{path} holds no tensors by name")
    return dict(content)


def find_tensors(name_or_path: str | Path) -> dict[str, torch.Tensor]:
    """Read the tensors of bundled weights, of a folder of weights or a run, or of one file."""
    path = Path(name_or_path)
    return read_tensors(path if path.is_file() else locate(name_or_path) / TENSORS)


def below(name: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors of one network of a system, by their names in that network."""
    prefix = f"{name}."
    return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}


def require_same(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Check that tensors are exactly those that a module wants.

    Args:
        module: it may have no memory yet (device "meta").
        tensors: name to tensor.
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


def fill(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy tensors into a module; other types become the module's own.

    Args:
        module: filled in place.
        tensors: name to tensor.
        path: where they come from, for the message.

    Raises:
        WeightsError: names or shapes differ.
    """
    require_same(module, tensors, path)
    module.load_state_dict(tensors)
