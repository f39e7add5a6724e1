"""What is asked of a translator: one clip, and how it is to be translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from photism.audio.decode import Sound
from photism.config import check_seed
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

    def __post_init__(self) -> None:
        check_seed(self.seed)

    @property
    def target(self) -> Medium:
        """What is to be made: a sound of a picture, a picture of a sound."""
        return "sound" if isinstance(self.clip, Still) else "image"
