"""Orchestra: thirteen instruments heard and seen, embedded, shaped as Sub-URMP is, SPEC §1.1."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.sources.base import SharedSource, check_size
from photism.data.workers import mapping
from photism.errors import ConfigError
from photism.orchestra.banks import FLUID_R3, bank_of, check_banks, find_bank
from photism.orchestra.instruments import INSTRUMENTS, Instrument

if TYPE_CHECKING:
    from photism.data.card import Card
    from photism.orchestra.performance import Windows

COLUMNS = {
    "instrument": "string",
    "performance": "string",
    "player": "int",
    "start_s": "float",
    "midi": "float",
    "level_db": "float",
    "silent": "bool",
    "bank": "string",
}


@dataclass(frozen=True)
class Orchestra(SharedSource):
    """Recorded instruments play composed phrases, and a drawn stage shows who plays.

    Windows of half a second, cut as in Sub-URMP. The pictures show the instrument, how high and
    how loud it plays; player, clothes, light and camera vary from performance to performance.
    Nothing is downloaded. Training, validation and test share no performance and no player.
    """

    name: ClassVar[str] = "orchestra"
    what: ClassVar[str] = "thirteen instruments, recorded notes with drawn performers"
    pairs: ClassVar[str] = "19,136 + 2,392 + 2,392"
    licence: ClassVar[str] = (
        "pictures and performances CC0 1.0; notes of Fluid (R3) General MIDI SoundFont by Frank Wen"
        " and contributors, MIT"
    )
    upstream: ClassVar[tuple[Upstream, ...]] = ()
    embedded: ClassVar[bool] = True

    performances: int = 40
    """Of each instrument, all splits together; each has its own player, look and melody."""
    seconds: float = 5.0
    """Length of a performance."""
    hop_s: float = 0.1
    """From the beginning of a window to the next, in seconds."""
    size: int = 128
    """Height and width of the pictures."""
    banks: tuple[str, ...] = (FLUID_R3,)
    """Whose notes are played, in turn: banks that come with photism, or folders that
    tools/render_orchestra_notes.py makes of sound fonts. Scores and players do not depend on it."""
    front_end: Literal["car-gan", "car-gan-256", "sa-cmgan", "sa-cmgan-margins", "ear-notes"] = (
        "car-gan"
    )
    """Log-mel front end of the sounds."""
    validation: float = 0.1
    """Share of the performances for validation."""
    test: float = 0.1
    """Share of the performances for testing."""
    keep_silent: bool = True
    """Keep windows between phrases, as Sub-URMP does; the column `silent` tells them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(self.size)
        for met, wanted in (
            (self.performances >= 3, f"performances must be 3 or more, not {self.performances}"),
            (1 <= self.seconds <= 600, f"seconds must be in [1, 600], not {self.seconds:g}"),
            (0.01 <= self.hop_s <= 10, f"hop-s must be in [0.01, 10], not {self.hop_s:g}"),
            (
                0 < self.validation < 1 and 0 < self.test < 1 and self.counts["train"] >= 1,
                f"validation {self.validation:g} and test {self.test:g} of {self.performances}"
                " performances must each be above 0 and leave one for training",
            ),
        ):
            if not met:
                raise ConfigError(wanted)

    @property
    def counts(self) -> dict[str, int]:
        """Performances of each instrument in every split."""
        held = {
            split: max(1, round(share * self.performances))
            for split, share in (("validation", self.validation), ("test", self.test))
        }
        return {"train": self.performances - sum(held.values()), **held}

    @property
    def room_bytes(self) -> int:
        """Disk space the pairs need, about."""
        from photism.audio.front_ends import front_end

        windows = 1 + int((self.seconds - 0.5) / self.hop_s)
        front = front_end(self.front_end)
        pair_bytes = 3 * self.size**2 + front.channels * front.height * front.width
        return len(INSTRUMENTS) * self.performances * windows * pair_bytes

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.data.card import Card
        from photism.data.writer import PairWriter

        with PairWriter(folder, self._card()) as writer, contextlib.closing(self._make()) as made:
            for part in made:
                writer.write(**vars(part))
        return Card.read(folder)

    def _card(self) -> Card:
        from photism.audio.front_ends import front_end

        front = front_end(self.front_end)
        banks = check_banks(self.banks)
        numbers = ", ".join(f"{count} for {split}" for split, count in self.counts.items())
        return self.card(
            front,
            (self.size, self.size, 3),
            classes=tuple(INSTRUMENTS),
            group="performance",
            columns=COLUMNS,
            licence="pictures and performances CC0 1.0; notes of "
            + "; ".join(bank.terms for bank in banks),
            notes=(
                f"performances of each instrument: {numbers}; no player, look or melody in two"
                " splits",
                "generated: the sound is composed from recorded notes, the pictures are drawn and"
                " show no real person",
                "midi is the pitch in the middle of the window, -1 in silence; level_db its RMS re"
                " full scale; player the seed of the look",
                f"notes of {', '.join(bank.name for bank in banks)}; performances of an instrument"
                " play them in turn",
            ),
        )

    def _make(self) -> Generator[_Part]:
        """Yield all performances, split by split, in the same order for any number of workers."""
        tasks = [
            (self, split, instrument, index)
            for split, count in self.counts.items()
            for index in range(count)
            for instrument in INSTRUMENTS
        ]
        with mapping(len(tasks), workers=self.workers, ray=self.ray) as in_order:
            yield from track(in_order(_part, tasks), "performances", len(tasks))


@dataclass(frozen=True)
class _Part:
    """The pairs of one performance."""

    split: str
    sound: np.ndarray
    image: np.ndarray
    label: np.ndarray
    key: list[str]
    columns: dict[str, np.ndarray]


def scenes(
    instrument: Instrument, player: int, heard: Windows, rows: np.ndarray, *, size: int
) -> np.ndarray:
    """Draw who plays, at the beginning of windows of a performance.

    Args:
        instrument: what is played.
        player: seed of the look.
        heard: the windows.
        rows: which of them.
        size: of the pictures, in pixels.

    Returns:
        `(row, size, size, 3)` uint8.
    """
    from photism.orchestra.stage import Look, draw

    look = Look.random(np.random.default_rng(player))
    return np.stack(
        [
            draw(
                instrument.name,
                look,
                pitch=None if heard.silent[row] else instrument.height(heard.midi[row]),
                level=float(heard.loudness[row]),
                time_s=float(heard.start_s[row]),
                size=size,
            )
            for row in rows
        ]
    )


def _part(task: tuple[Orchestra, str, str, int]) -> _Part:
    """Play, hear and draw one performance."""
    from photism.audio.decode import resample
    from photism.audio.front_ends import front_end
    from photism.audio.logmel import pictures
    from photism.data.pairs import to_bytes
    from photism.orchestra.notes import RATE
    from photism.orchestra.performance import performance

    source, split, name, index = task
    instrument = INSTRUMENTS[name]
    bank = bank_of(source.banks, instrument, index)
    played = performance(
        instrument, index, split=split, seed=source.seed, duration_s=source.seconds, bank=bank
    )
    heard = played.windows(source.hop_s)
    rows = np.flatnonzero(~heard.silent | source.keep_silent)
    images = scenes(instrument, played.player, heard, rows, size=source.size)
    front = front_end(source.front_end)
    sounds = pictures(list(resample(heard.samples[rows], RATE, front.rate)), front)
    return _Part(
        split=split,
        sound=to_bytes(sounds.numpy()),
        image=images,
        label=np.full(len(rows), instrument.label),
        key=[f"{played.name}/{round(1000 * heard.start_s[row]):05d}" for row in rows],
        columns={
            "instrument": np.full(len(rows), name),
            "performance": np.full(len(rows), played.name),
            "player": np.full(len(rows), played.player),
            "start_s": heard.start_s[rows],
            "midi": heard.midi[rows],
            "level_db": heard.level_db[rows],
            "silent": heard.silent[rows],
            "bank": np.full(len(rows), find_bank(bank).name),
        },
    )
