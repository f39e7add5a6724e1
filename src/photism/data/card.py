"""The card of a prepared data set: what it is, where it came from, and which files belong to it.

A card may come from anybody, so that its fields are checked before anything is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from photism.audio.front_ends import is_range
from photism.data.splits import SPLITS
from photism.errors import DataError
from photism.files import parse_json
from photism.media import MEDIA, Medium
from photism.terminal import printable
from photism.version import __version__

CARD = "card.json"
COLUMN_KINDS = ("int", "float", "string", "bool")
OWN_COLUMNS = ("sound", "image", "label", "key")
"""What every pair has; a source's further columns have other names."""
_STORED = ("uint8", "float16", "float32")
_SHARD = re.compile(rf"({'|'.join(SPLITS)})-[0-9]{{5,9}}\.arrow")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_VALUES = 2**27
"""In one array; a picture of 4096 × 4096 in colour has 50 million."""
_LONGEST_NAME = 100


@dataclass(frozen=True)
class ArraySpec:
    """Shape and type of one stored array.

    `uint8` holds [-1, 1] in 255 steps; floating types are stored as they are, in [-1, 1] too. A
    sound is `(channel, mel_bin, frame)`, a picture `(height, width, channel)`; data of sounds
    alone has pictures of `(0, 0, 0)`.
    """

    shape: tuple[int, ...]
    dtype: str = "uint8"

    def __post_init__(self) -> None:
        if self.dtype not in _STORED:
            raise DataError(f"arrays are stored as {', '.join(_STORED)}, not {self.dtype!r}")
        sizes = self.shape
        whole = len(sizes) == 3 and all(type(size) is int for size in sizes)
        if not whole or (min(sizes) < 1 and sizes != (0, 0, 0)):
            raise DataError(f"an array has three sizes of 1 or more, not {sizes}")
        if self.items > _MOST_VALUES:
            raise DataError(f"an array of {sizes} has more than {_MOST_VALUES:,} values")

    @classmethod
    def parse(cls, content: Any) -> ArraySpec:
        """Read a spec from what JSON made of it; a DataError says what is wrong with it."""
        if not isinstance(content, dict) or not isinstance(content.get("shape"), list):
            raise DataError("an array has a shape and a dtype")
        return cls(tuple(content["shape"]), content.get("dtype", ""))

    @property
    def items(self) -> int:
        """Number of values in one array."""
        return int(np.prod(self.shape, dtype=object))


@dataclass(frozen=True)
class Card:
    """What a prepared data set is, where it came from and how to make it again."""

    name: str
    description: str
    licence: str
    classes: tuple[str, ...]
    """Their names; empty if no pair has a label."""
    sound: ArraySpec
    image: ArraySpec
    front_end: str
    """Name of the front end that made `sound`; its parameters are in `front_end_config`."""
    front_end_config: Mapping[str, Any]
    group: str
    """Column whose values must not cross a split, such as the recording, performance or video."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Further columns of the source: name to "int", "float", "string" or "bool"."""
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    skipped: tuple[Mapping[str, str], ...] = ()
    """Files left out, each `{"file": …, "reason": …}`."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Pairs per split and class; filled in by `PairWriter`."""
    shards: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Arrow files, each `{"rows": …, "sha256": …}`; filled in by `PairWriter`."""
    photism_version: str = __version__

    def __post_init__(self) -> None:
        for name in ("name", "description", "licence", "front_end", "group", "photism_version"):
            _require(isinstance(getattr(self, name), str), name, "is no text")
        for name in ("front_end_config", "columns", "options", "counts", "shards"):
            table = getattr(self, name)
            _require(isinstance(table, Mapping) and _texts(table), name, "is no table")
        for name in ("classes", "notes"):
            values = getattr(self, name)
            _require(isinstance(values, tuple) and _texts(values), name, "is no list of texts")
        _require(_is_name(self.name), "name", f"is {self.name[:_LONGEST_NAME]!r}, not a plain name")
        _require(len(set(self.classes)) == len(self.classes), "classes", "has a name twice")
        _require(self.image.shape[2] in (0, 1, 3), "image", "has neither one nor three channels")
        _require(self.sound.items > 0, "sound", "is none")
        _require(_count(self.seed), "seed", "is not a whole number of 0 or more")
        known = all(kind in COLUMN_KINDS for kind in self.columns.values())
        _require(known, "columns", f"has a kind that is none of {', '.join(COLUMN_KINDS)}")
        _require(not set(OWN_COLUMNS) & set(self.columns), "columns", "has a name of every pair")
        _require(self.group in ("label", "key", *self.columns), "group", "is no column")
        _require(isinstance(self.skipped, tuple), "skipped", "is no list")
        for file in self.skipped:
            named = isinstance(file, Mapping) and {"file", "reason"} <= set(file)
            _require(named and _texts(file.values()), "skipped", "lacks a file or a reason")
        levels = self.front_end_config.get("level_range")
        _require(levels is None or is_range(levels), "level_range", "is not two levels")
        self._check_files()

    @property
    def holds(self) -> tuple[Medium, ...]:
        """The media of a pair: both, or sounds alone."""
        return MEDIA if self.image.items else ("sound",)

    @property
    def level_range(self) -> tuple[float, float] | None:
        """Levels of black and white in the pictures of sounds, where these do not tell them."""
        levels = self.front_end_config.get("level_range")
        return None if levels is None else (levels[0], levels[1])

    def _check_files(self) -> None:
        for split, counts in self.counts.items():
            plain = isinstance(counts, Mapping) and all(map(_count, counts.values()))
            _require(split in SPLITS and plain, "counts", f"of {split!r} are none")
        for name, shard in self.shards.items():
            plain = isinstance(shard, Mapping) and isinstance(shard.get("sha256"), str)
            plain = plain and bool(_DIGEST.fullmatch(shard["sha256"]))
            plain = plain and _count(shard.get("rows")) and shard["rows"] > 0
            _require(bool(_SHARD.fullmatch(name)) and plain, "shards", f"has {name!r}")

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read the card of a prepared folder.

        Args:
            folder: the prepared folder.

        Returns:
            The card.

        Raises:
            DataError: there is no folder or card, or the card cannot be understood.
        """
        path = folder / CARD
        if not folder.is_dir():
            raise DataError(f"no prepared data at {folder}: see `photism data prepare --help`")
        try:
            return cls._parse(parse_json(path.read_bytes()))
        except FileNotFoundError as error:
            raise DataError(
                f"{folder} holds no {CARD}: not a prepared data set, or its preparation was"
                " interrupted; run `photism data prepare` again"
            ) from error
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
        except (DataError, ValueError) as error:
            raise DataError(f"{path} is damaged ({error}): prepare the data again") from error

    @classmethod
    def _parse(cls, content: Any) -> Card:
        """Make a card of what JSON made of it; fields of later versions are passed over."""
        if not isinstance(content, dict):
            raise DataError("it is no table")
        given = {f.name: content[f.name] for f in fields(cls) if f.name in content}
        missing = [name for name in _NEEDED if name not in given]
        if missing:
            raise DataError(f"it lacks {', '.join(missing)}")
        for name in ("sound", "image"):
            given[name] = ArraySpec.parse(given[name])
        for name in ("classes", "notes", "skipped"):
            if isinstance(given.get(name), list):
                given[name] = tuple(given[name])
        return cls(**given)


_NEEDED = (
    "name",
    "description",
    "licence",
    "classes",
    "sound",
    "image",
    "front_end",
    "front_end_config",
    "group",
)


def _require(condition: bool, name: str, fault: str) -> None:
    if not condition:
        raise DataError(f"{name} {fault}")


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_name(text: str) -> bool:
    """Whether a text can name a file in any folder: no way out of it, nothing unseen."""
    plain = printable(text) == text and not set(text) & set("/\\") and not text.startswith(".")
    return plain and len(text.strip()) > 0 and len(text) <= _LONGEST_NAME
