"""The joint space of two media, on features whose relation is known."""

from __future__ import annotations

import numpy as np
import pytest

from photism.errors import DataError
from photism.metrics.joint import agreement, fit_joint


def views(pairs: int, seed: int, *, related: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Two linear views of one hidden vector, each with noise of its own."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99)
    ways = mix.normal(size=(6, 20)), mix.normal(size=(6, 30))
    hidden = rng.normal(size=(pairs, 6))
    other = hidden if related else rng.normal(size=(pairs, 6))
    first = hidden @ ways[0] + rng.normal(scale=0.1, size=(pairs, 20))
    second = other @ ways[1] + rng.normal(scale=0.1, size=(pairs, 30))
    return 5 + first, 100 * second


def test_pairs_that_share_something_find_each_other() -> None:
    joint = fit_joint(*views(400, 0))
    given, made = views(200, 1)
    found = agreement(joint, given, made, made)
    assert joint.pairs == 400
    assert found.to_given > 0.9
    assert found.to_real == pytest.approx(1)
    assert found.retrieval.recall_1 > 0.9
    assert found.retrieval.median_rank == 1
    assert found.retrieval.count == 200


def test_what_shares_nothing_is_found_by_chance() -> None:
    joint = fit_joint(*views(400, 0))
    given, made = views(200, 1, related=False)
    found = agreement(joint, given, made, views(200, 2)[1])
    assert abs(found.to_given) < 0.1
    assert abs(found.to_real) < 0.1
    assert found.retrieval.recall_1 < 0.05
    assert 60 < found.retrieval.median_rank < 140


def test_the_space_has_no_more_dimensions_than_either_side() -> None:
    given, made = views(50, 0)
    joint = fit_joint(given[:, :4], made, dimensions=8)
    assert joint.given.directions.shape == (4, 4)
    assert joint.made.directions.shape == (30, 4)
    constant = fit_joint(np.ones((50, 3)), made)  # a judge that sees the same in everything
    assert np.isfinite(constant.given.place(np.ones((2, 3)))).all()


def test_what_are_no_pairs_is_told() -> None:
    given, made = views(50, 0)
    with pytest.raises(DataError, match="50 and 40 features are no pairs"):
        fit_joint(given, made[:40])
    with pytest.raises(DataError, match="NaN or infinity"):
        fit_joint(given, made * np.nan)
    with pytest.raises(DataError, match="50 and 40 features"):
        agreement(fit_joint(given, made), given, made[:40], made)
