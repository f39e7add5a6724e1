"""An ear, and an eye: a medium to tokens and one vector, trained by matching sounds with pictures.

The loss is that of A. Radford et al., "Learning Transferable Visual Models From Natural Language
Supervision", 2021, arXiv:2103.00020 (CLIP, section 2.3), between the two halves of a pair: no label
is wanted. Where there are labels, a head names the class as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.config import check_fields

HALVINGS = 4
"""Of height and width, from the canvas to the tokens."""
_SCALE, _MOST_SCALE = 14.3, 100.0  # of cosines: at first, and at most
_SIDE = 64  # pictures are averaged down to this first: a match needs no more
_LEAST_DEVIATION = 0.05  # of what is standardised: silence stays silence


@dataclass(frozen=True)
class EarConfig:
    """Settings of an ear and the eye beside it."""

    width: int = 32
    """Channels of the first block; those of the others are two and four times as many."""
    dim: int = 128
    """Size of a token and of the vector."""
    contrast: float = 1.0
    """Weight of matching sounds with their pictures."""
    naming: float = 1.0
    """Weight of naming the class, where there are classes."""

    def __post_init__(self) -> None:
        check_fields(self, width=1, dim=4, contrast=0, naming=0)


@dataclass(frozen=True)
class Perceived:
    """What an ear or an eye has made of a batch."""

    tokens: Tensor
    """`(batch, token, dim)`: what is where."""
    vector: Tensor
    """`(batch, dim)`: what it is as a whole."""
    texture: Tensor
    """`(batch, feature)`: mean and deviation of every channel of every block, whatever it is of."""


class Perceiver(nn.Module):
    """Four convolution blocks over a picture, of a sound or of the world.

    Args:
        shape: channel, height and width of the picture.
        config: widths.
        standardise: bring every picture to mean 0 and deviation 1 and hand on what they were as a
            token of their own: how loud a sound is, apart from what it is.
    """

    def __init__(
        self, shape: tuple[int, int, int], config: EarConfig, *, standardise: bool
    ) -> None:
        super().__init__()
        channels, height, width = shape
        self.standardise, w = standardise, config.width
        self.shrink = 1 if standardise else max(1, height // _SIDE)
        widths = (channels + 1, w, 2 * w, 4 * w, 4 * w)  # and where a row lies
        self.texture = 2 * sum(widths[1:])
        """Features of the texture."""
        self.blocks = nn.Sequential(
            *(_block(*widths[i : i + 2], layers=1 if i < 2 else 2) for i in range(HALVINGS))
        )
        rows, columns = (side // self.shrink >> HALVINGS for side in (height, width))
        self.place = nn.Parameter(0.02 * torch.randn(rows * columns, config.dim))
        self.tokens = nn.Linear(4 * w, config.dim)
        self.level = nn.Linear(2, config.dim)
        self.vector = nn.Linear(8 * w * rows, config.dim)

    def forward(self, picture: Tensor) -> Perceived:
        """Perceive `(batch, channel, height, width)` in [-1, 1]; one token tells of the levels."""
        x = F.avg_pool2d(picture, self.shrink) if self.shrink > 1 else picture
        mean, deviation = x.mean((1, 2, 3)), x.std((1, 2, 3))  # (batch,)
        if self.standardise:
            spread = deviation.clamp_min(_LEAST_DEVIATION)
            x = (x - mean[:, None, None, None]) / spread[:, None, None, None]
        row = torch.linspace(-1, 1, x.shape[2], device=x.device, dtype=x.dtype)
        row = row.view(1, 1, -1, 1).expand(x.shape[0], 1, -1, x.shape[3])
        x, seen = torch.cat([x, row], dim=1), []
        for block in self.blocks:
            x = block(x)  # in the end (batch, 4 width, rows, columns)
            seen += [x.mean((2, 3)), x.std((2, 3), correction=0)]
        level = self.level(torch.stack([mean, deviation], dim=1))  # (batch, dim)
        tokens = self.tokens(x.flatten(2).transpose(1, 2)) + self.place
        over_time = torch.cat([x.mean(3), x.amax(3)], dim=1)  # (batch, 8 width, rows)
        vector = self.vector(over_time.flatten(1)) + level
        tokens = torch.cat([tokens, level[:, None]], dim=1)
        return Perceived(tokens, vector, torch.cat(seen, dim=1).float())


def _block(inward: int, outward: int, *, layers: int) -> nn.Sequential:
    """Convolutions with batch norm and ReLU, then half the height and width."""
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [nn.Conv2d(inward, outward, 3, padding=1, bias=False), nn.BatchNorm2d(outward)]
        parts += [nn.ReLU(inplace=True)]
        inward = outward
    return nn.Sequential(*parts, nn.MaxPool2d(2))


class Matched(nn.Module):
    """An ear or an eye with what its training needs: a place beside the other, names for classes.

    Args:
        shape: as for `Perceiver`.
        config: widths.
        standardise: as for `Perceiver`.
        classes: that it can name; 0 is none.
    """

    def __init__(
        self, shape: tuple[int, int, int], config: EarConfig, *, standardise: bool, classes: int
    ) -> None:
        super().__init__()
        self.perceiver = Perceiver(shape, config, standardise=standardise)
        self.joint = nn.Linear(config.dim, config.dim, bias=False)
        self.names = nn.Linear(config.dim, classes) if classes else nn.Identity()

    def forward(self, picture: Tensor) -> Perceived:
        """Perceive; see `Perceiver`."""
        return self.perceiver(picture)

    def embed(self, perceived: Perceived) -> Tensor:
        """Return places where a sound and its picture point the same way, `(batch, dim)`."""
        return self.joint(perceived.vector)

    def name(self, perceived: Perceived) -> Tensor:
        """Return logits of the classes, `(batch, class)`."""
        return self.names(perceived.vector).float()


class Match(nn.Module):
    """How badly sounds find their pictures among those of a batch, and pictures their sounds."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(_SCALE).log())

    def forward(self, sound: Tensor, image: Tensor) -> Tensor:
        """Return the cross-entropy of the right partner in nats, the mean of both directions.

        `sound` and `image` are `(batch, dim)`, halves of the same pairs in the same order.
        """
        sound, image = (F.normalize(part.float(), dim=1) for part in (sound, image))
        scores = sound @ image.T * self.log_scale.exp().clamp_max(_MOST_SCALE)
        right = torch.arange(len(scores), device=scores.device)
        return (F.cross_entropy(scores, right) + F.cross_entropy(scores.T, right)) / 2
