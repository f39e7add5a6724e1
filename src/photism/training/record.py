"""What a run tells while it goes: metrics.jsonl, TensorBoard, a progress bar, warnings."""

from __future__ import annotations

import json
import sys
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
        from torch.utils.tensorboard import SummaryWriter

        _drop_after(run / METRICS, done)
        self._file = open(run / METRICS, "a", encoding="utf-8")  # noqa: SIM115
        self._board = SummaryWriter(str(run / "tensorboard"), purge_step=done)
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
        """
        if not self.active:
            return
        seconds = round(time.monotonic() - self._started, 3)
        line = {"kind": kind, "step": step, **where, **values, "seconds": seconds}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        for name, value in values.items():
            self._board.add_scalar(f"{kind}/{name}", value, step)
        if kind != "train":
            self.say(f"epoch {where.get('epoch')}  {kind:<10} {_numbers(values)}{self._left(step)}")

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
            line = plain(f"warning: {message}")
            line.stylize("yellow", 0, len("warning:"))
            self.console.print(line, soft_wrap=True)

    def say(self, message: str) -> None:
        """Show one line."""
        if self.active:
            self.console.print(plain(message), soft_wrap=True)

    def close(self) -> None:
        """Stop the bar and close the files."""
        if self.active:
            self._bar.stop()
            self._file.close()
            self._board.close()

    def _left(self, step: int) -> str:
        done = step - self._first
        if self._live or done == 0 or step >= self._total:
            return ""
        seconds = (time.monotonic() - self._started) / done * (self._total - step)
        return f"  ({step}/{self._total} steps, {seconds / 60:.0f} min left)"


def _numbers(values: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


def _drop_after(path: Path, step: int) -> None:
    """Remove lines beyond `step`, or cut off in the middle, left by a run that was interrupted."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except ValueError:
            print(f"dropped an incomplete line of {path}", file=sys.stderr)
    path.write_text("".join(kept), encoding="utf-8")
