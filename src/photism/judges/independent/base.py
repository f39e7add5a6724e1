"""A network of others with a last layer of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from photism.errors import ConfigError, WeightsError
from photism.judges.base import Judge, JudgeOutput
from photism.judges.perceive import Percept
from photism.media import Medium


class IndependentJudge(Judge):
    """Features of a network that others trained, and a linear layer that names classes.

    Args:
        name: see `Judge`.
        classes: see `Judge`.
        image_shape: see `Judge`; what `view` returns.
        factors: none: it reads nothing but classes.

    Raises:
        ConfigError: it is to read factors.
    """

    judges: ClassVar[Medium]
    """What it judges."""
    features: ClassVar[int]
    """Number of its features."""

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int],
        factors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, classes, image_shape, factors)
        if factors:
            raise ConfigError(f"{self.architecture} reads no {', '.join(factors)}: leave them out")
        self.body = self.network()
        self.scale = nn.BatchNorm1d(self.features, affine=False)
        self.output = nn.Linear(self.features, len(classes))

    @classmethod
    def network(cls) -> nn.Module:
        """Return the network, `(batch, channel, height, width)` to `(batch, feature)`."""
        raise NotImplementedError

    @classmethod
    def shape_for(cls, percept: Percept) -> tuple[int, int, int]:
        """Return the shape that pictures, or sounds of a length, are brought to."""
        raise NotImplementedError

    @property
    def medium(self) -> Medium:
        """What it judges."""
        return self.judges

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge what `view` returned."""
        features = self.body(images)
        return JudgeOutput(self.output(self.scale(features)), features)

    def start_from(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the published weights of the network.

        Args:
            tensors: of the published network in its own order, the last layers it was trained with
                behind those that are wanted.

        Raises:
            WeightsError: they are of another network.
        """
        own = self.body.state_dict()
        given = dict(zip(own, tensors.values(), strict=False))
        wrong = [name for name in own if name not in given or given[name].shape != own[name].shape]
        if wrong:
            raise WeightsError(
                f"the weights are not those of {self.architecture}: {len(wrong)} tensors differ,"
                f" first {wrong[0]!r}"
            )
        self.body.load_state_dict(given)
