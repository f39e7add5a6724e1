"""Variants of a recording: another voice or pitch, place, microphone, level and background.

Only what leaves the truth as it is: whoever hears the variant hears the same word or instrument.
Pure functions of `(sample,)` arrays and a generator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from photism.errors import AudioError, ConfigError

OCTAVES_HZ = 62.5 * 2.0 ** np.arange(9)
"""Where the tone of a recording is drawn, up to 16 kHz."""
LOWEST_DB = -45.0
"""No variant becomes fainter than this at its peak: what is there to be heard stays so."""

_Range = tuple[float, float]
_PREDELAY_S = (0.003, 0.02)
_SLOPE_DB = 2.0  # the most by which a variant's tone rises or falls from octave to octave
_BASS_HZ = (20.0, 150.0)
_TREBLE_HZ = (2_500.0, 16_000.0)
_BACKGROUNDS = ("white", "pink")


@dataclass(frozen=True)
class Variation:
    """How far variants go; each is drawn evenly between two bounds."""

    speed: _Range
    """Factor by which time goes faster, and all frequencies rise with it."""
    tone_db: float
    """Standard deviation of the gain in an octave, beside a slope over all of them."""
    reverb_s: _Range
    """Time in which the room's sound falls by 60 dB."""
    reverb_db: _Range
    """Level of the room's sound against the direct one."""
    snr_db: _Range
    """Level of the sound over that of the background."""
    gain_db: _Range
    shift_s: _Range
    """Background before the sound, and as much again drawn for after it."""

    def __post_init__(self) -> None:
        ranges = ("speed", "reverb_s", "reverb_db", "snr_db", "gain_db", "shift_s")
        for name in ranges:
            low, high = getattr(self, name)
            if not low <= high or (name == "speed" and not 0.25 <= low <= high <= 4):
                raise ConfigError(f"{name} is {low:g} to {high:g}: give the lower bound first")
        if min(self.tone_db, self.reverb_s[0] - 1e-3, self.shift_s[0]) < 0:
            raise ConfigError("tone_db and shift_s must be 0 or more, reverb_s above 0")


WORDS = Variation(
    speed=(0.82, 1.22), tone_db=3.0, reverb_s=(0.05, 0.6), reverb_db=(-30, -3), snr_db=(0, 40),
    gain_db=(-12, 6), shift_s=(0.0, 0.15),
)  # fmt: skip
"""Of spoken words."""
NOTES = Variation(
    speed=(2 ** (-1.5 / 12), 2 ** (1.5 / 12)), tone_db=2.5, reverb_s=(0.1, 1.5),
    reverb_db=(-30, -6), snr_db=(10, 60), gain_db=(-9, 6), shift_s=(0.0, 0.0),
)  # fmt: skip
"""Of single notes: a semitone and a half up or down."""


def vary(
    samples: np.ndarray,
    rate: int,
    variation: Variation,
    rng: np.random.Generator,
    *,
    to_rate: int | None = None,
    speed: float | None = None,
    backgrounds: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Return one variant of a recording.

    Speed, place in time, room, tone, level and background, in this order, as on the way from a
    voice to a file.

    Args:
        samples: `(sample,)` float32 in [-1, 1], of which some is not zero.
        rate: samples per second.
        variation: how far the variant may go.
        rng: of all that is drawn.
        to_rate: samples per second of the variant; None keeps the rate. Speed and rate change in
            one step, so that nothing is filtered twice.
        speed: factor to take instead of a drawn one.
        backgrounds: recorded noises `(sample,)` at `to_rate`, chosen as often as white or pink.

    Returns:
        `(sample,)` float32 in [-1, 1], longer by what `shift_s` puts around it.

    Raises:
        AudioError: the recording is silent.
    """
    if not np.any(samples):
        raise AudioError("a silent recording has no variants")
    to_rate = to_rate or rate
    factor = rng.uniform(*variation.speed)
    clip = change_speed(samples, rate, speed or factor, to_rate=to_rate)
    before, after = (round(s * to_rate) for s in rng.uniform(*variation.shift_s, size=2))
    clip = np.pad(clip.astype(np.float64), (before, after))
    room = reverberation(
        clip,
        to_rate,
        reverb_s=rng.uniform(*variation.reverb_s),
        reverb_db=rng.uniform(*variation.reverb_db),
        rng=rng,
    )
    octaves = np.arange(len(OCTAVES_HZ)) - len(OCTAVES_HZ) // 2
    slope_db = rng.uniform(-_SLOPE_DB, _SLOPE_DB)
    clip = equalise(
        clip + room,
        to_rate,
        tone_db=slope_db * octaves + rng.normal(0, variation.tone_db, len(octaves)),
        bandwidth_hz=(_log_uniform(_BASS_HZ, rng), _log_uniform(_TREBLE_HZ, rng)),
    )
    clip = change_level(clip, rng.uniform(*variation.gain_db))
    return add_background(clip, rng.uniform(*variation.snr_db), rng, backgrounds)


def change_speed(samples: np.ndarray, rate: int, speed: float, *, to_rate: int) -> np.ndarray:
    """Play `(sample,)` float32 samples faster by a factor, and resample them to `to_rate`."""
    if rate * speed == to_rate:
        return samples
    import soxr

    return soxr.resample(samples, rate * speed, to_rate)


def reverberation(
    dry: np.ndarray, rate: int, *, reverb_s: float, reverb_db: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a room's answer: noise that decays, dark, a moment after the direct sound.

    Args:
        dry: the direct sound, `(sample,)`.
        rate: samples per second.
        reverb_s: time in which the answer falls by 60 dB.
        reverb_db: its level against the direct sound.
        rng: of the room's echoes.

    Returns:
        `(sample,)` float64, as long as the direct sound and without it.
    """
    length = round(reverb_s * rate)
    echoes = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    echoes = np.convolve(echoes, np.hanning(8), "same")  # less treble, as walls give back
    echoes *= 10 ** (reverb_db / 20) / np.sqrt((echoes**2).sum())
    delay = round(rng.uniform(*_PREDELAY_S) * rate)
    size = 1 << (len(dry) + length + delay - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(echoes, size), size)
    return np.concatenate([np.zeros(delay), wet])[: len(dry)]


def equalise(
    samples: np.ndarray,
    rate: int,
    *,
    tone_db: Sequence[float] | np.ndarray,
    bandwidth_hz: tuple[float, float],
) -> np.ndarray:
    """Give a sound its tone, without a change of phase or of its power as a whole.

    Args:
        samples: `(sample,)`.
        rate: samples per second.
        tone_db: gain at each of `OCTAVES_HZ`.
        bandwidth_hz: where bass and treble have fallen by 3 dB.

    Returns:
        `(sample,)` float64.
    """
    size = 1 << (len(samples) + rate // 10).bit_length()
    spectrum = np.fft.rfft(samples, size)
    hz = np.fft.rfftfreq(size, 1 / rate).clip(1)
    low, high = bandwidth_hz
    gain_db = np.interp(np.log2(hz), np.log2(OCTAVES_HZ), tone_db)
    gain = 10 ** (gain_db / 20) / np.sqrt((1 + (low / hz) ** 4) * (1 + (hz / high) ** 8))
    coloured = np.fft.irfft(spectrum * gain, size)[: len(samples)]
    power, before = np.square(coloured).sum(), np.square(samples).sum()
    return coloured * np.sqrt(before / power) if power else coloured


def change_level(samples: np.ndarray, gain_db: float) -> np.ndarray:
    """Change the level of `(sample,)` samples, as far as the peak stays in [`LOWEST_DB`, 0] dB."""
    peak = float(np.abs(samples).max())
    if not peak:
        return samples
    lowest = min(peak, 10 ** (LOWEST_DB / 20))
    return samples * (min(1.0, max(lowest, peak * 10 ** (gain_db / 20))) / peak)


def add_background(
    samples: np.ndarray,
    snr_db: float,
    rng: np.random.Generator,
    backgrounds: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Mix a background in: white or pink noise, or a place in one of some recordings.

    Args:
        samples: `(sample,)` in [-1, 1].
        snr_db: level of the sound, where it is, over that of the background.
        rng: of the kind of background and of the noise.
        backgrounds: recorded noises of the same rate.

    Returns:
        `(sample,)` float32 in [-1, 1]; both are turned down together where their sum goes beyond.
    """
    kind = int(rng.integers(len(_BACKGROUNDS) + len(backgrounds)))
    size = len(samples)
    if kind < len(_BACKGROUNDS):
        noise = _noise(_BACKGROUNDS[kind], size, rng)
    else:
        recorded = backgrounds[kind - len(_BACKGROUNDS)]
        start = int(rng.integers(max(1, len(recorded) - size)))
        noise = np.resize(recorded[start : start + size], size).astype(np.float64)
    power = np.square(samples)
    level = power[power > power.max() * 1e-4].mean() if power.any() else 0.0
    noise *= math.sqrt(level / max(np.square(noise).mean(), 1e-12) * 10 ** (-snr_db / 10))
    mixed = samples + noise
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)


def _noise(colour: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return Gaussian noise of unit variance, about: white, or pink (3 dB an octave down)."""
    white = rng.standard_normal(size)
    if colour == "white" or size < 2:
        return white
    spectrum = np.fft.rfft(white) / np.sqrt(np.arange(size // 2 + 1).clip(1))
    pink = np.fft.irfft(spectrum, size)
    return pink / pink.std()


def _log_uniform(bounds: _Range, rng: np.random.Generator) -> float:
    low, high = bounds
    return float(low * (high / low) ** rng.random())
