"""Notes of real instruments: read from a bank, tuned and held."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass

import numpy as np

from photism.errors import DataError
from photism.orchestra.banks import FLUID_R3, embedded_banks, find_bank
from photism.orchestra.instruments import Voice

RATE = 44_100
"""Samples per second."""
SUSTAIN_RMS = 0.1
"""Level of every bundled note while it is held, at every dynamic."""
FADE_SAMPLES = 2048
"""Length of the cross-fade from the end of a loop to its beginning."""
_TAPS = 4


@dataclass(frozen=True)
class Notes:
    """The notes of one voice, every few semitones, from soft to loud."""

    midi: np.ndarray
    """`(pitch,)`, rising."""
    samples: np.ndarray
    """`(pitch, dynamic, sample)` float32. The loop ends `_TAPS` samples before the end; what
    follows is its beginning again, so that interpolation may read across."""
    loop_start: np.ndarray
    """`(pitch,)` sample at which the loop of each begins."""

    def play(self, midi: np.ndarray, dynamic: float, *, skip_s: float = 0.0) -> np.ndarray:
        """Play one note, whose pitch may move while it sounds.

        The recorded note nearest to the first pitch is read at the speed that gives the wanted
        pitch (cubic interpolation), and its loop again and again while the note lasts. One dynamic
        is chosen: a mixture of two would cancel partials, which the font's filter shifts in phase.

        Args:
            midi: pitch at every sample, `(sample,)`; fractions are shares of a semitone.
            dynamic: from soft, 0, to loud, 1; it decides the timbre and not the level.
            skip_s: how much of the attack to leave out, for a note that is slurred.

        Returns:
            `(sample,)` float32, RMS about `SUSTAIN_RMS` while held.
        """
        pitch = int(np.argmin(np.abs(self.midi - midi[0])))
        layers = self.samples[pitch]
        layer = layers[min(int(dynamic * len(layers)), len(layers) - 1)]
        speed = np.exp2((midi - self.midi[pitch]) / 12)
        position = 1 + skip_s * RATE + np.cumsum(speed) - speed[0]
        start, end = int(self.loop_start[pitch]), len(layer) - _TAPS
        beyond = position >= end
        position[beyond] = start + (position[beyond] - start) % (end - start)
        return _interpolate(layer, position)


@functools.cache
def read_notes(voice: Voice, bank: str = FLUID_R3) -> Notes:
    """Return the notes of a voice; they stay in memory, about 9 MB each.

    Args:
        voice: one that the bank has.
        bank: name of a bank that comes with photism, or a folder.

    Returns:
        Its notes.

    Raises:
        ConfigError: there is no such bank.
        DataError: the notes are missing or damaged.
    """
    import soundfile

    found = find_bank(bank)
    card, place = found.card, found.place / f"{voice.name}.ogg"
    try:
        tape, rate = soundfile.read(io.BytesIO(place.read_bytes()), dtype="float32")
        entry = card["voices"][voice.name]
        length = card["note_samples"]
        shape = (len(entry["midi"]), len(card["dynamics"]), length + card["gap_samples"])
        slots = tape.reshape(shape)
        loop_start = np.array(entry["loop_start"])
        if rate != RATE or loop_start.min() < FADE_SAMPLES or loop_start.max() >= length:
            raise ValueError("notes of another rate or length")
        return Notes(np.array(entry["midi"]), _closed(slots[..., :length], loop_start), loop_start)
    except (OSError, ValueError, KeyError, TypeError, soundfile.LibsndfileError) as error:
        again = "install photism again" if bank in embedded_banks() else "make the bank again"
        raise DataError(f"{place} is missing or damaged: {again}") from error


def _closed(notes: np.ndarray, loop_start: np.ndarray) -> np.ndarray:
    """Fade the end of every loop to what precedes its beginning, and add `_TAPS` samples of it."""
    closed = np.pad(notes, ((0, 0), (0, 0), (0, _TAPS)))
    end = notes.shape[-1]
    fade = np.linspace(0, 1, FADE_SAMPLES, dtype=np.float32)
    for note, start in zip(closed, loop_start, strict=True):
        seam = note[:, end - FADE_SAMPLES : end]
        seam += fade * (note[:, start - FADE_SAMPLES : start] - seam)
        note[:, end:] = note[:, start : start + _TAPS]
    return closed


def _interpolate(samples: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Read `samples` at fractions of a sample by cubic (Catmull-Rom) interpolation."""
    whole = position.astype(np.int64)
    fraction = (position - whole).astype(np.float32)
    a, b, c, d = (samples[whole + step] for step in (-1, 0, 1, 2))
    slope = 0.5 * (c - a)
    curve = a - 2.5 * b + 2 * c - 0.5 * d
    bend = 0.5 * (d - a) + 1.5 * (b - c)
    return b + fraction * (slope + fraction * (curve + fraction * bend))
