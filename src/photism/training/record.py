"""What a run tells while it goes: metrics.jsonl, TensorBoard, a progress bar, warnings."""

from __future__ import annotations

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

from photism.terminal import plain
from photism.training.board import Board
from photism.training.history import History


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
        self._history = History(run, done=done)
        self.warn(self._history.lost)
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
        self._history.append({"kind": kind, "step": step, **where, **values, "seconds": seconds})
        self._board.add(kind, step, values)
        if kind != "train":
            self.say(f"epoch {where.get('epoch')}  {kind:<10} {_numbers(values)}{self._left(step)}")

    def note(self, kind: str, step: int, facts: Mapping[str, Any]) -> None:
        """Append one line of facts that are no curves; as `record` otherwise."""
        if self.active:
            self._history.append({"kind": kind, "step": step, **facts})

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
        if self.active:
            self._bar.stop()
            self._history.close()
            self._board.close()

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
