"""The thirteen instruments of Sub-URMP: their voices in General MIDI and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from photism.errors import ConfigError, nearest


@dataclass(frozen=True)
class Voice:
    """One recorded instrument: a program of the General MIDI sound set over a natural range."""

    name: str
    """Also the name of the file with its notes."""
    gm_program: int
    """Counted from 0."""
    low_midi: int
    high_midi: int
    """Lowest and highest sounding pitch, as MIDI numbers: 60 is middle C."""


@dataclass(frozen=True)
class Instrument:
    """A class of the data set; a player has one of its voices."""

    name: str
    voices: tuple[Voice, ...]
    vibrato_cents: float = 0.0
    """Deepest vibrato a player adds to what the recorded notes have, peak deviation."""

    @property
    def low_midi(self) -> int:
        """Lowest pitch of any voice."""
        return min(voice.low_midi for voice in self.voices)

    @property
    def high_midi(self) -> int:
        """Highest pitch of any voice."""
        return max(voice.high_midi for voice in self.voices)

    @property
    def label(self) -> int:
        """Class index: the place in alphabetical order, as in Sub-URMP."""
        return list(INSTRUMENTS).index(self.name)

    def height(self, midi: float) -> float:
        """Return where in the range a pitch lies: 0 is the lowest, 1 the highest."""
        return (midi - self.low_midi) / (self.high_midi - self.low_midi)


def _single(
    name: str, gm_program: int, low_midi: int, high_midi: int, vibrato_cents: float = 0.0
) -> Instrument:
    return Instrument(name, (Voice(name, gm_program, low_midi, high_midi),), vibrato_cents)


INSTRUMENTS: dict[str, Instrument] = {
    instrument.name: instrument
    for instrument in (
        _single("bassoon", 70, 34, 70, vibrato_cents=6),
        _single("cello", 42, 36, 75, vibrato_cents=12),
        _single("clarinet", 71, 50, 86),
        _single("double_bass", 43, 28, 55, vibrato_cents=6),
        _single("flute", 73, 60, 96, vibrato_cents=10),
        _single("horn", 60, 41, 77),
        _single("oboe", 68, 58, 88, vibrato_cents=8),
        Instrument(
            "sax",
            (Voice("sax-alto", 65, 49, 79), Voice("sax-tenor", 66, 44, 74)),
            vibrato_cents=10,
        ),
        _single("trombone", 57, 40, 70),
        _single("trumpet", 56, 54, 84, vibrato_cents=6),
        _single("tuba", 58, 28, 58),
        _single("viola", 41, 48, 84, vibrato_cents=12),
        _single("violin", 40, 55, 91, vibrato_cents=12),
    )
}
"""By name, in the order of their class index. Ranges are those in which the sound font is good."""


def instrument(name: str) -> Instrument:
    """Return an instrument by its name.

    Args:
        name: as in Sub-URMP, such as "double_bass".

    Returns:
        The instrument.

    Raises:
        ConfigError: there is none.
    """
    try:
        return INSTRUMENTS[name]
    except KeyError:
        hint = nearest(name, INSTRUMENTS)
        raise ConfigError(f"the orchestra has no {name!r}: {hint}") from None
