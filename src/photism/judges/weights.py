"""Judges on disk: bundled ones by name, others as folders.

A judge is stored as a folder: `model.safetensors` (filters and matrices in half precision),
`config.json` (what it is, how it was trained and how well it does) and `README.md` (the same for
people). `lenet5-mnist` and `small-orchestra` come with the package; `photism judge train` makes
others.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save

from photism.errors import ConfigError, WeightsError, nearest
from photism.files import PACKAGED, home, replacing, sha256, write_bytes, write_json, write_text
from photism.judges import architecture
from photism.judges.base import Judge
from photism.judges.card import CONFIG, MODEL, README, JudgeCard
from photism.stored import fill, read_tensors

ASSETS = PACKAGED / "judges"


def bundled_judges() -> tuple[str, ...]:
    """Return the names of the judges that come with the package."""
    return _names(ASSETS)


def own_folder() -> Path:
    """Return where judges go that were made here and have no other place."""
    return home() / "judges"


def own_judges() -> tuple[str, ...]:
    """Return the names of the judges that were made here, without those of the package."""
    return tuple(name for name in _names(own_folder()) if name not in bundled_judges())


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}")))


@torch.no_grad()
def round_weights(judge: Judge) -> None:
    """Round filters and matrices to half precision, as `save_judge` stores them."""
    for value in judge.parameters():
        if value.ndim > 1:
            value.copy_(value.half())


def save_judge(judge: Judge, folder: Path, card: JudgeCard) -> JudgeCard:
    """Store a judge with its card, filters and matrices in half precision.

    Args:
        judge: what to store.
        folder: appears complete or not at all; an earlier judge there is replaced.
        card: everything but the checksum of the weights.

    Returns:
        The card as stored.

    Raises:
        StorageError: the disk is full or the folder is not writable.
    """
    large = {name for name, value in judge.named_parameters() if value.ndim > 1}
    weights = {
        name: (value.half() if name in large else value).contiguous().cpu()
        for name, value in judge.state_dict().items()
    }
    with replacing(folder, marker=CONFIG) as temporary:
        temporary.mkdir()
        write_bytes(temporary / MODEL, save(weights, metadata={"format": "pt"}))
        card = replace(card, sha256=sha256(temporary / MODEL))
        write_json(temporary / CONFIG, asdict(card))
        write_text(temporary / README, card.readme())
    return card


def load_judge(name_or_path: str | Path) -> Judge:
    """Load a judge, frozen, on the CPU and in single precision.

    Args:
        name_or_path: a bundled judge such as "lenet5-mnist", one made here by its name, or a folder
            of `photism judge train`.

    Returns:
        The judge, in eval mode.

    Raises:
        ConfigError: neither a bundled judge nor a folder.
        WeightsError: the folder holds no judge, or its files are damaged or not what they claim.
    """
    folder = _locate(name_or_path)
    card = JudgeCard.read(folder)
    made = architecture(card.architecture)
    judge = made(card.name, card.classes, card.image_shape, card.factors)
    path = folder / MODEL
    fill(judge, read_tensors(path), path)
    if sha256(path) != card.sha256:
        raise WeightsError(f"{path} is not the file that {CONFIG} describes: train the judge again")
    judge.card, judge.digest, judge.ear = card, card.sha256, card.front_end()
    return judge.eval().requires_grad_(False)


def _locate(name_or_path: str | Path) -> Path:
    name = str(name_or_path)
    if name in bundled_judges():
        return ASSETS / name
    if name in own_judges():
        return own_folder() / name
    folder = Path(name_or_path)
    if folder.is_file():
        raise WeightsError(
            f"{folder} is a file: a judge is a folder with {MODEL} and {CONFIG}; pickled weights"
            " are never read"
        )
    if not folder.is_dir():
        raise ConfigError(
            f"unknown judge {name!r}: {nearest(name, (*bundled_judges(), *own_judges()))}"
            " or give the folder of one"
        )
    return folder
