"""Spoken words as waveforms, cut and in memory: to be varied, and drawn as log-mels later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from photism.audio.clips import first_heard
from photism.audio.decode import resample
from photism.audio.words import words
from photism.data.clips import read_clip
from photism.data.digits import Recording
from photism.data.progress import track
from photism.errors import AudioError, DataError

HIGHEST_RATE = 16_000
"""Recordings of a higher rate are kept at this one: no front end of words hears above 8 kHz."""
_FULL_SCALE = 2**15


@dataclass(frozen=True)
class SpokenWords:
    """Words in the order of their keys; all arrays are `(word,)`."""

    keys: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    rates: np.ndarray
    _samples: tuple[np.ndarray, ...]
    """Of 16 bits each, as their files have them."""
    skipped: tuple[dict[str, str], ...] = ()

    def waveform(self, word: int) -> np.ndarray:
        """Return a word, `(sample,)` float32 in [-1, 1], at its own rate."""
        return self._samples[word].astype(np.float32) / _FULL_SCALE

    @property
    def corpora(self) -> np.ndarray:
        """The data set that each word is from: its key begins with it."""
        return np.array([key.split("/")[0] for key in self.keys])


def read_words(recordings: Iterable[Recording], total: int | None = None) -> SpokenWords:
    """Decode recordings and cut each to the word in it, as `translate` cuts them.

    Args:
        recordings: read one at a time.
        total: how many there are, about, for the progress bar.

    Returns:
        All that could be used, the others listed with their reasons.

    Raises:
        DataError: none could be used.
    """
    kept: list[tuple[Recording, int, np.ndarray]] = []
    skipped: list[dict[str, str]] = []
    for recording in track(recordings, "words", total):
        try:
            rate, samples = _word(recording.content)
            kept.append((recording, rate, samples))
        except Exception as error:  # whatever a file does to its reader, the next one is read
            reason = str(error) or type(error).__name__
            skipped.append({"file": recording.key, "reason": reason})
    if not kept:
        why = "; the first: {file}: {reason}".format(**skipped[0]) if skipped else ""
        raise DataError(f"no recording that can be used among {len(skipped)}{why}")
    kept.sort(key=lambda word: word[0].key)
    return SpokenWords(
        keys=np.array([recording.key for recording, _, _ in kept]),
        labels=np.array([recording.label for recording, _, _ in kept]),
        speakers=np.array([recording.speaker for recording, _, _ in kept]),
        rates=np.array([rate for _, rate, _ in kept]),
        _samples=tuple(samples for _, _, samples in kept),
        skipped=tuple(skipped),
    )


def _word(content: bytes) -> tuple[int, np.ndarray]:
    """Return the rate of a sound file and the word in it, `(sample,)` int16."""
    recording = read_clip(content)
    if not recording.samples.any():
        raise AudioError("silent or empty")
    word, _ = first_heard(words([recording]))
    rate = min(word.rate, HIGHEST_RATE)
    samples = resample(word.mono(), word.rate, rate) * _FULL_SCALE
    return rate, np.rint(samples).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
