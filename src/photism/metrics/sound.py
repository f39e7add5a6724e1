"""Numbers about sounds beside the ones they should be, as pure functions in double precision.

Pairs stand in the same row of both arguments. What needs no pairs, such as the Fréchet distance,
is in `photism.metrics.features` and serves sounds as it does pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from photism.errors import DataError

NEAR_CENTS = 50.0
"""A pitch is right within half a semitone."""
_CHUNK = 1024
_OCTAVE_CENTS = 1200.0
_LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class Retrieval:
    """How well one medium finds the other: shares in [0, 1], and a rank from 1 on."""

    recall_1: float
    """Share of queries whose own target is the nearest of all."""
    recall_5: float
    """Share whose own target is among the five nearest."""
    median_rank: float
    count: int
    """Of targets, which figures depend on: chance has `k / count` and `(count + 1) / 2`."""


@dataclass(frozen=True)
class PitchError:
    """How far one fundamental frequency runs from another; None where there is nothing to say."""

    cents: float | None
    """Median of the absolute difference where both have a pitch; 100 cents are a semitone."""
    accuracy: float | None
    """Of the frames with a true pitch, the share within `NEAR_CENTS` of it."""
    chroma_accuracy: float | None
    """The same, octaves aside."""
    voicing: float
    """Share of frames in which both have a pitch or neither has."""


def spectral_convergence(magnitude: np.ndarray, true: np.ndarray) -> float:
    """Relative error of magnitudes (Sturmel & Daudet 2011, Arık et al. 2018, arXiv:1808.06719).

    ‖true − magnitude‖ / ‖true‖ in the Frobenius norm: loud bins count most.

    Args:
        magnitude: of a spectrum or of mel bands, >= 0, of any shape.
        true: of the same shape, not all zero.

    Returns:
        >= 0; 0 for equal magnitudes, 1 for silence.

    Raises:
        DataError: shapes differ, or nothing sounds.
    """
    magnitude, true = _alike(magnitude, true)
    norm = np.linalg.norm(true.ravel())
    if not norm > 0:
        raise DataError("spectral convergence needs a true sound that is not silent")
    return float(np.linalg.norm((true - magnitude).ravel()) / norm)


def log_spectral_distance(level_db: np.ndarray, true_db: np.ndarray) -> float:
    """Mean over frames of the RMS difference of levels over bins (Gray & Markel 1976).

    Args:
        level_db: `(…, bin, frame)` in dB, with a floor: no level is -inf.
        true_db: of the same shape.

    Returns:
        In dB, >= 0; 0 for equal levels, c for levels that differ by c everywhere.

    Raises:
        DataError: shapes differ, no frames, or levels that are not finite.
    """
    level_db, true_db = _alike(level_db, true_db)
    return float(np.sqrt(np.square(level_db - true_db).mean(axis=-2)).mean())


def paired_kl(probabilities: np.ndarray, true: np.ndarray) -> float:
    """Mean divergence of a judge's opinions of pairs (Iashin & Rahtu 2021, arXiv:2110.08791).

    KL(true ‖ generated) for each pair, generated opinions no surer of a "no" than one in a million.

    Args:
        probabilities: of a judge about generated sounds, `(pair, class)`, rows sum to one.
        true: about the real ones.

    Returns:
        In nats, >= 0; 0 where a judge cannot tell the pairs apart.

    Raises:
        DataError: shapes differ, no pairs, or rows that are no probabilities.
    """
    probabilities, true = _alike(probabilities, true)
    for rows in (probabilities, true):
        if rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1, atol=1e-3):
            raise DataError("opinions must be probabilities: rows of a softmax, not logits")
    least = np.maximum(probabilities, _LEAST_PROBABILITY)
    ratio = np.divide(true, least, out=np.ones_like(true), where=true > 0)
    return float(max(0.0, (true * np.log(ratio)).sum(axis=1).mean()))


def retrieval(queries: np.ndarray, targets: np.ndarray) -> Retrieval:
    """Rank each query's own target among all by cosine (Hodosh, Young & Hockenmaier 2013).

    Targets that are equally near share the mean of their ranks: embeddings that are all the same
    find nothing better than chance does.

    Args:
        queries: embeddings of one medium, `(pair, feature)`.
        targets: of the other, `(pair, feature)`.

    Returns:
        Recall at 1 and 5, and the median rank.

    Raises:
        DataError: shapes differ, no pairs, or an embedding of length 0 or not finite.
    """
    queries, targets = (_unit(rows) for rows in _alike(queries, targets))
    ranks = []
    for start in range(0, len(queries), _CHUNK):
        near = queries[start : start + _CHUNK] @ targets.T
        own = near[np.arange(len(near)), start + np.arange(len(near))][:, None]
        level = np.isclose(near, own, rtol=0, atol=1e-12)
        ranks.append(((near > own) & ~level).sum(axis=1) + (level.sum(axis=1) + 1) / 2)
    rank = np.concatenate(ranks)
    return Retrieval(
        recall_1=float((rank <= 1).mean()),
        recall_5=float((rank <= 5).mean()),
        median_rank=float(np.median(rank)),
        count=len(rank),
    )


def pitch_error(hz: np.ndarray, true_hz: np.ndarray) -> PitchError:
    """Compare two tracks of fundamental frequency (Poliner et al. 2007), as `mir_eval` does.

    Args:
        hz: `(frame,)`; 0 or NaN where there is no pitch.
        true_hz: the true one of the same frames.

    Returns:
        Error in cents, shares of frames near the true pitch, with octaves and without.

    Raises:
        DataError: tracks of different lengths, or none.
    """
    hz, true_hz = (np.nan_to_num(np.asarray(track, np.float64)) for track in (hz, true_hz))
    if hz.shape != true_hz.shape or hz.ndim != 1 or not len(hz):
        raise DataError(f"tracks of {hz.shape} and {true_hz.shape} frames cannot be compared")
    heard, voiced = hz > 0, true_hz > 0
    both = heard & voiced
    cents = _OCTAVE_CENTS * np.log2(hz[both] / true_hz[both])
    within_octave = cents - _OCTAVE_CENTS * np.round(cents / _OCTAVE_CENTS)

    def share(error: np.ndarray) -> float | None:
        return float((np.abs(error) <= NEAR_CENTS).sum() / voiced.sum()) if voiced.any() else None

    return PitchError(
        cents=float(np.median(np.abs(cents))) if both.any() else None,
        accuracy=share(cents),
        chroma_accuracy=share(within_octave),
        voicing=float((heard == voiced).mean()),
    )


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.min() > 0:
        raise DataError("an embedding of length 0 points nowhere: it cannot be compared")
    return rows / lengths


def _alike(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both in double precision; a DataError says why they cannot be compared."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or not a.size:
        raise DataError(f"arrays of {a.shape} and {b.shape} cannot be compared pair by pair")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("values hold NaN or infinity: the sounds are not finite")
    return a, b
