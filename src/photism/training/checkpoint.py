"""Checkpoints of a run: everything that decides the next step, written whole or not at all.

Randomness needs no state of its own: every step seeds its generators from the run's seed and its
own number, and the order of an epoch follows from the seed and the epoch's number.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from photism.errors import PhotismError, TrainingError
from photism.files import replacing, sha256, write_json
from photism.stored import fill, read_tensors

STATE, _OPTIMISERS = "state.json", "optimisers.pt"
_NAME = re.compile(r"step-\d{8,}")


@dataclass
class Progress:
    """Where a run stands: the next step to take, and the sums its systems may ask for."""

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    """Batches done in this epoch."""
    number: int = 0
    """Steps done in this stage."""
    total: int = 0
    """Steps done in the run."""
    sums: dict[str, list[float]] = field(default_factory=dict)
    """Sum and count of every loss term in this epoch."""
    means: dict[str, list[float]] = field(default_factory=dict)
    """Mean of every loss term in each earlier epoch of this stage."""
    notes: list[str] = field(default_factory=list)
    """What was not as asked for when the run began, for the card of its weights."""
    best: float | None = None
    """Lowest validation value of the term that weights are selected by."""

    def count_step(self) -> None:
        """Count one step more, in the epoch, the stage and the run."""
        self.batch += 1
        self.number += 1
        self.total += 1


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files are as they were written."""

    path: Path
    progress: Progress
    terms: Mapping[str, Any]
    """What the run was trained under; see `photism.training.terms`."""

    def restore(
        self, modules: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]
    ) -> None:
        """Fill modules and optimisers in place.

        Args:
            modules: as they were saved.
            optimisers: as they were saved.

        Raises:
            TrainingError: the checkpoint is of another system.
        """
        try:
            for name, module in modules.items():
                path = self.path / f"{name}.safetensors"
                fill(module, read_tensors(path), path)
            states = torch.load(self.path / _OPTIMISERS, map_location="cpu", weights_only=True)
            for name, optimiser in optimisers.items():
                optimiser.load_state_dict(states[name])
        except (PhotismError, OSError, RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(
                f"{self.path} does not fit the system ({str(error).splitlines()[0]}): go on with"
                " the version of photism that began the run"
            ) from error


def save_checkpoint(
    folder: Path,
    progress: Progress,
    terms: Mapping[str, Any],
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    *,
    keep: int = 2,
) -> Path:
    """Write one checkpoint to the disk, and then remove all but the newest.

    Args:
        folder: the run's checkpoints.
        progress: where the run stands.
        terms: what it is trained under.
        modules: name to module; each becomes a safetensors file.
        optimisers: phase name to optimiser.
        keep: checkpoints that stay.

    Returns:
        The checkpoint's folder.

    Raises:
        StorageError: the disk is full; earlier checkpoints are untouched.
    """
    path = folder / f"step-{progress.total:08d}"
    with replacing(path, marker=STATE) as temporary:
        temporary.mkdir()
        for name, module in modules.items():
            tensors = {key: value.contiguous() for key, value in module.state_dict().items()}
            save_file(tensors, temporary / f"{name}.safetensors")
        states = {name: optimiser.state_dict() for name, optimiser in optimisers.items()}
        try:
            torch.save(states, temporary / _OPTIMISERS)
        except RuntimeError as error:  # how torch reports a full disk
            raise OSError(None, str(error).splitlines()[0]) from error
        files = {file.name: sha256(file) for file in sorted(temporary.iterdir())}
        state = {"progress": asdict(progress), "terms": terms, "files": files}
        write_json(temporary / STATE, state | {"sha256": digest_of(state)})
    for old in list_checkpoints(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run, oldest first."""
    return sorted(path for path in folder.glob("step-*") if _NAME.fullmatch(path.name))


def digest_of(state: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a state file says, whatever the order and form of its lines."""
    content = json.dumps(state, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode("ascii")).hexdigest()
