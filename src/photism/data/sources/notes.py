"""Recorded single notes of instruments, each with a drawn player: `orchestra` with real sounds."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.audio.augment import NOTES, vary
from photism.audio.decode import resample
from photism.data.archives import members
from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.recorded_notes import Recorded, find_notes, read_note
from photism.data.sources.base import PairSource, check_size
from photism.data.sources.orchestra import COLUMNS, scenes
from photism.data.splits import SPLITS
from photism.data.workers import check_workers, mapping, processes
from photism.errors import ConfigError
from photism.orchestra.instruments import INSTRUMENTS, Instrument
from photism.orchestra.performance import Windows

if TYPE_CHECKING:
    from photism.data.card import Card

WINDOW_S = 0.5
"""Length of a window, as in `orchestra`."""
BANK = "recorded"
"""What the column `bank` has."""
_AUDIBLE_DB = 30.0
"""Windows further below the loudest of their recording are left out."""
_BEFORE_S = 0.2
"""What is varied before a window too, so that the room's sound of it is there."""


@dataclass(frozen=True)
class RecordedNotes(PairSource):
    """Recorded single notes, half a second at a time, with drawn players of that pitch and level.

    The recordings lie in a folder for each instrument, named as in `orchestra`: violin/… to tuba/…;
    the name of each tells its pitch: saxophone_As3_1_forte_normal.mp3. A folder or archive with
    some of the instruments will do. Every fifth pitch of each instrument is for testing, and every
    tenth for validation.

    For example:
      photism data prepare notes --from philharmonia --augment 4 --front-end ear-notes
    """

    name: ClassVar[str] = "notes"
    what: ClassVar[str] = "recorded single notes of instruments with drawn performers"
    pairs: ClassVar[str] = "as many as sound"
    licence: ClassVar[str] = "pictures CC0 1.0; notes under their own licence"
    upstream: ClassVar[tuple[Upstream, ...]] = ()
    own_files: ClassVar[str] = "a folder or archive with a folder of recordings for each instrument"

    augment: int = 0
    """Variants of each window for training, in place of it: up to a semitone and a half higher or
    lower, equaliser, room, level, background. 0 takes the window as it is."""
    hop_s: float = 0.1
    """From the beginning of a window to the next, in seconds."""
    size: int = 128
    """Height and width of the pictures."""
    front_end: Literal["car-gan", "car-gan-256", "sa-cmgan", "sa-cmgan-margins", "ear-notes"] = (
        "car-gan"
    )
    """Log-mel front end of the sounds."""
    terms: str = "Philharmonia Orchestra, free to use, not to be passed on as samples"
    """Licence of the recordings, and whom to credit."""
    workers: int = 0
    """Processes that work at once; 0 is one for each processor. The pairs do not depend on it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(self.size)
        check_workers(self.workers)
        if not 0 <= self.augment <= 1000:
            raise ConfigError(f"augment must be in [0, 1000], not {self.augment}")
        if not 0.01 <= self.hop_s <= 10:
            raise ConfigError(f"hop-s must be in [0.01, 10], not {self.hop_s:g}")

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.audio.front_ends import front_end
        from photism.data.card import Card
        from photism.data.writer import PairWriter

        found, skipped = find_notes(raw, workers=self.workers)
        card = self.card(
            front_end(self.front_end),
            (self.size, self.size, 3),
            classes=tuple(INSTRUMENTS),
            group="performance",
            columns={**COLUMNS, "recording": "string"},
            notes=self._notes(list(found.values())),
            licence=f"pictures CC0 1.0; notes: {self.terms}",
            skipped=tuple(skipped),
        )
        with PairWriter(folder, card) as writer, contextlib.closing(self._make(raw, found)) as made:
            for part in made:
                writer.write(**vars(part))
        return Card.read(folder)

    def _notes(self, found: list[Recorded]) -> tuple[str, ...]:
        counts = Counter(note.split for note in found)
        corrected = Counter(note.instrument for note in found if note.corrected)
        notes = [
            ", ".join(f"{counts[split]:,} recordings for {split}" for split in SPLITS)
            + "; no pitch of an instrument in two splits",
            "performance is the pitch of the instrument; midi the pitch, level_db the window's RMS"
            " re full scale; player the seed of the look, another for each recording and variant",
            "the pictures are drawn and show no real person",
        ]
        if corrected:
            said = ", ".join(f"{count} of {name}" for name, count in sorted(corrected.items()))
            notes.append(f"recordings in another octave than their names say: {said}")
        if self.augment:
            notes.append(
                f"{self.augment} variants of each window for training, up to 1.5 semitones higher"
                " or lower: equaliser, room, level, background"
            )
        return tuple(notes)

    def _make(self, raw: Path, found: dict[str, Recorded]) -> Generator[NotePairs]:
        """Yield the pairs of each recording, in the order of the files."""
        tasks = (
            (self, found[member.name], member.read())
            for member in members(raw)
            if member.name in found
        )
        with mapping(processes(self.workers, len(found))) as in_order:
            yield from track(in_order(_part, tasks), "recordings", len(found))


@dataclass(frozen=True)
class NotePairs:
    """The pairs of one recording."""

    split: str
    sound: np.ndarray
    image: np.ndarray
    label: np.ndarray
    key: list[str]
    columns: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Variant:
    """A recording as one player in one room would have played it."""

    player: int
    speed: float
    rng: np.random.Generator | None
    """Of all else that varies; None leaves the recording as it is."""

    @classmethod
    def draw(cls, source: RecordedNotes, note: Recorded, number: int) -> _Variant:
        """Draw the variant of a number; only those for training vary."""
        seeds = np.random.SeedSequence(source.seed, spawn_key=(note.number, number)).spawn(2)
        player = int(seeds[0].generate_state(1, np.uint64)[0] >> np.uint64(1))
        if not source.augment or note.split != "train":
            return cls(player, 1.0, None)
        rng = np.random.default_rng(seeds[1])
        return cls(player, float(rng.uniform(*NOTES.speed)), rng)

    def window(self, samples: np.ndarray, rate: int, start: int, to_rate: int) -> np.ndarray:
        """Return the half-second that begins at a sample, `(sample,)` at `to_rate`."""
        size = round(WINDOW_S * to_rate)
        begin = start if self.rng is None else max(0, start - round(_BEFORE_S * rate))
        part = samples[begin : start + math.ceil(WINDOW_S * self.speed * rate)]
        missing = start + math.ceil(WINDOW_S * self.speed * rate) - begin - len(part)
        part = np.pad(part, (0, missing))
        if self.rng is None:
            return resample(part, rate, to_rate)[:size]
        varied = vary(part, rate, NOTES, self.rng, to_rate=to_rate, speed=self.speed)
        return varied[-size:]


def _part(task: tuple[RecordedNotes, Recorded, bytes]) -> NotePairs:
    """Cut, vary, hear and draw one recording."""
    from photism.audio.front_ends import front_end
    from photism.audio.logmel import pictures
    from photism.data.pairs import to_bytes

    source, note, content = task
    samples, rate = read_note(content)
    starts = audible(samples, rate, source.hop_s)
    front, instrument = front_end(source.front_end), INSTRUMENTS[note.instrument]
    images, sounds, heard, keys = [], [], [], []
    for number in range(source.augment if note.split == "train" and source.augment else 1):
        variant = _Variant.draw(source, note, number)
        windows = [variant.window(samples, rate, start, front.rate) for start in starts]
        seen = _windows(windows, starts / rate, note.midi + 12 * math.log2(variant.speed))
        images.append(_drawn(instrument, variant.player, seen, source.size))
        sounds.append(pictures(windows, front).numpy())
        heard.append((variant, seen))
        ending = f"/{number}" if variant.rng is not None else ""
        keys += [f"{note.key}{ending}/{round(1000 * start / rate):05d}" for start in starts]
    made = [windows for _, windows in heard]
    rows = len(keys)
    return NotePairs(
        split=note.split,
        sound=to_bytes(np.concatenate(sounds)),
        image=np.concatenate(images),
        label=np.full(rows, instrument.label),
        key=keys,
        columns={
            "instrument": np.full(rows, note.instrument),
            "performance": np.full(rows, f"{note.instrument}-{note.midi}"),
            "player": np.repeat([variant.player for variant, _ in heard], len(starts)),
            "start_s": np.concatenate([windows.start_s for windows in made]),
            "midi": np.concatenate([windows.midi for windows in made]),
            "level_db": np.concatenate([windows.level_db for windows in made]),
            "silent": np.zeros(rows, bool),
            "bank": np.full(rows, BANK),
            "recording": np.full(rows, note.key),
        },
    )


def audible(samples: np.ndarray, rate: int, hop_s: float) -> np.ndarray:
    """Return where half-seconds begin in which a note sounds.

    Args:
        samples: the recording, `(sample,)`.
        rate: samples per second.
        hop_s: from one beginning to the next.

    Returns:
        `(window,)` samples; of a recording shorter than half a second its beginning.
    """
    size, hop = round(WINDOW_S * rate), max(1, round(hop_s * rate))
    starts = np.arange(0, max(1, len(samples) - size + 1), hop)
    power = np.array([np.square(samples[s : s + size], dtype=np.float64).mean() for s in starts])
    return starts[power > power.max() * 10 ** (-_AUDIBLE_DB / 10)]


def _windows(windows: list[np.ndarray], start_s: np.ndarray, midi: float) -> Windows:
    """Return windows of one pitch with their levels."""
    samples = np.stack(windows)
    power = np.square(samples, dtype=np.float64).mean(axis=1)
    level_db = 10 * np.log10(power + 1e-12)
    pitch, silent = np.full(len(windows), midi), np.zeros(len(windows), bool)
    return Windows(start_s, pitch, level_db, silent, samples)


def _drawn(instrument: Instrument, player: int, heard: Windows, size: int) -> np.ndarray:
    """Draw who plays; what is higher or lower than the stage knows is drawn at its end."""
    playable = heard.midi.clip(instrument.low_midi, instrument.high_midi)
    rows = np.arange(len(heard.midi))
    return scenes(instrument, player, replace(heard, midi=playable), rows, size=size)
