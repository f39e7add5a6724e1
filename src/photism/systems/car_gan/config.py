"""Settings of CAR-GAN, its presets and its ablations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from photism.audio.front_ends import front_end
from photism.blocks.attention import Layout
from photism.blocks.classifier import Architecture, Head
from photism.blocks.imagenet import IMAGENET
from photism.config import check_fields
from photism.errors import ConfigError


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Settings of D; the defaults are those of the authors' code."""

    width: int = 2
    """Channels after the first convolution; twice, four and eight times that later (C-17)."""
    label: Literal["none", "audio", "mixed"] = "mixed"
    """What D is told beside sound and picture: nothing (the paper), the class of the sound, or the
    residue in its own phase and the class in that of the generators (the code) (C-4)."""
    attention: Literal["early", "late"] = "early"
    """After the second and third convolution (the code), or one later (the paper) (C-11)."""
    last_stride: Literal[1, 2] = 1
    """Stride of the last two convolutions: 1 (the code) or 2 (the paper) (C-12)."""
    real_pair: Literal["once", "each"] = "once"
    """It counts once and the sum is halved (the code), or once a stage (the paper) (C-14)."""

    def __post_init__(self) -> None:
        check_fields(self, width=2)  # half of it, at the least, is what attention compares


@dataclass(frozen=True)
class ClassifierConfig:
    """Settings of a classifier and its training; the defaults are those of C."""

    network: Architecture = "resnet50"
    head: Head = "replaced"
    """Put the last layer in the place of ImageNet's (the code), or add it (the paper) (C-16)."""
    weights: str = ""
    """What to start from: "imagenet" fetches torchvision's, which a copy of their file gives too; a
    safetensors file, a judge, or an earlier run of this system; empty starts from scratch."""
    optimiser: Literal["sgd", "adam"] = "sgd"
    lr: float = 1e-3
    momentum: float = 0.9
    """Of "sgd"."""
    batch_size: int = 64
    epochs: int = 10
    """Epochs at the full learning rate; 0 takes `weights` as they are."""
    decay_epochs: int = 0
    """Epochs after these, down to zero."""

    def __post_init__(self) -> None:
        check_fields(self, batch_size=1, epochs=0, decay_epochs=0, momentum=0, lr=1e-9)
        if self.head == "added" and self.network == "small":
            raise ConfigError("head=added needs a network that ImageNet knows: resnet50, resnet18")
        if self.weights == IMAGENET and (self.network != "resnet50" or not self.epochs):
            raise ConfigError(
                "weights=imagenet is of resnet50, and knows none of the classes before some epochs:"
                " choose another network with weights= and nothing behind it"
            )


@dataclass(frozen=True)
class CARGANConfig:
    """Settings of CAR-GAN; the defaults are those of the authors' code.

    Many, since paper and code disagree in as many points: each is a field of its own, marked with
    its number in the list of assumptions, so that a table can name the one that a row changes.
    """

    front_end: str = "car-gan"
    """Pictures of sounds: "car-gan", of 128 pixels, or "car-gan-256"."""
    image_size: int = 128
    """Side of all pictures in pixels; others are resized. 128 (the code), 256 (the paper) (C-1)."""
    classes: int = 13
    width: int = 64
    """Channels after the generators' first convolution."""
    attention: bool = True
    """False takes it out of generators and discriminator (ablation A)."""
    attention_layout: Layout = "legacy"
    """See `PooledAttention`: "legacy" (the code) or "correct" (the paper) (C-13)."""
    g2_sees_sound: bool = True
    """The second generator also gets the sound (the code, not the paper) (C-3)."""
    residue: bool = True
    """False puts the class in the place of the residue (ablation C) (C-22)."""
    stages_used: Literal[1, 2] = 2
    """1 leaves the second generator out (ablation D)."""
    adversarial: Literal["tanh_bce", "log_prob"] = "tanh_bce"
    """Log-loss of sigmoid(tanh(D)) (the code) or of sigmoid(D) (the paper) (C-10)."""
    non_saturating: bool = True
    """The generators minimise −log D(G) (the code), or log(1 − D(G)) (the paper, eq. 3 to 6)."""
    class_loss: Literal["softmax", "logits"] = "softmax"
    """Cross-entropy of probabilities taken for logits (the code), or logits (the paper) (C-8)."""
    lambda_l1: float = 100.0
    lambda_c: float = 1.0
    """0 leaves the classifier's opinion out of the loss (ablation B)."""
    lambda_gan: float = 1.0
    distortion: float = 0.0
    """Strength of random changes of all that C is shown in training, pictures of the generators
    too, lest these draw for its blind spots; 0 (paper and code) changes nothing."""
    update_order: Literal["d_first", "g_first"] = "d_first"
    """In each step the discriminator first (the code) or the generators (the paper) (C-5)."""
    init_std: float = 0.02
    """Deviation of initial weights: 0.02 (the code), 0.2 (the paper; it saturates) (C-2)."""
    lr: float = 8e-4
    beta1: float = 0.9
    """First decay rate of Adam (C-20)."""
    batch_size: int = 4
    """4 (the code) or 64 (the paper) (C-7)."""
    epochs: int = 200
    """Epochs at the full learning rate."""
    decay_epochs: int = 100
    """Epochs after these, down to zero: 100 (the code) or none (the paper) (C-6)."""
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    classifier: ClassifierConfig = ClassifierConfig(weights=IMAGENET)
    """C, which sees pictures."""
    listener: ClassifierConfig = ClassifierConfig(
        "small", optimiser="adam", epochs=2, decay_epochs=4
    )
    """Hears the class of a sound; without epochs and weights there is none."""

    def __post_init__(self) -> None:
        front_end(self.front_end)
        check_fields(self, image_size=32, classes=2, width=4, init_std=1e-9, lr=1e-9, beta1=0)
        check_fields(self, lambda_l1=0, lambda_c=0, lambda_gan=0, distortion=0)
        check_fields(self, batch_size=1, epochs=1, decay_epochs=0)
        if self.image_size & (self.image_size - 1):
            raise ConfigError(f"image_size must be a power of two, not {self.image_size}")
        if self.beta1 >= 1:
            raise ConfigError(f"beta1 must be below 1, not {self.beta1}")
        if not self.classifier.epochs and not self.classifier.weights:
            raise ConfigError(
                "the cascade needs a trained classifier: set classifier.epochs to train one first,"
                " or classifier.weights to a safetensors file of one"
            )


_SMALL = ClassifierConfig("small", optimiser="adam", epochs=2, decay_epochs=4)
_DEBUG = ClassifierConfig("small", optimiser="adam", batch_size=8, epochs=1)

PRESETS: Mapping[str, CARGANConfig] = {
    "small": CARGANConfig(
        image_size=64,
        width=16,
        attention_layout="correct",
        class_loss="logits",
        adversarial="log_prob",
        distortion=1.0,
        lr=3e-4,
        beta1=0.5,
        batch_size=16,
        epochs=4,
        decay_epochs=2,
        discriminator=DiscriminatorConfig(width=16, label="audio", real_pair="each"),
        classifier=_SMALL,
        listener=_SMALL,
    ),
    "paper": CARGANConfig(
        front_end="car-gan-256",
        image_size=256,
        init_std=0.2,
        g2_sees_sound=False,
        update_order="g_first",
        decay_epochs=0,
        batch_size=64,
        class_loss="logits",
        adversarial="log_prob",
        non_saturating=False,
        attention_layout="correct",
        discriminator=DiscriminatorConfig(
            label="none", attention="late", last_stride=2, real_pair="each"
        ),
        classifier=ClassifierConfig(head="added", weights=IMAGENET),
    ),
    "code": CARGANConfig(),
    "debug": CARGANConfig(
        image_size=32,
        width=4,
        batch_size=8,
        epochs=1,
        decay_epochs=1,
        classifier=_DEBUG,
        listener=_DEBUG,
    ),
}

ABLATIONS: Mapping[str, Mapping[str, str]] = {
    "A": {"attention": "false"},
    "B": {"lambda_c": "0"},
    "C": {"residue": "false"},
    "D": {"stages_used": "1"},
    "E": {},
}
"""The paper's ablations: letter to the settings that make it; E is the whole system."""
