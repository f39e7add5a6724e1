"""Banks of recorded notes: those that come with photism, and folders made of other sound fonts.

`tools/render_orchestra_notes.py` makes them: a Vorbis file a voice, and a card that says how notes
lie in it, of which font they are and under which licence.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from photism.errors import ConfigError, DataError, nearest
from photism.files import parse_json
from photism.orchestra.instruments import INSTRUMENTS, Instrument
from photism.terminal import printable

FLUID_R3 = "fluid-r3"
"""The bank that photism's own weights learnt from."""
_CARD = "card.json"
_TEXTS = ("source", "licence")
_NUMBERS = ("rate_hz", "note_samples", "gap_samples")


@dataclass(frozen=True)
class Bank:
    """The notes of some voices, from one sound font."""

    name: str
    place: Traversable
    card: Mapping[str, Any]

    @property
    def terms(self) -> str:
        """Whose notes they are, and their licence."""
        return f"{self.card['source']}, {self.card['licence']}"

    def plays(self, instrument: Instrument) -> bool:
        """Whether it has all voices of an instrument."""
        return all(voice.name in self.card["voices"] for voice in instrument.voices)


def embedded_banks() -> tuple[str, ...]:
    """Return the names of the banks that come with photism."""
    return tuple(sorted(place.name for place in _assets().iterdir() if place.is_dir()))


@functools.cache
def find_bank(name_or_folder: str) -> Bank:
    """Return a bank.

    Args:
        name_or_folder: of one that comes with photism, or a folder.

    Returns:
        The bank; none of its notes is read yet.

    Raises:
        ConfigError: there is none.
        DataError: its card is damaged.
    """
    place: Traversable = _assets() / name_or_folder
    if name_or_folder not in embedded_banks():
        place = Path(name_or_folder)
        if not place.is_dir():
            hint = nearest(name_or_folder, embedded_banks())
            raise ConfigError(
                f"no bank of notes {name_or_folder!r}, nor a folder of that name, as"
                f" tools/render_orchestra_notes.py makes: {hint}"
            )
    try:
        card = parse_json((place / _CARD).read_bytes())
        whole = all(isinstance(card[name], int) for name in _NUMBERS)
        if not (whole and card["voices"] and card["dynamics"]):
            raise ValueError("it has no voices")
        name = printable(Path(name_or_folder).resolve().name or name_or_folder)
        return Bank(name, place, {**card, **{k: printable(str(card[k])) for k in _TEXTS}})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{printable(str(place))} is no bank of notes, or its card is damaged: make it with"
            " tools/render_orchestra_notes.py"
        ) from error


def check_banks(names: Sequence[str]) -> tuple[Bank, ...]:
    """Find banks, and check that every instrument is played by one of them.

    Args:
        names: names or folders.

    Returns:
        The banks.

    Raises:
        ConfigError: one is not there or named twice, or nobody plays some instrument.
        DataError: a card is damaged.
    """
    banks = tuple(map(find_bank, names))
    if not banks or len({bank.name for bank in banks}) < len(banks):
        raise ConfigError("name each bank of notes once, at least one; folders need other names")
    missing = [
        name
        for name, player in INSTRUMENTS.items()
        if not any(bank.plays(player) for bank in banks)
    ]
    if missing:
        raise ConfigError(f"no bank has notes of {', '.join(missing)}: add {FLUID_R3}")
    return banks


def bank_of(names: Sequence[str], instrument: Instrument, number: int) -> str:
    """Return which bank a performance plays: they take turns, so that all play as often.

    Args:
        names: checked names or folders.
        instrument: who plays.
        number: of the performance.

    Returns:
        One of the names.
    """
    playing = [name for name in names if find_bank(name).plays(instrument)]
    return playing[(number + instrument.label) % len(playing)]


def _assets() -> Traversable:
    return importlib.resources.files("photism") / "assets" / "orchestra"
