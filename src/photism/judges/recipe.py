"""How a judge is trained.

LeNet5's recipe is that of the AIVAE paper (arXiv:2109.13354, section 5): Adam, learning rate 1e-3,
100 epochs, no augmentation. Which epoch it kept is not said; here validation pictures choose it.
The recipes of the others are our own: CAR-GAN's paper gives none for its ResNet-50.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from photism.config import check_seed
from photism.errors import ConfigError
from photism.media import Medium


@dataclass(frozen=True)
class JudgeRecipe:
    """How a judge is trained; the defaults are the AIVAE paper's, but for the validation."""

    epochs: int = 100
    batch_size: int = 128
    lr: float = 1e-3
    decay: bool = False
    """Let the learning rate fall to zero along half a cosine."""
    shift: float = 0.0
    """Move training examples by up to this share of their sides."""
    distortion: float = 0.0
    """Strength of random changes, see `photism.blocks.distort`, of half of the training examples;
    no factor is learnt from these. A judge that never saw any goes by details: with noise that can
    hardly be seen it takes real pictures for others."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """"bf16" computes most of a training step in bfloat16; figures are always taken in fp32."""
    validation: float = 0.1
    """Share of the training examples held out for choosing the epoch, where none are set apart."""
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.validation < 1:
            raise ConfigError(f"validation must be above 0 and below 1, not {self.validation}")
        if not 0 <= self.shift < 0.5:
            raise ConfigError(f"shift must be at least 0 and below 0.5, not {self.shift}")
        if not 0 <= self.distortion < math.inf:
            raise ConfigError(f"distortion must be at least 0, not {self.distortion}")
        if not 0 < self.lr < math.inf:
            raise ConfigError(f"lr must be above 0, not {self.lr}")

    def of(self, medium: Medium) -> JudgeRecipe:
        """Return the recipe for a medium: what moves up in a log-mel is another note."""
        return replace(self, shift=0.0) if medium == "sound" else self
