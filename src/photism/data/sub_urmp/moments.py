"""Moments: half a second of a performance, named and chosen before anything of it is read."""

from __future__ import annotations

import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.errors import DataError, ImageError

if TYPE_CHECKING:
    from PIL import Image

CLASSES = (
    *("bassoon", "cello", "clarinet", "double_bass", "flute", "horn", "oboe"),
    *("sax", "trombone", "trumpet", "tuba", "viola", "violin"),
)
WINDOW_MS = 500
HOP_MS = 100
RATE = 44_100
Crop = Literal["resize", "crop286"]

_STEM = re.compile(r"([a-z_]+)(\d+)_(\d+)")
_DRAWN_FIRST, _CROPPED = 286, 256


@dataclass(frozen=True)
class Moment:
    """Half a second of one performance."""

    split: str
    label: int
    performance: str
    """Instrument and number of the piece, such as "bassoon00"."""
    time_ms: int
    """The suffix of the file's name, most probably where the half-second ends."""

    @property
    def key(self) -> str:
        """Unique name, such as "train/bassoon/bassoon00_23700"."""
        return f"{self.split}/{CLASSES[self.label]}/{self.performance}_{self.time_ms}"

    @property
    def order(self) -> tuple[bool, int, str, int]:
        """Place among others: training first, then by class, performance and time."""
        return self.split != "train", self.label, self.performance, self.time_ms


def parse(split: str, stem: str, folder: str | None = None) -> Moment:
    """Read a moment from a file's name, `<instrument><piece>_<milliseconds>`.

    Args:
        split: which part it belongs to.
        stem: the name without its ending.
        folder: the instrument that the folder names; None where it need not name one.

    Returns:
        The moment.

    Raises:
        DataError: another name or instrument, or a folder that disagrees; the message is a reason
            to leave the file out.
    """
    match = _STEM.fullmatch(stem)
    for instrument in (folder, match and match[1]):
        if instrument is not None and instrument not in CLASSES:
            raise DataError(f"other instrument: {instrument} is none of the {len(CLASSES)}")
    if match is None:
        raise DataError("unknown name: not <instrument><piece>_<milliseconds>")
    if folder not in (None, match[1]):
        raise DataError(f"mislabelled: the folder says {folder}, the name {match[1]}")
    return Moment(split, CLASSES.index(match[1]), match[1] + match[2], int(match[3]))


def choose(
    moments: Iterable[Moment], *, stride: int = 1, max_per_class: int | None = None
) -> list[Moment]:
    """Thin moments out, evenly in time: neighbours are nearly the same.

    Args:
        moments: in any order.
        stride: of each performance take the first and every so many-th after it.
        max_per_class: at most so many of each class in each split; None takes all.

    Returns:
        Moments in their own order.
    """
    ordered = sorted(moments, key=lambda moment: moment.order)
    performances = groupby(ordered, key=lambda moment: moment.order[:3])
    strided = [moment for _, group in performances for moment in islice(group, 0, None, stride)]
    if max_per_class is None:
        return strided
    chosen: list[Moment] = []
    for _, group in groupby(strided, key=lambda moment: moment.order[:2]):
        of_class = list(group)
        count = min(max_per_class, len(of_class))
        chosen += [of_class[number * len(of_class) // count] for number in range(count)]
    return chosen


@dataclass(frozen=True)
class Canvas:
    """How a picture of any size becomes the square one that networks see."""

    size: int
    crop: Crop
    seed: int
    sound_size: int = 128
    """Side of pictures of sounds, where these come drawn."""

    def draw(self, picture: Image.Image, key: str) -> np.ndarray:
        """Resize a picture, with or without a random crop before.

        Args:
            picture: RGB.
            key: name of the moment; with the seed it decides the crop.

        Returns:
            `(size, size, 3)` uint8.

        Raises:
            ImageError: it is smaller than the square.
        """
        from PIL.Image import Resampling

        _require_size(picture, self.size)
        if self.crop == "crop286":
            rng = np.random.default_rng((self.seed, zlib.crc32(key.encode())))
            left, top = rng.integers(0, _DRAWN_FIRST - _CROPPED + 1, 2).tolist()
            drawn = picture.resize((_DRAWN_FIRST, _DRAWN_FIRST), Resampling.BICUBIC)
            picture = drawn.crop((left, top, left + _CROPPED, top + _CROPPED))
        return resized(picture, self.size)


def resized(picture: Image.Image, size: int) -> np.ndarray:
    """Resize a picture to a square with bicubic interpolation, whatever its sides.

    Args:
        picture: RGB.
        size: side of the square.

    Returns:
        `(size, size, 3)` uint8.

    Raises:
        ImageError: it is smaller than the square.
    """
    from PIL.Image import Resampling

    _require_size(picture, size)
    return np.asarray(picture.resize((size, size), Resampling.BICUBIC))


def _require_size(picture: Image.Image, size: int) -> None:
    if min(picture.size) < size:
        sides = f"{picture.width}×{picture.height}"
        raise ImageError(f"wrong size: {sides} pixels, smaller than {size}×{size}")


def read_picture(content: bytes) -> Image.Image:
    """Decode a picture of any kind, upright, on white where it is transparent.

    Args:
        content: of the file.

    Returns:
        The picture, RGB.

    Raises:
        ImageError: it cannot be read; the message does not name the file.
    """
    from PIL import Image

    from photism import images

    try:
        return Image.fromarray(images.read(content).pixels)
    except ImageError as error:
        raise ImageError(f"unreadable picture: {error}") from error


@dataclass(frozen=True)
class Drawn:
    """A moment as it was read."""

    sound: np.ndarray
    """`(sample,)` float32 in [-1, 1], or `(3, height, width)` uint8 if it came as a picture."""
    image: np.ndarray
    """`(height, width, 3)` uint8."""
    peak: float = float("nan")
    """Largest sample, of 1 for full scale; not a number if the sound came as a picture."""
    unequal: bool = False
    """The sound has two channels that differ; the first was read."""

    @property
    def blank(self) -> bool:
        """Whether the picture has one colour, so that there is nothing to see."""
        return bool((self.image == self.image[0, 0]).all())


Request = tuple[Moment, Callable[[], Drawn]]
"""A moment and how to draw it, which may happen in any thread and raise a PhotismError."""


class Collection(ABC):
    """Moments in one place and form.

    Args:
        place: a folder or archive.
    """

    drawn_sounds: ClassVar[bool] = False
    """Sounds are ready-made pictures."""
    published: ClassVar[bool] = True
    """These are pairs of the published data set."""
    about: ClassVar[str] = ""
    """A note for the card."""
    no_test: ClassVar[str]
    """A note for the card where none is of the test part."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.skipped: list[dict[str, str]] = []
        """Files left out so far, with the reason."""
        self.moments = self._find()
        """Every moment that has both halves."""

    def skip(self, file: str, reason: object) -> None:
        """List a file as left out."""
        self.skipped.append({"file": file, "reason": str(reason)})

    @abstractmethod
    def _find(self) -> list[Moment]:
        """Return the moments that have both halves; list the files that belong to none."""

    @abstractmethod
    def draw(self, chosen: Sequence[Moment], canvas: Canvas, scratch: Path) -> Iterator[Request]:
        """Read moments; what cannot be read is left out and listed.

        Args:
            chosen: some of the collection's moments, in their own order.
            canvas: makes the pictures.
            scratch: folder for a temporary file.

        Yields:
            Moments with what is left to do.
        """
