"""SA-CMGAN: half a second of music to its player and back, with self-attention in every network.

Paper: H. Tan et al., "Spectrogram Analysis via Self-Attention for Realizing Cross-Model
Visual-Audio Generation", 2020, a poster.

Two classifiers are trained first, one of sounds and one of pictures. What the one of the condition
has learnt to look at, 128 numbers, is compressed to 64, and a generator draws the other medium from
these and from noise. A discriminator sees what was drawn beside the 64 numbers, and real ones
beside numbers that belong to something else. Sound to image and image to sound are two models that
mirror each other: `target` says which. Nobody ever tells the class.

Poster and authors' code disagree in many places. The fields of the config name them by the numbers
A-1, A-2, …; the defaults are the code's, the preset `paper` is what the poster says. The code never
trains the layer that compresses; where `compression` mends that, the discriminator's loss trains
it, an assumption. All lengths and rates are the code's, for the poster states none.

Differs from both: mismatched pairs are dealt within the batch, each medium once. Where the preset
`small` differs beyond that, a field says so: `frozen_norm`, `d_every`, the rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from photism.audio.front_ends import front_end
from photism.blocks.attention import attend
from photism.blocks.dcgan import (
    SIDE,
    MatchDiscriminator,
    PictureDecoder,
    PictureEncoder,
    SameConv,
    dense,
    start_as_xavier,
)
from photism.blocks.mismatch import mismatch
from photism.blocks.spectral import normalise
from photism.config import check_fields
from photism.data.pairs import Batch, PairDataset
from photism.errors import ConfigError
from photism.images import resize
from photism.media import MEDIA, Medium, other
from photism.systems.base import System
from photism.systems.requirements import require_classes
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step

FEATURE, EMBEDDING = 128, 64
"""Elements of what a classifier looks at, and of what the generator is told of it."""


@dataclass(frozen=True)
class AttentionConfig:
    """Settings of the self-attention in encoders, generator and discriminator."""

    channels: Literal[0, 64, 128, 256, 512] = 64
    """Of the map that attends, in networks of width 64: after the first, second, fourth or fifth
    convolution and where the generator's map has the same size; 0 takes attention out. The places
    of 128 and more are assumed."""
    form: Literal["4x4", "1x1"] = "4x4"
    """Queries, keys and values by 4×4 convolutions with batch norm and ReLU (the code), or by 1×1
    convolutions alone as in SAGAN, which the poster names (A-6)."""
    norm: Literal["batch", "running"] = "batch"
    """Its batch norm uses the statistics of the batch when translating too (the code), or running
    ones as everywhere (A-5)."""

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class SACMGANConfig:
    """Settings of SA-CMGAN; the defaults are those of the authors' code."""

    target: Medium = "image"
    """What it makes: "image" of sounds (S2I), "sound" of images (I2S)."""
    front_end: str = "sa-cmgan"
    classes: int = 13
    width: int = 64
    """Channels after the first convolution, a multiple of 8."""
    noise: int = 62
    """Random numbers that the generator gets beside the embedding."""
    attention: AttentionConfig = AttentionConfig()
    late_layers: Literal["sigmoid", "relu"] = "sigmoid"
    """The generator's last two inner layers end in a sigmoid without batch norm (the code), or in
    batch norm and ReLU as the others (A-3)."""
    spectral_norm: Literal["discriminator", "both"] = "discriminator"
    """Spectral norm in the discriminator (the code), or in "the networks": the generator too
    (A-2)."""
    d_output: Literal["logit", "probability"] = "logit"
    """What the hinge loss takes: the logit (the code), or a probability (A-1)."""
    d_sees: Literal["embedding", "medium"] = "embedding"
    """Beside the sample: the condition's embedding (the code), or the condition itself (A-10)."""
    compression: Literal["fixed", "trained"] = "fixed"
    """The layer from 128 numbers to 64 stays as it was drawn (the code), or is trained with the
    discriminator (A-4)."""
    mismatched: Literal["any", "other"] = "any"
    """Mismatched samples are of any other pair, 7 % of the same class (the code), or of another
    class (A-9)."""
    per_image_stretch: bool = True
    """Stretch each picture to its own darkest and lightest value, as the code's resizing does."""
    frozen_norm: Literal["batch", "running"] = "batch"
    """While the GAN is trained, batch norm in the frozen encoder uses the statistics of the batch
    and its running ones go on moving (the code), or does not."""
    lr_classifiers: float = 1e-4
    lr_discriminator: float = 1e-4
    lr_generator: float = 5e-4
    beta1: float = 0.5
    """First decay rate of Adam."""
    d_every: int = 2
    """The discriminator is updated in one of so many steps, the generator in each."""
    batch_size: int = 64
    epoch_steps: int = 2000
    """Steps that are called an epoch; 0 takes every pair once."""
    classifier_epochs: int = 4
    epochs: int = 6
    """Of the GAN: 6 for images, 5 for sounds (the code)."""

    def __post_init__(self) -> None:
        front_end(self.front_end)
        check_fields(self, classes=2, width=8, noise=1, batch_size=2, d_every=1, epoch_steps=0)
        check_fields(self, lr_classifiers=1e-9, lr_discriminator=1e-9, lr_generator=1e-9)
        check_fields(self, beta1=0, classifier_epochs=0, epochs=1)
        if self.width % 8:
            raise ConfigError(f"width must be a multiple of 8, not {self.width}")
        if self.beta1 >= 1:
            raise ConfigError(f"beta1 must be below 1, not {self.beta1}")


class SelfAttention(nn.Module):
    """Every position looks at every other; what it sees is added with a gain that begins at 0.

    After H. Zhang et al., "Self-Attention Generative Adversarial Networks", 2018, arXiv:1805.08318.

    Args:
        channels: of the map; queries and keys have an eighth of them.
        config: form and norm.
    """

    def __init__(self, channels: int, config: AttentionConfig) -> None:
        super().__init__()
        eighth = channels // 8
        self.widths = (eighth, eighth, channels)
        parts = [_projection(channels, width, config.form) for width in self.widths]
        self.query, self.key, self.value = parts
        self.norm: nn.Module = nn.Identity()
        if config.form == "4x4":
            running = config.norm == "running"
            norm = nn.BatchNorm2d(sum(self.widths), track_running_stats=running)
            self.norm = nn.Sequential(norm, nn.ReLU())
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` plus what it attends to, both `(batch, channel, height, width)`."""
        layers = (self.query, self.key, self.value)
        padded = F.pad(x, (1, 2, 1, 2)) if self.query.kernel_size == (4, 4) else x
        # One convolution with the filters of all three: the map is read once.
        projected = self.norm(F.conv2d(padded, torch.cat([layer.weight for layer in layers])))
        query, key, value = projected.flatten(2).transpose(1, 2).split(self.widths, dim=2)
        seen = attend(query, key, value)  # (batch, position, channel)
        return x + self.gain * seen.transpose(1, 2).reshape(x.shape)


def _projection(inward: int, outward: int, form: str) -> nn.Conv2d:
    return SameConv(inward, outward) if form == "4x4" else nn.Conv2d(inward, outward, 1, bias=False)


PLACES: Mapping[int, tuple[str, str]] = {
    64: ("conv1", "deconv5"),
    128: ("conv2", "deconv4"),
    256: ("conv4", "deconv3"),
    512: ("conv5", "start"),
}
"""Channels, at width 64, to the layers that attention follows: in a trunk, in the generator."""


class SACMGAN(System):
    """Half a second of an instrument to somebody playing it, or the other way round.

    Args:
        config: see `SACMGANConfig`.
    """

    name = "sa-cmgan"
    title = "SA-CMGAN"
    paper = "Tan et al. 2020 (poster)"
    makes = ("image", "sound")
    resizes = MEDIA
    translators = ("encoder", "head", "compression", "generator")
    selection = "missed"
    config_class = SACMGANConfig
    presets = {
        "small": SACMGANConfig(
            width=16,
            attention=AttentionConfig(channels=128, norm="running"),
            late_layers="relu",
            compression="trained",
            mismatched="other",
            per_image_stretch=False,
            frozen_norm="running",
            lr_classifiers=1e-3,
            lr_discriminator=4e-4,
            lr_generator=4e-4,
            d_every=1,
            batch_size=32,
            epoch_steps=0,
            classifier_epochs=3,
            epochs=12,
        ),
        "paper": SACMGANConfig(
            attention=AttentionConfig(form="1x1", norm="running"),
            spectral_norm="both",
            d_output="probability",
            d_sees="medium",
            compression="trained",
            mismatched="other",
            per_image_stretch=False,
            frozen_norm="running",
        ),
        "code": SACMGANConfig(),
        "debug": SACMGANConfig(
            width=8, batch_size=8, epoch_steps=0, classifier_epochs=1, epochs=1, d_every=1
        ),
    }

    def __init__(self, config: SACMGANConfig) -> None:
        super().__init__(config)
        c, target = config, config.target
        inward, outward = self.shape(other(target))[0], self.shape(target)[0]
        self.encoder = PictureEncoder(inward, c.width, FEATURE)
        self.head = nn.Linear(FEATURE, c.classes)
        self.compression = nn.Sequential(*dense(FEATURE, EMBEDDING))
        self.target_encoder = PictureEncoder(outward, c.width, FEATURE)
        self.target_head = nn.Linear(FEATURE, c.classes)
        self.generator = PictureDecoder(EMBEDDING + c.noise, outward, c.width)
        both = c.d_sees == "medium"
        self.discriminator = MatchDiscriminator(
            outward + inward * both, c.width, 0 if both else EMBEDDING
        )
        self._change_layers()
        self.apply(start_as_xavier)
        normalise(self.discriminator)
        if c.spectral_norm == "both":
            normalise(self.generator)
        self.train()

    def _change_layers(self) -> None:
        """Make networks of DCGAN's kind those of SA-CMGAN."""
        c, generator = self.config, self.generator
        if c.late_layers == "sigmoid":
            for name in ("deconv4", "deconv5"):
                [layer, *_] = cast(nn.Sequential, getattr(generator, name))
                setattr(generator, name, nn.Sequential(layer, nn.Sigmoid()))
        if not c.attention.channels:
            return
        seen, drawn = PLACES[c.attention.channels]
        width = c.attention.channels * c.width // 64
        readers = (self.encoder.trunk, self.target_encoder.trunk, self.discriminator.trunk)
        for layers in (*(getattr(reader, seen) for reader in readers), getattr(generator, drawn)):
            layers.append(SelfAttention(width, c.attention))

    @property
    def targets(self) -> tuple[Medium, ...]:
        """The one medium that this model makes."""
        return (self.config.target,)

    @property
    def untrained(self) -> tuple[str, ...]:
        """The compression, where it stays as it was drawn."""
        return ("compression",) if self.config.compression == "fixed" else ()

    def train(self, mode: bool = True) -> SACMGAN:
        """Set the mode of all but the encoders, which leave eval only when they are told to."""
        super().train(mode)
        for network in filter(None, (self.encoder, self.target_encoder)):
            network.eval()
        return self

    def prepare(self, dataset: PairDataset) -> None:
        """Check classes."""
        require_classes(dataset, self.config.classes, self.title)

    def stages(self) -> tuple[Stage, ...]:
        """Return the training of both classifiers, step by step in turns, and of the GAN."""
        c, stages = self.config, []

        def adam(lr: float) -> Optimiser:
            return Optimiser("adam", lr=lr, betas=(c.beta1, 0.999))

        if c.classifier_epochs:
            phases = (
                Phase("encoder", ("encoder", "head"), adam(c.lr_classifiers)),
                Phase("target_encoder", ("target_encoder", "target_head"), adam(c.lr_classifiers)),
            )
            stages.append(self._stage("classifiers", phases, c.classifier_epochs))
        moved = ("discriminator", "compression")[: 1 + (c.compression == "trained")]
        players = (
            Phase("discriminator", moved, adam(c.lr_discriminator), every=c.d_every),
            Phase("generator", ("generator",), adam(c.lr_generator)),
        )
        return (*stages, self._stage("gan", players, c.epochs))

    def _stage(self, name: str, phases: tuple[Phase, ...], epochs: int) -> Stage:
        c = self.config
        return Stage(name, phases, epochs, c.batch_size, steps_per_epoch=c.epoch_steps or None)

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of a classifier, or of one player of the GAN (poster and code).

        `d_real`, `d_fake` and `d_mismatched` are hinge losses, 0 where the discriminator is sure;
        `missed` is the share of what was made that the target's classifier takes for another class,
        measured where nothing is trained.
        """
        target = self.config.target
        if phase == "encoder":
            condition = self._fit(batch.of(other(target)), other(target))
            losses, feature = self._classify(self.encoder, self.head, condition, batch.label)
            with torch.no_grad():  # its running statistics, for a compression that stays as it is
                self.compression(feature)
            return Losses(losses[0], {"encoder": losses[0], "encoder_accuracy": losses[1]})
        if phase == "target_encoder":
            real = self._fit(batch.of(target), target)
            losses, _ = self._classify(self.target_encoder, self.target_head, real, batch.label)
            names = ("target_encoder", "target_encoder_accuracy")
            return Losses(losses[0], dict(zip(names, losses, strict=True)))
        if not step.memo:
            self._draw(batch, step)
        if phase == "discriminator":
            return self._discriminator_losses(batch.label, step)
        return self._generator_losses(batch.label, step)

    def _classify(
        self, encoder: nn.Module, head: nn.Module, picture: Tensor, label: Tensor
    ) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Return cross-entropy and accuracy, and the feature."""
        encoder.train(self.training)
        feature = encoder(picture)
        encoder.eval()
        scores = head(feature).float()
        accuracy = (scores.argmax(dim=1) == label).float().mean()
        return (F.cross_entropy(scores, label), accuracy), feature

    def _draw(self, batch: Batch, step: Step) -> None:
        """Embed the conditions and draw once, for both players of the step."""
        c, target = self.config, self.config.target
        condition = self._fit(batch.of(other(target)), other(target))
        batch_norm = self.training and c.frozen_norm == "batch"
        self.encoder.train(batch_norm)
        with torch.no_grad():
            feature = self.encoder(condition)
        self.encoder.eval()
        trained = c.compression == "trained"
        self.compression.train(self.training if trained else batch_norm)
        embedding = self.compression(feature)
        step.memo["embedding"] = embedding if trained else embedding.detach()
        noise = torch.randn(len(batch), c.noise, generator=step.rng, device=step.rng.device)
        with parametrize.cached():
            told = torch.cat([embedding.detach(), noise.to(embedding.device)], dim=1)
            step.memo["fake"] = self.generator(told)
        step.memo.update(condition=condition, real=self._fit(batch.of(target), target))

    def _discriminator_losses(self, label: Tensor, step: Step) -> Losses:
        memo, c = step.memo, self.config
        order, wrong = mismatch(label, step.rng, other_class=c.mismatched == "other")
        with parametrize.cached():
            seen = self._see(memo["real"], memo)
            # What was dealt out has the batch's own statistics: the trunk would see it again.
            dealt = seen[order] if c.d_sees == "embedding" else self._see(memo["real"][order], memo)
            real, mismatched = (self._judge(x, memo["embedding"]) for x in (seen, dealt))
            fake = self._judge(self._see(memo["fake"].detach(), memo), memo["embedding"])
        terms = {
            "d_real": F.relu(1 - real).mean(),
            "d_fake": F.relu(1 + fake).mean(),
            "d_mismatched": (F.relu(1 + mismatched) * wrong).sum() / wrong.sum().clamp_min(1),
        }
        total = terms["d_real"] + (terms["d_fake"] + terms["d_mismatched"]) / 2
        return Losses(total, {"discriminator": total, **terms})

    def _generator_losses(self, label: Tensor, step: Step) -> Losses:
        memo = step.memo
        with parametrize.cached():
            score = self._judge(self._see(memo["fake"], memo), memo["embedding"].detach())
        terms = {"adversarial": -score.mean()}
        if not self.training and self.target_encoder is not None:
            scores = self.target_head(self.target_encoder(memo["fake"]))
            terms["missed"] = (scores.argmax(dim=1) != label).float().mean()
        return Losses(terms["adversarial"], terms)

    def _see(self, sample: Tensor, memo: Mapping[str, Tensor]) -> Tensor:
        """Return the discriminator's map of a sample, alone or beside the condition."""
        both = self.config.d_sees == "medium"
        seen = torch.cat([sample, memo["condition"]], dim=1) if both else sample
        return self.discriminator.trunk(seen)

    def _judge(self, seen: Tensor, embedding: Tensor) -> Tensor:
        """Return what the hinge loss takes, `(batch,)`."""
        told = embedding if self.config.d_sees == "embedding" else embedding[:, :0]
        logit = self.discriminator(seen, told).float()
        return logit.sigmoid() if self.config.d_output == "probability" else logit

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width; pictures of sounds have the size of the others."""
        sound = front_end(self.config.front_end).channels
        return (sound if medium == "sound" else 3), SIDE, SIDE

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return how many random numbers the generator takes."""
        return (self.config.noise,)

    @property
    def recognises(self) -> bool:
        """Whether the head is there that names the class of a condition."""
        return self.head is not None

    def recognise(self, condition: Tensor) -> Tensor:
        """Return the classifier's probabilities `(batch, class)` for conditions."""
        feature = self.encoder(self._fit(condition, other(self.config.target)))
        return self.head(feature).float().softmax(dim=1)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate sounds to pictures of 64×64, or pictures to those of sounds; see `System`."""
        self.require_target(target)
        embedding = self.compression(self.encoder(self._fit(condition, other(target))))
        if noise is None:
            noise = embedding.new_zeros(len(embedding), self.config.noise)
        return self.generator(torch.cat([embedding, noise.to(embedding.dtype)], dim=1))

    def _fit(self, picture: Tensor, medium: Medium) -> Tensor:
        """Resize a picture, and stretch one of the world where the config says so."""
        picture = resize(picture, (SIDE, SIDE))
        if medium == "sound" or not self.config.per_image_stretch:
            return picture
        low, high = picture.amin((1, 2, 3), keepdim=True), picture.amax((1, 2, 3), keepdim=True)
        return 2 * (picture - low) / (high - low).clamp_min(1e-6) - 1
