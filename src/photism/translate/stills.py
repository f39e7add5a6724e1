"""From a picture to what a system takes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from torch import Tensor

from photism import images
from photism.errors import ImageError


@dataclass(frozen=True)
class Still:
    """A picture as a system takes it."""

    tensor: Tensor
    """`(channel, height, width)` in [-1, 1]."""
    source: str
    notes: tuple[str, ...] = ()


def still(source: Any, shape: tuple[int, int, int]) -> Still:
    """Read a picture and bring it to the shape that a system takes.

    Args:
        source: a path, the bytes of a file, an open file, a PIL picture, or an array
            `(height, width)` or `(height, width, channel)` of bytes.
        shape: channel, height and width wanted.

    Returns:
        The picture; a note says where it is all of one colour.

    Raises:
        ImageError: it is no picture, damaged, or too large.
    """
    raster = images.read(_openable(source))
    return Still(images.fit(raster, shape), _name(source), raster.notes)


def _openable(source: Any) -> str | Path | bytes | BinaryIO | Image.Image:
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim not in (2, 3):
            raise ImageError(
                f"an array of a picture is (height, width, channel) uint8, not {source.shape}"
                f" {source.dtype}"
            )
        try:
            return Image.fromarray(source.squeeze(-1) if source.shape[2:] == (1,) else source)
        except (TypeError, ValueError) as error:
            raise ImageError(f"an array of {source.shape} is no picture") from error
    return source


def _name(source: Any) -> str:
    if isinstance(source, str | Path):
        return str(source)
    name = getattr(source, "filename", None) or getattr(source, "name", None)
    return str(name) if isinstance(name, str | Path) and str(name) else "a picture"
