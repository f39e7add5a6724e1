"""S2IC and I2S: conditional GANs from a sound to its player and back; architecture assumed.

Paper: L. Chen, S. Srivastava, Z. Duan, C. Xu, "Deep Cross-Modal Audio-Visual Generation", 2017,
arXiv:1704.08292. Neither its code nor its tables of layers could be consulted; what is known of it
comes from later papers. Its figures here are those of a re-implementation, architecture assumed.

Known: an encoder, trained first as a classifier (S2I-C, the best) or as an autoencoder (S2I-A); its
feature, compressed, goes with noise into a generator; the discriminator sees the sample with the
compressed feature, and real samples beside what they do not belong to, unless that is left out
(S2I-N); log-mel pictures; 64×64 pixels; a model for each direction.

Assumed: the networks of SA-CMGAN without attention and spectral norm, with batch norm and ReLU in
the generator's inner layers; 128 numbers compressed to 64 by a layer that is trained with the GAN
(`compressed_by`); the losses of a matching-aware GAN; the rates and lengths; mismatched pairs dealt
within the batch; in the autoencoder, a decoder like the generator and the mean squared error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.audio.front_ends import front_end
from photism.blocks.dcgan import (
    SIDE,
    MatchDiscriminator,
    PictureDecoder,
    PictureEncoder,
    dense,
    start_as_xavier,
)
from photism.blocks.mismatch import mismatch
from photism.config import check_fields
from photism.data.pairs import Batch, PairDataset
from photism.errors import ConfigError
from photism.images import resize
from photism.media import MEDIA, Medium, other
from photism.systems.base import System
from photism.systems.requirements import require_classes
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step

FEATURE, EMBEDDING = 128, 64
"""Elements of what the encoder finds, and of what generator and discriminator are told of it."""


@dataclass(frozen=True)
class S2ICConfig:
    """Settings of S2IC and I2S; all but `target`, `feature` and `mismatched` are assumed."""

    target: Medium = "image"
    """What it makes: "image" of sounds (S2IC), "sound" of images (I2S)."""
    front_end: str = "sa-cmgan"
    classes: int = 13
    feature: Literal["classifier", "autoencoder"] = "classifier"
    """What the encoder is trained to do first: variants C and A."""
    mismatched: Literal["any", "other", "none"] = "any"
    """The discriminator also sees real samples beside any other condition, or one of another class;
    or it does not (variant N)."""
    compressed_by: Literal["discriminator", "generator"] = "discriminator"
    """Whose loss trains the layer that compresses the feature."""
    width: int = 64
    """Channels after the first convolution."""
    noise: int = 62
    """Random numbers beside the embedding; 10 and 100 are as likely."""
    lr: float = 2e-4
    beta1: float = 0.5
    """First decay rate of Adam."""
    batch_size: int = 64
    encoder_epochs: int = 10
    epochs: int = 100

    def __post_init__(self) -> None:
        front_end(self.front_end)
        check_fields(self, classes=2, width=1, noise=1, batch_size=2, lr=1e-9, beta1=0)
        check_fields(self, encoder_epochs=1, epochs=1)
        if self.beta1 >= 1:
            raise ConfigError(f"beta1 must be below 1, not {self.beta1}")


VARIANTS: Mapping[str, Mapping[str, str]] = {
    "C": {},
    "A": {"feature": "autoencoder"},
    "N": {"mismatched": "none"},
}
"""The paper's variants: letter to the settings that make it."""


class S2IC(System):
    """Half a second of an instrument to somebody playing it, or the other way round.

    Args:
        config: see `S2ICConfig`.
    """

    name = "s2ic"
    title = "S2IC / I2S (architecture assumed)"
    paper = "Chen et al. 2017, arXiv:1704.08292"
    makes = ("image", "sound")
    resizes = MEDIA
    translators = ("encoder", "head", "compression", "generator")
    config_class = S2ICConfig
    presets = {
        "small": S2ICConfig(
            width=16, mismatched="other", lr=4e-4, batch_size=32, encoder_epochs=3, epochs=12
        ),
        "paper": S2ICConfig(),
        "debug": S2ICConfig(width=4, batch_size=8, encoder_epochs=1, epochs=1),
    }

    def __init__(self, config: S2ICConfig) -> None:
        super().__init__(config)
        c, target = config, config.target
        inward, outward = self.shape(other(target))[0], self.shape(target)[0]
        self.encoder = PictureEncoder(inward, c.width, FEATURE)
        self.head: nn.Linear | None = None
        self.decoder: PictureDecoder | None = None
        if c.feature == "classifier":
            self.head = nn.Linear(FEATURE, c.classes)
        else:
            self.decoder = PictureDecoder(FEATURE, inward, c.width)
        self.compression = nn.Sequential(*dense(FEATURE, EMBEDDING))
        self.generator = PictureDecoder(EMBEDDING + c.noise, outward, c.width)
        self.discriminator = MatchDiscriminator(outward, c.width, EMBEDDING)
        self.apply(start_as_xavier)
        self.train()

    @property
    def targets(self) -> tuple[Medium, ...]:
        """The one medium that this model makes."""
        return (self.config.target,)

    def train(self, mode: bool = True) -> S2IC:
        """Set the mode of all but the encoder, which leaves eval only in its own phase."""
        super().train(mode)
        self.encoder.eval()
        return self

    def prepare(self, dataset: PairDataset) -> None:
        """Check classes where they are learnt from."""
        c = self.config
        if c.feature == "classifier" or c.mismatched == "other":
            require_classes(dataset, c.classes, self.title)

    def stages(self) -> tuple[Stage, ...]:
        """Return the training of the encoder and of the GAN."""
        c = self.config
        adam = Optimiser("adam", lr=c.lr, betas=(c.beta1, 0.999))
        reader = "head" if c.feature == "classifier" else "decoder"
        moved: dict[str, tuple[str, ...]] = {p: (p,) for p in ("discriminator", "generator")}
        moved[c.compressed_by] += ("compression",)
        players = tuple(Phase(player, networks, adam) for player, networks in moved.items())
        return (
            Stage(
                "encoder",
                (Phase("encoder", ("encoder", reader), adam),),
                c.encoder_epochs,
                c.batch_size,
            ),
            Stage("gan", players, c.epochs, c.batch_size),
        )

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of the encoder or of one player, log-losses in nats."""
        if phase == "encoder":
            return self._encoder_losses(batch)
        if not step.memo:
            self._draw(batch, step)
        if phase == "discriminator":
            return self._discriminator_losses(batch.label, step)
        told = step.memo["embedding"].detach()
        score = self.discriminator(self.discriminator.trunk(step.memo["fake"]), told)
        adversarial = F.softplus(-score.float()).mean()
        return Losses(adversarial, {"adversarial": adversarial})

    def _encoder_losses(self, batch: Batch) -> Losses:
        condition = self._fit(batch.of(other(self.config.target)))
        self.encoder.train(self.training)
        feature = self.encoder(condition)
        self.encoder.eval()
        if self.head is None:
            assert self.decoder is not None
            error = F.mse_loss(self.decoder(feature).float(), condition)
            return Losses(error, {"reconstruction": error})
        scores = self.head(feature).float()
        loss = F.cross_entropy(scores, batch.label)
        accuracy = (scores.argmax(dim=1) == batch.label).float().mean()
        return Losses(loss, {"encoder": loss, "encoder_accuracy": accuracy})

    def _draw(self, batch: Batch, step: Step) -> None:
        """Embed the conditions and draw once, for both players of the step."""
        c, rng = self.config, step.rng
        with torch.no_grad():
            feature = self.encoder(self._fit(batch.of(other(c.target))))
        embedding = self.compression(feature)
        told = embedding if c.compressed_by == "generator" else embedding.detach()
        noise = torch.randn(len(batch), c.noise, generator=rng, device=rng.device)
        fake = self.generator(torch.cat([told, noise.to(told.device)], dim=1))
        step.memo.update(embedding=embedding, fake=fake, real=self._fit(batch.of(c.target)))

    def _discriminator_losses(self, label: Tensor, step: Step) -> Losses:
        c, judge, memo = self.config, self.discriminator, step.memo
        told = memo["embedding"]
        told = told if c.compressed_by == "discriminator" else told.detach()
        seen = judge.trunk(memo["real"])
        real = judge(seen, told).float()
        fake = judge(judge.trunk(memo["fake"].detach()), told).float()
        terms = {"d_real": F.softplus(-real).mean(), "d_fake": F.softplus(fake).mean()}
        wrong = terms["d_fake"]
        if c.mismatched != "none":
            order, counted = mismatch(label, step.rng, other_class=c.mismatched == "other")
            loss = F.softplus(judge(seen[order], told).float()) * counted
            terms["d_mismatched"] = loss.sum() / counted.sum().clamp_min(1)
            wrong = (wrong + terms["d_mismatched"]) / 2
        total = terms["d_real"] + wrong
        return Losses(total, {"discriminator": total, **terms})

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width; pictures of sounds have the size of the others."""
        sound = front_end(self.config.front_end).channels
        return (sound if medium == "sound" else 3), SIDE, SIDE

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return how many random numbers the generator takes."""
        return (self.config.noise,)

    @property
    def recognises(self) -> bool:
        """Whether the encoder was trained to name classes."""
        return self.head is not None

    def recognise(self, condition: Tensor) -> Tensor:
        """Return the classifier's probabilities `(batch, class)` for conditions."""
        assert self.head is not None
        return self.head(self.encoder(self._fit(condition))).float().softmax(dim=1)

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
        told = self.compression(self.encoder(self._fit(condition)))
        if noise is None:
            noise = told.new_zeros(len(told), self.config.noise)
        return self.generator(torch.cat([told, noise.to(told.dtype)], dim=1))

    def _fit(self, picture: Tensor) -> Tensor:
        return resize(picture, (SIDE, SIDE))
