"""What may be given to a translator, and whether it is a sound or a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from photism import images
from photism.media import Medium

Source = str | Path | bytes | BinaryIO | np.ndarray | Sequence[float] | Image.Image
"""A path, the bytes of a file, an open file, samples, or a picture."""


def medium_of(source: Any, rate: int | None = None) -> Medium:
    """Tell whether something is a sound or a picture, by its content before its name.

    Args:
        source: as `Translator.translate` takes it. What cannot be told is taken for a sound: there
            are more kinds of these, and reading it says what is wrong.
        rate: samples per second; what has one is a sound.

    Returns:
        "sound" or "image".
    """
    if rate is not None:
        return "sound"
    if isinstance(source, Image.Image):
        return "image"
    if isinstance(source, np.ndarray):
        return "image" if source.dtype == np.uint8 and source.ndim in (2, 3) else "sound"
    if isinstance(source, str | Path):
        return "image" if _is_picture(Path(source)) else "sound"
    if isinstance(source, bytes | bytearray | memoryview):
        return "image" if images.recognise(io.BytesIO(source)) else "sound"
    if hasattr(source, "read") and hasattr(source, "seek") and source.seekable():
        return "image" if images.recognise(source) else "sound"
    return "sound"


def _is_picture(path: Path) -> bool:
    """Look into a file that is there; go by the name of one that is not."""
    if not path.is_file():
        return images.is_picture(path)
    try:
        with open(path, "rb") as file:
            return images.recognise(file)
    except OSError:
        return images.is_picture(path)
