"""How unsure a translation is: several samples of one clip, their mean, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photism import images
from photism.errors import ConfigError
from photism.media import Medium
from photism.metrics.uncertainty import LEAST_SAMPLES, spread_map, spread_number
from photism.systems.base import System

_COLOURS = "magma"
SAMPLES = 8
"""Samples where nothing else is asked for."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What several samples of one clip have in common, and where they differ."""

    samples: int
    mean: Tensor = field(repr=False)
    """Of the samples, `(channel, height, width)` in [-1, 1]."""
    spread: np.ndarray = field(repr=False)
    """Standard deviation pixel by pixel, `(height, width)` in [0, 1]; see `spread_map`."""

    @cached_property
    def number(self) -> float:
        """Root mean square of the spread, in [0, 1]: 0 where all samples are the same."""
        return float(spread_number(self.spread))

    @property
    def facts(self) -> dict[str, Any]:
        """What a provenance says of it."""
        return {
            "samples": self.samples,
            "spread": round(self.number, 4),
            "largest": round(float(self.spread.max()), 4),
        }

    def show_mean(self) -> Image.Image:
        """Return the mean of the samples in its own size."""
        return images.to_pil(self.mean)

    def show_spread(self) -> Image.Image:
        """Return the spread as a heat map: black is none, the brightest its own largest value."""
        from matplotlib import colormaps

        largest = self.spread.max() or 1.0
        colours = colormaps[_COLOURS](self.spread / largest, bytes=True)[..., :3]
        return Image.fromarray(np.ascontiguousarray(colours))

    def save(self, path: str | Path, provenance: dict[str, Any], *, size: int | None) -> Path:
        """Write the heat map of the spread as a PNG.

        Args:
            path: the file, replaced if there is one.
            provenance: of the first of the samples.
            size: as for `Picture.save`.

        Returns:
            The path.

        Raises:
            StorageError: the file cannot be written.
        """
        return self._write(Path(path), self.show_spread(), "spread", provenance, size)

    def save_mean(self, path: str | Path, provenance: dict[str, Any], *, size: int | None) -> Path:
        """Write the mean of the samples as a PNG; see `save`."""
        return self._write(Path(path), self.show_mean(), "mean", provenance, size)

    def _write(
        self,
        path: Path,
        picture: Image.Image,
        shows: str,
        provenance: dict[str, Any],
        size: int | None,
    ) -> Path:
        shown = picture if size is None else images.enlarge(picture, size)
        about = {"shows": f"{shows} of {self.samples} samples", "uncertainty": self.facts}
        images.write_png(path, shown, {**provenance, **about})
        return path


def uncertainty_of(samples: Sequence[Tensor]) -> Uncertainty:
    """Return what samples of one clip have in common, and where they differ.

    Args:
        samples: each `(channel, height, width)` in [-1, 1], at least `LEAST_SAMPLES`.

    Returns:
        Mean, spread and the number.

    Raises:
        DataError: too few samples.
    """
    stacked = torch.stack(list(samples))
    return Uncertainty(len(stacked), stacked.mean(dim=0), spread_map(stacked.numpy()))


def require_stochastic(system: System, target: Medium, samples: int) -> None:
    """Check that a system can be unsure in this way.

    Args:
        system: with the way of sampling that is meant.
        target: what is made.
        samples: of each clip.

    Raises:
        ConfigError: it makes the same of a clip every time, or the samples are too few.
    """
    if samples < LEAST_SAMPLES:
        raise ConfigError(f"uncertainty needs at least {LEAST_SAMPLES} samples, not {samples}")
    if not system.noise_shape(target):
        raise ConfigError(
            f"{system.title} draws no noise here, so that all its samples of a clip are the same:"
            " uncertainty needs a system, or a way of sampling, that does"
        )
