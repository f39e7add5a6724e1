"""The record files that S2I's authors published: fixed lengths, no header, many in a file.

Data: github.com/leofanzeres/s2i_data, of L. A. Fanzeres and C. Nadeu, arXiv:2106.01266. Files lie
in a folder for each kind and are named `data_batch_001.bin`, `val_batch_001.bin`,
`test_batch_001.bin`. They are mapped into memory, never read whole; what a file holds is told by
its own labels, and its folder's name only where these leave a doubt.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from photism.errors import DataError
from photism.files import walk
from photism.terminal import printable

SOUND, IMAGE = (128, 100), (96, 96, 3)
"""Mel bands, highest first, and frames; height, width and colours."""
CLASSES = ("Baby cry", "Dog", "Rail transport", "Fireworks", "Water flowing")
"""In the order of their codes, c001 to c005."""
FILES = {"data": "train", "val": "validation", "test": "test"}
_NAME = re.compile(r"(data|val|test)_batch_(\d{3,})\.bin$")
_POINTER = b"version https://git-lfs.github.com/spec/"
_OID_SIZE = re.compile(rb"^size (\d+)$", re.MULTILINE)
_LOOKED_AT = 64  # labels of a file, evenly over it
_MAPS = 64  # files mapped at once


@dataclass(frozen=True)
class RecordKind:
    """What a record of one folder holds, one after the other without a gap."""

    name: str
    """Of the folder."""
    long_label: bool
    """Eleven digits of class, video and window; otherwise one byte, the class."""
    sound: bool
    embedding: int = 0
    """Its length; 0 is none."""
    image: bool = True

    @functools.cached_property
    def dtype(self) -> np.dtype:
        """A record as numpy maps it."""
        parts: list[tuple] = [("label", "u1", (11 if self.long_label else 1,))]
        parts += [("sound", "u1", SOUND)] if self.sound else []
        parts += [("embedding", "<f4", (self.embedding,))] if self.embedding else []
        parts += [("image", "u1", IMAGE)] if self.image else []
        return np.dtype(parts)

    def labels_fit(self, labels: np.ndarray) -> bool:
        """Whether `(record, byte)` uint8 are labels of this kind."""
        if not self.long_label:
            return bool((labels < len(CLASSES)).all())
        digits = (labels >= ord("0")) & (labels <= ord("9"))
        return bool(digits.all()) and bool((class_of(labels) < len(CLASSES)).all())


KINDS = {
    kind.name: kind
    for kind in (
        RecordKind("spectrograms_128x100", long_label=False, sound=True, image=False),
        RecordKind("spectrograms_to_images", long_label=True, sound=True),
        *(
            RecordKind(f"embeddings_{size}", long_label=True, sound=False, embedding=size)
            for size in (128, 256, 512, 1024, 2048)
        ),
    )
}
"""Every kind of folder by its name."""


def class_of(labels: np.ndarray) -> np.ndarray:
    """Return class indices of labels `(record, byte)` uint8; those of no class are 255 or more."""
    if labels.shape[1] == 1:
        return labels[:, 0].astype(np.int64)
    codes = (labels[:, :3].astype(np.int64) - ord("0")) @ np.array([100, 10, 1])
    return np.where(codes > 0, codes - 1, 255)


@dataclass(frozen=True)
class RecordFile:
    """One file, recognised."""

    path: Path
    kind: RecordKind
    count: int
    """Whole records in it."""
    rest: int
    """Bytes behind the last whole one: the file was cut short."""


def recognise(path: Path) -> RecordFile:
    """Tell what a file holds.

    Args:
        path: a record file.

    Returns:
        Its kind and how many records it has.

    Raises:
        DataError: it is a Git LFS pointer, empty, or holds records of no kind.
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(256)
    except OSError as error:
        raise DataError(f"cannot be opened: {error.strerror or error}") from error
    if head.startswith(_POINTER):
        full = _OID_SIZE.search(head)
        told = f" of {int(full[1]):,} bytes" if full else ""
        raise DataError(
            f"is a Git LFS pointer, not the file{told} itself: run `git lfs pull` in its repository"
        )
    fitting = [kind for kind in KINDS.values() if _fits(path, kind, size)]
    whole = [kind for kind in fitting if size % kind.dtype.itemsize == 0]
    for chosen in (whole, [k for k in fitting if k.name == _named(path)], fitting):
        if len(chosen) == 1:
            count, rest = divmod(size, chosen[0].dtype.itemsize)
            return RecordFile(path, chosen[0], count, rest)
    raise DataError(
        f"has {size:,} bytes, which are records of no kind that is known"
        if size
        else "is empty: fetch it again"
    )


def _fits(path: Path, kind: RecordKind, size: int) -> bool:
    """Whether labels of a kind lie where that kind has them."""
    count = size // kind.dtype.itemsize
    if not count:
        return False
    records = np.memmap(path, kind.dtype, "r", shape=(count,))
    looked_at = np.unique(np.linspace(0, count - 1, _LOOKED_AT).astype(int))
    return kind.labels_fit(records["label"][looked_at])


def _named(path: Path) -> str:
    """Return the kind that a file's folder is called after: of embeddings up to their size."""
    match = re.match(r"embeddings_\d+", path.parent.name)
    return match[0] if match else path.parent.name


@dataclass
class RecordFolder:
    """The files of one folder, all of one kind."""

    folder: Path
    kind: RecordKind
    files: dict[str, list[RecordFile]] = field(default_factory=dict)
    """By part of the split, in the order of their numbers."""
    skipped: list[dict[str, str]] = field(default_factory=list)
    """Files left out, wholly or in part, each with "file" and "reason"."""

    def records(self, split: str) -> Records:
        """Return the records of a part of the split."""
        return Records(tuple(self.files.get(split, ())), self.kind)


def find_records(folder: Path) -> tuple[list[RecordFolder], list[dict[str, str]]]:
    """Look for record files in a folder and all below it.

    A folder is of the kind that most of its files are; the others are left out.

    Args:
        folder: the repository, or any part of it.

    Returns:
        The folders that hold records, by path; and files of folders that hold none, each with
        "file" and "reason".
    """
    by_folder: dict[Path, list[tuple[str, int, Path]]] = {}
    for path in walk(folder):
        if match := _NAME.search(path.name):
            by_folder.setdefault(path.parent, []).append((FILES[match[1]], int(match[2]), path))
    found, skipped = [], []
    for place, files in sorted(by_folder.items()):
        records, reasons = _recognised(folder, sorted(files))
        if not records:
            skipped += reasons
            continue
        found.append(_one_kind(folder, place, records, reasons))
    return found, skipped


def _recognised(
    folder: Path, files: list[tuple[str, int, Path]]
) -> tuple[list[tuple[str, RecordFile]], list[dict[str, str]]]:
    records, reasons = [], []
    for split, _, path in files:
        try:
            records.append((split, recognise(path)))
        except DataError as error:
            reasons.append(_skip(folder, path, str(error)))
    return records, reasons


def _one_kind(
    folder: Path,
    place: Path,
    records: list[tuple[str, RecordFile]],
    reasons: list[dict[str, str]],
) -> RecordFolder:
    """Keep the files of the kind that most are of; say what the others are."""
    counts = Counter(record.kind.name for _, record in records)
    kind = KINDS[counts.most_common(1)[0][0]]
    found = RecordFolder(place, kind, skipped=reasons)
    for split, record in records:
        if record.kind is not kind:
            reason = f"holds {record.kind.name}, its neighbours {kind.name}: put it elsewhere"
            found.skipped.append(_skip(folder, record.path, reason))
            continue
        if record.rest:
            reason = (
                f"in part: cut short, {record.rest:,} bytes behind {record.count:,} whole records"
            )
            found.skipped.append(_skip(folder, record.path, reason))
        found.files.setdefault(split, []).append(record)
    return found


def _skip(folder: Path, path: Path, reason: str) -> dict[str, str]:
    return {"file": printable(path.relative_to(folder)), "reason": reason}


@functools.lru_cache(maxsize=_MAPS)
def _mapped(path: Path, kind: RecordKind, count: int) -> np.ndarray:
    return np.memmap(path, kind.dtype, "r", shape=(count,))


@dataclass(frozen=True)
class Records:
    """The records of several files, counted through; nothing is in memory that is not asked for.

    Args:
        files: in order, all of one kind.
        kind: of them.
    """

    files: tuple[RecordFile, ...]
    kind: RecordKind

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """Place of the first record of each file, and of the end."""
        return np.cumsum([0, *(file.count for file in self.files)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Copy some records.

        Args:
            rows: their places, in any order.

        Returns:
            `(row,)` of `kind.dtype`.

        Raises:
            DataError: a place is none, or a file became shorter since.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if rows.size and not (rows.min() >= 0 and rows.max() < len(self)):
            raise DataError(f"records are counted from 0 to {len(self) - 1}")
        taken = np.empty(len(rows), self.kind.dtype)
        owner = np.searchsorted(self.starts, rows, side="right") - 1
        for number in np.unique(owner):
            own = np.flatnonzero(owner == number)
            taken[own] = self._file(int(number))[rows[own] - self.starts[number]]
        return taken

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Yield all records in order, `size` at a time or fewer at the end of a file.

        Args:
            size: the most at a time.

        Yields:
            Views into the mapped file, `(record,)` of `kind.dtype`.
        """
        for number, file in enumerate(self.files):
            records = self._file(number)
            for start in range(0, file.count, size):
                yield records[start : start + size]

    def _file(self, number: int) -> np.ndarray:
        file = self.files[number]
        try:
            return _mapped(file.path, file.kind, file.count)
        except (OSError, ValueError) as error:
            raise DataError(f"{printable(file.path)} cannot be read any more: {error}") from error
