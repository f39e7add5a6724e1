"""ResNet-50 as trained on ImageNet: where classifiers of colour pictures may start from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from photism.errors import DownloadError, WeightsError
from photism.files import sha256

IMAGENET = "imagenet"
"""What a setting says that asks for the download."""
Edition = Literal["IMAGENET1K_V1", "IMAGENET1K_V2"]
"""As torchvision calls them: the first is what there was until 2021."""
_PUBLISHED = ("0676ba61", "11ad3fa6")
"""How the SHA-256 of their files begins, which stands in the files' names."""


def download_resnet50(edition: Edition = "IMAGENET1K_V2") -> dict[str, Tensor]:
    """Return torchvision's weights of ResNet-50, fetched on first use and kept in torch's cache.

    Args:
        edition: which of them.

    Returns:
        Name in torchvision to tensor.

    Raises:
        DownloadError: there is no network, or what arrived is not what was published.
    """
    from torchvision.models import ResNet50_Weights

    published = ResNet50_Weights[edition]
    try:
        return dict(published.get_state_dict(check_hash=True, weights_only=True))
    except (OSError, RuntimeError) as error:
        raise DownloadError(
            f"cannot fetch {published.url} ({error}): a copy of the file will do in its place"
        ) from error


def read_resnet50(path: Path) -> dict[str, Tensor]:
    """Read a file of torchvision's weights of ResNet-50, which is a pickle: that file and no other.

    Args:
        path: such as `resnet50-0676ba61.pth`.

    Returns:
        Name in torchvision to tensor.

    Raises:
        WeightsError: it is another file, going by its SHA-256.
    """
    if not sha256(path).startswith(_PUBLISHED):
        raise WeightsError(
            f"{path} is a pickle, and none that torchvision publishes of ResNet-50: besides those"
            " photism reads only safetensors"
        )
    return dict(torch.load(path, map_location="cpu", weights_only=True))
