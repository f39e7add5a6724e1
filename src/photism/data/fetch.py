"""Archives of published data sets: found in a folder by name, or fetched from upstream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from photism.errors import DataError
from photism.files import sha256


@dataclass(frozen=True)
class Archive:
    """One file as upstream publishes it."""

    name: str
    urls: tuple[str, ...]
    """Mirrors, tried in order."""
    size_bytes: int
    """About, when `sha256` is not known."""
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
    homepage: str
    archives: tuple[Archive, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all archives together."""
        return sum(archive.size_bytes for archive in self.archives)


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
    for path in sorted(folder.rglob(archive.name)):
        if path.is_file():
            check(archive, path)
            return path
    return None


def check(archive: Archive, path: Path) -> bool:
    """Compare a file with the archive's checksum.

    Args:
        archive: what the file should be.
        path: the file.

    Returns:
        True if the checksum is known and agrees, False if none is known to compare with.

    Raises:
        DataError: it is another file.
    """
    digest = sha256(path)
    if digest in (archive.sha256, *archive.repacked):
        return True
    if archive.sha256 is None:
        return False
    raise DataError(
        f"{path} is not the published {archive.name}: {path.stat().st_size:,} bytes with SHA-256"
        f" {digest[:12]}… instead of {archive.size_bytes:,} with {archive.sha256[:12]}…;"
        " delete it and fetch it again"
    )
