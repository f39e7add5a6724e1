"""What a sound tells of its scene: how near it is and how many events there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLASSES = (
    "dog", "rain", "sea", "baby", "clock", "sneeze", "helicopter", "chainsaw", "rooster", "fire",
)  # fmt: skip
"""What makes the sounds, in the order of ESC-10."""
NEAREST_DB, FARTHEST_DB = 0.0, -24.0
"""Levels, relative to a recording's loudest second, of what is nearest and farthest."""
MOST_EVENTS = 3
_STEP_S = 0.01
_SMOOTH = 5  # steps
_RISE_DB, _REACH_DB = 8.0, 15.0
"""An event rises so far above what came before, and stays so near to the loudest."""


@dataclass(frozen=True)
class Told:
    """A moment of a sound, as far as a picture can show it."""

    level: float
    """Loudness in [0, 1]: 0 is far, 1 near."""
    events: int
    """Barks, ticks, cries and the like in it: 1 to `MOST_EVENTS`."""


def level_db(samples: np.ndarray) -> float:
    """Return the RMS level of `(sample,)`, dB re full scale; -120 is silence."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def nearness(relative_db: float) -> float:
    """Return how near something sounds, in [0, 1], from its level relative to the loudest."""
    return float(np.clip((relative_db - FARTHEST_DB) / (NEAREST_DB - FARTHEST_DB), 0, 1))


def count_events(samples: np.ndarray, rate: int) -> int:
    """Count what stands out of a clip: times its level rises by 8 dB to within 15 of its peak.

    Args:
        samples: `(sample,)` in [-1, 1].
        rate: samples a second.

    Returns:
        1 to `MOST_EVENTS`; what never rises is one event.
    """
    step = max(1, round(rate * _STEP_S))
    blocks = samples[: len(samples) // step * step].reshape(-1, step).astype(np.float64)
    power = np.convolve((blocks**2).mean(1), np.ones(_SMOOTH) / _SMOOTH, "same")
    levels = 10 * np.log10(power + 1e-12)
    wanted = levels.max(initial=-120) - _REACH_DB
    lowest, highest, rising, count = -np.inf, np.inf, True, 0
    for level in levels:
        if rising:
            lowest = min(lowest, level) if np.isfinite(lowest) else level
            if level >= max(lowest + _RISE_DB, wanted):
                count, rising, highest = count + 1, False, level
        else:
            highest = max(highest, level)
            if level <= highest - _RISE_DB:
                rising, lowest = True, level
    return int(np.clip(count, 1, MOST_EVENTS))
