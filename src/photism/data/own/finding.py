"""Videos by folder, by list, by table or by pattern."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

from photism.data.own.original import Found, Original
from photism.data.splits import parts_of, split_called
from photism.data.table import ENDINGS, TableRow, read_table
from photism.errors import DataError
from photism.files import walk
from photism.terminal import printable
from photism.video.moments import is_video

_COLUMNS = ("file_name", "video", "video_file_name", "file", "path")


def find_videos(place: Path) -> Found:
    """Look for videos.

    Args:
        place: a folder, searched with all below it, and read as its `metadata.csv` or `.jsonl` says
            if there is one; such a table; a text file with a path a line; a video; or a pattern
            such as `clips/*.mp4`.

    Returns:
        The videos, in the order of their names, or of the table.

    Raises:
        DataError: there is none, or a table cannot be used.
    """
    found = Found()
    if place.is_dir():
        files = list(walk(place, found.closed))
        tables = [f for f in files if f.stem == "metadata" and f.suffix.lower() in ENDINGS]
        videos = [path for path in files if is_video(path)]
    else:
        tables = [place] if place.suffix.lower() in ENDINGS and place.is_file() else []
        videos = [] if tables else _listed(place)
        place = _folder(place)
    if tables:
        for table in tables:
            _add_rows(table, place, found)
        named = {original.files[0] for original in found.originals}
        for video in videos:
            if video not in named:
                found.skip(video.relative_to(place), "in no row of the table that can be used")
    else:
        _add(videos, place, found)
    if not found.originals:
        first = "; the first line: {file}: {reason}".format(**found.skipped[0]) if tables else ""
        raise DataError(f"no videos in {printable(place)}{first}")
    return found


def _listed(place: Path) -> list[Path]:
    """Return what a list, a pattern or a name stands for."""
    if place.suffix.lower() == ".txt" and place.is_file():
        lines = place.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return [place.parent / line.strip() for line in lines if line.strip()]
    if place.is_file():
        return [place]
    return sorted(Path(path) for path in glob.glob(str(place), recursive=True))


def _folder(place: Path) -> Path:
    """Return the folder from which names are told: above the first sign of a pattern."""
    folder = Path(*takewhile(lambda part: not glob.has_magic(part), place.parts))
    return folder.parent if folder == place else folder


def _add(videos: Iterable[Path], place: Path, found: Found) -> None:
    for video in dict.fromkeys(videos):
        name = video.relative_to(place) if video.is_relative_to(place) else video
        split, folder = (None, None) if name.is_absolute() else parts_of(name.parent)
        found.originals.append(Original((video,), {"video": printable(name)}, split, folder))


def _add_rows(table: Path, place: Path, found: Found) -> None:
    """Add the videos that a table names."""
    rows, skipped = read_table(table)
    found.skipped += skipped
    there = dict.fromkeys(name for row in rows for name in row.values)
    column = next((name for name in _COLUMNS if name in there), None)
    if column is None:
        raise DataError(
            f"{printable(table)} has no column of videos ({', '.join(_COLUMNS)}): there is"
            f" {', '.join(map(printable, there))}"
        )
    taken = {original.files for original in found.originals}
    for row in rows:
        try:
            original = _in_row(row, column, place)
            if original.files in taken:
                raise DataError("the same video is in another row")
        except Exception as error:  # a cell may hold anything
            found.skip(row.place, str(error))
            continue
        taken.add(original.files)
        found.originals.append(original)


def _in_row(row: TableRow, column: str, place: Path) -> Original:
    """Return the video of a row, or raise an error with the reason to leave it out."""
    name = row.values.get(column)
    if not isinstance(name, str):
        raise DataError(f"names no file in column {column}")
    one = Found()
    _add([row.table.parent / name], place, one)
    [original] = one.originals
    if not original.files[0].is_file():
        raise DataError(f"there is no file {printable(name)}")
    split = original.split
    if (told := row.values.get("split")) is not None:
        split = split_called(str(told))
        if split is None:
            raise DataError(f"split {printable(told)!r} is none of train, validation, test")
    values = {k: v for k, v in row.values.items() if k not in (column, "split")}
    return Original(original.files, original.names, split, original.folder, values)
