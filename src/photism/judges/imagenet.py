"""ResNet-50 as trained on ImageNet: where a judge of colour pictures may start from."""

from __future__ import annotations

from torch import Tensor

from photism.errors import DownloadError


def download_resnet50() -> dict[str, Tensor]:
    """Return torchvision's weights of ResNet-50, fetched on first use and kept in torch's cache.

    Returns:
        Name in torchvision to tensor.

    Raises:
        DownloadError: there is no network, or what arrived is not what was published.
    """
    from torchvision.models import ResNet50_Weights

    published = ResNet50_Weights.IMAGENET1K_V2
    try:
        return dict(published.get_state_dict(check_hash=True, weights_only=True))
    except (OSError, RuntimeError) as error:
        raise DownloadError(
            f"cannot fetch {published.url} ({error}): give --weights a safetensors file, or leave"
            " it out to start from scratch"
        ) from error
