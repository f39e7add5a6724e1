"""Files, pipes and open files as FFmpeg takes them, and one line for whatever goes wrong there."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from photism.errors import AudioError, PhotismError
from photism.terminal import printable

if TYPE_CHECKING:
    from av.container import InputContainer

Source = str | Path | BinaryIO

_SPOOL_BYTES = 64 * 2**20
_SPOOL_MOST_BYTES = 8 * 2**30
_COPIED_BYTES = 2**20


@contextlib.contextmanager
def guarded(name: str, error: type[PhotismError] = AudioError) -> Iterator[None]:
    """Turn whatever is raised inside into one line that names the file.

    Damaged fields make PyAV and FFmpeg raise errors of every kind, from AttributeError to
    MemoryError. None of them says which file it was, and any of them would end a whole batch.

    Args:
        name: of the file.
        error: class of the error that is raised instead.

    Yields:
        Nothing.

    Raises:
        PhotismError: errors of ours pass as they are; others become `error`.
    """
    try:
        yield
    except PhotismError:
        raise
    except Exception as cause:
        raise error(f"{name} cannot be read: {reason(cause)}") from cause


def reason(error: Exception) -> str:
    """Say in a few words what an error of FFmpeg, the system or a library means."""
    said = printable(getattr(error, "strerror", None) or error)
    if isinstance(error, OSError | ValueError) and said:  # errors of FFmpeg are of these too
        return said
    return f"damaged, {type(error).__name__}{f': {said}' if said else ''}"


def open_container(file: BinaryIO, name: str, error: type[PhotismError]) -> InputContainer:
    """Let FFmpeg find out what a file is and begin to read it.

    Args:
        file: open at its beginning.
        name: for messages; its ending helps FFmpeg where the content leaves a doubt.
        error: class of the error that is raised.

    Returns:
        The container, to be closed.

    Raises:
        PhotismError: of class `error`: FFmpeg does not know what this is.
    """
    import av

    ending = PurePath(name).suffix
    options: dict[str, Any] = {"options": {"protocol_whitelist": "none"}}
    if int(av.__version__.split(".")[0]) < 19:  # tags in Latin-1 were an error before
        options["metadata_errors"] = "replace"
    try:
        return av.open(_Reading(file, ending if ending.isascii() else ""), "r", **options)
    except Exception as cause:
        kind = "sound or video" if error is AudioError else "film"
        raise error(f"{name} is no {kind} that can be read ({reason(cause)})") from cause


class _Reading:
    """A file as FFmpeg reads it: without its name, which may be no text, but for the ending."""

    def __init__(self, file: BinaryIO, ending: str) -> None:
        self.name = f"file{ending}"
        self.read = file.read
        self.tell = file.tell
        self._seek = file.seek

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place; where a damaged file leads to none, return FFmpeg's error for that."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


@contextlib.contextmanager
def opened(
    source: Source, error: type[PhotismError] = AudioError
) -> Iterator[tuple[BinaryIO, str]]:
    """Open a path, or make an open file one that can be sought and begins where it stands.

    Args:
        source: a path, also of a pipe, or an open binary file, which is read from where it stands.
        error: class of the errors that are raised.

    Yields:
        A file at its beginning, with a name for messages.

    Raises:
        PhotismError: of class `error`: there is no such file, it cannot be opened, holds nothing,
            or is a folder, a device or text. So is whatever goes wrong inside the block, see
            `guarded`.
    """
    named = source if isinstance(source, str | os.PathLike) else getattr(source, "name", None)
    name = printable(named) if isinstance(named, str | os.PathLike) else "the given sound"
    with guarded(name, error), contextlib.ExitStack() as stack:
        if isinstance(source, str | os.PathLike):
            file = stack.enter_context(_open(Path(source), name, error))
        else:
            file = source
        if isinstance(file, io.TextIOBase):
            raise error(f"{name} is open as text: open it with mode 'rb'")
        if not _seekable(file):
            file = stack.enter_context(_spooled(file, name, error))
        if begin := file.tell():
            file = cast("BinaryIO", _Rest(file, begin))
            name = f"{name} from byte {begin:,} on"
        if not file.read(1):
            raise error(f"{name} is empty (0 bytes)")
        file.seek(0)
        yield file, name


def _open(path: Path, name: str, error: type[PhotismError]) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise error(f"{name} is a folder, not a sound: name a file in it")
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise error(f"{name} is a device, not a sound: name a file or a pipe")
        return path.open("rb")
    except FileNotFoundError:
        raise error(f"{name} does not exist") from None
    except OSError as cause:
        raise error(f"{name} cannot be opened: {cause.strerror}") from cause


def _seekable(file: BinaryIO) -> bool:
    """Whether a file can be sought; what only looks like one may lack the question."""
    asked = getattr(file, "seekable", None)
    return asked() if asked else hasattr(file, "seek") and hasattr(file, "tell")


@contextlib.contextmanager
def _spooled(file: BinaryIO, name: str, error: type[PhotismError]) -> Iterator[BinaryIO]:
    """Keep what a pipe gives, in memory or in a temporary file: some formats end in their index."""
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        while content := file.read(_COPIED_BYTES):
            if spool.tell() + len(content) > _SPOOL_MOST_BYTES:
                most = _SPOOL_MOST_BYTES // 2**30
                raise error(f"{name} gives more than {most} GiB: write it to a file first")
            spool.write(content)
        spool.seek(0)
        yield cast("BinaryIO", spool)


class _Rest:
    """An open file from where it stands, as if that were its beginning."""

    def __init__(self, file: BinaryIO, begin: int) -> None:
        self._file = file
        self._begin = begin
        self.read = file.read

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place counted from where the file stood."""
        shift = self._begin if whence == io.SEEK_SET else 0
        return self._file.seek(offset + shift, whence) - self._begin

    def tell(self) -> int:
        """Place, counted from where the file stood."""
        return self._file.tell() - self._begin
