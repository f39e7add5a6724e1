"""The network of `flow`: what the sample will be, of a noisy one, its time and a condition.

A U-Net of three scales (J. Ho et al., "Denoising Diffusion Probabilistic Models", 2020,
arXiv:2006.11239) whose layers are modulated by time and condition (W. Peebles, S. Xie, "Scalable
Diffusion Models with Transformers", 2022, arXiv:2212.09748) and which looks at itself and at the
tokens of the condition at its two coarser scales. It predicts the sample rather than the velocity
(T. Li, K. He, "Back to Basics: Let Denoising Generative Models Denoise", 2025, arXiv:2511.13720).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FREQUENCIES = 32
SCALES = 3
_GROUPS = 8
_HEAD = 32  # channels of an attention head
_SLOWEST, _FASTEST = 0.25, 16.0  # waves of a time's features over [0, 1]
_PLAIN = 8.0  # scale of features whose weights begin at 0: so many times as fast they are learnt
_GENTLE = 0.1  # share of the usual weights that a layer which ends a branch begins with


@dataclass(frozen=True)
class Condition:
    """What a sample is to fit."""

    tokens: Tensor
    """`(batch, token, dim)`."""
    vector: Tensor
    """`(batch, dim)`."""
    label: Tensor
    """`(batch,)` class indices, -1 is none."""
    dropped: Tensor
    """`(batch,)` bool: where nothing of this is told."""

    def without(self) -> Condition:
        """Return a condition of the same shape that tells nothing."""
        return replace(self, dropped=torch.ones_like(self.dropped))

    def rows(self, chosen: Tensor) -> Condition:
        """Return that of some rows, by a mask or by their places."""
        return Condition(*(part[chosen] for part in vars(self).values()))

    def twice(self) -> Condition:
        """Return the condition and, behind it, one that tells nothing."""
        parts = zip(vars(self).values(), vars(self.without()).values(), strict=True)
        return Condition(*(torch.cat(pair) for pair in parts))


@dataclass(frozen=True)
class When:
    """Where on its way a sample is, each `(batch,)`."""

    time: Tensor
    """1 is noise, 0 the sample."""
    until: Tensor
    """The end of a jump; `time` itself for the velocity at this moment."""
    guidance: Tensor
    """What the velocity is to be guided by; 1 is as learnt from pairs."""

    @classmethod
    def now(cls, time: Tensor) -> When:
        """Return a moment, without jump or guidance."""
        return cls(time, time, torch.ones_like(time))

    def rows(self, chosen: Tensor) -> When:
        """Return that of some rows, by a mask or by their places."""
        return When(*(part[chosen] for part in vars(self).values()))

    def features(self) -> Tensor:
        """Return waves of time, then those of a jump and its guidance, `(batch, feature)`.

        The latter, from `2 * FREQUENCIES` on, are 0 where there is no jump and no guidance.
        """
        octaves = torch.linspace(0, 1, FREQUENCIES, device=self.time.device)
        waves = 2 * math.pi * _SLOWEST * (_FASTEST / _SLOWEST) ** octaves
        now, span = self.time[:, None] * waves, (self.time - self.until)[:, None] * waves
        guidance = self.guidance.clamp_min(0.1).log()[:, None]
        jump = torch.cat([span.sin(), 1 - span.cos(), guidance], dim=1)
        return torch.cat([now.sin(), now.cos(), _PLAIN * jump], dim=1)


class Modulated(nn.Module):
    """Two convolutions, the second of which is scaled and shifted by time and condition.

    Args:
        inward: channels of the input.
        outward: channels of the output.
        told: size of what time and condition are told by.
    """

    def __init__(self, inward: int, outward: int, told: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, inward)
        self.conv1 = nn.Conv2d(inward, outward, 3, padding=1)
        self.norm2 = nn.GroupNorm(_GROUPS, outward)
        self.conv2 = gentle(nn.Conv2d(outward, outward, 3, padding=1))
        self.modulate = nn.Linear(told, 2 * outward)
        self.skip = nn.Conv2d(inward, outward, 1) if inward != outward else nn.Identity()

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Map `(batch, inward, height, width)` and `(batch, told)` to `(batch, outward, …)`."""
        scale, shift = self.modulate(told)[..., None, None].chunk(2, dim=1)
        inner = self.conv1(F.silu(self.norm1(x)))
        inner = F.silu(self.norm2(inner) * (1 + scale) + shift)
        return self.skip(x) + self.conv2(inner)


class Looking(nn.Module):
    """Every position looks at all positions and at the tokens of the condition.

    Args:
        channels: of the map.
        dim: of a token.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.heads = max(1, channels // _HEAD)
        self.norm = nn.GroupNorm(_GROUPS, channels)
        self.inside = nn.Linear(channels, 3 * channels)
        self.outside = nn.Linear(dim, 2 * channels)
        self.end = gentle(nn.Linear(channels, channels))

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """Return `x`, `(batch, channel, height, width)`, plus what it sees."""
        positions = self.norm(x).flatten(2).transpose(1, 2)  # (batch, position, channel)
        query, key, value = self.inside(positions).chunk(3, dim=2)
        more_keys, more_values = self.outside(tokens).chunk(2, dim=2)
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (batch, head, place, c / head)
            for part in (
                query,
                torch.cat([key, more_keys], dim=1),
                torch.cat([value, more_values], dim=1),
            )
        )
        seen = F.scaled_dot_product_attention(query, key, value)
        seen = self.end(seen.transpose(1, 2).flatten(2))
        return x + seen.transpose(1, 2).reshape(x.shape)


class Velocity(nn.Module):
    """Noisy sample, time and condition to the sample.

    Args:
        channels: of the sample.
        patch: side of the squares of pixels that are taken as one.
        width: channels at the finest scale.
        dim: of tokens and vector of the condition.
        classes: that a label may tell; 0 is none.
    """

    def __init__(self, channels: int, *, patch: int, width: int, dim: int, classes: int) -> None:
        super().__init__()
        self.patch = patch
        told, pixels = 4 * width, channels * patch**2
        self.no_token = nn.Parameter(0.02 * torch.randn(dim))
        self.no_vector = nn.Parameter(0.02 * torch.randn(dim))
        first = nn.Linear(4 * FREQUENCIES + 1, told)
        with torch.no_grad():  # jumps and guidance begin as the plain flow, which is smooth
            first.weight[:, 2 * FREQUENCIES :] = 0
        self.time = nn.Sequential(first, nn.SiLU(), nn.Linear(told, told))
        self.vector = nn.Linear(dim, told)
        self.label = nn.Embedding(classes + 1, told) if classes else None
        widths = (width, 2 * width, 2 * width)
        self.begin = nn.Conv2d(pixels, width, 3, padding=1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        self.look_down, self.look_up = nn.ModuleList(), nn.ModuleList()
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for scale, w in enumerate(widths):
            self.down.append(Modulated(w, w, told))
            self.up.append(Modulated(2 * w, w, told))
            if scale:
                finer = widths[scale - 1]
                self.shrink.append(nn.Conv2d(finer, w, 3, stride=2, padding=1))
                self.grow.append(nn.Conv2d(w, finer, 3, padding=1))
                self.look_down.append(Looking(w, dim))
                self.look_up.append(Looking(w, dim))
        self.middle = Modulated(widths[-1], widths[-1], told)
        self.norm = nn.GroupNorm(_GROUPS, width)
        self.end = gentle(nn.Conv2d(width, pixels, 3, padding=1))

    def forward(self, noisy: Tensor, when: When, condition: Condition) -> Tensor:
        """Predict the sample of which `(batch, channel, height, width)` is a noisy one."""
        none = condition.dropped
        tokens = torch.where(none[:, None, None], self.no_token, condition.tokens)
        vector = torch.where(none[:, None], self.no_vector, condition.vector)
        told = self.time(when.features()) + self.vector(vector)
        if self.label is not None:
            told = told + self.label(torch.where(none, 0, condition.label + 1))
        told = F.silu(told)
        x, edges = self._padded(noisy)
        x = self.begin(F.pixel_unshuffle(x, self.patch))  # (batch, width, height / patch, …)
        kept = []
        for scale in range(SCALES):
            x = self.shrink[scale - 1](x) if scale else x
            x = self.down[scale](x, told)
            x = self.look_down[scale - 1](x, tokens) if scale else x
            kept.append(x)
        x = self.middle(x, told)
        for scale in reversed(range(SCALES)):
            x = self.up[scale](torch.cat([x, kept[scale]], dim=1), told)
            x = self.look_up[scale - 1](x, tokens) if scale else x
            if scale:
                x = self.grow[scale - 1](F.interpolate(x, scale_factor=2.0))
        x = F.pixel_shuffle(self.end(F.silu(self.norm(x))), self.patch).float()
        return F.pad(x, [-edge for edge in edges])

    def _padded(self, x: Tensor) -> tuple[Tensor, list[int]]:
        """Widen to what can be halved as often as there are scales; also how much on each side."""
        unit = self.patch * 2 ** (SCALES - 1)
        edges: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            missing = -size % unit
            edges += [missing // 2, missing - missing // 2]
        return F.pad(x, edges), edges


def gentle(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    """Make a layer that ends a branch begin with little to say; returns it."""
    with torch.no_grad():
        layer.weight.mul_(_GENTLE)
        if layer.bias is not None:
            layer.bias.zero_()
    return layer
