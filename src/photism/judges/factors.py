"""Factors: numbers of a scene, such as pitch and level, read back from its picture.

A factor is a numeric column of the data. Classes differ in it (a tuba is lower than a flute), so
knowing the class alone tells a lot; what counts here is what is read beyond that, within a class.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.data.pairs import PairDataset
from photism.errors import ConfigError, nearest


class FactorHead(nn.Module):
    """A last layer that reads factors from features, for each class in deviations from its mean.

    Args:
        feature: number of features.
        classes: number of classes.
        factors: number of factors.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, feature: int, classes: int, factors: int) -> None:
        super().__init__()
        self.output = nn.Linear(feature, classes * factors)
        self.register_buffer("mean", torch.zeros(classes, factors))
        self.register_buffer("deviation", torch.ones(classes, factors))

    def standardise(self, values: np.ndarray, labels: np.ndarray) -> None:
        """Set mean and deviation of every class from real values.

        Args:
            values: `(picture, factor)` in the units of the columns; NaN is left out.
            labels: `(picture,)`.
        """
        for label in np.unique(labels):
            of_class = values[labels == label].astype(np.float64)
            for factor, column in enumerate(of_class.T):
                counted = column[np.isfinite(column)]
                if len(counted):
                    self.mean[label, factor] = counted.mean()
                    self.deviation[label, factor] = counted.std() or 1.0

    def forward(self, features: Tensor, classes: Tensor) -> Tensor:
        """Read factors.

        Args:
            features: `(batch, feature)`.
            classes: how probable each class is, `(batch, class)`, sum 1; what each would mean is
                weighted by it.

        Returns:
            `(batch, factor)` in the units of the columns.
        """
        deviations = self.output(features).unflatten(1, self.mean.shape)  # (batch, class, factor)
        return (classes[:, :, None] * (self.mean + self.deviation * deviations)).sum(dim=1)

    def loss(self, features: Tensor, labels: Tensor, values: Tensor) -> Tensor:
        """Return the mean squared error in deviations of the true class.

        Args:
            features: `(batch, feature)`.
            labels: `(batch,)`.
            values: `(batch, factor)` in the units of the columns; NaN is left out.

        Returns:
            A scalar; reading nothing but the class costs about 1.
        """
        read = self(features, F.one_hot(labels, len(self.mean)).to(features.dtype))
        counted = values.isfinite()
        error = (read - torch.where(counted, values, read)) / self.deviation[labels]
        return error.square().sum() / counted.sum().clamp(min=1)


def read_factors(dataset: PairDataset, names: tuple[str, ...]) -> np.ndarray:
    """Return columns of a data set as numbers.

    Args:
        dataset: a split.
        names: of numeric columns.

    Returns:
        `(pair, factor)` float32; NaN where the column `silent`, if there is one, is true: nobody
        plays, so there is nothing to read.

    Raises:
        ConfigError: there is no such column, or it holds no numbers.
    """
    columns = dataset.card.columns
    numeric = [name for name, kind in columns.items() if kind in ("int", "float")]
    for name in names:
        if name not in columns:
            raise ConfigError(
                f"{dataset.folder} has no column {name!r} to read: {nearest(name, numeric)}"
                if numeric
                else f"{dataset.folder} has no numeric column, so no factor {name!r} to read"
            )
        if name not in numeric:
            raise ConfigError(
                f"column {name!r} of {dataset.folder} holds {columns[name]} values, a factor is a"
                f" number: {nearest('', numeric)}"
            )
    values = np.empty((len(dataset), len(names)), np.float32)
    for place, name in enumerate(names):
        values[:, place] = dataset.column(name)
    if columns.get("silent") == "bool":
        values[dataset.column("silent").astype(bool)] = np.nan
    return values
