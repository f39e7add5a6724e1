"""Several prepared data sets as one: training reads one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from photism.data.card import Card
from photism.data.pairs import PairDataset
from photism.data.prepare import require_replaceable
from photism.data.progress import track
from photism.data.splits import SPLITS
from photism.data.writer import PairWriter
from photism.errors import DataError
from photism.files import require_room
from photism.terminal import printable

SOURCE = "source"
"""The column that says which set a pair is from: the name of its folder."""
_CHUNK = 1024


def join(folders: Sequence[Path], out: Path) -> Card:
    """Write all pairs of several sets into one, sounds and pictures as they are.

    A pair keeps the columns that all sets have. Its key begins with the name of its set's folder,
    which also stands in the column `source`.

    Args:
        folders: prepared sets of one form: front end, sizes, classes, and what they are split by.
        out: where the joined set goes, replacing an earlier one only when complete.

    Returns:
        The card as written.

    Raises:
        DataError: a set is missing or damaged, or does not fit the first.
        StorageError: the folder cannot be written, holds something else, or the disk is too full.
    """
    cards = _cards(folders)
    first, *others = cards.values()
    if any(out.resolve() == folder.resolve() for folder in folders):
        raise DataError(f"{out} is one of the sets to join: choose another folder")
    require_replaceable(out)
    for folder, card in zip(folders[1:], others, strict=True):
        _require_alike(folders[0], first, folder, card)
    parts = {
        (name, split): PairDataset(folder, split, needs=card.holds)
        for folder, (name, card) in zip(folders, cards.items(), strict=True)
        for split in SPLITS
        if split in card.counts
    }
    _require_apart(parts)
    require_room(out.parent, sum(p.stat().st_size for f in folders for p in f.glob("*.arrow")))
    card = _joined(cards)
    with PairWriter(out, card) as writer:
        for (name, split), pairs in parts.items():
            _copy(pairs, name, split, writer)
    return Card.read(out)


def _cards(folders: Sequence[Path]) -> dict[str, Card]:
    """Return the cards by the names of their folders."""
    if len(folders) < 2:
        raise DataError("name two prepared data sets or more to join")
    cards = {printable(folder.resolve().name): Card.read(folder) for folder in folders}
    if len(cards) < len(folders):
        raise DataError("two sets to join have folders of one name: rename one, it names its pairs")
    for name, card in cards.items():
        if SOURCE in card.columns:
            raise DataError(f"{name} is joined already: join what it was made of instead")
    return cards


def _require_alike(first: Path, usual: Card, folder: Path, card: Card) -> None:
    """Raise a DataError that says in what two sets differ."""
    for what, mine, others in (
        ("sounds", usual.sound, card.sound),
        ("pictures", usual.image, card.image),
        ("front end", usual.front_end, card.front_end),
        ("classes", usual.classes, card.classes),
        ("column that they are split by:", usual.group, card.group),
        ("kind of the column", usual.columns.get(usual.group), card.columns.get(card.group)),
    ):
        if mine != others:
            raise DataError(
                f"{folder} does not fit {first}: {what} {_short(others)}, not {_short(mine)}"
            )
    ours, theirs = usual.front_end_config, card.front_end_config
    differ = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
    if differ:
        raise DataError(
            f"{folder} does not fit {first}: their front ends differ in {', '.join(differ)};"
            " prepare both with the same version and options"
        )


def _short(value: Any) -> str:
    if hasattr(value, "shape"):
        return "×".join(map(str, value.shape)) + f" {value.dtype}"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return printable(text if len(text) <= 60 else text[:59] + "…") or "none"


def _require_apart(parts: dict[tuple[str, str], PairDataset]) -> None:
    """Raise a DataError where a group would be both learnt from and judged by."""
    places: dict[Any, tuple[str, str]] = {}
    for (name, split), pairs in parts.items():
        for group in np.unique(pairs.column(pairs.card.group)).tolist():
            before, where = places.setdefault(group, (split, name))
            if before != split:
                raise DataError(
                    f"{pairs.card.group} {printable(str(group))} is for {before} in {where} and for"
                    f" {split} in {name}: prepare them with the same split"
                )


def _joined(cards: dict[str, Card]) -> Card:
    """Return the card of all, without counts and checksums."""
    first, *others = cards.values()
    shared = {
        name: kind
        for name, kind in first.columns.items()
        if all(card.columns.get(name) == kind for card in others)
    }
    notes = []
    for name, card in cards.items():
        counts = ", ".join(f"{sum(n.values()):,} for {s}" for s, n in card.counts.items())
        dropped = sorted(set(card.columns) - set(shared))
        left = f"; columns left out: {', '.join(dropped)}" if dropped else ""
        notes += [f"{name}: {counts} pairs of {card.name}{left}"]
        notes += [f"{name}: {note}" for note in card.notes]
    return replace(
        first,
        name="joined",
        description=" + ".join(card.description for card in cards.values()),
        licence="; ".join(dict.fromkeys(card.licence for card in cards.values())),
        columns={**shared, SOURCE: "string"},
        seed=0,
        options={
            name: {"name": card.name, "seed": card.seed, **card.options}
            for name, card in cards.items()
        },
        notes=tuple(notes),
        skipped=tuple(
            {**file, "file": f"{name}: {file['file']}"}
            for name, card in cards.items()
            for file in card.skipped
        ),
        counts={},
        shards={},
    )


def _copy(pairs: PairDataset, name: str, split: str, writer: PairWriter) -> None:
    """Write the pairs of one split of one set."""
    columns = {column: pairs.column(column) for column in writer.card.columns if column != SOURCE}
    keys = pairs.column("key")
    chunks = np.array_split(np.arange(len(pairs)), -(-len(pairs) // _CHUNK))
    for rows in track(chunks, f"{name}, {split}", len(chunks)):
        writer.write(
            split,
            sound=pairs.sounds(rows),
            image=pairs.images(rows) if "image" in pairs.card.holds else None,
            label=pairs.labels[rows],
            key=[f"{name}/{key}" for key in keys[rows]],
            columns={
                **{column: values[rows] for column, values in columns.items()},
                SOURCE: [name] * len(rows),
            },
        )
