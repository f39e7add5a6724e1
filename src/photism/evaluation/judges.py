"""Judges: classifiers trained on real pictures, frozen, that say what a generated one shows.

A judge is stored as a folder: `model.safetensors` (half precision), `config.json` (what it is, how
it was trained and how well it does) and `README.md` (the same for people). `lenet5-mnist` comes
with the package; `photism judge train` makes others.

LeNet5 is the judge of M. Żelaszczyk and J. Mańdziuk, "Audio-to-Image Cross-Modal Generation", 2021,
arXiv:2109.13354. Their table prints the kernel in the stride column and the input channels in the
kernel column; this is the reading that gives the sizes it states.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

import photism
from photism.errors import ConfigError, DataError, WeightsError, nearest
from photism.files import replacing, sha256, write_json, write_text
from photism.systems.weights import fill, read_tensors

ASSETS = Path(photism.__file__).parent / "assets" / "judges"
FORMAT = "photism-judge-1"
MODEL, CONFIG, README = "model.safetensors", "config.json", "README.md"


@dataclass
class JudgeOutput:
    """What a judge makes of pictures.

    `logits` is `(batch, class)`; `features`, the layer before, is `(batch, feature)`.
    """

    logits: Tensor
    features: Tensor


@dataclass(frozen=True)
class JudgeCard:
    """What is stored beside the weights of a judge."""

    name: str
    architecture: str
    classes: tuple[str, ...]
    data: str
    """The real pictures it was trained on."""
    licence: str
    """Licence of those pictures."""
    command: str
    """What to run to train it again."""
    seed: int
    epochs: int
    chosen_epoch: int
    """Epoch whose weights were kept, counted from 1: the best on the validation pictures."""
    counts: Mapping[str, int]
    """Pictures trained on, held out for choosing the epoch ("validation"), and tested on."""
    validation_accuracy: float
    test_accuracy: float
    """Of the stored half precision weights."""
    sha256: str = ""
    """Of the stored weights; filled in by `save_judge`."""
    format: str = FORMAT
    photism_version: str = photism.__version__


class Judge(nn.Module):
    """Base class of all judges.

    Args:
        name: what numbers that it gives are labelled with.
        classes: names of the classes, in the order of the logits.
    """

    architecture: ClassVar[str]
    image_shape: ClassVar[tuple[int, int, int]]
    """Channel, height and width of the pictures it takes."""

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.name = name
        self.classes = classes
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
            Logits and features.

        Raises:
            DataError: the pictures are of another shape than the judge was trained on.
        """
        if images.shape[1:] != self.image_shape:
            raise DataError(
                f"judge {self.name} takes pictures of {_shape(self.image_shape)}"
                f" (channel × height × width), not {_shape(images.shape[1:])}"
            )
        return self.judge(images)

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge pictures whose shape has been checked."""
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
                f"judge {self.name} knows the classes {_brief(self.classes)}, the data has"
                f" {_brief(tuple(classes))}: choose a judge trained on the data's classes"
            )


class LeNet5(Judge):
    """LeNet5 on 28×28 grey pictures (AIVAE paper, table 3): 61,706 parameters with ten classes.

    Args:
        name: see `Judge`.
        classes: see `Judge`.
    """

    architecture = "lenet5"
    image_shape = (1, 28, 28)

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        super().__init__(name, classes)
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.hidden = nn.Linear(120, 84)
        self.output = nn.Linear(84, len(classes))

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, 1, 28, 28)` in [-1, 1]; features are `(batch, 84)`, >= 0."""
        x = F.pad((images + 1) / 2, (2, 2, 2, 2))  # (batch, 1, 32, 32), black around
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # (batch, 6, 14, 14)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (batch, 16, 5, 5)
        x = F.relu(self.conv3(x)).flatten(1)  # (batch, 120)
        features = F.relu(self.hidden(x))
        return JudgeOutput(self.output(features), features)


ARCHITECTURES: Mapping[str, type[Judge]] = {"lenet5": LeNet5}


def architecture(name: str) -> type[Judge]:
    """Return a class of judges.

    Args:
        name: such as "lenet5".

    Returns:
        The class, to be called with a name and classes.

    Raises:
        ConfigError: there is none of that name; the nearest is suggested.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"unknown judge architecture {name!r}: {nearest(name, ARCHITECTURES)}")
    return ARCHITECTURES[name]


def bundled_judges() -> tuple[str, ...]:
    """Return the names of the judges that come with the package."""
    return tuple(sorted(path.parent.name for path in ASSETS.glob(f"*/{CONFIG}")))


def save_judge(judge: Judge, folder: Path, card: JudgeCard) -> JudgeCard:
    """Store a judge in half precision with its card.

    Args:
        judge: what to store.
        folder: appears complete or not at all; an earlier judge there is replaced.
        card: everything but the checksum of the weights.

    Returns:
        The card as stored.

    Raises:
        StorageError: the disk is full or the folder is not writable.
    """
    weights = {name: value.half().contiguous() for name, value in judge.state_dict().items()}
    with replacing(folder, marker=CONFIG) as temporary:
        temporary.mkdir()
        save_file(weights, temporary / MODEL, metadata={"format": "pt"})
        card = replace(card, sha256=sha256(temporary / MODEL))
        write_json(temporary / CONFIG, asdict(card))
        write_text(temporary / README, _readme(card))
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
    card = _read_card(folder)
    judge = architecture(card.architecture)(card.name, card.classes)
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


def _read_card(folder: Path) -> JudgeCard:
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise WeightsError(f"{folder} holds no judge: {CONFIG} does not say {FORMAT!r}")
        content["classes"] = tuple(content["classes"])
        return JudgeCard(**content)
    except FileNotFoundError as error:
        raise WeightsError(f"{folder} holds no judge: {CONFIG} is missing") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} is damaged: train the judge again ({error})") from error


def _readme(card: JudgeCard) -> str:
    counts = ", ".join(f"{number:,} {use}" for use, number in card.counts.items())
    return f"""# {card.name}

A {card.architecture} classifier of {len(card.classes)} classes ({_brief(card.classes)}) that judges generated pictures.

| | |
|---|---|
| accuracy on real test pictures | **{card.test_accuracy:.2%}** (these half precision weights) |
| accuracy on validation pictures | {card.validation_accuracy:.2%}; they chose epoch {card.chosen_epoch} of {card.epochs}, the test pictures chose nothing |
| data | {card.data} |
| pictures | {counts} |
| licence of the data | {card.licence} |
| licence of the weights | as the data; the code is Apache-2.0 |
| seed | {card.seed} |
| made by | `{card.command}` |
| SHA-256 of `{MODEL}` | `{card.sha256}` |

Trained without augmentation. Pictures enter as floats in [-1, 1], `(batch, channel, height, width)`; the features used for
Fréchet distance and diversity are the layer before the logits.
"""  # noqa: E501


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in shape)


def _brief(classes: tuple[str, ...]) -> str:
    names = ", ".join(classes[:3])
    return names if len(classes) <= 3 else f"{names}, … {classes[-1]}"
