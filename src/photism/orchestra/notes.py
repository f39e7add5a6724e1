"""Notes of real instruments, bundled with photism: read, tuned and held.

They were rendered from the FluidR3 GM sound font; `assets/orchestra` says how.
"""

from __future__ import annotations

import functools
import importlib.resources
import io
from dataclasses import dataclass

import numpy as np

from photism.errors import DataError
from photism.files import parse_json
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
def read_notes(voice: Voice) -> Notes:
    """Return the notes of a voice; they stay in memory, about 9 MB each.

    Args:
        voice: one that is bundled.

    Returns:
        Its notes.

    Raises:
        DataError: they are missing from the installation, or damaged.
    """
    import soundfile

    folder = importlib.resources.files("photism") / "assets" / "orchestra"
    try:
        card = parse_json((folder / "card.json").read_bytes())
        content = (folder / f"{voice.name}.ogg").read_bytes()
        tape, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    except (OSError, soundfile.LibsndfileError) as error:
        where = f"{folder}/{voice.name}.ogg"
        raise DataError(f"{where} is missing or damaged: install photism again") from error
    entry = card["voices"][voice.name]
    length = card["note_samples"]
    slots = tape.reshape(len(entry["midi"]), len(card["dynamics"]), length + card["gap_samples"])
    loop_start = np.array(entry["loop_start"])
    return Notes(np.array(entry["midi"]), _closed(slots[..., :length], loop_start), loop_start)


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
