"""The file in which a run's numbers are written down, one line of JSON a record."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from photism.files import parse_json, storing, write_text

METRICS = "metrics.jsonl"


class History:
    """Appends records; those that an interrupted run left beyond its checkpoint are taken out.

    Args:
        run: the run folder.
        done: steps already taken.

    Raises:
        StorageError: the file cannot be written.
    """

    def __init__(self, run: Path, *, done: int) -> None:
        self.path = run / METRICS
        with storing(self.path):
            kept = _drop_after(self.path, done)
            self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115
        self.lost: str | None = None
        """What is missing, for a warning."""
        if done and not kept:
            self.lost = f"{self.path} is empty: what was recorded before step {done} is lost"

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record; a StorageError says that the disk is full."""
        with storing(self.path):
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file, of whose full disk `append` has told."""
        with contextlib.suppress(OSError):
            self._file.close()


def _drop_after(path: Path, step: int) -> int:
    """Keep the records up to a step, without what a damaged disk made of others; count them."""
    if not path.is_file():
        return 0
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    kept = [line for line in lines if _step_of(line) <= step]
    if kept != lines:
        write_text(path, "".join(f"{line}\n" for line in kept))
    return len(kept)


def _step_of(line: str) -> float:
    """Return the step of a record; infinite for what is none, such as half a line."""
    try:
        return float(parse_json(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf
