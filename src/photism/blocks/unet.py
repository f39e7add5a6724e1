"""U-Net as pix2pix builds it, with self-attention before its last two layers.

P. Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2016,
arXiv:1611.07004; attention as in CAR-GAN, arXiv:1907.01826.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from photism.blocks.attention import Layout, PooledAttention
from photism.blocks.halving import Double, Halve


class UNet(nn.Module):
    """Picture to picture of the same size, halved until one pixel is left and doubled again.

    Shapes in comments are those of 128 pixels and a width of 64.

    Args:
        inward: channels of the input.
        outward: channels of the output.
        size: side of the pictures, a power of two from 32.
        width: channels after the first convolution; they double with each, up to eightfold.
        attention: layout of the self-attention; None leaves it out.
    """

    def __init__(
        self, inward: int, outward: int, *, size: int, width: int, attention: Layout | None
    ) -> None:
        super().__init__()
        depth = size.bit_length() - 1
        widths = [width * min(2**level, 8) for level in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, channels in enumerate(widths):
            # In place: what the skip connection sees has been through LeakyReLU, and the ReLU that
            # waits for it there makes the same of that.
            layers: list[nn.Module] = [nn.LeakyReLU(0.2, inplace=True)] if level else []
            layers += [Halve(inward, channels, bias=False)]  # (batch, channels, side / 2, side / 2)
            layers += [nn.BatchNorm2d(channels)] if 0 < level < depth - 1 else []
            self.down.append(nn.Sequential(*layers))
            inward = channels
        for level in reversed(range(depth)):
            channels = widths[level - 1] if level else outward
            layers = [nn.ReLU(inplace=True)]
            layers += [Double(inward, channels, bias=level == 0)]  # (batch, channels, 2 side, …)
            layers += [nn.BatchNorm2d(channels)] if level else []
            layers += [nn.Dropout(0.5)] if 4 <= level < depth - 1 else []
            if attention and level in (1, 2):
                layers += [PooledAttention(channels, attention)]
            self.up.append(nn.Sequential(*layers))
            inward = 2 * channels  # its own and those of the skip connection

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward, size, size)` to `(batch, outward, size, size)` in [-1, 1]."""
        skips = []
        for down in self.down:
            x = down(x)  # (batch, 64, 64, 64), (batch, 128, 32, 32), …, (batch, 512, 1, 1)
            skips.append(x)
        x = self.up[0](skips.pop())  # (batch, 512, 2, 2)
        for up in self.up[1:]:
            x = torch.cat([skips.pop(), x], dim=1)  # (batch, 1024, 2, 2), …, (batch, 128, 64, 64)
            x = up(x)  # (batch, 512, 4, 4), …, (batch, 64, 64, 64), (batch, 3, 128, 128)
        return torch.tanh(x.float())
