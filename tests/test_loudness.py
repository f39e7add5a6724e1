"""Loudness against what the standard says, and sounds brought to it."""

from __future__ import annotations

import math

import pytest
import torch

from photism.audio.loudness import loudness_db, normalised


def sine(hz: float, rate: int, seconds: float = 1.0) -> torch.Tensor:
    time_s = torch.arange(round(rate * seconds), dtype=torch.float64) / rate
    return torch.sin(2 * math.pi * hz * time_s)[None]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_sine_of_1_khz_at_full_scale_has_the_loudness_of_the_standard(rate: int) -> None:
    assert float(loudness_db(sine(997, rate), rate)) == pytest.approx(-3.01, abs=0.02)
    assert float(loudness_db(0.1 * sine(997, rate), rate)) == pytest.approx(-23.01, abs=0.02)


def test_the_ear_hears_little_of_the_lowest_and_more_of_the_high() -> None:
    """Gains of BS.1770's figures 2 and 4: the shelf lifts by 4 dB, the high-pass ends at 38 Hz."""
    reference = float(loudness_db(sine(997, 48_000), 48_000))
    assert float(loudness_db(sine(10_000, 48_000), 48_000)) - reference == pytest.approx(
        3.3, abs=0.1
    )
    assert float(loudness_db(sine(20, 48_000), 48_000)) - reference < -13


def test_sounds_get_one_loudness_and_are_not_driven_to_clip() -> None:
    rate = 44_100
    click = torch.zeros(1, rate)
    click[0, 1000] = 0.01
    sounds = torch.cat([sine(440, rate).float(), 1e-4 * sine(440, rate).float(), click])
    made = normalised(sounds, rate)
    assert loudness_db(made[:2], rate).tolist() == pytest.approx([-23, -23], abs=1e-3)
    torch.testing.assert_close(made[0], made[1])
    assert float(made[2].max()) == pytest.approx(10 ** (-1 / 20))
    assert float(loudness_db(made[2:], rate)) < -23
    assert torch.count_nonzero(normalised(torch.zeros(1, 100), rate)) == 0
