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
            known: vectors `(example, dim)`.
            labels: `(example,)` class indices; all other than these are one class.
            held_out: further vectors, for the limit.
        """
        classes = len(self.centres)
        labels = labels.clamp(0, classes - 1) if classes > 1 else torch.zeros_like(labels)
        known, held_out = known.double(), held_out.double()
        centres = self.centres.double()
        for label in labels.unique():
            centres[label] = known[labels == label].mean(0)
        offset = known - centres[labels]
        covariance = offset.T @ offset / len(known)
        covariance += _SHRINKAGE * covariance.diagonal().mean() * torch.eye(len(covariance))
        self.centres.copy_(centres)
        self.whitening.copy_(torch.linalg.inv(torch.linalg.cholesky(covariance)).T)
        self.limit.fill_(1)
        self.limit.copy_(self(held_out.float()).quantile(1 - REFUSED))

    def forward(self, vector: Tensor) -> Tensor:
        """Return how strange vectors `(batch, dim)` are, `(batch,)`: above 1 is unknown."""
        offset = (vector.float()[:, None] - self.centres) @ self.whitening  # (batch, class, dim)
        return offset.square().sum(2).amin(1).sqrt() / self.limit
