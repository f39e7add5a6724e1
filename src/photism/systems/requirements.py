"""What systems want of the pairs they are to be trained on, checked before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photism.errors import ConfigError, DataError

if TYPE_CHECKING:
    from photism.data.pairs import PairDataset


def require_classes(dataset: PairDataset, classes: int, title: str) -> None:
    """Check that all pairs have a class, for systems that learn from classes.

    Args:
        dataset: pairs to train on.
        classes: that the system is built for.
        title: of the system, for people.

    Raises:
        ConfigError: the system is built for another number of classes.
        DataError: a pair has no class.
    """
    card = dataset.card
    if not card.classes:
        raise DataError(
            f"{dataset.folder} names no classes, and {title} learns from them: prepare pairs that"
            " have some"
        )
    if len(card.classes) != classes:
        raise ConfigError(
            f"{dataset.folder} has {len(card.classes)} classes, the system is built for {classes}:"
            f" add --set classes={len(card.classes)}"
        )
    if dataset.labels.min() < 0 or dataset.labels.max() >= classes:
        raise DataError(f"{dataset.folder} has pairs whose class is none of its {classes}")


def require_colour(dataset: PairDataset, title: str) -> None:
    """Check that pictures are in colour.

    Args:
        dataset: pairs to train on.
        title: of the system, for people.

    Raises:
        DataError: they are grey.
    """
    if dataset.card.image.shape[-1] != 3:
        raise DataError(f"{dataset.folder} has grey pictures: {title} wants colour")
