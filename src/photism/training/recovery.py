"""Where a run that was stopped can go on: its newest checkpoint that is whole."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from photism.errors import StorageError, TrainingError
from photism.files import parse_json, sha256
from photism.training.checkpoint import (
    STATE,
    Checkpoint,
    Progress,
    digest_of,
    list_checkpoints,
)

_ASIDE = ".damaged"


def newest_checkpoint(folder: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest checkpoint whose files are all there, as they were written.

    Args:
        folder: the run's checkpoints.
        say: told of each newer one that is damaged.

    Returns:
        The checkpoint; None if there is none at all.

    Raises:
        TrainingError: there are some, all of them damaged.
    """
    paths = list_checkpoints(folder)
    for path in reversed(paths):
        try:
            return _read(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            say(f"{path} is damaged ({reason}): the checkpoint before it is used")
    if paths:
        raise TrainingError(
            f"no checkpoint in {folder} is whole: remove {folder} to begin the run anew"
        )
    return None


def set_aside_after(checkpoint: Checkpoint) -> None:
    """Rename what is newer than a checkpoint, and so damaged, to take its place when it is due."""
    for path in list_checkpoints(checkpoint.path.parent):
        if path.name > checkpoint.path.name:
            aside = path.with_name(path.name + _ASIDE)
            shutil.rmtree(aside, ignore_errors=True)
            with contextlib.suppress(OSError):
                os.rename(path, aside)


def _read(path: Path) -> Checkpoint:
    """Read where the run stood, and compare every file with its checksum."""
    content = (path / STATE).read_bytes()
    try:
        state = parse_json(content)
        if state.pop("sha256") != digest_of(state):
            raise ValueError
        progress, terms, files = Progress(**state["progress"]), state["terms"], state["files"]
        wanted = {str(name): str(digest) for name, digest in files.items()}
        known = {kind: dict(terms[kind]) for kind in ("settings", "data", "machine")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{STATE} is cut short or of another version") from error
    for name, digest in wanted.items():
        try:
            found = sha256(path / name)
        except StorageError as error:
            raise ValueError(f"{name} is missing or cannot be read") from error
        if found != digest:
            raise ValueError(f"{name} is not as it was written")
    return Checkpoint(path, progress, known)
