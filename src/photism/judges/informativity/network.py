"""The binary classifiers of informativity, one a class.

L. A. Fanzeres, C. Nadeu, 2021, arXiv:2106.01266: five convolutions on 96 × 96 pixels, "informative"
or "not informative" for the class of the sound.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from photism.errors import ConfigError, nearest
from photism.images import resize

SIDE = 96
INFORMATIVE = 1
"""Place of "informative" in the logits; 0 is "not informative"."""
_LAYERS = ((5, 3, 12, 0.1), (3, 12, 32, 0.2), (3, 32, 32, 0.3), (3, 32, 32, 0.4), (3, 32, 32, 0.5))
"""Kernel, channels in and out, dropout; all with stride 2 and without padding."""


class InformativityNetwork(nn.Module):
    """A picture to "not informative" and "informative": 34,730 parameters.

    The first fully connected layer stands in the authors' files and is not used by their code: it
    is here so that these files fit, and 33,610 parameters are trained.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(inward, outward, kernel, stride=2),
                    nn.BatchNorm2d(outward),
                    nn.ReLU(),
                    nn.Dropout2d(dropout),
                )
                for kernel, inward, outward, dropout in _LAYERS
            )
        )  # (batch, 12, 46, 46), (32, 22, 22), (32, 10, 10), (32, 4, 4), (batch, 32, 1, 1)
        self.fc1 = nn.Sequential(nn.Linear(32, 32), nn.BatchNorm1d(32)).requires_grad_(False)
        self.fc2 = nn.Sequential(nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5))
        self.fc3 = nn.Linear(32, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        """Map `(batch, 3, 96, 96)` in [-1, 1] to logits `(batch, 2)`."""
        features = self.convolutions(pictures).flatten(1)  # (batch, 32)
        return self.fc3(self.fc2(features))


class InformativityJudges(nn.Module):
    """A classifier for each class.

    Args:
        classes: their names.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__()
        self.classes = tuple(classes)
        self.networks = nn.ModuleList(InformativityNetwork() for _ in self.classes)

    def probabilities(self, pictures: Tensor, labels: Tensor) -> Tensor:
        """Return how probable it is that each picture is informative of its class.

        Args:
            pictures: `(batch, 1 or 3, height, width)` in [-1, 1], of any size.
            labels: place in `classes`, `(batch,)`.

        Returns:
            `(batch,)` in [0, 1].
        """
        seen = as_seen(pictures)
        found = torch.zeros(len(seen), device=seen.device)
        for label in labels.unique().tolist():
            rows = labels == label
            found[rows] = self.networks[label](seen[rows]).softmax(dim=1)[:, INFORMATIVE]
        return found

    def places(self, classes: Sequence[str]) -> list[int]:
        """Return where the classes of some data stand among those of the judges.

        Args:
            classes: of the data.

        Returns:
            A place for each.

        Raises:
            ConfigError: one of them has no judge.
        """
        for name in classes:
            if name not in self.classes:
                raise ConfigError(
                    f"no judge of informativity for the class {name!r}:"
                    f" {nearest(name, self.classes)}"
                )
        return [self.classes.index(name) for name in classes]


def as_seen(pictures: Tensor) -> Tensor:
    """Bring pictures to the size of the judges: grey becomes colour, sides are stretched."""
    coloured = pictures.expand(-1, 3, -1, -1) if pictures.shape[1] == 1 else pictures
    return resize(coloured, (SIDE, SIDE))
