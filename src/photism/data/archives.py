"""Files inside tar, zip and gzip archives, or in a folder, read safely and without unpacking.

An archive from the network is not trusted: a name that leads out of its folder, a link, a device,
or more bytes than any data set needs makes the whole archive an error.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from photism.errors import DataError

_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError)
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Limits:
    """The most an archive may hold, so that a small file cannot fill memory or disk."""

    file_bytes: int = 2**31
    total_bytes: int = 2**36
    files: int = 2_000_000


@dataclass(frozen=True)
class Member:
    """One file of an archive or folder: its name from there, with `/`, and its content."""

    name: str
    content: bytes


def is_archive(path: Path) -> bool:
    """Whether a file's name says that `members` can read it as an archive."""
    return path.name.lower().endswith((*_TAR_ENDINGS, ".zip", ".gz"))


def members(
    path: Path,
    wanted: Callable[[str], bool] = lambda name: True,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Iterator[Member]:
    """Yield the files of a folder or archive, one at a time.

    Args:
        path: a folder, or a tar (plain, gz, bz2, xz), zip or gz file; a gz file has one member
            named like it without the ending.
        wanted: whether to read the file of this name; others are passed over unread.
        limits: what the archive may hold; counts files that are not wanted too.

    Yields:
        The wanted files, in the archive's order; those of a folder by name.

    Raises:
        DataError: the archive is missing, damaged or cut short, not an archive, or not safe.
    """
    name = path.name.lower()
    if path.is_dir():
        yield from _folder_members(path, wanted)
    elif not path.is_file():
        raise DataError(f"no archive at {path}")
    elif not is_archive(path):
        raise DataError(f"{path} is not an archive photism reads: tar, tar.gz, zip, gz or a folder")
    else:
        if name.endswith(_TAR_ENDINGS):
            read = _tar_members
        else:
            read = _zip_members if name.endswith(".zip") else _gzip_members
        try:
            yield from read(path, wanted, limits)
        except _DAMAGE as error:
            raise DataError(
                f"{path} is damaged or cut short ({error}): delete it and fetch it again"
            ) from error


def _folder_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if wanted(name) and file.is_file():
            try:
                yield Member(name, file.read_bytes())
            except OSError as error:
                raise DataError(f"cannot read {file}: {error.strerror or error}") from error


def _tar_members(path: Path, wanted: Callable[[str], bool], limits: Limits) -> Iterator[Member]:
    tally = _Tally(path, limits)
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if info.isdir():
                continue
            name = _safe_name(info.name, path)
            if not info.isreg():
                raise DataError(f"{path} holds {info.name!r}, a link or device: not unpacked")
            tally.add(info.size)
            if wanted(name):
                file = archive.extractfile(info)
                assert file is not None  # regular, checked above
                yield Member(name, file.read())


def _zip_members(path: Path, wanted: Callable[[str], bool], limits: Limits) -> Iterator[Member]:
    tally = _Tally(path, limits)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            name = _safe_name(info.filename, path)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise DataError(f"{path} holds {info.filename!r}, a link or device: not unpacked")
            if info.flag_bits & 1:
                raise DataError(f"{path} is encrypted: unpack it by hand and give the folder")
            tally.add(info.file_size)
            if wanted(name):
                yield Member(name, archive.read(info))


def _gzip_members(path: Path, wanted: Callable[[str], bool], limits: Limits) -> Iterator[Member]:
    name = path.stem
    if wanted(name):
        with gzip.open(path) as file:
            content = file.read(limits.file_bytes + 1)
        _Tally(path, limits).add(len(content))
        yield Member(name, content)


class _Tally:
    """Counts an archive's files and bytes against its limits."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self.files = self.total_bytes = 0

    def add(self, file_bytes: int) -> None:
        self.files += 1
        self.total_bytes += file_bytes
        for name, value, most in (
            ("files", self.files, self.limits.files),
            ("bytes in a file", file_bytes, self.limits.file_bytes),
            ("bytes", self.total_bytes, self.limits.total_bytes),
        ):
            if value > most:
                raise DataError(f"{self.path} holds more than {most:,} {name}: not unpacked")


def _safe_name(name: str, path: Path) -> str:
    """Return a member's name without `./`, or refuse one that leads out of its folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    rooted = name.startswith(("/", "\\")) or PureWindowsPath(name).drive
    if rooted or ".." in parts or "\0" in name:
        raise DataError(f"{path} holds {name!r}, which leads out of its folder: not unpacked")
    return "/".join(parts)
