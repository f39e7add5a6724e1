"""Pair lists of the CAR-GAN code, SPEC §7.1: sounds are ready-made log-mel pictures.

A line is `<picture of the sound>||<13 comma-separated 0/1>||<picture>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from photism.data.sub_urmp.moments import (
    CLASSES,
    Canvas,
    Collection,
    Drawn,
    Moment,
    Request,
    parse,
    read_picture,
    resized,
)
from photism.errors import DataError, ImageError
from photism.files import walk

if TYPE_CHECKING:
    from PIL import Image

FRONT_ENDS = ("car-gan", "car-gan-256")
"""Made the pictures of sounds; they differ in the size of these."""

_SEPARATOR = "||"
_FIELDS = 3


def is_pair_list(path: Path) -> bool:
    """Whether a text file has the separator of pair lists near its start."""
    with open(path, "rb") as file:
        return _SEPARATOR.encode() in file.read(2**16)


class PairLists(Collection):
    """The pair lists below a folder, from which their paths start.

    A list with `val` or `test` in its name is the test part, any other is for training.
    """

    drawn_sounds = True
    about = "sounds came as pictures, and pictures were cropped, if at all, when the list was made"
    no_test = "NO test part: no list has val or test in its name"

    def _find(self) -> list[Moment]:
        self._paths: dict[Moment, tuple[Path, Path]] = {}
        for path in sorted(path for path in walk(self.place) if path.suffix == ".txt"):
            if path.is_file() and is_pair_list(path):
                self._read(path)
        return list(self._paths)

    def _read(self, path: Path) -> None:
        split = "test" if re.search("val|test", path.name.lower()) else "train"
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            try:
                moment, paths = self._pair(split, line, path.parent)
                if moment in self._paths:
                    raise DataError("found twice: an earlier line has the same pair")
                self._paths[moment] = paths
            except DataError as error:
                self.skip(f"{path.relative_to(self.place).as_posix()}:{number}", error)

    def _pair(self, split: str, line: str, beside: Path) -> tuple[Moment, tuple[Path, Path]]:
        """Read a line, or raise DataError with the reason to leave it out."""
        fields = [field.strip() for field in line.split(_SEPARATOR)]
        if len(fields) != _FIELDS:
            raise DataError(f"bad line: {len(fields)} fields between ||, not {_FIELDS}")
        label = _one_hot(fields[1])
        sound, picture = self._path(fields[0], beside), self._path(fields[2], beside)
        moment = _parse(split, sound)
        if moment != _parse(split, picture):
            raise DataError(f"mispaired: {sound.name} with {picture.name}")
        if moment.label != label:
            raise DataError(
                f"mislabelled: the label says {CLASSES[label]}, the names {CLASSES[moment.label]}"
            )
        return moment, (sound, picture)

    def _path(self, written: str, beside: Path) -> Path:
        """Find a file that a list names, from the folder or from the list's own."""
        root = self.place.resolve()
        try:
            paths = [(start / written.replace("\\", "/")).resolve() for start in (root, beside)]
            inside = [path for path in paths if path.is_relative_to(root)]
            found = [path for path in inside if path.is_file()]
        except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, a link loop
            raise DataError(f"no such file: {written[:80]!r} is no path") from error
        if not inside:
            raise DataError(f"path outside: {written} leads out of the folder")
        if not found:
            raise DataError(f"no such file: {written}")
        return found[0]

    def draw(self, chosen: Sequence[Moment], canvas: Canvas, scratch: Path) -> Iterator[Request]:
        """Read pairs of pictures; see `Collection.draw`."""
        for moment in chosen:
            yield moment, partial(_draw, *self._paths[moment], canvas.sound_size, canvas.size)


def _one_hot(field: str) -> int:
    values = [value.strip() for value in field.split(",")]
    if len(values) != len(CLASSES) or sorted(values) != ["0"] * (len(CLASSES) - 1) + ["1"]:
        raise DataError(f"label not one-hot: {field} is not one 1 among {len(CLASSES)} values")
    return values.index("1")


def _parse(split: str, path: Path) -> Moment:
    """Read a moment from a path; the parent folder counts where it names an instrument."""
    folder = path.parent.name
    return parse(split, path.stem, folder if folder in CLASSES else None)


def _draw(sound: Path, picture: Path, sound_size: int, size: int) -> Drawn:
    """Resize both; pictures of a list were cropped when it was made."""
    drawn, image = resized(_read(sound), sound_size), resized(_read(picture), size)
    return Drawn(drawn.transpose(2, 0, 1), image)


def _read(path: Path) -> Image.Image:
    try:
        return read_picture(path.read_bytes())
    except OSError as error:
        raise ImageError(f"unreadable picture: {error.strerror}") from error
