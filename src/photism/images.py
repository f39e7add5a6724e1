"""Pictures: read from any file, from tensors and back, in grids, as PNGs that know their origin.

A picture tensor is `(channel, height, width)` in [-1, 1] with one channel (grey) or three (RGB).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, UnidentifiedImageError

from photism.develop import develop, flatten
from photism.errors import ImageError
from photism.files import parse_json, write_bytes
from photism.terminal import printable
from photism.version import __version__

if TYPE_CHECKING:
    from torch import Tensor

PROVENANCE = "photism"
"""Keyword of the PNG text chunk that holds the provenance as JSON."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM", "TIFF", "AVIF")
"""What is read, by content and not by name. None of them starts another program."""
MOST_PIXELS = 89_478_485
"""The largest picture that is decoded, where Pillow too begins to warn: 256 MiB of colour."""
_PNG = b"\x89PNG\r\n\x1a\n"
ENDINGS = frozenset(
    (
        ".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif",
        ".tiff", ".webp",
    )
)  # fmt: skip
"""Files taken from a folder; a file named by itself is looked into."""


def is_picture(path: PurePath) -> bool:
    """Whether a file's ending is that of a picture."""
    return path.suffix.lower() in ENDINGS


def recognise(file: BinaryIO) -> bool:
    """Whether an open file is a picture, by its first bytes; it stands where it stood.

    Args:
        file: one that can be read from where it stands again.

    Returns:
        True for what `read` would at least begin to read.
    """
    place = file.tell()
    try:
        with Image.open(file, formats=_formats()):
            return True
    except Exception:  # whatever it is, it is no picture
        return False
    finally:
        file.seek(place)


@dataclass(frozen=True)
class Raster:
    """A picture as it was read."""

    pixels: np.ndarray
    """`(height, width, 3)` uint8, RGB, upright."""
    notes: tuple[str, ...] = ()
    """What a person should know, such as that it is the first of several frames."""

    @property
    def blank(self) -> bool:
        """Whether all of it has one colour, so that there is nothing to see."""
        return bool((self.pixels == self.pixels[0, 0]).all())


def read(source: str | Path | bytes | BinaryIO | Image.Image) -> Raster:
    """Read a picture of any size and kind: grey, palette, CMYK, 16 bits, transparent, turned.

    What is transparent is laid on white, as every viewer shows it. Pictures that lie on their side
    are turned as their EXIF data says, and colours brought to sRGB where a colour profile says
    what else they are.

    Args:
        source: a file of one of `FORMATS`, its path or content, or an open file, read from where
            it stands; or a PIL picture.

    Returns:
        The picture, of several frames the first.

    Raises:
        ImageError: it is no picture, damaged, cut short, or has more than `MOST_PIXELS`, which is
            found before it is decoded. The message begins with the path, if there is one.
    """
    if isinstance(source, Image.Image):
        with _damage():
            return _raster(source)
    if isinstance(source, str | Path):
        try:
            with open(source, "rb") as file:
                return _decoded(file)
        except ImageError as error:
            raise ImageError(f"{source}: {error}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ImageError(f"{source} cannot be read: {reason}") from error
    return _decoded(io.BytesIO(source if isinstance(source, bytes) else source.read()))


def _decoded(file: BinaryIO) -> Raster:
    with _damage(), Image.open(file, formats=_formats()) as picture:
        return _raster(picture)


@cache
def _formats() -> tuple[str, ...]:
    return FORMATS if find_spec("PIL.AvifImagePlugin") else FORMATS[:-1]  # Pillow from 11.3


@contextmanager
def _damage() -> Iterator[None]:
    """Turn whatever Pillow raises, which for damaged files may be anything, into one error."""
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        kinds = ", ".join(FORMATS)
        raise ImageError(f"no picture that photism reads, which are {kinds}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_large()) from error
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ImageError(f"damaged or cut short ({reason})") from error


def _too_large() -> str:
    return f"more than {MOST_PIXELS // 10**6} million pixels: make it smaller first"


def _require_size(picture: Image.Image) -> None:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise ImageError(_too_large())
    if not pixels:
        raise ImageError("has no pixels")


def _raster(picture: Image.Image) -> Raster:
    _require_size(picture)
    developed, notes = develop(picture)
    raster = Raster(np.array(developed.convert("RGB")), tuple(notes))
    if raster.blank:
        return replace(raster, notes=(*notes, "all of it has one colour: there is nothing to see"))
    return raster


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

    levels = np.atleast_3d(np.asarray(flatten(picture)[0])).transpose(2, 0, 1)
    return torch.from_numpy(levels.astype(np.float32) / 127.5 - 1)


def fit(raster: Raster, shape: tuple[int, int, int]) -> Tensor:
    """Bring a picture to the shape that a network takes, whole, its sides stretched if they differ.

    Args:
        raster: a picture of any size.
        shape: channel (1 is grey), height and width wanted.

    Returns:
        `(channel, height, width)` float32 in [-1, 1], resized as pictures of training data are:
        bicubic, without aliases.

    Raises:
        ImageError: neither one nor three channels.
    """
    channels, height, width = shape
    if channels not in (1, 3):
        raise ImageError(f"a picture is (1 or 3, height, width), not {shape}")
    picture = Image.fromarray(raster.pixels).convert("L" if channels == 1 else "RGB")
    return from_pil(picture.resize((width, height), Image.Resampling.BICUBIC))


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
    ImageDraw.Draw(label).text((0, 0), printable(text), fill="black", font=font)
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
            text.add_itxt("Description", _encodable(str(provenance["description"])))
        text.add_itxt(PROVENANCE, _encodable(json.dumps(provenance, ensure_ascii=False)))
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=text)
    return file.getvalue()


def _encodable(text: str) -> str:
    r"""Write bytes of a name that were no text as `\udc80` and the like, which JSON reads back."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


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
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror or error}") from error
    if not content.startswith(_PNG):
        raise ImageError(f"{path} is not a PNG: only those carry photism's provenance")
    try:
        with _damage(), Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            _require_size(picture)
            picture.load()  # what stands behind the pixels counts too
            text = getattr(picture, "text", {}).get(PROVENANCE)
    except ImageError as error:
        raise ImageError(f"{path} cannot be read: {error}") from error
    if text is None:
        raise ImageError(
            f"{path} has no provenance: photism did not write it, or something edited it"
        )
    try:
        provenance = parse_json(text)
        if not isinstance(provenance, dict):
            raise ValueError("not a table")
    except ValueError as error:
        raise ImageError(f"{path} carries a damaged provenance: {error}") from error
    return provenance
