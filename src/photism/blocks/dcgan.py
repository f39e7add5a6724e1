"""Networks for pictures of 64×64 in the manner of DCGAN, as SA-CMGAN and its forerunners use them.

A. Radford, L. Metz, S. Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", 2015, arXiv:1511.06434; sizes, the two convolutions without a
stride and "SAME" padding as in SA-CMGAN (Tan et al. 2020).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.blocks.halving import Double, Halve

SIDE = 64
"""Height and width of the pictures."""
LEAK = 0.2


class SameConv(nn.Conv2d):
    """Convolution, kernel 4, that keeps the size of the map: TensorFlow's "SAME" padding.

    Args:
        inward: channels of the input.
        outward: channels of the output.
    """

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__(inward, outward, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward, height, width)` to `(batch, outward, height, width)`."""
        return super().forward(F.pad(x, (1, 2, 1, 2)))


class SameTransposed(nn.ConvTranspose2d):
    """Transposed convolution, kernel 4, that keeps the size of the map, as TensorFlow pads it.

    Computed as the convolution that it is: what the "SAME" padding would crop is never made.

    Args:
        inward: channels of the input.
        outward: channels of the output.
    """

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__(inward, outward, 4, bias=False)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map `(batch, inward, height, width)` to `(batch, outward, height, width)`."""
        kernel = self.weight.transpose(0, 1).flip(2, 3)
        return F.conv2d(F.pad(x, (2, 1, 2, 1)), kernel)


class Trunk(nn.Module):
    """Picture to a map of 4×4: five convolutions.

    Args:
        inward: channels of the picture.
        width: channels after the first convolution; the last has eight times as many.
    """

    def __init__(self, inward: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(Halve(inward, width, bias=False), nn.LeakyReLU(LEAK))
        self.conv2 = _seen(Halve(width, 2 * width, bias=False))
        self.conv3 = _seen(Halve(2 * width, 4 * width, bias=False))
        self.conv4 = _seen(SameConv(4 * width, 4 * width))
        self.conv5 = _seen(Halve(4 * width, 8 * width, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward, 64, 64)` to `(batch, 8 width, 4, 4)`."""
        x = self.conv1(x)  # (batch, width, 32, 32)
        x = self.conv2(x)  # (batch, 2 width, 16, 16)
        x = self.conv3(x)  # (batch, 4 width, 8, 8)
        x = self.conv4(x)  # (batch, 4 width, 8, 8)
        return self.conv5(x)  # (batch, 8 width, 4, 4)


class PictureEncoder(nn.Module):
    """Picture to a feature vector.

    Args:
        inward: channels of the picture.
        width: channels after the first convolution.
        feature: elements of the vector.
    """

    def __init__(self, inward: int, width: int, feature: int) -> None:
        super().__init__()
        self.trunk = Trunk(inward, width)
        self.body = nn.Sequential(
            nn.Flatten(), *dense(128 * width, 16 * width), *dense(16 * width, feature)
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Map `(batch, inward, 64, 64)` to `(batch, feature)`."""
        return self.body(self.trunk(picture))


class PictureDecoder(nn.Module):
    """Vector to a picture: a linear layer and five transposed convolutions.

    Args:
        inward: elements of the vector.
        outward: channels of the picture.
        width: channels before the last layer; the first map has eight times as many.
    """

    def __init__(self, inward: int, outward: int, width: int) -> None:
        super().__init__()
        self.start = nn.Sequential(
            nn.Linear(inward, 128 * width),
            nn.BatchNorm1d(128 * width),
            nn.ReLU(),
            nn.Unflatten(1, (8 * width, 4, 4)),
        )
        self.deconv2 = _drawn(Double(8 * width, 4 * width, bias=False))
        self.deconv3 = _drawn(SameTransposed(4 * width, 4 * width))
        self.deconv4 = _drawn(Double(4 * width, 2 * width, bias=False))
        self.deconv5 = _drawn(Double(2 * width, width, bias=False))
        self.deconv6 = nn.Sequential(Double(width, outward, bias=False), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward)` to `(batch, outward, 64, 64)` in [-1, 1]."""
        x = self.start(x)  # (batch, 8 width, 4, 4)
        x = self.deconv2(x)  # (batch, 4 width, 8, 8)
        x = self.deconv3(x)  # (batch, 4 width, 8, 8)
        x = self.deconv4(x)  # (batch, 2 width, 16, 16)
        x = self.deconv5(x)  # (batch, width, 32, 32)
        return self.deconv6(x)


class MatchDiscriminator(nn.Module):
    """Picture, and a vector that says what it should be of, to a logit of being real and matched.

    Args:
        inward: channels of the picture.
        width: channels after the first convolution.
        told: elements of the vector, which is laid on every place of the trunk's map; 0 for none.
    """

    def __init__(self, inward: int, width: int, told: int) -> None:
        super().__init__()
        self.trunk = Trunk(inward, width)
        self.body = nn.Sequential(
            nn.Flatten(),
            *dense(16 * (8 * width + told), 16 * width),
            nn.Linear(16 * width, 1),
            nn.Flatten(0),
        )

    def forward(self, seen: Tensor, told: Tensor) -> Tensor:
        """Judge what the trunk has seen.

        Apart from the trunk, so that pictures are read once which are judged beside several
        vectors.

        Args:
            seen: the trunk's map `(batch, 8 width, 4, 4)`.
            told: `(batch, told)`.

        Returns:
            Logits `(batch,)`.
        """
        planes = told[:, :, None, None].expand(-1, -1, *seen.shape[2:])
        return self.body(torch.cat([seen, planes], dim=1))


def dense(inward: int, outward: int) -> tuple[nn.Module, ...]:
    """Return a linear layer, its batch norm and leaky ReLU."""
    return nn.Linear(inward, outward), nn.BatchNorm1d(outward), nn.LeakyReLU(LEAK)


def start_as_xavier(module: nn.Module) -> None:
    """Draw the weights of a layer from Xavier's uniform distribution; biases begin at 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _seen(convolution: nn.Conv2d) -> nn.Module:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(LEAK))


def _drawn(convolution: nn.ConvTranspose2d) -> nn.Module:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU())
