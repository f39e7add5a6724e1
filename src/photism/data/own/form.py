"""The form in which a system wants sounds and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from photism import images
from photism.audio.decode import Sound
from photism.audio.segment import SILENCE_DB, levels
from photism.data.pairs import to_bytes

Colour = Literal["rgb", "grey"]
Crop = Literal["centre", "resize"]


@dataclass(frozen=True)
class Form:
    """What a sound and a picture become."""

    front_end: str
    """Name of the log-mel front end."""
    size: int
    """Side of the pictures in pixels."""
    colour: Colour
    crop: Crop
    keep_silent: bool
    """Whether clips in which there is nothing to hear are used."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channel, height and width of the pictures."""
        return 1 if self.colour == "grey" else 3, self.size, self.size

    def draw(self, pixels: np.ndarray) -> np.ndarray:
        """Bring a picture to the size and colours wanted.

        Args:
            pixels: `(height, width, 3)` uint8.

        Returns:
            `(size, size, 1 or 3)` uint8.
        """
        height, width, _ = pixels.shape
        if self.crop == "centre":
            side = min(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            pixels = pixels[top : top + side, left : left + side]
        fitted = images.fit(images.Raster(pixels), self.shape)
        return to_bytes(fitted.numpy()).transpose(1, 2, 0)

    def hears(self, clip: Sound) -> bool:
        """Whether a clip is to be used: it is no silence, or silence is wanted too."""
        return self.keep_silent or loudest_db(clip) >= SILENCE_DB


def loudest_db(clip: Sound) -> float:
    """Return the level of a clip's loudest 30 ms, in dB re full scale; -120 is digital silence."""
    return float(levels(clip.mono(), clip.rate).max())
