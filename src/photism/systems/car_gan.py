"""CAR-GAN: two generators in a cascade, and between them the residue of a class label.

Paper: B. Duan, W. Wang, H. Tang, H. Latapie, Y. Yan, "Cascade Attention Guided Residue Learning GAN
for Cross-Modal Translation", 2019, arXiv:1907.01826.

A sound's picture A and its class L_a become a first picture I' = G1(A, L_a). A frozen classifier C
looks at it; what it did not see, the residue L_r = L_a − softmax(C(I')), tells the second generator
what is still to be done: I'' = G2(I', A, L_r). A discriminator D sees pairs of sound and picture.

The paper and its authors' code disagree in many places. The fields of the config name them by the
numbers C-1, C-2, …; the defaults are the code's, the preset `paper` is what the paper says.

Differs from both: the class may be heard. At test time too the paper tells the generators the true
class of the sound; where nobody tells it, `listener`, a classifier of sounds, hears it. Assumed:
the recipe of both classifiers' training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.audio.front_ends import front_end
from photism.blocks.attention import Layout
from photism.blocks.classifier import Architecture, Classifier, Head, start_classifier
from photism.blocks.distort import distort
from photism.blocks.patchgan import PatchGAN
from photism.blocks.unet import UNet
from photism.config import check_fields
from photism.data.pairs import Batch, PairDataset
from photism.errors import ConfigError, DataError, WeightsError
from photism.images import resize
from photism.media import Medium
from photism.systems.base import Losses, Optimiser, Output, Phase, Stage, Step, System


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
    """What to start from: a safetensors file, such as ImageNet's, a judge, or an earlier run of
    this system; empty starts from scratch."""
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


@dataclass(frozen=True)
class CARGANConfig:
    """Settings of CAR-GAN; the defaults are those of the authors' code."""

    front_end: str = "car-gan"
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
    classifier: ClassifierConfig = ClassifierConfig()
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

ABLATIONS: Mapping[str, Mapping[str, str]] = {
    "A": {"attention": "false"},
    "B": {"lambda_c": "0"},
    "C": {"residue": "false"},
    "D": {"stages_used": "1"},
    "E": {},
}
"""The paper's ablations: letter to the settings that make it; E is the whole system."""


@dataclass(frozen=True)
class Cascade:
    """What a pass through both generators gives.

    `stage1` and `stage2` are pictures `(batch, 3, height, width)` in [-1, 1]; with one stage they
    are the same. `scores` are C's logits of `stage1`, `(batch, class)`; `residue` is L_r, in
    [-1, 1] with sum 0, or the label in its place.
    """

    stage1: Tensor
    scores: Tensor
    residue: Tensor
    stage2: Tensor


class CARGAN(System):
    """Sound of an instrument to the picture of somebody playing it.

    Args:
        config: see `CARGANConfig`.
    """

    name = "car-gan"
    title = "CAR-GAN"
    paper = "Duan et al. 2019, arXiv:1907.01826"
    makes = ("image",)
    takes_label = True
    translators = ("generator1", "generator2", "classifier", "listener")
    config_class = CARGANConfig
    presets = {
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
            image_size=256,
            init_std=0.2,
            g2_sees_sound=False,
            update_order="g_first",
            decay_epochs=0,
            batch_size=64,
            class_loss="logits",
            adversarial="log_prob",
            attention_layout="correct",
            discriminator=DiscriminatorConfig(
                label="none", attention="late", last_stride=2, real_pair="each"
            ),
            classifier=ClassifierConfig(head="added"),
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

    def __init__(self, config: CARGANConfig) -> None:
        super().__init__(config)
        c, sound = config, front_end(config.front_end).channels
        attention: Layout | None = c.attention_layout if c.attention else None

        def generator(inward: int) -> UNet:
            return UNet(inward, 3, size=c.image_size, width=c.width, attention=attention)

        self._drawn = ("stage1", "stage2")[: c.stages_used]
        self.generator1 = generator(sound + c.classes)
        self.generator2: UNet | None = None
        if c.stages_used == 2:
            self.generator2 = generator(3 + sound * c.g2_sees_sound + c.classes)
        self.discriminator = PatchGAN(
            sound + 3 + c.classes * (c.discriminator.label != "none"),
            width=c.discriminator.width,
            attention=attention,
            attended={"early": (2, 3), "late": (3, 4)}[c.discriminator.attention],
            last_stride=c.discriminator.last_stride,
        )
        self.apply(partial(_initialise, std=c.init_std))  # the classifiers begin in their own way
        self.classifier = Classifier(c.classifier.network, c.classes, c.classifier.head)
        self.listener: Classifier | None = None
        if c.listener.epochs or c.listener.weights:
            self.listener = Classifier(c.listener.network, c.classes, c.listener.head)
        self.train()

    def train(self, mode: bool = True) -> CARGAN:
        """Set the mode of all but the classifiers, which leave eval only in their own phase."""
        super().train(mode)
        for network in filter(None, (self.classifier, self.listener)):
            network.eval()
        return self

    def prepare(self, dataset: PairDataset) -> None:
        """Check classes and channels, and read the weights that classifiers start from."""
        card, c = dataset.card, self.config
        if not card.classes:
            raise DataError(
                f"{dataset.folder} names no classes, and {self.title} learns from them: prepare"
                " pairs that have some"
            )
        if len(card.classes) != c.classes:
            raise ConfigError(
                f"{dataset.folder} has {len(card.classes)} classes, the system is built for"
                f" {c.classes}: add --set classes={len(card.classes)}"
            )
        if dataset.labels.min() < 0 or dataset.labels.max() >= c.classes:
            raise DataError(f"{dataset.folder} has pairs whose class is none of its {c.classes}")
        if card.image.shape[-1] != 3:
            raise DataError(f"{dataset.folder} has grey pictures: {self.title} wants colour")
        if c.classifier.weights:
            start_classifier(self.classifier, "classifier", c.classifier.weights)
        if c.listener.weights:
            start_classifier(self._listener(), "listener", c.listener.weights)

    def lay_out(self, device: torch.device) -> None:
        """Leave the generators' weights in rows on the CPU: matrix products and Adam want them."""
        network = self.classifier if device.type == "cpu" else self
        network.to(memory_format=torch.channels_last)

    def stages(self) -> tuple[Stage, ...]:
        """Return the training of the classifier, of the listener, and of the cascade."""
        c, stages = self.config, []
        for name, recipe in (("classifier", c.classifier), ("listener", c.listener)):
            if recipe.epochs:
                optimiser = Optimiser(recipe.optimiser, lr=recipe.lr, momentum=recipe.momentum)
                phase = Phase(name, (name,), optimiser)
                epochs, decay = recipe.epochs + recipe.decay_epochs, recipe.decay_epochs
                stages.append(Stage(name, (phase,), epochs, recipe.batch_size, decay))
        adam = Optimiser("adam", lr=c.lr, betas=(c.beta1, 0.999))
        players = [
            Phase("discriminator", ("discriminator",), adam),
            Phase("generators", ("generator1", "generator2")[: c.stages_used], adam),
        ]
        phases = tuple(players if c.update_order == "d_first" else reversed(players))
        epochs = c.epochs + c.decay_epochs
        return (*stages, Stage("cascade", phases, epochs, c.batch_size, c.decay_epochs))

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of a classifier or of one player of the cascade (paper, eq. 4 to 8).

        Terms are unweighted: `gan_…`, `d_…` in nats a patch, `class_…` a picture, `l1_…` a pixel.
        """
        if phase == "classifier":
            image = self._distort(self._fit(batch.image), step)
            return self._recognise(phase, self.classifier, image, batch.label)
        if phase == "listener":
            sound = self._fit(batch.sound)
            return self._recognise(phase, self._listener(), sound, batch.label)
        if not step.memo:
            sound, image = self._fit(batch.sound), self._fit(batch.image)
            label = F.one_hot(batch.label, self.config.classes).float()
            step.memo.update(vars(self.cascade(sound, label)))
            step.memo.update(sound=sound, image=image, label=label)
        if phase == "discriminator":
            return self._discriminator_losses(step.memo)
        return self._generator_losses(step, batch.label)

    def _discriminator_losses(self, memo: Mapping[str, Tensor]) -> Losses:
        settings = self.config.discriminator
        label = memo["residue"].detach() if settings.label == "mixed" else memo["label"]
        terms = {
            f"d_{stage}": self._patches(memo, memo[stage].detach(), label, real=False)
            for stage in self._drawn
        }
        terms["d_real"] = self._patches(memo, memo["image"], label, real=True)
        total = torch.stack(list(terms.values())).sum()
        again = (len(self._drawn) - 1) * terms["d_real"]
        total = total / 2 if settings.real_pair == "once" else total + again
        return Losses(total, {"discriminator": total, **terms})

    def _generator_losses(self, step: Step, target: Tensor) -> Losses:
        c, terms, memo = self.config, {}, step.memo
        for stage in self._drawn:
            picture = memo[stage]
            terms[f"gan_{stage}"] = self._patches(memo, picture, memo["label"], real=True)
            terms[f"l1_{stage}"] = (picture - memo["image"]).abs().mean()
            if c.lambda_c:
                scores = memo["scores"]
                if stage != "stage1" or c.distortion:
                    scores = self._see(self._distort(picture, step))
                scores = scores.softmax(dim=1) if c.class_loss == "softmax" else scores
                terms[f"class_{stage}"] = F.cross_entropy(scores, target)
        weights = {"gan": c.lambda_gan, "l1": c.lambda_l1, "class": c.lambda_c / 2}
        weighted = [weights[name.split("_")[0]] * term for name, term in terms.items()]
        return Losses(torch.stack(weighted).sum(), terms)

    def _patches(
        self, memo: Mapping[str, Tensor], image: Tensor, label: Tensor, *, real: bool
    ) -> Tensor:
        """Return the log-loss of D's opinion of a picture, a mean over its patches."""
        pair = (memo["sound"], image)
        told = self.config.discriminator.label != "none"
        logits = self.discriminator(_join(label, *pair) if told else torch.cat(pair, 1)).float()
        if self.config.adversarial == "tanh_bce":
            logits = torch.tanh(logits)
        return F.softplus(-logits if real else logits).mean()

    def _recognise(self, name: str, network: Classifier, picture: Tensor, target: Tensor) -> Losses:
        network.train(self.training)
        scores = network(picture).float()
        network.eval()
        loss = F.cross_entropy(scores, target)
        accuracy = (scores.argmax(dim=1) == target).float().mean()
        return Losses(loss, {name: loss, f"{name}_accuracy": accuracy})

    def cascade(self, condition: Tensor, label: Tensor) -> Cascade:
        """Run both generators.

        Args:
            condition: pictures of sounds, `(batch, channel, height, width)` in [-1, 1].
            label: L_a, `(batch, class)`: one-hot where it is known, else probabilities.

        Returns:
            Both pictures and what is between them.
        """
        sound = self._fit(condition)
        stage1 = self.generator1(_join(label, sound))
        scores = self._see(stage1)
        residue = label - scores.softmax(dim=1) if self.config.residue else label
        if self.generator2 is None:
            return Cascade(stage1, scores, residue, stage1)
        seen = (stage1, sound) if self.config.g2_sees_sound else (stage1,)
        return Cascade(stage1, scores, residue, self.generator2(_join(residue, *seen)))

    @property
    def recognises(self) -> bool:
        """Whether there is a listener."""
        return self.listener is not None

    def recognise(self, condition: Tensor) -> Tensor:
        """Return the listener's probabilities `(batch, class)` for pictures of sounds."""
        return self._listener()(self._fit(condition)).float().softmax(dim=1)

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width; pictures of sounds have the size of the others."""
        size, channels = self.config.image_size, front_end(self.config.front_end).channels
        return (channels if medium == "sound" else 3), size, size

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate; the class is heard where it is not given. There is no noise."""
        self.require_target(target)
        told = self.recognise(condition) if label is None else self._one_hot(label)
        return self.cascade(condition, told).stage2

    def outputs(
        self, condition: Tensor, *, target: Medium, label: Tensor, noise: Tensor | None
    ) -> tuple[Output, ...]:
        """Draw with the class heard, where there is a listener, and with the class given."""
        self.require_target(target)
        told = {"label heard": self.recognise(condition)} if self.recognises else {}
        told["label given"] = self._one_hot(label)
        passes = {name: self.cascade(condition, told[name]) for name in told}
        made = [Output(name, cascade.stage2) for name, cascade in passes.items()]
        if self.generator2 is not None:
            made += [Output(name, c.stage1, step="stage I") for name, c in passes.items()]
        return tuple(made)

    def _one_hot(self, label: Tensor) -> Tensor:
        classes = self.config.classes
        if label.ndim == 2:  # probabilities
            return label
        if label.min() < 0 or label.max() >= classes:
            raise ConfigError(f"a label is not from 0 to {classes - 1}: {label.tolist()}")
        return F.one_hot(label, classes).float()

    def _fit(self, picture: Tensor) -> Tensor:
        return resize(picture, (self.config.image_size, self.config.image_size))

    def _distort(self, picture: Tensor, step: Step) -> Tensor:
        strength = self.config.distortion if self.training else 0.0
        return distort(picture, step.rng, strength=strength)

    def _see(self, picture: Tensor) -> Tensor:
        """Return C's logits; gradients go through it to the picture, and not into it."""
        if self.classifier is None:
            raise WeightsError(
                "these weights come without the classifier of stage I: `photism train car-gan`"
                " trains one first, and --set classifier.weights=FILE starts from one"
            )
        return self.classifier.judge(picture)

    def _listener(self) -> Classifier:
        if self.listener is None:
            raise WeightsError("no listener to hear the class: give a label, or train a listener")
        return self.listener


def _join(label: Tensor, *pictures: Tensor) -> Tensor:
    """Put a plane for every class behind the channels of pictures."""
    planes = label[:, :, None, None].expand(-1, -1, *pictures[0].shape[2:])
    return torch.cat([*pictures, planes], dim=1)


def _initialise(module: nn.Module, std: float) -> None:
    """Draw weights around 0, gains around 1; biases begin at 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        mean = 1.0 if isinstance(module, nn.BatchNorm2d) else 0.0
        nn.init.normal_(module.weight, mean, std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
