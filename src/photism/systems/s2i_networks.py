"""The settings and networks of S2I, layer by layer (arXiv:2106.01266, the paper's tables)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.config import check_fields
from photism.errors import ConfigError

Layer = tuple[tuple[int, int], int, int]
"""Kernel, stride, and channels that go out."""
ENCODER: tuple[Layer, ...] = (
    ((7, 5), 2, 80), ((5, 3), 2, 176), ((5, 3), 1, 192), ((5, 3), 1, 224), ((5, 3), 1, 272),
    ((3, 3), 1, 304), ((3, 3), 1, 352), ((3, 3), 1, 416), ((3, 3), 1, 512), ((3, 3), 1, 512),
    ((3, 3), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 0),
)  # fmt: skip
"""Of the audio autoencoder (the paper's table); the last goes out to the embedding."""
DECODER: tuple[Layer, ...] = (
    ((3, 3), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 416),
    ((3, 3), 1, 352), ((3, 3), 1, 304), ((3, 3), 1, 272), ((5, 3), 1, 224), ((5, 3), 1, 192),
    ((5, 3), 1, 176), ((5, 4), 2, 80), ((8, 6), 2, 1),
)  # fmt: skip
DECODER_DROPOUT = (0.15, 0.14, 0.13, 0.12, 0.11, 0.10, 0.10, 0.09, 0.08, 0.07, 0.06, 0.05, 0.0)
BLOCKS = (
    (512, 512, 512), (512, 416, 352), (304, 256, 224),
    (192, 176, 160), (144, 128, 112), (96, 80, 64),
)  # fmt: skip
"""Channels of the three layers of each dense block."""
TRANSITIONS = ((2, 1, 0), (3, 1, 0), (3, 1, 0), (4, 2, 1), (4, 2, 1), (4, 2, 1), (4, 2, 1))
"""Kernel, stride and padding of the layers between and around the blocks."""
TRANSITION_WIDTHS = (512, 512, 352, 224, 160, 112, 3)
TRANSITION_DROPOUT = (0.15, 0.13, 0.11, 0.09, 0.07, 0.05, 0.0)
SEQUENTIAL: tuple[Layer, ...] = (
    ((2, 2), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 512), ((3, 3), 1, 416),
    ((3, 3), 1, 352), ((3, 3), 1, 304), ((3, 3), 1, 272), ((3, 3), 1, 224), ((3, 3), 1, 192),
    ((3, 3), 1, 176), ((4, 4), 2, 80), ((6, 6), 2, 3),
)  # fmt: skip
"""The baseline of the ablation, described in words only: thirteen layers that reach 96 × 96."""
DISCRIMINATOR: tuple[tuple[int, int, int], ...] = (
    (5, 2, 96), (3, 2, 192), (3, 1, 192), (3, 1, 208), (3, 1, 224), (3, 1, 240), (3, 1, 256),
    (3, 1, 256), (3, 1, 256), (3, 1, 256), (3, 1, 256), (3, 1, 256),
)  # fmt: skip
"""Kernel, stride and channels."""

Activation = Literal["relu", "leaky_relu", "elu"]
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
}


@dataclass(frozen=True)
class S2ISampling:
    """How a picture is sampled."""

    dropout: Literal["on", "off"] = "on"
    """Off draws the one picture that the generator would draw without chance (ablation)."""

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class S2IConfig:
    """Settings of S2I; the defaults are the paper's."""

    front_end: str = "s2i"
    embedding: int = 512
    """f, the length of what a sound is put into: 128, 256, 512 (best), 1024 or 2048."""
    width: float = 1.0
    """Share of the paper's channels in every layer but the embedding."""
    generator: Literal["dense", "sequential"] = "dense"
    """The sequential one is the baseline of the ablation."""
    activation: Activation = "relu"
    """The paper finds the other two worse."""
    decoder_dropout: bool = True
    """Drop channels in the sound decoder (the paper: improves generalisation)."""
    moving_average: int = 5
    """k: epochs, this one among them, whose adversarial loss is averaged; 1 has no memory. Not
    published."""
    adversarial_weight: float = 0.1
    """λ."""
    discriminator_every: int = 5
    """Steps, or epochs, of the generator for one of the discriminator (S-3)."""
    discriminator_unit: Literal["step", "epoch"] = "step"
    """What `discriminator_every` counts: steps as in the paper's algorithm, or epochs as its
    evaluation has it (S-3)."""
    noise_inputs: int = 0
    """Noise beside the embedding, an option of the authors' code that they leave at 0."""
    noise_std: float = 0.035
    init: Literal["xavier", "default"] = "xavier"
    """Initial weights: Xavier's uniform ones (the paper), or the framework's (the code) (S-1)."""
    autoencoder_lr: float = 0.05
    autoencoder_momentum: float = 0.9
    autoencoder_optimiser: Literal["sgd", "adam"] = "sgd"
    """Adam, with a tenth of the rate, is much faster where epochs are few."""
    autoencoder_epochs: int = 1000
    encoder_weights: str = ""
    """A trained autoencoder to start from: weights, a run, or the published .pth file; with
    autoencoder_epochs=0 it is taken as it is."""
    lr: float = 0.1
    momentum: float = 0.5
    optimiser: Literal["sgd", "adam"] = "sgd"
    """Of generator and discriminator."""
    epochs: int = 4000
    batch_size: int = 64
    sampling: S2ISampling = S2ISampling()

    def __post_init__(self) -> None:
        check_fields(self, embedding=4, width=1e-3, moving_average=1, adversarial_weight=0)
        check_fields(self, discriminator_every=1, noise_inputs=0, noise_std=0, batch_size=2)
        check_fields(self, autoencoder_lr=1e-9, autoencoder_momentum=0, autoencoder_epochs=0)
        check_fields(self, lr=1e-9, momentum=0, epochs=1)
        if self.embedding % 4:
            raise ConfigError(f"embedding must be a multiple of 4, not {self.embedding}")
        if not self.autoencoder_epochs and not self.encoder_weights:
            raise ConfigError(
                "the translator needs a trained autoencoder: set autoencoder_epochs to train one"
                " first, or encoder_weights to one"
            )

    def channels(self, full: int) -> int:
        """Return how many of the paper's channels a layer has."""
        return max(4, round(self.width * full))


class AudioEncoder(nn.Module):
    """A second of sound to its embedding: 13 convolutions without padding (paper's table).

    Args:
        config: embedding and widths.
    """

    def __init__(self, config: S2IConfig) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[config.activation]
        inward = 1
        for number, (kernel, stride, full) in enumerate(ENCODER, 1):
            outward = config.channels(full) if full else config.embedding
            self.add_module(f"conv{number}", nn.Conv2d(inward, outward, kernel, stride))
            self.add_module(f"conv{number}_bn", nn.BatchNorm2d(outward))
            inward = outward

    def forward(self, sound: Tensor) -> Tensor:
        """Map `(batch, 1, 128, 100)` to `(batch, embedding)`, both in [-1, 1]."""
        for number in range(1, 1 + len(ENCODER)):  # 61×48, 29×23, 25×21, 21×19, 17×17, 15², … 1²
            sound = getattr(self, f"conv{number}_bn")(getattr(self, f"conv{number}")(sound))
            sound = self.activation(sound) if number < len(ENCODER) else torch.tanh(sound)
        return sound.flatten(1)  # (batch, embedding)


class TransposedStack(nn.Module):
    """Transposed convolutions one after the other, each with batch norm: a decoder.

    Args:
        inward: channels of what is decoded, `(batch, channel, 1, 1)`.
        layers: what they are; the last ends in tanh.
        config: widths and activation.
    """

    def __init__(self, inward: int, layers: Sequence[Layer], config: S2IConfig) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[config.activation]
        self.count = len(layers)
        for number, (kernel, stride, full) in enumerate(layers, 1):
            outward = config.channels(full) if number < self.count else full
            self.add_module(f"convT{number}", nn.ConvTranspose2d(inward, outward, kernel, stride))
            self.add_module(f"convT{number}_bn", nn.BatchNorm2d(outward))
            inward = outward

    def layer(self, number: int, seen: Tensor) -> Tensor:
        """Run one layer, counted from 1, with its activation."""
        seen = getattr(self, f"convT{number}_bn")(getattr(self, f"convT{number}")(seen))
        return self.activation(seen) if number < self.count else torch.tanh(seen)


class AudioDecoder(TransposedStack):
    """An embedding back to a second of sound (paper's table).

    Args:
        config: embedding and widths.
    """

    def __init__(self, config: S2IConfig) -> None:
        super().__init__(config.embedding, DECODER, config)
        self.rates = DECODER_DROPOUT if config.decoder_dropout else (0.0,) * len(DECODER)

    def forward(self, embedding: Tensor) -> Tensor:
        """Map `(batch, embedding)` to `(batch, 1, 128, 100)`, both in [-1, 1]."""
        sound = embedding[:, :, None, None]  # (batch, embedding, 1, 1)
        for number, rate in enumerate(self.rates, 1):  # 3², 5², … 29×23, 61×48, 128×100
            sound = F.dropout2d(self.layer(number, sound), rate, self.training)
        return sound


class SequentialGenerator(TransposedStack):
    """The baseline: an embedding to a picture, one layer after the other.

    Args:
        config: embedding and widths.
    """

    def __init__(self, config: S2IConfig) -> None:
        super().__init__(config.embedding + config.noise_inputs, SEQUENTIAL, config)
        self.dropped = tuple(config.channels(full) for _, _, full in SEQUENTIAL[:-1])
        """Channels of the layers that drop some."""

    def forward(self, embedding: Tensor, keep: Sequence[Tensor]) -> Tensor:
        """Draw a picture from an embedding.

        Args:
            embedding: with the inputs of noise behind it, `(batch, inputs)`.
            keep: for each layer that drops channels, `(batch, channel)` to multiply them by.

        Returns:
            `(batch, 3, 96, 96)` in [-1, 1].
        """
        picture = embedding[:, :, None, None]  # (batch, inputs, 1, 1)
        for number, factor in enumerate(keep, 1):  # 2², 4², 6², … 22², 46²
            picture = self.layer(number, picture) * factor[:, :, None, None]
        return self.layer(self.count, picture)  # (batch, 3, 96, 96)


class DenseGenerator(nn.Module):
    """An embedding to a picture: 18 densely connected layers and 7 transitions (paper's table).

    In a block x1 = L1(t), x2 = L2(x1), x3 = L3([x1, x2]); the next transition takes all three.

    Args:
        config: embedding and widths.
    """

    def __init__(self, config: S2IConfig) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[config.activation]
        widths = [config.channels(full) for full in TRANSITION_WIDTHS[:-1]] + [3]
        inward, number = config.embedding + config.noise_inputs, itertools.count(1)
        for place, (kernel, stride, padding) in enumerate(TRANSITIONS):
            layer = nn.ConvTranspose2d(inward, widths[place], kernel, stride, padding)
            self.add_module(f"transition{place}", layer)
            self.add_module(f"transition{place}_bn", nn.BatchNorm2d(widths[place]))
            if place == len(BLOCKS):
                break
            one, two, three = (config.channels(full) for full in BLOCKS[place])
            for taken, given in ((widths[place], one), (one, two), (one + two, three)):
                name = f"convT{next(number)}"
                self.add_module(name, nn.ConvTranspose2d(taken, given, 3, 1, 1))
                self.add_module(f"{name}_bn", nn.BatchNorm2d(given))
            inward = one + two + three
        self.dropped = tuple(widths[:-1])
        """Channels of the transitions that drop some."""

    def forward(self, embedding: Tensor, keep: Sequence[Tensor]) -> Tensor:
        """Draw a picture from an embedding.

        Args:
            embedding: with the inputs of noise behind it, `(batch, inputs)`.
            keep: for each layer that drops channels, `(batch, channel)` to multiply them by.

        Returns:
            `(batch, 3, 96, 96)` in [-1, 1].
        """
        picture = embedding[:, :, None, None]  # (batch, inputs, 1, 1)
        for place, factor in enumerate(keep):  # 2², 4², 6², 12², 24², 48²
            picture = self.activation(self._normed(f"transition{place}", picture))
            picture = picture * factor[:, :, None, None]
            one = self._dense(3 * place + 1, picture)
            two = self._dense(3 * place + 2, one)
            three = self._dense(3 * place + 3, torch.cat([one, two], dim=1))
            picture = torch.cat([one, two, three], dim=1)
        return torch.tanh(self._normed(f"transition{len(keep)}", picture))  # (batch, 3, 96, 96)

    def _dense(self, number: int, seen: Tensor) -> Tensor:
        return self.activation(self._normed(f"convT{number}", seen))

    def _normed(self, name: str, seen: Tensor) -> Tensor:
        return getattr(self, f"{name}_bn")(getattr(self, name)(seen))


class CoherenceDiscriminator(nn.Module):
    """Picture and embedding to one mark for realness and coherence in [-1, 1] (paper's table).

    Args:
        config: embedding and widths.
    """

    def __init__(self, config: S2IConfig) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[config.activation]
        inward = 3
        for number, (kernel, stride, full) in enumerate(DISCRIMINATOR, 1):
            outward = config.channels(full)
            layer = nn.Conv2d(inward, outward, kernel, stride, bias=False)
            self.add_module(f"conv{number}", layer)
            self.add_module(f"conv{number}_bn", nn.BatchNorm2d(outward))
            inward = outward
        last = 1 + len(DISCRIMINATOR)
        self.add_module(f"conv{last}", nn.Conv2d(inward + config.embedding // 4, 1, 2, bias=False))
        self.add_module(f"conv{last}_bn", nn.BatchNorm2d(1))

    def forward(self, picture: Tensor, embedding: Tensor) -> Tensor:
        """Map `(batch, 3, 96, 96)` and `(batch, embedding)` to marks `(batch,)`."""
        for number in range(1, 1 + len(DISCRIMINATOR)):  # 46², 22², 20², 18², … 2²
            picture = self._normed(number, picture)
            picture = F.dropout2d(self.activation(picture), 0.5, self.training)
        told = embedding.unflatten(1, (-1, 2, 2))  # (batch, embedding / 4, 2, 2)
        mark = self._normed(1 + len(DISCRIMINATOR), torch.cat([picture, told], dim=1))
        return torch.tanh(mark).flatten()  # (batch,)

    def _normed(self, number: int, seen: Tensor) -> Tensor:
        return getattr(self, f"conv{number}_bn")(getattr(self, f"conv{number}")(seen))
