"""Pairs on disk: what is written comes back, in an order that can be repeated and resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from photism.data.card import ArraySpec, Card
from photism.data.inspect import contact_sheet
from photism.data.pairs import Batch, PairDataset, PairLoader, hold_out, to_bytes
from photism.data.verify import verify
from photism.data.writer import PairWriter
from photism.errors import ConfigError, DataError, StorageError

CLASSES = ("cat", "dog", "owl")
PER_GROUP = 4
SOUND, IMAGE = ArraySpec((1, 3, 5)), ArraySpec((4, 2, 3))


def card_of(sound: ArraySpec, image: ArraySpec) -> Card:
    return Card(
        name="made up",
        description="counted values",
        licence="CC0-1.0",
        classes=CLASSES,
        sound=sound,
        image=image,
        front_end="none",
        front_end_config={"origin": "top"},
        group="video",
        columns={"video": "string", "start_s": "float", "frame": "int", "loud": "bool"},
        seed=3,
        options={"speakers": ["a", "b"]},
        notes=("made for a test",),
        skipped=({"file": "x.wav", "reason": "empty"},),
    )


def arrays(spec: ArraySpec, count: int, rng: np.random.Generator) -> np.ndarray:
    if spec.dtype == "uint8":
        return rng.integers(0, 256, (count, *spec.shape), np.uint8)
    return rng.uniform(-1, 1, (count, *spec.shape)).astype(spec.dtype)


def write(
    folder: Path,
    *,
    splits: tuple[tuple[str, int], ...] = (("train", 60), ("test", 12)),
    sound: ArraySpec = SOUND,
    image: ArraySpec = IMAGE,
    seed: int = 0,
) -> dict[str, dict[str, np.ndarray]]:
    """Write random pairs, four in a row from one video and classes in turn; return the arrays."""
    rng = np.random.default_rng(seed)
    written = {}
    with PairWriter(folder, card_of(sound, image)) as writer:
        for split, count in splits:
            groups = np.arange(count) // PER_GROUP
            written[split] = {
                "sound": arrays(sound, count, rng),
                "image": arrays(image, count, rng),
                "label": groups % len(CLASSES),
            }
            writer.write(
                split,
                **written[split],
                key=[f"{split}/{row}" for row in range(count)],
                columns={
                    "video": [f"{split}-{group:03}" for group in groups],
                    "start_s": np.arange(count) / 4,
                    "frame": np.arange(count),
                    "loud": np.arange(count) % 2 == 0,
                },
            )
    return written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "pairs")
    return tmp_path / "pairs"


@pytest.fixture
def shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same pairs as `folder`, seven rows a file."""
    monkeypatch.setattr("photism.data.writer.SHARD_BYTES", 7 * (15 + 24))
    write(tmp_path / "shards")
    assert len(Card.read(tmp_path / "shards").shards) == 9 + 2
    return tmp_path / "shards"


# Writing and reading


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
@pytest.mark.parametrize("shard_rows", [1, 7, 1000])
def test_what_is_written_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, shard_rows: int
) -> None:
    sound, image = ArraySpec((2, 3, 5), dtype), ArraySpec((4, 2, 1), dtype)
    monkeypatch.setattr(
        "photism.data.writer.SHARD_BYTES", shard_rows * 38 * np.dtype(dtype).itemsize
    )
    written = write(tmp_path / "pairs", sound=sound, image=image)
    for split, expected in written.items():
        dataset = PairDataset(tmp_path / "pairs", split)
        every = np.arange(len(dataset))
        np.testing.assert_array_equal(dataset.sounds(every), expected["sound"])
        np.testing.assert_array_equal(dataset.images(every[::-1]), expected["image"][::-1])
        np.testing.assert_array_equal(dataset.labels, expected["label"])
        assert dataset.sounds(every).dtype == dtype
        assert dataset.column("key").tolist() == [f"{split}/{row}" for row in every]
        assert dataset.column("start_s").tolist() == (every / 4).tolist()
        assert dataset.column("loud").tolist() == (every % 2 == 0).tolist()
        rows = np.array([5, 0, 5, 11])
        np.testing.assert_array_equal(dataset.sounds(rows), expected["sound"][rows])
        assert dataset.sounds(np.array([], np.int64)).shape == (0, 2, 3, 5)


def test_the_card_comes_back_with_its_counts(folder: Path) -> None:
    card = Card.read(folder)
    assert card.counts == {
        "train": {"cat": 20, "dog": 20, "owl": 20},
        "test": {"cat": 4, "dog": 4, "owl": 4},
    }
    assert {name: shard["rows"] for name, shard in card.shards.items()} == {
        "train-00000.arrow": 60,
        "test-00000.arrow": 12,
    }
    assert (card.sound, card.image) == (SOUND, IMAGE)
    assert (card.notes, card.seed) == (("made for a test",), 3)


def test_a_split_may_be_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photism.data.writer.SHARD_BYTES", 7 * (15 + 24))
    pieces = (("train", 8), ("test", 2), ("train", 12), ("train", 1), ("test", 4))
    write(tmp_path / "pairs", splits=pieces)
    dataset = PairDataset(tmp_path / "pairs", "train")
    assert dataset.column("frame").tolist() == [*range(8), *range(12), 0]
    card = Card.read(tmp_path / "pairs")
    assert sum(card.counts["train"].values()) == 21
    rows = {name: shard["rows"] for name, shard in card.shards.items()}
    assert rows == {
        **{f"train-0000{number}.arrow": 7 for number in range(3)},
        "test-00000.arrow": 6,
    }


def test_unlabelled_pairs_are_counted_apart(tmp_path: Path) -> None:
    card = Card(
        "plain", "", "", CLASSES, ArraySpec((1, 1, 1)), ArraySpec((1, 1, 1)), "none", {}, "key"
    )
    with PairWriter(tmp_path / "pairs", card) as writer:
        one = np.zeros((2, 1, 1, 1), np.uint8)
        writer.write("train", sound=one, image=one, label=np.array([-1, 2]), key=["a", "b"])
    expected = {"cat": 0, "dog": 0, "owl": 1, "unlabelled": 1}
    assert Card.read(tmp_path / "pairs").counts["train"] == expected
    assert verify(tmp_path / "pairs") == []


def test_any_arrow_reader_opens_the_files(folder: Path) -> None:
    table = pa.ipc.open_file(folder / "train-00000.arrow").read_all()
    assert table.num_rows == 60
    assert table.column_names[:5] == ["sound", "image", "label", "key", "video"]


def test_writing_what_the_card_does_not_say(tmp_path: Path) -> None:
    good = {
        "sound": np.zeros((1, 1, 3, 5), np.uint8),
        "image": np.zeros((1, 4, 2, 3), np.uint8),
        "label": np.zeros(1, np.int64),
        "key": ["a"],
        "columns": {"video": ["v"], "start_s": [0.0], "frame": [0], "loud": [True]},
    }
    wrong = {
        "sound": (np.zeros((1, 1, 3, 4), np.uint8), r"sound is \(1, 3, 4\) uint8, the card says"),
        "image": (np.zeros((1, 4, 2, 3), np.float32), r"image is \(4, 2, 3\) float32"),
        "columns": ({"video": ["v"]}, r"columns \['video'\], the card says"),
    }
    card = card_of(SOUND, IMAGE)
    for name, (value, message) in wrong.items():
        with (
            pytest.raises(DataError, match=message),
            PairWriter(tmp_path / "pairs", card) as writer,
        ):
            writer.write("train", **{**good, name: value})
        assert not (tmp_path / "pairs").exists()
    with pytest.raises(DataError, match="not 'int32'"):
        ArraySpec((1,), "int32")


def test_a_failure_leaves_the_earlier_set(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    card = Card.read(folder)
    with pytest.raises(RuntimeError), PairWriter(folder, card):
        raise RuntimeError("the recordings ran out")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(folder.parent.iterdir()) == [folder]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    card = card_of(SOUND, IMAGE)
    with pytest.raises(StorageError, match="cannot write"):
        PairWriter(tmp_path / "file" / "pairs", card).__enter__()


# Damage


def test_no_folder_no_card_no_split(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no prepared data at"):
        PairDataset(tmp_path / "nothing", "train")
    with pytest.raises(DataError, match=r"has no 'validation' split, only test, train"):
        PairDataset(folder, "validation")
    with pytest.raises(DataError, match=r"has no column 'pitch', only label, key, video"):
        PairDataset(folder, "train").column("pitch")
    (folder / "card.json").unlink()
    with pytest.raises(DataError, match=r"its preparation was interrupted"):
        PairDataset(folder, "train")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "x"}', '{"sound": 1, "image": 2}'])
def test_a_damaged_card(folder: Path, content: str) -> None:
    (folder / "card.json").write_text(content)
    with pytest.raises(DataError, match=r"card\.json is damaged"):
        Card.read(folder)


def test_a_card_of_a_later_version_is_read(folder: Path) -> None:
    content = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**content, "weather": "fine"}))
    assert Card.read(folder).name == "made up"


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other"])
def test_a_damaged_file_is_named(folder: Path, damage: str) -> None:
    path = folder / "train-00000.arrow"
    if damage == "missing":
        path.unlink()
    elif damage == "other":
        path.write_bytes((folder / "test-00000.arrow").read_bytes())
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else 1000])
    with pytest.raises(DataError, match=r"train-00000\.arrow is .*prepare the data again"):
        PairDataset(folder, "train")
    (problem,) = verify(folder)
    assert str(path) in problem
    assert len(PairDataset(folder, "test")) == 12


def test_verify_finds_one_flipped_bit(folder: Path) -> None:
    path = folder / "test-00000.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (problem,) = verify(folder)
    assert problem == f"{path} is damaged: its SHA-256 is not the one in the card"


def test_verify_finds_counts_keys_and_leaks(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["counts"]["train"]["owl"] = 21
    card["group"] = "frame"  # counts up from 0 in both splits
    (folder / "card.json").write_text(json.dumps(card))
    counts, leak = verify(folder)
    assert "train: counts {'cat': 20, 'dog': 20, 'owl': 20}, the card says" in counts
    assert "12 of frame are in train and in test" in leak
    write(folder, splits=(("train", 8), ("train", 8)))
    assert verify(folder) == [f"{folder} train: two pairs have the same key"]


# Loading


def rows_of(batches: Iterator[Batch]) -> list[list[int]]:
    return [batch.row.tolist() for batch in batches]


def test_a_batch_is_what_networks_eat(shards: Path, tmp_path: Path) -> None:
    written = write(tmp_path / "again")["train"]  # the same seed
    loader = PairLoader(PairDataset(shards, "train"), 8)
    batch = next(loader.epoch(0))
    rows = batch.row.numpy()
    assert len(batch) == 8
    assert (batch.sound.shape, batch.image.shape) == ((8, 1, 3, 5), (8, 3, 4, 2))
    assert batch.sound.dtype == batch.image.dtype == torch.float32
    assert batch.image.is_contiguous()
    np.testing.assert_allclose(batch.sound, written["sound"][rows] / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(
        batch.image, written["image"][rows].transpose(0, 3, 1, 2) / 127.5 - 1, atol=1e-6
    )
    np.testing.assert_array_equal(batch.label, written["label"][rows])


def test_floats_pass_unchanged(tmp_path: Path) -> None:
    spec = ArraySpec((1, 3, 5), "float16")
    written = write(tmp_path / "pairs", sound=spec)["train"]["sound"]
    batch = next(PairLoader(PairDataset(tmp_path / "pairs", "train"), 60, shuffle=False).epoch())
    assert batch.sound.dtype == torch.float32
    np.testing.assert_array_equal(batch.sound, written.astype(np.float32))


def test_the_order_depends_on_seed_and_epoch_alone(folder: Path, shards: Path) -> None:
    first = PairLoader(PairDataset(folder, "train"), 8, seed=5)
    again = PairLoader(PairDataset(shards, "train"), 8, seed=5)
    other = PairLoader(PairDataset(folder, "train"), 8, seed=6)
    next(again.epoch(7))  # an epoch begun elsewhere changes nothing
    torch.manual_seed(1)
    assert rows_of(first.epoch(2)) == rows_of(again.epoch(2))
    assert rows_of(first.epoch(2)) != rows_of(first.epoch(3))
    assert rows_of(first.epoch(2)) != rows_of(other.epoch(2))


def test_every_pair_once_an_epoch(folder: Path) -> None:
    dataset = PairDataset(folder, "train")
    shuffled = PairLoader(dataset, 8)
    seen = [*chain(*rows_of(shuffled.epoch(0)))]
    assert len(shuffled) == 7
    assert len(set(seen)) == len(seen) == 56  # the incomplete batch is left out
    in_order = PairLoader(dataset, 8, shuffle=False)
    assert len(in_order) == 8
    assert [*chain(*rows_of(in_order.epoch(0)))] == list(range(60))


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 7), epoch=st.integers(0, 3), shuffle=st.booleans())
def test_resuming_continues_exactly(
    tmp_path_factory: pytest.TempPathFactory, start: int, epoch: int, shuffle: bool
) -> None:
    folder = tmp_path_factory.mktemp("pairs") / "pairs"
    write(folder)
    loader = PairLoader(PairDataset(folder, "train"), 8, shuffle=shuffle)
    whole = list(loader.epoch(epoch))
    resumed = list(loader.epoch(epoch, start=start))
    assert len(resumed) == max(0, len(whole) - start)
    for expected, batch in zip(whole[start:], resumed, strict=True):
        assert torch.equal(expected.row, batch.row)
        assert torch.equal(expected.sound, batch.sound)
        assert torch.equal(expected.image, batch.image)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("processes", [2, 4])
def test_processes_share_the_batch_of_one(folder: Path, processes: int, shuffle: bool) -> None:
    dataset = PairDataset(folder, "train")
    whole = rows_of(PairLoader(dataset, 8, shuffle=shuffle).epoch(1))
    parts = [
        rows_of(PairLoader(dataset, 8, shuffle=shuffle, rank=rank, processes=processes).epoch(1))
        for rank in range(processes)
    ]
    for step, rows in enumerate(whole):
        shares = [part[step] for part in parts]
        assert sorted(chain(*shares)) == sorted(rows)
        assert all(len(share) == len(rows) // processes for share in shares)


def test_loaders_keep_to_their_rows(folder: Path) -> None:
    chosen = np.array([50, 3, 17, 29])
    dataset = PairDataset(folder, "train")
    assert sorted(chain(*rows_of(PairLoader(dataset, 2, rows=chosen).epoch()))) == [3, 17, 29, 50]
    in_order = PairLoader(dataset, 3, rows=chosen, shuffle=False)
    assert rows_of(in_order.epoch()) == [[50, 3, 17], [29]]


def test_batches_that_cannot_be(folder: Path) -> None:
    dataset = PairDataset(folder, "test")
    with pytest.raises(DataError, match="12 pairs are fewer than a batch of 16"):
        PairLoader(dataset, 16)
    with pytest.raises(DataError, match="a batch of 9 cannot be shared by 2 processes"):
        PairLoader(dataset, 9, processes=2)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1))
def test_bytes_are_half_a_step_away_at_most(values: list[float]) -> None:
    array = np.array(values, np.float32)
    back = to_bytes(array).astype(np.float32) * (2 / 255) - 1
    assert np.abs(back - array).max() <= 1 / 255 + 1e-6
    assert (to_bytes(to_bytes(array) * (2 / 255) - 1) == to_bytes(array)).all()


def test_bytes_are_clipped() -> None:
    assert to_bytes(np.array([-7, -1, 0, 1, 7.0])).tolist() == [0, 0, 128, 255, 255]


# Holding out


@pytest.mark.parametrize(("fraction", "held"), [(0.0, 0), (0.1, 1), (0.4, 2), (0.8, 4)])
def test_groups_are_held_out_whole_and_in_every_class(
    folder: Path, fraction: float, held: int
) -> None:
    dataset = PairDataset(folder, "train")  # three classes of five videos, four pairs each
    train, validation = hold_out(dataset, fraction, seed=1)
    assert sorted([*train, *validation]) == list(range(60))
    videos = dataset.column("video")
    assert not set(videos[train]) & set(videos[validation])
    counts = np.bincount(dataset.labels[validation], minlength=3)
    assert counts.tolist() == [held * PER_GROUP] * 3


def test_holding_out_repeats_with_its_seed(folder: Path) -> None:
    dataset = PairDataset(folder, "train")
    first, again, other = (hold_out(dataset, 0.4, seed=seed)[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_what_cannot_be_held_out(folder: Path) -> None:
    with pytest.raises(DataError, match=r"must be in \[0, 1\), not 1"):
        hold_out(PairDataset(folder, "train"), 1.0)
    test = PairDataset(folder, "test")  # one video a class
    train, validation = hold_out(test, 0.1)
    assert len(train) == len(test)
    assert len(validation) == 0


# Looking


def test_a_contact_sheet_shows_every_class(tmp_path: Path) -> None:
    write(tmp_path / "pairs", image=ArraySpec((4, 2, 1)))
    small, large = (contact_sheet(tmp_path / "pairs", per_class=n) for n in (1, 3))
    assert large.height == small.height
    assert large.width > 1.8 * small.width
    assert len(np.unique(np.asarray(large))) > 50
    again = contact_sheet(tmp_path / "pairs", per_class=3)
    assert again.tobytes() == large.tobytes()
    assert contact_sheet(tmp_path / "pairs", per_class=3, seed=1).tobytes() != large.tobytes()


def test_a_contact_sheet_of_colour_and_floats(tmp_path: Path) -> None:
    write(
        tmp_path / "pairs",
        sound=ArraySpec((3, 6, 6), "float32"),
        image=ArraySpec((5, 5, 3), "float16"),
    )
    assert contact_sheet(tmp_path / "pairs", "test", per_class=9).mode == "RGB"
    with pytest.raises(ConfigError, match="must be 1 to 100, not 0"):
        contact_sheet(tmp_path / "pairs", per_class=0)
