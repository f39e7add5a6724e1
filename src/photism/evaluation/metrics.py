"""Numbers about pictures: features → statistics → number, as pure functions in double precision.

Nothing here knows a judge, a system or a data set. Features are `(picture, feature)`, labels and
predictions `(picture,)` class indices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photism.errors import DataError

_CHUNK = 1024


@dataclass(frozen=True)
class Gaussian:
    """Mean `(feature,)` and covariance `(feature, feature)` of `count` feature vectors."""

    mean: np.ndarray
    covariance: np.ndarray
    count: int


@dataclass(frozen=True)
class Interval:
    """A measured value with the bounds of its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Diversity:
    """Spread of generated pictures within their class, as a share of that of real ones.

    0 is one archetype for each class, 1 as diverse as reality. `per_class` maps class indices to
    ratios, without classes of fewer than two pictures; `value` is their mean, None if there are
    none.
    """

    value: float | None
    per_class: dict[int, float]


def gaussian(features: np.ndarray) -> Gaussian:
    """Fit a Gaussian to features, covariance unbiased.

    Args:
        features: `(picture, feature)`, at least two pictures.

    Returns:
        Mean and covariance in float64.

    Raises:
        DataError: fewer than two pictures, or a feature that is not a number.
    """
    features = np.asarray(features, np.float64)
    if len(features) < 2:
        raise DataError(f"a covariance needs at least 2 pictures, not {len(features)}")
    if not np.isfinite(features).all():
        raise DataError("features hold NaN or infinity: the generated pictures are not finite")
    covariance = np.atleast_2d(np.cov(features, rowvar=False))
    return Gaussian(features.mean(axis=0), covariance, len(features))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """Squared Fréchet distance of two Gaussians (Dowson & Landau 1982; Heusel et al. 2017, eq. 6).

    ‖m_a − m_b‖² + tr(C_a + C_b − 2 (C_a C_b)^½), where the trace of the root is the sum of the
    singular values of C_a^½ C_b^½: no root of a matrix that is not symmetric, and singular
    covariances (features that are never active) need no correction.

    Args:
        a: one Gaussian.
        b: another of as many features.

    Returns:
        >= 0; 0 for equal Gaussians, the same if they change places.

    Raises:
        DataError: the features differ in number.
    """
    if a.mean.shape != b.mean.shape:
        raise DataError(f"{a.mean.size} features against {b.mean.size} cannot be compared")
    overlap = np.linalg.svd(_root(a.covariance) @ _root(b.covariance), compute_uv=False).sum()
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2 * overlap
    return float(max(0.0, np.square(a.mean - b.mean).sum() + spread))


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count pictures by true class (row) and judged class (column): `(class, class)` int64."""
    flat = np.bincount(np.asarray(labels) * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy_interval(
    right: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Accuracy with a bootstrap interval that resamples groups, not pictures.

    Pairs that share a recording stand or fall together; resampling pictures would take ten
    thousand pairs of two hundred recordings for ten thousand independent trials.

    Args:
        right: whether each picture was judged right, `(picture,)` bool.
        groups: what each picture shares with others, such as its recording, `(picture,)`.
        seed: of the resampling.
        resamples: number of bootstrap samples.
        level: confidence level, such as 0.95.

    Returns:
        The share of right pictures and the percentile interval.

    Raises:
        DataError: there are no pictures.
    """
    if len(right) == 0:
        raise DataError("no pictures to measure an accuracy on")
    group, size = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    hits = np.bincount(group, weights=right)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), size=resamples)
    rates = (draws @ hits) / (draws @ size)
    low, high = np.quantile(rates, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.mean(right)), float(low), float(high))


def group_accuracy(right: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Return the accuracy of each group, such as a recording, in the order of their names."""
    names, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    rates = np.bincount(group, weights=right) / size
    return {str(name): float(rate) for name, rate in zip(names, rates, strict=True)}


def mean_pairwise_distance(points: np.ndarray) -> float:
    """Mean Euclidean distance over all pairs of different rows, exact, in blocks.

    Args:
        points: `(picture, …)`, at least two pictures.

    Returns:
        >= 0; 0 if all pictures are equal.

    Raises:
        DataError: fewer than two pictures.
    """
    count = len(points)
    if count < 2:
        raise DataError(f"a distance needs at least 2 pictures, not {count}")
    flat = np.asarray(points, np.float64).reshape(count, -1)
    flat = flat - flat[0]  # equal pictures become exact zeros, whatever their brightness
    norms = np.square(flat).sum(axis=1)
    total = 0.0
    for start in range(0, count, _CHUNK):
        block = slice(start, start + _CHUNK)
        squared = norms[block, None] + norms[start:] - 2 * flat[block] @ flat[start:].T
        distance = np.sqrt(np.clip(squared, 0, None))
        here = distance[:, : len(distance)]
        np.fill_diagonal(here, 0)
        total += here.sum() / 2 + distance[:, len(distance) :].sum()
    return float(total / (count * (count - 1) / 2))


def diversity(generated: np.ndarray, real: np.ndarray, labels: np.ndarray) -> Diversity:
    """Mean pairwise distance within a class, generated over real.

    Args:
        generated: pictures or their features, `(picture, …)`.
        real: real ones of the same classes, `(picture, …)`.
        labels: class of each generated picture and of the real one in its place; -1 is left out.

    Returns:
        The ratio of every class, and their mean.
    """
    ratios = {}
    for label in np.unique(labels[labels >= 0]):
        rows = np.flatnonzero(labels == label)
        if len(rows) > 1 and (reality := mean_pairwise_distance(real[rows])) > 0:
            ratios[int(label)] = mean_pairwise_distance(generated[rows]) / reality
    return Diversity(float(np.mean(list(ratios.values()))) if ratios else None, ratios)
