"""Files written whole or not at all, checksums, and a look at the disk before work begins."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from photism.errors import StorageError

PACKAGED = Path(__file__).parent / "assets"
"""What comes along: weights, judges, sounds."""


def home() -> Path:
    """Folder for fetched archives and prepared data: `$PHOTISM_HOME`, else the user's cache."""
    if chosen := os.environ.get("PHOTISM_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("photism"))


def data_uri(kind: str, content: bytes) -> str:
    """Return the content of a file of a media type as an address, for pages that stand alone."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def shown(path: str | Path) -> str:
    r"""Return a path as text that any file takes: what is no UTF-8 stands there as `\udcff`."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


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
    """Yield a temporary path beside `path` that takes its place if the block succeeds.

    Works for a file and for a folder that the block makes. An error removes what was written
    and leaves an earlier `path` as it was.

    Args:
        path: what is to appear, complete or not at all.
        marker: for a folder: a file that an earlier folder must hold to be replaced, so that
            nobody's own folder is ever removed. An empty folder always gives way.

    Yields:
        A path in the same folder that does not exist yet.

    Raises:
        StorageError: the disk is full, the folder is not writable, or it holds something else.
    """
    if path.is_dir() and any(path.iterdir()) and not (marker and (path / marker).is_file()):
        raise StorageError(f"{path} holds something else: choose another folder, or empty it")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if temporary.is_dir() and path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, complete and on disk before the name appears."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 `content` to `path`, complete or not at all."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON to `path`, complete or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".photism-"):
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
    try:
        yield
    finally:
        lock.release()
