"""Pairs of any videos: what is cut, what is left out, whose class and part they have."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from films import STEP, film

from photism.audio.clips import cut
from photism.audio.decode import stream
from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.cli import main
from photism.data.card import Card
from photism.data.pairs import PairDataset, to_bytes
from photism.data.prepare import prepare
from photism.data.sources.videos import OwnVideos
from photism.data.verify import verify
from photism.errors import ConfigError, DataError

SMALL = {"front_end": "s2i", "size": 16, "workers": 1}


def made(raw: Path, out: Path, **options: object) -> Card:
    return prepare(OwnVideos(**{**SMALL, **options}), raw=raw, out=out)


def windows(folder: Path, card: Card) -> dict[str, list[tuple[float, int]]]:
    """Begin of every window and number of its frame, by video."""
    found: dict[str, list[tuple[float, int]]] = {}
    for split in card.counts:
        data = PairDataset(folder, split)
        images = data.images(np.arange(len(data)))
        for name, start_s, image in zip(
            data.column("video"), data.column("start_s"), images, strict=True
        ):
            number = round(float(image[-4:].mean()) / STEP)
            found.setdefault(name, []).append((round(float(start_s), 3), number))
    return found


def reasons(card: Card) -> dict[str, str]:
    return {file["file"]: file["reason"] for file in card.skipped}


def test_seconds_with_the_frame_in_their_middle(tmp_path: Path) -> None:
    for place in ("dog/a.mp4", "dog/b.mkv", "cat/c.mp4"):
        film(tmp_path / "raw" / place, seconds=3.0)
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0.5)
    assert card.classes == ("cat", "dog")
    of_each = [(0.0, 5), (1.0, 15), (2.0, 25)]
    found = windows(tmp_path / "pairs", card)
    assert found == dict.fromkeys(["cat/c.mp4", "dog/a.mp4", "dog/b.mkv"], of_each)
    assert card.counts == {"train": {"cat": 3, "dog": 3}, "test": {"cat": 0, "dog": 3}}
    assert card.group == "video"
    assert verify(tmp_path / "pairs") == []


def test_the_sound_is_that_of_the_window(tmp_path: Path) -> None:
    path = film(tmp_path / "raw" / "a.mp4", seconds=2.0, silent_until_s=1.3)
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    front = front_end("s2i")
    clips = [clip.samples[0] for clip in cut(stream(path), front, partial=1)]
    data = PairDataset(tmp_path / "pairs", "train")
    assert windows(tmp_path / "pairs", card)["a.mp4"] == [(1.0, 15)]  # the other one is silent
    assert "silent windows left out: 1" in card.notes
    expected = to_bytes(pictures(clips, front, [0, 0]).numpy())
    np.testing.assert_array_equal(data.sounds(np.arange(1))[0], expected[1])


def test_windows_hops_and_frames_as_one_likes(tmp_path: Path) -> None:
    film(tmp_path / "raw" / "a.mp4", seconds=1.0)
    options = {"front_end": "car-gan", "hop_s": 0.1, "frame": 0.0, "test": 0}
    card = made(tmp_path / "raw", tmp_path / "pairs", **options)
    found = windows(tmp_path / "pairs", card)["a.mp4"]  # as Sub-URMP was cut
    assert found == [(round(n / 10, 1), n) for n in range(6)]
    card = made(tmp_path / "raw", tmp_path / "pairs", window_s=0.4, frame=1.0, test=0)
    assert windows(tmp_path / "pairs", card)["a.mp4"] == [(0.0, 4), (0.4, 8)]


def test_still_frames_are_left_out_by_option(tmp_path: Path) -> None:
    film(tmp_path / "raw" / "a.mp4", seconds=4.0, still=True)
    assert made(tmp_path / "raw", tmp_path / "pairs", test=0).counts["train"]["unlabelled"] == 4
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0, keep_still=False)
    assert windows(tmp_path / "pairs", card)["a.mp4"][0][0] == 0.0
    assert card.counts["train"]["unlabelled"] == 1
    assert "still frames left out: 3" in card.notes


def test_bad_videos_cost_no_others(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    whole = film(raw / "good.mp4", seconds=2.0)
    film(raw / "mute.mp4", sound_s=0)
    film(raw / "silent.mp4", seconds=2.0, silent_until_s=9)
    film(raw / "short.mp4", seconds=0.5)
    film(raw / "long_sound.mp4", seconds=1.0, sound_s=4.0)
    film(raw / "long_picture.mp4", seconds=4.0, sound_s=1.0)
    (raw / "empty.mp4").touch()
    (raw / "text.avi").write_text("no film")
    (raw / "cut.mp4").write_bytes(whole.read_bytes()[:2000])
    cut_off = film(raw / "half.mkv", seconds=3.0, options={"g": "5"})
    cut_off.write_bytes(cut_off.read_bytes()[: cut_off.stat().st_size // 2])
    card = made(raw, tmp_path / "pairs", test=0)
    found = windows(tmp_path / "pairs", card)
    assert found["good.mp4"] == [(0.0, 5), (1.0, 15)]
    assert found["long_sound.mp4"] == found["long_picture.mp4"] == [(0.0, 5)]
    assert len(found["half.mkv"]) in (1, 2)
    listed = reasons(card)
    assert listed["mute.mp4"] == "mute.mp4 has no sound, only video"
    assert listed["silent.mp4"] == "nothing to use (silent windows left out: 2)"
    assert listed["short.mp4"].startswith("shorter than a window: 0.5")
    assert listed["long_sound.mp4"] == "in part: the picture ends at 1.0 s, before the sound"
    assert "is empty (0 bytes)" in listed["empty.mp4"]
    assert "is no sound or video" in listed["text.avi"]
    assert set(listed) - {"half.mkv", "cut.mp4"} == {
        "mute.mp4", "silent.mp4", "short.mp4", "long_sound.mp4", "empty.mp4", "text.avi",
    }  # fmt: skip
    assert "cut.mp4" in listed


def test_a_table_a_list_a_pattern_or_a_video(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for name in "abc":
        film(raw / "in" / f"{name}.mp4", seconds=1.0)
    rows = [
        {"file": "in/a.mp4", "kind": "rain", "split": "train", "channel": "x"},
        {"file": "in/b.mp4", "kind": "wind", "split": "test", "channel": "y"},
        {"file": "in/gone.mp4", "kind": "wind", "split": "test", "channel": "y"},
    ]
    with open(raw / "list.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    card = made(raw / "list.csv", tmp_path / "pairs", label="kind", group="channel")
    assert card.counts == {"train": {"rain": 1, "wind": 0}, "test": {"rain": 0, "wind": 1}}
    assert reasons(card) == {"list.csv line 4": "there is no file in/gone.mp4"}
    assert PairDataset(tmp_path / "pairs", "test").column("channel").tolist() == ["y"]
    (raw / "list.txt").write_text("in/c.mp4\nin/a.mp4\n\n", encoding="utf-8")
    for given, names in (
        (raw / "list.txt", ["in/c.mp4", "in/a.mp4"]),
        (raw / "*" / "[ab].mp4", ["in/a.mp4", "in/b.mp4"]),
        (raw / "in" / "b.mp4", ["b.mp4"]),
    ):
        card = made(given, tmp_path / "pairs", test=0)
        assert list(windows(tmp_path / "pairs", card)) == names
    for nothing in (raw / "*.mkv", raw / "nowhere"):
        with pytest.raises(DataError, match=r"no videos in|no folder"):
            made(nothing, tmp_path / "pairs")


def test_vegas_has_its_own_classes_and_parts(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for name in (
        "dog/video_00003.mp4", "dog/video_01702.mp4", "dog/video_02187.mp4", "dog/video_01600.mp4",
        "Baby cry/video_00000.mp4", "drum/video_00001.mp4", "all/c005_s01950.mp4",
    ):  # fmt: skip
        film(raw / name, seconds=1.0)
    card = prepare(OwnVideos(layout="vegas", workers=1), raw=raw, out=tmp_path / "pairs")
    assert card.classes == ("baby_cry", "dog", "rail_transport", "fireworks", "water_flowing")
    assert (card.front_end, card.image.shape) == ("s2i", (96, 96, 3))
    of_dog = {split: counts["dog"] for split, counts in card.counts.items()}
    assert of_dog == {"train": 1, "validation": 1, "test": 1}
    assert card.counts["test"]["water_flowing"] == 1
    assert PairDataset(tmp_path / "pairs", "train").labels.tolist() == [0, 1]
    assert reasons(card) == {
        "dog/video_01600.mp4": "number 1600 of dog is in no part of VEGAS-5",
        "drum/video_00001.mp4": "in no folder of VEGAS-5: baby_cry, dog, rail_transport,"
        " fireworks, water_flowing",
    }


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    film(tmp_path / "raw" / "a.mp4", seconds=1.0)
    with pytest.raises(ConfigError, match=r"window-s is 1 s, but front end car-gan takes 0\.5 s"):
        made(tmp_path / "raw", tmp_path / "pairs", front_end="car-gan", window_s=1.0)
    for options, message in (
        ({"hop_s": 0.0}, "hop-s"),
        ({"window_s": 61.0}, "window-s"),
        ({"frame": 1.5}, "frame is a place"),
    ):
        with pytest.raises(ConfigError, match=message):
            OwnVideos(**options)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("low/a", "low/b", "high/c", "high/d"):
        film(tmp_path / "raw" / f"{name}.mp4", seconds=1.5)
    out = tmp_path / "pairs"
    pattern = str(tmp_path / "raw" / "*" / "*.mp4")
    command = ["data", "prepare", "videos", "--from", pattern, "--for", "car-gan:debug"]
    assert main([*command, "--workers", "2", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    few = "--batch-size 1 --set classes=2"  # six pairs
    assert f"train car-gan --data {out} --preset debug {few}" in text
    assert Card.read(out).counts["train"] == {"high": 3, "low": 3}
    with pytest.raises(SystemExit):
        main(["data", "prepare", "videos", "--help"])
    text = capsys.readouterr().out
    for taught in ("--hop-s", "--no-keep-still", "--layout vegas", "list.csv", "metadata.csv"):
        assert taught in text


@pytest.mark.data
def test_real_videos(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "videos_sample"
    card = made(folder, tmp_path / "pairs", size=96)
    assert len(card.classes) == 10
    assert sum(sum(counts.values()) for counts in card.counts.values()) >= 260
    assert len(card.skipped) <= 1
    names = {
        split: set(PairDataset(tmp_path / "pairs", split).column("video")) for split in card.counts
    }
    assert len(names["train"] | names["test"]) >= 29
    assert not names["train"] & names["test"]
