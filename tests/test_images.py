"""Pictures: exact conversion, grids, colours, and PNGs that tell where they come from."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photism import images
from photism.errors import ImageError, StorageError


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
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, format_)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a PNG"),
        (b"RIFF....WAVE", "is not a PNG"),
        (_bytes("JPEG"), "is not a PNG"),
        (_bytes("PNG"), "has no provenance"),
        (images.png(Image.new("L", (64, 64)), {"seed": 1})[:-40], "cannot be read"),
        (images.png(Image.new("L", (8, 8)), [1, 2]), "damaged provenance"),  # type: ignore[arg-type]
    ],
)
def test_pictures_without_provenance_are_told_apart(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=message):
        images.read_provenance(path)


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"no\.png cannot be read: No such file"):
        images.read_provenance(tmp_path / "no.png")


def test_unwritable_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        images.write_png(tmp_path / "file" / "three.png", Image.new("L", (2, 2)))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
