"""What a translation returns: a picture or a sound, and how it came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from photism import images
from photism.audio.front_ends import front_end
from photism.audio.write import encode, write_sound
from photism.files import data_uri
from photism.media import Medium
from photism.translate.uncertainty import Uncertainty
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
    toward: float = 0.0
    """How far the noise had gone from that of the seed to that of the next."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """What a picture and a sound have in common."""

    tensor: Tensor = field(repr=False)
    """What the system made, `(channel, height, width)` in [-1, 1], on the CPU."""
    condition: Tensor = field(repr=False)
    """What it saw of the other medium, of the same form."""
    notes: tuple[str, ...]
    """What a person should know about this result, such as why nothing was heard."""
    source: str
    """Name of the file, or what it came from."""
    made: Made
    label: Label | None = None
    """What it is of, by systems that take a label."""
    uncertainty: Uncertainty | None = None
    """How far this and further samples of the clip differ, where several were asked for."""
    strangeness: float | None = None
    """How unlike what the system learnt from it is, 1 at most for what it knows, by systems that
    can tell."""

    @property
    def unknown(self) -> bool:
        """Whether it is like nothing that the system learnt from."""
        return self.strangeness is not None and self.strangeness > 1

    @property
    def seed(self) -> int:
        """Of the noise."""
        return self.made.seed

    @property
    def where(self) -> str:
        """The source, for people."""
        return self.source

    @property
    def facts(self) -> dict[str, Any]:
        """What the provenance says of this kind of result alone."""
        return {}

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything needed to make the result again; `photism info` prints it."""
        by = f"{self.made.weights}, seed {self.seed}"
        of = f": {self.label}" if self.label else ""
        return {
            "description": f"{self.where}, translated by {by}{of}",
            "photism": __version__,
            **asdict(self.made),
            "source": self.source,
            **self.facts,
            "label": self.label and asdict(self.label),
            **({"uncertainty": self.uncertainty.facts} if self.uncertainty else {}),
            **({"strangeness": round(self.strangeness, 3)} if self.strangeness else {}),
            "notes": list(self.notes),
        }

    def save(self, path: str | Path, *, size: int | None = SHOWN) -> Path:
        """Write the result into a file that carries its provenance; see the kinds of result."""
        raise NotImplementedError

    def _in_page(self, *shown: str) -> str:
        lines = (self.provenance["description"], *self.notes)
        text = "<br>".join(escape(line) for line in lines)
        return f'<div style="display:inline-block">{" ".join(shown)}<br><small>{text}</small></div>'


@dataclass(frozen=True, eq=False, kw_only=True)
class Picture(Result):
    """A picture of a sound; shows itself in a notebook."""

    heard: bool
    """False for silence, steady noise and what the system does not know: the picture is arbitrary
    then."""
    level_db: float
    """Level of the clip in dB re full scale (RMS); -inf is digital silence."""
    start_s: float
    end_s: float
    """Where in the source the clip was cut."""

    @cached_property
    def image(self) -> Image.Image:
        """The picture in its own size."""
        return images.to_pil(self.tensor)

    @property
    def log_mel(self) -> Tensor:
        """What the system saw of the sound, `(channel, height, width)` in [-1, 1]."""
        return self.condition

    @property
    def where(self) -> str:
        """The source and the time in it, for people."""
        return f"{self.source} {self.start_s:.2f}–{self.end_s:.2f} s"

    @property
    def facts(self) -> dict[str, Any]:
        """What the provenance says of a picture alone."""
        return {
            "start_s": round(self.start_s, 4),
            "end_s": round(self.end_s, 4),
            "heard": self.heard,
            "level_db": round(self.level_db, 1) if math.isfinite(self.level_db) else None,
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
            StorageError: the file cannot be written.
        """
        picture = self.image if size is None else images.enlarge(self.image, size)
        images.write_png(Path(path), picture, self.provenance)
        return Path(path)

    def show_log_mel(self) -> Image.Image:
        """Return what the system saw of the sound as a picture, low frequencies at the bottom."""
        return images.show_log_mel(self.condition, front_end(self.made.front_end).origin)

    def _repr_png_(self) -> bytes:
        return images.png(images.enlarge(self.image, SHOWN), self.provenance)

    def _repr_html_(self) -> str:
        return self._in_page(_shown(self.show_log_mel()), _shown(self.image))


@dataclass(frozen=True, eq=False, kw_only=True)
class Waveform(Result):
    """A sound for a picture; a notebook shows a player."""

    samples: np.ndarray = field(repr=False)
    """`(sample,)` float32 in [-1, 1]."""
    rate: int
    """Samples per second."""
    loudness_db: float
    """Of the samples, in LUFS."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    @property
    def log_mel(self) -> Tensor:
        """What the system made before it became samples, `(channel, height, width)` in [-1, 1]."""
        return self.tensor

    @property
    def facts(self) -> dict[str, Any]:
        """What the provenance says of a sound alone."""
        level = round(self.loudness_db, 1) if math.isfinite(self.loudness_db) else None
        return {"duration_s": round(self.duration_s, 4), "rate": self.rate, "loudness_lufs": level}

    def save(self, path: str | Path, *, size: int | None = SHOWN) -> Path:
        """Write the sound as WAV or FLAC, by the name's ending, with its provenance.

        Args:
            path: the file, replaced if there is one.
            size: of pictures; says nothing here.

        Returns:
            The path.

        Raises:
            ConfigError: neither .wav nor .flac.
            StorageError: the file cannot be written.
        """
        write_sound(Path(path), self.samples, self.rate, self.provenance)
        return Path(path)

    def save_log_mel(self, path: str | Path, *, size: int | None = SHOWN) -> Path:
        """Write the log-mel that became the sound as a PNG with the same provenance."""
        picture = self.show_log_mel()
        shown = picture if size is None else images.enlarge(picture, size)
        images.write_png(Path(path), shown, self.provenance)
        return Path(path)

    def show_log_mel(self) -> Image.Image:
        """Return the log-mel as a picture, low frequencies at the bottom where it is grey."""
        return images.show_log_mel(self.tensor, front_end(self.made.front_end).origin)

    def _repr_html_(self) -> str:
        content = encode(self.samples, self.rate, kind="wav", provenance=self.provenance)
        player = f'<audio controls src="{data_uri("audio/wav", content)}"></audio>'
        seen = images.to_pil(self.condition)
        return self._in_page(_shown(seen), _shown(self.show_log_mel()), player)


def _shown(picture: Image.Image) -> str:
    content = data_uri("image/png", images.png(images.enlarge(picture, SHOWN // 2)))
    return f'<img src="{content}" style="image-rendering:pixelated">'
