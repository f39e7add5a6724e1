"""Archives of published data sets: found in a folder by name, or downloaded from upstream.

A download goes to `NAME.part` and takes its name only after its checksum was compared, so a file
under its own name is whole. What arrived before a connection broke is kept and continued.
"""

from __future__ import annotations

import contextlib
import http.client
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from photism.data.archives import is_archive, members
from photism.data.progress import transfer
from photism.errors import DataError, DownloadError, StorageError
from photism.files import replacing, require_room, sha256, walk
from photism.version import __version__

_CHUNK = 2**18
_FINAL = (400, 401, 403, 404, 405, 410, 451)
"""HTTP answers that will be the same a second later."""


@dataclass(frozen=True)
class Archive:
    """One file as upstream publishes it."""

    name: str
    urls: tuple[str, ...]
    """Mirrors, tried in order."""
    size_bytes: int
    """About; to tell beforehand whether there is room."""
    sha256: str | None = None
    """Of the upstream file; None where upstream packs it anew and publishes no checksum."""
    repacked: tuple[str, ...] = ()
    """SHA-256 of other packings that are known to hold the same files."""


@dataclass(frozen=True)
class Upstream:
    """A published data set: what it is and the archives that hold it."""

    name: str
    what: str
    licence: str
    credit: str
    homepage: str
    archives: tuple[Archive, ...]

    @property
    def terms(self) -> str:
        """Licence and whom to credit."""
        return f"{self.licence} ({self.credit})"

    @property
    def size_bytes(self) -> int:
        """About how many bytes all archives have together."""
        return sum(archive.size_bytes for archive in self.archives)


@dataclass(frozen=True)
class Fetched:
    """An archive that is here."""

    path: Path
    how: str
    """"was here", "copied" or "downloaded"."""
    verified: bool
    """Whether there was a checksum to compare with; otherwise it was read through once."""


def fetch(archive: Archive, folder: Path, *, source: Path | None = None) -> Fetched:
    """Bring an archive into a folder: it is there, or is copied, or is downloaded.

    Args:
        archive: what to fetch.
        folder: where it goes.
        source: a folder to find it in, instead of the network.

    Returns:
        Where it is.

    Raises:
        DataError: the file that is there, or in `source`, is not the published one or not there.
        DownloadError: no mirror gave it.
        StorageError: the folder cannot be written or the disk is full.
    """
    path = folder / archive.name
    if path.is_file():
        return Fetched(path, "was here", check(archive, path))
    if source is not None:
        found = find_archive(archive, source)
        if found is None:
            raise DataError(f"no {archive.name} below {source}")
        require_room(folder, found.stat().st_size)
        with replacing(path) as temporary:
            shutil.copyfile(found, temporary)
        return Fetched(path, "copied", check(archive, path))
    return Fetched(path, "downloaded", download(archive, folder))


def find_archive(archive: Archive, folder: Path) -> Path | None:
    """Look for an archive by name below a folder and check that it is the published file.

    Args:
        archive: what to look for.
        folder: searched with all folders in it.

    Returns:
        The first file of that name, by path, or None.

    Raises:
        DataError: the file found is not the published one.
    """
    for path in sorted(path for path in walk(folder) if path.name == archive.name):
        if path.is_file():
            check(archive, path)
            return path
    return None


def checked_archives(paths: Iterable[Path], stem: str, archive: Archive) -> Iterator[Path]:
    """Yield the archives of a data set among files, whole or in part.

    Args:
        paths: files and folders.
        stem: how the names of its archives begin.
        archive: the published one: a file of its name is compared with its checksum.

    Yields:
        One path after the other, in their order.
    """
    for path in paths:
        if path.name.startswith(stem) and path.is_file() and is_archive(path):
            if path.name == archive.name:
                check(archive, path)
            yield path


def check(archive: Archive, path: Path) -> bool:
    """Compare a file with the archive's checksum.

    Args:
        archive: what the file should be.
        path: the file.

    Returns:
        True if the checksum is known and agrees, False if none is known to compare with; then the
        file was read through and is at least whole.

    Raises:
        DataError: it is another file, or damaged.
    """
    digest = sha256(path)
    if digest in (archive.sha256, *archive.repacked):
        return True
    if archive.sha256 is not None:
        raise DataError(
            f"{path} is not the published {archive.name}: it has {path.stat().st_size:,} bytes and"
            f" SHA-256 {digest[:12]}…, not {archive.sha256[:12]}…; delete it and fetch it again"
        )
    for member in members(path):
        member.read()
    return False


def download(
    archive: Archive,
    folder: Path,
    *,
    attempts: int = 4,
    timeout_s: float = 30,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Download an archive, continuing what an earlier try left.

    Args:
        archive: what to download.
        folder: where it goes; `NAME.part` lies there meanwhile.
        attempts: tries in a row that bring nothing before the next mirror is asked.
        timeout_s: silence of a server after which its connection counts as broken.
        pause: called with the seconds to wait between tries.

    Returns:
        Whether there was a checksum to compare with.

    Raises:
        DownloadError: no mirror gave the published file; says why for each.
        StorageError: the folder cannot be written or the disk is full; what arrived is kept.
    """
    part = folder / f"{archive.name}.part"
    require_room(folder, max(0, archive.size_bytes - _size(part)))
    failures = []
    for url in archive.urls:
        try:
            _download_from(url, part, attempts, timeout_s, pause)
            verified = check(archive, part)
        except DownloadError as error:
            failures.append(f"{url} {error}")
        except DataError:
            failures.append(f"{url} gave another file of {_size(part):,} bytes, which was deleted")
            part.unlink()
        else:
            with _storing(part):
                part.replace(folder / archive.name)
            return verified
    raise DownloadError(
        f"{archive.name} could not be fetched: {'; '.join(failures)}. Try again later, which goes"
        " on where it stopped, or get the file by other means and give its folder with --from"
    )


def _download_from(
    url: str, part: Path, attempts: int, timeout_s: float, pause: Callable[[float], None]
) -> None:
    """Receive a whole file into `part`, trying again while tries bring something.

    A DownloadError says what this mirror answered in the end.
    """
    fruitless = 0
    while True:
        before = _size(part)
        try:
            _receive(url, part, timeout_s)
            return
        except urllib.error.HTTPError as error:
            reason = f"answered {error.code} {error.reason}"
            if error.code == 416:  # nothing lies behind what is here
                if error.headers["Content-Range"] == f"bytes */{before}":
                    return
                part.unlink(missing_ok=True)  # longer than the file: of something else
            if error.code in _FINAL:
                raise DownloadError(reason) from error
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error) or type(error).__name__
            reason = f"gave no answer or broke off ({cause})"
        fruitless = 0 if _size(part) > before else fruitless + 1
        if fruitless >= attempts:
            raise DownloadError(reason)
        pause(2.0**fruitless)


def _receive(url: str, part: Path, timeout_s: float) -> None:
    """Receive what is missing in `part`, or all where the server cannot send a rest.

    An OSError is a matter of the connection, a StorageError one of the disk.
    """
    already = _size(part)
    headers = {"User-Agent": f"photism/{__version__}", "Accept-Encoding": "identity"}
    if already:
        headers["Range"] = f"bytes={already}-"
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout_s) as response:
        start = f"bytes {already}-"
        if response.status != 206 or not response.headers["Content-Range"].startswith(start):
            already = 0
        length = response.headers["Content-Length"]
        total = already + int(length) if length else None
        _store(response, part, already, total)
    if total is not None and _size(part) < total:
        raise ConnectionError(f"after {_size(part):,} of {total:,} bytes")


def _store(response: http.client.HTTPResponse, part: Path, already: int, total: int | None) -> None:
    """Write what a server sends behind the bytes that are there already."""
    with (
        transfer(part.stem, already, total) as advance,
        _opened(part, "ab" if already else "wb") as file,
    ):
        while chunk := response.read1(_CHUNK):
            advance(len(chunk))
            rest = memoryview(chunk)
            while rest:
                with _storing(part):
                    rest = rest[file.write(rest) :]


def _opened(part: Path, mode: str) -> FileIO:
    with _storing(part):
        return FileIO(part, mode)


@contextlib.contextmanager
def _storing(part: Path) -> Iterator[None]:
    """Tell trouble with the disk from trouble with the network."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {part}: {error.strerror or error}; what arrived is kept, free some space"
            " and run the command again"
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
