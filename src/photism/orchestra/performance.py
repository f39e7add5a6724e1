"""Performances: a score played on recorded notes in a room, and what is heard in each window.

Everything follows from a seed, the instrument, the split and the number of the performance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from photism.audio.augment import OCTAVES_HZ, equalise, reverberation
from photism.orchestra.instruments import Instrument
from photism.orchestra.notes import RATE, SUSTAIN_RMS, Notes, read_notes
from photism.orchestra.score import Note, Score, compose

SPLITS = ("train", "validation", "test", "demo")
"""No prepared set holds the last: it is for showing."""
WINDOW_S = 0.5
"""Length of a window, as in Sub-URMP."""
LOUDEST_DB = -18.0
"""RMS level of the loudest note re full scale, before the gain of the recording."""
DYNAMIC_RANGE_DB = 28.0
"""From the softest to the loudest note."""
QUIET_DB = LOUDEST_DB - DYNAMIC_RANGE_DB - 6.0
"""Level of a window that counts as the quietest music."""

_LEAST_S = 0.1  # a window in which less than this sounds is silent
_ATTACK_S, _SLUR_S, _RELEASE_S = 0.003, 0.03, 0.12
_SKIPPED_S = 0.08  # of the attack of a slurred note


@dataclass(frozen=True)
class Take:
    """What a recording owes to player, room and microphone rather than to the score."""

    tuning_cents: float
    drift_cents: float
    """How far the tuning wanders, in a wave of `drift_hz`."""
    drift_hz: float
    vibrato_cents: float
    vibrato_hz: float
    reverb_s: float
    """Time in which the room's sound falls by 60 dB."""
    reverb_db: float
    """Level of the room's sound against the direct one."""
    floor_db: float
    """RMS level of the noise re full scale."""
    gain_db: float
    tone_db: tuple[float, ...]
    """Gain in each octave from 62.5 Hz to 16 kHz: place and distance, microphone, equaliser."""
    bandwidth_hz: tuple[float, float]
    """Where the microphone's bass and treble have fallen by 3 dB."""

    @classmethod
    def draw(cls, instrument: Instrument, rng: np.random.Generator) -> Take:
        """Draw one at random."""
        octaves = np.arange(len(OCTAVES_HZ)) - len(OCTAVES_HZ) // 2
        tone_db = rng.uniform(-2, 2) * octaves + rng.normal(0, 2.5, len(octaves))
        return cls(
            tuning_cents=rng.uniform(-20, 20),
            drift_cents=rng.uniform(0, 6),
            drift_hz=rng.uniform(0.05, 0.2),
            vibrato_cents=rng.uniform(0, instrument.vibrato_cents),
            vibrato_hz=rng.uniform(4.5, 6.5),
            reverb_s=rng.uniform(0.25, 1.8),
            reverb_db=rng.uniform(-26, -6),
            floor_db=rng.uniform(-110, -58),
            gain_db=rng.uniform(-9, 3),
            tone_db=tuple(tone_db.tolist()),
            bandwidth_hz=(20 * 7.5 ** rng.random(), 6_000 * 3.5 ** rng.random()),
        )

    def cents(self, time_s: np.ndarray, since_s: np.ndarray) -> np.ndarray:
        """Return the deviation from equal temperament at 440 Hz.

        Args:
            time_s: time in the performance.
            since_s: time since the onset of the note; vibrato sets in gently.

        Returns:
            Cents, of the shape of the times.
        """
        drift = self.drift_cents * np.sin(2 * np.pi * self.drift_hz * time_s)
        vibrato = self.vibrato_cents * np.sin(2 * np.pi * self.vibrato_hz * since_s)
        return self.tuning_cents + drift + vibrato * np.minimum(1, since_s / 0.4)


@dataclass(frozen=True)
class Windows:
    """Windows of a performance and what the sound in each is made of, `(window,)` arrays."""

    start_s: np.ndarray
    midi: np.ndarray
    """Pitch in the middle, or of the note nearest to it, as in the score; -1 in silence."""
    level_db: np.ndarray
    """RMS level re full scale."""
    silent: np.ndarray
    """Whether less than 0.1 s of any note is in it; noise and the room's echo may be."""
    samples: np.ndarray
    """`(window, sample)` float32 in [-1, 1]."""

    @property
    def loudness(self) -> np.ndarray:
        """Level on the scale of the music: 0 is the quietest or less, 1 the loudest."""
        return np.clip((self.level_db - QUIET_DB) / (LOUDEST_DB - QUIET_DB), 0, 1)


@dataclass(frozen=True)
class Performance:
    """A score as it was played and recorded, and who plays."""

    name: str
    player: int
    """Seed of the player's look."""
    score: Score
    take: Take
    samples: np.ndarray = field(repr=False)
    """`(sample,)` float32 in [-1, 1] at `RATE`."""

    def windows(self, hop_s: float) -> Windows:
        """Cut windows of half a second, one every `hop_s`, none beyond the end."""
        hop, length = round(hop_s * RATE), round(WINDOW_S * RATE)
        samples = np.lib.stride_tricks.sliding_window_view(self.samples, length)[::hop]
        start_s = np.arange(len(samples)) * hop / RATE
        midi, silent = _heard_notes(self.score.notes, start_s)
        power = np.square(samples, dtype=np.float64).mean(axis=1)
        return Windows(start_s, midi, 10 * np.log10(power + 1e-12), silent, samples)


def performance(
    instrument: Instrument,
    index: int,
    *,
    split: str = "train",
    seed: int = 0,
    duration_s: float = 5.0,
) -> Performance:
    """Compose and play a performance; the same arguments always give the same.

    Args:
        instrument: who plays.
        index: number of the performance, 0 or more. Each has notes and a player of its own.
        split: which of `SPLITS` it is for. Splits share no performance, however large they are.
        seed: of all performances, 0 or more.
        duration_s: its length.

    Returns:
        The performance.
    """
    key = (instrument.label, SPLITS.index(split), index)
    of_score, of_take, of_player = np.random.SeedSequence(seed, spawn_key=key).spawn(3)
    score = compose(instrument, np.random.default_rng(of_score), duration_s=duration_s)
    rng = np.random.default_rng(of_take)
    take = Take.draw(instrument, rng)
    player = int(of_player.generate_state(1, np.uint64)[0] >> np.uint64(1))
    name = f"{instrument.name}-{split}-{index:04d}"
    return Performance(name, player, score, take, perform(score, take, rng))


def perform(score: Score, take: Take, rng: np.random.Generator) -> np.ndarray:
    """Play a score.

    Args:
        score: the notes.
        take: player, room and microphone.
        rng: of the room's echoes and of the noise.

    Returns:
        `(sample,)` float32 in [-1, 1] at `RATE`, as long as the score.
    """
    total = round(score.duration_s * RATE)
    notes = read_notes(score.voice)
    dry = np.zeros(total)
    for note in score.notes:
        start = round(note.onset_s * RATE)
        played = _play(note, notes, take)[: total - start]
        dry[start : start + len(played)] += played
    room = reverberation(dry, RATE, reverb_s=take.reverb_s, reverb_db=take.reverb_db, rng=rng)
    heard = (dry + room) * 10 ** (take.gain_db / 20) + _noise(total, take, rng)
    coloured = equalise(heard, RATE, tone_db=take.tone_db, bandwidth_hz=take.bandwidth_hz)
    return coloured.clip(-1, 1).astype("f4")


def _play(note: Note, notes: Notes, take: Take) -> np.ndarray:
    """Play one note with its release, `(sample,)`."""
    length_s = note.offset_s - note.onset_s
    since_s = np.arange(round((length_s + _RELEASE_S) * RATE)) / RATE
    midi = note.midi + take.cents(note.onset_s + since_s, since_s) / 100
    skip_s = _SKIPPED_S if note.slurred else 0.0
    mean = (note.dynamic + note.dynamic_end) / 2
    samples = notes.play(midi, mean, skip_s=skip_s)
    share = np.minimum(since_s / length_s, 1)
    dynamic = note.dynamic + (note.dynamic_end - note.dynamic) * share
    level_db = LOUDEST_DB - DYNAMIC_RANGE_DB * (1 - dynamic)
    attack = np.minimum(1, since_s / (_SLUR_S if note.slurred else _ATTACK_S))
    release = np.clip(1 - (since_s - length_s) / _RELEASE_S, 0, 1) ** 2
    return samples * (10 ** (level_db / 20) / SUSTAIN_RMS * attack * release)


def _noise(total: int, take: Take, rng: np.random.Generator) -> np.ndarray:
    """Return noise with more bass than treble: a hiss, and a rumble below some 1 kHz."""
    hiss, rumble = rng.standard_normal((2, total))
    noise = hiss + 3 * np.convolve(rumble, np.full(32, 1 / 32), "same")
    return noise * (10 ** (take.floor_db / 20) / np.sqrt((noise**2).mean()))


def _heard_notes(notes: tuple[Note, ...], start_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pitch in the middle of each window, and whether it is silent."""
    onset = np.array([note.onset_s for note in notes])
    offset = np.array([note.offset_s for note in notes])
    start = start_s[:, None]
    inside = np.minimum(offset, start + WINDOW_S) - np.maximum(onset, start)  # (window, note)
    silent = inside.clip(0).sum(axis=1) < _LEAST_S
    middle = start + WINDOW_S / 2
    away = np.maximum(onset - middle, middle - offset).clip(0)
    away[inside <= 0] = np.inf
    nearest = np.array([note.midi for note in notes], np.float64)[away.argmin(axis=1)]
    return np.where(silent, -1.0, nearest), silent
