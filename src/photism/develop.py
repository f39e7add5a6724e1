"""From whatever a picture file holds to what a viewer shows: upright, opaque, 8 bits, sRGB."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import ExifTags, Image

from photism.errors import ImageError

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsProfile

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
"""Pillow's modes of grey with more than 8 bits."""
_GREY = ("1", "L", "LA", "La")
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
"""What the colour profile of a mode is for."""

Developed = tuple[Image.Image, list[str]]
"""A picture, and what a person should know of it."""


def develop(picture: Image.Image) -> Developed:
    """Return the first frame of a picture as a viewer shows it.

    Args:
        picture: opened by Pillow, of any mode.

    Returns:
        A picture of mode "L" or "RGB": laid on white where it is transparent, turned as its EXIF
        data says, its colours brought to sRGB by its colour profile.

    Raises:
        ImageError: its values are no brightness.
    """
    notes = []
    if picture.format != "MPO" and getattr(picture, "is_animated", False):  # MPO: of cameras
        picture.seek(0)
        notes.append("the first of several frames or pages")
    flat, more = flatten(picture)
    notes += more
    try:
        turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # EXIF data of any kind must not cost the picture
        turn = None
        notes.append("its EXIF data is damaged: it may lie on its side")
    return (flat if turn is None else flat.transpose(turn)), notes


def flatten(picture: Image.Image) -> Developed:
    """Return a picture in 8 bits, "L" or "RGB", in sRGB, on white where it is transparent."""
    if picture.mode in _DEEP:
        return _shallow(picture)
    mode = "L" if picture.mode in _GREY else "RGB"
    profile = picture.info.get("icc_profile")
    if not picture.has_transparency_data:
        own = picture if picture.mode in _SPACES else picture.convert(mode)
        return _in_srgb(own, mode, profile)
    seen = _with_alpha(picture)
    alpha = seen.getchannel("A")
    colours, notes = _in_srgb(seen.convert(mode), mode, profile)
    if alpha.getextrema()[0] == 255:
        return colours, notes
    white = Image.new(mode, colours.size, "white")
    notes.append("transparent parts are laid on white")
    return Image.composite(colours, white, alpha), notes


def _with_alpha(picture: Image.Image) -> Image.Image:
    if picture.mode == "La":
        picture = picture.convert("LA")
    clear = picture.info.get("transparency")
    if isinstance(clear, tuple) and max(clear, default=0) > 255:  # of 16 bits, where Pillow reads 8
        picture = picture.copy()
        picture.info["transparency"] = tuple(value >> 8 for value in clear)
    return picture.convert("RGBA")


def _in_srgb(picture: Image.Image, mode: str, profile: bytes | None) -> Developed:
    """Bring a picture without transparency to a mode, its colours by its profile to sRGB."""
    from PIL import ImageCms

    theirs: Any = None
    try:
        if profile:
            found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            fits = found.profile.xcolor_space.strip() == _SPACES[picture.mode]
            theirs = found if fits and not _is_srgb(found) else None
        elif picture.mode == "LAB":
            theirs = ImageCms.createProfile("LAB")
        if theirs is not None:
            transform = ImageCms.buildTransform(theirs, _srgb(), picture.mode, "RGB")
            picture = cast("Image.Image", ImageCms.applyTransform(picture, transform))
    except Exception:  # of any kind, it must not cost the picture
        return picture.convert(mode), ["its colour profile is damaged: colours may be off"]
    return picture.convert(mode), []


def _is_srgb(profile: ImageCmsProfile) -> bool:
    """Whether a profile says that it is sRGB, as most do; nothing is rounded then."""
    return "sRGB" in (profile.profile.profile_description or "")


@cache
def _srgb() -> ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _shallow(picture: Image.Image) -> Developed:
    """Bring grey of 16 bits, or of numbers of any kind, to 8; return what `flatten` does."""
    picture.load()
    values = np.asarray(picture).astype(np.float64)
    least, most = values.min(), values.max()
    if picture.mode.startswith("I;16") or picture.format == "PNG":
        top = 65_535
    elif least >= 0 and most <= 65_535:
        top = 1 if picture.mode == "F" and most <= 1 else 255 if most <= 255 else 65_535
    else:
        raise ImageError(
            f"holds values from {least:g} to {most:g}, which are no brightness: save it with 8 or"
            " 16 bits"
        )
    clear = values == (seen if isinstance(seen := picture.info.get("transparency"), int) else None)
    levels = np.where(clear, 255, np.rint(values * (255 / top)))
    notes = ["transparent parts are laid on white"] if clear.any() else []
    return Image.fromarray(levels.astype(np.uint8)), notes
