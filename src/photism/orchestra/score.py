"""Music for one player: phrases of scales, arpeggios, melodies and long notes, with rests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from photism.orchestra.instruments import Instrument, Voice

_MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
}
_BEATS_A_MINUTE = (66, 144)
_PHRASE_S = (1.2, 3.2)
_REST_S = (0.15, 0.7)
_PAUSE_S = 0.25  # at most, between notes that are not joined
_SHORTEST_S = 0.12
_END_S = 0.15  # after the last note, for its release
_SOUNDING = {"legato": 1.0, "tenuto": 0.95, "portato": 0.75, "staccato": 0.45}
_RHYTHMS = ((1.0,), (0.5, 0.5), (1.5, 0.5), (0.75, 0.25), (0.5, 0.25, 0.25), (2.0,))


@dataclass(frozen=True)
class Note:
    """One note of a score."""

    onset_s: float
    offset_s: float
    midi: int
    dynamic: float
    """At the onset: 0 is as soft as can be, 1 as loud."""
    dynamic_end: float
    """At the offset; in between it moves in a line."""
    slurred: bool = False
    """Joined to the note before, without an attack of its own."""


@dataclass(frozen=True)
class Score:
    """What one player is to play."""

    instrument: Instrument
    voice: Voice
    duration_s: float
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Figure:
    """The notes of a phrase before they are placed: steps of the scale, and lengths in beats."""

    steps: np.ndarray
    beats: np.ndarray


def compose(instrument: Instrument, rng: np.random.Generator, *, duration_s: float) -> Score:
    """Compose phrases in a random key, tempo and register, with rests between them.

    Args:
        instrument: who plays; every note lies in the range of one of its voices.
        rng: of everything.
        duration_s: length of the score; the last note ends a little before.

    Returns:
        At least one note, and never two at once.
    """
    voice = instrument.voices[rng.integers(len(instrument.voices))]
    scale = _scale_of(voice, rng)
    beat_s = 60 / rng.uniform(*_BEATS_A_MINUTE)
    end_s = duration_s - _END_S
    notes: list[Note] = []
    now_s = rng.uniform(0, 0.2)
    while now_s < end_s - _SHORTEST_S:
        limit_s = min(end_s - now_s, rng.uniform(*_PHRASE_S))
        notes += _phrase(scale, now_s, limit_s, beat_s, rng)
        now_s = notes[-1].offset_s + rng.uniform(*_REST_S)
    return Score(instrument, voice, duration_s, tuple(notes))


def _scale_of(voice: Voice, rng: np.random.Generator) -> np.ndarray:
    """Return all pitches of a random key in the range of a voice, rising."""
    mode = _MODES[str(rng.choice(list(_MODES)))]
    tonic = rng.integers(12)
    pitches = np.arange(voice.low_midi, voice.high_midi + 1)
    return pitches[np.isin((pitches - tonic) % 12, mode)]


def _phrase(
    scale: np.ndarray, start_s: float, limit_s: float, beat_s: float, rng: np.random.Generator
) -> Iterator[Note]:
    """Yield the notes of one phrase that lasts `limit_s` at most."""
    figure = _FIGURES[rng.choice(len(_FIGURES), p=_LIKELY)](rng)
    articulation = str(rng.choice(list(_SOUNDING)))
    offsets_s = np.cumsum(np.maximum(figure.beats * beat_s, _SHORTEST_S))
    count = max(1, int((offsets_s <= limit_s).sum()))
    offsets_s = np.minimum(offsets_s[:count], limit_s)
    onsets_s = np.concatenate([[0.0], offsets_s[:-1]])
    pitches = _place(figure.steps[:count], scale, rng)
    loud, loud_end = rng.uniform(0, 1, 2)
    if rng.random() < 0.4:
        loud_end = loud  # no crescendo or diminuendo
    for number, (onset_s, offset_s) in enumerate(zip(onsets_s, offsets_s, strict=True)):
        before, after = (
            loud + (loud_end - loud) * at_s / offsets_s[-1] for at_s in (onset_s, offset_s)
        )
        accent = 0.3 if rng.random() < 0.15 else 0.0
        pause_s = min((offset_s - onset_s) * (1 - _SOUNDING[articulation]), _PAUSE_S)
        yield Note(
            onset_s=float(start_s + onset_s),
            offset_s=float(start_s + offset_s - pause_s),
            midi=int(pitches[number]),
            dynamic=float(min(1.0, before + accent)),
            dynamic_end=float(after),
            slurred=articulation == "legato" and number > 0,
        )


def _place(steps: np.ndarray, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put steps somewhere on the scale; what does not fit is turned back at its ends."""
    top = len(scale) - 1
    first, last = -steps.min(), top - steps.max()
    start = rng.integers(min(first, last), max(first, last) + 1)
    folded = np.abs((steps + start) % (2 * top))
    return scale[np.minimum(folded, 2 * top - folded)]


def _scale(rng: np.random.Generator) -> _Figure:
    count = rng.integers(5, 13)
    steps = np.arange(count) * rng.choice([-1, 1])
    if rng.random() < 0.4:
        steps = np.concatenate([steps, steps[-2::-1]])
    return _Figure(steps, np.full(len(steps), rng.choice([1 / 3, 0.5, 1.0])))


def _arpeggio(rng: np.random.Generator) -> _Figure:
    chord = np.array([0, 2, 4] if rng.random() < 0.7 else [0, 2, 4, 6])
    rising = np.concatenate([chord, chord + 7, [14]])[: rng.integers(4, 8)]
    steps = {0: rising, 1: rising[::-1], 2: np.concatenate([rising, rising[-2::-1]])}
    chosen = steps[int(rng.integers(3))]
    return _Figure(chosen, np.full(len(chosen), rng.choice([1 / 3, 0.5, 1.0])))


def _melody(rng: np.random.Generator) -> _Figure:
    beats = np.concatenate([_RHYTHMS[i] for i in rng.integers(len(_RHYTHMS), size=6)])
    leaps = rng.choice([-4, -2, -1, 0, 1, 2, 4], size=len(beats), p=_LEAPS)
    return _Figure(np.cumsum(leaps), beats)


def _long_notes(rng: np.random.Generator) -> _Figure:
    count = rng.integers(1, 4)
    return _Figure(np.cumsum(rng.integers(-3, 4, size=count)), rng.choice([2.0, 3.0, 4.0], count))


_LEAPS = (0.05, 0.12, 0.28, 0.1, 0.28, 0.12, 0.05)
_FIGURES: tuple[Callable[[np.random.Generator], _Figure], ...] = (
    _scale,
    _arpeggio,
    _melody,
    _long_notes,
)
_LIKELY = (0.2, 0.2, 0.45, 0.15)
