"""Long work in parts that stay on disk: several processes, and going on where a run stopped.

A part is the work on some files. It leaves arrays in files of moderate size, and last of all a
record of them; an interrupted run leaves the parts that are complete, and the next one takes them
as they are. A part is known by a digest of all that it depends on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

import photism
from photism.data.progress import track
from photism.data.workers import mapping
from photism.errors import DataError
from photism.files import claimed, parse_json, replacing, write_json

Arrays = Mapping[str, Any]
"""Arrays by name, of any shapes."""
Save = Callable[[Arrays], None]


class Share(Protocol):
    """Work on some files."""

    def digest(self) -> str:
        """Return what a part depends on as one word, see `digest`."""


J = TypeVar("J", bound=Share)
Make = Callable[[J, Save], Mapping[str, Any]]
"""Does one job: saves arrays as often as it likes, and returns what else JSON can hold."""


@dataclass(frozen=True)
class Part:
    """What became of one job."""

    pieces: tuple[Path, ...]
    record: Mapping[str, Any]
    """What `Make` returned."""

    def arrays(self) -> Iterator[dict[str, np.ndarray]]:
        """Read what was saved, piece by piece.

        Yields:
            Arrays by name.

        Raises:
            DataError: a file was damaged since.
        """
        for path in self.pieces:
            try:
                with np.load(path, allow_pickle=False) as piece:
                    yield dict(piece)
            except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
                raise DataError(f"{path} is damaged: remove its folder and try again") from error


def digest(settings: object, files: Sequence[Path]) -> str:
    """Return what a part depends on as one word: settings, files as they are now, and photism.

    Args:
        settings: anything whose `repr` says all.
        files: by path, size and time of the last change; they need not exist.

    Returns:
        32 hexadecimal digits.
    """
    known: list[object] = [photism.__version__, repr(settings)]
    for path in files:
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(path)
            known += [repr(str(path.absolute())), status.st_size, status.st_mtime_ns]
    return hashlib.sha256(repr(known).encode()).hexdigest()[:32]


@contextlib.contextmanager
def kept_parts(out: Path) -> Iterator[Path]:
    """Yield the folder for the parts of a data set, beside it; it goes when all went well.

    Args:
        out: where the data set is to appear.

    Yields:
        A folder that no other process uses.

    Raises:
        StorageError: another process makes this data set.
    """
    folder = out.with_name(f".{out.name}.parts")
    folder.mkdir(parents=True, exist_ok=True)
    with claimed(folder):
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def make_parts(
    jobs: Sequence[J],
    make: Make[J],
    folder: Path,
    *,
    workers: int,
    ray: str | bool = False,
    what: str,
) -> list[Part]:
    """Do jobs, several at once; those that an earlier run completed are not done again.

    Args:
        jobs: what to do.
        make: a function of a module, so that other processes find it.
        folder: where parts lie.
        workers: processes at once; 0 is one for each processor.
        ray: a cluster to work on, see `ray_mapping`; its machines share all folders.
        what: the work, for the progress bar.

    Returns:
        A part for each job, in order.

    Raises:
        StorageError: the disk is full.
        DataError: a process ended early, or a machine sees other files.
    """
    tasks = [_Task(job.digest(), job, make, folder.absolute()) for job in jobs]
    missing = [task for task in tasks if not task.record_path.is_file()]
    done = len(tasks) - len(missing)
    with mapping(len(missing), workers=workers, ray=ray) as in_order:
        do = _do_elsewhere if ray else _do
        for _ in track(in_order(do, missing), what, len(tasks), done=done):
            pass
    return [_read(folder, task.name) for task in tasks]


@dataclass(frozen=True)
class _Task(Generic[J]):
    name: str
    job: J
    make: Make[J]
    folder: Path

    @property
    def record_path(self) -> Path:
        return self.folder / f"{self.name}.json"


def _do(task: _Task) -> None:
    """Do one job; its record appears when all its arrays are there."""
    count = 0

    def save(arrays: Arrays) -> None:
        nonlocal count
        path = _piece(task.folder, task.name, count)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
        count += 1

    record = task.make(task.job, save)
    write_json(task.record_path, {"pieces": count, "record": record})


def _do_elsewhere(task: _Task) -> None:
    """Do one job on a machine that has to see the files as the first one does."""
    if not task.folder.is_dir() or task.job.digest() != task.name:
        raise DataError(
            f"{socket.gethostname()} does not see the files as they were found, or not"
            f" {task.folder}: all machines of a cluster have to share these folders"
        )
    _do(task)


def _read(folder: Path, name: str) -> Part:
    path = folder / f"{name}.json"
    try:
        content = parse_json(path.read_bytes())
        pieces = tuple(_piece(folder, name, number) for number in range(content["pieces"]))
        return Part(pieces, content["record"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataError(f"{path} is damaged: remove {folder} and prepare the data again") from error


def _piece(folder: Path, name: str, number: int) -> Path:
    return folder / f"{name}-{number:04d}.npz"
