"""What is asked of a translator: one clip, and how it is to be translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from photism.audio.decode import Sound
from photism.audio.segment import Heard
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
    verdict: Heard | None = None
    """Whether anything is heard in the clip, where that has been found out already."""

    def __post_init__(self) -> None:
        whole = isinstance(self.seed, int | np.integer) and not isinstance(self.seed, bool)
        if not whole or not 0 <= self.seed < 2**63:
            raise ConfigError(f"a seed is a whole number from 0 to 2^63 - 1, not {self.seed!r}")

    @property
    def target(self) -> Medium:
        """What is to be made: a sound of a picture, a picture of a sound."""
        return "sound" if isinstance(self.clip, Still) else "image"

    @property
    def kind(self) -> tuple[Any, ...]:
        """What requests have in common that one call of the networks can serve."""
        return (self.target, self.label is None, *sorted(self.sampling.items()))
