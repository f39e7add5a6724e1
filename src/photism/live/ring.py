"""The latest seconds of a sound that does not end."""

from __future__ import annotations

import numpy as np

from photism.audio.decode import Sound


class Ring:
    """Keeps the latest samples, in memory that does not grow.

    Args:
        rate: samples per second.
        seconds: how much is kept.
        source: what the sound is called.
    """

    def __init__(self, rate: int, seconds: float, source: str = "microphone") -> None:
        self.rate, self.source = rate, source
        self._samples = np.zeros(max(1, round(seconds * rate)), np.float32)
        self._end = 0

    @property
    def end_s(self) -> float:
        """Time of the latest sample, in seconds since the first."""
        return self._end / self.rate

    def add(self, samples: np.ndarray) -> None:
        """Append samples `(sample,)`: float in [-1, 1], or int16 of full scale."""
        if samples.dtype == np.int16:
            samples = samples.astype(np.float32) / 2**15
        self._end += len(samples)
        kept = samples[-len(self._samples) :]
        self._samples[: len(self._samples) - len(kept)] = self._samples[len(kept) :]
        self._samples[len(self._samples) - len(kept) :] = kept

    def latest(self, seconds: float) -> Sound | None:
        """Return the latest part of the sound.

        Args:
            seconds: how much of it, at most what is kept.

        Returns:
            `(1, sample)`, shorter where less has come yet; None before the first sample.
        """
        count = min(round(seconds * self.rate), self._end, len(self._samples))
        if not count:
            return None
        samples = self._samples[None, -count:].copy()
        return Sound(samples, self.rate, self.source, (self._end - count) / self.rate)
