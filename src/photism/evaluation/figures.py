"""From what is seen in pictures to the figures of one output.

Figures on the features of a judge are named after it, FD(judge), KD(judge), IS(judge); the names
FID, KID and IS are Inception's alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photism.evaluation.observe import Seen
from photism.metrics.features import (
    Diversity,
    Estimate,
    Interval,
    accuracy_interval,
    diversity,
    frechet_distance,
    gaussian,
    inception_score,
    kernel_distance,
    precision_recall,
    within_class_r2,
)
from photism.metrics.joint import Agreement
from photism.metrics.sound import paired_kl


@dataclass(frozen=True)
class Truth:
    """What is known of the pairs, a row for each."""

    classes: tuple[str, ...]
    """Of the data; none if it has none."""
    labels: np.ndarray
    """Class of every pair, `(pair,)`; -1 is unlabelled."""
    groups: np.ndarray
    """What a pair shares with others, such as its recording."""
    silent: np.ndarray | None
    """Whether nothing sounds, `(pair,)` bool; None if the data does not say."""
    factors: np.ndarray | None
    """`(pair, factor)`, NaN where there is none; None if the judge reads none of the data's."""
    factor_names: tuple[str, ...]
    seed: int
    """Of resampling, subsets and halves."""

    @property
    def labelled(self) -> np.ndarray:
        """Whether a pair has a class, `(pair,)` bool."""
        return self.labels >= 0

    @property
    def known(self) -> bool:
        """Whether there is any class to be right or wrong about."""
        return bool(self.labelled.any())


@dataclass(frozen=True)
class ClassFigures:
    """How often the class of a pair was recognised, by a judge or by the system's listener.

    Pairs without a label are left out.
    """

    accuracy: Interval | None
    """With its 95 % interval; None if no pair has a label."""
    accuracy_sounding: Interval | None
    """Of pairs that are not silent; None if the data does not say which are."""
    per_class: dict[str, float]
    """Of the classes that there are pairs of."""


@dataclass(frozen=True)
class InceptionFigures:
    """Figures on Inception, as the literature has them."""

    fid: float
    kid: Estimate
    inception_score: Estimate


@dataclass(frozen=True)
class Informativity:
    """Share of pictures that the binary judge of the sound's class finds informative."""

    mean: float
    """Over classes, however many pairs each has."""
    per_class: dict[str, float]
    learnt_from: str = ""
    """What the judges learnt from: "sorted by hand", or "stand-in"."""


@dataclass(frozen=True)
class OutputFigures(ClassFigures):
    """What was measured of one output; all on the judge, except where it says Inception."""

    frechet: float
    """Fréchet distance to the real pictures."""
    kernel_distance: Estimate
    """Kernel distance to the real pictures."""
    precision: float
    recall: float
    inception_score: Estimate | None
    """Of the judge's probabilities; None where its classes are not those of the data."""
    diversity: float | None
    """Of features within a class, or of all where there are no labels; 1 is as diverse as
    reality."""
    paired_kl: float | None
    """Mean divergence of the judge's opinion of what is made from that of what is real in its
    place; None of the real ones, and where the judge's classes are not those of the data."""
    factor_r2: dict[str, float | None] | None
    """How much of each factor the judge reads from the pictures, beyond the class; None if the
    judge reads none, and for a factor that does not vary."""
    inception: InceptionFigures | None
    agreement: Agreement | None = None
    """With what was given, in a joint space; None where none was fitted."""
    informativity: Informativity | None = None
    """How many pictures tell what is heard; None without judges of that."""


def output_figures(seen: Seen, real: Seen, truth: Truth) -> OutputFigures:
    """Measure one output.

    Args:
        seen: what is seen in its pictures.
        real: what is seen in the real ones; the same object to measure those themselves, whose
            distances are then between two halves of them that share no group.
        truth: of the pairs.

    Returns:
        All figures.

    Raises:
        DataError: too few pairs, or pictures that are not finite.
    """
    every = np.arange(len(truth.labels))
    first, second = _halves(truth) if seen is real else (every, every)
    ours, theirs = seen.take(first), real.take(second)
    near = precision_recall(
        ours.features, theirs.features, groups=(truth.groups[first], truth.groups[second])
    )
    return OutputFigures(
        **vars(class_figures(seen.probabilities, truth)),
        frechet=frechet_distance(gaussian(ours.features), gaussian(theirs.features)),
        kernel_distance=kernel_distance(ours.features, theirs.features, seed=truth.seed),
        precision=near.precision,
        recall=near.recall,
        inception_score=inception_score(seen.probabilities, seed=truth.seed)
        if truth.known
        else None,
        diversity=spread(seen.features, real.features, truth).value,
        paired_kl=paired_kl(seen.probabilities, real.probabilities)
        if truth.known and seen is not real
        else None,
        factor_r2=_factor_r2(seen, truth),
        inception=_inception_figures(seen, ours, theirs, truth.seed),
    )


def class_figures(probabilities: np.ndarray, truth: Truth) -> ClassFigures:
    """Measure how often the most probable class is the true one.

    Args:
        probabilities: `(pair, class)`.
        truth: of the pairs.

    Returns:
        Accuracy in all, where something sounds, and by class; nothing if no pair has a label.
    """
    if not truth.known:
        return ClassFigures(None, None, {})
    right = probabilities.argmax(axis=1) == truth.labels
    sounding = None
    if truth.silent is not None and (there := truth.labelled & ~truth.silent).any():
        sounding = accuracy_interval(right[there], truth.groups[there], seed=truth.seed)
    rows = truth.labelled
    return ClassFigures(
        accuracy=accuracy_interval(right[rows], truth.groups[rows], seed=truth.seed),
        accuracy_sounding=sounding,
        per_class={
            truth.classes[label]: float(right[truth.labels == label].mean())
            for label in np.unique(truth.labels[rows])
        },
    )


def spread(generated: np.ndarray, real: np.ndarray, truth: Truth) -> Diversity:
    """Return the diversity within classes, or of everything where there are no labels."""
    return diversity(generated, real, truth.labels if truth.known else None)


def _factor_r2(seen: Seen, truth: Truth) -> dict[str, float | None] | None:
    if truth.factors is None or seen.factors is None:
        return None
    found: dict[str, float | None] = {}
    for factor, name in enumerate(truth.factor_names):
        rows = np.isfinite(truth.factors[:, factor]) & truth.labelled
        found[name] = within_class_r2(
            seen.factors[rows, factor], truth.factors[rows, factor], truth.labels[rows]
        )
    return found


def _inception_figures(seen: Seen, ours: Seen, theirs: Seen, seed: int) -> InceptionFigures | None:
    a, b = ours.inception_features, theirs.inception_features
    if a is None or b is None or seen.inception_probabilities is None:
        return None
    return InceptionFigures(
        fid=frechet_distance(gaussian(a), gaussian(b)),
        kid=kernel_distance(a, b, seed=seed),
        inception_score=inception_score(seen.inception_probabilities, seed=seed),
    )


def _halves(truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Halve pictures class by class, so that no group is in both if its class has several."""
    rng = np.random.default_rng((truth.seed, 3))
    units: list[np.ndarray] = []
    for label in np.unique(truth.labels):
        rows = np.flatnonzero(truth.labels == label)
        names = rng.permutation(np.unique(truth.groups[rows]))
        if len(names) > 1:
            units += [rows[truth.groups[rows] == name] for name in names]
        else:
            units += np.split(rng.permutation(rows), len(rows))
    return np.concatenate(units[::2]), np.concatenate(units[1::2])
