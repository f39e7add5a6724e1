"""Record files and pictures of sounds as S2I's authors published them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from records_of import POINTER, records_of, write_records

from photism.cli import main
from photism.data.card import Card
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.s2i_records import KINDS, Records, find_records, recognise
from photism.data.sources.s2i_data import S2IData
from photism.errors import ConfigError, DataError

BYTES = {
    "spectrograms_128x100": 12_801,
    "spectrograms_to_images": 40_459,
    "embeddings_128": 28_171,
    "embeddings_256": 28_683,
    "embeddings_512": 29_707,
    "embeddings_1024": 31_755,
    "embeddings_2048": 35_851,
}
"""Of a record, as published."""


def test_records_have_the_published_sizes() -> None:
    assert {name: kind.dtype.itemsize for name, kind in KINDS.items()} == BYTES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 7])
def test_a_file_is_recognised_by_what_it_holds(tmp_path: Path, kind: str, count: int) -> None:
    records = records_of(kind, count)
    path = tmp_path / kind / "data_batch_001.bin"
    write_records(path, records)
    found = recognise(path)
    assert (found.kind.name, found.count, found.rest) == (kind, count, 0)
    again = Records((found,), found.kind).take(np.arange(count))
    assert again.tobytes() == records.tobytes()


def test_records_of_many_files_are_counted_through(tmp_path: Path) -> None:
    kind = "spectrograms_128x100"
    parts = [records_of(kind, count, seed=count) for count in (3, 5, 2)]
    for number, part in enumerate(parts, 8):  # the tenth comes after the ninth
        write_records(tmp_path / f"data_batch_{number:03d}.bin", part)
    [found], skipped = find_records(tmp_path)
    records, whole = found.records("train"), np.concatenate(parts)
    assert len(records) == 10
    assert not skipped
    rows = np.array([9, 0, 4, 3, 9])
    assert records.take(rows).tobytes() == whole[rows].tobytes()
    assert b"".join(block.tobytes() for block in records.blocks(4)) == whole.tobytes()
    with pytest.raises(DataError, match="from 0 to 9"):
        records.take(np.array([10]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (POINTER.encode(), "Git LFS pointer, not the file of 23,061,630 bytes.*git lfs pull"),
        (b"", "is empty"),
        (b"\xff" * 50_000, "50,000 bytes, which are records of no kind"),
        (b"0", "1 bytes, which are records of no kind"),
    ],
)
def test_what_holds_no_records_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "data_batch_001.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason):
        recognise(path)
    with pytest.raises(DataError, match=f"no data of S2I in .*{reason}"):
        prepare(S2IData(), raw=tmp_path, out=tmp_path / "pairs")


def test_pairs_of_records(tmp_path: Path) -> None:
    kind = "spectrograms_to_images"
    parts = {"data": records_of(kind, 23), "val": records_of(kind, 4, video=90)}
    for name, part in parts.items():
        write_records(tmp_path / "raw" / kind / f"{name}_batch_001.bin", part)
    card = prepare(S2IData(), raw=tmp_path / "raw", out=tmp_path / "pairs")
    assert (card.group, card.holds) == ("video", ("sound", "image"))
    train = PairDataset(tmp_path / "pairs", "train")
    rows = np.arange(23)
    np.testing.assert_array_equal(train.sounds(rows)[:, 0], parts["data"]["sound"])
    np.testing.assert_array_equal(train.images(rows), parts["data"]["image"])
    assert train.labels.tolist() == [row % 5 for row in range(23)]
    assert train.column("key")[13] == "c004_s00001_w003"
    assert train.column("video")[13] == "c004_s00001"
    assert len(PairDataset(tmp_path / "pairs", "validation")) == 4


def test_sounds_and_embeddings_without_the_rest(tmp_path: Path) -> None:
    for kind in ("spectrograms_128x100", "embeddings_128"):
        records = records_of(kind, 12)
        write_records(tmp_path / kind / "data_batch_001.bin", records)
        out = tmp_path / "pairs" / kind
        card = prepare(S2IData(), raw=tmp_path / kind, out=out)
        pairs = PairDataset(out, "train", needs=("sound",))
        if kind == "embeddings_128":
            stored = pairs.sounds(np.arange(12))
            np.testing.assert_array_equal(stored[:, :, 0, 0], records["embedding"])
        else:
            assert (card.holds, card.group) == (("sound",), "key")


def test_bad_files_cost_no_others_and_are_listed(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    whole = records_of("spectrograms_128x100", 4)
    for number in (1, 2):
        write_records(folder / f"data_batch_{number:03d}.bin", whole)
    (folder / "data_batch_003.bin").write_bytes(whole.tobytes()[:-100])
    (folder / "data_batch_004.bin").write_text(POINTER)
    write_records(folder / "data_batch_005.bin", records_of("embeddings_256", 4))
    card = prepare(S2IData(), raw=folder, out=tmp_path / "pairs")
    assert sum(card.counts["train"].values()) == 11
    reasons = {file["file"]: file["reason"] for file in card.skipped}
    assert "cut short, 12,701 bytes behind 3 whole" in reasons["data_batch_003.bin"]
    assert "Git LFS pointer" in reasons["data_batch_004.bin"]
    assert "holds embeddings_256" in reasons["data_batch_005.bin"]
    assert card.notes[-1] == "left out, wholly or in part: 3 files; see skipped"


def test_several_kinds_have_to_be_chosen_from(tmp_path: Path) -> None:
    for kind in ("spectrograms_128x100", "embeddings_128"):
        write_records(tmp_path / "raw" / kind / "data_batch_001.bin", records_of(kind, 6))
    with pytest.raises(ConfigError, match="embeddings_128, spectrograms_128x100: choose one with"):
        prepare(S2IData(), raw=tmp_path / "raw", out=tmp_path / "pairs")
    card = prepare(S2IData(kind="embeddings_128"), raw=tmp_path / "raw", out=tmp_path / "pairs")
    assert card.sound.shape == (128, 1, 1)
    with pytest.raises(DataError, match=r"no embeddings_512 in .*it holds embeddings_128"):
        prepare(S2IData(kind="embeddings_512"), raw=tmp_path / "raw", out=tmp_path / "pairs")


# Pictures of sounds


def jpeg(level: int, size: tuple[int, int] = (100, 128)) -> bytes:
    content = io.BytesIO()
    Image.new("L", size, level).save(content, "JPEG")
    return content.getvalue()


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"spectrograms/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_pictures_of_sounds_train_without_frames(tmp_path: Path) -> None:
    files = {f"train/c001_s00007_w{window:03d}.jpg": jpeg(10 * window) for window in range(3)}
    files["test/c005_s01950_w000.jpg"] = jpeg(200)
    files["val/c002_s00007_w000.jpg"] = jpeg(90)
    files["test/c001_s00007_w003.jpg"] = jpeg(30)
    files["test/c003_s02000_w000.jpg"] = jpeg(30, (96, 96))
    files["test/c003_s02001_w000.jpg"] = b"\xff\xd8 nothing"
    files["test/c006_s00000_w000.jpg"] = jpeg(30)
    write_tar(tmp_path / "spectrograms.tar", files)
    card = prepare(S2IData(), raw=tmp_path, out=tmp_path / "pairs")
    assert card.holds == ("sound",)
    train = PairDataset(tmp_path / "pairs", "train", needs=("sound",))
    assert train.sounds(np.arange(3)).mean(axis=(1, 2, 3)).tolist() == [0, 10, 20]
    assert train.column("video").tolist() == ["c001_s00007"] * 3
    assert {split: sum(counts.values()) for split, counts in card.counts.items()} == {
        "train": 3,
        "validation": 1,
        "test": 1,
    }
    reasons = [file["reason"] for file in card.skipped]
    assert reasons[0] == "its video lies in train and in test"
    assert reasons[1] == "is 96 × 96 pixels, not 100 × 128"
    assert reasons[2].startswith("is no whole JPEG")
    assert reasons[3] == "class c006 is none of c001 to c005"


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "prepare", "s2i-data"]) == 2
    assert "github.com/leofanzeres/s2i_data" in capsys.readouterr().err
    assert main(["data", "prepare", "s2i-data", "--from", str(tmp_path)]) == 2
    assert "no data of S2I" in capsys.readouterr().err


@pytest.mark.data
def test_the_published_pictures_are_read(tmp_path: Path, real_data: Path) -> None:
    place = real_data / "vegas_spectrograms"
    prepare(S2IData(), raw=place, out=tmp_path / "pairs")
    card = Card.read(tmp_path / "pairs")
    counts = {split: sum(each.values()) for split, each in card.counts.items()}
    assert counts == {"train": 5279, "validation": 828, "test": 1296}
    assert not card.skipped
