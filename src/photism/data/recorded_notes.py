"""Files of single notes: which instrument and pitch each is, and which part it is for."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from photism.audio.decode import decode
from photism.audio.segment import SILENCE_DB, levels
from photism.data.archives import members
from photism.data.progress import track
from photism.data.workers import mapping, processes
from photism.errors import AudioError, DataError
from photism.orchestra.instruments import INSTRUMENTS

_NOTE = re.compile(r"(?:^|[_\- ])([A-G])(s|#|b)?(-?\d)(?=[_\- .]|$)")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"s": 1, "#": 1, "b": -1, None: 0}
_MISTUNED = 1.06
"""How far a period may be from what its pitch says: a semitone."""
_LOWER, _HIGHER = 0.2, 0.95
"""By how much better the sound repeats at the octave below, and how nearly as well above."""
_TESTED, _VALIDATED = (5, 2), (10, 4)
"""Pitches of an instrument, counted from the lowest, for testing and validation: period, first."""


@dataclass(frozen=True)
class Recorded:
    """A recording of one note."""

    instrument: str
    file: str
    midi: int
    """As it sounds."""
    corrected: bool
    """Whether its name tells another octave."""
    number: int = 0
    """Of all recordings, in the order of their names."""
    split: str = "train"

    @property
    def key(self) -> str:
        """Instrument and file, without its ending."""
        return f"{self.instrument}/{PurePosixPath(self.file).stem}"


def find_notes(raw: Path, *, workers: int = 1) -> tuple[dict[str, Recorded], list[dict[str, str]]]:
    """Look for recordings of notes, and share the pitches of each instrument out.

    Args:
        raw: a folder or archive.
        workers: processes that work at once.

    Returns:
        Recordings by the names of their files, and files that cannot be used, each with "file" and
        "reason".

    Raises:
        DataError: there are none, or the archive is damaged.
    """
    tasks = (
        (member.name, member.read())
        for member in members(raw)
        if PurePosixPath(member.name).parent.name in INSTRUMENTS
    )
    with mapping(processes(workers, 16)) as in_order:
        listened = list(track(in_order(_listen, tasks), "pitches"))
    skipped = [{"file": file, "reason": note} for file, note in listened if isinstance(note, str)]
    notes = sorted((note for _, note in listened if isinstance(note, Recorded)), key=_by_file)
    if not notes:
        why = "; the first: {file}: {reason}".format(**skipped[0]) if skipped else ""
        raise DataError(
            f"no recorded notes below {raw}: they lie in folders named {', '.join(INSTRUMENTS)},"
            f" and their names tell the pitch, such as saxophone_As3_1_forte_normal.mp3{why}"
        )
    pitches: dict[str, list[int]] = {
        name: sorted({note.midi for note in notes if note.instrument == name})
        for name in INSTRUMENTS
    }
    return {
        note.file: replace(
            note, number=number, split=_split(pitches[note.instrument].index(note.midi))
        )
        for number, note in enumerate(notes)
    }, skipped


def _by_file(note: Recorded) -> str:
    return note.file


def _listen(task: tuple[str, bytes]) -> tuple[str, Recorded | str]:
    """Tell what note a file is, or why it is none."""
    file, content = task
    path = PurePosixPath(file)
    midi = pitch_named(path.stem)
    if midi is None:
        return file, "its name tells no pitch, such as _As3_"
    try:
        sounding = sounding_pitch(*read_note(content), midi)
    except Exception as error:  # whatever a file does to its reader, the next one is read
        return file, str(error) or type(error).__name__
    return file, Recorded(path.parent.name, file, sounding, sounding != midi)


def read_note(content: bytes) -> tuple[np.ndarray, int]:
    """Return a recording in mono, `(sample,)`, and its rate; an AudioError says what ails it."""
    sound = decode(io.BytesIO(content))
    samples = sound.mono()
    if levels(samples, sound.rate).max() < SILENCE_DB:
        raise AudioError("silent or empty")
    return samples, sound.rate


def sounding_pitch(samples: np.ndarray, rate: int, midi: int) -> int:
    """Correct a pitch whose octave is told wrongly, as that of many trombone notes is.

    Args:
        samples: the note, `(sample,)`.
        rate: samples per second.
        midi: what its name tells.

    Returns:
        That pitch; the one an octave below, where the sound repeats after twice its period and not
        after one; or the one above, where it repeats as well after half of it.
    """
    loudest = int(levels(samples, rate).argmax()) * rate // 100
    part = samples[max(0, loudest - rate // 5) : loudest + rate // 5]
    alike = np.fft.irfft(np.abs(np.fft.rfft(part, 2 * len(part))) ** 2)
    alike = alike[: len(part)] / np.arange(len(part), 0, -1)

    def repeats(period: float) -> float:
        lags = slice(round(period / _MISTUNED), round(period * _MISTUNED) + 2)
        return float(alike[lags].max(initial=0.0) / max(alike[0], 1e-12))

    period = rate / (440 * 2 ** ((midi - 69) / 12))
    here = repeats(period)
    if repeats(2 * period) - here > _LOWER:
        return midi - 12
    return midi + 12 if repeats(period / 2) > _HIGHER * here else midi


def pitch_named(name: str) -> int | None:
    """Return the MIDI pitch that a name tells, such as `_As3_`, `C#4` or `Bb2`; None of none."""
    match = _NOTE.search(name)
    if not match:
        return None
    letter, accidental, octave = match.groups()
    return 12 * (int(octave) + 1) + _SEMITONES[letter] + _ACCIDENTALS[accidental]


def _split(rank: int) -> str:
    for split, (period, first) in (("test", _TESTED), ("validation", _VALIDATED)):
        if rank % period == first:
            return split
    return "train"
