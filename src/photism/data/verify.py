"""Check prepared data against its card: every file, every count, no group in two splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from photism.data.card import Card
from photism.data.pairs import PairDataset
from photism.data.progress import track
from photism.errors import DataError
from photism.files import sha256


def verify(folder: Path) -> list[str]:
    """Compare a prepared data set with what its card says.

    Args:
        folder: the prepared folder.

    Returns:
        What is wrong, one line each that names the file; empty if all is well.

    Raises:
        DataError: the folder is no prepared data set.
    """
    card = Card.read(folder)
    problems = []
    for name, shard in track(card.shards.items(), "checksums", len(card.shards)):
        path = folder / name
        if not path.is_file():
            problems.append(f"{path} is missing")
        elif sha256(path) != shard["sha256"]:
            problems.append(f"{path} is damaged: its SHA-256 is not the one in the card")
    if problems:
        return problems
    groups: dict[str, set[str]] = {}
    for split, expected in card.counts.items():
        try:
            dataset = PairDataset(folder, split, needs=())
        except DataError as error:
            problems.append(str(error))
            continue
        if (counts := _counts(dataset)) != expected:
            problems.append(f"{folder} {split}: counts {counts}, the card says {dict(expected)}")
        if len(set(dataset.column("key").tolist())) < len(dataset):
            problems.append(f"{folder} {split}: two pairs have the same key")
        groups[split] = set(dataset.column(card.group).tolist())
    return problems + _leaks(folder, card, groups)


def _counts(dataset: PairDataset) -> dict[str, int]:
    """Count pairs by class, as a card does."""
    classes = dataset.card.classes
    counts = dict.fromkeys(classes, 0)
    for label, count in zip(*np.unique(dataset.labels, return_counts=True), strict=True):
        name = classes[label] if 0 <= label < len(classes) else "unlabelled"
        counts[name] = counts.get(name, 0) + int(count)
    return counts


def _leaks(folder: Path, card: Card, groups: dict[str, set[str]]) -> list[str]:
    """Name groups that two splits share, which makes the one no judge of the other."""
    problems = []
    splits = list(groups)
    for index, first in enumerate(splits):
        for second in splits[index + 1 :]:
            if shared := groups[first] & groups[second]:
                problems.append(
                    f"{folder}: {len(shared):,} of {card.group} are in {first} and in {second},"
                    f" such as {min(shared)!r}"
                )
    return problems
