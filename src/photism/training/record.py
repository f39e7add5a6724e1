"""What a run tells while it goes: metrics.jsonl, TensorBoard, a progress bar, warnings."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from photism.files import parse_json, storing, write_text
from photism.terminal import plain

METRICS = "metrics.jsonl"


class Recorder:
    """Writes and shows the numbers of a run; silent on all but the main process.

    Args:
        run: the run folder.
        total: steps of the whole run, for the time that remains.
        done: steps already taken; later records of an interrupted run are dropped.
        active: whether this is the main process.
    """

    def __init__(self, run: Path, *, total: int, done: int, active: bool) -> None:
        self.active = active
        self.console = Console(stderr=True)
        self._live = active and self.console.is_terminal
        self._started, self._first, self._total = time.monotonic(), done, total
        self._warned: set[str] = set()
        if not active:
            return
        from photism.training.board import Board

        self._path = run / METRICS
        with storing(self._path):
            self._warn_of_loss(_drop_after(self._path, done), done)
            self._file = open(self._path, "a", encoding="utf-8")  # noqa: SIM115
        with storing(run / "tensorboard"):
            self._board = Board(run / "tensorboard", done=done)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=self.console,
            disable=not self._live,
        )
        self._task = self._bar.add_task("training", total=total, completed=done, losses="")
        self._bar.start()

    def record(self, kind: str, step: int, values: Mapping[str, float], **where: Any) -> None:
        """Append one line of numbers.

        Args:
            kind: "train", "epoch" or "validation".
            step: steps done in the run.
            values: name to number.
            **where: stage, epoch and the like.

        Raises:
            StorageError: the disk is full.
        """
        if not self.active:
            return
        seconds = round(time.monotonic() - self._started, 3)
        line = {"kind": kind, "step": step, **where, **values, "seconds": seconds}
        with storing(self._path):
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        with storing(self._path.parent / "tensorboard"):
            self._board.add(kind, step, values)
        if kind != "train":
            self.say(f"epoch {where.get('epoch')}  {kind:<10} {_numbers(values)}{self._left(step)}")

    def note(self, kind: str, step: int, facts: Mapping[str, Any]) -> None:
        """Append one line of facts that are no curves; as `record` otherwise."""
        if self.active:
            with storing(self._path):
                self._file.write(json.dumps({"kind": kind, "step": step, **facts}) + "\n")
                self._file.flush()

    def advance(self, description: str, step: int, values: Mapping[str, float] | None) -> None:
        """Move the bar to `step`, with new numbers if there are any."""
        if not self._live:
            return
        self._bar.update(self._task, completed=step, description=description)
        if values:
            self._bar.update(self._task, losses=_numbers(values))

    def warn(self, message: str | None) -> None:
        """Show a warning, once for each kind of it."""
        if message and self.active and (kind := message.split(":")[0]) not in self._warned:
            self._warned.add(kind)
            warn(message, self.console)

    def say(self, message: str) -> None:
        """Show one line."""
        if self.active:
            self.console.print(plain(message), soft_wrap=True)

    def close(self) -> None:
        """Stop the bar and close the files."""
        if not self.active:
            return
        self._bar.stop()
        for file in (self._file, self._board):
            with contextlib.suppress(OSError):  # a full disk, of which `record` has told
                file.close()

    def _warn_of_loss(self, kept: int, done: int) -> None:
        if done and not kept:
            self.warn(f"{self._path} is empty: what was recorded before step {done} is lost")

    def _left(self, step: int) -> str:
        done = step - self._first
        if self._live or done == 0 or step >= self._total:
            return ""
        seconds = (time.monotonic() - self._started) / done * (self._total - step)
        return f"  ({step}/{self._total} steps, {seconds / 60:.0f} min left)"


def warn(message: str, console: Console | None = None) -> None:
    """Show a warning on standard error."""
    line = plain(f"warning: {message}")
    line.stylize("yellow", 0, len("warning:"))
    (console or Console(stderr=True)).print(line, soft_wrap=True)


def _numbers(values: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


def _drop_after(path: Path, step: int) -> int:
    """Keep the lines up to `step`, not what was left behind them; return how many were kept."""
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
