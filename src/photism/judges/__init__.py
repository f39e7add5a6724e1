"""Judges: classifiers trained on real examples, frozen; one file a kind, and the dict of them."""

from __future__ import annotations

from photism.errors import ConfigError, nearest
from photism.judges.base import Judge
from photism.judges.colour import ResNet18, ResNet50, Small
from photism.judges.independent.aisfx import AISFX
from photism.judges.independent.efficientnet_lite0 import EfficientNetLite0
from photism.judges.lenet5 import LeNet5

ARCHITECTURES: dict[str, type[Judge]] = {
    judge.architecture: judge
    for judge in (LeNet5, Small, ResNet18, ResNet50, AISFX, EfficientNetLite0)
}


def architecture(name: str) -> type[Judge]:
    """Return a class of judges.

    Args:
        name: such as "lenet5".

    Returns:
        The class, to be called with a name, classes, shape of pictures and names of factors.

    Raises:
        ConfigError: there is none of that name; the nearest is suggested.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"unknown judge architecture {name!r}: {nearest(name, ARCHITECTURES)}")
    return ARCHITECTURES[name]
