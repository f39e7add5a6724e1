"""Frames at moments: the ones that stand there, as players show them, and nothing decoded twice."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from films import STEP, film

from photism.errors import ImageError
from photism.video.moments import frames_every


def shown(path: Path, every_s: float, first_s: float = 0.0) -> list[int | None]:
    """The numbers of the frames, told by their grey level."""
    frames = frames_every(path, every_s, first_s=first_s)
    return [None if f is None else round(float(f[-8:, -8:].mean()) / STEP) for f in frames]


def all_decoded(path: Path, every_s: float, first_s: float) -> list[np.ndarray | None]:
    """What stands at the moments, found by decoding everything."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        first = [*container.streams.audio, video][0]
        begin_s = float(first.start_time * first.time_base)
        frames = [(f.time - begin_s, f.to_ndarray(format="rgb24")) for f in container.decode(video)]
    step_s = 1 / float(video.average_rate)
    moments = np.arange(first_s, frames[-1][0] + step_s - 1e-3, every_s)
    before = [[p for time_s, p in frames if time_s <= moment + 0.002] for moment in moments]
    return [pictures[-1] if pictures else None for pictures in before]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"bf": "3", "g": "7", "b-pyramid": "normal"}),
        ("a.mkv", "libx264", {"bf": "2", "x264-params": "open-gop=1:keyint=8"}),
        ("a.ts", "libx264", {"bf": "2", "g": "250"}),
        ("b.mp4", "libx265", {"x265-params": "log-level=none"}),
        ("a.mov", "mpeg4", {}),
    ],
)
def test_what_is_passed_over_changes_no_frame(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = film(tmp_path / name, seconds=3.0, codec=codec, options=options)
    for every_s, first_s in ((1.0, 0.5), (0.3, 0.0), (2.0, 0.95)):
        expected = all_decoded(path, every_s, first_s)
        frames = list(frames_every(path, every_s, first_s=first_s))
        assert len(frames) == len(expected) > 0
        for frame, other in zip(frames, expected, strict=True):
            assert (frame is None) == (other is None)
            np.testing.assert_array_equal(frame, other)


def test_the_frame_that_stands_at_a_moment(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", seconds=2.0)
    assert shown(path, 0.5, 0.25) == [2, 7, 12, 17]
    assert shown(path, 0.5) == [0, 5, 10, 15]


def test_files_without_time_stamps_are_a_frame_off_at_most(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", seconds=3.0, codec="mpeg4", options={"bf": "2", "qscale": "2"})
    for number, expected in zip(shown(path, 1.0, 0.55), (5, 15, 25), strict=True):
        assert number in range(expected - 2, expected + 2)  # levels of grey are not exact either


def test_a_gap_shows_what_was_there_before(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", seconds=1.5, gaps={5: 2.0, 10: 0.05})
    assert shown(path, 0.5, 0.06) == [0, 4, 4, 4, 4, 5, 10]


def test_frames_are_upright(tmp_path: Path) -> None:
    plain = next(frames_every(film(tmp_path / "a.mp4"), 1.0))
    turned = next(frames_every(film(tmp_path / "b.mp4", rotation=90), 1.0))
    assert plain is not None
    assert turned is not None
    assert plain.shape == (48, 64, 3)
    assert turned.shape == (64, 48, 3)
    assert plain[:20, :28].min() > 240
    assert turned[-28:, :20].min() > 240  # a quarter of a turn against the clock


def test_a_file_that_is_cut_short_shows_what_it_has(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mkv", seconds=3.0, options={"g": "5"})
    path = tmp_path / "b.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = shown(path, 0.5)
    assert 0 < len(frames) < 6
    assert frames == [0, 5, 10, 15, 20, 25][: len(frames)]


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ImageError, match="can be read"):
        next(frames_every(tmp_path / "text.mp4", 1.0))
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        block.sample_rate = 16_000
        container.mux(stream.encode(block))
        container.mux(stream.encode())
    with pytest.raises(ImageError, match="has no moving picture"):
        next(frames_every(sound, 1.0))
