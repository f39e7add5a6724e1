"""PatchGAN as pix2pix builds it, with self-attention.

P. Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2016,
arXiv:1611.07004; attention as in CAR-GAN, arXiv:1907.01826.
"""

from __future__ import annotations

from collections.abc import Container

from torch import Tensor, nn

from photism.blocks.attention import Layout, PooledAttention


class PatchGAN(nn.Module):
    """Picture to one logit of being real for each of its overlapping patches.

    Shapes in comments are those of 128 pixels, a width of 2 and strides of 1 in the end.

    Args:
        inward: channels of the input.
        width: channels after the first convolution; they double with each of the next three.
        attention: layout of the self-attention; None leaves it out.
        attended: numbers of the convolutions, of 2 to 4, that attention follows.
        last_stride: of the last two convolutions; with 1 a patch has 70×70 pixels.
    """

    def __init__(
        self,
        inward: int,
        *,
        width: int,
        attention: Layout | None,
        attended: Container[int] = (2, 3),
        last_stride: int = 1,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(inward, width, 4, 2, 1),  # (batch, 2, 64, 64)
            nn.LeakyReLU(0.2),
        ]
        for number, stride in ((2, 2), (3, 2), (4, last_stride)):
            # (batch, 4, 32, 32), then (batch, 8, 16, 16), then (batch, 16, 15, 15)
            layers += [nn.Conv2d(width, 2 * width, 4, stride, 1, bias=False)]
            width *= 2
            layers += [nn.BatchNorm2d(width)]
            if attention and number in attended:
                layers += [PooledAttention(width, attention)]
            layers += [nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(width, 1, 4, last_stride, 1)]  # (batch, 1, 14, 14)
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward, height, width)` to `(batch, 1, …)`; 14×14 of 128×128 pixels."""
        return self.body(x)
