"""Make a data set of pairs from published data, and find it again by name."""

from __future__ import annotations

from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from photism.data.sources import SOURCES
from photism.errors import DataError, StorageError, nearest
from photism.files import home, require_room

if TYPE_CHECKING:
    from photism.data.card import Card
    from photism.data.sources.base import PairSource


def prepared_folder(name: str) -> Path:
    """Return where a data set of this name is kept by default."""
    return home() / "data" / name


def raw_folder() -> Path:
    """Return where fetched archives are kept."""
    return home() / "raw"


def prepared_folders() -> list[Path]:
    """Return every data set that lies where `find` looks, complete or not."""
    return sorted(path for path in (home() / "data").glob("[!.]*") if path.is_dir())


def prepare(source: PairSource, *, raw: Path | None = None, out: Path | None = None) -> Card:
    """Make pairs and write them.

    Args:
        source: which data set, with its options.
        raw: folder with the archives or their unpacked files; by default where `fetch` puts them.
        out: where the prepared data set goes, replacing an earlier one only when complete; by
            default where `find` looks for its name.

    Returns:
        The card of what was written.

    Raises:
        DataError: the published data is missing, damaged or another version.
        StorageError: the folder cannot be written, holds something else, or the disk is too full.
    """
    if raw is not None and not raw.exists() and not (source.patterns and has_magic(str(raw))):
        raise DataError(f"no folder {raw}: --from names one with the archives or their files")
    if raw is None and source.own_files:
        raise DataError(f"{source.name} has no download: name with --from {source.own_files}")
    raw = raw or raw_folder()
    out = out or prepared_folder(source.name)
    if source.needed and not raw.is_dir():
        raise DataError(
            f"no folder {raw}: run `photism data fetch {source.name}`, or give --from with the"
            " folder of the archives"
        )
    require_replaceable(out)
    require_room(out.parent, source.room_bytes)
    return source.write(raw, out)


def require_replaceable(folder: Path) -> None:
    """Raise a StorageError unless a folder is new, empty, or nothing but a prepared data set."""
    from photism.data.card import CARD

    if not folder.exists():
        return
    if not folder.is_dir() or any(
        path.name != CARD and path.suffix != ".arrow" for path in folder.iterdir()
    ):
        raise StorageError(
            f"{folder} is there and holds something else: it is not replaced, choose another --out"
        )


def find(name_or_dir: str | Path) -> Path:
    """Return the folder of a prepared data set.

    Args:
        name_or_dir: a name such as "mnist-fsdd", looked for where `prepare` puts it by default, or
            a folder.

    Returns:
        A folder that exists.

    Raises:
        DataError: there is neither; the message says which command makes it.
    """
    given = Path(name_or_dir)
    if given.is_dir():
        return given
    kept = prepared_folder(given.name)
    if str(name_or_dir) == given.name and kept.is_dir():
        return kept
    if str(name_or_dir) in SOURCES:
        raise DataError(f"{name_or_dir} is not prepared yet: run `photism data prepare {given}`")
    if given.parent != Path():
        raise DataError(f"no prepared data at {given}: there is no such folder")
    raise DataError(f"no prepared data {str(name_or_dir)!r}: {nearest(given.name, SOURCES)}")
