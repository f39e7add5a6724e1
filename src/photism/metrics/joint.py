"""A joint space of sounds and pictures, and how well what was made stands in it beside its origin.

Canonical correlations (Hotelling 1936, Relations between two sets of variates; with a ridge, Vinod
1976) find the directions in which the features of two judges vary together over real pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photism.errors import DataError
from photism.metrics.sound import Retrieval, retrieval

DIMENSIONS = 32
_RIDGE = 1e-2  # of the mean variance of a feature
_TINY = 1e-12


@dataclass(frozen=True)
class View:
    """The way of one medium's features into the joint space."""

    mean: np.ndarray
    """`(feature,)`."""
    directions: np.ndarray
    """`(feature, dimension)`, the strongest first."""

    def place(self, features: np.ndarray) -> np.ndarray:
        """Return unit vectors `(pair, dimension)` for features `(pair, feature)`."""
        placed = (np.asarray(features, np.float64) - self.mean) @ self.directions
        return placed / np.maximum(np.linalg.norm(placed, axis=1, keepdims=True), _TINY)


@dataclass(frozen=True)
class Joint:
    """Both ways into a joint space."""

    given: View
    made: View
    pairs: int
    """Real pairs it was fitted on."""


@dataclass(frozen=True)
class Agreement:
    """How what was made agrees with what it was made of, in a joint space.

    The names are those of the audio-image and image-image similarity of Sung-Bin et al. 2023
    (arXiv:2303.17490) and later work, which take them from embeddings of far larger data.
    """

    to_given: float
    """Mean cosine between what was given and what was made of it: AIS."""
    to_real: float
    """Mean cosine between what was made and what is real in its place: IIS."""
    retrieval: Retrieval
    """What is made, used to find what was given."""


def fit_joint(given: np.ndarray, made: np.ndarray, *, dimensions: int = DIMENSIONS) -> Joint:
    """Find the directions in which two sets of features vary together.

    Args:
        given: features of what a system is given, `(pair, feature)`, of real pairs.
        made: features of what it is to make, in the same order, `(pair, feature)`.
        dimensions: of the joint space, at most; never more than features of either.

    Returns:
        The space, each direction scaled by its correlation.

    Raises:
        DataError: the pairs differ in number, are fewer than two, or are not finite.
    """
    given, made = np.asarray(given, np.float64), np.asarray(made, np.float64)
    if len(given) != len(made) or len(given) < 2:
        raise DataError(f"{len(given)} and {len(made)} features are no pairs to compare")
    if not (np.isfinite(given).all() and np.isfinite(made).all()):
        raise DataError("features hold NaN or infinity: they cannot be compared")
    means = given.mean(axis=0), made.mean(axis=0)
    a, b = given - means[0], made - means[1]
    white_a, white_b = _whitener(a), _whitener(b)
    left, shared, right = np.linalg.svd(white_a @ (a.T @ b / len(a)) @ white_b)
    count = min(dimensions, len(shared))
    scale = np.sqrt(shared[:count])
    return Joint(
        View(means[0], white_a @ left[:, :count] * scale),
        View(means[1], white_b @ right[:count].T * scale),
        len(given),
    )


def agreement(joint: Joint, given: np.ndarray, made: np.ndarray, real: np.ndarray) -> Agreement:
    """Measure how what was made stands beside what it was made of.

    Args:
        joint: fitted on other pairs.
        given: features of what was given, `(pair, feature)`.
        made: features of what was made of it.
        real: features of what is real in its place.

    Returns:
        Cosines and ranks.

    Raises:
        DataError: the pairs differ in number.
    """
    origin, result = joint.given.place(given), joint.made.place(made)
    if len(origin) != len(result):
        raise DataError(f"{len(origin)} and {len(result)} features are no pairs to compare")
    return Agreement(
        to_given=float((origin * result).sum(axis=1).mean()),
        to_real=float((joint.made.place(real) * result).sum(axis=1).mean()),
        retrieval=retrieval(result, origin),
    )


def _whitener(centred: np.ndarray) -> np.ndarray:
    """Return the inverse root of the covariance, `(feature, feature)`, with a ridge."""
    covariance = centred.T @ centred / len(centred)
    values, vectors = np.linalg.eigh(covariance)
    values = np.clip(values, 0, None) + _RIDGE * max(float(values.mean()), _TINY)
    return (vectors / np.sqrt(values)) @ vectors.T
