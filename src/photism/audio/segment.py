"""Cutting a sound into windows or words, and telling whether there is anything to hear in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from photism.audio.decode import Sound
from photism.errors import AudioError, ConfigError

SILENCE_DB = -65.0
"""Level of the loudest 30 ms, in dB re full scale, below which a clip is silence. The faintest of
3,556 recordings of spoken digits (FSDD, Speech Commands, AudioMNIST) has -61 dB."""
CLIPPED_SHARE = 0.1
"""Share of samples at full scale above which a clip is distorted beyond use; in those it is 0.01 at
most."""
STEADY_DB = -2.8
FLAT_DB = -0.3
"""Where both of `_steadiness` and `_flatness` are higher, a clip is steady noise. Gaussian noise
has -2.5 and 0; of those digits none comes near in both."""

_HOP_S = 0.01
_TINY = 1e-12  # -120 dB, so that digital silence has a level


@dataclass(frozen=True)
class Heard:
    """Whether a clip holds something that a system could understand."""

    heard: bool
    level_db: float
    """Level of the whole clip, RMS without its mean, in dB re full scale; -inf is silence."""
    reason: str
    """Why nothing was heard; empty if something was."""


def windows(
    sound: Sound | Iterable[Sound],
    *,
    window_s: float,
    hop_s: float | None = None,
    partial: float = 0.5,
) -> Iterator[Sound]:
    """Cut a sound, or the blocks of a stream, into windows of one length.

    Args:
        sound: a sound, or blocks that follow one another, as `decode.stream` yields them.
        window_s: length of a window in seconds.
        hop_s: from one start to the next; None is `window_s`, without overlap or gap.
        partial: share of a window that must be left at the end for a last window, which is
            extended with silence; 1 drops whatever is left. A sound shorter than one window
            always gives one.

    Yields:
        Windows, each with its own `start_s`.

    Raises:
        ConfigError: a length that is not above 0, or a share outside [0, 1].
    """
    hop_s = window_s if hop_s is None else hop_s
    if window_s <= 0 or hop_s <= 0:
        raise ConfigError(f"windows of {window_s:g} s every {hop_s:g} s: both must be above 0 s")
    if not 0 <= partial <= 1:
        raise ConfigError(f"partial is {partial:g}: a share of a window lies between 0 and 1")
    first: Sound | None = None
    held = np.empty((0, 0), np.float32)
    begin = start = end = number = 0  # in samples: of `held`, next window, end of the last one
    for block in [sound] if isinstance(sound, Sound) else sound:
        if first is None:
            first, held = block, block.samples
        else:
            held = np.concatenate([held, block.samples], axis=1)
        size = max(1, round(window_s * block.rate))
        while start + size <= begin + held.shape[1]:
            samples = held[:, start - begin : start - begin + size]
            yield replace(block, samples=samples, start_s=first.start_s + start / block.rate)
            number, end = number + 1, start + size
            start = round(number * hop_s * block.rate)
        used = min(start - begin, held.shape[1])
        held, begin = held[:, used:], begin + used
    if first is None:
        return
    left = held[:, start - begin :]
    fresh = begin + held.shape[1] > end
    if number == 0 or (fresh and left.shape[1] and left.shape[1] >= partial * size):
        samples = np.pad(left, ((0, 0), (0, size - left.shape[1])))
        yield replace(block, samples=samples, start_s=first.start_s + start / first.rate)


def utterances(
    sound: Sound,
    *,
    below_db: float = 35.0,
    silence_s: float = 0.25,
    least_s: float = 0.05,
    margin_s: float = 0.1,
) -> list[Sound]:
    """Split a sound at its silences and trim each part, for systems that take words whole.

    Args:
        sound: at most some minutes; its channels are cut alike.
        below_db: what lies this far below the loudest moment is silence, unless the background is
            louder than that.
        silence_s: shorter silences do not split; those within a word last up to 0.2 s.
        least_s: parts with less sound than this are clicks and left out.
        margin_s: kept before and after each part, but not of another part. 0.1 s is what
            recordings of single words commonly have.

    Returns:
        The parts in order; the whole sound if nothing in it stands out.
    """
    level = levels(sound.mono(), sound.rate)
    peak, background = level.max(), np.percentile(level, 10)
    threshold = max(peak - below_db, min(background + 10, peak - 15))
    active = np.flatnonzero(level > threshold)
    if peak < SILENCE_DB or len(active) == 0:
        return [sound]
    breaks = np.flatnonzero(np.diff(active) > silence_s / _HOP_S) + 1
    parts = [part for part in np.split(active, breaks) if len(part) >= least_s / _HOP_S]
    if not parts:
        return [sound]
    hop = _hop(sound.rate)
    margin = round(margin_s * sound.rate)
    total = sound.samples.shape[1]
    edges = np.array([(part[0] * hop, (part[-1] + 1) * hop) for part in parts])
    middles = [0, *((edges[:-1, 1] + edges[1:, 0]) // 2).tolist(), total]
    found = []
    for number, (start, stop) in enumerate(edges.tolist()):
        start = max(start - margin, middles[number])
        stop = min(stop + margin, middles[number + 1])
        samples = sound.samples[:, start:stop]
        found.append(replace(sound, samples=samples, start_s=sound.start_s + start / sound.rate))
    return found


def heard(samples: np.ndarray, rate: int) -> Heard:
    """Tell whether a clip holds anything but silence, steady noise or damage.

    Of such sounds the papers report that a generator's picture is arbitrary. A clip that is heard
    need not be understood: music, or a word of another language, is heard.

    Args:
        samples: `(sample,)` in [-1, 1].
        rate: samples per second.

    Returns:
        The verdict, with level and reason.
    """
    if len(samples) == 0:
        return Heard(False, -np.inf, "no samples")
    if not np.isfinite(samples).all():
        return Heard(False, float("nan"), "values that are not numbers")
    samples = np.asarray(samples, dtype=np.float64)
    power = np.mean((samples - samples.mean()) ** 2)
    level_db = float(10 * np.log10(power)) if power > _TINY else -np.inf
    loudest_db = levels(samples, rate).max()
    if loudest_db < SILENCE_DB:
        return Heard(False, level_db, f"silence: {max(loudest_db, -120):.0f} dB at its loudest")
    clipped = float(np.mean(np.abs(samples) >= 0.999))
    if clipped > CLIPPED_SHARE:
        return Heard(False, level_db, f"distortion: {clipped:.0%} of the samples are at full scale")
    power_spectra = _power_spectra(samples, rate)
    if _steadiness(power_spectra) > STEADY_DB and _flatness(power_spectra) > FLAT_DB:
        return Heard(False, level_db, "steady noise")
    return Heard(True, level_db, "")


def levels(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the level every 10 ms, over 30 ms, of `(sample,)` in dB re full scale."""
    if len(samples) == 0:
        raise AudioError("a sound without samples has no level")
    hop = _hop(rate)
    count = -(-len(samples) // hop)
    power = np.zeros(count * hop)
    power[: len(samples)] = np.square(samples - np.mean(samples), dtype=np.float64)
    blocks = np.pad(power.reshape(count, hop).mean(axis=1), 1, mode="edge")
    return 10 * np.log10((blocks[:-2] + blocks[1:-1] + blocks[2:]) / 3 + _TINY)


def _hop(rate: int) -> int:
    return max(1, round(_HOP_S * rate))


def _power_spectra(samples: np.ndarray, rate: int) -> np.ndarray:
    """Power spectra of some 32 ms each, `(frame, bin)`, at most 2,000, without the edges."""
    size = 1 << max(4, round(np.log2(rate * 0.032)))
    padded = np.pad(samples, (0, max(0, 2 * size - len(samples))))
    hop = max(size // 2, len(padded) // 2000)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    centred = frames - frames.mean(axis=1, keepdims=True)
    spectra = np.abs(np.fft.rfft(centred * np.hanning(size))) ** 2
    return spectra[:, 2:-2] + 1e-20


def _steadiness(power_spectra: np.ndarray) -> float:
    """Mean over bins of how even the power of a bin is in time, in dB.

    The ratio of geometric to arithmetic mean: 0 for what never changes, -2.5 (Euler's constant,
    in dB) for stationary Gaussian noise, about -10 for speech.
    """
    mean_db = 10 * np.log10(power_spectra.mean(axis=0)).mean()
    return float(10 * np.log10(power_spectra).mean() - mean_db)


def _flatness(power_spectra: np.ndarray) -> float:
    """How even the mean spectrum is among nine neighbouring bins, in dB.

    0 for noise of any colour, if long enough; -0.4 and less where there are harmonics. A mean
    weighted by amplitude, since a low tone leaves most bins to the noise beneath it.
    """
    spectrum = power_spectra.mean(axis=0)
    neighbours = np.lib.stride_tricks.sliding_window_view(spectrum, min(9, len(spectrum)))
    power = neighbours.mean(axis=1)
    flatness_db = 10 * (np.log10(neighbours).mean(axis=1) - np.log10(power))
    return float(np.average(flatness_db, weights=np.sqrt(power)))
