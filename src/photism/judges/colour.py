"""Judges of pictures and of log-mels; ResNet-50 is that of CAR-GAN, arXiv:1907.01826, section 4."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from torch import Tensor

from photism.blocks.classifier import Architecture, Classifier
from photism.errors import ConfigError
from photism.judges.base import Judge, JudgeOutput
from photism.judges.card import shown
from photism.judges.factors import FactorHead
from photism.judges.recipe import JudgeRecipe

_RECIPE = JudgeRecipe(epochs=8, batch_size=64, decay=True, shift=1 / 16, distortion=1.0)


class ColourJudge(Judge):
    """A `Classifier` as the judge of pictures, or log-mels, of one size.

    Args:
        name: see `Judge`.
        classes: see `Judge`.
        image_shape: channel, 3 or 1 for grey, height and width, at least 16.
        factors: see `Judge`.

    Raises:
        ConfigError: neither grey nor colour, or too small.
    """

    architecture: ClassVar[Architecture]
    recipe = _RECIPE

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int],
        factors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, classes, image_shape, factors)
        if image_shape[0] not in (1, 3) or min(image_shape[1:]) < 16:
            raise ConfigError(
                f"{self.architecture} takes pictures, grey or in colour, of 16 × 16 pixels or more,"
                f" not {shown(image_shape)}: prepare larger ones"
            )
        self.classifier = Classifier(self.architecture, len(classes))
        feature = self.classifier.output.in_features
        self.reader = FactorHead(feature, len(classes), len(factors)) if factors else None

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, 3 or 1, height, width)` in [-1, 1]."""
        features = self.classifier.features(images.expand(-1, 3, -1, -1))
        return JudgeOutput(self.classifier.output(features), features)


class Small(ColourJudge):
    """Four convolutions, for small pictures."""

    architecture = "small"
    recipe = replace(_RECIPE, epochs=5, lr=2e-3)


class ResNet18(ColourJudge):
    """ResNet-18 with a stem for small pictures."""

    architecture = "resnet18"


class ResNet50(ColourJudge):
    """ResNet-50, the judge of CAR-GAN (arXiv:1907.01826, section 4)."""

    architecture = "resnet50"
    recipe = replace(_RECIPE, lr=3e-4)
