"""Which class each original has, and which part of the data set it goes into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photism.data.own.original import Found, Original
from photism.data.splits import SPLITS, draw_groups
from photism.data.table import text, typed
from photism.errors import ConfigError, nearest

RESERVED = ("sound", "image", "label", "key", "start_s")
"""Columns that every data set of own files has; one of a table gets a `_` behind it."""
Columns = dict[str, tuple[str, list[Any]]]
"""Type and values of columns."""


@dataclass(frozen=True)
class Labelling:
    """What tells the class of an original: a column of the table, the folder, or nothing."""

    column: str | None = None
    by_folder: bool = False
    classes: tuple[str, ...] = ()
    """All there can be, in their order, where a published data set says it."""

    def of(self, original: Original) -> str | None:
        """Return the class of an original; None where it has none."""
        if self.by_folder:
            return original.folder
        value = original.values.get(self.column) if self.column else None
        return None if value is None else text(value)


def find_labelling(originals: Sequence[Original], wanted: str) -> Labelling:
    """Find out what tells the classes.

    Args:
        originals: all that were found.
        wanted: "folder", "none", a column, or "auto": the column `label` if there is one, else the
            folders if they differ.

    Returns:
        What it is.

    Raises:
        ConfigError: there is no such column, or no folders.
    """
    columns = _columns_of(originals)
    folders = {original.folder for original in originals} - {None}
    if wanted == "none":
        return Labelling()
    if wanted == "folder":
        if not folders:
            raise ConfigError("--label folder: the files lie in no folders that agree")
        return Labelling(by_folder=True)
    if wanted != "auto":
        _require(wanted, columns, "--label", ("auto", "folder", "none"))
        return Labelling(wanted)
    if "label" in columns:
        return Labelling("label")
    return Labelling(by_folder=len(folders) > 1)


def require_group(found: Found, group: str, called: tuple[str, ...]) -> None:
    """Leave out the originals whose group no table tells.

    Args:
        found: what was found; it lists what is left out.
        group: the column whose values must not be in two parts.
        called: the columns that name files, which are groups too.

    Raises:
        ConfigError: there is no such column.
    """
    if group in called:
        return
    _require(group, _columns_of(found.originals) - {"label"}, "--group", called)
    for original in found.originals:
        if group not in original.values:
            found.skip(original.name, f"no {group} in its row, which --group wants")
    found.originals = [original for original in found.originals if group in original.values]


def _columns_of(originals: Sequence[Original]) -> set[str]:
    return {name for original in originals for name in original.values}


def _require(name: str, columns: set[str], option: str, words: tuple[str, ...]) -> None:
    if name not in columns:
        raise ConfigError(f"{option} {name!r} is no column: {nearest(name, [*words, *columns])}")


@dataclass(frozen=True)
class Allotment:
    """Class, part and columns of originals that could be used, in their order."""

    classes: tuple[str, ...]
    labels: np.ndarray
    """`(original,)` class index, or -1."""
    splits: np.ndarray
    """`(original,)` "train", "validation" or "test"."""
    group: str
    """The column whose values should not be in two parts."""
    columns: Columns
    notes: tuple[str, ...]


def allot(
    originals: Sequence[Original], labelling: Labelling, *, group: str, test: float, seed: int
) -> Allotment:
    """Decide on classes and parts.

    Args:
        originals: those that could be used, at least one.
        labelling: what tells the class.
        group: a column, or what names a file; its values must not be in two parts.
        test: share of the groups of each class that is for testing, where nothing says it.
        seed: of the draw.

    Returns:
        What was decided.
    """
    told = [labelling.of(original) for original in originals]
    classes = labelling.classes or _in_order({name for name in told if name is not None})
    labels = np.array([-1 if name is None else classes.index(name) for name in told])
    called = tuple(originals[0].names)
    columns = _columns(originals, labelling)
    stored = group if group in called else _stored(group, called)
    groups = np.array([str(value) for value in columns[stored][1]])
    drawn = not any(original.split for original in originals)
    if drawn:
        held = draw_groups(groups, labels, test, np.random.default_rng((seed, 0)))
        splits = np.where(held, "test", "train")
    else:
        splits = np.array([original.split or "train" for original in originals])
    notes = _notes(splits, columns, (stored, *called), drawn=drawn)
    return Allotment(classes, labels, splits, stored, columns, notes)


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Sort classes by name, or by number where all are numbers."""
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _stored(name: str, called: tuple[str, ...]) -> str:
    """Return what a table's column is called in the data set."""
    return f"{text(name)}_" if name in (*RESERVED, *called) else text(name)


def _columns(originals: Sequence[Original], labelling: Labelling) -> Columns:
    """Return names of files, and what a table says beside files, class and split."""
    called = tuple(originals[0].names)
    columns: Columns = {
        column: ("string", [original.names[column] for original in originals]) for column in called
    }
    for name in dict.fromkeys(name for original in originals for name in original.values):
        if name != "label" or labelling.column != "label":
            values = [original.values.get(name) for original in originals]
            columns[_stored(name, called)] = typed(values)
    return columns


def _notes(
    splits: np.ndarray, columns: Columns, kinds: tuple[str, ...], *, drawn: bool
) -> tuple[str, ...]:
    """Say how many groups each part has, and what two parts share.

    Args:
        splits: of each original.
        columns: of them.
        kinds: columns to look at, first the group.
        drawn: whether the parts were drawn.

    Returns:
        Notes for the card.
    """
    parts = {
        kind: {value: set[str]() for value in columns[kind][1]} for kind in dict.fromkeys(kinds)
    }
    for kind, places in parts.items():
        for value, split in zip(columns[kind][1], splits.tolist(), strict=True):
            places[value].add(split)
    group = kinds[0]
    numbers = Counter(split for places in parts[group].values() for split in places)
    of_each = ", ".join(f"{numbers[split]:,} for {split}" for split in SPLITS if split in numbers)
    notes = [f"{group}s: {of_each}"]
    for kind, places in parts.items():
        shared = sorted(str(value) for value, splits_ in places.items() if len(splits_) > 1)
        if shared:
            remedy = f": --group {kind} keeps them apart" if drawn else ""
            count = f"{len(shared):,} of {kind} are in two parts, such as {shared[0]}"
            notes.append(f"NOT a clean split: {count}{remedy}")
    why = f"no class has a second {group} to spare" if drawn else "nothing names one"
    for split, part in (("train", "training"), ("test", "test")):
        if split not in numbers:
            notes.append(f"NO {part} part: {why}")
    return tuple(notes)
