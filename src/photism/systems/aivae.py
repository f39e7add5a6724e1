"""AIVAE: a variational autoencoder from the log-mel picture of a spoken digit to a written one.

Paper: M. Żelaszczyk, J. Mańdziuk, "Audio-to-Image Cross-Modal Generation", 2021, arXiv:2109.13354.

Differs from the paper where a config field says so: `kl_warmup_steps` (the literal objective
collapses onto the prior at the paper's size and draws one grey blur for every sound), `jitter`,
`head_relu` (the paper's table 1 prints a ReLU in the row of μ and σ, V-7; here both heads are
linear) and `width`, `hidden`, `feature` of the smaller presets. Differs besides: of a training run
the epoch with the lowest held-out reconstruction is kept, not the last; and the bundled weights
learnt under bfloat16 autocast and are a moving average (EMA). Assumed where the paper is silent:
encoder padding 1, a second head that is the log-variance, Bernoulli likelihood summed over pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
from photism.media import Medium
from photism.systems.base import System
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step


@dataclass(frozen=True)
class AIVAEConfig:
    """Settings of AIVAE; the defaults are the paper's."""

    front_end: str = "aivae-8k"
    """Log-mel front end; "aivae-16k" for Speech Commands."""
    width: int = 64
    """Channels after the first convolution; doubled after the second."""
    hidden: int = 1024
    """Width of the fully connected layer next to the convolutions."""
    feature: int = 512
    """Width of the fully connected layer next to the latent vector."""
    latent: int = 64
    encoder_padding: Literal[0, 1] = 1
    """Not printed in the paper: 1 mirrors the decoder, 0 fits too (20,950,529 parameters)."""
    head_relu: bool = False
    """A ReLU behind both heads, the second of which is then σ itself, as table 1 prints them (V-7).
    Half of the units have a σ of 0 and an infinite divergence: it is at least 0.001 here."""
    lr: float = 1e-3
    batch_size: int = 128
    epochs: int = 100
    kl_warmup_steps: int = 0
    """Steps over which the weight of the KL term rises from 0 to 1. Not in the paper: with 0 the
    posterior collapses onto the prior at the paper's size."""
    jitter: float = 0.0
    """Strength of the random change of training sounds (`blocks.jitter`). Not in the paper."""
    sampling: LatentSampling = LatentSampling()

    def __post_init__(self) -> None:
        check_fields(self, width=1, hidden=1, feature=1, latent=1, batch_size=1, epochs=1)
        check_fields(self, lr=1e-9, kl_warmup_steps=0, jitter=0)


_LEAST_SIGMA = 1e-3


class Encoder(nn.Module):
    """Log-mel picture to mean and log-variance of the latent vector (the paper's table of layers).

    Args:
        config: widths and padding.
    """

    def __init__(self, config: AIVAEConfig) -> None:
        super().__init__()
        p, w = config.encoder_padding, config.width
        side = 12 if p == 1 else 10
        self.body = nn.Sequential(
            nn.Conv2d(1, w, 4, 2, p),  # (batch, 64, 24, 24)
            nn.ReLU(),
            nn.Conv2d(w, 2 * w, 4, 2, p),  # (batch, 128, 12, 12)
            nn.ReLU(),
            nn.Flatten(),  # (batch, 18432)
            nn.Linear(2 * w * side * side, config.hidden),  # (batch, 1024)
            nn.ReLU(),
            nn.Linear(config.hidden, config.feature),  # (batch, 512)
            nn.ReLU(),
        )
        self.rectified = config.head_relu
        self.mean = nn.Linear(config.feature, config.latent)
        self.log_var = nn.Linear(config.feature, config.latent)

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Map `(batch, 1, 48, 48)` in [0, 1] to two tensors `(batch, latent)`."""
        feature = self.body(sound)
        mean, log_var = self.mean(feature), self.log_var(feature)  # each (batch, 64)
        if self.rectified:
            sigma = log_var.float().relu().clamp_min(_LEAST_SIGMA)
            return mean.relu(), 2 * sigma.log()
        return mean, log_var


class Decoder(nn.Module):
    """Latent vector to the logits of a grey picture (the paper's table of layers).

    Args:
        config: widths.
    """

    def __init__(self, config: AIVAEConfig) -> None:
        super().__init__()
        w = config.width
        self.body = nn.Sequential(
            nn.Linear(config.latent, config.feature),  # (batch, 512)
            nn.ReLU(),
            nn.Linear(config.feature, config.hidden),  # (batch, 1024)
            nn.ReLU(),
            nn.Linear(config.hidden, 2 * w * 7 * 7),  # (batch, 6272)
            nn.ReLU(),
            nn.Unflatten(1, (2 * w, 7, 7)),  # (batch, 128, 7, 7)
            nn.ConvTranspose2d(2 * w, w, 4, 2, 1),  # (batch, 64, 14, 14)
            nn.ReLU(),
            nn.ConvTranspose2d(w, 1, 4, 2, 1),  # (batch, 1, 28, 28)
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Map `(batch, latent)` to logits `(batch, 1, 28, 28)`; their sigmoid is the picture."""
        return self.body(latent)


class AIVAE(System):
    """Spoken digit to written digit, trained by likelihood alone.

    Args:
        config: see `AIVAEConfig`.
    """

    name = "aivae"
    title = "AIVAE"
    paper = "Żelaszczyk & Mańdziuk 2021, arXiv:2109.13354"
    makes = ("image",)
    translators = ("encoder", "decoder")
    selection = "reconstruction"
    config_class = AIVAEConfig
    presets = {
        "small": AIVAEConfig(
            width=32, hidden=256, feature=256, epochs=20, kl_warmup_steps=600, jitter=1.0
        ),
        "paper": AIVAEConfig(kl_warmup_steps=600),
        "literal": AIVAEConfig(),
        "debug": AIVAEConfig(
            width=4, hidden=16, feature=16, latent=8, batch_size=8, epochs=1, kl_warmup_steps=4
        ),
    }

    def __init__(self, config: AIVAEConfig) -> None:
        super().__init__(config)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage: encoder and decoder under one Adam."""
        adam = Optimiser("adam", lr=self.config.lr)
        phase = Phase("autoencoder", ("encoder", "decoder"), adam)
        return (Stage("vae", (phase,), self.config.epochs, self.config.batch_size),)

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the negative evidence lower bound, the paper's objective, in nats per picture."""
        strength = self.config.jitter if self.training else 0.0
        sound = jitter((batch.sound + 1) / 2, step.rng, strength=strength)
        mean, log_var = (part.float() for part in self.encoder(sound))
        latent = sample_gaussian(mean, log_var, standard_normal_like(mean, step.rng))
        logits = self.decoder(latent)
        reconstruction = bernoulli_nats(logits, batch.image)
        kl = kl_to_standard_normal(mean, log_var).mean()
        weight = warm_up(step.number, self.config.kl_warmup_steps)
        return Losses(reconstruction + weight * kl, {"reconstruction": reconstruction, "kl": kl})

    def latent(self, condition: Tensor, *, noise: Tensor | None) -> Tensor:
        """Encode sounds `(batch, 1, 48, 48)` in [-1, 1]: f of the paper, `(batch, latent)`."""
        mean, log_var = self.encoder((condition + 1) / 2)
        return mean if noise is None else sample_gaussian(mean, log_var, noise)

    def decode(self, latent: Tensor) -> Tensor:
        """Draw pictures `(batch, 1, 28, 28)` in [-1, 1] from latent vectors `(batch, latent)`."""
        return 2 * torch.sigmoid(self.decoder(latent)) - 1

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


def bernoulli_nats(logits: Tensor, image: Tensor) -> Tensor:
    """Return −log p(image) for pixels in [-1, 1] read as grey in [0, 1].

    Args:
        logits: `(batch, 1, height, width)`.
        image: of the same shape, in [-1, 1].

    Returns:
        Scalar: nats, summed over pixels and averaged over the batch.
    """
    nats = F.binary_cross_entropy_with_logits(logits.float(), (image + 1) / 2, reduction="sum")
    return nats / len(image)


def collapse_warning(means: Mapping[str, float], step: int, warmup_steps: int) -> str | None:
    """Return a warning when the KL term is below 0.1 nat well after its warm-up.

    Args:
        means: recent mean of each loss term; "kl" is looked at.
        step: steps done.
        warmup_steps: steps over which the KL weight rises.

    Returns:
        One line, or None.
    """
    if step < warmup_steps + 200 or means["kl"] >= 0.1:
        return None
    return (
        f"the posterior has collapsed: KL is {means['kl']:.2g} nats, so the picture does not depend"
        " on the sound; try --set kl_warmup_steps=2000 or a lower --set lr"
    )
