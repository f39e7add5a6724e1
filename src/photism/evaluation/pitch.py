"""Pitch: whether the note that a pair is of is heard in the sound that was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from photism.audio.front_ends import FrontEnd
from photism.data.pairs import PairDataset, PairLoader
from photism.data.progress import track
from photism.evaluation.observe import row_generators
from photism.judges.factors import read_factors
from photism.judges.perceive import Percept, perceive
from photism.media import other
from photism.metrics.features import Interval, accuracy_interval
from photism.systems.base import System, draw_noise

COLUMN = "midi"
"""Of the data: the note in the middle of each sound."""
PAIRS = 1000
"""Pairs that are listened to, at most."""


class PitchReader(Protocol):
    """What reads notes."""

    name: str
    about: str
    digest: str

    def read(self, percept: Percept) -> np.ndarray:
        """Return `(batch,)` MIDI numbers, not a number where no note sounds."""


@dataclass(frozen=True)
class NotesRead:
    """How often a note was read."""

    right: Interval
    """The note of the pair, within half a semitone; 95 % interval."""
    right_but_octaves: float
    """The same, or that note in another octave."""
    heard: float
    """Any note."""


@dataclass(frozen=True)
class PitchFigures:
    """Notes read in sounds that were made, and in the real ones of the same pairs."""

    reader: str
    sha256: str
    """Of the reader's weights."""
    about: str
    """Whose network it is."""
    pairs: int
    """Looked at, all with a note."""
    made: NotesRead
    real: NotesRead


@torch.inference_mode()
def measure_pitch(
    system: System,
    reader: PitchReader,
    dataset: PairDataset,
    drawn: FrontEnd,
    rows: np.ndarray,
    *,
    seed: int,
) -> PitchFigures | None:
    """Read notes in the sounds that a system makes.

    Args:
        system: makes sounds, on the device where it is to be computed.
        reader: of notes.
        dataset: a split.
        drawn: how its log-mels are drawn.
        rows: pairs that may be looked at; some `PAIRS` are, chosen by the seed.
        seed: of the choice and the noise.

    Returns:
        Figures; None if the data does not say which note sounds.
    """
    if dataset.card.columns.get(COLUMN) not in ("int", "float"):
        return None
    rows = rows[_notes(dataset)[rows] >= 0]
    if not len(rows):
        return None
    rows = np.sort(np.random.default_rng((seed, 5)).permutation(rows)[:PAIRS])
    device = next((p.device for p in system.parameters()), torch.device("cpu"))
    loader = PairLoader(dataset, 50, rows=rows, shuffle=False, device=device)
    read: dict[str, list[np.ndarray]] = {"made": [], "real": []}
    for batch in track(loader.epoch(), f"{reader.name} reads notes", len(loader)):
        condition = batch.of(other("sound"))
        generators = row_generators(seed, batch.row.tolist())
        noise = draw_noise(system, "sound", generators, condition.device)
        made = system.generate(condition, target="sound", label=batch.label, noise=noise)
        for name, sounds in (("made", made.float().clamp(-1, 1)), ("real", batch.of("sound"))):
            read[name].append(reader.read(perceive(sounds, "sound", drawn)))
    true, groups = _notes(dataset)[rows], dataset.column(dataset.card.group)[rows]
    found = {
        name: _compare(np.concatenate(parts), true, groups, seed) for name, parts in read.items()
    }
    return PitchFigures(reader.name, reader.digest, reader.about, len(rows), **found)


def _notes(dataset: PairDataset) -> np.ndarray:
    """Return the note of every pair; below 0, or not a number, where there is none."""
    return read_factors(dataset, (COLUMN,))[:, 0]


def _compare(read: np.ndarray, true: np.ndarray, groups: np.ndarray, seed: int) -> NotesRead:
    heard = np.isfinite(read)
    away = np.abs(np.where(heard, read, np.inf) - true)
    octaves = np.where(heard, np.abs((np.where(heard, read, 0) - true + 6) % 12 - 6), np.inf)
    return NotesRead(
        right=accuracy_interval(away <= 0.5, groups, seed=seed),
        right_but_octaves=float(np.mean(octaves <= 0.5)),
        heard=float(heard.mean()),
    )
