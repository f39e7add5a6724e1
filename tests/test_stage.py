"""The drawn stage: what the sound determines shows, the rest follows the look."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from photism.data.orchestra.instruments import INSTRUMENTS
from photism.data.orchestra.stage import Look, draw
from photism.errors import DataError


def look(seed: int = 0) -> Look:
    return Look.random(np.random.default_rng(seed))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_drawing_repeats(instrument, size):
    first, again = (
        draw(instrument, look(), pitch=0.4, level=0.6, time_s=1.3, size=size) for _ in range(2)
    )
    assert first.shape == (size, size, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)


def test_every_instrument_looks_like_no_other():
    drawn = {name: draw(name, look(), pitch=0.5, level=0.6, size=64) for name in INSTRUMENTS}
    for one, other in itertools.combinations(INSTRUMENTS, 2):
        # Stage and player are the same, and a thin instrument covers one pixel in a hundred.
        assert distance(drawn[one], drawn[other]) > 0.5, (one, other)
        assert (np.abs(drawn[one].astype(int) - drawn[other]).max(axis=2) > 40).sum() > 20


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_pitch_moves_something(instrument):
    low, near, high = (
        draw(instrument, look(3), pitch=pitch, level=0.6, size=128) for pitch in (0.1, 0.2, 0.9)
    )
    assert distance(low, near) > 0
    assert distance(low, high) > distance(low, near)


@pytest.mark.parametrize("instrument", ["violin", "tuba", "flute"])
def test_louder_is_brighter(instrument):
    light = [
        draw(instrument, look(), pitch=0.5, level=level, size=64).mean()
        for level in (0.1, 0.4, 0.7, 1.0)
    ]
    assert light == sorted(light)
    assert light[-1] > 1.1 * light[0]
    silent = draw(instrument, look(), pitch=None, level=0.0, size=64)
    assert silent.mean() < light[0]


def test_silence_holds_still():
    moments = [draw("cello", look(), pitch=None, level=0.0, time_s=t, size=64) for t in (0.0, 0.6)]
    assert np.array_equal(*moments)


def test_looks_vary_freely():
    drawn = [draw("oboe", look(seed), pitch=0.5, level=0.6, size=64) for seed in range(6)]
    assert min(distance(a, b) for a, b in itertools.combinations(drawn, 2)) > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"instrument": "violine"}, "did you mean 'violin'"),
        ({"level": 1.5}, "level and pitch in"),
        ({"pitch": -0.1}, "level and pitch in"),
        ({"size": 4}, "size >= 16"),
    ],
)
def test_bad_arguments(arguments, message):
    given = {"instrument": "violin", "pitch": 0.5, "level": 0.5, "size": 64} | arguments
    with pytest.raises(DataError, match=message):
        draw(given.pop("instrument"), look(), **given)
