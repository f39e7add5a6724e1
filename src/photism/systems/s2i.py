"""S2I, Sound-to-Imagination: what a sound looks like, learnt from videos alone, without a label.

Paper: L. A. Fanzeres, C. Nadeu, "Sound-to-Imagination: Unsupervised Crossmodal Translation Using
Deep Dense Network Architecture", 2021, arXiv:2106.01266.

An autoencoder learns to put a second of sound into a few hundred numbers x. A densely connected
generator draws a picture G(x); a discriminator gives picture and x together one mark for realness
and coherence. The generator's adversarial loss is a mean over this batch and the last epochs, so
that no single update of the discriminator, one in five steps, upsets it. Dropout stays on when
translating: one sound has many pictures.

The paper and its authors' code disagree here and there; fields of the config name that by the
numbers S-1, S-3, ….

Differs from both: `width`, which makes all layers narrower; `autoencoder_optimiser`; the dropout of
the generator is a threshold on the noise that `generate` is given. Assumed: `moving_average` is 5
(k is not published), the learning rate is constant, the discriminator stays in training mode while
the generator learns, the layers of the sequential generator. The autoencoder's own data of sounds
without pictures (S-4) are the sounds of the pairs unless `photism train --sounds` names others or
`encoder_weights` brings a trained one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.data.pairs import Batch, PairDataset
from photism.errors import WeightsError
from photism.images import resize
from photism.media import Medium
from photism.stored import PICKLED, below, fill, find_tensors
from photism.systems.base import System
from photism.systems.s2i_networks import (
    DECODER_DROPOUT,
    TRANSITION_DROPOUT,
    AudioDecoder,
    AudioEncoder,
    CoherenceDiscriminator,
    DenseGenerator,
    S2IConfig,
    SequentialGenerator,
)
from photism.systems.s2i_published import load_published
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step

SOUND, IMAGE = (1, 128, 100), (3, 96, 96)


class S2I(System):
    """A second of the sounds of the world to a picture of what makes it.

    Args:
        config: see `S2IConfig`.
    """

    name = "s2i"
    title = "S2I"
    paper = "Fanzeres & Nadeu 2021, arXiv:2106.01266"
    makes = ("image",)
    resizes = ("image",)
    translators = ("encoder", "generator")
    config_class = S2IConfig
    presets = {
        "small": S2IConfig(
            embedding=256,
            width=0.18,
            autoencoder_optimiser="adam",
            autoencoder_lr=5e-3,
            autoencoder_epochs=55,
            epochs=45,
            batch_size=32,
        ),
        "paper": S2IConfig(),
        "code": S2IConfig(init="default"),
        "debug": S2IConfig(
            embedding=8, width=0.03, autoencoder_epochs=1, epochs=1, batch_size=8, moving_average=2
        ),
    }

    def __init__(self, config: S2IConfig) -> None:
        super().__init__(config)
        self.encoder = AudioEncoder(config)
        self.decoder = AudioDecoder(config)
        dense = config.generator == "dense"
        self.generator = DenseGenerator(config) if dense else SequentialGenerator(config)
        self.rates = TRANSITION_DROPOUT[:-1] if dense else DECODER_DROPOUT[:-1]
        self.discriminator = CoherenceDiscriminator(config)
        if config.init == "xavier":
            self.apply(_xavier)
        self.train()

    def prepare(self, dataset: PairDataset) -> None:
        """Read the autoencoder to start from."""
        if self.config.encoder_weights:
            self._start_from(self.config.encoder_weights)

    def _start_from(self, source: str) -> None:
        try:
            if Path(source).suffix in PICKLED:
                load_published(self.networks(), Path(source))
                return
            tensors = find_tensors(source)
            for name in ("encoder", "decoder"):
                fill(getattr(self, name), below(name, tensors), Path(source))
        except WeightsError as error:
            raise WeightsError(
                f"encoder_weights={source}: {error}; without it, autoencoder_epochs trains one"
            ) from error

    def train(self, mode: bool = True) -> S2I:
        """Set the mode of all but the sound encoder, which leaves eval only in its own phase."""
        super().train(mode)
        if self.encoder is not None:
            self.encoder.eval()
        return self

    def stages(self) -> tuple[Stage, ...]:
        """Return the training of the autoencoder and of the translator."""
        c, stages = self.config, []
        if c.autoencoder_epochs:
            steady = c.autoencoder_momentum
            learner = Optimiser(
                c.autoencoder_optimiser, c.autoencoder_lr, momentum=steady, betas=(steady, 0.999)
            )
            phase = Phase("autoencoder", ("encoder", "decoder"), learner)
            epochs = c.autoencoder_epochs
            stages.append(Stage("autoencoder", (phase,), epochs, c.batch_size, reads=("sound",)))
        players = Optimiser(c.optimiser, lr=c.lr, momentum=c.momentum, betas=(c.momentum, 0.999))
        phases = (
            Phase(
                "discriminator",
                ("discriminator",),
                players,
                every=c.discriminator_every,
                unit=c.discriminator_unit,
            ),
            Phase("generator", ("generator",), players),
        )
        return (*stages, Stage("translator", phases, c.epochs, c.batch_size))

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of the autoencoder or of one player (paper, section 4.3).

        `reconstruction` and `pixel` are mean squared errors in [0, 4], `adversarial` and
        `discriminator` those of marks; `moving_average` is what the generator is charged.
        """
        if phase == "autoencoder":
            self.encoder.train(self.training)
            sound = self.decoder(self.encoder(batch.sound))
            self.encoder.eval()
            loss = F.mse_loss(sound.float(), batch.sound)
            return Losses(loss, {"reconstruction": loss})
        if "picture" not in step.memo:
            self._draw(batch, step)
        picture, image, embedding = (step.memo[n] for n in ("picture", "image", "embedding"))
        if phase == "discriminator":
            real = (1 - self.discriminator(image, embedding).float()).square().mean()
            drawn = (-1 - self.discriminator(picture.detach(), embedding).float()).square().mean()
            return Losses(real + drawn, {"discriminator": real + drawn})
        pixel = F.mse_loss(picture.float(), image)
        adversarial = (1 - self.discriminator(picture, embedding).float()).square().mean()
        charged = moving_average(
            adversarial, step.means.get("adversarial", ()), self.config.moving_average
        )
        terms = {"pixel": pixel, "adversarial": adversarial, "moving_average": charged}
        return Losses(pixel + self.config.adversarial_weight * charged, terms)

    def _draw(self, batch: Batch, step: Step) -> None:
        """Draw once for both players of the step."""
        with torch.no_grad():
            embedding = self.encoder(batch.sound).float()
        shape = (len(batch), *self.noise_shape("image"))
        noise = torch.randn(shape, generator=step.rng, device=step.rng.device)
        picture = self._picture(embedding, noise.to(embedding.device))
        step.memo.update(embedding=embedding, picture=picture, image=_fitted(batch.image))

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width."""
        return SOUND if medium == "sound" else IMAGE

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return how many channels may be dropped, and the inputs of noise."""
        dropped = sum(self.generator.dropped) if self.config.sampling.dropout == "on" else 0
        total = dropped + self.config.noise_inputs
        return (total,) if total else ()

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate `(batch, 1, 128, 100)` to pictures `(batch, 3, 96, 96)`, both in [-1, 1]."""
        self.require_target(target)
        return self._picture(self.encoder(condition), noise)

    def reconstruct(self, sound: Tensor) -> Tensor:
        """Put sounds `(batch, 1, 128, 100)` through the autoencoder."""
        return self.decoder(self.encoder(sound))

    def _picture(self, embedding: Tensor, noise: Tensor | None) -> Tensor:
        """Draw with the channels that noise keeps, `(batch, channel)`, and its inputs behind."""
        widths = self.generator.dropped
        if noise is None:
            keep = [embedding.new_ones(1, width) for width in widths]
            return self.generator(embedding, keep)
        inputs = self.config.noise_inputs
        chances, extra = noise[:, : noise.shape[1] - inputs], noise[:, noise.shape[1] - inputs :]
        if chances.shape[1]:
            keep = list(kept_channels(chances, widths, self.rates))
        else:
            keep = [embedding.new_ones(1, width) for width in widths]
        seen = torch.cat([embedding, self.config.noise_std * extra], dim=1)
        return self.generator(seen, keep)


def kept_channels(noise: Tensor, widths: Sequence[int], rates: Sequence[float]) -> Iterator[Tensor]:
    """Turn noise into dropout: a channel stays where its noise is above the rate's quantile.

    So a picture is a pure function of the noise, and noise held still keeps the same channels.

    Args:
        noise: standard normal, `(batch, sum of widths)`.
        widths: channels of each layer.
        rates: share of channels that each layer drops.

    Yields:
        For each layer `(batch, width)`: 0 where a channel is dropped, 1 / (1 − rate) elsewhere.
    """
    for part, rate in zip(noise.split(list(widths), dim=1), rates, strict=True):
        threshold = NormalDist().inv_cdf(rate) if rate else -math.inf
        yield (part > threshold).to(noise.dtype) / (1 - rate)


def moving_average(now: Tensor, past: Sequence[float], k: int) -> Tensor:
    """Return the generator's adversarial loss as the paper charges it (L_ma).

    What is past is constant, so that the gradient is that of `now` divided by the number of terms.

    Args:
        now: mean loss of this batch.
        past: mean loss of each earlier epoch, oldest first.
        k: epochs to average over, this one among them; fewer while there are fewer.

    Returns:
        A scalar.
    """
    kept = list(past)[max(0, len(past) - (k - 1)) :] if k > 1 else []
    return (now + sum(kept)) / (1 + len(kept))


def _fitted(image: Tensor) -> Tensor:
    return resize(image, IMAGE[1:])


def _xavier(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
