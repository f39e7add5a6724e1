"""Sub-URMP in its three forms: what is read, what is chosen, what is left out and said."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from chirps import told
from PIL import Image

from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.cli import main
from photism.data.card import Card
from photism.data.pairs import PairDataset, to_bytes
from photism.data.prepare import prepare
from photism.data.sources.sub_urmp import SubUrmp
from photism.data.sub_urmp.folders import _Waiting
from photism.data.sub_urmp.moments import CLASSES, Canvas, Moment, choose, parse
from photism.data.verify import verify
from photism.errors import ConfigError, DataError, ImageError
from photism.images import read_provenance
from photism.video.frames import first_frames

SMALL = {"size": 16, "crop": "resize"}
RATE = 44_100


def tone(pitch_hz: float = 440.0, *, peak: float = 0.5, samples: int = 22_050) -> np.ndarray:
    time_s = np.arange(samples) / RATE
    return (peak * np.sin(2 * np.pi * pitch_hz * time_s)).astype(np.float32)


def wav(mono: np.ndarray, other: np.ndarray | None = None, rate: int = RATE) -> bytes:
    """A file as published: two channels, the same unless another is given."""
    file = io.BytesIO()
    channels = np.stack([mono, mono if other is None else other], axis=1)
    soundfile.write(file, channels, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def picture(level: int, size: tuple[int, int] = (64, 36), kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (level, 0, 255 - level)).save(file, kind)
    return file.getvalue()


def published(pieces: dict[str, int]) -> dict[str, bytes]:
    """The published layout in small: for each `<part>/<stem without time>` so many windows."""
    files = {}
    for number, (place, count) in enumerate(pieces.items()):
        part, performance = place.split("/")
        instrument = performance.rstrip("0123456789")
        for window in range(count):
            stem = f"Sub-URMP/{{}}/{part}/{instrument}/{performance}_{500 + 100 * window}.{{}}"
            files[stem.format("img", "jpg")] = picture(20 * number + window)
            files[stem.format("chunk", "wav")] = wav(tone(200 + 100 * number + 10 * window))
    return files


PIECES = {"train/bassoon00": 3, "train/violin01": 2, "train/violin02": 2, "validation/horn04": 2}


def unpack(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack_zip(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "pairs.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "pairs.zip"


def pack_tar(files: dict[str, bytes], folder: Path) -> Path:
    """All pictures first, as the published archive may have them."""
    folder.mkdir(exist_ok=True)
    path = folder / "Sub-URMP.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in sorted(files, key=lambda name: ("/chunk/" in name, name)):
            info = tarfile.TarInfo(name)
            info.size = len(files[name])
            archive.addfile(info, io.BytesIO(files[name]))
    return path


def reasons(card: Card) -> dict[str, str]:
    return {file["file"]: file["reason"] for file in card.skipped}


def rows_by_key(folder: Path, split: str) -> dict[str, tuple[bytes, bytes, int, float]]:
    dataset = PairDataset(folder, split)
    rows = np.arange(len(dataset))
    arrays = zip(dataset.sounds(rows), dataset.images(rows), strict=True)
    return {
        key: (sound.tobytes(), image.tobytes(), int(label), float(peak))
        for key, (sound, image), label, peak in zip(
            dataset.column("key"), arrays, dataset.labels, dataset.column("peak"), strict=True
        )
    }


# The published layout


def test_pairs_are_the_half_seconds_of_the_published_layout(tmp_path: Path) -> None:
    raw = unpack(published(PIECES), tmp_path / "raw")
    card = prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "pairs")
    assert card.skipped == ()
    assert card.classes == CLASSES
    assert card.group == "performance"
    assert verify(tmp_path / "pairs") == []
    train, test = (PairDataset(tmp_path / "pairs", split) for split in ("train", "test"))
    assert list(card.counts) == ["train", "test"]
    assert train.column("key").tolist()[:3] == [
        f"train/bassoon/bassoon00_{time_ms}" for time_ms in (500, 600, 700)
    ]
    assert train.labels.tolist() == [0] * 3 + [12] * 4
    assert train.column("performance").tolist()[3:] == ["violin01"] * 2 + ["violin02"] * 2
    assert test.column("key").tolist() == [f"test/horn/horn04_{n}" for n in (500, 600)]
    assert test.column("time_ms").tolist() == [500, 600]
    assert train.column("peak") == pytest.approx(0.5, abs=2e-4)


def test_sounds_and_pictures_are_those_of_the_files(tmp_path: Path) -> None:
    raw = unpack(published(PIECES), tmp_path / "raw")
    prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "pairs")
    dataset = PairDataset(tmp_path / "pairs", "train")
    waveforms = [tone(200 + 10 * n) for n in range(3)] + [tone(300), tone(310)]
    stored = [np.rint(waveform * 32767).astype(np.float32) / 32768 for waveform in waveforms]
    expected = to_bytes(pictures(stored, front_end("car-gan")).numpy())
    found = dataset.sounds(np.arange(5))
    assert found.shape == (5, 3, 128, 128)
    assert np.mean(np.abs(found.astype(int) - expected)) < 2  # samples round to 16 bits
    red = dataset.images(np.arange(7)).astype(int)[:, :, :, 0].mean(axis=(1, 2))
    assert red == pytest.approx([0, 1, 2, 20, 21, 40, 41], abs=3)  # JPEG


@pytest.mark.parametrize("pack", [pack_zip, pack_tar])
def test_archives_give_the_same_pairs(
    tmp_path: Path, pack: Callable[[dict[str, bytes], Path], Path]
) -> None:
    files = published(PIECES)
    prepare(SubUrmp(**SMALL), raw=unpack(files, tmp_path / "raw"), out=tmp_path / "unpacked")
    prepare(SubUrmp(**SMALL), raw=pack(files, tmp_path / "archive"), out=tmp_path / "packed")
    for split in ("train", "test"):
        expected = rows_by_key(tmp_path / "unpacked", split)
        assert rows_by_key(tmp_path / "packed", split) == expected


def test_an_archive_is_found_by_its_name(tmp_path: Path) -> None:
    pack_tar(published(PIECES), tmp_path / "raw")
    pack_zip(published(PIECES), tmp_path / "raw")  # has no name that says what it is
    card = prepare(SubUrmp(**SMALL), raw=tmp_path / "raw", out=tmp_path / "pairs")
    assert sum(card.counts["train"].values()) == 7


def test_an_archive_that_is_cut_short_leaves_the_earlier_set(tmp_path: Path) -> None:
    path = pack_tar(published(PIECES), tmp_path / "raw")
    before = prepare(SubUrmp(**SMALL), raw=path, out=tmp_path / "pairs")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match="damaged or cut short"):
        prepare(SubUrmp(**SMALL), raw=path, out=tmp_path / "pairs")
    assert Card.read(tmp_path / "pairs") == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pairs", "raw"]


def test_the_same_options_give_the_same_bytes(tmp_path: Path) -> None:
    raw = unpack(published(PIECES), tmp_path / "raw")
    first, again = (
        prepare(SubUrmp(size=16, seed=3), raw=raw, out=tmp_path / f"pairs{number}")
        for number in range(2)
    )
    assert first == again
    assert first.shards == again.shards


@pytest.mark.parametrize("pack", [unpack, pack_tar])
def test_a_large_set_is_written_a_file_at_a_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[dict[str, bytes], Path], Path],
) -> None:
    raw = pack(published(PIECES), tmp_path / "raw")
    whole = prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "whole")
    monkeypatch.setattr("photism.data.writer.SHARD_BYTES", 2 * 3 * (16**2 + 128**2))
    parts = prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "parts")
    assert [shard["rows"] for shard in parts.shards.values()].count(2) == 4
    assert parts.counts == whole.counts
    for split in ("train", "test"):
        assert rows_by_key(tmp_path / "parts", split) == rows_by_key(tmp_path / "whole", split)


def test_halves_wait_in_a_file_that_starts_anew(tmp_path: Path) -> None:
    with _Waiting(tmp_path) as waiting:
        for number in range(3):
            waiting.put("a", bytes([number]) * 1000)
            waiting.put("b", b"other")
            assert waiting.take("c") is None
            assert waiting.take("a") == bytes([number]) * 1000
            assert waiting.take("a") is None
            assert waiting.take("b") == b"other"
        waiting.put("d", b"last")
        assert waiting._file.seek(0, io.SEEK_END) == 4


# What is left out


def test_everything_left_out_is_listed_with_its_reason(tmp_path: Path) -> None:
    files = published({**PIECES, "validation/tuba04": 1})
    img, chunk = "Sub-URMP/img/train", "Sub-URMP/chunk/train"
    good_jpg, good_wav = picture(9), wav(tone())
    files |= {
        f"{img}/cello/cello00_500.jpg": good_jpg,
        f"{chunk}/cello/cello00_600.wav": good_wav,
        f"{img}/guitar/guitar00_500.jpg": good_jpg,
        f"{chunk}/guitar/guitar00_500.wav": good_wav,
        f"{img}/cello/viola00_500.jpg": good_jpg,
        f"{img}/cello/portrait.jpg": good_jpg,
        f"{img}/cello/notes.pdf": b"%PDF",
        f"{img}/cello/.DS_Store": b"",
        f"Copy/{img}/bassoon/bassoon00_500.jpg": good_jpg,
    }
    halves = {
        "700": (good_jpg[:-20], good_wav),
        "800": (b"no picture", good_wav),
        "900": (picture(9, (15, 40)), good_wav),
        "1000": (good_jpg, good_wav[:-100]),
        "1100": (good_jpg, b"no sound"),
        "1200": (good_jpg, wav(tone(samples=11_025))),
        "1300": (good_jpg, wav(tone(), rate=22_050)),
    }
    for time_ms, (jpg, sound) in halves.items():
        files[f"{img}/oboe/oboe00_{time_ms}.jpg"] = jpg
        files[f"{chunk}/oboe/oboe00_{time_ms}.wav"] = sound
    raw = unpack(files, tmp_path / "raw")
    card = prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "pairs")
    found = reasons(card)
    oboe = "train/oboe/oboe00_"
    expected = {
        f"{img}/cello/cello00_500.jpg": "unpaired picture",
        f"{chunk}/cello/cello00_600.wav": "unpaired sound",
        f"{img}/guitar/guitar00_500.jpg": "other instrument: guitar is none of the 13",
        f"{chunk}/guitar/guitar00_500.wav": "other instrument: guitar is none of the 13",
        f"{img}/cello/viola00_500.jpg": "mislabelled: the folder says cello, the name viola",
        f"{img}/cello/portrait.jpg": "unknown name: not <instrument><piece>_<milliseconds>",
        f"{img}/cello/notes.pdf": "unknown kind: no picture (.jpg .jpeg .png)",
        f"{img}/bassoon/bassoon00_500.jpg": f"found twice: Copy/{img}/bassoon/bassoon00_500.jpg"
        " has the same name",
        f"{oboe}800": "unreadable picture: no picture that photism reads, which are"
        " JPEG, PNG, WEBP, GIF, BMP, PPM, TIFF, AVIF",
        f"{oboe}900": "wrong size: 15×40 pixels, smaller than 16×16",
        f"{oboe}1200": "wrong length: 11,025 frames at 44,100 Hz, not 22,050 at 44,100 Hz",
        f"{oboe}1300": "wrong length: 22,050 frames at 22,050 Hz, not 22,050 at 44,100 Hz",
    }
    assert {name: found.pop(name, "not listed") for name in expected} == expected
    assert found.pop(f"{oboe}700").startswith(
        "unreadable picture: damaged or cut short (image file is truncated"
    )
    assert found.pop(f"{oboe}1000").startswith("damaged sound: cut short: 88,144 of 88,244 bytes")
    assert found.pop(f"{oboe}1100").startswith("damaged sound: no sound that can be read")
    assert found == {}
    assert sum(card.counts["train"].values()) == 7
    (note,) = (note for note in card.notes if note.startswith("left out: "))
    assert "wrong length 2" in note
    assert "unpaired sound 1" in note


def test_drawings_on_nothing_are_laid_on_white_and_blank_ones_counted(tmp_path: Path) -> None:
    levels = np.zeros((32, 32, 4), np.uint8)
    drawings = {"500": levels.copy(), "600": levels}
    drawings["500"][8:24, 8:24, 3] = 255
    files = {}
    for time_ms, drawing in drawings.items():
        place = f"Sub-URMP/{{}}/train/tuba/tuba00_{time_ms}.{{}}"
        file = io.BytesIO()
        Image.fromarray(drawing).save(file, "PNG")
        files[place.format("img", "png")] = file.getvalue()
        files[place.format("chunk", "wav")] = wav(tone())
    raw = unpack(files, tmp_path / "raw")
    card = prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "pairs")
    drawn, blank = PairDataset(tmp_path / "pairs", "train").images(np.arange(2))
    assert drawn[8, 8].tolist() == [0, 0, 0]
    assert drawn[0, 0].tolist() == [255, 255, 255]
    assert blank.min() == 255
    assert "pictures of one colour, with nothing to see: 1" in card.notes


def test_of_two_different_channels_the_first_is_read(tmp_path: Path) -> None:
    files = published({"train/flute00": 2})
    place = "Sub-URMP/chunk/train/flute/flute00_500.wav"
    files[place] = wav(tone(peak=0.25), tone(900, peak=0.75))
    card = prepare(SubUrmp(**SMALL), raw=unpack(files, tmp_path / "raw"), out=tmp_path / "pairs")
    assert card.skipped == ()
    assert "sounds with two channels that differ: 1; the first was read" in card.notes
    peaks = PairDataset(tmp_path / "pairs", "train").column("peak")
    assert peaks == pytest.approx([0.25, 0.5], abs=1e-4)


def test_notes_say_what_the_numbers_cannot_be_compared_with(tmp_path: Path) -> None:
    files = published({**PIECES, "validation/violin02": 1})
    card = prepare(SubUrmp(**SMALL), raw=unpack(files, tmp_path / "raw"), out=tmp_path / "pairs")
    assert "the part that Sub-URMP calls validation is the papers' test part" in card.notes
    assert "NOT a clean split: performances in both parts: violin02" in card.notes
    assert any("10 of its 80,805 pairs" in note for note in card.notes)
    assert any("single training performance of bassoon: " in note for note in card.notes)


# What is chosen


def moments(performance: str, count: int, split: str = "train") -> list[Moment]:
    return [parse(split, f"{performance}_{500 + 100 * n}") for n in range(count)]


def test_stride_and_max_per_class_thin_evenly() -> None:
    found = moments("violin01", 5) + moments("bassoon00", 4) + moments("horn04", 3, "test")
    strided = choose(reversed(found), stride=2)
    assert [moment.key.rsplit("/", 1)[1] for moment in strided] == [
        "bassoon00_500", "bassoon00_700", "violin01_500", "violin01_700", "violin01_900",
        "horn04_500", "horn04_700",
    ]  # fmt: skip
    few = choose(found, max_per_class=2)
    assert [(moment.performance, moment.time_ms) for moment in few] == [
        ("bassoon00", 500), ("bassoon00", 700), ("violin01", 500), ("violin01", 700),
        ("horn04", 500), ("horn04", 600),
    ]  # fmt: skip
    assert choose(found, max_per_class=99) == choose(found)


def test_quiet_sounds_stay_unless_asked_for(tmp_path: Path) -> None:
    files = published({"train/flute00": 3})
    place = "Sub-URMP/chunk/train/flute/flute00_"
    for time_ms, level in ((500, 449), (600, 450)):
        files[f"{place}{time_ms}.wav"] = wav(np.full(22_050, level / 32768, np.float32))
    raw = unpack(files, tmp_path / "raw")
    card = prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "pairs")
    assert card.counts["train"]["flute"] == 3
    card = prepare(SubUrmp(**SMALL, min_peak=450 / 32768), raw=raw, out=tmp_path / "pairs")
    assert PairDataset(tmp_path / "pairs", "train").column("time_ms").tolist() == [600, 700]
    assert "left out: 1 with a peak under 0.0137329" in card.notes
    with pytest.raises(DataError, match=r"no sound in .* has a peak of 0\.9: lower --min-peak"):
        prepare(SubUrmp(**SMALL, min_peak=0.9), raw=raw, out=tmp_path / "pairs")


def test_the_crop_is_the_authors_and_depends_on_seed_and_name() -> None:
    ramp = np.arange(286, dtype=np.uint8)[None, :, None].repeat(286, 0).repeat(3, 2)
    ramp[:, 256:] = 255
    whole = Image.fromarray(ramp)
    crops = [
        Canvas(256, "crop286", seed).draw(whole, f"train/tuba/tuba00_{n}")[0, 0, 0]
        for seed, n in ((0, 500), (0, 600), (0, 700), (1, 500))
    ]
    assert all(0 <= left <= 30 for left in crops)  # 286 - 256
    assert len(set(crops)) > 1
    again = Canvas(256, "crop286", 0).draw(whole, "train/tuba/tuba00_500")
    assert again[0, 0, 0] == crops[0]
    np.testing.assert_array_equal(Canvas(256, "resize", 0).draw(whole, "")[128, :3, 0], [0, 1, 2])
    lefts = [Canvas(256, "crop286", 0).draw(whole, str(n))[0, 0, 0] for n in range(400)]
    assert (min(lefts), max(lefts)) == (0, 30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 100}, "size must be 16, 32, 64, … or 1024, not 100"),
        ({"size": 8}, "size must be"),
        ({"size": 512}, "for 512×512 add --crop resize"),
        ({"stride": 0}, "stride must be 1 or more"),
        ({"max_per_class": 0}, "max-per-class must be 1 or more"),
        ({"min_peak": -0.1}, "min-peak is a share of full scale"),
        ({"min_peak": 450.0}, "min-peak is a share of full scale"),
        ({"seed": -1}, "a seed is a whole number from 0"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SubUrmp(**options)


# Pair lists

VIOLIN = ", ".join("0" * 12 + "1")
BASSOON = ", ".join("1" + "0" * 12)


def listed(folder: Path, lines: list[str], name: str = "train_data.txt") -> Path:
    """A list in `data/` whose paths start from the folder above, as the authors' do."""
    for n, performance in enumerate(("violin01", "bassoon00")):
        instrument = performance[:-2]
        for time_ms in (500, 600):
            stem = f"train/{instrument}/{performance}_{time_ms}"
            place = {f"data/sound/{stem}.png": picture(40 * n, (128, 128), "PNG")}
            unpack(place | {f"data/img/{stem}.jpg": picture(40 * n + 100)}, folder)
    (folder / "data" / name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def line(stem: str, label: str, *, picture_stem: str | None = None, start: str = "./data/") -> str:
    return f"{start}sound/train/{stem}.png||{label}||{start}img/train/{picture_stem or stem}.jpg"


def test_pair_lists_come_with_pictures_of_sounds(tmp_path: Path) -> None:
    lines = [line("violin/violin01_500", VIOLIN), line("bassoon/bassoon00_600", BASSOON)]
    raw = listed(tmp_path / "raw", lines)
    listed(raw, [line("violin/violin01_600", VIOLIN)], "test_data.txt")
    card = prepare(SubUrmp(size=16), raw=raw, out=tmp_path / "pairs")
    assert card.skipped == ()
    assert card.front_end == "car-gan"
    train = PairDataset(tmp_path / "pairs", "train")
    assert train.column("key").tolist() == [
        "train/bassoon/bassoon00_600", "train/violin/violin01_500",
    ]  # fmt: skip
    sounds = train.sounds(np.arange(2))
    assert sounds.shape == (2, 3, 128, 128)
    assert (sounds[:, 0] == np.array([40, 0])[:, None, None]).all()
    assert (sounds[:, 2] == np.array([215, 255])[:, None, None]).all()
    assert train.images([0]).mean(axis=(0, 1, 2)) == pytest.approx([140, 0, 115], abs=3)
    assert np.isnan(train.column("peak")).all()
    assert PairDataset(tmp_path / "pairs", "test").labels.tolist() == [12]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("./data/sound/train/violin/violin01_500.png||./data/img", "bad line: 2 fields"),
        (line("violin/violin01_500", VIOLIN) + "||", "bad line: 4 fields"),
        (line("violin/violin01_500", "0, 1"), "label not one-hot: 0, 1"),
        (line("violin/violin01_500", BASSOON.replace("0", "1")), "label not one-hot"),
        (line("violin/violin01_500", BASSOON.replace("1", "0")), "label not one-hot"),
        (line("violin/violin01_500", "0.5, 0.5" + ", 0" * 11), "label not one-hot"),
        (line("violin/violin01_500", BASSOON), "mislabelled: the label says bassoon, the names"),
        (line("violin/violin09_500", VIOLIN), r"no such file: \./data/sound/train/violin/violin09"),
        (line("violin/violin01_500", VIOLIN, picture_stem="violin/violin01_600"), "mispaired: "),
        (line("violin/violin01_500", VIOLIN, start="../../"), "path outside: .* leads out of"),
        (line("violin/violin01_500", VIOLIN, start="/etc/"), "path outside: .* leads out of"),
        (line("violin/violin01_500\0", VIOLIN), "no such file: .* is no path"),
        (line("violin/violin01_600", VIOLIN), "found twice"),
    ],
)
def test_bad_lines_are_listed_and_the_others_kept(tmp_path: Path, bad: str, reason: str) -> None:
    good = [line("violin/violin01_600", VIOLIN), line("bassoon/bassoon00_500", BASSOON)]
    raw = listed(tmp_path / "raw", [good[0], bad, "", good[1]])
    card = prepare(SubUrmp(size=16), raw=raw, out=tmp_path / "pairs")
    (skipped,) = card.skipped
    assert skipped["file"] == "data/train_data.txt:2"
    assert re.match(reason, skipped["reason"])
    assert len(PairDataset(tmp_path / "pairs", "train")) == 2


def test_names_and_folders_of_lists_have_to_agree(tmp_path: Path) -> None:
    lines = [line("violin/bassoon00_900", BASSOON), line("violin/guitar00_900", VIOLIN)]
    raw = listed(tmp_path / "raw", [*lines, line("violin/violin01_500", VIOLIN)])
    for stem in ("bassoon00_900", "guitar00_900"):
        unpack({f"data/sound/train/violin/{stem}.png": picture(1, (128, 128))}, raw)
        unpack({f"data/img/train/violin/{stem}.jpg": picture(1)}, raw)
    found = reasons(prepare(SubUrmp(size=16), raw=raw, out=tmp_path / "pairs"))
    assert list(found.values()) == [
        "mislabelled: the folder says violin, the name bassoon",
        "other instrument: guitar is none of the 13",
    ]


def test_damaged_pictures_of_lists_are_listed(tmp_path: Path) -> None:
    raw = listed(tmp_path / "raw", [line(f"violin/violin01_{n}", VIOLIN) for n in (500, 600)])
    place = raw / "data/sound/train/violin/violin01_500.png"
    place.write_bytes(place.read_bytes()[:100])
    card = prepare(SubUrmp(size=16), raw=raw, out=tmp_path / "pairs")
    ((name, reason),) = reasons(card).items()
    assert name == "train/violin/violin01_500"
    assert reason.startswith("unreadable picture: ")


def test_lists_have_no_sounds_to_hear(tmp_path: Path) -> None:
    raw = listed(tmp_path / "raw", [line("violin/violin01_500", VIOLIN)])
    for options in ({"front_end": "sa-cmgan"}, {"min_peak": 0.01}):
        with pytest.raises(ConfigError, match="pair lists hold pictures of sounds"):
            prepare(SubUrmp(size=16, **options), raw=raw, out=tmp_path / "pairs")


# Videos


def video(
    path: Path, *, seconds: float = 1.0, sound_s: float | None = None, size: int = 32
) -> Path:
    """20 pictures a second, the red of each ten times its number; sound at 48 kHz, as long."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        pictures_ = container.add_stream("ffv1", rate=20)
        pictures_.width = pictures_.height = size
        pictures_.pix_fmt = "bgr0"
        sound_s = seconds if sound_s is None else sound_s
        if sound_s:
            sounds = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        for number in range(round(20 * seconds)):
            level = np.full((size, size, 3), 10 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(level, "rgb24")
            container.mux(pictures_.encode(frame))
        container.mux(pictures_.encode())
        if sound_s:
            time_s = np.arange(round(48_000 * sound_s)) / 48_000
            samples = (16_000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16)
            block = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
            block.sample_rate = 48_000
            container.mux(sounds.encode(block))
            container.mux(sounds.encode())
    return path


def test_videos_are_cut_into_half_seconds_with_their_first_frame(tmp_path: Path) -> None:
    video(tmp_path / "raw" / "violin" / "violin01.mkv")
    video(tmp_path / "raw" / "horn-solo" / "take 1.mkv", seconds=0.6)
    video(tmp_path / "raw" / "validation" / "tuba" / "etude.mkv", seconds=0.5)
    video(tmp_path / "raw" / "oboe" / "oboe04.mkv", seconds=0.5)
    card = prepare(SubUrmp(**SMALL), raw=tmp_path / "raw", out=tmp_path / "pairs")
    assert card.skipped == ()
    train, test = (PairDataset(tmp_path / "pairs", split) for split in ("train", "test"))
    assert train.column("performance").tolist() == ["horn-solo_take 1"] * 2 + ["violin01"] * 6
    assert train.column("time_ms").tolist() == [500, 600, *range(500, 1001, 100)]
    # A window each tenth of a second: every other picture.
    red = train.images(np.arange(8))[:, 0, 0, 0]
    assert red.tolist() == [0, 20, 0, 20, 40, 60, 80, 100]
    assert train.column("peak") == pytest.approx(16_000 / 32_768, abs=0.01)
    assert test.column("performance").tolist() == ["oboe04", "tuba_etude"]


def test_windows_of_videos_are_thinned_too(tmp_path: Path) -> None:
    video(tmp_path / "raw" / "violin" / "violin01.mkv")
    source = SubUrmp(**SMALL, stride=2, front_end="sa-cmgan")
    card = prepare(source, raw=tmp_path / "raw", out=tmp_path / "pairs")
    train = PairDataset(tmp_path / "pairs", "train")
    assert train.column("time_ms").tolist() == [500, 700, 900]
    assert train.images(np.arange(3))[:, 0, 0, 0].tolist() == [0, 40, 80]
    assert card.sound.shape == (3, 64, 64)
    assert any(note.startswith("NO test part: no folder") for note in card.notes)


def test_videos_that_are_no_use_are_listed(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    video(raw / "violin" / "good.mkv")
    video(raw / "violin" / "silent.mkv", sound_s=0)
    video(raw / "violin" / "short.mkv", seconds=0.4)
    video(raw / "violin" / "tiny.mkv", size=8)
    video(raw / "violin" / "cello03.mkv")
    video(raw / "take2" / "violin" / "good.mkv")
    video(raw / "Jupiter" / "Vid_01_Jupiter_vn_vc.mkv")
    video(raw / "guitar" / "guitar00.mkv")
    (raw / "violin" / "broken.mp4").write_bytes(b"no video")
    video(raw / "tuba" / "blind.mkv", seconds=0.3, sound_s=1.0)
    found = reasons(prepare(SubUrmp(**SMALL), raw=raw, out=tmp_path / "pairs"))
    assert found.pop("violin/silent.mkv") == "no sound: the video has no sound, only video"
    assert found.pop("violin/short.mkv") == "wrong length: shorter than half a second"
    assert found.pop("violin/tiny.mkv").startswith("wrong size: 8×8 pixels")
    assert found.pop("violin/cello03.mkv").startswith("mislabelled: the folder says violin")
    assert found.pop("violin/good.mkv") == "found twice: take2/violin/good.mkv has the same name"
    assert found.pop("violin/broken.mp4").startswith("no picture: the video is no film that can be")
    assert found.pop("Jupiter/Vid_01_Jupiter_vn_vc.mkv").startswith("several players: vn, vc;")
    assert found.pop("guitar/guitar00.mkv").startswith("other instrument: ")
    assert found.pop("tuba/blind.mkv") == "cut short: ends before the last 3 of 6 windows"
    assert found == {}


def test_a_video_with_a_gap_has_the_right_frames(tmp_path: Path) -> None:
    path = tmp_path / "raw" / "violin" / "violin01.mkv"
    path.parent.mkdir(parents=True)
    path.write_bytes(told("matroska", "flac", seconds=3.0, fps=20, gaps=[(1.0, 1.5)]))
    card = prepare(SubUrmp(**SMALL), raw=tmp_path / "raw", out=tmp_path / "pairs")
    assert set(reasons(card).values()) == {"no sound: the recording has a gap in this half-second"}
    train = PairDataset(tmp_path / "pairs", "train")
    begins_ms = train.column("time_ms") - 500
    certain = {*range(0, 500, 100), *range(1600, 2400, 100)}  # others touch the gap or the end
    assert certain <= set(begins_ms.tolist()) <= certain | {500, 1500, 2400}
    grey = train.images(np.arange(len(train))).astype(float).mean(axis=(1, 2, 3))
    assert grey / 40 == pytest.approx(begins_ms / 1000, abs=0.12)  # the codec's grey


def test_videos_in_linked_folders_are_found(tmp_path: Path) -> None:
    video(tmp_path / "elsewhere" / "violin01.mkv", seconds=0.5)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "violin").symlink_to(tmp_path / "elsewhere")
    card = prepare(SubUrmp(**SMALL), raw=tmp_path / "raw", out=tmp_path / "pairs")
    assert card.counts["train"]["violin"] == 1


def test_pictures_end_where_the_video_does(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", seconds=0.5)
    frames = list(first_frames(path, [0.0, 0.24, 0.45, 0.5]))
    assert [np.asarray(frame)[0, 0, 0] for frame in frames if frame] == [0, 50, 90]
    with pytest.raises(ImageError, match="is no film that can be read"):
        list(first_frames(Path(__file__), [0.0]))


# Which form it is, and what the user sees


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["data", "prepare", "sub-urmp", *map(str, arguments)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("photism: ")
    return said


def test_nothing_usable_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs"
    raw = listed(tmp_path / "lists", [line("violin/violin09_500", VIOLIN), "x||y"])
    said = refused(capsys, "--from", raw, "--out", out)
    assert "no pair that can be used in" in said
    assert "2 left out; the first: data/train_data.txt:1: no such file" in said
    files = published({"train/flute00": 1})
    halves = {name: content for name, content in files.items() if name.endswith(".jpg")}
    said = refused(capsys, "--from", unpack(halves, tmp_path / "half"), "--out", out)
    assert "flute00_500.jpg: unpaired picture" in said
    assert not out.exists()


def test_the_form_has_to_be_clear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no download: name with --from img/ and chunk/" in refused(capsys)
    assert "no Sub-URMP in" in refused(capsys, "--from", tmp_path)
    assert f"no folder {tmp_path / 'nowhere'}" in refused(capsys, "--from", tmp_path / "nowhere")
    list_file = listed(tmp_path / "raw", [line("violin/violin01_500", VIOLIN)])
    list_file = list_file / "data" / "train_data.txt"
    assert "give the folder from which paths start" in refused(capsys, "--from", list_file)
    unpack(published(PIECES), tmp_path / "raw")
    both = ["--from", tmp_path / "raw", "--size", "16"]
    said = refused(capsys, *both)
    assert "more than one form of Sub-URMP: folders in" in said
    assert "choose by --layout or --from" in said
    assert "no Sub-URMP in" in refused(capsys, *both, "--layout", "videos")
    arguments = ["data", "prepare", "sub-urmp", *map(str, both), "--layout", "lists"]
    assert main([*arguments, "--out", str(tmp_path / "pairs")]) == 0
    assert "violin" in capsys.readouterr().out


def test_fetching_says_that_there_is_no_download(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "sub-urmp"]) == 2
    assert "sub-urmp cannot be downloaded" in capsys.readouterr().err


# The real data


@pytest.mark.data
def test_the_real_sample(real_data: Path, tmp_path: Path) -> None:
    raw = real_data / "sub_urmp_sample"
    card = prepare(SubUrmp(), raw=raw, out=tmp_path / "pairs")
    assert card.skipped == ()
    assert set(card.counts) == {"train"}
    assert card.counts["train"] == dict.fromkeys(CLASSES, 2)
    dataset = PairDataset(tmp_path / "pairs", "train")
    for row, key in enumerate(dataset.column("key")):
        _, instrument, stem = key.split("/")
        with Image.open(raw / f"sample_data/img_256/train/{instrument}/{stem}.jpg") as whole:
            small = whole.resize((128, 128), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(dataset.images([row])[0], np.asarray(small))


@pytest.mark.data
def test_a_real_window_makes_a_pair_with_a_real_picture(real_data: Path, tmp_path: Path) -> None:
    raw = real_data / "sub_urmp_sample"
    [image] = (raw / "sample_data/img_256/train/bassoon").glob("*_23700.jpg")
    files = {
        "img/train/bassoon/bassoon00_1000.jpg": image.read_bytes(),
        "chunk/train/bassoon/bassoon00_1000.wav": (
            raw / "audio/train/bassoon00_1000.wav"
        ).read_bytes(),
    }
    card = prepare(SubUrmp(), raw=unpack(files, tmp_path / "raw"), out=tmp_path / "pairs")
    assert card.skipped == ()
    assert not any("channels that differ" in note for note in card.notes)
    dataset = PairDataset(tmp_path / "pairs", "train")
    assert 0 < dataset.column("peak")[0] < 450 / 32768  # very quiet
    assert len(np.unique(dataset.sounds([0]))) > 50


@pytest.mark.data
def test_the_real_sample_trains_and_translates(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sample = real_data / "sub_urmp_sample"
    for command in (
        f"data prepare sub-urmp --from {sample} --size 32 --out pairs",
        "train car-gan --preset debug --data pairs --epochs 1 --out run",
        f"translate {sample}/audio/train/bassoon00_1000.wav --system run -o heard.png",
        f"translate {sample}/audio/train/bassoon00_1000.wav --system run -o told.png"
        " --label bassoon",
    ):
        assert main(command.split()) in (0, None), command
    heard, told = (read_provenance(tmp_path / f"{name}.png") for name in ("heard", "told"))
    assert heard["label"]["name"] in CLASSES
    assert told["label"]["name"] == "bassoon"
    assert told["end_s"] == 0.5
