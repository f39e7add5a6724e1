"""What a judge is: a classifier trained on real pictures, frozen, that says what one shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor, nn

from photism.errors import ConfigError, DataError
from photism.judges.card import JudgeCard, brief, shown
from photism.judges.factors import FactorHead
from photism.judges.recipe import JudgeRecipe
from photism.media import Medium


@dataclass
class JudgeOutput:
    """What a judge makes of pictures.

    `logits` is `(batch, class)`; `features`, the layer before, is `(batch, feature)`; `factors`, of
    judges that read some, is `(batch, factor)` in the units of the data's columns.
    """

    logits: Tensor
    features: Tensor
    factors: Tensor | None = None


class Judge(nn.Module):
    """Base class of all judges.

    Args:
        name: what numbers that it gives are labelled with.
        classes: names of the classes, in the order of the logits.
        image_shape: channel, height and width of the pictures it takes.
        factors: numeric columns of the data that it reads from pictures.
    """

    architecture: ClassVar[str]
    recipe: ClassVar[JudgeRecipe] = JudgeRecipe()
    """How it is trained where nothing else is asked for."""
    medium: Medium = "image"
    """What it judges: pictures, or sounds as log-mel pictures."""

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int],
        factors: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.name = name
        self.classes = classes
        self.image_shape = image_shape
        """Channel, height and width of the pictures it takes."""
        self.factors = factors
        self.reader: FactorHead | None = None
        """Reads the factors from the features; subclasses with a place for factors set it."""
        self.digest: str | None = None
        """SHA-256 of the stored weights; None before they are stored."""
        self.card: JudgeCard | None = None
        """Data, training and figures of stored weights."""

    @property
    def accuracy(self) -> float | None:
        """Share of real test pictures that the stored weights classify rightly."""
        return self.card.test_accuracy if self.card else None

    def forward(self, images: Tensor) -> JudgeOutput:
        """Judge pictures.

        Args:
            images: `(batch, channel, height, width)` in [-1, 1].

        Returns:
            Logits, features and factors.

        Raises:
            DataError: the pictures are of another shape than the judge was trained on.
        """
        if images.shape[1:] != self.image_shape:
            raise DataError(
                f"judge {self.name} takes pictures of {shown(self.image_shape)}"
                f" (channel × height × width), not {shown(images.shape[1:])}: choose a judge"
                " trained on pictures of this size"
            )
        output = self.judge(images)
        if self.reader is None:
            return output
        factors = self.reader(output.features, output.logits.softmax(dim=1))
        return replace(output, factors=factors)

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge pictures whose shape has been checked; factors are read by `forward`."""
        raise NotImplementedError

    def require_classes(self, classes: tuple[str, ...]) -> None:
        """Check that labels of a data set mean what this judge's logits mean.

        Args:
            classes: of the data set, in the order of its labels.

        Raises:
            ConfigError: the classes differ, or stand in another order.
        """
        if tuple(classes) != self.classes:
            raise ConfigError(
                f"judge {self.name} knows the classes {brief(self.classes)}, the data has"
                f" {brief(tuple(classes))}: choose a judge trained on the data's classes"
            )
