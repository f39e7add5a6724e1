"""AIVAE-GAN: the variational scheme of AIVAE, convolutional, as the generator of a GAN.

Paper: M. Żelaszczyk, J. Mańdziuk, "Audio-to-Image Cross-Modal Generation", 2021, arXiv:2109.13354.

Differs from the paper where a config field says so: `kl_warmup_steps`, `jitter`, `non_saturating`,
and `activation_first` (the paper's table 2 prints the activation above the batch norm, V-8; here
the norm comes first). Differs besides: of a training run the epoch with the lowest held-out
reconstruction is kept, not the last; and the bundled weights learnt under bfloat16 autocast.
Assumed where the paper is silent: padding 0 (the only reading that gives the printed sizes), biases
in convolutions, linear heads, sigmoid output, the discriminator updated before the generator on the
same pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.blocks.gaussian import (
    LatentSampling,
    kl_to_standard_normal,
    sample_gaussian,
    standard_normal_like,
    warm_up,
)
from photism.blocks.jitter import jitter
from photism.config import check_fields
from photism.data.pairs import Batch
from photism.errors import ConfigError
from photism.media import Medium
from photism.systems.aivae import bernoulli_nats, collapse_warning
from photism.systems.base import System
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step


@dataclass(frozen=True)
class AIVAEGANConfig:
    """Settings of AIVAE-GAN; the defaults are the paper's at its best α."""

    front_end: str = "aivae-8k"
    """Log-mel front end; "aivae-16k" for Speech Commands."""
    width: int = 128
    """Channels of the outermost layers; twice and four times that further in."""
    latent: int = 64
    activation_first: bool = False
    """Convolution → activation → batch norm, in the order in which table 2 prints them (V-8), not
    convolution → batch norm → activation."""
    alpha: float = 2.0
    """Weight of the likelihood term: 0.2, 0.5, 1 or 2 in the paper."""
    lr: float = 2e-4
    beta1: float = 0.9
    """First decay rate of Adam; the paper gives none, 0.5 is common for GANs."""
    batch_size: int = 128
    epochs: int = 100
    non_saturating: bool = False
    """The generator minimises −log D(G) instead of the paper's log(1 − D(G))."""
    kl_warmup_steps: int = 0
    """Steps over which the weight of the KL term rises from 0 to 1; not in the paper."""
    jitter: float = 0.0
    """Strength of the random change of training sounds (`blocks.jitter`). Not in the paper."""
    sampling: LatentSampling = LatentSampling()

    def __post_init__(self) -> None:
        check_fields(self, width=1, latent=1, batch_size=1, epochs=1)
        check_fields(self, lr=1e-9, alpha=0, kl_warmup_steps=0, jitter=0)
        if not 0 <= self.beta1 < 1:
            raise ConfigError(f"beta1 must be in [0, 1), not {self.beta1}")


class Generator(nn.Module):
    """Log-mel picture to latent Gaussian to the logits of a grey picture (paper's table).

    Args:
        config: widths.
    """

    def __init__(self, config: AIVAEGANConfig) -> None:
        super().__init__()
        w, first = config.width, config.activation_first
        self.encoder = nn.Sequential(
            *_down(1, w, first),  # (batch, 128, 23, 23)
            *_down(w, 2 * w, first),  # (batch, 256, 10, 10)
            *_down(2 * w, 4 * w, first),  # (batch, 512, 4, 4)
        )
        self.mean = nn.Conv2d(4 * w, config.latent, 4, 2)  # (batch, 64, 1, 1)
        self.log_var = nn.Conv2d(4 * w, config.latent, 4, 2)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (config.latent, 1, 1)),  # (batch, 64, 1, 1)
            *_up(config.latent, 4 * w, 3, first),  # (batch, 512, 3, 3)
            *_up(4 * w, 2 * w, 3, first),  # (batch, 256, 7, 7)
            *_up(2 * w, w, 2, first),  # (batch, 128, 14, 14)
            nn.ConvTranspose2d(w, 1, 2, 2),  # (batch, 1, 28, 28)
        )

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Map `(batch, 1, 48, 48)` in [0, 1] to mean and log-variance, each `(batch, latent)`."""
        feature = self.encoder(sound)
        return self.mean(feature).flatten(1), self.log_var(feature).flatten(1)

    def decode(self, latent: Tensor) -> Tensor:
        """Map `(batch, latent)` to logits `(batch, 1, 28, 28)`; their sigmoid is the picture."""
        return self.decoder(latent)


class Discriminator(nn.Module):
    """Grey picture to the logit of being real (the paper's table); it never hears the sound.

    Args:
        config: widths.
    """

    def __init__(self, config: AIVAEGANConfig) -> None:
        super().__init__()
        w, first = config.width, config.activation_first
        self.body = nn.Sequential(
            *_down(1, w, first),  # (batch, 128, 13, 13)
            *_down(w, 2 * w, first),  # (batch, 256, 5, 5)
            *_down(2 * w, 4 * w, first),  # (batch, 512, 1, 1)
            nn.Conv2d(4 * w, 1, 1, 1),  # (batch, 1, 1, 1)
            nn.Flatten(0),  # (batch,)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Map `(batch, 1, 28, 28)` in [0, 1] to logits `(batch,)`."""
        return self.body(image)


class AIVAEGAN(System):
    """Spoken digit to written digit, trained by likelihood and an adversary together.

    Args:
        config: see `AIVAEGANConfig`.
    """

    name = "aivae-gan"
    title = "AIVAE-GAN"
    paper = "Żelaszczyk & Mańdziuk 2021, arXiv:2109.13354"
    makes = ("image",)
    translators = ("generator",)
    selection = "reconstruction"
    config_class = AIVAEGANConfig
    presets = {
        "small": AIVAEGANConfig(width=64, epochs=12, jitter=1.0),
        "paper": AIVAEGANConfig(),
        "debug": AIVAEGANConfig(width=4, latent=8, batch_size=8, epochs=1),
    }

    def __init__(self, config: AIVAEGANConfig) -> None:
        super().__init__(config)
        self.generator = Generator(config)
        self.discriminator = Discriminator(config)

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage: discriminator, then generator, in every step."""
        adam = Optimiser("adam", lr=self.config.lr, betas=(self.config.beta1, 0.999))
        phases = (
            Phase("discriminator", ("discriminator",), adam),
            Phase("generator", ("generator",), adam),
        )
        return (Stage("gan", phases, self.config.epochs, self.config.batch_size),)

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of one player; likelihood and KL in nats a picture."""
        if "logits" not in step.memo:
            self._draw(batch, step)
        fake = torch.sigmoid(step.memo["logits"].float())
        if phase == "discriminator":
            real_score = self.discriminator((batch.image + 1) / 2)
            fake_score = self.discriminator(fake.detach())
            total = F.softplus(-real_score.float()).mean() + F.softplus(fake_score.float()).mean()
            return Losses(total, {"discriminator": total})
        score = self.discriminator(fake).float()
        saturating = -F.softplus(score).mean()  # log(1 - D(G))
        adversarial = F.softplus(-score).mean() if self.config.non_saturating else saturating
        reconstruction = bernoulli_nats(step.memo["logits"], batch.image)
        kl = kl_to_standard_normal(step.memo["mean"], step.memo["log_var"]).mean()
        weight = warm_up(step.number, self.config.kl_warmup_steps)
        return Losses(
            adversarial + self.config.alpha * reconstruction + weight * kl,
            {"adversarial": adversarial, "reconstruction": reconstruction, "kl": kl},
        )

    def _draw(self, batch: Batch, step: Step) -> None:
        """Run the generator once for both players of the step."""
        strength = self.config.jitter if self.training else 0.0
        sound = jitter((batch.sound + 1) / 2, step.rng, strength=strength)
        mean, log_var = (part.float() for part in self.generator.encode(sound))
        latent = sample_gaussian(mean, log_var, standard_normal_like(mean, step.rng))
        step.memo.update(mean=mean, log_var=log_var, logits=self.generator.decode(latent))

    def latent(self, condition: Tensor, *, noise: Tensor | None) -> Tensor:
        """Encode sounds `(batch, 1, 48, 48)` in [-1, 1]: f of the paper, `(batch, latent)`."""
        mean, log_var = self.generator.encode((condition + 1) / 2)
        return mean if noise is None else sample_gaussian(mean, log_var, noise)

    def decode(self, latent: Tensor) -> Tensor:
        """Draw pictures `(batch, 1, 28, 28)` in [-1, 1] from latent vectors `(batch, latent)`."""
        return 2 * torch.sigmoid(self.generator.decode(latent)) - 1

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width of log-mel pictures or of written digits."""
        return (1, 48, 48) if medium == "sound" else (1, 28, 28)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return the size of the latent vector, or () where its mean is taken."""
        return (self.config.latent,) if self.config.sampling.latent == "sample" else ()

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate sounds `(batch, 1, 48, 48)` to pictures `(batch, 1, 28, 28)`, both [-1, 1]."""
        self.require_target(target)
        return self.decode(self.latent(condition, noise=noise))

    def diagnose(self, means: Mapping[str, float], step: int) -> str | None:
        """Warn of a posterior that carries less than a tenth of a nat about the sound."""
        return collapse_warning(means, step, self.config.kl_warmup_steps)


def _down(inward: int, outward: int, activation_first: bool) -> tuple[nn.Module, ...]:
    norm, activation = nn.BatchNorm2d(outward), nn.LeakyReLU(0.2)
    behind = (activation, norm) if activation_first else (norm, activation)
    return nn.Conv2d(inward, outward, 4, 2), *behind


def _up(inward: int, outward: int, kernel: int, activation_first: bool) -> tuple[nn.Module, ...]:
    norm, activation = nn.BatchNorm2d(outward), nn.ReLU()
    behind = (activation, norm) if activation_first else (norm, activation)
    return nn.ConvTranspose2d(inward, outward, kernel, 2), *behind
