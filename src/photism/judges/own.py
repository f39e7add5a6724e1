"""A system's own classifier as the judge of what it makes: the protocol of several papers.

Where generators learn from the gradients of this classifier, as in CAR-GAN, they learn its blind
spots with them, and what it says is kinder than what a judge says that had no part in their
training. In SA-CMGAN it has none.
"""

from __future__ import annotations

from torch import Tensor, nn

from photism.audio.front_ends import front_end
from photism.blocks.classifier import Classifier
from photism.errors import ConfigError
from photism.judges.base import Judge, JudgeOutput
from photism.systems.base import System
from photism.systems.sa_cmgan import SACMGAN

OWN = "own"
"""What stands in the place of a judge's name."""


class OwnJudge(Judge):
    """The frozen classifier inside a system, in the size that the system makes.

    Args:
        encoder: from what is judged to features.
        head: from features to logits.
        classes: see `Judge`.
        image_shape: see `Judge`.
    """

    architecture = OWN

    def __init__(
        self,
        encoder: nn.Module,
        head: nn.Module,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int],
    ) -> None:
        super().__init__("own classifier", classes, image_shape)
        self.encoder, self.head = encoder, head

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, channel, height, width)` in [-1, 1]."""
        features = self.encoder(images)
        return JudgeOutput(self.head(features), features)


def own_judge(system: System, classes: tuple[str, ...]) -> OwnJudge:
    """Return the classifier of a system as a judge of what it makes.

    Args:
        system: one that has learnt with a classifier of what it makes.
        classes: of the data, in the order of its labels.

    Returns:
        The judge, frozen.

    Raises:
        ConfigError: the system has no such classifier.
    """
    target = system.targets[0]
    found = _classifier(system)
    if found is None:
        raise ConfigError(
            f"{system.title} has no classifier of its own that could judge: name another judge"
        )
    judge = OwnJudge(*found, classes, system.shape(target))
    if target == "sound":
        judge.ear = front_end(system.config.front_end)
    return judge.eval().requires_grad_(False)


def _classifier(system: System) -> tuple[nn.Module, nn.Module] | None:
    """Return encoder and head of the classifier of what a system makes, if it has one."""
    networks = system.networks()
    classifier = networks.get("classifier")
    if isinstance(classifier, Classifier):
        return classifier.body, classifier.output
    if isinstance(system, SACMGAN) and "target_encoder" in networks:
        return networks["target_encoder"], networks["target_head"]
    return None
