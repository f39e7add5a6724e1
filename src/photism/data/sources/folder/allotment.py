"""Which class each recording has, and which part of the data set it goes into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photism.data.sources.folder.matching import Match
from photism.data.splits import SPLITS, draw_groups
from photism.data.table import text, typed
from photism.errors import ConfigError, DataError, nearest

_RESERVED = ("sound", "image", "label", "key", "recording", "picture", "start_s")
"""Columns that every data set of this source has; one of a table gets a `_` behind it."""


@dataclass(frozen=True)
class Labelling:
    """What tells the class of a recording: a column of the table, the folder, or nothing."""

    column: str | None = None
    by_folder: bool = False

    def of(self, match: Match) -> str | None:
        """Return the class of a recording; None where it has none."""
        if self.by_folder:
            return match.folder
        value = match.values.get(self.column) if self.column else None
        return None if value is None else text(value)


def find_labelling(matches: Sequence[Match], wanted: str) -> Labelling:
    """Find out what tells the classes.

    Args:
        matches: all that were found.
        wanted: "folder", "none", a column, or "auto": the column `label` if there is one, else the
            folders if they differ.

    Returns:
        What it is.

    Raises:
        ConfigError: there is no such column, or no folders.
    """
    columns = {name for match in matches for name in match.values}
    folders = {match.folder for match in matches} - {None}
    if wanted == "none":
        return Labelling()
    if wanted == "folder":
        if not folders:
            raise ConfigError(
                "--label folder: recordings and pictures lie in no folders that agree"
            )
        return Labelling(by_folder=True)
    if wanted != "auto":
        _require(wanted, columns, "--label", ("auto", "folder", "none"))
        return Labelling(wanted)
    if "label" in columns:
        return Labelling("label")
    return Labelling(by_folder=len(folders) > 1)


def check_group(matches: Sequence[Match], group: str) -> None:
    """Raise a ConfigError for a group that is neither a file nor a column of the table."""
    if group not in ("recording", "picture"):
        columns = {name for match in matches for name in match.values} - set(_RESERVED)
        _require(group, columns, "--group", ("recording", "picture"))


def _require(name: str, columns: set[str], option: str, words: tuple[str, ...]) -> None:
    if name not in columns:
        raise ConfigError(f"{option} {name!r} is no column: {nearest(name, [*words, *columns])}")


@dataclass(frozen=True)
class Allotment:
    """Class, part and columns of recordings that could be used, in their order."""

    classes: tuple[str, ...]
    labels: np.ndarray
    """`(match,)` class index, or -1."""
    splits: np.ndarray
    """`(match,)` "train", "validation" or "test"."""
    columns: dict[str, tuple[str, list[Any]]]
    """Type and values of each column."""
    notes: tuple[str, ...]


def allot(
    matches: Sequence[Match], labelling: Labelling, *, group: str, test: float, seed: int
) -> Allotment:
    """Decide on classes and parts.

    Args:
        matches: those that could be used.
        labelling: what tells the class.
        group: "recording", "picture" or a column, whose values must not be in two parts.
        test: share of the groups of each class that is for testing, where nothing says it.
        seed: of the draw.

    Returns:
        What was decided.

    Raises:
        DataError: nothing is left to train on.
    """
    told = [labelling.of(match) for match in matches]
    classes = _in_order({name for name in told if name is not None})
    labels = np.array([-1 if name is None else classes.index(name) for name in told])
    columns = _columns(matches, labelling)
    groups = np.array([str(value) for value in columns[group][1]])
    drawn = not any(match.split for match in matches)
    if not drawn:
        splits = np.array([match.split or "train" for match in matches])
    else:
        held = draw_groups(groups, labels, test, np.random.default_rng((seed, 0)))
        splits = np.where(held, "test", "train")
    if "train" not in splits:
        raise DataError(f"nothing to train on: all {len(matches):,} recordings are for testing")
    notes = _notes(group, groups, splits, columns, drawn=drawn)
    return Allotment(classes, labels, splits, columns, notes)


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Sort classes by name, or by number where all are numbers."""
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _columns(matches: Sequence[Match], labelling: Labelling) -> dict[str, tuple[str, list[Any]]]:
    """Return what a table said beside files, class and split, each column of one type."""
    columns: dict[str, tuple[str, list[Any]]] = {
        "recording": ("string", [match.recording for match in matches]),
        "picture": ("string", [match.picture for match in matches]),
    }
    for name in dict.fromkeys(name for match in matches for name in match.values):
        if name == labelling.column == "label":
            continue
        stored = f"{text(name)}_" if name in _RESERVED else text(name)
        columns[stored] = typed([match.values.get(name) for match in matches])
    return columns


def _notes(
    group: str,
    groups: np.ndarray,
    splits: np.ndarray,
    columns: dict[str, tuple[str, list[Any]]],
    *,
    drawn: bool,
) -> tuple[str, ...]:
    """Say how many groups each part has, and what two parts share."""
    numbers = Counter(split for split, _ in set(zip(splits.tolist(), groups.tolist(), strict=True)))
    of_each = ", ".join(f"{numbers[split]:,} for {split}" for split in SPLITS if split in numbers)
    notes = [f"{group}s: {of_each}"]
    for name in dict.fromkeys((group, "recording", "picture")):
        places = set(zip(columns[name][1], splits.tolist(), strict=True))
        shared = sorted(str(v) for v, n in Counter(v for v, _ in places).items() if n > 1)
        if shared:
            remedy = f": --group {name} keeps them apart" if drawn and name != group else ""
            count = f"{len(shared):,} of {name} are in two parts, such as {shared[0]}"
            notes.append(f"NOT a clean split: {count}{remedy}")
    if "test" not in numbers:
        why = f"no class has a second {group} to spare" if drawn else "table or folders name none"
        notes.append(f"NO test part: {why}")
    return tuple(notes)
