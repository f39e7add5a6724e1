"""Spectral norm: layers whose weights stretch nothing by more than about 1."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize


class SpectralNorm(nn.Module):
    """Weight over its largest singular value, found by one step of power iteration a pass.

    T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    arXiv:1802.05957. As in the authors' code, and unlike PyTorch's own, gradients also go through
    the singular vectors.

    Args:
        weight: the first axis counts outputs, or inputs where the convolution is transposed.
    """

    u: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("u", F.normalize(torch.randn(len(weight)), dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight, in single precision, with a largest singular value of about 1."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            v = F.normalize(matrix.T @ self.u.clone(), dim=0)  # a copy: the next pass moves it
            stretched = matrix @ v
            sigma = stretched.norm()
            if self.training:
                self.u.copy_((stretched / sigma).detach())
            return weight / sigma


def normalise(network: nn.Module) -> None:
    """Put a spectral norm on the weight of every convolution and linear layer of a network."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            norm = SpectralNorm(module.weight)
            # unsafe leaves out a trial, which would be a pass
            parametrize.register_parametrization(module, "weight", norm, unsafe=True)
