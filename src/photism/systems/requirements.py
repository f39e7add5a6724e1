"""What systems want of the pairs they are to be trained on, checked before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photism.errors import ConfigError, DataError

if TYPE_CHECKING:
    from photism.data.pairs import PairDataset
    from photism.systems.base import System


def require_classes(dataset: PairDataset, classes: int, title: str, *, hint: str = "") -> None:
    """Check that all pairs have a class, for systems that learn from classes.

    Args:
        dataset: pairs to train on.
        classes: that the system is built for.
        title: of the system, for people.
        hint: what else would do, such as ", or add …".

    Raises:
        ConfigError: the system is built for another number of classes.
        DataError: a pair has no class.
    """
    card = dataset.card
    if not card.classes:
        raise DataError(
            f"{dataset.folder} names no classes, and {title} learns from them: prepare pairs that"
            f" have some{hint}"
        )
    if len(card.classes) != classes:
        raise ConfigError(
            f"{dataset.folder} has {len(card.classes)} classes, the system is built for {classes}:"
            f" add --set classes={len(card.classes)}"
        )
    if dataset.labels.min() < 0 or dataset.labels.max() >= classes:
        raise DataError(f"{dataset.folder} has pairs whose class is none of its {classes}")


def require_shapes(dataset: PairDataset, system: System) -> None:
    """Check that sounds and pictures are of the shape that a system has them in.

    Args:
        dataset: pairs to train on.
        system: what is to be trained; height and width are its own affair where it `resizes`.

    Raises:
        DataError: they are of another.
    """
    card, name = dataset.card, {"sound": "sounds", "image": "pictures"}
    height, width, channel = card.image.shape
    given = {"sound": card.sound.shape, "image": (channel, height, width)}
    for medium in card.holds:
        wanted = system.shape(medium)
        compared = slice(1) if medium in system.resizes else slice(3)
        if given[medium][compared] != wanted[compared]:
            has, wants = (" × ".join(map(str, shape)) for shape in (given[medium], wanted))
            raise DataError(
                f"{dataset.folder} has {name[medium]} of {has} (channel × height × width),"
                f" {system.title} wants {wants}: prepare the data with --for {system.name}"
            )
