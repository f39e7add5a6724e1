"""Judges of colour pictures; ResNet-50 is that of CAR-GAN, arXiv:1907.01826, section 4."""

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
    """A `Classifier` as the judge of colour pictures of one size.

    Args:
        name: see `Judge`.
        classes: see `Judge`.
        image_shape: channel, which is 3, height and width, at least 16.
        factors: see `Judge`.

    Raises:
        ConfigError: the pictures are grey, or too small.
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
        if image_shape[0] != 3 or min(image_shape[1:]) < 16:
            raise ConfigError(
                f"{self.architecture} takes colour pictures from 3 × 16 × 16 on, not"
                f" {shown(image_shape)}: choose lenet5 for MNIST"
            )
        self.classifier = Classifier(self.architecture, len(classes))
        feature = self.classifier.output.in_features
        self.reader = FactorHead(feature, len(classes), len(factors)) if factors else None

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, 3, height, width)` in [-1, 1]."""
        features = self.classifier.features(images)
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
