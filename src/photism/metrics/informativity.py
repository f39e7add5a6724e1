"""The protocol of informativity: how many pictures tell what is heard, over the epochs of training.

L. A. Fanzeres, C. Nadeu, "Sound-to-Imagination", 2021, arXiv:2106.01266, its evaluation: a binary
classifier for each class says whether a picture for a sound of this class is informative.
"""

from __future__ import annotations

import numpy as np

from photism.errors import ConfigError, DataError

WINDOW = 50
"""Epochs that a moving average is over."""
SKIPPED, BEFORE = 2, 5
"""Epochs after an update of the discriminator that are replaced, and those they are replaced by."""


def informativity(informative: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of informative pictures, class by class.

    Args:
        informative: what the classifier of the sound's class says of each picture, `(picture,)`
            bool.
        labels: class of each sound, `(picture,)`.
        classes: how many there are.

    Returns:
        `(class,)` in [0, 1], NaN for a class without sounds. The figure of a system is their mean
        (`mean_of_classes`), however many sounds each has.

    Raises:
        DataError: no pictures, or a label that is no class.
    """
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= classes:
        raise DataError(f"informativity needs pictures with labels from 0 to {classes - 1}")
    counts = np.bincount(labels, minlength=classes)
    told = np.bincount(labels, weights=informative, minlength=classes)
    return np.divide(told, counts, out=np.full(classes, np.nan), where=counts > 0)


def mean_of_classes(shares: np.ndarray) -> np.ndarray:
    """Return the mean over classes, `(…)` of `(…, class)`, without those that are NaN."""
    return np.nanmean(shares, axis=-1)


def without_upsets(
    values: np.ndarray, updated: np.ndarray, *, skipped: int = SKIPPED, before: int = BEFORE
) -> np.ndarray:
    """Replace the epochs right after each update of the discriminator, which upsets the generator.

    Args:
        values: of each epoch, `(epoch, …)`.
        updated: whether the discriminator was trained in an epoch, `(epoch,)` bool.
        skipped: epochs after such a one that are replaced.
        before: by the mean of as many epochs as this before them, as they stand after
            replacement; fewer at the beginning.

    Returns:
        `(epoch, …)`; an epoch that has none before it keeps its value.

    Raises:
        DataError: other numbers of epochs.
    """
    if len(values) != len(updated):
        raise DataError(f"{len(values)} epochs of values, {len(updated)} of updates")
    found = np.array(values, dtype=np.float64)
    recent = np.zeros(len(found), dtype=bool)
    for place in np.flatnonzero(updated):
        recent[place + 1 : place + 1 + skipped] = True
    starts = np.flatnonzero(recent & ~np.concatenate([[False], recent[:-1]]))
    for start in starts:
        stop = start + np.argmin(np.append(recent[start:], False))
        if start:
            found[start:stop] = found[max(0, start - before) : start].mean(axis=0)
    return found


def moving_average(values: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """Return means over `window` epochs that follow one another.

    Args:
        values: of each epoch, `(epoch, …)`.
        window: from 1 to the number of epochs.

    Returns:
        `(epoch - window + 1, …)`, the first of the first `window` epochs.

    Raises:
        ConfigError: a window that does not fit.
    """
    if not 1 <= window <= len(values):
        raise ConfigError(f"a moving average over {window} of {len(values)} epochs")
    views = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
    return views.mean(axis=-1)


def training_figures(
    shares: np.ndarray,
    updated: np.ndarray,
    *,
    first: int = 500,
    last: int = 4000,
    window: int = WINDOW,
) -> dict[str, float | list[float]]:
    """Return what the paper reports of the informativity of a training.

    Args:
        shares: of each epoch, `(epoch, class)`; epoch 1 is the first row.
        updated: whether the discriminator was trained in an epoch, `(epoch,)` bool.
        first: epoch that the mean begins with.
        last: epoch that it ends with; a training may end before.
        window: of the moving average.

    Returns:
        "mean" from `first` to `last` of the mean over classes; "best", the greatest moving average
        of that; and "best_by_class", of each class: "the maximum among the five sound classes" can
        be read either way.

    Raises:
        ConfigError: the training ends before `first`, or is shorter than `window`.
        DataError: other numbers of epochs.
    """
    if not 1 <= first <= min(last, len(shares)):
        raise ConfigError(f"a mean from epoch {first} to {last} of {len(shares)} epochs")
    calm = without_upsets(shares, updated)
    together = mean_of_classes(calm)
    return {
        "mean": float(together[first - 1 : last].mean()),
        "best": float(moving_average(together, window).max()),
        "best_by_class": moving_average(calm, window).max(axis=0).tolist(),
    }


def pixel_loss_figures(
    losses: dict[int, np.ndarray], window: int = WINDOW
) -> dict[int, tuple[np.ndarray, float]]:
    """Return the pixel loss of trainings that differ in the size of their embedding (figure 14).

    Args:
        losses: f to the mean pixel loss of each epoch, `(epoch,)`.
        window: of the moving average.

    Returns:
        f, rising, to the moving average `(epoch - window + 1,)` and the mean over the training.

    Raises:
        ConfigError: a training is shorter than `window`.
    """
    return {
        f: (moving_average(losses[f], window), float(np.mean(losses[f]))) for f in sorted(losses)
    }
