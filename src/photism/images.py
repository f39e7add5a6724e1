"""Pictures: from tensors and back, enlarged for the eye, in grids, as PNGs that know their origin.

A picture tensor is `(channel, height, width)` in [-1, 1] with one channel (grey) or three (RGB).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, UnidentifiedImageError

from photism.errors import ImageError
from photism.files import write_bytes
from photism.version import __version__

if TYPE_CHECKING:
    from torch import Tensor

PROVENANCE = "photism"
"""Keyword of the PNG text chunk that holds the provenance as JSON."""


def to_pil(image: Tensor | np.ndarray) -> Image.Image:
    """Turn a picture tensor into an 8-bit PIL picture, rounding to the nearest level.

    Args:
        image: `(channel, height, width)` in [-1, 1]; values outside are clipped.

    Returns:
        A grey ("L") or colour ("RGB") picture.

    Raises:
        ImageError: neither one nor three channels.
    """
    values = _array(image)
    if values.ndim != 3 or values.shape[0] not in (1, 3):
        raise ImageError(f"a picture is (1 or 3, height, width), not {tuple(values.shape)}")
    levels = np.rint((np.clip(values, -1, 1) + 1) * 127.5).astype(np.uint8)
    return Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))


def from_pil(picture: Image.Image) -> Tensor:
    """Turn a picture into `(channel, height, width)` float32 in [-1, 1]; grey keeps one channel."""
    import torch

    picture = picture.convert("L" if picture.mode in ("1", "L", "LA", "I;16") else "RGB")
    levels = np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)
    return torch.from_numpy(levels.astype(np.float32) / 127.5 - 1)


def resize(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring pictures to a size, bicubic and without aliases; those that have it stay as they are.

    Args:
        pictures: `(batch, channel, height, width)` in [-1, 1].
        size: height and width wanted.

    Returns:
        Pictures of that size in [-1, 1].
    """
    import torch.nn.functional as F

    if pictures.shape[2:] == size:
        return pictures
    return F.interpolate(pictures, size, mode="bicubic", antialias=True).clamp(-1, 1)


def enlarge(picture: Image.Image, size: int) -> Image.Image:
    """Repeat pixels until the longer side is as near to `size` as a whole factor allows.

    Nothing is smoothed and nothing shrinks, so every pixel of the original can be read back.

    Args:
        picture: any picture.
        size: longer side aimed at, in pixels; not exceeded unless the picture already does.

    Returns:
        The enlarged picture.
    """
    factor = max(1, size // max(picture.size))
    size_px = (picture.width * factor, picture.height * factor)
    return picture.resize(size_px, Image.Resampling.NEAREST)


def grid(
    pictures: Sequence[Image.Image],
    columns: int,
    *,
    labels: Sequence[str] | None = None,
    gap: int = 4,
    font_size: int = 12,
) -> Image.Image:
    """Lay pictures of any sizes out row by row on white, each at the foot of its cell.

    Args:
        pictures: at least one.
        columns: cells in a row.
        labels: a text below each picture; cut at the width of the cell.
        gap: white space around each picture, in pixels.
        font_size: height of the labels, in pixels.

    Returns:
        A picture, in colour where one of `pictures` is.

    Raises:
        ImageError: no pictures, or labels of another number.
    """
    if not pictures or columns < 1:
        raise ImageError("a grid needs at least one picture and one column")
    if labels is not None and len(labels) != len(pictures):
        raise ImageError(f"{len(labels)} labels for {len(pictures)} pictures")
    columns = min(columns, len(pictures))
    text_height = font_size + gap if labels else 0
    cell_width = max(p.width for p in pictures) + gap
    cell_height = max(p.height for p in pictures) + gap + text_height
    rows = -(-len(pictures) // columns)
    mode = "L" if all(p.mode == "L" for p in pictures) else "RGB"
    canvas = Image.new(mode, (columns * cell_width + gap, rows * cell_height + gap), "white")
    for index, picture in enumerate(pictures):
        left = gap + index % columns * cell_width
        top = gap + index // columns * cell_height
        bottom = top + cell_height - gap - text_height
        inset = (cell_width - gap - picture.width) // 2
        canvas.paste(picture, (left + inset, bottom - picture.height))
        if labels:
            label = _label(labels[index], cell_width - gap, font_size, mode)
            canvas.paste(label, (left, bottom + gap))
    return canvas


def _label(text: str, width: int, font_size: int, mode: str) -> Image.Image:
    label = Image.new(mode, (width, font_size), "white")
    # The font's own size leaves room for descenders within font_size pixels.
    font = ImageFont.load_default(size=font_size * 0.8)
    ImageDraw.Draw(label).text((0, 0), text, fill="black", font=font)
    return label


def log_mel_picture(
    log_mel: Tensor | np.ndarray, *, low_first: bool = True, colour_map: str = "magma"
) -> Image.Image:
    """Show a log-mel in colour, low frequencies at the bottom and time from left to right.

    Args:
        log_mel: `(mel_bin, frame)` in any unit; stretched from its least to its greatest value.
        low_first: row 0 is the lowest band.
        colour_map: a matplotlib colour map.

    Returns:
        An RGB picture of `frame` × `mel_bin` pixels.
    """
    from matplotlib import colormaps

    values = np.nan_to_num(_array(log_mel))
    values = values[::-1] if low_first else values
    span = values.max() - values.min()
    colours = colormaps[colour_map]((values - values.min()) / (span or 1), bytes=True)
    return Image.fromarray(colours[..., :3])


def show_log_mel(log_mel: Tensor | np.ndarray, origin: str) -> Image.Image:
    """Show a sound as a network sees it.

    Args:
        log_mel: `(channel, height, width)` in [-1, 1]; three channels are colours, drawn already.
        origin: of the front end: where the lowest band of a grey picture lies, "top" or "bottom".

    Returns:
        A picture in colour, of grey ones with low frequencies at the bottom.
    """
    if len(log_mel) == 3:
        return to_pil(log_mel)
    return log_mel_picture(log_mel[0], low_first=origin == "top")


def _array(values: Tensor | np.ndarray) -> np.ndarray:
    return values if isinstance(values, np.ndarray) else values.detach().float().cpu().numpy()


def png(picture: Image.Image, provenance: Mapping[str, Any] | None = None) -> bytes:
    """Encode a picture as PNG, with its provenance in text chunks.

    The standard keywords "Software" and "Description" are for other programs; the keyword
    `PROVENANCE` holds everything as JSON. The bytes depend on picture and provenance alone.

    Args:
        picture: what to encode.
        provenance: values that JSON can hold; "description" is a sentence for people.

    Returns:
        The content of a PNG file.
    """
    text = PngImagePlugin.PngInfo()
    if provenance is not None:
        text.add_text("Software", f"photism {__version__}")
        if "description" in provenance:
            text.add_itxt("Description", str(provenance["description"]))
        text.add_itxt(PROVENANCE, json.dumps(provenance, ensure_ascii=False))
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=text)
    return file.getvalue()


def write_png(
    path: Path, picture: Image.Image, provenance: Mapping[str, Any] | None = None
) -> None:
    """Write a PNG with its provenance, complete or not at all.

    Args:
        path: the file; its folder is made where it is missing.
        picture: what to write.
        provenance: as for `png`.

    Raises:
        StorageError: the disk is full or the folder is not writable.
    """
    write_bytes(path, png(picture, provenance))


def read_provenance(path: Path) -> dict[str, Any]:
    """Read what made a picture from the PNG that photism wrote.

    Args:
        path: the PNG.

    Returns:
        What `png` was given as provenance.

    Raises:
        ImageError: it cannot be read, is no picture, or was not written by photism.
    """
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            picture.load()
            text = getattr(picture, "text", {}).get(PROVENANCE)
    except UnidentifiedImageError as error:
        raise ImageError(f"{path} is not a PNG: only those carry photism's provenance") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path} cannot be read: {reason}") from error
    if text is None:
        raise ImageError(
            f"{path} has no provenance: photism did not write it, or something edited it"
        )
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise ImageError(f"{path} carries a damaged provenance: {error}") from error
