"""Frames of films: the right way up, of the picture that is meant, at the time of their sound."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from chirps import told

from photism.audio.decode import decode
from photism.errors import ImageError
from photism.video.frames import first_frames, frames
from photism.video.moments import frames_every

ONE = 1 << 16
UPRIGHT = struct.pack(">9i", ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)


def lit() -> bytes:
    """A film of 96×64 pixels, black but for a bright top and a grey left edge."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :32] = 100
    picture[:16] = 255
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        track = container.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt = 96, 64, "yuv420p"
        for frame in (av.VideoFrame.from_ndarray(picture, "rgb24"), None):
            container.mux(track.encode(frame))
    return file.getvalue()


TURNS = {
    "as it is": ((1, 0, 0, 1), lambda pixels: pixels),
    "a quarter to the right": ((0, 1, -1, 0), lambda pixels: np.rot90(pixels, -1)),
    "upside down": ((-1, 0, 0, -1), lambda pixels: np.rot90(pixels, 2)),
    "a quarter to the left": ((0, -1, 1, 0), lambda pixels: np.rot90(pixels, 1)),
    "left to right": ((-1, 0, 0, 1), lambda pixels: pixels[:, ::-1]),
    "top to bottom": ((1, 0, 0, -1), lambda pixels: pixels[::-1]),
    "axes swapped": ((0, 1, 1, 0), lambda pixels: np.swapaxes(pixels, 0, 1)),
    "axes swapped the other way": ((0, -1, -1, 0), lambda p: np.rot90(np.swapaxes(p, 0, 1), 2)),
}
"""Matrices a, b, c, d of MP4: a pixel at (x, y) is shown at (a x + c y, b x + d y)."""


@pytest.mark.parametrize("turn", TURNS)
def test_phones_store_how_they_were_held(turn: str, tmp_path: Path) -> None:
    (a, b, c, d), expected = TURNS[turn]
    matrix = struct.pack(">9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
    content = lit()
    place = content.index(UPRIGHT, content.index(b"tkhd"))
    path = tmp_path / "phone.mp4"
    path.write_bytes(content[:place] + matrix + content[place + len(matrix) :])
    (picture,) = first_frames(path, [0.0])
    (tmp_path / "plain.mp4").write_bytes(content)
    (upright,) = first_frames(tmp_path / "plain.mp4", [0.0])
    assert picture is not None
    assert upright is not None
    assert np.array_equal(np.asarray(picture), expected(np.asarray(upright)))


def test_the_cover_of_an_album_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        sounds = container.add_stream("aac", rate=48_000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        for frame in (av.VideoFrame(64, 64, "yuvj420p"), None):
            container.mux(cover.encode(frame))
        block = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
        block.sample_rate = 48_000
        for frame in (block, None):
            container.mux(sounds.encode(frame))
    with pytest.raises(ImageError, match=r"song\.m4a has no moving picture: there is sound only"):
        next(frames(path))
    assert decode(path).duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("kind", ["mp4", "matroska", "mpegts"])
@pytest.mark.parametrize("late_s", [0.0, 0.5])
def test_frames_and_sound_have_one_time_line(kind: str, late_s: float, tmp_path: Path) -> None:
    """Grey is 40 times the time, and the sound begins later than the picture."""
    path = tmp_path / "film"
    path.write_bytes(told(kind, "aac", gaps=[(2.0, 3.5)], fps=10, late_s=late_s))
    for start_s, picture in zip((0.5, 4.0), first_frames(path, (0.5, 4.0)), strict=True):
        assert picture is not None
        grey = float(np.asarray(picture)[:, :, 1].mean())
        assert grey / 40 == pytest.approx(start_s + late_s, abs=0.16)  # the next frame, or its grey


def test_a_film_ends_where_its_stamps_begin_anew(tmp_path: Path) -> None:
    path = tmp_path / "two.ts"
    path.write_bytes(2 * told("mpegts", "aac", seconds=2, fps=10))
    times_s = [time_s for time_s, _ in frames(path)]
    assert times_s == sorted(times_s)
    assert times_s[-1] < 2.1
    # The sound begins a frame of AAC before the picture: the last moment may fall within it.
    assert len(list(frames_every(path, 0.5))) in (4, 5)


@pytest.mark.parametrize("content", [b"", b"no film" * 100, bytes(5000)])
def test_what_is_no_film_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageError) as raised:
        next(frames(path))
    assert str(raised.value).startswith(f"{path} is ")
    assert "\n" not in str(raised.value)
