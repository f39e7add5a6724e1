"""Which pairs are held out: whole groups, so that nothing is judged by what it was learnt from."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

SPLITS = ("train", "validation", "test")
_CALLED = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


def split_called(name: str) -> str | None:
    """Return the split that a word or a folder's name means: "val" is validation."""
    return _CALLED.get(name.strip().lower())


def parts_of(folder: PurePath) -> tuple[str | None, str | None]:
    """Return what the folders above a file say of it.

    Args:
        folder: from the data set's folder, such as `train/violin`.

    Returns:
        The split, where a folder is called like one, and the class: the innermost other folder.
    """
    splits = [split for part in folder.parts if (split := split_called(part))]
    others = [part for part in folder.parts if not split_called(part)]
    return (splits[0] if splits else None), (others[-1] if others else None)


def draw_groups(
    groups: np.ndarray, labels: np.ndarray, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw the groups to hold out, class by class, so that no group is on both sides.

    A group that belongs to several classes, such as a speaker of ten digits, is held out from all
    of them or from none, and counts in each.

    Args:
        groups: `(pair,)`, what each belongs to: a recording, a speaker, a video.
        labels: `(pair,)` class indices.
        fraction: of each class's groups, in [0, 1); at least one if above 0. One is always left
            to train on, so a class of a single group gives none.
        rng: of the draw.

    Returns:
        `(pair,)` bool, true for pairs of the groups held out.
    """
    names, group = np.unique(groups, return_inverse=True)
    kinds, label = np.unique(labels, return_inverse=True)
    member = np.zeros((len(names), len(kinds)), bool)
    member[group, label] = True
    held = np.zeros(len(names), bool)
    left = member.sum(axis=0)  # groups of each class that are not held out
    decided = np.zeros(len(names), bool)
    for kind in range(len(kinds) if fraction > 0 else 0):
        of_class = np.flatnonzero(member[:, kind])
        wanted = max(1, round(fraction * len(of_class))) - int(held[of_class].sum())
        for name in rng.permutation(of_class):
            if wanted > 0 and not decided[name] and (left[member[name]] > 1).all():
                held[name] = True
                left -= member[name]
                wanted -= 1
        decided[of_class] = True
    return held[group]
