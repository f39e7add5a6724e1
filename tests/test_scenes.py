"""Drawn scenes, and the source that puts them beside the recordings of ESC-10."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scenes_of import NAME, RATE, clicks, encoded, write_esc10

from photism.cli import main
from photism.data.fetch import fetch
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.sources import esc10
from photism.data.sources.esc10 import ESC10, read_esc10
from photism.data.sources.scenes import Scenes, bundled_clips
from photism.errors import ConfigError, DataError
from photism.scenes.look import Viewpoint
from photism.scenes.scene import SCENES, draw
from photism.scenes.told import CLASSES, Told, count_events, level_db, nearness

VIEW = Viewpoint.random(np.random.default_rng(3))
CREDIT = "- [1-100-A.ogg]: clip derived from Bark (http://example.org) by Ann [CC0]"


def noise(level: float, *, seconds: float = 5.0) -> np.ndarray:
    samples = np.random.default_rng(0).normal(size=round(seconds * RATE))
    return (level * samples).astype(np.float32)


# What is drawn


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_shows_what_is_heard_and_repeats(name: str) -> None:
    near = draw(name, VIEW, Told(1, 1), size=48)
    assert near.shape == (48, 48, 3)
    assert near.dtype == np.uint8
    np.testing.assert_array_equal(near, draw(name, VIEW, Told(1, 1), size=48))
    others = {
        "farther": draw(name, VIEW, Told(0.1, 1), size=48),
        "elsewhere": draw(name, Viewpoint.random(np.random.default_rng(4)), Told(1, 1), size=48),
    }
    if name not in ("rain", "sea"):  # nothing in them can be counted
        others["more"] = draw(name, VIEW, Told(1, 3), size=48)
    for what, other in others.items():
        assert np.abs(near.astype(int) - other).mean() > 1, what


def test_scenes_have_different_colours() -> None:
    """The mean picture of a class is nearer to its own pictures than to those of most others."""
    views = [Viewpoint.random(np.random.default_rng(seed)) for seed in range(12)]
    drawn = np.stack(
        [[draw(name, view, Told(0.7, 1), size=16) for view in views] for name in SCENES]
    ).reshape(len(SCENES), len(views), -1)
    means = drawn[:, :6].mean(1)
    distances = np.square(drawn[:, 6:, None] - means).mean(-1)  # (class, view, class)
    assert (distances.argmin(-1) == np.arange(len(SCENES))[:, None]).mean() > 0.6


@pytest.mark.parametrize(
    ("name", "told", "size", "message"),
    [
        ("dgo", Told(1, 1), 96, "no scene 'dgo'.*dog"),
        ("dog", Told(1.5, 1), 96, r"level in \[0, 1\]"),
        ("dog", Told(1, 4), 96, "1 to 3 events"),
        ("dog", Told(1, 1), 8, "give 16 to 2048 pixels"),
    ],
)
def test_what_cannot_be_drawn(name: str, told: Told, size: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        draw(name, VIEW, told, size=size)


# What a sound tells


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("level", [0.5, 0.01])
def test_events_are_counted_at_any_level(count: int, level: float) -> None:
    assert count_events(clicks(count, level=level), RATE) == count


def test_steady_sounds_are_one_event_and_many_are_three() -> None:
    assert count_events(noise(0.1, seconds=1), RATE) == 1
    assert count_events(np.zeros(RATE, np.float32), RATE) == 1
    assert count_events(clicks(8), RATE) == 3


def test_loud_is_near() -> None:
    assert level_db(np.full(100, 0.1)) == pytest.approx(-20)
    assert [nearness(db) for db in (0, -12, -24, -60)] == [1, 0.5, 0, 0]


# The source


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small ESC-10: its own archive is the published one."""
    fading = noise(0.1) * np.linspace(1, 0, 5 * RATE, dtype=np.float32) ** 2
    fading[3 * RATE :] = 0
    files = {f"001 - Dog bark/{fold}-{fold}00-A.ogg": encoded(fading) for fold in range(1, 6)}
    files["010 - Fire crackling/1-777-A.ogg"] = encoded(clicks(10, seconds=5))
    files["010 - Fire crackling/5-778-A.ogg"] = encoded(np.zeros(5 * RATE, np.float32))
    files["010 - Fire crackling/5-779-A.ogg"] = b"no sound at all"
    path = tmp_path / "raw" / NAME
    write_esc10(path, files, readme=CREDIT)
    published(monkeypatch, path)
    return path.parent


def published(monkeypatch: pytest.MonkeyPatch, path: Path, *urls: str) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    archive = dataclasses.replace(ESC10.archives[0], urls=urls, sha256=digest, repacked=())
    monkeypatch.setattr(esc10, "ESC10", dataclasses.replace(ESC10, archives=(archive,)))


def test_folds_are_the_split_and_nothing_is_in_two(raw: Path, tmp_path: Path) -> None:
    source = Scenes(size=32, hop_s=0.5, views=2, workers=1)
    card = prepare(source, raw=raw, out=tmp_path / "pairs")
    originals = {}
    for split in ("train", "validation", "test"):
        pairs = PairDataset(tmp_path / "pairs", split)
        originals[split] = set(pairs.column("original"))
        assert len(set(pairs.column("key"))) == len(pairs)
    assert originals == {
        "train": {"100", "200", "300", "777"},
        "validation": {"400"},
        "test": {"500"},
    }
    assert card.classes == CLASSES
    assert card.skipped[0]["reason"] == "silent throughout"
    assert {file["file"] for file in card.skipped} == {"5-778-A", "5-779-A"}
    other = prepare(source, raw=raw, out=tmp_path / "again")
    assert other.shards == card.shards


def test_a_window_has_its_level_and_silence_is_left_out(raw: Path, tmp_path: Path) -> None:
    prepare(Scenes(size=32, hop_s=0.5, views=2, workers=1), raw=raw, out=tmp_path / "pairs")
    pairs = PairDataset(tmp_path / "pairs", "test")
    start_s, level = np.array(pairs.column("start_s")), np.array(pairs.column("level"))
    assert start_s.max() < 3  # then it is silent
    assert level[start_s == 0].tolist() == [1, 1]
    assert (np.diff(level[::2]) < 0).all()
    images, sounds = pairs.images(np.array([0, 1])), pairs.sounds(np.array([0, 1]))
    assert not (images[0] == images[1]).all()
    assert (sounds[0] == sounds[1]).all()
    train = PairDataset(tmp_path / "pairs", "train")
    credited = dict(zip(train.column("recording"), train.column("credit"), strict=True))
    assert credited["1-100-A"] == "Bark (http://example.org) by Ann [CC0]"
    assert credited["1-777-A"] == "not stated"


def test_half_seconds_for_front_ends_that_want_them(raw: Path, tmp_path: Path) -> None:
    source = Scenes(workers=1).fitted("car-gan", (3, 64, 64))
    card = prepare(source, raw=raw, out=tmp_path / "pairs")
    assert (card.front_end, card.image.shape) == ("car-gan", (64, 64, 3))
    with pytest.raises(ConfigError, match="in colour"):
        Scenes().fitted("aivae-8k", (1, 28, 28))


def test_originals_in_two_folds_are_refused(tmp_path: Path) -> None:
    for fold in (1, 5):
        folder = tmp_path / "009 - Rooster"
        folder.mkdir(exist_ok=True)
        (folder / f"{fold}-42-A.ogg").write_bytes(b"")
    with pytest.raises(DataError, match="Freesound 42 lie in folds 1 and 5"):
        read_esc10(tmp_path)


def test_no_esc10_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="photism data fetch esc10"):
        read_esc10(tmp_path)


@pytest.mark.parametrize("options", [{"test_fold": 4}, {"test_fold": 6}, {"views": 0}])
def test_bad_options(options: dict) -> None:
    with pytest.raises(ConfigError):
        Scenes(**options)


def test_the_archive_is_fetched_and_its_checksum_compared(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(raw))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        published(monkeypatch, raw / NAME, f"http://127.0.0.1:{server.server_address[1]}/{NAME}")
        fetched = fetch(esc10.ESC10.archives[0], tmp_path / "fetched")
        server.shutdown()
        thread.join()
    assert (fetched.how, fetched.verified) == ("downloaded", True)
    assert len(read_esc10(tmp_path / "fetched")) == 8


def test_what_comes_along_is_small_free_and_credited() -> None:
    clips = bundled_clips()
    folds = np.array([[clip.label, clip.fold] for clip in clips])
    assert len(clips) == 60
    for label in range(len(CLASSES)):
        assert sorted(folds[folds[:, 0] == label, 1]) == [1, 2, 3, 4, 5, 5]
    assert all(clip.credit.endswith(("[CC0]", "[CC-BY]")) for clip in clips)
    assert sum(len(clip.content) for clip in clips) < 2_000_000


def test_the_command_makes_pairs_of_what_comes_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "few"
    words = "data prepare scenes --recordings bundled --hop-s 5 --size 16 --workers 1 --out"
    assert main([*words.split(), str(out)]) == 0
    assert "60 recordings" not in capsys.readouterr().out
    for split, count in (("train", 30), ("validation", 10), ("test", 20)):
        assert count - 2 <= len(PairDataset(out, split)) <= count


@pytest.mark.data
def test_the_published_recordings_are_known_by_their_content(real_data: Path) -> None:
    assert len(read_esc10(real_data / "esc10")) == 400


def test_an_archive_packed_anew_is_known_by_its_content(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = dataclasses.replace(ESC10.archives[0], sha256=None)
    monkeypatch.setattr(esc10, "ESC10", dataclasses.replace(ESC10, archives=(archive,)))
    with pytest.raises(DataError, match="does not hold the published ESC-10: 8 recordings"):
        read_esc10(raw)
