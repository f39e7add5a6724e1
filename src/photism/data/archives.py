"""Files inside tar, zip and gzip archives, or in a folder, read safely and without unpacking.

An archive from the network is not trusted: a name that leads out of its folder, a name that stands
there twice, a link, a device, or more bytes than any data set needs makes the whole archive an
error.
"""

from __future__ import annotations

import contextlib
import gzip
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from photism.errors import DataError, PhotismError
from photism.files import walk

_END_BYTES = 2**20
"""More than the zeros that tar programs write behind the last file."""
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_NAMES = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
"""Kinds of header that tarfile reads into memory before anybody sees them."""
_NAME_BYTES = 2**20
_SPARSE = "a file with holes, whose list of them can be longer than memory"


@dataclass(frozen=True)
class Limits:
    """The most an archive may hold, so that a small file cannot fill memory or disk."""

    file_bytes: int = 2**28
    """Of a file, which is read into memory whole; the largest of any data set here has 47 MB."""
    total_bytes: int = 2**36
    files: int = 2_000_000


@dataclass(frozen=True)
class Member:
    """One file of an archive or folder."""

    name: str
    """From the archive's root, with `/`."""
    place: Path
    """The archive or folder."""
    read_raw: Callable[[], bytes]

    def read(self) -> bytes:
        """Return the content; to be called before the next member is asked for.

        Returns:
            All bytes.

        Raises:
            DataError: the archive is damaged or cut short.
        """
        with _damage(self.place):
            return self.read_raw()


def is_archive(path: Path) -> bool:
    """Whether a file's name says that `members` can read it as an archive."""
    return _name(path).endswith((*_TAR_ENDINGS, ".zip", ".gz"))


def members(path: Path, limits: Limits = Limits()) -> Iterator[Member]:
    """Yield the files of a folder or archive one at a time, unread.

    Args:
        path: a folder, or a tar (plain, gz, bz2, xz), zip or gz file; a gz file has one member
            named like it without the ending.
        limits: what the archive may hold.

    Yields:
        The files, in the archive's order; those of a folder by name.

    Raises:
        DataError: the archive is missing, damaged or cut short, not an archive, or not safe.
    """
    if path.is_dir():
        for file in sorted(walk(path)):
            if file.is_file():
                yield Member(file.relative_to(path).as_posix(), path, partial(_read, file, limits))
    elif not path.is_file():
        raise DataError(f"no archive at {path}")
    elif not is_archive(path):
        raise DataError(f"{path} is not an archive photism reads: tar, tar.gz, zip, gz or a folder")
    else:
        if _name(path).endswith(_TAR_ENDINGS):
            unpack = _tar_members
        else:
            unpack = _zip_members if _name(path).endswith(".zip") else _gzip_members
        with _damage(path):
            if not path.stat().st_size:
                raise EOFError("empty")
            yield from unpack(path, _Tally(path, limits))


def _read(file: Path, limits: Limits) -> bytes:
    try:
        if (size := file.stat().st_size) > limits.file_bytes:
            raise DataError(f"{file} has {size:,} bytes, more than any file of a data set")
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from error


class _Header(tarfile.TarInfo):
    """A tar's header that is believed only as far as a data set may need it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0 or (header.type in _NAMES and header.size > _NAME_BYTES):
            raise tarfile.ReadError("a header of impossible size")
        if header.type == tarfile.GNUTYPE_SPARSE:
            raise NotImplementedError(_SPARSE)
        return header


def _tar_members(path: Path, tally: _Tally) -> Iterator[Member]:
    with tarfile.open(path, _tar_mode(path), tarinfo=_Header) as archive:
        for info in archive:
            if info.isdir():
                continue
            name = _safe_name(info.name, path)
            if info.sparse is not None:
                raise NotImplementedError(_SPARSE)
            file = archive.extractfile(info) if info.isreg() else None
            if file is None:
                raise DataError(f"{path} holds {info.name!r}, a link or device: not unpacked")
            tally.add(name, info.size)
            yield Member(name, path, file.read)
        _require_end(archive)


def _tar_mode(path: Path) -> Literal["r:gz", "r:bz2", "r:xz", "r:"]:
    """Return how a tar is packed, by its first bytes: one guess has one error to show."""
    with open(path, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return "r:gz"
    if start.startswith(b"BZh"):
        return "r:bz2"
    return "r:xz" if start == b"\xfd7zXZ\0" else "r:"


def _require_end(archive: tarfile.TarFile) -> None:
    """Read what follows the last file: zeros, then the compression's own checksum.

    tarfile takes a damaged header for the end, and stops before that checksum.
    """
    stream = archive.fileobj
    assert stream is not None
    stream.seek(archive.offset)
    end = stream.read(_END_BYTES)
    if any(end) or len(end) == _END_BYTES:
        raise tarfile.ReadError("a file's header is damaged")


def _zip_members(path: Path, tally: _Tally) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = _safe_name(info.filename, path)
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise DataError(f"{path} holds {info.filename!r}, a link or device: not unpacked")
            if info.flag_bits & 1:
                raise DataError(f"{path} is encrypted: unpack it by hand and give the folder")
            tally.add(name, info.file_size)
            yield Member(name, path, partial(archive.read, info))


def _gzip_members(path: Path, tally: _Tally) -> Iterator[Member]:
    with gzip.open(path) as file:
        content = file.read(tally.limits.file_bytes + 1)
    tally.add(path.stem, len(content))
    yield Member(path.stem, path, lambda: content)


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what the archive libraries raise, which may be anything, into one clear error."""
    try:
        yield
    except PhotismError:
        raise
    except NotImplementedError as error:  # Deflate64, PPMd and others that only packers know
        raise DataError(
            f"{path} is packed in a way that is not read here ({error}): unpack it by hand and give"
            " the folder"
        ) from error
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{path} is damaged or cut short ({reason}): delete it and fetch it again"
        ) from error


class _Tally:
    """Counts an archive's files and bytes against its limits, and knows their names."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.names: set[str] = set()
        self.total_bytes = 0

    def add(self, name: str, file_bytes: int) -> None:
        if name in self.names:
            raise DataError(f"{self.path} holds {name!r} twice: unpack it by hand and choose one")
        self.names.add(name)
        self.total_bytes += file_bytes
        for what, value, most in (
            ("files", len(self.names), self.limits.files),
            ("bytes in a file", file_bytes, self.limits.file_bytes),
            ("bytes", self.total_bytes, self.limits.total_bytes),
        ):
            if value > most:
                raise DataError(f"{self.path} holds more than {most:,} {what}: not unpacked")


def _name(path: Path) -> str:
    """Return a file's name as it decides the format; a download is `.part` until it is checked."""
    return path.name.lower().removesuffix(".part")


def _safe_name(name: str, path: Path) -> str:
    """Return a member's name without `./`, or refuse one that leads out of its folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    rooted = name.startswith(("/", "\\")) or PureWindowsPath(name).drive
    if rooted or ".." in parts or "\0" in name:
        raise DataError(f"{path} holds {name!r}, which leads out of its folder: not unpacked")
    if not parts:
        raise DataError(f"{path} holds a file without a name: not unpacked")
    return "/".join(parts)
