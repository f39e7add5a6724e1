"""Numbers for TensorBoard, written by the process itself.

The writers of torch and tensorboard do so in a thread of their own, which answers a full disk with
a traceback that nobody can catch.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from photism.files import storing


class Board:
    """One file of events.

    Args:
        folder: what TensorBoard is pointed at.
        done: steps already taken; TensorBoard passes over what earlier files say of later ones.

    Raises:
        StorageError: the file cannot be written.
    """

    def __init__(self, folder: Path, *, done: int) -> None:
        self.path = folder / f"events.out.tfevents.{time.time_ns()}.{os.getpid()}"
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "xb")  # noqa: SIM115
        self._writer = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        start = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=time.time(), step=done, session_log=start))

    def add(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Append numbers, each a curve `kind/name`; a StorageError says that the disk is full."""
        points = [Summary.Value(tag=f"{kind}/{n}", simple_value=v) for n, v in values.items()]
        self._write(Event(wall_time=time.time(), step=step, summary=Summary(value=points)))

    def _write(self, event: Event) -> None:
        with storing(self.path):
            self._writer.write(event.SerializeToString())
            self._writer.flush()

    def close(self) -> None:
        """Close the file, of whose full disk `add` has told."""
        with contextlib.suppress(OSError):
            self._file.close()
