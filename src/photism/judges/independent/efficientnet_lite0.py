"""EfficientNet-lite0, which knows ImageNet's photographs, as a judge of pictures.

M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
2019, arXiv:1905.11946; the lite variant (2020) has no squeeze-and-excitation, clipped rectifiers,
and a stem and head of fixed width. Convolutions pad as TensorFlow does, where it was trained.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from photism.images import resize
from photism.judges.independent.base import IndependentJudge
from photism.judges.perceive import Percept

SIDE = 224
_EPSILON = 1e-3  # of the batch norms
_BLOCKS = (  # expansion, output channels, repeats, first stride, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


class EfficientNetLite0(IndependentJudge):
    """4.65 million weights of ImageNet's classifier; 1,280 features."""

    architecture = "efficientnet-lite0"
    judges = "image"
    features = 1280

    @classmethod
    def network(cls) -> nn.Module:
        """Return all but the last layer of the published network."""
        layers: list[nn.Module] = [*_convolution(3, 32, 3, 2), nn.ReLU6()]
        channels = 32
        for expansion, out, repeats, stride, kernel in _BLOCKS:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                layers.append(_Inverted(channels, out, expansion, kernel, first))
                channels = out
        layers += [*_convolution(channels, cls.features, 1), nn.ReLU6()]  # (batch, 1280, 7, 7)
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())

    @classmethod
    def shape_for(cls, percept: Percept) -> tuple[int, int, int]:
        """Return ImageNet's usual size, in colour."""
        return (3, SIDE, SIDE)

    def view(self, percept: Percept) -> Tensor:
        """Bring pictures, grey or in colour, to 224 × 224 pixels and TensorFlow's scale."""
        colour = resize(percept.values, (SIDE, SIDE)).expand(-1, 3, -1, -1)
        return (127.5 * colour + 0.5) / 128  # (level - 127) / 128


class _Inverted(nn.Module):
    """An inverted bottleneck: wide in the middle, where each channel is filtered by itself."""

    def __init__(self, inward: int, outward: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inward * expansion
        expand = [*_convolution(inward, wide, 1), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand,
            *_convolution(wide, wide, kernel, stride, groups=wide),
            nn.ReLU6(),
            *_convolution(wide, outward, 1),
        )
        self.skips = stride == 1 and inward == outward

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward, height, width)` to `(batch, outward, …)`."""
        return x + self.layers(x) if self.skips else self.layers(x)


class _SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow: the odd pixel comes last."""

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inward, height, width)` to as many pixels, over the stride."""
        gaps = [
            max(0, (-(-size // step) - 1) * step + kernel - size)
            for size, step, kernel in zip(x.shape[2:], self.stride, self.kernel_size, strict=True)
        ]
        padding = [side for gap in reversed(gaps) for side in (gap // 2, gap - gap // 2)]
        return super().forward(F.pad(x, padding))


def _convolution(
    inward: int, outward: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, nn.Module]:
    convolution = _SameConv(inward, outward, kernel, stride, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(outward, eps=_EPSILON)
