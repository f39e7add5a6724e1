"""Files written whole or not at all, checksums, and a look at the disk before work begins."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from photism.errors import StorageError

PACKAGED = Path(__file__).parent / "assets"
"""What comes along: weights, judges, sounds."""
_PREFIX, _SUFFIX = ".photism-", ".part"
_NAME_BYTES = 255
"""The longest name of a file that Linux, macOS and Windows take."""
_DEPTH = 32
_MINUTE_S, _DAY_S = 60, 86_400
_HERE, _SWAP = -100, 2
"""AT_FDCWD, and RENAME_EXCHANGE of Linux, which is RENAME_SWAP of macOS."""


def home() -> Path:
    """Folder for fetched archives and prepared data: `$PHOTISM_HOME`, else the user's cache."""
    if chosen := os.environ.get("PHOTISM_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("photism"))


def data_uri(kind: str, content: bytes) -> str:
    """Return the content of a file of a media type as an address, for pages that stand alone."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def named(stem: str, ending: str) -> str:
    """Return a file's name that every usual file system takes, however long its stem is.

    Args:
        stem: what the name begins with; it may hold bytes that are no UTF-8.
        ending: what it ends with, such as "_001.png".

    Returns:
        Both together; where that is too long, with the end of the stem replaced by a mark that
        differs from stem to stem.
    """
    room = _NAME_BYTES - len(os.fsencode(ending))
    written = os.fsencode(stem)
    if len(written) <= room:
        return stem + ending
    mark = f"~{hashlib.sha256(written).hexdigest()[:8]}"
    return written[: room - len(mark)].decode("utf-8", "ignore") + mark + ending


def walk(folder: Path, failed: Callable[[OSError], None] | None = None) -> Iterator[Path]:
    """Yield the files below a folder, in the order of their names, without hidden ones.

    Links to folders are followed, but no folder is entered twice. A link that leads nowhere is
    yielded too, so that somebody says so.

    Args:
        folder: where to begin.
        failed: told of folders that cannot be opened; by default they are passed over.

    Yields:
        Paths that begin with `folder`; no pipes or devices.
    """
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, onerror=failed, followlinks=True):
        status = os.stat(parent)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        for name in sorted(names):
            path = os.path.join(parent, name)
            if not name.startswith(".") and (os.path.isfile(path) or not os.path.exists(path)):
                yield Path(path)


@contextlib.contextmanager
def replacing(path: Path, *, marker: str | None = None) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` if the block succeeds.

    Works for a file and for a folder that the block makes. All of it is on disk before the name
    appears, and the step itself is atomic: whoever looks sees the earlier content or the new one,
    never half of it and never nothing. Two exceptions: a folder is replaced by another in one step
    on Linux and macOS alone, elsewhere it is gone for a moment; and a reader that opens several
    files of a folder one after the other may find some of either, so readers compare checksums.

    An error removes what was written and leaves an earlier `path` as it was. What a killed process
    left is removed by the next that makes a folder beside it. A link stays, leading to the new.

    Args:
        path: what is to appear, complete or not at all.
        marker: for a folder: a file that an earlier folder must hold to be replaced, so that
            nobody's own folder is ever removed. An empty folder always gives way.

    Yields:
        A path of the same name that does not exist yet, in a folder of its own beside `path`.

    Raises:
        StorageError: the disk is full, the folder is not writable, or it holds something else.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_dir() and any(target.iterdir()) and not (marker and (target / marker).is_file()):
        raise StorageError(f"{path} holds something else: choose another folder, or empty it")
    if target.exists() and not (target.is_dir() or target.is_file()):
        raise StorageError(f"{path} is a device or pipe: choose the name of a file")
    with storing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        if marker:
            clear_leftovers(target.parent)
        with _workplace(target.parent) as place:
            made = place / target.name
            yield made
            _flush(made)
            if made.is_dir() and target.is_dir():
                _replace_folder(made, target, place / "earlier")
            else:
                os.replace(made, target)


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Say in one line what went wrong with the disk, also where a library in Rust met it.

    Args:
        path: what the block writes.

    Raises:
        StorageError: the disk is full, or the file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
    except Exception as error:
        if number := re.search(r"\(os error (\d+)\)", str(error)):
            raise StorageError(f"cannot write {path}: {os.strerror(int(number[1]))}") from error
        raise


@contextlib.contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Yield a new folder in `folder` that is locked as long as it is used, and removed after."""
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder))
    with _locked(place):
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def clear_leftovers(folder: Path) -> None:
    """Remove what processes that were killed left in `folder` when they were writing there.

    The lock of a process ends with it, so a process of the same number, as in containers, is not
    mistaken for it. Where a file system has no locks, only what is a day old is removed.

    Args:
        folder: what is being written there now stays.
    """
    for place in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError), _locked(place) as free:
            age_s = time.time() - place.stat().st_mtime
            begun = any(place.iterdir())  # if not, its process may be about to lock it
            if age_s > _DAY_S or (free and (begun or age_s > _MINUTE_S)):
                shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder during the block; yield whether that could be done."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    free = False
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        yield free
    finally:
        os.close(descriptor)


def _flush(made: Path) -> None:
    """Bring a file, or every file below a folder, from memory to the disk."""
    mode = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
    for path in made.rglob("*") if made.is_dir() else [made]:
        if path.is_file():
            descriptor = os.open(path, mode)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _replace_folder(new: Path, path: Path, aside: Path) -> None:
    """Put a folder in the place of another, in one step where the system can."""
    if _exchanged(new, path):
        return
    try:
        os.rename(path, aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.rmtree(path)  # of a container's image, which can be removed but not moved
    os.rename(new, path)


def _exchanged(first: Path, second: Path) -> bool:
    """Swap the names of two folders in one step; False where the system has no such step."""
    if sys.platform not in ("linux", "darwin"):
        return False
    import ctypes

    libc = ctypes.CDLL(None)
    names = os.fsencode(first), os.fsencode(second)
    if sys.platform == "darwin":
        call, arguments = "renamex_np", (*names, _SWAP)
    else:
        call, arguments = "renameat2", (_HERE, names[0], _HERE, names[1], _SWAP)
    return hasattr(libc, call) and getattr(libc, call)(*arguments) == 0


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, complete and on disk before the name appears."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    r"""Write `content` to `path` as UTF-8, complete or not at all.

    Bytes of a name that were no text are written as `\udc80` and the like, which JSON reads back.
    """
    write_bytes(path, content.encode("utf-8", "backslashreplace"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON to `path`, complete or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def parse_json(content: str | bytes) -> Any:
    """Read JSON that may come from anybody.

    Args:
        content: of a file, or of a part of one.

    Returns:
        What it says.

    Raises:
        ValueError: it is not JSON, not UTF-8, or nested deeper than anything that we write.
    """
    try:
        value = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    level = [value]
    for _ in range(_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return value
    raise ValueError("nested too deep")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits.

    Args:
        path: the file, read a piece at a time.

    Returns:
        The digits.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def require_room(folder: Path, needed_bytes: int = 0) -> None:
    """Make `folder` and check that it can be written and has room, before work is spent on it.

    Args:
        folder: where output is about to go.
        needed_bytes: what is expected to be written.

    Raises:
        StorageError: it cannot be made or written, or the disk has too little room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=_PREFIX):
            pass
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageError(f"cannot write to {folder}: {error.strerror or error}") from error
    if free_bytes < needed_bytes:
        raise StorageError(
            f"{folder} has {free_bytes / 1e6:,.0f} MB free but about {needed_bytes / 1e6:,.0f} MB"
            " are needed: free some space or choose another folder"
        )


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other processes from working in `folder` as long as this one does.

    Args:
        folder: it exists; a hidden file in it carries the lock, which ends with the process.

    Raises:
        StorageError: another process is at work there.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise StorageError(
            f"another process is at work in {folder}: wait until it ends, or stop it first"
        ) from error
    except (OSError, NotImplementedError) as error:
        raise StorageError(
            f"cannot write to {folder}: {getattr(error, 'strerror', None) or error}"
        ) from error
    try:
        yield
    finally:
        lock.release()
