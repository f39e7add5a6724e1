"""Whether something is like what a network learnt from: the distance to what it knows.

K. Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
Attacks", 2018, arXiv:1807.03888, equation 2: Mahalanobis' distance to the nearest class, with one
covariance for all. The limit is where a share of held-out examples would be refused.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

REFUSED = 0.05
"""Share of known examples that the limit refuses."""
_LEAST = 1e-6  # variance, and distance, of what does not vary at all
_SHRINKAGE = 0.05  # share of the covariance's mean variance that is added to all


class Familiar(nn.Module):
    """Knows where vectors of known things lie; it has buffers alone and is fitted, not trained.

    Args:
        dim: size of a vector.
        classes: kinds of known things; one where there are no labels.
    """

    centres: Tensor
    whitening: Tensor
    limit: Tensor

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("centres", torch.zeros(max(1, classes), dim))
        self.register_buffer("whitening", torch.zeros(dim, dim))
        self.register_buffer("limit", torch.ones(1))

    @property
    def fitted(self) -> bool:
        """Whether it knows anything."""
        return bool(self.whitening.any())

    @torch.no_grad()
    def fit(self, known: Tensor, labels: Tensor, held_out: Tensor) -> None:
        """Learn where known things lie, and the limit from others that are known too.

        Args:
            known: vectors `(example, dim)`, on the CPU.
            labels: `(example,)` class indices, all the same where there is one class; what has none
                (-1) is left out.
            held_out: further vectors, on the CPU, for the limit.
        """
        if len(self.centres) > 1 and (labels >= 0).any():
            known, labels = known[labels >= 0].double(), labels[labels >= 0]
        else:
            known, labels = known.double(), torch.zeros_like(labels)
        there = labels.unique().tolist()
        means = torch.stack([known[labels == label].mean(0) for label in there])
        centres = means[0].repeat(len(self.centres), 1)  # a class that is not there is another one
        centres[there] = means
        offset = known - centres[labels]
        covariance = offset.T @ offset / len(known)
        least = _SHRINKAGE * covariance.diagonal().mean() + _LEAST
        covariance += least * torch.eye(len(covariance), dtype=covariance.dtype)
        self.centres.copy_(centres)
        self.whitening.copy_(torch.linalg.inv(torch.linalg.cholesky(covariance)).T)
        self.limit.fill_(1)
        distances = self(held_out.float().to(self.limit.device))
        self.limit.copy_(distances.quantile(1 - REFUSED).clamp_min(_LEAST))

    def forward(self, vector: Tensor) -> Tensor:
        """Return how strange vectors `(batch, dim)` are, `(batch,)`: above 1 is unknown."""
        offset = (vector.float()[:, None] - self.centres) @ self.whitening  # (batch, class, dim)
        return offset.square().sum(2).amin(1).sqrt() / self.limit
