"""The labelled set: which generated pictures a person found informative, in one JSON a line."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from photism import images
from photism.errors import DataError, ImageError
from photism.files import parse_json, storing, walk, write_text

LABELS = "informative.jsonl"
_MADE_OF_SEVERAL = "shows"
"""Key in the provenance of means and heat maps, which are no pictures of a sound."""


@dataclass(frozen=True)
class Sorted:
    """A picture that was sorted."""

    file: str
    """Relative to the folder of the set, with slashes."""
    name: str
    """Class of the sound."""
    informative: bool
    source: str
    """What the picture was made of, so that pictures of one sound stay together."""


def read_labels(path: Path) -> list[Sorted]:
    """Read a labelled set.

    Args:
        path: it may not be there yet. A last line that a killed process left half is passed over.

    Returns:
        What was sorted, in order.

    Raises:
        DataError: another line is damaged, or the file cannot be read.
    """
    if not path.exists():
        return []
    try:
        *lines, _ = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            content = parse_json(line)
            mark = Sorted(**content)
            if not isinstance(mark.informative, bool) or not isinstance(mark.file, str):
                raise ValueError("wrong types")
            found.append(mark)
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}, line {number}, is damaged: {error}") from error
    return found


class LabelBook:
    """Pictures to be sorted, in a random order, and what was said of them so far.

    Each mark is on disk before the next picture is shown, so that sorting can stop at any time.

    Args:
        folder: of generated pictures; those of a class in a folder of its name, or with a
            provenance that names the class.
        path: of the labelled set.
        name: class of pictures that tell none.
        seed: of the order.

    Raises:
        ImageError: the folder holds no pictures.
        DataError: the set is damaged.
    """

    def __init__(
        self, folder: Path, path: Path | None = None, *, name: str | None = None, seed: int = 0
    ) -> None:
        self.folder, self.name = folder, name
        self.path = path or folder / LABELS
        if not folder.is_dir():
            raise ImageError(f"{folder} is no folder: name one with generated pictures")
        self.files = [path for path in walk(folder) if images.is_picture(path)]
        if not self.files:
            raise ImageError(f"{folder} holds no pictures: `photism translate` makes some")
        random.Random(seed).shuffle(self.files)
        self.marks = read_labels(self.path)
        if self.marks:  # what a killed process left half is cut off
            self._rewrite()
        self._keys = [self._key(file) for file in self.files]
        self._done = {mark.file for mark in self.marks}
        self._passed: set[int] = set()

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Class to how many were found informative, and how many not."""
        counted = Counter((mark.name, mark.informative) for mark in self.marks)
        names = sorted({name for name, _ in counted})
        return {name: (counted[name, True], counted[name, False]) for name in names}

    @property
    def left(self) -> int:
        """How many pictures are still to be sorted."""
        keys = (key for number, key in enumerate(self._keys) if number not in self._passed)
        return sum(key not in self._done for key in keys)

    def upcoming(self) -> int | None:
        """Find the picture to be sorted next.

        Returns:
            Its number, None if all are sorted. Means and heat maps, and pictures that cannot be
            read, are passed over.

        Raises:
            DataError: a picture tells no class.
        """
        for number, key in enumerate(self._keys):
            if number in self._passed or key in self._done:
                continue
            if self._readable(self.files[number]):
                return number
            self._passed.add(number)
        return None

    def _readable(self, file: Path) -> bool:
        try:
            images.read(file)
        except ImageError:
            return False
        return self._class_and_source(file) is not None

    def class_of(self, number: int) -> str:
        """Return the class of the sound that a picture was made of."""
        found = self._class_and_source(self.files[number])
        return found[0] if found else ""

    def mark(self, number: int, informative: bool) -> None:
        """Say of a picture whether it is informative.

        Args:
            number: of the picture; one that was sorted already stays as it is.
            informative: whether it tells what is heard.

        Raises:
            StorageError: the set cannot be written.
        """
        file = self.files[number]
        found = self._class_and_source(file)
        if found is None or self._keys[number] in self._done:
            return
        made = Sorted(self._keys[number], found[0], informative, found[1])
        with storing(self.path), open(self.path, "a", encoding="utf-8") as out:
            out.write(_line(made))
        self.marks.append(made)
        self._done.add(made.file)

    def undo(self) -> int | None:
        """Take the latest mark back; return the number of its picture, if it is still there."""
        if not self.marks:
            return None
        last = self.marks.pop()
        self._done.discard(last.file)
        self._rewrite()
        return self._keys.index(last.file) if last.file in self._keys else None

    def _rewrite(self) -> None:
        write_text(self.path, "".join(map(_line, self.marks)))

    def _key(self, file: Path) -> str:
        base = self.path.parent
        return file.relative_to(base).as_posix() if file.is_relative_to(base) else str(file)

    def _class_and_source(self, file: Path) -> tuple[str, str] | None:
        """Return the class of a picture and what it was made of; None for what is no picture."""
        below = file.relative_to(self.folder)
        try:
            made = images.read_provenance(file)
        except ImageError:
            made = {}
        if _MADE_OF_SEVERAL in made:
            return None
        source = made.get("source") if isinstance(made.get("source"), str) else None
        source = str(below.parent / (source or below.stem))
        if len(below.parts) > 1:
            return below.parts[0], source
        label = made.get("label")
        if isinstance(label, dict) and isinstance(label.get("name"), str):
            return label["name"], source
        if self.name:
            return self.name, source
        raise DataError(
            f"{file} tells no class: put the pictures of each class into a folder of its name, or"
            " name the class of all with --name"
        )


def _line(mark: Sorted) -> str:
    return json.dumps(asdict(mark)) + "\n"
