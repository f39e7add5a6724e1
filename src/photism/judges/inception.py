"""Inception, the network whose features FID, Inception Score and KID are defined on.

C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015,
arXiv:1512.00567, with the weights of 2015-12-05 that M. Heusel et al., arXiv:1706.08500, chose. The
network is torch-fidelity's (extra `eval`); its weights are given as a file, or downloaded.
"""

from __future__ import annotations

import io
from pathlib import Path

import torch
from torch import Tensor, nn

from photism.data.fetch import Archive, fetch
from photism.errors import ConfigError, DownloadError, WeightsError
from photism.files import home, sha256
from photism.stored import read_pickled, read_tensors

DOWNLOAD = "download"
PUBLISHED = Archive(
    name="weights-inception-2015-12-05-6726825d.pth",
    urls=(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
    ),
    size_bytes=95_628_359,
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
)
_AT_A_TIME = 50


class Inception(nn.Module):
    """Inception-v3 as FID is defined on it, frozen.

    Args:
        network: torch-fidelity's, giving "2048" and "logits_unbiased".
        digest: SHA-256 of the file of its weights.
    """

    def __init__(self, network: nn.Module, digest: str) -> None:
        super().__init__()
        self.network = network
        self.digest = digest

    @property
    def published(self) -> bool:
        """Whether these are the weights that figures of the literature are taken with."""
        return self.digest == PUBLISHED.sha256

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Look at pictures, which are resized to 299 × 299.

        Args:
            images: `(batch, channel, height, width)` in [-1, 1], grey or in colour.

        Returns:
            Features `(batch, 2048)` and probabilities of ImageNet's classes `(batch, 1008)`.
        """
        levels = images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        parts = levels.expand(-1, 3, -1, -1).split(_AT_A_TIME)
        features, logits = map(torch.cat, zip(*(self.network(p) for p in parts), strict=True))
        return features, logits.softmax(dim=1)


def load_inception(source: str | Path) -> Inception:
    """Load Inception with its weights.

    Args:
        source: the file `weights-inception-2015-12-05-6726825d.pth` of torch-fidelity, or
            pytorch-fid's, or the same tensors as safetensors; "download" fetches it once.

    Returns:
        The network, in eval mode, on the CPU.

    Raises:
        ConfigError: torch-fidelity is not installed, or there is no such file.
        DownloadError: no mirror gave the file.
        WeightsError: the file is damaged, or holds other weights.
    """
    wanted = str(source) == DOWNLOAD
    if not wanted and not Path(source).is_file():
        raise ConfigError(
            f"no file {source} with Inception weights: give {PUBLISHED.name}, or say {DOWNLOAD!r}"
        )
    try:
        from torch_fidelity import FeatureExtractorInceptionV3
    except ImportError as error:
        raise ConfigError(
            "FID, KID and Inception Score need torch-fidelity: pip install 'photism[eval]'"
        ) from error
    path = _download() if wanted else Path(source)
    stored = io.BytesIO()  # torch-fidelity unpickles what it is given: it gets bytes made here
    torch.save(_read(path), stored)
    stored.seek(0)
    try:
        network = FeatureExtractorInceptionV3(
            "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=stored
        )
    except RuntimeError as error:
        raise WeightsError(
            f"{path} holds the weights of another network: give {PUBLISHED.name}"
        ) from error
    return Inception(network, sha256(path)).eval()


def _download() -> Path:
    try:
        return fetch(PUBLISHED, home() / "inception").path
    except DownloadError as error:
        raise DownloadError(
            f"{PUBLISHED.name} could not be fetched: get {PUBLISHED.urls[0]} by other means and"
            " give the file with --inception"
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    """Read tensors by name from safetensors, or from a pickle that holds nothing else."""
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        return read_pickled(path)
    except WeightsError as error:
        raise WeightsError(f"{error}: get {PUBLISHED.name} again") from error
