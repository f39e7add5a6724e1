"""A system's own classifier as the judge of its pictures: the protocol of CAR-GAN's paper.

Generators learn from the gradients of this classifier, and with them its blind spots: what it says
of their pictures is kinder than what a judge says that had no part in their training.
"""

from __future__ import annotations

from torch import Tensor

from photism.blocks.classifier import Classifier
from photism.errors import ConfigError
from photism.judges.base import Judge, JudgeOutput
from photism.systems.base import System

OWN = "own"
"""What stands in the place of a judge's name."""


class OwnJudge(Judge):
    """The frozen classifier inside a system, in the size that the system draws.

    Args:
        classifier: of pictures.
        classes: see `Judge`.
        image_shape: see `Judge`.
    """

    architecture = OWN

    def __init__(
        self, classifier: Classifier, classes: tuple[str, ...], image_shape: tuple[int, int, int]
    ) -> None:
        super().__init__("own classifier", classes, image_shape)
        self.classifier = classifier

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, 3, height, width)` in [-1, 1]."""
        features = self.classifier.features(images)
        return JudgeOutput(self.classifier.output(features), features)


def own_judge(system: System, classes: tuple[str, ...]) -> OwnJudge:
    """Return the classifier of a system as a judge.

    Args:
        system: one that has learnt with a classifier of pictures.
        classes: of the data, in the order of its labels.

    Returns:
        The judge, frozen.

    Raises:
        ConfigError: the system has no such classifier.
    """
    classifier = system.networks().get("classifier")
    if not isinstance(classifier, Classifier):
        raise ConfigError(
            f"{system.title} has no classifier of its own that could judge: name another judge"
        )
    judge = OwnJudge(classifier, classes, system.shape("image"))
    return judge.eval().requires_grad_(False)
