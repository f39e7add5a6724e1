"""Variants of recordings: each effect is as large as it says, and all of them repeat."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from photism.audio.augment import (
    LOWEST_DB,
    NOTES,
    WORDS,
    Variation,
    add_background,
    change_level,
    change_speed,
    equalise,
    reverberation,
    vary,
)
from photism.errors import AudioError, ConfigError

RATE = 8_000
PLAIN = Variation(
    speed=(1, 1), tone_db=0, reverb_s=(0.1, 0.1), reverb_db=(-200, -200), snr_db=(200, 200),
    gain_db=(0, 0), shift_s=(0, 0),
)  # fmt: skip


def tone(hz: float, seconds: float = 0.5, level: float = 0.1) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def peak_hz(samples: np.ndarray, rate: int = RATE) -> float:
    size = 1 << 17
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    return float(spectrum.argmax() * rate / size)


def db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-30))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_speed_moves_pitch_and_length_alike() -> None:
    fast = change_speed(tone(500), RATE, 1.2, to_rate=RATE)
    assert peak_hz(fast) == pytest.approx(600, rel=1e-3)
    assert len(fast) == pytest.approx(0.5 * RATE / 1.2, abs=1)
    assert peak_hz(change_speed(tone(500), RATE, 0.9, to_rate=16_000), 16_000) == pytest.approx(
        450, rel=1e-3
    )
    same = tone(500)
    assert change_speed(same, RATE, 1.0, to_rate=RATE) is same


def test_an_equaliser_keeps_the_power_and_moves_it_between_octaves() -> None:
    both = tone(250) + tone(2_000)
    brighter = equalise(both, RATE, tone_db=6.0 * np.arange(9), bandwidth_hz=(20, 16_000))
    assert db(brighter) == pytest.approx(db(both), abs=0.01)
    spectrum = np.abs(np.fft.rfft(brighter))
    low, high = (spectrum[round(hz * len(brighter) / RATE)] for hz in (250, 2_000))
    assert 20 * np.log10(high / low) == pytest.approx(18, abs=0.5)


def test_a_room_answers_after_the_sound_at_its_level() -> None:
    click = np.zeros(RATE)
    click[0] = 1.0
    answer = reverberation(click, RATE, reverb_s=0.3, reverb_db=-10, rng=rng())
    assert not answer[: round(0.003 * RATE)].any()
    assert 10 * np.log10((answer**2).sum()) == pytest.approx(-10, abs=0.2)
    early, late = (answer[round(s * RATE) :][:400] for s in (0.03, 0.18))
    assert db(early) - db(late) == pytest.approx(30, abs=3)


def test_levels_stay_where_something_can_be_heard() -> None:
    assert np.abs(change_level(tone(500), 60)).max() == pytest.approx(1)
    assert np.abs(change_level(tone(500), -60)).max() == pytest.approx(10 ** (LOWEST_DB / 20))
    assert db(change_level(tone(500), -6)) == pytest.approx(db(tone(500)) - 6, abs=1e-3)


@pytest.mark.parametrize("backgrounds", [(), (np.full(3 * RATE, 0.3, np.float32),)])
def test_a_background_lies_as_far_below_as_it_says(backgrounds: tuple[np.ndarray, ...]) -> None:
    for seed in range(6):
        mixed = add_background(tone(500), 20, rng(seed), backgrounds)
        assert db(mixed - tone(500)) == pytest.approx(db(tone(500)) - 20, abs=0.6)


def test_silence_around_a_word_does_not_make_its_background_fainter() -> None:
    padded = np.concatenate([np.zeros(RATE), tone(500)]).astype(np.float32)
    mixed = add_background(padded, 20, rng())
    assert db(mixed[:RATE]) == pytest.approx(db(tone(500)) - 20, abs=1.5)


def test_variants_repeat_differ_and_stay_in_range() -> None:
    for variation in (WORDS, NOTES):
        variants = [vary(tone(500), RATE, variation, rng(seed)) for seed in range(40)]
        again = vary(tone(500), RATE, variation, rng(7))
        np.testing.assert_array_equal(variants[7], again)
        assert len({variant.tobytes() for variant in variants}) == 40
        for variant in variants:
            assert variant.dtype == np.float32
            assert np.isfinite(variant).all()
            assert np.abs(variant).max() <= 1
    low, high = (dataclasses.replace(PLAIN, speed=(speed, speed)) for speed in (0.82, 1.22))
    assert peak_hz(vary(tone(500), RATE, low, rng())) == pytest.approx(410, rel=2e-3)
    assert peak_hz(vary(tone(500), RATE, high, rng())) == pytest.approx(610, rel=2e-3)
    assert peak_hz(vary(tone(500), RATE, PLAIN, rng(), speed=1.1)) == pytest.approx(550, rel=2e-3)


def test_what_cannot_be_varied_is_said() -> None:
    with pytest.raises(AudioError, match="silent"):
        vary(np.zeros(100, np.float32), RATE, WORDS, rng())
    with pytest.raises(ConfigError, match=r"speed is 1\.2 to 0\.8: give the lower bound first"):
        dataclasses.replace(WORDS, speed=(1.2, 0.8))
