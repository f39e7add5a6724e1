"""Numbers about pictures: features → statistics → number, as pure functions in double precision.

Nothing here knows a judge, a system or a data set. Features are `(picture, feature)`, labels and
predictions `(picture,)` class indices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from photism.errors import DataError

_CHUNK = 1024
NEIGHBOURS = 3
SPLITS = 10
LEAST_PAIRS = max(SPLITS, 2 * (NEIGHBOURS + 1))
"""Pictures that all figures can be taken of; precision and recall also of two halves."""
WHOLE = 2000
"""Pictures, at most, whose distances to each other are taken where there are no classes."""


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
class Estimate:
    """Mean and standard deviation of a figure over subsets of the pictures."""

    value: float
    deviation: float


@dataclass(frozen=True)
class PrecisionRecall:
    """Share of generated pictures that could be real, and of real ones that could be generated."""

    precision: float
    recall: float


@dataclass(frozen=True)
class Diversity:
    """Spread of generated pictures within their class, as a share of that of real ones.

    0 is one archetype for each class, 1 as diverse as reality. `per_class` maps class indices to
    ratios, without classes of fewer than two pictures; `value` is their mean, or the ratio of all
    pictures where there are no classes, None if there is nothing to compare.
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


def kernel_distance(
    a: np.ndarray, b: np.ndarray, *, seed: int, subsets: int = 100, size: int = 1000
) -> Estimate:
    """Squared maximum mean discrepancy, KID on Inception features (Bińkowski et al. 2018, §4).

    The kernel is (x·y / features + 1)³, the estimate unbiased: it has the same mean for any number
    of pictures, and chance can make it a little less than 0.

    Args:
        a: features, `(picture, feature)`.
        b: other features, the pictures may differ in number.
        seed: of the choice of subsets.
        subsets: so many are drawn from each, and their distances averaged.
        size: pictures in a subset; where both have no more, all are taken, once.

    Returns:
        About 0 where both are of one distribution; the deviation is that between subsets.

    Raises:
        DataError: fewer than two pictures, or the features differ in number or are not finite.
    """
    a, b = _comparable(a, b, least=2)
    subsets = subsets if max(len(a), len(b)) > size else 1
    rng = np.random.default_rng(seed)
    values = [
        _discrepancy(*(x[rng.permutation(len(x))[:size]] for x in (a, b))) for _ in range(subsets)
    ]
    return Estimate(float(np.mean(values)), float(np.std(values)))


def _discrepancy(a: np.ndarray, b: np.ndarray) -> float:
    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def among(x: np.ndarray) -> float:
        products = kernel(x, x)
        return (products.sum() - np.trace(products)) / (len(x) * (len(x) - 1))

    return among(a) + among(b) - 2 * kernel(a, b).mean()


def precision_recall(
    generated: np.ndarray,
    real: np.ndarray,
    *,
    groups: tuple[np.ndarray, np.ndarray] | None = None,
    neighbours: int = NEIGHBOURS,
) -> PrecisionRecall:
    """Improved precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1 and 2).

    Precision is the share of generated pictures that lie in the ball of some real one, whose
    radius reaches to its third nearest real neighbour; recall is the same with places changed.
    Pictures a moment apart are nearly one: with `groups`, neighbours are sought in other groups
    only, else a ball would reach no further than to the next moment of the same performance.

    Args:
        generated: features, `(picture, feature)`.
        real: features of real pictures.
        groups: what each generated and each real picture shares with others, such as its
            performance.
        neighbours: the ball reaches to so many.

    Returns:
        Both in [0, 1].

    Raises:
        DataError: not more pictures, or pictures of other groups, than neighbours, or the features
            differ in number or are not finite.
    """
    generated, real = _comparable(generated, real, least=neighbours + 1)
    origin = real[0]
    generated, real = generated - origin, real - origin  # equal pictures are at exact zeros
    own = groups or (np.arange(len(generated)), np.arange(len(real)))
    return PrecisionRecall(
        _share_inside(generated, real, _radii(real, own[1], neighbours)),
        _share_inside(real, generated, _radii(generated, own[0], neighbours)),
    )


def _radii(centres: np.ndarray, groups: np.ndarray, neighbours: int) -> np.ndarray:
    """Return squared distances to the nearest but so many centres of other groups."""
    radii = []
    for start, block in _squared(centres, centres):
        block[groups[start : start + _CHUNK, None] == groups] = np.inf
        radii.append(np.partition(block, neighbours - 1, axis=1)[:, neighbours - 1])
    if not np.isfinite(found := np.concatenate(radii)).all():
        raise DataError(
            f"precision and recall need {neighbours} pictures outside of every group of pictures:"
            " take more pairs"
        )
    return found


def _share_inside(points: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> float:
    """Return the share of points inside at least one ball around the centres."""
    inside = [(block <= radii).any(axis=1) for _, block in _squared(points, centres)]
    return float(np.concatenate(inside).mean())


def _squared(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield squared distances from the rows of `a` to those of `b`, with each block's first row."""
    norms = np.square(b).sum(axis=1)
    for start in range(0, len(a), _CHUNK):
        block = a[start : start + _CHUNK]
        squared = np.square(block).sum(axis=1)[:, None] + norms - 2 * block @ b.T
        yield start, np.clip(squared, 0, None)


def _comparable(a: np.ndarray, b: np.ndarray, *, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both in double precision; a DataError says why they cannot be compared."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape[1] != b.shape[1]:
        raise DataError(f"{a.shape[1]} features against {b.shape[1]} cannot be compared")
    if (fewest := min(len(a), len(b))) < least:
        raise DataError(f"a comparison needs at least {least} pictures on each side, not {fewest}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("features hold NaN or infinity: the generated pictures are not finite")
    return a, b


def inception_score(probabilities: np.ndarray, *, seed: int, splits: int = SPLITS) -> Estimate:
    """Inception score (Salimans et al. 2016, arXiv:1606.03498, §4), of any classifier.

    exp E KL(p(y|x) ‖ p(y)): each picture clearly of one class, all classes equally often.

    Args:
        probabilities: of a classifier, `(picture, class)`.
        seed: of the order, since pictures that lie together are of one class.
        splits: parts that are scored on their own; the score is their mean.

    Returns:
        From 1 to the number of classes.

    Raises:
        DataError: fewer pictures than splits.
    """
    if len(probabilities) < splits:
        raise DataError(
            f"a score of {splits} splits needs at least {splits} pictures, not {len(probabilities)}"
        )
    shuffled = np.random.default_rng(seed).permutation(np.asarray(probabilities, np.float64))
    scores = []
    for part in np.array_split(shuffled, splits):
        marginal = part.mean(axis=0)
        ratio = np.divide(part, marginal, out=np.ones_like(part), where=part > 0)
        scores.append(np.exp((part * np.log(ratio)).sum(axis=1).mean()))
    return Estimate(float(np.mean(scores)), float(np.std(scores)))


def within_class_r2(predicted: np.ndarray, actual: np.ndarray, labels: np.ndarray) -> float | None:
    """Share of a factor's variance within its class that a prediction explains.

    The mean that a prediction has to beat is that of the class: to know the class alone scores 0.

    Args:
        predicted: `(picture,)`.
        actual: `(picture,)`, in the same unit.
        labels: class of each picture.

    Returns:
        1 − Σ (actual − predicted)² / Σ (actual − mean of its class)², at most 1; None if the factor
        varies within no class.
    """
    classes = np.unique(labels, return_inverse=True)[1]
    actual = np.asarray(actual, np.float64)
    means = np.bincount(classes, weights=actual) / np.bincount(classes)
    spread = np.square(actual - means[classes]).sum()
    if spread <= 1e-12 * np.square(actual).sum():
        return None
    return float(1 - np.square(actual - predicted).sum() / spread)


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


def diversity(generated: np.ndarray, real: np.ndarray, labels: np.ndarray | None) -> Diversity:
    """Mean pairwise distance within a class, generated over real.

    Args:
        generated: pictures or their features, `(picture, …)`.
        real: real ones of the same classes, `(picture, …)`.
        labels: class of each generated picture and of the real one in its place; -1 is left out.
            None takes all pictures together, `WHOLE` of them at most, evenly spaced.

    Returns:
        The ratio of every class, and their mean.
    """
    if labels is None:
        rows = np.unique(np.linspace(0, len(real) - 1, min(len(real), WHOLE)).round().astype(int))
        return Diversity(_ratio(generated[rows], real[rows]), {})
    ratios = {}
    for label in np.unique(labels[labels >= 0]):
        rows = np.flatnonzero(labels == label)
        if (ratio := _ratio(generated[rows], real[rows])) is not None:
            ratios[int(label)] = ratio
    return Diversity(float(np.mean(list(ratios.values()))) if ratios else None, ratios)


def _ratio(generated: np.ndarray, real: np.ndarray) -> float | None:
    """Return the mean distance over that of real pictures; None if these do not differ."""
    if len(real) < 2 or (reality := mean_pairwise_distance(real)) == 0:
        return None
    return mean_pairwise_distance(generated) / reality
