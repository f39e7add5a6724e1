"""MNIST: 60,000 + 10,000 handwritten digits (LeCun, Cortes, Burges 1998).

Read from the four IDX files, packed or not, or from folders of PNG pictures, one a class:
`train/0/….png` … `test/9/….png`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photism.data.archives import members
from photism.data.fetch import Archive, Upstream, find_archive
from photism.errors import DataError, ImageError
from photism.files import walk

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def _archive(name: str, size_bytes: int, sha256: str) -> Archive:
    return Archive(name, tuple(mirror + name for mirror in _MIRRORS), size_bytes, sha256)


MNIST = Upstream(
    name="mnist",
    what="handwritten digits, 60,000 + 10,000",
    licence="CC BY-SA 3.0",
    credit="Yann LeCun, Corinna Cortes, Christopher Burges",
    homepage="https://yann.lecun.com/exdb/mnist/",
    archives=(
        _archive(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        _archive(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        _archive(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        _archive(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)


@dataclass(frozen=True)
class Digits:
    """Pictures of one part, `(picture, 28, 28)` uint8, ink bright, and the digit of each."""

    name: str
    images: np.ndarray
    labels: np.ndarray
    skipped: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Mnist:
    """The two official parts."""

    train: Digits
    test: Digits


def read_mnist(folder: Path) -> Mnist:
    """Read MNIST from below a folder, whichever of its forms is there.

    Args:
        folder: searched for the IDX files, then for folders of PNG pictures.

    Returns:
        Both parts, in the order of the files.

    Raises:
        DataError: neither form is there, or a file is damaged or not what its name says.
    """
    found = [find_archive(a, folder) or _find_unpacked(a, folder) for a in MNIST.archives]
    if all(found):
        arrays = [_read_idx(path) for path in found if path]
        return Mnist(
            train=_digits("train", arrays[0], arrays[1]), test=_digits("test", arrays[2], arrays[3])
        )
    if any(found):
        missing = [a.name for a, path in zip(MNIST.archives, found, strict=True) if not path]
        raise DataError(
            f"MNIST below {folder} is incomplete, {', '.join(missing)} not found: run"
            " `photism data fetch mnist`, or say with --from where all four files are"
        )
    train, test = (_find_class_folders(folder, names) for names in (_TRAIN_NAMES, _TEST_NAMES))
    if train and test:
        return Mnist(train=_read_pictures("train", train), test=_read_pictures("test", test))
    raise DataError(
        f"no MNIST below {folder}: neither {MNIST.archives[0].name} and its companions nor"
        " folders train/0 … test/9 of PNG pictures; run `photism data fetch mnist`, or say with"
        " --from where it is"
    )


_TRAIN_NAMES = ("train", "training")
_TEST_NAMES = ("test", "testing")


def _find_unpacked(archive: Archive, folder: Path) -> Path | None:
    name = archive.name.removesuffix(".gz")
    spellings = (name, name.replace("-idx", ".idx"))
    found = sorted(path for path in walk(folder) if path.name in spellings and path.is_file())
    return min(found, key=lambda path: spellings.index(path.name), default=None)


def _read_idx(path: Path) -> np.ndarray:
    """Return the array of an IDX file: two zero bytes, type, rank, big-endian sizes, values."""
    try:
        content = next(members(path)).read() if path.suffix == ".gz" else path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise DataError(f"{path} is not an IDX file of bytes")
    header = 4 + 4 * content[3]
    if len(content) < header:
        raise DataError(f"{path} is cut short: it ends within its header")
    shape = tuple(np.frombuffer(content[4:header], ">u4").tolist())
    if len(content) - header != math.prod(shape):
        raise DataError(f"{path} is cut short: {len(content) - header:,} values for {shape}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _digits(name: str, images: np.ndarray, labels: np.ndarray) -> Digits:
    if images.shape != (len(labels), 28, 28) or labels.ndim != 1 or labels.max(initial=0) > 9:
        raise DataError(
            f"the IDX files of MNIST {name} do not fit together: pictures {images.shape}, labels"
            f" {labels.shape} up to {labels.max(initial=0)}"
        )
    return Digits(name, images, labels.astype(np.int64))


def _find_class_folders(folder: Path, names: tuple[str, ...]) -> Path | None:
    inside = {place for path in walk(folder) for place in path.parents[:3]}
    for path in sorted(place for place in inside if place.is_relative_to(folder)):
        if path.name in names and all((path / str(digit)).is_dir() for digit in range(10)):
            return path
    return None


def _read_pictures(name: str, folder: Path) -> Digits:
    from PIL import Image

    from photism.images import read

    images, labels, skipped = [], [], []
    for member in members(folder):
        if not member.name.lower().endswith(".png"):
            continue
        try:
            image = np.asarray(Image.fromarray(read(member.read()).pixels).convert("L"))
            if image.shape != (28, 28):
                raise ImageError(f"{image.shape[1]}×{image.shape[0]} instead of 28×28")
        except (DataError, ImageError) as error:
            skipped.append({"file": f"{folder.name}/{member.name}", "reason": str(error)})
            continue
        images.append(image)
        labels.append(int(member.name[0]))
    if not images:
        raise DataError(f"{folder} holds no PNG picture that can be read")
    return Digits(name, np.stack(images), np.array(labels, np.int64), tuple(skipped))
