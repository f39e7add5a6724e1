"""Metrics: identity, symmetry, closed form, parity with reference implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.spatial.distance import pdist

from photism.errors import DataError
from photism.metrics.features import (
    Gaussian,
    accuracy_interval,
    confusion,
    diversity,
    frechet_distance,
    gaussian,
    group_accuracy,
    inception_score,
    kernel_distance,
    mean_pairwise_distance,
    precision_recall,
    within_class_r2,
)


def random_features(seed: int, count: int = 300, size: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, size)) @ rng.normal(size=(size, size)) + rng.normal(size=size)


def test_frechet_distance_of_a_gaussian_to_itself_is_zero() -> None:
    a = gaussian(random_features(0))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_is_symmetric() -> None:
    a, b = gaussian(random_features(0)), gaussian(random_features(1))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*(st.floats(low, 5) for low in (-5, -5, 0, 0))), min_size=1, max_size=8))
def test_frechet_distance_has_the_closed_form_of_independent_features(
    rows: list[tuple[float, float, float, float]],
) -> None:
    """Diagonal covariances: the sum of (m_a − m_b)² + (s_a − s_b)²."""
    mean_a, mean_b, deviation_a, deviation_b = np.array(rows).T
    a = Gaussian(mean_a, np.diag(deviation_a**2), 10)
    b = Gaussian(mean_b, np.diag(deviation_b**2), 10)
    expected = np.square(mean_a - mean_b).sum() + np.square(deviation_a - deviation_b).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_frechet_distance_agrees_with_the_matrix_root_of_scipy() -> None:
    a, b = gaussian(random_features(2)), gaussian(random_features(3))
    root = sqrtm(a.covariance @ b.covariance).real
    expected = np.square(a.mean - b.mean).sum() + np.trace(a.covariance + b.covariance - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_agrees_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_fid").fid_statistics_to_metric
    a, b = gaussian(random_features(4)), gaussian(random_features(5))
    expected = reference(
        {"mu": a.mean, "sigma": a.covariance}, {"mu": b.mean, "sigma": b.covariance}, verbose=False
    )["frechet_inception_distance"]
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_takes_features_that_are_never_active() -> None:
    dead = np.concatenate([random_features(0), np.zeros((300, 5))], axis=1)
    other = np.concatenate([random_features(1), np.zeros((300, 5))], axis=1)
    without = frechet_distance(gaussian(random_features(0)), gaussian(random_features(1)))
    assert frechet_distance(gaussian(dead), gaussian(other)) == pytest.approx(without, rel=1e-9)


def test_gaussian_is_the_unbiased_estimate() -> None:
    features = random_features(0).astype(np.float32)
    a = gaussian(features)
    assert a.covariance.dtype == np.float64
    assert np.allclose(a.covariance, np.cov(features.astype(np.float64), rowvar=False))
    assert a.count == 300


def test_gaussian_refuses_what_has_no_covariance() -> None:
    with pytest.raises(DataError, match="at least 2 pictures"):
        gaussian(np.zeros((1, 3)))
    with pytest.raises(DataError, match="not finite"):
        gaussian(np.array([[0.0], [np.nan]]))
    with pytest.raises(DataError, match="2 features against 3"):
        frechet_distance(gaussian(np.eye(2)), gaussian(np.eye(3)))


def test_kernel_distance_is_the_unbiased_estimate_of_a_plain_loop() -> None:
    a, b = random_features(0, 9, 4), random_features(1, 7, 4)

    def mean(x: np.ndarray, y: np.ndarray, same: bool) -> float:
        pairs = [(i, j) for i in range(len(x)) for j in range(len(y)) if not (same and i == j)]
        return sum((x[i] @ y[j] / 4 + 1) ** 3 for i, j in pairs) / len(pairs)

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    measured = kernel_distance(a, b, seed=0)
    assert measured.value == pytest.approx(expected, rel=1e-12)
    assert measured.deviation == 0  # all pictures, once
    assert kernel_distance(b, a, seed=1).value == pytest.approx(expected, rel=1e-12)


def test_kernel_distance_of_one_distribution_is_zero_on_average() -> None:
    rng = np.random.default_rng(0)
    values = [
        kernel_distance(rng.normal(size=(20, 3)), rng.normal(size=(30, 3)), seed=0).value
        for _ in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20  # three standard errors: no bias
    assert min(values) < 0
    subsets = kernel_distance(rng.normal(size=(500, 3)), rng.normal(size=(500, 3)), seed=0, size=50)
    assert abs(subsets.value) < subsets.deviation


def test_kernel_distance_agrees_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_kid").kernel_mmd
    a, b = random_features(4, 200), random_features(5, 200)
    assert kernel_distance(a, b, seed=0).value == pytest.approx(reference(a, b), rel=1e-10)


def test_precision_and_recall_of_points_on_a_line() -> None:
    """Real points at 0 … 9: with one neighbour every ball has radius 1."""
    real = np.arange(10.0)[:, None]
    near = np.array([[-1.0], [-1.01], [4.5], [30.0], [31.0], [32.0]])
    measured = precision_recall(near, real, neighbours=1)
    assert measured.precision == pytest.approx(2 / 6)  # −1 and 4.5
    radii = [0.01, 0.01, 5.5, 1, 1, 1]  # of the balls around `near`
    covered = [any(abs(x - c) <= r for c, r in zip(near[:, 0], radii, strict=True)) for x in real]
    assert measured.recall == pytest.approx(np.mean(covered))


def test_precision_tells_quality_from_recall_variety() -> None:
    real = random_features(0)
    assert precision_recall(real, real).precision == 1
    one_archetype = np.repeat(real[:1], 50, axis=0)
    measured = precision_recall(one_archetype, real)
    assert (measured.precision, measured.recall) == (1, 1 / 300)
    apart = precision_recall(real + 1000, real)
    assert (apart.precision, apart.recall) == (0, 0)


def test_precision_and_recall_in_blocks_agree_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_prc").calculate_precision_recall_full
    a, b = random_features(4, 1500) * 0.9, random_features(4, 1300)
    expected = reference(torch.from_numpy(a), torch.from_numpy(b))
    measured = precision_recall(a, b)
    assert (measured.precision, measured.recall) == pytest.approx(expected, abs=1e-6)
    assert 0.1 < measured.precision < 1


def test_neighbours_are_sought_in_other_groups() -> None:
    """Ten moments each of twice 30 performances of one distribution."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 10)
    pictures = rng.normal(size=(60, 2))[groups] + 1e-3 * rng.normal(size=(600, 2))
    first, second = groups < 30, groups >= 30
    alone = precision_recall(pictures[first], pictures[second])
    assert alone.precision < 0.1  # a ball reaches to the next moment of its own performance
    together = precision_recall(
        pictures[first], pictures[second], groups=(groups[first], groups[second])
    )
    assert min(together.precision, together.recall) > 0.7
    a, b = random_features(0, 40), random_features(1, 50)
    own = (np.arange(40), np.arange(50))
    assert precision_recall(a, b, groups=own) == precision_recall(a, b)
    with pytest.raises(DataError, match="need 3 pictures outside of every group"):
        precision_recall(a, b, groups=(np.zeros(40), np.zeros(50)))


def test_comparisons_refuse_what_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="at least 2 pictures on each side, not 1"):
        kernel_distance(np.zeros((1, 2)), np.zeros((5, 2)), seed=0)
    with pytest.raises(DataError, match="at least 4 pictures on each side, not 3"):
        precision_recall(np.zeros((3, 2)), np.zeros((5, 2)))
    with pytest.raises(DataError, match="2 features against 3"):
        precision_recall(np.eye(2), np.eye(3))
    with pytest.raises(DataError, match="not finite"):
        kernel_distance(np.full((5, 2), np.nan), np.zeros((5, 2)), seed=0)


def test_inception_score_lies_between_one_and_the_number_of_classes() -> None:
    certain = np.tile(np.eye(5), (200, 1))
    assert inception_score(certain, seed=0, splits=1).value == pytest.approx(5)
    assert inception_score(certain[::5], seed=0).value == pytest.approx(1)  # always one class
    undecided = np.full((50, 5), 0.2)
    assert inception_score(undecided, seed=0).value == pytest.approx(1)
    sorted_by_class = np.repeat(np.eye(5), 200, axis=0)  # parts are not of one class each
    assert inception_score(sorted_by_class, seed=0).value == pytest.approx(5, rel=0.05)
    with pytest.raises(DataError, match="at least 10 pictures, not 9"):
        inception_score(np.eye(9), seed=0)


def test_inception_score_agrees_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_isc").isc_features_to_metric
    logits = torch.from_numpy(random_features(6))
    expected = reference(logits, splits=1)["inception_score_mean"]
    measured = inception_score(logits.softmax(dim=1).numpy(), seed=0, splits=1)
    assert measured.value == pytest.approx(expected, rel=1e-10)


def test_within_class_r2_gives_nothing_for_knowing_the_class() -> None:
    labels = np.repeat([0, 1], 500)
    actual = np.random.default_rng(0).normal(size=1000) + 40 * labels
    class_means = np.where(labels == 0, actual[:500].mean(), actual[500:].mean())
    assert within_class_r2(class_means, actual, labels) == pytest.approx(0, abs=1e-12)
    assert within_class_r2(actual, actual, labels) == 1
    halfway = (actual + class_means) / 2
    assert within_class_r2(halfway, actual, labels) == pytest.approx(0.75)
    swapped = class_means[::-1]
    measured = within_class_r2(swapped, actual, labels)
    assert measured is not None
    assert measured < -1000
    assert within_class_r2(labels, np.where(labels, 60.1, 3.3), labels) is None
    assert within_class_r2(np.zeros(0), np.zeros(0), np.zeros(0, int)) is None


def test_confusion_has_true_classes_in_rows() -> None:
    table = confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_accuracy_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        rates = rng.choice([0.5, 1.0], size=80)  # recordings differ: half are coin throws
        right = (rng.random((80, 10)) < rates[:, None]).reshape(-1)
        interval = accuracy_interval(right, np.repeat(np.arange(80), 10), seed=trial)
        assert interval.low <= interval.value <= interval.high
        covered += interval.low <= 0.75 <= interval.high
    assert 0.90 <= covered / 200 <= 0.99


def test_pairs_that_share_a_recording_are_not_independent() -> None:
    right = np.repeat(np.random.default_rng(0).random(50) < 0.8, 100)
    by_recording = accuracy_interval(right, np.repeat(np.arange(50), 100), seed=0)
    by_picture = accuracy_interval(right, np.arange(5000), seed=0)
    assert by_recording.high - by_recording.low > 5 * (by_picture.high - by_picture.low)


def test_accuracy_interval_repeats_with_its_seed_and_needs_pictures() -> None:
    right, groups = np.random.default_rng(0).random(3000) < 0.7, np.arange(3000) // 7
    assert accuracy_interval(right, groups, seed=1) == accuracy_interval(right, groups, seed=1)
    assert accuracy_interval(right, groups, seed=1) != accuracy_interval(right, groups, seed=2)
    with pytest.raises(DataError, match="no pictures"):
        accuracy_interval(np.zeros(0, bool), np.zeros(0), seed=0)


def test_group_accuracy() -> None:
    assert group_accuracy(np.array([1, 0, 1], bool), np.array(["b", "b", "a"])) == {
        "a": 1.0,
        "b": 0.5,
    }


@pytest.mark.parametrize("count", [2, 5, 1024, 1500])
def test_mean_pairwise_distance_agrees_with_scipy(count: int) -> None:
    points = np.random.default_rng(count).normal(loc=3, size=(count, 7))
    assert mean_pairwise_distance(points) == pytest.approx(pdist(points).mean(), rel=1e-9)


def test_mean_pairwise_distance_of_equal_pictures_is_zero() -> None:
    points = np.repeat(np.random.default_rng(0).normal(size=(1, 50)), 1100, axis=0)
    assert mean_pairwise_distance(points) == 0
    with pytest.raises(DataError, match="at least 2"):
        mean_pairwise_distance(points[:1])


def test_diversity_is_one_for_reality_zero_for_archetypes_and_scales() -> None:
    labels = np.arange(60) % 3
    real = np.random.default_rng(0).normal(size=(60, 4, 4))
    archetypes = real[labels]
    assert diversity(real, real, labels).value == pytest.approx(1)
    assert diversity(archetypes, real, labels).value == 0
    assert diversity(0.5 * real + 7, real, labels).per_class == pytest.approx(
        {0: 0.5, 1: 0.5, 2: 0.5}
    )


def test_diversity_without_classes_is_that_of_all_pictures_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = np.random.default_rng(0).normal(size=(40, 3))
    whole = diversity(0.5 * real + 7, real, None)
    assert whole.value == pytest.approx(0.5)
    assert whole.per_class == {}
    assert diversity(real[:1], real[:1], None).value is None
    monkeypatch.setattr("photism.metrics.features.WHOLE", 4)
    few = np.array([0, 13, 26, 39])
    changed = real.copy()
    changed[few] *= 2
    assert diversity(changed, real, None).value == pytest.approx(2)  # of these four alone


def test_diversity_leaves_out_what_it_cannot_compare() -> None:
    real = np.random.default_rng(0).normal(size=(5, 2))
    assert set(diversity(real, real, np.array([0, 0, 1, -1, -1])).per_class) == {0}
    assert diversity(real[:1], real[:1], np.array([0])).value is None
