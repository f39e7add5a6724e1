"""What a judge is: a classifier trained on real examples of one medium, and then frozen.

Judges of sounds look at log-mels, but never at those that a network drew: see `judges.perceive`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor, nn

from photism.audio.front_ends import FrontEnd
from photism.errors import ConfigError, DataError
from photism.images import resize
from photism.judges.card import JudgeCard, brief, shown
from photism.judges.factors import FactorHead
from photism.judges.perceive import Percept, hear, perceive
from photism.judges.recipe import JudgeRecipe
from photism.media import Medium


@dataclass
class JudgeOutput:
    """What a judge makes of pictures or sounds.

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
        image_shape: channel, height and width of the pictures, or the log-mels of sounds, it takes.
        factors: numeric columns of the data that it reads.
    """

    architecture: ClassVar[str]
    recipe: ClassVar[JudgeRecipe] = JudgeRecipe()
    """How it is trained where nothing else is asked for."""

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
        """Channel, height and width of the pictures or log-mels it takes."""
        self.factors = factors
        self.ear: FrontEnd | None = None
        """How a judge of sounds analyses them; None for judges of pictures."""
        self.reader: FactorHead | None = None
        """Reads the factors from the features; subclasses with a place for factors set it."""
        self.digest: str | None = None
        """SHA-256 of the stored weights; None before they are stored."""
        self.card: JudgeCard | None = None
        """Data, training and figures of stored weights."""

    @property
    def accuracy(self) -> float | None:
        """Share of real test examples that the stored weights classify rightly."""
        return self.card.test_accuracy if self.card else None

    @property
    def medium(self) -> Medium:
        """What it judges."""
        return "image" if self.ear is None else "sound"

    def view(self, percept: Percept) -> Tensor:
        """Bring pictures to the size it takes, or draw the log-mels of sounds as it hears them.

        Args:
            percept: of the judge's medium.

        Returns:
            `(batch, channel, height, width)` in [-1, 1], as `forward` takes it.

        Raises:
            AudioError: sounds longer than it hears at once.
        """
        if self.ear is None:
            return resize(percept.values, self.image_shape[1:])
        return hear(percept, self.ear)

    def look(self, made: Tensor, drawn: FrontEnd | None = None) -> JudgeOutput:
        """Judge what a system makes, or data holds, as a person gets it.

        Args:
            made: `(batch, channel, height, width)` in [-1, 1]; of sounds the log-mels.
            drawn: how the log-mels were drawn; pictures need none.

        Returns:
            Logits, features and factors.

        Raises:
            DataError: pictures of other channels than the judge was trained on.
            ConfigError: no sound can be made of such log-mels.
        """
        return self(self.view(perceive(made, self.medium, drawn)))

    def forward(self, images: Tensor) -> JudgeOutput:
        """Judge pictures, or the log-mels of sounds.

        Args:
            images: `(batch, channel, height, width)` in [-1, 1], such as `view` returns.

        Returns:
            Logits, features and factors.

        Raises:
            DataError: the pictures are of another shape than the judge was trained on.
        """
        if images.shape[1:] != self.image_shape:
            raise DataError(
                f"judge {self.name} takes {'pictures' if self.ear is None else 'log-mels'} of"
                f" {shown(self.image_shape)} (channel × height × width), not"
                f" {shown(images.shape[1:])}: choose a judge trained on such"
            )
        output = self.judge(images)
        if self.reader is None:
            return output
        factors = self.reader(output.features, output.logits.softmax(dim=1))
        return replace(output, factors=factors)

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge what has a shape that was checked; factors are read by `forward`."""
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
