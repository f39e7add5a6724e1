"""What is asked of a translator: one clip, and how it is to be translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from photism.audio.decode import Sound
from photism.audio.segment import Heard
from photism.config import check_seed
from photism.errors import ConfigError
from photism.media import Medium
from photism.translate.stills import Still


@dataclass(frozen=True)
class Request:
    """One clip to translate."""

    clip: Sound | Still
    """As `Translator.clips` gives it: part of a recording, or a picture."""
    seed: int = 0
    """Of the noise."""
    label: str | None = None
    """What it is of, for systems that take a label; None lets them recognise it."""
    sampling: Mapping[str, str] = field(default_factory=dict)
    """Fields of the system's `config.sampling` to change, as text."""
    samples: int = 1
    """Drawn with seeds `seed`, `seed` + 1, …; more than one tell how unsure the first one is."""
    toward: float = 0.0
    """How far the noise has gone from that of `seed` to that of `seed` + 1, in [0, 1)."""
    verdict: Heard | None = None
    """Whether anything is heard in the clip, where that has been found out already."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if isinstance(self.samples, bool) or not isinstance(self.samples, int) or self.samples < 1:
            raise ConfigError(f"samples are a whole number from 1 on, not {self.samples!r}")
        if not 0 <= self.toward < 1:
            raise ConfigError(f"toward is a share from 0 on, below 1, not {self.toward!r}")

    @property
    def target(self) -> Medium:
        """What is to be made: a sound of a picture, a picture of a sound."""
        return "sound" if isinstance(self.clip, Still) else "image"

    @property
    def kind(self) -> tuple[Any, ...]:
        """What requests have in common that one call of the networks can serve."""
        return (self.target, self.label is None, *sorted(self.sampling.items()))
