"""LeNet5, the judge of AIVAE's paper.

M. Żelaszczyk and J. Mańdziuk, "Audio-to-Image Cross-Modal Generation", 2021, arXiv:2109.13354.
Their table prints the kernel in the stride column and the input channels in the kernel column; this
is the reading that gives the sizes it states.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from photism.errors import ConfigError
from photism.judges.base import Judge, JudgeOutput
from photism.judges.card import shown
from photism.judges.factors import FactorHead


class LeNet5(Judge):
    """LeNet5 on 28×28 grey pictures (AIVAE paper, table 3): 61,706 parameters with ten classes.

    Args:
        name: see `Judge`.
        classes: see `Judge`.
        image_shape: no other is taken.
        factors: see `Judge`.

    Raises:
        ConfigError: pictures of another shape.
    """

    architecture = "lenet5"

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        image_shape: tuple[int, int, int] = (1, 28, 28),
        factors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, classes, image_shape, factors)
        if image_shape != (1, 28, 28):
            raise ConfigError(
                f"lenet5 takes grey pictures of 1 × 28 × 28, not {shown(image_shape)}: choose small"
                " or resnet50 for colour pictures"
            )
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.hidden = nn.Linear(120, 84)
        self.output = nn.Linear(84, len(classes))
        self.reader = FactorHead(84, len(classes), len(factors)) if factors else None

    def judge(self, images: Tensor) -> JudgeOutput:
        """Judge `(batch, 1, 28, 28)` in [-1, 1]; features are `(batch, 84)`, >= 0."""
        x = F.pad((images + 1) / 2, (2, 2, 2, 2))  # (batch, 1, 32, 32), black around
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # (batch, 6, 14, 14)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (batch, 16, 5, 5)
        x = F.relu(self.conv3(x)).flatten(1)  # (batch, 120)
        features = F.relu(self.hidden(x))
        return JudgeOutput(self.output(features), features)
