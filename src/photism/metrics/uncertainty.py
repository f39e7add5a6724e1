"""How unsure a translation is, and whether being unsure goes with being wrong.

Several outputs for one input differ where the system is unsure (Gal & Ghahramani 2016,
arXiv:1506.02142, for dropout that stays on; latent vectors and noise are the same idea). A number
for each output means something if leaving out the least sure ones raises the accuracy of the rest:
the curve of accuracy over the share answered, and its area (Geifman & El-Yaniv 2017,
arXiv:1705.08500).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photism.errors import DataError
from photism.metrics.features import Interval

LEAST_SAMPLES = 2
CURVE_POINTS = 101


def spread_map(samples: np.ndarray) -> np.ndarray:
    """Return how far samples differ, pixel by pixel.

    Args:
        samples: `(sample, …, channel, height, width)` in [-1, 1], at least `LEAST_SAMPLES`.

    Returns:
        `(…, height, width)` in [0, 1]: standard deviation over samples (of n, not n - 1), its
        root mean square over channels. 1 is black half of the time and white the other half.

    Raises:
        DataError: fewer samples, or values that are not numbers.
    """
    if len(samples) < LEAST_SAMPLES:
        raise DataError(f"a spread needs {LEAST_SAMPLES} samples, not {len(samples)}")
    if not np.isfinite(samples).all():
        raise DataError("samples that are not numbers (NaN or infinite) have no spread")
    return np.sqrt(samples.var(axis=0, dtype=np.float64).mean(axis=-3))


def spread_number(spread: np.ndarray) -> np.ndarray:
    """Return one number for each map of a spread: its root mean square over the pixels.

    Its square is the mean squared distance of samples from their mean, a pixel.

    Args:
        spread: `(…, height, width)`, as `spread_map` returns it.

    Returns:
        `(…)` in [0, 1].
    """
    return np.sqrt(np.square(spread).mean(axis=(-2, -1)))


def predictive_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Return the entropy of what a classifier makes of several samples together.

    High where it is unsure of each, and where it is sure of each but samples disagree (Gal &
    Ghahramani 2016).

    Args:
        probabilities: `(sample, row, class)`.

    Returns:
        `(row,)` in [0, 1]: nats over the logarithm of the number of classes.
    """
    mean = probabilities.mean(axis=0)
    terms = mean * np.log(np.clip(mean, np.finfo(np.float64).tiny, None))
    return -terms.sum(axis=1) / np.log(max(2, mean.shape[1]))


@dataclass(frozen=True)
class Selective:
    """What is gained by answering only where a system is sure."""

    share: tuple[float, ...]
    """Of the rows that are answered, the surest ones, from few to all."""
    accuracy: tuple[float, ...]
    """Among those."""
    ideal: tuple[float, ...]
    """The same if every wrong row were less sure than every right one."""
    area: float
    """Under `accuracy` by share (1 - AURC); the accuracy of all where the number means nothing."""
    ideal_area: float
    auroc: Interval | None
    """Chance that a wrong row is less sure than a right one, 0.5 where the number means nothing;
    its 95 % interval resamples groups. None where all rows are right, or all wrong."""

    def answering(self, share: float) -> float:
        """Return the accuracy where a share of the rows, above 0, is answered."""
        return float(np.interp(share, self.share, self.accuracy))


def selective(
    unsure: np.ndarray,
    right: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    resamples: int = 1000,
) -> Selective:
    """Hold an uncertainty against what is right and wrong.

    Rows that are equally unsure are answered together: each counts as right as they are on average.

    Args:
        unsure: a number for each row, higher where less sure, `(row,)`.
        right: whether a row is right, `(row,)` bool.
        groups: what a row shares with others, such as its recording, `(row,)`.
        seed: of the resampling.
        resamples: number of bootstrap samples.

    Returns:
        The curves and their areas (Geifman & El-Yaniv 2017; the ideal curve: Geifman, Uziel &
        El-Yaniv 2019, arXiv:1805.08206).

    Raises:
        DataError: no rows, or an uncertainty that is not a number.
    """
    if len(right) == 0 or not np.isfinite(unsure).all():
        raise DataError("a curve over the share answered needs rows, each with a number")
    accuracy = _accuracies(unsure, right)
    ideal = _accuracies(~right, right)
    places = np.unique(np.ceil(np.linspace(0, 1, CURVE_POINTS)[1:] * len(right)).astype(int))
    return Selective(
        share=tuple((places / len(right)).tolist()),
        accuracy=tuple(accuracy[places - 1].tolist()),
        ideal=tuple(ideal[places - 1].tolist()),
        area=float(accuracy.mean()),
        ideal_area=float(ideal.mean()),
        auroc=_auroc_interval(unsure, right, groups, seed, resamples),
    )


def auroc(unsure: np.ndarray, right: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Return the chance that a wrong row is less sure than a right one; half of the ties count.

    Args:
        unsure: `(row,)`.
        right: `(row,)` bool.
        weights: of the rows, not negative; all alike by default.

    Returns:
        The area under the ROC curve of telling wrong from right; None without either.
    """
    weight = np.ones(len(right)) if weights is None else weights
    level = np.unique(unsure, return_inverse=True)[1]
    rights = np.bincount(level, weights=weight * right)
    wrongs = np.bincount(level, weights=weight * ~right)
    pairs = rights.sum() * wrongs.sum()
    if not pairs:
        return None
    below = np.cumsum(rights) - rights / 2
    return float((wrongs * below).sum() / pairs)


def _accuracies(unsure: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the accuracy of the 1, 2, … surest rows, `(row,)`."""
    order = np.argsort(unsure, kind="stable")
    level = np.unique(unsure[order], return_inverse=True)[1]
    means = np.bincount(level, weights=right[order]) / np.bincount(level)
    return np.cumsum(means[level]) / np.arange(1, len(right) + 1)


def _auroc_interval(
    unsure: np.ndarray, right: np.ndarray, groups: np.ndarray, seed: int, resamples: int
) -> Interval | None:
    value = auroc(unsure, right)
    if value is None:
        return None
    names, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    shares = np.full(len(names), 1 / len(names))
    draws = rng.multinomial(len(names), shares, size=resamples)
    found = [auroc(unsure, right, draw[group].astype(float)) for draw in draws]
    low, high = np.quantile([one for one in found if one is not None], [0.025, 0.975])
    return Interval(value, float(low), float(high))
