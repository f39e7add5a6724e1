"""Classifiers of colour pictures: ResNet-50, ResNet-18 for small pictures, and a smaller one.

K. He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385, as torchvision
builds them. They take pictures of any size in [-1, 1], without ImageNet's mean and deviation.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from photism.blocks.imagenet import read_resnet50
from photism.errors import WeightsError
from photism.stored import below, find_tensors

Architecture = Literal["resnet50", "resnet18", "small"]
Head = Literal["replaced", "added"]


class Classifier(nn.Module):
    """Colour picture to class scores.

    Args:
        architecture: "resnet50" (23,534,669 parameters with 13 classes), "resnet18" with a 3×3 stem
            and without its first pooling, or "small": four convolutions.
        classes: number of classes.
        head: "replaced" puts the last layer in the place of ImageNet's, "added" on top of it.
    """

    def __init__(self, architecture: Architecture, classes: int, head: Head = "replaced") -> None:
        super().__init__()
        self.body, feature = _body(architecture, head)
        self.output = nn.Linear(feature, classes)  # (batch, class)
        self._fixed: list[tuple[tuple[object, ...], nn.Module]] = []  # a list is no submodule

    def features(self, image: Tensor) -> Tensor:
        """Map `(batch, 3, height, width)` in [-1, 1] to `(batch, feature)`."""
        return self.body(image)

    def forward(self, image: Tensor) -> Tensor:
        """Map `(batch, 3, height, width)` in [-1, 1] to logits `(batch, class)`."""
        return self.output(self.features(image))

    def judge(self, image: Tensor) -> Tensor:
        """Return logits in single precision; gradients reach the picture and not the weights.

        It sees with statistics as in eval mode, and under autocast with weights that are rounded
        when they have changed, not in every pass.
        """
        if torch.compiler.is_exporting():  # runtimes make norms part of convolutions themselves
            return self(image)
        device = image.device.type
        low = torch.is_autocast_enabled(device)
        dtype = torch.get_autocast_dtype(device) if low else self.output.weight.dtype
        with torch.autocast(device, enabled=False):
            return self._fix(dtype)(image.to(dtype)).float()

    def _fix(self, dtype: torch.dtype) -> nn.Module:
        """Return a copy without gradients, its batch norms part of convolutions."""
        tensors = itertools.chain(self.parameters(), self.buffers())
        state = (dtype, *((t.data_ptr(), not t.is_inference() and t._version) for t in tensors))
        if not self._fixed or self._fixed[0][0] != state:
            self._fixed.clear()  # not to be copied
            with torch.inference_mode(False), torch.no_grad():  # it may be for training, later
                fixed = copy.deepcopy(self).eval().requires_grad_(False)
                _fuse(fixed)
                self._fixed.append((state, fixed.to(dtype)))
        return self._fixed[0][1]

    def start_from(self, tensors: Mapping[str, Tensor]) -> None:
        """Copy weights of another classifier.

        Args:
            tensors: named as in `state_dict` here or in torchvision. A last layer of another number
                of classes, such as ImageNet's, is left out and this one's stays as it is.

        Raises:
            WeightsError: they are of another architecture.
        """
        own = self.state_dict()
        given = {_own_name(name, own): tensor for name, tensor in tensors.items()}
        last = {name for name in own if name.startswith("output.")}
        if any(given.get(name, own[name]).shape != own[name].shape for name in last):
            given = {name: tensor for name, tensor in given.items() if name not in last}
        missing = {name for name in own if "num_batches" not in name} - set(given) - last
        wrong = [n for n, tensor in given.items() if n not in own or tensor.shape != own[n].shape]
        if missing or wrong:
            different = sorted({*missing, *wrong})
            raise WeightsError(
                f"of another network: {len(different)} tensors differ, first {different[0]!r}"
            )
        self.load_state_dict(own | given)


def _fuse(network: nn.Module) -> None:
    """Make every batch norm that follows a convolution part of it, in place."""
    for parent in list(network.modules()):
        for (first, before), (second, layer) in itertools.pairwise(parent.named_children()):
            if isinstance(before, nn.Conv2d) and isinstance(layer, nn.BatchNorm2d):
                setattr(parent, first, fuse_conv_bn_eval(before, layer))
                setattr(parent, second, nn.Identity())


def _own_name(name: str, own: Mapping[str, Tensor]) -> str:
    """Translate torchvision's name of a tensor."""
    if name in own:
        return name
    if f"body.{name}" in own:
        return f"body.{name}"
    return name.replace("fc.", "output.")


def _body(architecture: Architecture, head: Head) -> tuple[nn.Module, int]:
    """Return all but the last layer, and the number of its features."""
    if architecture == "small":
        layers = [
            _convolution(3, 32),  # (batch, 32, height / 2, width / 2)
            _convolution(32, 64),  # (batch, 64, height / 4, width / 4)
            _convolution(64, 128),  # (batch, 128, height / 8, width / 8)
            _convolution(128, 256),  # (batch, 256, height / 16, width / 16)
            nn.AdaptiveAvgPool2d(1),  # (batch, 256, 1, 1)
            nn.Flatten(),  # (batch, 256)
        ]
        return nn.Sequential(*layers), 256
    from torchvision.models import resnet18, resnet50

    network = resnet50() if architecture == "resnet50" else resnet18()
    if architecture == "resnet18":
        network.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)  # (batch, 64, height, width)
        network.maxpool = nn.Identity()
    feature = network.fc.in_features
    if head == "added":
        return network, network.fc.out_features  # (batch, 1000)
    network.fc = nn.Identity()  # (batch, 2048), or of ResNet-18 (batch, 512)
    return network, feature


def _convolution(inward: int, outward: int) -> nn.Module:
    convolution = nn.Conv2d(inward, outward, 3, 2, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outward), nn.ReLU())


def classifier_tensors(source: str) -> dict[str, Tensor]:
    """Read what a classifier may start from.

    Args:
        source: as for `find_tensors`, or a file of torchvision's ResNet-50.

    Returns:
        Name to tensor.

    Raises:
        WeightsError: it cannot be read.
    """
    path = Path(source)
    return read_resnet50(path) if path.suffix == ".pth" and path.is_file() else find_tensors(source)


def start_classifier(network: Classifier, name: str, source: str) -> None:
    """Fill a classifier with what `source` holds under its name, or else with all of it.

    Args:
        network: filled in place.
        name: of the network in its system and of its settings there.
        source: as for `classifier_tensors`.

    Raises:
        WeightsError: `source` cannot be read, or is of another network.
    """
    try:
        tensors = classifier_tensors(source)
        network.start_from(below(name, tensors) or tensors)
    except WeightsError as error:
        raise WeightsError(
            f"{name}.weights={source}: {error}; without it, {name}.epochs trains one from scratch"
        ) from error
