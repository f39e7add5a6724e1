"""Networks, losses and generation of CAR-GAN; what it is stands in `photism.systems.car_gan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.audio.front_ends import front_end
from photism.blocks.attention import Layout
from photism.blocks.classifier import Classifier, start_classifier
from photism.blocks.distort import distort
from photism.blocks.imagenet import IMAGENET, download_resnet50
from photism.blocks.patchgan import PatchGAN
from photism.blocks.unet import UNet
from photism.data.pairs import Batch, PairDataset
from photism.errors import ConfigError, DownloadError, WeightsError
from photism.images import resize
from photism.media import MEDIA, Medium
from photism.systems.base import Output, System
from photism.systems.car_gan.config import PRESETS, CARGANConfig
from photism.systems.requirements import require_classes
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step


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
    resizes = MEDIA
    takes_label = True
    translators = ("generator1", "generator2", "classifier", "listener")
    config_class = CARGANConfig
    presets = PRESETS

    def __init__(self, config: CARGANConfig) -> None:
        super().__init__(config)
        c, sound = config, front_end(config.front_end).channels
        attention: Layout | None = c.attention_layout if c.attention else None

        def generator(inward: int) -> UNet:
            return UNet(inward, 3, size=c.image_size, width=c.width, attention=attention)

        self._drawn = ("stage1", "stage2")[: c.stages_used]
        self.generator1 = generator(sound + c.classes)  # (batch, 16, 128, 128): A and L_a
        self.generator2: UNet | None = None
        if c.stages_used == 2:
            # (batch, 19, 128, 128): I', A and L_r; 16 channels without A
            self.generator2 = generator(3 + sound * c.g2_sees_sound + c.classes)
        self.discriminator = PatchGAN(
            sound + 3 + c.classes * (c.discriminator.label != "none"),  # (batch, 19, 128, 128)
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
        """Check classes, and read the weights that classifiers start from."""
        c = self.config
        require_classes(dataset, c.classes, self.title)
        if c.classifier.weights not in ("", IMAGENET):
            start_classifier(self.classifier, "classifier", c.classifier.weights)
        if c.listener.weights:
            start_classifier(self._listener(), "listener", c.listener.weights)

    def begin(self, stages: Sequence[str]) -> tuple[str, ...]:
        """Let the classifier start from ImageNet's weights, if it shall and they can be had."""
        if "classifier" not in stages or self.config.classifier.weights != IMAGENET:
            return ()
        try:
            self.classifier.start_from(download_resnet50("IMAGENET1K_V1"))
        except DownloadError as error:
            return (f"the classifier starts from random weights, not from ImageNet's: {error}",)
        return ()

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
            label = F.one_hot(batch.label, self.config.classes).float()  # (batch, class)
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
            taken = self._patches(memo, picture, memo["label"], real=c.non_saturating)
            terms[f"gan_{stage}"] = taken if c.non_saturating else -taken  # −log D, or log(1 − D)
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
        seen = _join(label, *pair) if told else torch.cat(pair, dim=1)  # (batch, 19 or 6, 128, 128)
        logits = self.discriminator(seen).float()  # (batch, 1, 14, 14)
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
        sound = self._fit(condition)  # (batch, 3, 128, 128)
        stage1 = self.generator1(_join(label, sound))  # (batch, 3, 128, 128)
        scores = self._see(stage1)  # (batch, class)
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
        return self.cascade(condition, self._told(condition, label)).stage2

    def _told(self, condition: Tensor, label: Tensor | None) -> Tensor:
        """Return class probabilities `(batch, class)`, of what nobody tells as it is heard."""
        if label is None:
            return self.recognise(condition)
        exporting = torch.compiler.is_exporting()  # a graph is for labels of any value
        if label.ndim == 2 or not (self.recognises and (exporting or bool((label == -1).any()))):
            return self._one_hot(label)
        told = self._one_hot(torch.where(label == -1, 0, label))
        return torch.where(label[:, None] < 0, self.recognise(condition), told)

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
        if torch.compiler.is_exporting():
            return F.one_hot(label, classes).float()
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
    planes = label[:, :, None, None]  # (batch, class, 1, 1)
    planes = planes.expand(-1, -1, *pictures[0].shape[2:])  # (batch, class, height, width)
    return torch.cat([*pictures, planes], dim=1)


def _initialise(module: nn.Module, std: float) -> None:
    """Draw weights around 0, gains around 1; biases begin at 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        mean = 1.0 if isinstance(module, nn.BatchNorm2d) else 0.0
        nn.init.normal_(module.weight, mean, std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
