"""Which recording goes with which picture: by their names, or as a table says."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from photism.audio.names import is_sound
from photism.data.own.original import Found, Original
from photism.data.splits import parts_of, split_called
from photism.data.table import ENDINGS, TableRow, read_table
from photism.errors import DataError
from photism.files import walk
from photism.terminal import printable

PICTURES = frozenset(
    (
        ".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm",
        ".tif", ".tiff", ".webp",
    )
)  # fmt: skip
"""Endings of files that are taken for pictures."""
_SOUND = ("audio_file_name", "audio", "sound_file_name", "sound")
_IMAGE = ("image_file_name", "image", "picture_file_name", "picture")
_FILE = "file_name"


def find_matches(place: Path, pictures: Path | None) -> Found:
    """Look through folders for recordings and the pictures that go with them.

    Args:
        place: a folder, or a table. A folder with a `metadata.csv` or `.jsonl` in it, or below it,
            is read as that says; any other by names.
        pictures: where the pictures are, if not there too.

    Returns:
        What goes together, in the order of names, or of the table.

    Raises:
        DataError: nothing goes together, or a table cannot be used.
    """
    found = Found()
    if place.is_file():
        files, tables, place = [], [place], place.parent
    else:
        files = list(walk(place, found.closed))
        tables = [f for f in files if f.stem == "metadata" and f.suffix.lower() in ENDINGS]
    if pictures is not None and not pictures.is_dir():
        raise DataError(f"no folder {printable(pictures)}: --pictures names one with pictures")
    if tables:
        _by_table(tables, place, pictures, found)
        named = {path for original in found.originals for path in original.files}
        for file in files:
            if (is_sound(file) or _is_picture(file)) and file not in named:
                found.skip(file.relative_to(place), "in no row of the table that can be used")
        return found
    images = files
    if pictures is not None:
        images = list(walk(pictures, found.closed))
    _by_name(_Side(place, is_sound, files), _Side(pictures or place, _is_picture, images), found)
    return found


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES


class _Side:
    """Recordings or pictures by name without its ending: folders, then the file's own."""

    def __init__(self, place: Path, wanted: Callable[[Path], bool], files: Iterable[Path]) -> None:
        self.place = place
        self.by_name: dict[tuple[str, ...], Path] = {}
        self.twice: dict[Path, Path] = {}
        for file in files:
            if wanted(file):
                # One system writes é as one sign, another as two.
                name = unicodedata.normalize("NFC", str(file.relative_to(place).with_suffix("")))
                first = self.by_name.setdefault(Path(name).parts, file)
                if first != file:
                    self.twice[file] = first

    def alone(self, names: Iterable[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """Return names by the file's own, where that is one of a kind."""
        names = list(names)
        count = Counter(name[-1] for name in names)
        return {name[-1]: name for name in names if count[name[-1]] == 1}


def _by_name(sounds: _Side, images: _Side, found: Found) -> None:
    """Match files of one name: in folders of one name too, or the only ones called so."""
    partner = {name: name for name in sounds.by_name if name in images.by_name}
    left = images.alone(name for name in images.by_name if name not in partner)
    for own, name in sounds.alone(n for n in sounds.by_name if n not in partner).items():
        if own in left:
            partner[name] = left[own]
    for side in (sounds, images):
        for file, first in side.twice.items():
            found.skip(
                file.relative_to(side.place), f"has the same name as {printable(first.name)}"
            )
    for name, sound in sounds.by_name.items():
        if name in partner:
            found.originals.append(_named(sounds, sound, images, images.by_name[partner[name]]))
        else:
            found.skip(sound.relative_to(sounds.place), "unpaired: no picture of this name")
    taken = set(partner.values())
    for name, image in images.by_name.items():
        if name not in taken:
            found.skip(image.relative_to(images.place), "unpaired: no recording of this name")
    if not found.originals:
        raise DataError(
            f"no recording has the name of a picture: {len(sounds.by_name):,} recordings in"
            f" {printable(sounds.place)}, {len(images.by_name):,} pictures in"
            f" {printable(images.place)}."
            " Name the folder of the pictures with --pictures, or write a metadata.csv"
        )


def _named(sounds: _Side, sound: Path, images: _Side, image: Path) -> Original:
    recording, picture = sound.relative_to(sounds.place), image.relative_to(images.place)
    split, folder = _told(recording, picture)
    names = {"recording": printable(recording), "picture": printable(picture)}
    return Original((sound, image), names, split, folder)


def _told(recording: Path, picture: Path) -> tuple[str | None, str | None]:
    """Return the split and the class that folders tell, where both sides' agree."""
    (split, folder), (other_split, other_folder) = map(parts_of, (recording.parent, picture.parent))
    agree = folder == other_folder or not folder or not other_folder
    return split or other_split, (folder or other_folder) if agree else None


def _by_table(tables: Sequence[Path], place: Path, pictures: Path | None, found: Found) -> None:
    """Match what rows of tables name; their further columns get one type each."""
    rows: list[TableRow] = []
    for table in tables:
        read, skipped = read_table(table)
        rows += read
        found.skipped += skipped
    columns = _file_columns(rows)
    originals: dict[tuple[Path, ...], Original] = {}
    for row in rows:
        try:
            original = _in_row(row, columns, place, pictures)
        except Exception as error:  # a cell may hold anything
            found.skip(row.place, str(error))
            continue
        if originals.setdefault(original.files, original) is not original:
            found.skip(row.place, "the same recording and picture are in another row")
    found.originals = list(originals.values())
    if not found.originals:
        first = "{file}: {reason}".format(**found.skipped[0])
        raise DataError(f"no row of {printable(tables[0])} can be used; the first: {first}")


def _file_columns(rows: Sequence[TableRow]) -> tuple[str, str]:
    """Return the columns that name recordings and pictures; `file_name` is what is missing."""
    there = dict.fromkeys(name for row in rows for name in row.values)
    sound, image = (next(filter(there.__contains__, names), None) for names in (_SOUND, _IMAGE))
    if _FILE in there and sound is None:
        sound = _FILE
    elif _FILE in there and image is None:
        image = _FILE
    for column, what, names in (
        (sound, "recordings", (_FILE, *_SOUND)),
        (image, "pictures", _IMAGE),
    ):
        if column is None:
            raise DataError(
                f"{printable(rows[0].table)} has no column of {what} ({', '.join(names)}):"
                f" there is {', '.join(map(printable, there))}"
            )
    return str(sound), str(image)


def _in_row(
    row: TableRow, columns: tuple[str, str], place: Path, pictures: Path | None
) -> Original:
    """Return the match of a row, or raise an error with the reason to leave it out."""
    files = []
    for column, start in zip(columns, (None, pictures), strict=True):
        name = row.values.get(column)
        if not isinstance(name, str):
            raise DataError(f"names no file in column {column}")
        file = (start or row.table.parent) / name
        if not file.is_file():
            raise DataError(f"there is no file {printable(name)}")
        files.append(file)
    sound, image = files
    recording, picture = _below(sound, place), _below(image, pictures or place)
    split, folder = _told(recording, picture)
    if (told := row.values.get("split")) is not None:
        split = split_called(str(told))
        if split is None:
            raise DataError(f"split {printable(str(told))!r} is none of train, validation, test")
    values = {k: v for k, v in row.values.items() if k not in (*columns, "split")}
    names = {"recording": printable(recording), "picture": printable(picture)}
    return Original((sound, image), names, split, folder, values)


def _below(file: Path, place: Path) -> Path:
    return file.relative_to(place) if file.is_relative_to(place) else file
