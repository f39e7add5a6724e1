"""Judges: classifiers trained on real pictures, frozen, that say what a generated one shows.

A judge is stored as a folder: `model.safetensors` (filters and matrices in half precision),
`config.json` (what it is, how it was trained and how well it does) and `README.md` (the same for
people). `lenet5-mnist` and `small-orchestra` come with the package; `photism judge train` makes
others.

LeNet5 is the judge of M. Żelaszczyk and J. Mańdziuk, "Audio-to-Image Cross-Modal Generation", 2021,
arXiv:2109.13354. Their table prints the kernel in the stride column and the input channels in the
kernel column; this is the reading that gives the sizes it states. ResNet-50 is the judge of
CAR-GAN, arXiv:1907.01826.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

import photism
from photism.blocks.classifier import Architecture, Classifier
from photism.errors import ConfigError, DataError, WeightsError, nearest
from photism.evaluation.factors import FactorHead
from photism.evaluation.judge_card import CONFIG, MODEL, README, JudgeCard, brief, shown
from photism.files import replacing, sha256, write_bytes, write_json, write_text
from photism.systems.weights import fill, read_tensors

ASSETS = Path(photism.__file__).parent / "assets" / "judges"


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
        factors: numeric columns of the data that it reads from pictures.
    """

    architecture: ClassVar[str]
    image_shape: tuple[int, int, int]
    """Channel, height and width of the pictures it takes."""

    def __init__(self, name: str, classes: tuple[str, ...], factors: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.name = name
        self.classes = classes
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


class LeNet5(Judge):
    """LeNet5 on 28×28 grey pictures (AIVAE paper, table 3): 61,706 parameters with ten classes.

    Args:
        name: see `Judge`.
        classes: see `Judge`.
        image_shape: no other is taken.
        factors: see `Judge`.

    Raises:
        ConfigError: pictures of another shape.
    """

    architecture = "lenet5"

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int] = (1, 28, 28),
        factors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, classes, factors)
        if image_shape != (1, 28, 28):
            raise ConfigError(
                f"lenet5 takes grey pictures of 1 × 28 × 28, not {shown(image_shape)}: choose small"
                " or resnet50 for colour pictures"
            )
        self.image_shape = image_shape
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.hidden = nn.Linear(120, 84)
        self.output = nn.Linear(84, len(classes))
        self.reader = FactorHead(84, len(classes), len(factors)) if factors else None

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, 1, 28, 28)` in [-1, 1]; features are `(batch, 84)`, >= 0."""
        x = F.pad((images + 1) / 2, (2, 2, 2, 2))  # (batch, 1, 32, 32), black around
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # (batch, 6, 14, 14)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (batch, 16, 5, 5)
        x = F.relu(self.conv3(x)).flatten(1)  # (batch, 120)
        features = F.relu(self.hidden(x))
        return JudgeOutput(self.output(features), features)


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

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int],
        factors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, classes, factors)
        if image_shape[0] != 3 or min(image_shape[1:]) < 16:
            raise ConfigError(
                f"{self.architecture} takes colour pictures from 3 × 16 × 16 on, not"
                f" {shown(image_shape)}: choose lenet5 for MNIST"
            )
        self.image_shape = image_shape
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


class ResNet18(ColourJudge):
    """ResNet-18 with a stem for small pictures."""

    architecture = "resnet18"


class ResNet50(ColourJudge):
    """ResNet-50, the judge of CAR-GAN (arXiv:1907.01826, section 4)."""

    architecture = "resnet50"


ARCHITECTURES: Mapping[str, type[LeNet5] | type[ColourJudge]] = {
    judge.architecture: judge for judge in (LeNet5, Small, ResNet18, ResNet50)
}


def architecture(name: str) -> type[LeNet5] | type[ColourJudge]:
    """Return a class of judges.

    Args:
        name: such as "lenet5".

    Returns:
        The class, to be called with a name, classes, shape of pictures and names of factors.

    Raises:
        ConfigError: there is none of that name; the nearest is suggested.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"unknown judge architecture {name!r}: {nearest(name, ARCHITECTURES)}")
    return ARCHITECTURES[name]


def bundled_judges() -> tuple[str, ...]:
    """Return the names of the judges that come with the package."""
    return tuple(sorted(path.parent.name for path in ASSETS.glob(f"*/{CONFIG}")))


@torch.no_grad()
def round_weights(judge: Judge) -> None:
    """Round filters and matrices to half precision, as `save_judge` stores them."""
    for value in judge.parameters():
        if value.ndim > 1:
            value.copy_(value.half())


def save_judge(judge: Judge, folder: Path, card: JudgeCard) -> JudgeCard:
    """Store a judge with its card, filters and matrices in half precision.

    Args:
        judge: what to store.
        folder: appears complete or not at all; an earlier judge there is replaced.
        card: everything but the checksum of the weights.

    Returns:
        The card as stored.

    Raises:
        StorageError: the disk is full or the folder is not writable.
    """
    large = {name for name, value in judge.named_parameters() if value.ndim > 1}
    weights = {
        name: (value.half() if name in large else value).contiguous().cpu()
        for name, value in judge.state_dict().items()
    }
    with replacing(folder, marker=CONFIG) as temporary:
        temporary.mkdir()
        write_bytes(temporary / MODEL, save(weights, metadata={"format": "pt"}))
        card = replace(card, sha256=sha256(temporary / MODEL))
        write_json(temporary / CONFIG, asdict(card))
        write_text(temporary / README, card.readme())
    return card


def load_judge(name_or_path: str | Path) -> Judge:
    """Load a judge, frozen, on the CPU and in single precision.

    Args:
        name_or_path: a bundled judge such as "lenet5-mnist", or a folder of `photism judge train`.

    Returns:
        The judge, in eval mode.

    Raises:
        ConfigError: neither a bundled judge nor a folder.
        WeightsError: the folder holds no judge, or its files are damaged or not what they claim.
    """
    folder = _locate(name_or_path)
    card = JudgeCard.read(folder)
    made = architecture(card.architecture)
    judge = made(card.name, card.classes, card.image_shape, card.factors)
    path = folder / MODEL
    fill(judge, read_tensors(path), path)
    if sha256(path) != card.sha256:
        raise WeightsError(f"{path} is not the file that {CONFIG} describes: train the judge again")
    judge.card, judge.digest = card, card.sha256
    return judge.eval().requires_grad_(False)


def _locate(name_or_path: str | Path) -> Path:
    if str(name_or_path) in bundled_judges():
        return ASSETS / str(name_or_path)
    folder = Path(name_or_path)
    if folder.is_file():
        raise WeightsError(
            f"{folder} is a file: a judge is a folder with {MODEL} and {CONFIG}; pickled weights"
            " are never read"
        )
    if not folder.is_dir():
        raise ConfigError(
            f"unknown judge {str(name_or_path)!r}: {nearest(str(name_or_path), bundled_judges())}"
            " or give the folder of one"
        )
    return folder
