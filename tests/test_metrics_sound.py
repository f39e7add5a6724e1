"""Figures of sounds against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from photism.errors import DataError
from photism.metrics.sound import (
    PitchError,
    log_spectral_distance,
    paired_kl,
    pitch_error,
    retrieval,
    spectral_convergence,
)


def test_spectral_convergence_is_a_share_of_the_true_norm() -> None:
    true = np.random.default_rng(0).random((2, 5, 7))
    assert spectral_convergence(true, true) == 0
    assert spectral_convergence(0 * true, true) == pytest.approx(1)
    assert spectral_convergence(1.25 * true, true) == pytest.approx(0.25)
    with pytest.raises(DataError, match="not silent"):
        spectral_convergence(true, 0 * true)
    with pytest.raises(DataError, match=r"\(2, 5\) and \(2, 5, 7\)"):
        spectral_convergence(true[..., 0], true)


def test_log_spectral_distance_of_a_constant_and_of_one_loud_frame() -> None:
    true = np.random.default_rng(0).normal(-40, 10, (34, 128))
    assert log_spectral_distance(true, true) == 0
    assert log_spectral_distance(true - 6, true) == pytest.approx(6)
    frame = true.copy()
    frame[:, 5] += 16
    assert log_spectral_distance(frame, true) == pytest.approx(16 / 128)
    band = true.copy()
    band[5] += 17
    assert log_spectral_distance(band, true) == pytest.approx(17 / np.sqrt(34))
    with pytest.raises(DataError, match="NaN or infinity"):
        log_spectral_distance(np.full((2, 2), -np.inf), np.zeros((2, 2)))


def test_paired_kl_in_closed_form() -> None:
    sure, even = np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])
    assert paired_kl(even, even) == 0
    assert paired_kl(even, sure) == pytest.approx(np.log(2))
    assert paired_kl(sure, even) == pytest.approx(0.5 * np.log(0.5) + 0.5 * np.log(0.5 / 1e-6))
    both = paired_kl(np.vstack([even, even]), np.vstack([sure, even]))
    assert both == pytest.approx(np.log(2) / 2)
    with pytest.raises(DataError, match="not logits"):
        paired_kl(np.array([[3.0, -1.0]]), even)


def test_retrieval_of_the_same_of_a_shift_and_of_all_alike() -> None:
    corners = np.eye(10)
    found = retrieval(corners, 3 * corners)
    assert (found.recall_1, found.recall_5, found.median_rank, found.count) == (1, 1, 1, 10)
    alike = retrieval(np.ones((10, 3)), np.ones((10, 3)))
    assert (alike.recall_1, alike.recall_5, alike.median_rank) == (0, 0, 5.5)
    # On a circle the own target is the third nearest: one step aside are two that are nearer.
    angle = 2 * np.pi * np.arange(12) / 12
    turned = angle + 2 * np.pi * 1.2 / 12
    circle, aside = (np.stack([np.cos(a), np.sin(a)], axis=1) for a in (angle, turned))
    found = retrieval(circle, aside)
    assert (found.recall_1, found.recall_5, found.median_rank) == (0, 1, 3)


def test_retrieval_ranks_across_blocks() -> None:
    rows = np.random.default_rng(0).normal(size=(1500, 8))
    assert retrieval(rows, rows).recall_1 == 1
    assert retrieval(rows, rows[::-1]).median_rank > 500
    with pytest.raises(DataError, match="length 0"):
        retrieval(rows, 0 * rows)


def test_pitch_error_in_cents_with_octaves_and_silence() -> None:
    true = np.array([440.0, 440.0, 440.0, 440.0, 0.0, np.nan])
    sharp = np.array([440 * 2 ** (30 / 1200), 880.0, 0.0, 440.0, 0.0, 100.0])
    error = pitch_error(sharp, true)
    assert error.cents == pytest.approx(30)
    assert error.accuracy == pytest.approx(2 / 4)
    assert error.chroma_accuracy == pytest.approx(3 / 4)
    assert error.voicing == pytest.approx(4 / 6)
    assert pitch_error(true, true) == PitchError(0.0, 1.0, 1.0, 1.0)
    assert pitch_error(np.zeros(3), np.zeros(3)) == PitchError(None, None, None, 1.0)
    with pytest.raises(DataError, match=r"\(2,\) and \(3,\)"):
        pitch_error(np.zeros(2), np.zeros(3))
