"""Self-attention with pooled keys and values, as CAR-GAN's generators and discriminator use it.

After H. Zhang et al., "Self-Attention Generative Adversarial Networks", 2018, arXiv:1805.08318, but
with keys and values pooled 2×2, no gain before the sum and no scaling of the products.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Layout = Literal["legacy", "correct"]

AT_ONCE = 2**22
"""Weights that are made at a time on the CPU, over the whole batch."""


class PooledAttention(nn.Module):
    """Every position looks at every 2×2 block of the same feature map.

    Args:
        channels: of the feature map, at least 4; queries and keys have a quarter of them.
        layout: "correct" treats values and result as one vector of channels a position. "legacy"
            reads the memory of both as if positions came first, as the published code of CAR-GAN
            does, which mixes channels and positions.
    """

    def __init__(self, channels: int, layout: Layout = "correct") -> None:
        super().__init__()
        self.layout = layout
        self.query = nn.Conv2d(channels, channels // 4, 1)
        self.key = nn.Conv2d(channels, channels // 4, 1)
        self.value = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` plus what it attends to, both `(batch, channel, height, width)`."""
        batch, channels, height, width = x.shape
        quarter = channels // 4
        query, others = self._project(x).split((quarter, quarter + channels), dim=2)
        # (batch, position, channel) is in memory what pooling likes best, channels last
        others = others.transpose(1, 2).unflatten(2, (height, width))  # (batch, c / 4 + c, h, w)
        others = F.max_pool2d(others, 2)  # (batch, c / 4 + c, h / 2, w / 2)
        others = others.flatten(2).transpose(1, 2)  # (batch, block, c / 4 + c)
        key, value = others.split((quarter, channels), dim=2)  # c / 4 and c of each block
        if self.layout == "legacy":  # the memory of (batch, c, block), read as if blocks came first
            value = value.transpose(1, 2).reshape(batch, -1, channels)  # (batch, block, c)
        seen = attend(query, key, value)  # (batch, position, c)
        if self.layout == "correct":
            seen = seen.transpose(1, 2)  # (batch, c, position)
        return x + seen.reshape(batch, channels, height, width)

    def _project(self, x: Tensor) -> Tensor:
        """Apply the 1×1 convolutions as one matrix product: queries, keys, values behind another.

        `(batch, channel, height, width)` becomes `(batch, position, channel)`.
        """
        layers = (self.query, self.key, self.value)
        weight = torch.cat([layer.weight.flatten(1) for layer in layers])  # (3 c / 2, c)
        bias = torch.cat([layer.bias for layer in layers if layer.bias is not None])  # (3 c / 2,)
        return F.linear(x.flatten(2).transpose(1, 2), weight, bias)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return softmax(query · key) · value, a weighted mean of values for each query.

    Args:
        query: `(batch, position, channel)`.
        key: `(batch, place, channel)`.
        value: `(batch, place, value channel)`, no fewer channels than `key`.

    Returns:
        `(batch, position, value channel)`.
    """
    return _by_rows(query, key, value) if query.device.type == "cpu" else _fused(query, key, value)


def _by_rows(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend for a few positions at a time: their part of the map of weights fits into a cache."""
    transposed = key.transpose(1, 2)  # (batch, channel, place)
    batch = 1 if torch.compiler.is_exporting() else len(key)  # a graph is for any batch
    rows = max(1, AT_ONCE // (batch * key.shape[1]))
    parts = [(some @ transposed).softmax(dim=-1) @ value for some in query.split(rows, dim=1)]
    return torch.cat(parts, dim=1)


def _fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend without ever holding the map of weights.

    Zeros make queries and keys as long as values, the only case that fused kernels know.
    """
    zeros = (0, value.shape[-1] - query.shape[-1])
    query, key = F.pad(query, zeros)[:, None], F.pad(key, zeros)[:, None]  # (batch, 1, position, c)
    value = value[:, None]  # (batch, 1, block, c)
    return F.scaled_dot_product_attention(query, key, value, scale=1.0)[:, 0]
