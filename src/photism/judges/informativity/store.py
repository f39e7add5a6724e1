"""Judges of informativity on disk: a folder with their weights and a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save

from photism.errors import WeightsError
from photism.files import parse_json, replacing, sha256, write_bytes, write_json
from photism.judges.informativity.examples import STAND_IN
from photism.judges.informativity.network import InformativityJudges
from photism.stored import fill, read_tensors
from photism.version import __version__

FORMAT = "photism-informativity-1"
MODEL, CARD = "model.safetensors", "informativity.json"


@dataclass(frozen=True)
class InformativityCard:
    """What is stored beside the weights."""

    classes: tuple[str, ...]
    learnt_from: str
    """"sorted by hand", or "stand-in"."""
    data: str
    """The labelled set, or the data whose pictures stand in."""
    counts: Mapping[str, int]
    """Pictures by class, those of the test among them."""
    accuracy: Mapping[str, float]
    """By class, on test pictures."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    """Of the weights; filled in by `save_informativity`."""
    format: str = FORMAT
    photism_version: str = __version__

    @property
    def stands_in(self) -> bool:
        """Whether nobody sorted the pictures that these judges learnt from."""
        return self.learnt_from == STAND_IN

    @property
    def title(self) -> str:
        """What these judges are, for people."""
        mean = sum(self.accuracy.values()) / max(1, len(self.accuracy))
        return f"{self.learnt_from}, {self.data}, judges right on {mean:.1%} of test pictures"


StoredInformativity = tuple[InformativityJudges, InformativityCard]
"""Judges and their card."""


def save_informativity(
    judges: InformativityJudges, folder: Path, card: InformativityCard
) -> InformativityCard:
    """Store judges with their card.

    Args:
        judges: what to store.
        folder: appears complete or not at all; earlier judges there are replaced.
        card: everything but the checksum of the weights.

    Returns:
        The card as stored.

    Raises:
        StorageError: the folder cannot be written, or holds something else.
    """
    weights = {name: value.contiguous() for name, value in judges.state_dict().items()}
    with replacing(folder, marker=CARD) as temporary:
        temporary.mkdir()
        write_bytes(temporary / MODEL, save(weights, metadata={"format": "pt"}))
        card = replace(card, sha256=sha256(temporary / MODEL))
        write_json(temporary / CARD, asdict(card))
    return card


def load_informativity(folder: Path) -> StoredInformativity:
    """Load judges, frozen, on the CPU.

    Args:
        folder: of `photism judge informativity`.

    Returns:
        The judges in eval mode, and their card.

    Raises:
        WeightsError: the folder holds none, or its files are damaged.
    """
    path = folder / CARD
    try:
        content = parse_json(path.read_bytes())
        if content.get("format") != FORMAT:
            raise ValueError(f"{CARD} does not say {FORMAT!r}")
        card = InformativityCard(**{**content, "classes": tuple(content["classes"])})
    except FileNotFoundError as error:
        raise WeightsError(
            f"{folder} holds no judges of informativity: `photism judge informativity` makes them"
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError(f"{path} is damaged: train the judges again ({error})") from error
    judges = InformativityJudges(card.classes)
    fill(judges, read_tensors(folder / MODEL), folder / MODEL)
    if sha256(folder / MODEL) != card.sha256:
        raise WeightsError(f"{folder / MODEL} is not the file that {CARD} describes")
    return judges.eval().requires_grad_(False), card
