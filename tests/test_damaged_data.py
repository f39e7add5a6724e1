"""Prepared data of anybody: cards and shards are what they should be, or one clear error."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pairs_of import write_digits

from photism.cli import main
from photism.data import pairs, shards
from photism.data.card import ArraySpec, Card
from photism.data.inspect import contact_sheet
from photism.data.pairs import PairDataset, PairLoader
from photism.data.verify import verify
from photism.data.writer import PairWriter
from photism.errors import DataError, StorageError

SHARD = "train-00000.arrow"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_digits(tmp_path / "digits", train=20, test=10)


def change_card(folder: Path, **changes: object) -> None:
    content = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**content, **changes}))


def seal(folder: Path, name: str = SHARD, **changes: object) -> None:
    """Make the card agree with a file that was changed, as somebody who means harm would."""
    listed = json.loads((folder / "card.json").read_text())["shards"]
    listed[name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    change_card(folder, shards=listed, **changes)


# Cards


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "../../evil"}, "name is '../../evil', not a plain name"),
        ({"name": "a/b"}, "not a plain name"),
        ({"name": "C:\\evil"}, "not a plain name"),
        ({"name": ".hidden"}, "not a plain name"),
        ({"name": ""}, "not a plain name"),
        ({"name": "a\x1b[2J"}, "not a plain name"),
        ({"name": "n" * 101}, "not a plain name"),
        ({"name": 3}, "name is no text"),
        ({"licence": None}, "licence is no text"),
        ({"classes": "0123456789"}, "classes is no list of texts"),
        ({"classes": [0, 1]}, "classes is no list of texts"),
        ({"classes": ["a", "a"]}, "classes has a name twice"),
        ({"notes": [{}]}, "notes is no list of texts"),
        ({"sound": {"shape": [1, 48, 100_000_000], "dtype": "uint8"}}, "has more than"),
        ({"sound": {"shape": [1, 48, -48], "dtype": "uint8"}}, "three sizes of 1 or more"),
        ({"sound": {"shape": [1, 48.0, 48], "dtype": "uint8"}}, "three sizes of 1 or more"),
        ({"sound": {"shape": [48, 48], "dtype": "uint8"}}, "three sizes of 1 or more"),
        ({"sound": {"shape": [1, 48, 48], "dtype": "object"}}, "arrays are stored as"),
        ({"sound": {"shape": [1, 48, 48], "dtype": []}}, "arrays are stored as"),
        ({"image": [28, 28, 1]}, "an array has a shape and a dtype"),
        ({"image": {"shape": [28, 28, 2], "dtype": "uint8"}}, "neither one nor three channels"),
        ({"columns": {"recording": "object"}}, "columns has a kind"),
        ({"columns": {"label": "int"}, "group": "key"}, "columns has a name of every pair"),
        ({"columns": ["recording"]}, "columns is no table"),
        ({"group": "video"}, "group is no column"),
        ({"seed": -1}, "seed is not a whole number"),
        ({"seed": True}, "seed is not a whole number"),
        ({"skipped": [{"file": "a"}]}, "skipped lacks a file or a reason"),
        ({"counts": {"train": {"0": -1}}}, "counts of 'train'"),
        ({"counts": {"../x": {}}}, "counts of '../x'"),
        ({"shards": {"train-00000.arrow": {"rows": 20}}}, "shards has 'train-00000.arrow'"),
        ({"shards": {"../train-00000.arrow": {}}}, "shards has '../train-00000.arrow'"),
        ({"shards": {SHARD: {"rows": 0, "sha256": "0" * 64}}}, f"shards has '{SHARD}'"),
        ({"shards": {SHARD: {"rows": 2, "sha256": "/etc/passwd"}}}, f"shards has '{SHARD}'"),
        ({"front_end_config": json.loads("[" * 40 + "]" * 40)}, "nested too deep"),
        ({"options": 7}, "options is no table"),
    ],
)
def test_a_card_of_anybody_is_checked(folder: Path, changes: dict[str, Any], reason: str) -> None:
    change_card(folder, **changes)
    with pytest.raises(DataError) as raised:
        PairDataset(folder, "train")
    assert reason in str(raised.value)
    assert "card.json is damaged" in str(raised.value)


def test_a_card_that_is_no_json_of_ours(folder: Path) -> None:
    for content in (b"\xff\xfe{", b"[" * 100_000, b'"card"', b"null"):
        (folder / "card.json").write_bytes(content)
        with pytest.raises(DataError, match=r"card\.json is damaged"):
            Card.read(folder)
    (folder / "card.json").write_text("{}")
    with pytest.raises(DataError, match="it lacks name, description, licence, classes"):
        Card.read(folder)
    (folder / "card.json").unlink()
    (folder / "card.json").mkdir()
    with pytest.raises(DataError, match=r"card\.json cannot be read"):
        Card.read(folder)


def test_nothing_is_written_outside_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change_card(folder, name="../escaped")
    work = folder.parent / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assert main(["data", "inspect", str(folder)]) == 2
    assert "not a plain name" in capsys.readouterr().err
    assert sorted(path.name for path in folder.parent.iterdir()) == ["digits", "work"]


# Shards


def test_one_flipped_bit_anywhere_is_found(folder: Path) -> None:
    content = (folder / SHARD).read_bytes()
    for place in np.linspace(0, len(content) - 1, 25).astype(int):
        damaged = bytearray(content)
        damaged[place] ^= 1
        (folder / SHARD).write_bytes(damaged)
        with pytest.raises(DataError, match=r"train-00000\.arrow is damaged: its SHA-256 is not"):
            PairDataset(folder, "train")
    assert len(PairDataset(folder, "test")) == 10
    (folder / SHARD).write_bytes(content)
    assert len(PairDataset(folder, "train")) == 20


def batch_of(folder: Path) -> pa.RecordBatch:
    return pa.ipc.open_file(folder / SHARD).get_batch(0)


def store(folder: Path, *batches: pa.RecordBatch) -> None:
    path = str(folder / SHARD)
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), name, column)


def missing_pixel(batch: pa.RecordBatch) -> pa.RecordBatch:
    values = batch.column("sound").values.to_pylist()
    values[7] = None
    column = pa.FixedSizeListArray.from_arrays(pa.array(values, pa.uint8()), 48 * 48)
    return with_column(batch, "sound", column)


def labelled(batch: pa.RecordBatch, label: int | None) -> pa.RecordBatch:
    return with_column(batch, "label", pa.array([label] * batch.num_rows, pa.int64()))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda batch: labelled(batch, 10), "labels from 10 to 10"),
        (lambda batch: labelled(batch, -2), "labels from -2 to -2"),
        (lambda batch: labelled(batch, None), "values are missing"),
        (missing_pixel, "values are missing"),
        (lambda batch: batch.slice(0, 7), "7 pairs, the card says 20"),
        (lambda batch: batch.drop_columns(["recording"]), "columns are not those of the card"),
        (
            lambda batch: with_column(batch, "key", batch.column("key").cast(pa.large_string())),
            "columns are not those of the card",
        ),
    ],
)
def test_a_shard_whose_checksum_agrees_is_still_checked(
    folder: Path, damage: Callable[[pa.RecordBatch], pa.RecordBatch], reason: str
) -> None:
    store(folder, damage(batch_of(folder)))
    seal(folder)
    with pytest.raises(DataError) as raised:
        PairDataset(folder, "train")
    assert f"{SHARD} is damaged" in str(raised.value)
    assert reason in str(raised.value)


def test_a_shard_is_one_batch(folder: Path) -> None:
    batch = batch_of(folder)
    store(folder, batch.slice(0, 10), batch.slice(10))
    seal(folder)
    with pytest.raises(DataError, match="is not one batch"):
        PairDataset(folder, "train")


def test_texts_and_where_they_begin_are_checked(folder: Path) -> None:
    content = (folder / SHARD).read_bytes()
    key = content.index(b"train-0train-1")
    (folder / SHARD).write_bytes(content.replace(b"train-1train-2", b"train-1\xff\xfe\xff\xfe-2"))
    seal(folder)
    with pytest.raises(DataError, match=r"damaged .*UTF8"):
        PairDataset(folder, "train")
    offsets = np.array([0, 7, 14], np.int32).tobytes()
    place = content.rindex(offsets, 0, key)
    for wrong in (-7, 2**31 - 1):
        damaged = bytearray(content)
        damaged[place + 4 : place + 8] = int(wrong).to_bytes(4, "little", signed=True)
        (folder / SHARD).write_bytes(damaged)
        seal(folder)
        with pytest.raises(DataError, match=r"damaged .*offset"):
            PairDataset(folder, "train")


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.5, 1.1])
def test_floats_of_a_shard_are_numbers_in_range(tmp_path: Path, value: float) -> None:
    good = np.full((4, 1, 2, 2), 0.125, np.float32)
    card = plain_card(sound=ArraySpec((1, 2, 2), "float32"))
    with PairWriter(tmp_path / "pairs", card) as writer:
        write_rows(writer, sound=good)
    content = (tmp_path / "pairs" / SHARD).read_bytes()
    place = content.index(good.tobytes())
    bad = np.float32(value).tobytes()
    (tmp_path / "pairs" / SHARD).write_bytes(content[:place] + bad + content[place + 4 :])
    seal(tmp_path / "pairs")
    with pytest.raises(DataError, match=r"sound has values from .*, not in \[-1, 1\]"):
        PairDataset(tmp_path / "pairs", "train")


def test_a_card_of_other_shapes_asks_for_no_memory(folder: Path) -> None:
    change_card(folder, image={"shape": [10_000, 10_000, 1], "dtype": "uint8"})
    with pytest.raises(DataError, match="columns are not those of the card"):
        PairDataset(folder, "train")


# What was compared is remembered


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read through, in order."""
    names: list[str] = []

    def noted(path: Path) -> str:
        names.append(path.name)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(shards, "sha256", noted)
    return names


def age(folder: Path, seconds: float) -> None:
    for path in folder.iterdir():
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - int(seconds * 1e9)))


def test_a_file_is_read_through_once(folder: Path, compared: list[str]) -> None:
    age(folder, 60)
    for _ in range(3):
        PairDataset(folder, "train")
        PairDataset(folder, "test")
    assert compared == [SHARD, "test-00000.arrow"]
    age(folder, 1)
    PairDataset(folder, "train")
    assert compared[2:] == [SHARD]
    content = bytearray((folder / SHARD).read_bytes())
    content[2_000] ^= 1
    (folder / SHARD).write_bytes(content)
    with pytest.raises(DataError, match="SHA-256"):
        PairDataset(folder, "train")


def test_a_file_of_this_very_moment_is_not_trusted_yet(folder: Path, compared: list[str]) -> None:
    for _ in range(2):
        PairDataset(folder, "train")
    assert compared == [SHARD, SHARD]


def test_other_data_under_the_same_name_is_read_through(folder: Path, compared: list[str]) -> None:
    age(folder, 60)
    PairDataset(folder, "train")
    write_digits(folder, train=20, test=10, seed=1)
    age(folder, 60)
    PairDataset(folder, "train")
    assert compared == [SHARD, SHARD]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"train-00000.arrow": 3}', b"\xff"])
def test_a_damaged_memory_is_no_memory(
    folder: Path, own_home: Path, compared: list[str], content: bytes
) -> None:
    age(folder, 60)
    PairDataset(folder, "train")
    (memory,) = (own_home / "checked").iterdir()
    memory.write_bytes(content)
    PairDataset(folder, "train")
    assert compared == [SHARD, SHARD]


def test_a_home_that_cannot_be_written_costs_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PHOTISM_HOME", str(tmp_path / "file"))
    age(folder, 60)
    assert len(PairDataset(folder, "train")) == 20


def test_a_folder_that_is_replaced_while_it_is_opened_is_opened_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced_first(*arguments: Any) -> list[pa.RecordBatch]:
        monkeypatch.setattr(pairs, "open_shards", shards.open_shards)
        write_digits(folder, train=30, seed=1)
        return shards.open_shards(*arguments)

    monkeypatch.setattr(pairs, "open_shards", replaced_first)
    assert len(PairDataset(folder, "train")) == 30


# Fuzzing


def open_mutated(folder: Path, seeds: range) -> int:
    """Open damaged copies in a process of their own; return how many were refused."""
    script = Path(__file__).with_name("open_mutated.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(folder), str(seeds.start), str(seeds.stop)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines = ran.stdout.splitlines()
    last = lines[-1] if lines else "nothing"
    assert ran.returncode == 0, f"after {last}: {ran.stderr[-3000:]}"
    assert len(lines) == len(seeds)
    return sum("refused" in line for line in lines)


def test_mutated_data_is_opened_or_refused(folder: Path) -> None:
    assert open_mutated(folder, range(30)) > 15


@pytest.mark.fuzz
@pytest.mark.parametrize("dtype", ["uint8", "float16"])
def test_much_mutated_data_is_opened_or_refused(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "digits"
    if dtype == "uint8":
        write_digits(folder, train=20, test=10)
    else:
        card = plain_card(sound=ArraySpec((1, 2, 2), dtype))
        with PairWriter(folder, card) as writer:
            write_rows(writer, count=8, sound=rng.uniform(-1, 1, (8, 1, 2, 2)).astype(dtype))
    assert open_mutated(folder, range(1000, 1200)) > 100


# Writing


def plain_card(**changes: Any) -> Card:
    settings = {"sound": ArraySpec((1, 2, 2)), "image": ArraySpec((2, 2, 1)), **changes}
    return Card("plain", "", "", settings.pop("classes", ("a", "b")), **settings, **_REST)


_REST: dict[str, Any] = {"front_end": "none", "front_end_config": {}, "group": "key"}


def write_rows(writer: PairWriter, split: str = "train", count: int = 4, **changes: Any) -> None:
    rows = {
        "sound": np.zeros((count, 1, 2, 2), np.uint8),
        "image": np.zeros((count, 2, 2, 1), np.uint8),
        "label": np.zeros(count, np.int64),
        "key": [f"{split}-{row}" for row in range(count)],
    }
    writer.write(split, **{**rows, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": "dev"}, "no split 'dev'"),
        ({"label": np.array([0, 1, 2, 0])}, "label .* 2 classes"),
        ({"label": np.array([0, 1, -2, 0])}, "label .* 2 classes"),
        ({"key": ["a"]}, "4 sounds, 4 pictures, but"),
        ({"image": np.zeros((3, 2, 2, 1), np.uint8)}, "4 sounds, 3 pictures"),
    ],
)
def test_pairs_that_nobody_could_read_are_not_written(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with (
        pytest.raises(DataError, match=reason),
        PairWriter(tmp_path / "pairs", plain_card()) as writer,
    ):
        write_rows(writer, **changes)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.nan, -np.inf, 2])
def test_floats_out_of_range_are_not_written(tmp_path: Path, value: float) -> None:
    card = plain_card(sound=ArraySpec((1, 2, 2), "float16"))
    with (
        pytest.raises(DataError, match=r"not in \[-1, 1\]"),
        PairWriter(tmp_path / "pairs", card) as writer,
    ):
        write_rows(writer, sound=np.full((4, 1, 2, 2), value, np.float16))


def test_a_disk_that_is_full_at_the_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("photism.data.writer.pa.OSFile", full)
    with (
        pytest.raises(StorageError, match="pairs: No space left on device"),
        PairWriter(tmp_path / "pairs", plain_card()) as writer,
    ):
        write_rows(writer)
    assert not list(tmp_path.iterdir())


def test_names_that_are_no_text_become_keys(tmp_path: Path) -> None:
    with PairWriter(tmp_path / "pairs", plain_card()) as writer:
        write_rows(writer, count=1, key=["caf\udce9.wav"])
    assert PairDataset(tmp_path / "pairs", "train").column("key").tolist() == [r"caf\udce9.wav"]


# Data without classes


def test_data_without_classes_is_read_looked_at_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with PairWriter(tmp_path / "pairs", plain_card(classes=())) as writer:
        write_rows(writer, label=np.full(4, -1))
    dataset = PairDataset(tmp_path / "pairs", "train")
    assert dataset.card.classes == ()
    assert dataset.card.counts == {"train": {"unlabelled": 4}}
    assert next(PairLoader(dataset, 4).epoch()).label.tolist() == [-1] * 4
    assert contact_sheet(tmp_path / "pairs").height > 96
    assert verify(tmp_path / "pairs") == []
    assert main(["data", "inspect", "pairs"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "unlabelled" in line)
    assert "4" in line


@pytest.mark.parametrize(
    "names", [("[music]", "a[/]b"), ("\x1b[2Jcat\x07", "two\nlines"), ("caf\udce9", ":smile:")]
)
def test_names_of_classes_are_shown_and_not_obeyed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, str],
) -> None:
    from photism.terminal import printable

    monkeypatch.chdir(tmp_path)
    with PairWriter(tmp_path / "pairs", plain_card(classes=names)) as writer:
        write_rows(writer, label=np.array([0, 0, 1, 1]))
    assert PairDataset(tmp_path / "pairs", "train").card.classes == names
    assert main(["data", "inspect", "pairs"]) == 0
    shown = capsys.readouterr().out
    assert all(printable(name) in shown for name in names)
    assert "\x1b" not in shown
    assert main(["data", "verify", "pairs"]) == 0
