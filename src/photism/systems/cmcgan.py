"""CMCGAN: sound to image and image to sound in one cycle of four networks; architecture assumed.

Paper: W. Hao, Z. Zhang, H. Guan, "CMCGAN: A Uniform Framework for Cross-Modal Visual-Audio Mutual
Generation", 2018, arXiv:1711.08102. Neither its code nor its full text could be consulted. Its
figures here are those of a re-implementation, architecture assumed.

Known, from the abstract: four kinds of sub-networks, audio to visual, visual to audio, audio to
audio and visual to visual, organised in a cycle; a joint corresponding adversarial loss for both
directions; a Gaussian latent vector for what the two media do not have in common; trained end to
end. The classification network for a missing medium is left out.

Assumed: each sub-network is the encoder of SA-CMGAN without attention, 128 numbers, to which 62
random ones are added, and its generator with batch norm and ReLU in the inner layers. Each medium
is made in three ways: at once, after the other's own network, before its own (`paths`). One
discriminator looks at pairs of an image and a sound; matched real ones are right, pairs with one
generated half and mismatched real ones, dealt within the batch, are wrong. L1 losses on what should
come back: by the networks of one medium, and by the cycle through the other (`lambda_l1`). The
rates and lengths.
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
    PictureDecoder,
    PictureEncoder,
    Trunk,
    dense,
    start_as_xavier,
)
from photism.blocks.mismatch import mismatch
from photism.config import check_fields
from photism.data.pairs import Batch, PairDataset
from photism.errors import ConfigError
from photism.images import resize
from photism.media import MEDIA, Medium, other
from photism.systems.base import Output, System
from photism.systems.requirements import require_classes
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step

FEATURE = 128
"""Elements of what an encoder finds."""


@dataclass(frozen=True)
class CMCGANConfig:
    """Settings of CMCGAN; all are assumed."""

    front_end: str = "sa-cmgan"
    classes: int = 13
    """Of the data, where mismatched pairs are to be of different ones."""
    paths: Literal["all", "direct"] = "all"
    """Make each medium in three ways, as the cycle suggests, or at once alone."""
    mismatched: Literal["any", "other"] = "any"
    """Mismatched pairs are of any two pairs, or of two classes."""
    lambda_l1: float = 10.0
    """Weight of the L1 losses on what should come back."""
    width: int = 64
    """Channels after the first convolution."""
    noise: int = 62
    """Random numbers beside the feature."""
    lr: float = 2e-4
    beta1: float = 0.5
    """First decay rate of Adam."""
    batch_size: int = 64
    epochs: int = 100

    def __post_init__(self) -> None:
        front_end(self.front_end)
        check_fields(self, classes=2, width=1, noise=1, batch_size=2, lr=1e-9, beta1=0)
        check_fields(self, lambda_l1=0, epochs=1)
        if self.beta1 >= 1:
            raise ConfigError(f"beta1 must be below 1, not {self.beta1}")


class SubNetwork(nn.Module):
    """Picture to picture, of either medium, through a feature and noise.

    Args:
        inward: channels of the input.
        outward: channels of the output.
        config: widths.
    """

    def __init__(self, inward: int, outward: int, config: CMCGANConfig) -> None:
        super().__init__()
        self.encoder = PictureEncoder(inward, config.width, FEATURE)
        self.decoder = PictureDecoder(FEATURE + config.noise, outward, config.width)

    def forward(self, picture: Tensor, noise: Tensor) -> Tensor:
        """Map `(batch, inward, 64, 64)` and `(batch, noise)` to `(batch, outward, 64, 64)`."""
        return self.decoder(torch.cat([self.encoder(picture), noise], dim=1))


class PairDiscriminator(nn.Module):
    """Image and sound to a logit of being real and belonging together.

    Args:
        image: channels of an image.
        sound: channels of the picture of a sound.
        width: channels after the first convolution.
    """

    def __init__(self, image: int, sound: int, width: int) -> None:
        super().__init__()
        self.trunks = nn.ModuleDict({"image": Trunk(image, width), "sound": Trunk(sound, width)})
        self.body = nn.Sequential(
            nn.Flatten(),
            *dense(16 * 2 * 8 * width, 16 * width),
            nn.Linear(16 * width, 1),
            nn.Flatten(0),
        )

    def see(self, picture: Tensor, medium: Medium) -> Tensor:
        """Map `(batch, channel, 64, 64)` to `(batch, 8 width, 4, 4)`."""
        return self.trunks[medium](picture)

    def forward(self, seen: Mapping[Medium, Tensor]) -> Tensor:
        """Map what was seen of both media to logits `(batch,)`."""
        return self.body(torch.cat([seen["image"], seen["sound"]], dim=1)).float()


class CMCGAN(System):
    """Half a second of an instrument to somebody playing it, and back, by one model.

    Args:
        config: see `CMCGANConfig`.
    """

    name = "cmcgan"
    title = "CMCGAN (architecture assumed)"
    paper = "Hao et al. 2018, arXiv:1711.08102"
    makes = ("image", "sound")
    resizes = MEDIA
    translators = ("sound_to_image", "image_to_sound")
    config_class = CMCGANConfig
    presets = {
        "small": CMCGANConfig(width=16, mismatched="other", lr=4e-4, batch_size=32, epochs=8),
        "paper": CMCGANConfig(),
        "debug": CMCGANConfig(width=4, batch_size=8, epochs=1),
    }

    def __init__(self, config: CMCGANConfig) -> None:
        super().__init__(config)
        image, sound = self.shape("image")[0], self.shape("sound")[0]
        self.sound_to_image = SubNetwork(sound, image, config)
        self.image_to_sound = SubNetwork(image, sound, config)
        self.sound_to_sound = SubNetwork(sound, sound, config)
        self.image_to_image = SubNetwork(image, image, config)
        self.discriminator = PairDiscriminator(image, sound, config.width)
        self.apply(start_as_xavier)

    def prepare(self, dataset: PairDataset) -> None:
        """Check classes where mismatched pairs are of different ones."""
        if self.config.mismatched == "other":
            require_classes(dataset, self.config.classes, self.title)

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage: the discriminator, then all four networks."""
        c = self.config
        adam = Optimiser("adam", lr=c.lr, betas=(c.beta1, 0.999))
        four = tuple(f"{one}_to_{two}" for one in MEDIA for two in MEDIA)
        phases = (
            Phase("discriminator", ("discriminator",), adam),
            Phase("generators", four, adam),
        )
        return (Stage("cycle", phases, c.epochs, c.batch_size),)

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of one player; log-losses in nats, `l1_…` a pixel in [-1, 1]."""
        if not step.memo:
            self._make(batch, step)
        fakes = {
            medium: [value for name, value in step.memo.items() if name.startswith(f"{medium} by")]
            for medium in MEDIA
        }
        if phase == "discriminator":
            return self._discriminator_losses(fakes, batch.label, step)
        with torch.no_grad():
            seen = self._see(step.memo)
        scores = [
            self.discriminator({other(medium): seen[other(medium)], medium: judged})
            for medium in MEDIA
            for judged in (self.discriminator.see(fake, medium) for fake in fakes[medium])
        ]
        terms = {"adversarial": torch.stack([F.softplus(-score).mean() for score in scores]).mean()}
        for name in ("image again", "sound again", "image back", "sound back"):
            wanted = step.memo[name.split()[0]]
            terms[f"l1_{name.replace(' ', '_')}"] = (step.memo[name].float() - wanted).abs().mean()
        l1 = torch.stack([term for name, term in terms.items() if name.startswith("l1_")]).sum()
        return Losses(terms["adversarial"] + self.config.lambda_l1 * l1, terms)

    def _make(self, batch: Batch, step: Step) -> None:
        """Run all networks once, for both players of the step.

        "again" is what the network of one medium makes of it, "back" what has been through the
        other medium, "by …" what is to be taken for real.
        """
        memo = step.memo
        for medium in MEDIA:
            memo[medium] = self._fit(batch.of(medium))
            memo[f"{medium} again"] = self._pass(memo[medium], medium, medium, step)
        for medium in MEDIA:
            source = other(medium)
            memo[f"{medium} by one"] = self._pass(memo[source], source, medium, step)
        for medium in MEDIA:
            source = other(medium)
            memo[f"{medium} back"] = self._pass(memo[f"{source} by one"], source, medium, step)
            if self.config.paths == "all":
                before, after = memo[f"{source} again"], memo[f"{medium} by one"]
                memo[f"{medium} by two"] = self._pass(before, source, medium, step)
                memo[f"{medium} by three"] = self._pass(after, medium, medium, step)

    def _pass(self, picture: Tensor, source: Medium, target: Medium, step: Step) -> Tensor:
        rng = step.rng
        noise = torch.randn(len(picture), self.config.noise, generator=rng, device=rng.device)
        return getattr(self, f"{source}_to_{target}")(picture, noise.to(picture.device))

    def _see(self, memo: Mapping[str, Tensor]) -> dict[Medium, Tensor]:
        """Look at what is real, once for all pairs that it stands in."""
        return {medium: self.discriminator.see(memo[medium], medium) for medium in MEDIA}

    def _discriminator_losses(
        self, fakes: Mapping[Medium, list[Tensor]], label: Tensor, step: Step
    ) -> Losses:
        other_class = self.config.mismatched == "other"
        order, counted = mismatch(label, step.rng, other_class=other_class)
        seen = self._see(step.memo)
        drawn = [
            self.discriminator({**seen, medium: self.discriminator.see(fake.detach(), medium)})
            for medium in MEDIA
            for fake in fakes[medium]
        ]
        dealt = self.discriminator({**seen, "image": seen["image"][order]})
        terms = {
            "d_real": F.softplus(-self.discriminator(seen)).mean(),
            "d_fake": torch.stack([F.softplus(score).mean() for score in drawn]).mean(),
            "d_mismatched": (F.softplus(dealt) * counted).sum() / counted.sum().clamp_min(1),
        }
        total = terms["d_real"] + (terms["d_fake"] + terms["d_mismatched"]) / 2
        return Losses(total, {"discriminator": total, **terms})

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width; pictures of sounds have the size of the others."""
        sound = front_end(self.config.front_end).channels
        return (sound if medium == "sound" else 3), SIDE, SIDE

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return how many random numbers a network takes."""
        return (self.config.noise,)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate at once, without the networks of one medium; see `System`."""
        self.require_target(target)
        if noise is None:
            noise = condition.new_zeros(len(condition), self.config.noise)
        network = self.sound_to_image if target == "image" else self.image_to_sound
        return network(self._fit(condition), noise)

    def outputs(
        self, condition: Tensor, *, target: Medium, label: Tensor, noise: Tensor | None
    ) -> tuple[Output, ...]:
        """Translate, and translate once more what was made, there and back.

        The paper's authors stress translation of synthetic input: A2V(V2A(v)) of a sound that was
        made itself. The image v it was made of is here A2V(a), for the sound a is all there is.
        """
        made = self.generate(condition, target=target, noise=noise)
        back = self.generate(made, target=other(target), noise=noise)
        again = self.generate(back, target=target, noise=noise)
        return Output("generated", made), Output(f"from a synthetic {other(target)}", again)

    def _fit(self, picture: Tensor) -> Tensor:
        return resize(picture, (SIDE, SIDE))
