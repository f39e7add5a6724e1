"""What pages call things, by what a system makes: the same page serves both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from photism.media import Medium


@dataclass(frozen=True)
class Words:
    """The nouns and verbs of one direction."""

    one: str
    """What is made, one of it."""
    many: str
    made: str
    """How it came about."""
    given: str
    """What it is made of."""
    perceived: str
    """What a judge does with it: "sees" or "hears"."""
    road: str
    """What is given, made and real, as a heading."""
    round: str
    """There and back, as a heading."""
    recognised: str
    """What the system's own listener did with the share of what is given that it got right."""


WORDS: Mapping[Medium, Words] = {
    "image": Words(
        one="picture",
        many="pictures",
        made="drawn",
        given="sound",
        perceived="sees",
        road="Heard, drawn, real",
        round="Picture, sound, picture",
        recognised="heard",
    ),
    "sound": Words(
        one="sound",
        many="sounds",
        made="played",
        given="picture",
        perceived="hears",
        road="Seen, played, real",
        round="Sound, picture, sound",
        recognised="recognised",
    ),
}
"""By what is made."""
