"""Pictures: exact conversion, grids, colours, and PNGs that tell where they come from."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mutations import mutated
from PIL import EpsImagePlugin, ExifTags, Image, ImageCms, features

from photism import images
from photism.errors import ImageError, StorageError


def saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def handmade_png(
    width: int, height: int, *, bits: int, kind: int, rows: bytes, clear: bytes | None = None
) -> bytes:
    """A PNG as its standard has it, also where Pillow writes none: 16 bits, with a clear colour."""
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    transparency = b"" if clear is None else chunk(b"tRNS", clear)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + transparency + body + chunk(b"IEND", b"")


# Reading

HALVES = Image.fromarray(np.repeat([[0] * 8 + [255] * 8], 24, axis=0).astype(np.uint8))
"""16 × 24: black to the left, white to the right."""


def deep(mode: str, white: float) -> Image.Image:
    kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    return Image.fromarray((np.asarray(HALVES) / 255 * white).astype(kind))


@pytest.mark.parametrize(
    ("picture", "format_"),
    [
        *((HALVES.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
        *((HALVES.convert(mode), "JPEG") for mode in ("L", "RGB", "CMYK")),
        *((HALVES.convert(mode), "TIFF") for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK")),
        *((HALVES.convert("RGB"), format_) for format_ in ("BMP", "PPM", "GIF")),
        (deep("I;16", 65_535), "PNG"),
        (deep("I;16", 65_535), "TIFF"),
        (deep("I", 65_535), "TIFF"),
        (deep("I", 255), "TIFF"),
        (deep("F", 1), "TIFF"),
        (deep("F", 255), "TIFF"),
    ],
)
def test_every_kind_of_file_is_read_as_it_looks(picture: Image.Image, format_: str) -> None:
    raster = images.read(saved(picture, format_))
    assert raster.pixels.dtype == np.uint8
    assert raster.pixels.shape == (24, 16, 3)
    assert np.abs(raster.pixels - np.asarray(HALVES.convert("RGB"), int)).max() < 4
    assert raster.notes == ()


@pytest.mark.parametrize("format_", ["WEBP", "AVIF"])
def test_formats_of_the_web(format_: str) -> None:
    if not features.check(format_.lower()):
        pytest.skip(f"this Pillow reads no {format_}")
    pixels = images.read(saved(HALVES.convert("RGB"), format_, quality=95)).pixels.astype(int)
    assert pixels.shape == (24, 16, 3)
    assert np.abs(pixels - np.asarray(HALVES.convert("RGB"))).mean() < 4


def stroke(mode: str) -> Image.Image:
    """Black ink where the picture is opaque, and black too where it is not."""
    levels = np.zeros((32, 32, 4), np.uint8)
    levels[8:24, 12:16, 3] = 255
    return Image.fromarray(levels).convert(mode)


def clear_strokes() -> dict[str, bytes]:
    palette = Image.new("P", (32, 32), 1)
    palette.putpalette([0, 0, 0, 0, 0, 0])
    palette.paste(0, (12, 8, 16, 24))
    deep_row = struct.pack(">4H", 0, 0, 7, 7)
    colour_row = struct.pack(">6H", 0, 0, 0, 4660, 9029, 13398)
    return {
        "RGBA": saved(stroke("RGBA"), "PNG"),
        "LA": saved(stroke("LA"), "PNG"),
        "WEBP": saved(stroke("RGBA"), "WEBP", lossless=True),
        "TIFF": saved(stroke("RGBA"), "TIFF"),
        "palette": saved(palette, "PNG", transparency=1),
        "GIF": saved(palette, "GIF", transparency=1),
        "16 bits grey": handmade_png(
            4, 1, bits=16, kind=0, rows=b"\0" + deep_row, clear=struct.pack(">H", 7)
        ),
        "16 bits colour": handmade_png(
            2, 1, bits=16, kind=2, rows=b"\0" + colour_row, clear=colour_row[6:]
        ),
    }


@pytest.mark.parametrize("name", clear_strokes())
def test_strokes_on_nothing_are_laid_on_white(name: str) -> None:
    raster = images.read(clear_strokes()[name])
    assert set(np.unique(raster.pixels)) == {0, 255}
    assert raster.pixels[-1, -1].tolist() == [255] * 3
    assert raster.notes == ("transparent parts are laid on white",)


def test_pil_pictures_are_laid_on_white_too() -> None:
    assert images.from_pil(stroke("LA")).unique().tolist() == [-1, 1]
    assert images.from_pil(stroke("RGBA")).mean() > 0.8
    assert (images.read(stroke("RGBA")).pixels == images.read(stroke("LA")).pixels).all()


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_that_lie_on_their_side_are_turned(orientation: int, format_: str) -> None:
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :16] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    content = saved(Image.fromarray(np.ascontiguousarray(stored)), format_, exif=exif)
    pixels = images.read(content).pixels.astype(int)
    assert pixels.shape == upright.shape
    assert np.abs(pixels - upright).mean() < 4


def colour_profile(space: bytes = b"RGB ") -> bytes:
    """An ICC profile without gamma in which red is what sRGB calls green, and the other way round.

    For grey, 128 of 255 is half of the light, which sRGB calls 188.
    """

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(65_536 * value) for value in values))

    red, green, blue = (0.436, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
    xyz = {b"wtpt": (0.9642, 1.0, 0.8249), b"rXYZ": green, b"gXYZ": red, b"bXYZ": blue}
    parts = {name: b"XYZ \0\0\0\0" + fixed(*values) for name, values in xyz.items()}
    parts |= dict.fromkeys((b"kTRC", b"rTRC", b"gTRC", b"bTRC"), b"curv" + bytes(8))
    parts[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 8) + b"swapped\0" + bytes(78)
    body, table = b"", struct.pack(">I", len(parts))
    for name, part in parts.items():
        place = 128 + 4 + 12 * len(parts) + len(body)
        table += struct.pack(">4sII", name, place, len(part))
        body += part + bytes(-len(part) % 4)
    head = struct.pack(
        ">IIHH4s4s4s", 132 + len(table + body) - 4, 0, 0x210, 0, b"mntr", space, b"XYZ "
    )
    head = head.ljust(36, b"\0") + b"acsp"
    return head.ljust(68, b"\0") + fixed(0.9642, 1.0, 0.8249) + bytes(48) + table + body


@pytest.mark.parametrize(
    ("mode", "format_"),
    [
        *((mode, format_) for mode in ("RGB", "RGBA", "P") for format_ in ("PNG", "TIFF")),
        ("RGBA", "WEBP"),
    ],
)
def test_colours_are_brought_to_srgb(mode: str, format_: str) -> None:
    red = Image.new("RGB", (8, 8), (255, 0, 0)).convert(mode)
    options = {"lossless": True} if format_ == "WEBP" else {}
    content = saved(red, format_, icc_profile=colour_profile(), **options)
    assert np.allclose(images.read(content).pixels, (0, 255, 0), atol=2)
    assert np.allclose(
        images.from_pil(Image.open(io.BytesIO(content))).mean((1, 2)), (-1, 1, -1), atol=0.02
    )


def test_grey_has_its_profile_too_and_stays_grey() -> None:
    content = saved(Image.new("L", (8, 8), 128), "PNG", icc_profile=colour_profile(b"GRAY"))
    assert np.allclose(images.read(content).pixels, 188, atol=1)
    assert images.from_pil(Image.open(io.BytesIO(content))).shape == (1, 8, 8)


def test_a_profile_leaves_transparent_parts_white() -> None:
    stroke = Image.new("RGBA", (8, 8))
    stroke.paste((255, 0, 0, 255), (0, 0, 4, 8))
    pixels = images.read(saved(stroke, "PNG", icc_profile=colour_profile())).pixels
    assert np.allclose(pixels[:, :4], (0, 255, 0), atol=2)
    assert (pixels[:, 4:] == 255).all()


@pytest.mark.parametrize("profile", [b"no profile", colour_profile()[:200]])
def test_a_damaged_profile_costs_the_colours_alone(profile: bytes) -> None:
    raster = images.read(saved(HALVES.convert("RGB"), "PNG", icc_profile=profile))
    assert np.array_equal(raster.pixels, np.asarray(HALVES.convert("RGB")))
    assert raster.notes == ("its colour profile is damaged: colours may be off",)


def test_a_profile_for_other_colours_and_that_of_srgb_change_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for picture, profile in ((HALVES, colour_profile()), (HALVES.convert("RGB"), srgb)):
        raster = images.read(saved(picture, "PNG", icc_profile=profile))
        assert np.array_equal(raster.pixels, np.asarray(HALVES.convert("RGB")))
        assert raster.notes == ()


def test_lab_of_photograph_editors_is_read() -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(Image.new("RGB", (8, 8), (200, 40, 90)), to_lab)
    assert np.allclose(images.read(saved(lab, "TIFF")).pixels, (200, 40, 90), atol=4)


def test_damaged_exif_does_not_cost_the_picture() -> None:
    raster = images.read(saved(HALVES, "PNG", exif=b"Exif\0\0no table at all"))
    assert (raster.pixels[..., 0] == np.asarray(HALVES)).all()
    assert raster.notes == ("its EXIF data is damaged: it may lie on its side",)


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_is_taken_and_said(format_: str) -> None:
    others = [Image.new("RGB", HALVES.size, colour) for colour in ("red", "blue")]
    options = {"lossless": True} if format_ == "WEBP" else {}
    first = HALVES.convert("RGB")
    content = saved(first, format_, save_all=True, append_images=others, **options)
    raster = images.read(content)
    assert (raster.pixels == np.asarray(first)).all()
    assert raster.notes == ("the first of several frames or pages",)


@pytest.mark.parametrize("colour", ["white", "black"])
def test_a_picture_of_one_colour_is_told(colour: str) -> None:
    (note,) = images.read(Image.new("RGB", (9, 9), colour)).notes
    assert "nothing to see" in note
    clear = images.read(Image.new("RGBA", (9, 9), (0, 0, 0, 0)))
    assert clear.pixels.min() == 255
    assert len(clear.notes) == 2


def noise_picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_picture_that_is_cut_short_is_an_error(
    tmp_path: Path, format_: str, share: float
) -> None:
    content = saved(noise_picture(), format_)
    path = tmp_path / "cut.png"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ImageError, match=r"cut\.png: (damaged or cut short|no picture)"):
        images.read(path)


def bombs() -> dict[str, bytes]:
    """Small files that announce pictures of 100 million to 4 billion pixels."""
    small = Image.new("1", (8, 8))
    gif, bmp = bytearray(saved(small, "GIF")), bytearray(saved(small, "BMP"))
    gif[6:10] = b"\xff\xff\xff\xff"
    bmp[18:26] = struct.pack("<ii", 40_000, 40_000)
    return {
        "PNG": handmade_png(10_000, 10_000, bits=8, kind=2, rows=b""),
        "larger PNG": handmade_png(50_000, 50_000, bits=8, kind=2, rows=b""),
        "GIF": bytes(gif),
        "BMP": bytes(bmp),
        "PPM": b"P6 60000 60000 255\n",
    }


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_refused_by_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def explode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", explode)
    path = tmp_path / "bomb.png"
    path.write_bytes(bombs()[name])
    with pytest.raises(ImageError, match="more than 89 million pixels"):
        images.read(path)
    if path.read_bytes().startswith(b"\x89PNG"):
        with pytest.raises(ImageError, match="more than 89 million pixels"):
            images.read_provenance(path)


def test_nothing_starts_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", started)
    path = tmp_path / "innocent.png"
    path.write_bytes(saved(HALVES.convert("RGB"), "EPS"))
    with pytest.raises(ImageError, match=r"innocent\.png: no picture that photism reads"):
        images.read(path)


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "sound.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    for name in ("empty.png", "sound.wav"):
        with pytest.raises(ImageError, match=f"{name}: no picture that photism reads, which are"):
            images.read(tmp_path / name)
    with pytest.raises(ImageError, match=r"no\.png cannot be read: No such file"):
        images.read(str(tmp_path / "no.png"))
    with pytest.raises(ImageError, match="cannot be read: "):
        images.read(tmp_path)
    with pytest.raises(ImageError, match="cannot be read: embedded null"):
        images.read("a\0b.png")
    with pytest.raises(ImageError, match="values from -3 to 5, which are no brightness"):
        images.read(Image.fromarray(np.array([[-3, 5]], np.float32)))


def test_an_open_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"header" + saved(HALVES, "PNG"))
    file.seek(6)
    assert (images.read(file).pixels[..., 0] == np.asarray(HALVES)).all()


@pytest.mark.parametrize("shape", [(1, 12, 8), (3, 48, 32)])
def test_a_picture_is_brought_to_the_shape_of_a_network(shape: tuple[int, int, int]) -> None:
    tensor = images.fit(images.read(HALVES), shape)
    assert tensor.shape == shape
    assert tensor.dtype == torch.float32
    assert tensor[:, :, 0].unique().tolist() == [-1]
    assert tensor[:, :, -1].unique().tolist() == [1]
    with pytest.raises(ImageError, match="1 or 3"):
        images.fit(images.read(HALVES), (2, 4, 4))


def kinds_of_files() -> list[bytes]:
    noisy = noise_picture()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    frames = {"save_all": True, "append_images": [noisy.rotate(90)]}
    web = [name for name in ("WEBP", "AVIF") if features.check(name.lower())]
    return [
        *(saved(noisy, format_) for format_ in ("JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF", *web)),
        *(saved(noisy.convert(mode), "PNG") for mode in ("1", "P", "LA", "RGBA")),
        *(saved(noisy, format_, exif=exif) for format_ in ("JPEG", "PNG", "TIFF")),
        *(saved(noisy, format_, **frames) for format_ in ("GIF", "PNG", "TIFF", "MPO")),
        saved(noisy.convert("CMYK"), "JPEG"),
        saved(deep("I;16", 65_535), "PNG"),
        saved(deep("F", 1), "TIFF"),
        saved(noisy, "JPEG", progressive=True),
        saved(noisy.convert("RGB"), "TIFF", compression="jpeg"),
        *clear_strokes().values(),
        images.png(noisy, {"system": "aivae", "seed": 3}),
    ]


def read_mutated(folder: Path, seeds: range) -> int:
    """Read damaged pictures: each is a picture, or refused by an error of ours in one line."""
    refused, path, files = 0, folder / "mutated.png", kinds_of_files()
    for seed in seeds:
        rng = random.Random(seed)
        path.write_bytes(mutated(rng.choice(files), rng))
        for read in (images.read, images.read_provenance):
            try:
                found = read(path)
                assert isinstance(found, dict) or found.pixels.shape[2] == 3
            except ImageError as error:
                refused += read is images.read and len(str(error).splitlines()) == 1
            except Exception as error:
                pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    return refused


@pytest.mark.filterwarnings("ignore:::PIL")
def test_mutated_pictures_are_read_or_refused(tmp_path: Path) -> None:
    assert read_mutated(tmp_path, range(60)) > 20


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore:::PIL")
def test_many_mutated_pictures_are_read_or_refused(tmp_path: Path) -> None:
    assert read_mutated(tmp_path, range(1000, 2000)) > 300


# Showing


@given(st.integers(0, 255), st.sampled_from([1, 3]))
def test_eight_bit_levels_survive_the_round_trip(level: int, channels: int) -> None:
    picture = Image.new("L" if channels == 1 else "RGB", (3, 2), (level,) * channels)
    tensor = images.from_pil(picture)
    assert tensor.shape == (channels, 2, 3)
    assert tensor.dtype == torch.float32
    assert images.to_pil(tensor).tobytes() == picture.tobytes()


def test_values_outside_the_range_are_clipped() -> None:
    tensor = torch.tensor([[[-7.0, -1.0, 0.0, 1.0, 7.0]]])
    assert list(images.to_pil(tensor).tobytes()) == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("shape", [(2, 4, 4), (4, 4), (1, 1, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="1 or 3, height, width"):
        images.to_pil(torch.zeros(shape))


@pytest.mark.parametrize(
    ("native", "size", "shown"), [(28, 280, 280), (64, 280, 256), (300, 280, 300)]
)
def test_enlarging_repeats_pixels_by_a_whole_factor(native: int, size: int, shown: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (native, native), np.uint8)
    large = images.enlarge(Image.fromarray(levels), size)
    factor = shown // native
    assert large.size == (shown, shown)
    assert np.array_equal(np.asarray(large)[::factor, ::factor], levels)


def test_grid_keeps_every_pixel_in_its_place() -> None:
    pictures = [Image.new("L", (5, 4), 10 * index) for index in range(5)]
    sheet = images.grid(pictures, 3, gap=2)
    assert sheet.size == (3 * 7 + 2, 2 * 6 + 2)
    for index in range(5):
        left, top = 2 + index % 3 * 7, 2 + index // 3 * 6
        assert sheet.crop((left, top, left + 5, top + 4)).tobytes() == pictures[index].tobytes()
    assert sheet.getpixel((0, 0)) == 255
    assert sheet.getpixel((2 + 2 * 7, 2 + 6)) == 255  # the sixth cell stays empty


def test_grid_writes_labels_and_turns_to_colour_where_it_must() -> None:
    pictures = [Image.new("L", (40, 40), 255), Image.new("RGB", (40, 40), "white")]
    sheet = images.grid(pictures, 2, labels=["three", ""], font_size=12)
    assert sheet.mode == "RGB"
    assert np.asarray(sheet)[:, :44].min() < 100
    assert np.asarray(sheet)[:, 46:].min() == 255


def test_grid_refuses_nothing_and_missing_labels() -> None:
    with pytest.raises(ImageError, match="at least one picture"):
        images.grid([], 3)
    with pytest.raises(ImageError, match="1 labels for 2 pictures"):
        images.grid([Image.new("L", (2, 2))] * 2, 2, labels=["a"])


@pytest.mark.parametrize("low_first", [True, False])
def test_log_mel_has_low_frequencies_at_the_bottom(low_first: bool) -> None:
    log_mel = torch.full((4, 6), -80.0)
    log_mel[0 if low_first else -1, 2] = 0.0
    picture = images.log_mel_picture(log_mel, low_first=low_first)
    brightness = np.asarray(picture.convert("L"))
    assert picture.size == (6, 4)
    assert np.unravel_index(brightness.argmax(), brightness.shape) == (3, 2)


def test_silent_log_mel_is_one_colour() -> None:
    picture = images.log_mel_picture(np.full((3, 3), -80.0))
    assert len(set(zip(*[iter(picture.tobytes())] * 3, strict=True))) == 1


def test_png_tells_its_provenance_and_is_readable_by_others(tmp_path: Path) -> None:
    provenance = {"system": "aivae", "seed": 3, "source": "drei “3”.wav", "description": "für Ähm"}
    path = tmp_path / "new folder" / "three.png"
    images.write_png(path, Image.new("L", (28, 28), 7), provenance)
    assert images.read_provenance(path) == provenance
    with Image.open(path) as picture:
        assert picture.getpixel((0, 0)) == 7
        assert picture.info["Description"] == "für Ähm"
        assert picture.info["Software"].startswith("photism ")


def test_png_bytes_depend_on_the_content_alone() -> None:
    picture = Image.new("RGB", (8, 8), "red")
    assert images.png(picture, {"seed": 1}) == images.png(picture.copy(), {"seed": 1})
    assert images.png(picture, {"seed": 1}) != images.png(picture, {"seed": 2})


def _bytes(format_: str) -> bytes:
    return saved(Image.new("RGB", (8, 8)), format_)


def nested(depth: int) -> dict[str, object]:
    return {"a": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a PNG"),
        (b"RIFF....WAVE", "is not a PNG"),
        (_bytes("JPEG"), "is not a PNG"),
        (_bytes("PNG"), "has no provenance"),
        (images.png(Image.new("L", (64, 64)), {"seed": 1})[:-40], "cannot be read"),
        (images.png(Image.new("L", (8, 8)), [1, 2]), "damaged provenance"),  # type: ignore[arg-type]
        (images.png(Image.new("L", (8, 8)), nested(40)), "nested too deep"),
    ],
)
def test_pictures_without_provenance_are_told_apart(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=message):
        images.read_provenance(path)


def test_a_name_that_is_no_text_is_kept_in_the_provenance(tmp_path: Path) -> None:
    provenance = {"source": "caf\udce9.wav", "description": "caf\udce9.wav, translated"}
    images.write_png(tmp_path / "a.png", Image.new("L", (2, 2)), provenance)
    assert images.read_provenance(tmp_path / "a.png") == provenance


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"no\.png cannot be read: No such file"):
        images.read_provenance(tmp_path / "no.png")


def test_unwritable_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        images.write_png(tmp_path / "file" / "three.png", Image.new("L", (2, 2)))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
