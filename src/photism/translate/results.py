"""What a translation returns: a picture or a sound, and how it came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from photism import images
from photism.audio.front_ends import front_end
from photism.files import data_uri
from photism.media import Medium
from photism.version import __version__

SHOWN = 280
"""Longer side of a saved picture in pixels, as near as a whole factor allows."""


@dataclass(frozen=True)
class Label:
    """The class that a translation is of."""

    name: str
    probability: float | None = None
    """How sure the system is of having recognised it; None where the caller named it."""
    runner_up: str | None = None
    """The class that was next."""
    runner_up_probability: float | None = None

    def __str__(self) -> str:
        if self.probability is None:
            return f"{self.name}, as told"
        following = f"{self.runner_up} {self.runner_up_probability:.0%}"
        return f"{self.name} {self.probability:.0%} ({following})"


@dataclass(frozen=True)
class Made:
    """How a result was made: enough to make it again."""

    system: str
    preset: str
    weights: str
    """Name of the weights, or of their folder."""
    weights_sha256: str
    front_end: str
    target: Medium
    seed: int
    batch: int
    """Rows that the networks saw at once; another number rounds in another way."""
    sampling: Mapping[str, str] = field(default_factory=dict)
    """What was asked for otherwise than the weights' own way of sampling."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and how it came about; shows itself in a notebook."""

    tensor: Tensor = field(repr=False)
    """The picture, `(channel, height, width)` in [-1, 1], on the CPU."""
    log_mel: Tensor = field(repr=False)
    """What the system saw of the sound, `(channel, height, width)` in [-1, 1]."""
    heard: bool
    """False for silence, steady noise and the like: the picture is arbitrary then."""
    level_db: float
    """Level of the clip in dB re full scale (RMS); -inf is digital silence."""
    notes: tuple[str, ...]
    """What a person should know about this picture, such as why nothing was heard."""
    source: str
    """Name of the file, or what the sound came from."""
    start_s: float
    end_s: float
    """Where in the source the clip was cut."""
    made: Made
    label: Label | None = None
    """What it was drawn as, by systems that take a label."""

    @property
    def seed(self) -> int:
        """Of the noise."""
        return self.made.seed

    @cached_property
    def image(self) -> Image.Image:
        """The picture in its own size."""
        return images.to_pil(self.tensor)

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything needed to make the picture again; `photism info` prints it."""
        where = f"{self.source} {self.start_s:.2f}–{self.end_s:.2f} s"
        by = f"{self.made.weights}, seed {self.seed}"
        drawn_as = f": {self.label}" if self.label else ""
        return {
            "description": f"{where}, translated by {by}{drawn_as}",
            "photism": __version__,
            **asdict(self.made),
            "source": self.source,
            "start_s": round(self.start_s, 4),
            "end_s": round(self.end_s, 4),
            "heard": self.heard,
            "level_db": round(self.level_db, 1) if math.isfinite(self.level_db) else None,
            "label": self.label and asdict(self.label),
            "notes": list(self.notes),
        }

    def save(self, path: str | Path, *, size: int | None = SHOWN) -> Path:
        """Write the picture as a PNG that carries its provenance.

        Args:
            path: the file, replaced if there is one.
            size: longer side in pixels, as near as repeating pixels a whole number of times
                allows; None keeps the system's own size.

        Returns:
            The path.

        Raises:
            ConfigError: a size that is no whole number above 0.
            StorageError: the file cannot be written.
        """
        picture = self.image if size is None else images.enlarge(self.image, size)
        images.write_png(Path(path), picture, self.provenance)
        return Path(path)

    def show_log_mel(self) -> Image.Image:
        """Return what the system saw of the sound as a picture, low frequencies at the bottom."""
        return images.show_log_mel(self.log_mel, front_end(self.made.front_end).origin)

    def _repr_png_(self) -> bytes:
        return images.png(images.enlarge(self.image, SHOWN), self.provenance)

    def _repr_html_(self) -> str:
        sound = images.enlarge(self.show_log_mel(), SHOWN // 2)
        shown = [_html(sound), _html(images.enlarge(self.image, SHOWN // 2))]
        text = "<br>".join(escape(line) for line in (self.provenance["description"], *self.notes))
        return f'<div style="display:inline-block">{" ".join(shown)}<br><small>{text}</small></div>'


def _html(picture: Image.Image) -> str:
    content = data_uri("image/png", images.png(picture))
    return f'<img src="{content}" style="image-rendering:pixelated">'
