"""Which weights a command translates with: those that were named, or those that suit a source."""

from __future__ import annotations

from typing import Protocol

import photism
from photism.devices import DeviceName
from photism.media import MEDIA, Medium, other
from photism.translate.automatic import Automatic, Choice
from photism.translate.defaults import AUTO, usual_weights
from photism.translate.items import STDIN


class Listening(Protocol):
    """What is to be listened to, and what for: a wish for pictures or for a film."""

    @property
    def start_s(self) -> float:
        """Where to begin."""

    @property
    def duration_s(self) -> float | None:
        """How much is asked for."""

    @property
    def label(self) -> str | None:
        """What it is of, where that is told."""


class Chooser:
    """Chooses what translates each source; weights are loaded once, when they are first wanted.

    Args:
        system: which weights, if they are named.
        device: where to compute.
    """

    def __init__(self, system: str | None, device: DeviceName) -> None:
        self._automatic = Automatic(device)
        self.named = None if system in (None, AUTO) else photism.load(str(system), device)

    @property
    def media(self) -> tuple[Medium, ...]:
        """What can be translated, and so is taken from folders."""
        if self.named:
            return tuple(other(target) for target in self.named.system.targets)
        return tuple(medium for medium in MEDIA if usual_weights(other(medium)))

    def __call__(self, source: str, medium: Medium, wish: Listening) -> Choice:
        """Return what translates a source: the weights that were named, else those that suit it."""
        if self.named:
            return Choice(self.named, "")
        if source == STDIN:  # which is read once
            return Choice(self._automatic.able(other(medium))[0], "")
        return self._automatic.choose(
            source, start_s=wish.start_s, duration_s=wish.duration_s, label=wish.label
        )
