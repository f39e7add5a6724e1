"""Own data: what goes together, what is cut, what is left out, and that nothing is lost."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import recordings
import soundfile
from PIL import Image
from test_sub_urmp import video

from photism import images
from photism.audio import decode
from photism.audio.front_ends import front_end
from photism.audio.logmel import extremes, pictures
from photism.cli import main
from photism.data.card import Card
from photism.data.inspect import contact_sheet
from photism.data.own import takes
from photism.data.pairs import PairDataset, hold_out, to_bytes
from photism.data.prepare import prepare
from photism.data.sources.folder import Folder
from photism.data.verify import verify
from photism.errors import ConfigError, DataError, StorageError
from photism.translate.sounds import clips

WORDS = {"front_end": "aivae-8k", "size": 16, "workers": 1}
WINDOWS = {**WORDS, "front_end": "car-gan"}


def sound(path: Path, digit: int = 3) -> Path:
    """A spoken digit; the ending says in which form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return recordings.write(path, digit)


def picture(path: Path, level: int = 100, size: tuple[int, int] = (40, 30)) -> Path:
    """One colour: red is the level, green nothing, blue what is missing of 255."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (level, 0, 255 - level)).save(path)
    return path


def pair(folder: Path, name: str, digit: int = 3) -> None:
    """A recording with a picture whose red is ten times the digit."""
    sound(folder / f"{name}.flac", digit)
    picture(folder / f"{name}.png", 10 * digit)


def table(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def made(raw: Path, out: Path, **options: object) -> Card:
    return prepare(Folder(**{**WORDS, **options}), raw=raw, out=out)


def everything(folder: Path, card: Card) -> dict[str, tuple[str, int, str]]:
    """Split, red and class of every recording."""
    found = {}
    for split in card.counts:
        data = PairDataset(folder, split)
        images = data.images(np.arange(len(data)))
        for name, image, label in zip(data.column("recording"), images, data.labels, strict=True):
            word = card.classes[label] if label >= 0 else ""
            found[name] = (split, int(image[0, 0, 0]), word)
    return found


def reasons(card: Card) -> dict[str, str]:
    return {file["file"]: file["reason"] for file in card.skipped}


# What goes together


def test_one_name_is_a_pair_in_one_folder(tmp_path: Path) -> None:
    for digit in range(4):
        pair(tmp_path / "raw" / "spoken", f"{digit}", digit)
        pair(tmp_path / "raw" / "counted" / "twice", f"{digit}", digit + 4)
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    assert card.classes == ("spoken", "twice")
    assert everything(tmp_path / "pairs", card) == {
        **{f"spoken/{d}.flac": ("train", 10 * d, "spoken") for d in range(4)},
        **{f"counted/twice/{d}.flac": ("train", 10 * d + 40, "twice") for d in range(4)},
    }
    assert card.skipped == ()
    assert verify(tmp_path / "pairs") == []


def test_one_name_is_a_pair_in_two_folders(tmp_path: Path) -> None:
    for digit in range(3):
        sound(tmp_path / "sounds" / "a" / f"{digit}.wav", digit)
        picture(tmp_path / "drawings" / "a" / f"{digit}.JPG", 10 * digit)
        sound(tmp_path / "sounds" / f"alone_{digit}.wav", digit)
        picture(tmp_path / "drawings" / "b" / f"alone_{digit}.bmp", 10 * digit + 100)
    card = made(tmp_path / "sounds", tmp_path / "pairs", pictures=tmp_path / "drawings", test=0)
    words = {name: word for name, (_, _, word) in everything(tmp_path / "pairs", card).items()}
    assert words == {
        **{f"a/{d}.wav": "a" for d in range(3)},
        **{f"alone_{d}.wav": "b" for d in range(3)},  # the picture's folder tells
    }


def test_folders_of_sounds_and_of_pictures_are_no_classes(tmp_path: Path) -> None:
    for digit in range(2):
        sound(tmp_path / "raw" / "sounds" / f"{digit}.wav", digit)
        picture(tmp_path / "raw" / "pictures" / f"{digit}.png", 10 * digit)
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    assert card.classes == ()
    assert card.counts == {"train": {"unlabelled": 2}}


def test_a_name_written_in_another_way_is_the_same(tmp_path: Path) -> None:
    sound(tmp_path / "raw" / "Flo\u0308te.wav")
    picture(tmp_path / "raw" / "Fl\u00f6te.png")
    assert made(tmp_path / "raw", tmp_path / "pairs", test=0).counts == {"train": {"unlabelled": 1}}


def test_what_has_no_partner_is_listed(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    pair(raw, "good")
    sound(raw / "good.wav")
    sound(raw / "lonely.wav")
    picture(raw / "orphan.png")
    (raw / "notes.txt").write_text("nobody's business")
    (raw / "._good.wav").write_bytes(b"left by a Mac")
    assert reasons(made(raw, tmp_path / "pairs", test=0)) == {
        "good.wav": "has the same name as good.flac",
        "lonely.wav": "unpaired: no picture of this name",
        "orphan.png": "unpaired: no recording of this name",
    }


@pytest.mark.parametrize("form", ["metadata.csv", "metadata.jsonl"])
def test_a_table_says_what_goes_together(tmp_path: Path, form: str) -> None:
    raw = tmp_path / "raw"
    rows = []
    for digit, split in enumerate(["train", "train", "val", "test"]):
        sound(raw / "in" / f"rec{digit}.wav", digit)
        picture(raw / "out" / f"drawing{digit}.png", 10 * digit)
        rows.append(
            {
                "file_name": f"in/rec{digit}.wav",
                "image": f"out/drawing{digit}.png",
                "label": "odd" if digit % 2 else "even",
                "split": split,
                "player": f"p{digit // 2}",
                "take": digit,
                "level_db": -1.5 * digit,
                "key": "x",
            }
        )
    table(raw / form, rows)
    sound(raw / "in" / "unnamed.wav")
    card = made(raw, tmp_path / "pairs", group="player")
    assert card.classes == ("even", "odd")
    assert everything(tmp_path / "pairs", card) == {
        "in/rec0.wav": ("train", 0, "even"),
        "in/rec1.wav": ("train", 10, "odd"),
        "in/rec2.wav": ("validation", 20, "even"),
        "in/rec3.wav": ("test", 30, "odd"),
    }
    assert {name: kind for name, kind in card.columns.items() if name not in ("recording",)} == {
        "picture": "string",
        "start_s": "float",
        "player": "string",
        "take": "int",
        "level_db": "float",
        "key_": "string",  # `key` is photism's own
    }
    assert PairDataset(tmp_path / "pairs", "train").column("take").tolist() == [0, 1]
    assert reasons(card) == {"in/unnamed.wav": "in no row of the table that can be used"}
    assert card.notes[1].startswith("NOT a clean split: 1 of player are in two parts, such as p1")


def test_a_table_with_faults_costs_the_faulty_rows_alone(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    pair(raw, "a")
    pair(raw, "b")
    (raw / "metadata.csv").write_text(
        "file_name;image;split\n"
        "a.flac;a.png;train\n"
        "a.flac;a.png;train\n"
        "missing.wav;a.png;train\n"
        "b.flac;;train\n"
        "b.flac;b.png;somewhere\n"
        "b.flac;b.png;train;more\n"
        f"{'x' * 300}.wav;b.png;train\n",
        encoding="utf-8",
    )
    card = made(raw, tmp_path / "pairs")
    found = {place.removeprefix("metadata.csv line "): r for place, r in reasons(card).items()}
    assert found == {
        "3": "the same recording and picture are in another row",
        "4": "there is no file missing.wav",
        "5": "names no file in column image",
        "6": "split 'somewhere' is none of train, validation, test",
        "7": "4 fields under 3 names",
        "8": found["8"],
        "b.flac": "in no row of the table that can be used",
        "b.png": "in no row of the table that can be used",
    }
    assert card.counts == {"train": {"unlabelled": 1}}


def test_a_table_of_any_name_is_given_itself(tmp_path: Path) -> None:
    pair(tmp_path / "raw", "a")
    rows = [{"audio": "a.flac", "file_name": "a.png", "mood": "glad"}]
    given = table(tmp_path / "raw" / "mine.jsonl", rows)
    card = made(given, tmp_path / "pairs", label="mood")
    assert card.classes == ("glad",)
    assert card.columns["mood"] == "string"


def test_numbers_are_classes_in_their_order(tmp_path: Path) -> None:
    rows = []
    for digit in (9, 10, 2):
        pair(tmp_path / "raw", f"d{digit}", digit % 10)
        rows.append({"file_name": f"d{digit}.flac", "image": f"d{digit}.png", "label": digit})
    table(tmp_path / "raw" / "metadata.csv", [*rows])
    assert made(tmp_path / "raw", tmp_path / "pairs").classes == ("2", "9", "10")


def test_some_have_no_class(tmp_path: Path) -> None:
    for name in "ab":
        pair(tmp_path / "raw", name)
    rows = [
        {"file_name": "a.flac", "image": "a.png", "label": "glad"},
        {"file_name": "b.flac", "image": "b.png", "label": ""},
    ]
    table(tmp_path / "raw" / "metadata.csv", rows)
    assert made(tmp_path / "raw", tmp_path / "pairs").counts == {
        "train": {"glad": 1, "unlabelled": 1}
    }


# Splits


def test_a_group_is_never_on_both_sides(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    rows = []
    for player in "abcdefg":
        for digit in range(3):
            pair(raw, f"{player}{digit}", digit)
            names = {"file_name": f"{player}{digit}.flac", "image": f"{player}{digit}.png"}
            rows.append({**names, "label": digit, "player": player})
    table(raw / "metadata.csv", rows)
    for seed in range(3):
        card = made(raw, tmp_path / "pairs", group="player", test=0.3, seed=seed)
        parts = {s: set(PairDataset(tmp_path / "pairs", s).column("player")) for s in card.counts}
        assert len(parts["test"]) == 2
        assert not parts["train"] & parts["test"]
        assert card.counts["test"] == dict.fromkeys("012", 2)
        assert verify(tmp_path / "pairs") == []


def test_training_holds_out_whole_groups_too(tmp_path: Path) -> None:
    rows = []
    for player in "abcdefg":
        for digit in range(3):
            pair(tmp_path / "raw", f"{player}{digit}", digit)
            names = {"file_name": f"{player}{digit}.flac", "image": f"{player}{digit}.png"}
            rows.append({**names, "label": digit, "player": player})
    table(tmp_path / "raw" / "metadata.csv", rows)
    made(tmp_path / "raw", tmp_path / "pairs", group="player", test=0)
    train = PairDataset(tmp_path / "pairs", "train")
    players = train.column("player")
    for seed in range(5):
        kept, held = hold_out(train, 0.2, seed=seed)
        assert len(held)
        assert not set(players[kept]) & set(players[held])


def test_folders_called_train_and_test_are_the_split(tmp_path: Path) -> None:
    for place in ("train/low", "train/high", "test/low"):
        for digit in range(2):
            pair(tmp_path / "raw" / place, f"{digit}", digit)
    card = made(tmp_path / "raw", tmp_path / "pairs")
    assert card.counts == {"train": {"high": 2, "low": 2}, "test": {"high": 0, "low": 2}}


def test_pictures_in_two_parts_are_told(tmp_path: Path) -> None:
    rows = []
    picture(tmp_path / "raw" / "same.png")
    for digit in range(5):
        sound(tmp_path / "raw" / f"{digit}.wav", digit)
        rows.append({"file_name": f"{digit}.wav", "image": "same.png"})
    table(tmp_path / "raw" / "metadata.csv", rows)
    card = made(tmp_path / "raw", tmp_path / "pairs")
    assert "NOT a clean split: 1 of picture are in two parts" in card.notes[1]
    assert "--group picture" in card.notes[1]
    card = made(tmp_path / "raw", tmp_path / "pairs", group="picture")
    assert card.counts == {"train": {"unlabelled": 5}}
    assert "NO test part: no class has a second picture to spare" in card.notes


# What becomes of a recording


@pytest.mark.parametrize("name", ["aivae-8k", "car-gan"])
def test_training_sees_what_translate_sees(tmp_path: Path, name: str) -> None:
    samples, rate = recordings.sentence(3, 7, 1)
    (tmp_path / "raw").mkdir()
    soundfile.write(tmp_path / "raw" / "a.wav", samples, rate)
    picture(tmp_path / "raw" / "a.png")
    translated = list(clips(tmp_path / "raw" / "a.wav", front_end(name)))
    seen = pictures([clip.samples[0] for clip in translated], front_end(name)).numpy()
    made(tmp_path / "raw", tmp_path / "pairs", front_end=name, test=0, keep_silent=True)
    data = PairDataset(tmp_path / "pairs", "train")
    assert len(data) == len(seen) > 2
    assert data.column("start_s").tolist() == [clip.start_s for clip in translated]
    np.testing.assert_array_equal(data.sounds(np.arange(len(data))), to_bytes(seen))


def test_the_card_states_the_levels_that_pictures_do_not_tell(tmp_path: Path) -> None:
    pair(tmp_path / "raw", "a", 3)
    samples, rate = soundfile.read(tmp_path / "raw" / "a.flac", dtype="float32")
    soundfile.write(tmp_path / "raw" / "a.flac", samples / 8, rate)
    card = made(tmp_path / "raw", tmp_path / "pairs", front_end="car-gan", test=0)
    first = next(clips(tmp_path / "raw" / "a.flac", front_end("car-gan")))
    [(low, high)] = extremes([first.samples[0]], front_end("car-gan"))
    assert card.level_range == pytest.approx((low, high), abs=0.01)
    assert made(tmp_path / "raw", tmp_path / "words", test=0).level_range is None


def test_one_pair_a_recording_by_option(tmp_path: Path) -> None:
    samples, rate = recordings.sentence(3, 7, pause_s=1.0)
    (tmp_path / "raw").mkdir()
    soundfile.write(tmp_path / "raw" / "a.wav", samples, rate)
    picture(tmp_path / "raw" / "a.png")
    made(tmp_path / "raw", tmp_path / "pairs", **WINDOWS, clips="one", test=0)
    data = PairDataset(tmp_path / "pairs", "train")
    assert data.column("start_s").tolist() == [1.0]  # nothing is heard before


def test_silent_windows_are_left_out(tmp_path: Path) -> None:
    samples, rate = recordings.spoken(3)
    (tmp_path / "raw").mkdir()
    silence = np.zeros(2 * rate, np.float32)
    soundfile.write(tmp_path / "raw" / "a.wav", np.concatenate([silence, samples]), rate)
    soundfile.write(tmp_path / "raw" / "b.wav", silence, rate)
    for name in "ab":
        picture(tmp_path / "raw" / f"{name}.png")
    card = made(tmp_path / "raw", tmp_path / "pairs", **WINDOWS, test=0)
    assert min(PairDataset(tmp_path / "pairs", "train").column("start_s")) == 2.0
    assert reasons(card) == {"b.wav": "silence: -120 dB at its loudest"}
    assert "silent clips left out: 8" in card.notes  # 4 of each
    card = made(tmp_path / "raw", tmp_path / "pairs", **WINDOWS, test=0, keep_silent=True)
    data = PairDataset(tmp_path / "pairs", "train")
    assert data.column("start_s")[data.column("recording") == "b.wav"].tolist() == [0, 0.5, 1, 1.5]
    assert len(set(data.column("key"))) == len(data)


def test_the_sound_of_a_video_counts(tmp_path: Path) -> None:
    video(tmp_path / "raw" / "a.mkv", seconds=1.2)
    picture(tmp_path / "raw" / "a.png")
    card = made(tmp_path / "raw", tmp_path / "pairs", **WINDOWS, test=0)
    assert card.counts == {"train": {"unlabelled": 2}}


def test_pictures_are_turned_flattened_cut_and_sized(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for name in ("bars", "clear", "turned"):
        sound(raw / f"{name}.wav")
    bars = np.zeros((20, 60, 3), np.uint8)
    bars[:, :20], bars[:, 20:40], bars[:, 40:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    Image.fromarray(bars).save(raw / "bars.png")
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(raw / "clear.png")
    half = np.zeros((32, 32, 3), np.uint8)
    half[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    Image.fromarray(half).save(raw / "turned.jpg", exif=exif, quality=95)
    made(raw, tmp_path / "pairs", test=0)
    shown = PairDataset(tmp_path / "pairs", "train").images(np.arange(3))
    assert (shown[0] == (0, 255, 0)).all()
    assert (shown[1] == 255).all()
    assert shown[2][:, -4:].min() > 240
    assert shown[2][:, :4].max() < 15
    card = made(raw, tmp_path / "pairs", test=0, crop="resize", colour="grey", size=32)
    grey = PairDataset(tmp_path / "pairs", "train").images(np.arange(3))
    assert grey.shape == (3, 32, 32, 1)
    assert (grey[0][:, 2] == 76).all()
    assert (grey[0][:, -2] == 29).all()
    assert "pictures smaller than wanted: 2" in card.notes
    assert "pictures of one colour, with nothing to see: 1" in card.notes


# What is amiss


@pytest.mark.parametrize("what", sorted(set(recordings.BAD) - {"missing", "folder", "24 hours"}))
def test_a_bad_recording_costs_no_other(tmp_path: Path, what: str) -> None:
    write, message = recordings.BAD[what]
    for name in "ac":
        pair(tmp_path / "raw", name)
    write(tmp_path / "raw" / "b.wav")
    picture(tmp_path / "raw" / "b.png")
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    assert set(everything(tmp_path / "pairs", card)) == {"a.flac", "c.flac"}
    [(file, reason)] = reasons(card).items()
    assert file == "b.wav"
    assert ("has no sound" if what == "picture" else message) in reason
    assert str(tmp_path) not in reason


def test_a_bad_picture_costs_no_other(tmp_path: Path) -> None:
    for name in "abcd":
        pair(tmp_path / "raw", name)
    content = (tmp_path / "raw" / "b.png").read_bytes()
    (tmp_path / "raw" / "b.png").write_bytes(content[: len(content) // 2])
    (tmp_path / "raw" / "c.png").write_bytes(b"no picture")
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    assert set(everything(tmp_path / "pairs", card)) == {"a.flac", "d.flac"}
    found = reasons(card)
    assert found["b.flac"].startswith("b.png: damaged or cut short")
    assert found["c.flac"].startswith("c.png: no picture that photism reads")


def test_a_link_that_leads_nowhere_is_listed(tmp_path: Path) -> None:
    for name in "ab":
        pair(tmp_path / "raw", name)
    (tmp_path / "raw" / "b.flac").unlink()
    (tmp_path / "raw" / "b.flac").symlink_to("gone.flac")
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    assert reasons(card) == {"b.flac": "b.flac does not exist"}


def test_whatever_a_reader_raises_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        pair(tmp_path / "raw", name)
    real = decode.stream

    def faulty(path: Path, **options: float) -> object:
        if path.name == "b.flac":
            raise RecursionError("deep\nin a decoder")
        return real(path, **options)

    monkeypatch.setattr(decode, "stream", faulty)
    card = made(tmp_path / "raw", tmp_path / "pairs", test=0)
    assert reasons(card) == {"b.flac": "deep in a decoder"}
    assert set(everything(tmp_path / "pairs", card)) == {"a.flac", "c.flac"}


def test_a_recording_that_is_cut_short_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    samples, rate = recordings.sentence(1, 2, 3)
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.wav").write_bytes(file.getvalue()[: file.tell() // 2])
    picture(tmp_path / "raw" / "a.png")
    card = made(tmp_path / "raw", tmp_path / "pairs", **WINDOWS, test=0)
    assert card.counts["train"]["unlabelled"] > 0
    assert reasons(card)["a.wav"].startswith("in part: truncated")


def test_names_that_are_no_utf8_and_links_to_folders(tmp_path: Path) -> None:
    raw, elsewhere = tmp_path / "raw", tmp_path / "elsewhere"
    pair(elsewhere, "linked", 5)
    raw.mkdir()
    (raw / "more").symlink_to(elsewhere)
    (raw / "more" / "loop").symlink_to(raw)
    for ending, write in ((b".wav", sound), (b".png", picture)):
        plain = write(raw / f"plain{ending.decode()}")
        os.rename(plain, os.path.join(os.fsencode(raw), b"caf\xe9" + ending))
    (raw / os.fsdecode(b"bad\xff.wav")).write_bytes(b"")
    picture(raw / "x.png").rename(raw / os.fsdecode(b"bad\xff.png"))
    card = made(raw, tmp_path / "pairs", test=0)
    names = PairDataset(tmp_path / "pairs", "train").column("recording")
    assert names.tolist() == ["caf\\xe9.wav", "more/linked.flac"]
    [(name, reason)] = reasons(card).items()
    assert name == "bad\\xff.wav"
    assert reason.endswith("bad\\xff.wav is empty (0 bytes)")


def test_nothing_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(DataError, match=r"0 recordings in .*, 0 pictures in .* --pictures"):
        made(tmp_path / "raw", tmp_path / "pairs")
    pair(tmp_path / "raw", "a")
    (tmp_path / "raw" / "a.flac").write_bytes(b"")
    with pytest.raises(DataError, match=r"no pair that can be used .* a\.flac is empty"):
        made(tmp_path / "raw", tmp_path / "pairs")
    table(tmp_path / "raw" / "metadata.csv", [{"name": "a.flac", "image": "a.png"}])
    with pytest.raises(DataError, match=r"no column of recordings \(file_name, .* name, image"):
        made(tmp_path / "raw", tmp_path / "pairs")


def test_options_that_no_file_fits(tmp_path: Path) -> None:
    pair(tmp_path / "raw", "a")
    for options, message in (
        ({"label": "instrumnt"}, "--label 'instrumnt' is no column"),
        ({"label": "folder"}, "lie in no folders that agree"),
        ({"group": "player"}, "--group 'player' is no column: .*recording"),
        ({"front_end": "aivae-8"}, "did you mean 'aivae-8k'"),
        ({"front_end": None}, "say which system the pairs are for, such as --for"),
    ):
        with pytest.raises(ConfigError, match=message):
            made(tmp_path / "raw", tmp_path / "pairs", **options)
    for options in ({"size": 4}, {"test": 1.0}, {"workers": -1}, {"seed": -1}):
        with pytest.raises(ConfigError, match=re.escape(next(iter(options)))):
            Folder(**options)
    with pytest.raises(DataError, match="--pictures names one"):
        made(tmp_path / "raw", tmp_path / "pairs", pictures=tmp_path / "nowhere")


# Long work


def test_the_same_for_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes, "_FILES", 2)
    for digit in range(6):
        pair(tmp_path / "raw", f"{digit}", digit)
    cards = [made(tmp_path / "raw", tmp_path / f"{n}", workers=n) for n in (1, 2)]
    assert cards[0].shards == cards[1].shards
    assert cards[0].options == cards[1].options


def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for digit in range(6):
        pair(tmp_path / "raw", f"{digit}", digit)
    whole = made(tmp_path / "raw", tmp_path / "whole")
    monkeypatch.setattr(takes, "_FILES", 2)
    drawn: list[str] = []
    real = images.read

    def interrupted(path: Path) -> images.Raster:
        drawn.append(path.stem)
        if path.stem == "3" and drawn.count("3") == 1:
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(images, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "raw", tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()
    pair(tmp_path / "raw", "5", 9)  # changed since
    pair(tmp_path / "raw", "5", 5)
    card = made(tmp_path / "raw", tmp_path / "pairs")
    assert drawn == ["0", "1", "2", "3", "2", "3", "4", "5"]
    assert card.shards == whole.shards
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs", "raw", "whole"]


def test_two_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair(tmp_path / "raw", "a")
    real = images.read

    def meanwhile(path: Path) -> images.Raster:
        monkeypatch.setattr(images, "read", real)
        with pytest.raises(StorageError, match="another process is at work"):
            made(tmp_path / "raw", tmp_path / "pairs")
        return real(path)

    monkeypatch.setattr(images, "read", meanwhile)
    made(tmp_path / "raw", tmp_path / "pairs", test=0)


# The command line


def test_for_a_system_takes_its_form_and_options_stand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for digit in range(3):
        pair(tmp_path / "raw" / f"class {digit}", f"{digit}", digit)
    command = ["data", "prepare", "folder", "--from", str(tmp_path / "raw")]
    out = tmp_path / "pairs"
    assert main([*command, "--out", str(out), "--for", "aivae:debug", "--workers", "1"]) == 0
    card = Card.read(out)
    assert (card.front_end, card.image.shape) == ("aivae-8k", (28, 28, 1))
    text = capsys.readouterr().out
    assert f"next:    photism train aivae --data {out} --preset debug --batch-size 1" in text
    options = ["--for", "car-gan:debug", "--size", "64", "--workers", "1", "--terms", "CC0-1.0"]
    assert main([*command, "--out", str(out), *options]) == 0
    card = Card.read(out)
    assert (card.front_end, card.image.shape) == ("car-gan", (64, 64, 3))
    assert card.licence == "CC0-1.0"
    assert "--preset debug --batch-size 1 --set classes=3" in capsys.readouterr().out


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair(tmp_path / "raw", "a")
    here = ["--from", str(tmp_path / "raw")]
    for arguments, message in (
        (["folder"], "folder has no download: name with --from the folder of the recordings"),
        (["folder", *here], "say which system the pairs are for, such as --for aivae:small"),
        (["folder", *here, "--for", "aive"], "did you mean 'aivae'"),
        (["folder", *here, "--for", "aivae:smal"], "did you mean 'small'"),
        (["orchestra", "--for", "car-gan"], "orchestra makes pairs of its own form"),
    ):
        assert main(["data", "prepare", *arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line


def test_the_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["data", "prepare", "folder", "--help"])
    text = capsys.readouterr().out
    for taught in ("metadata.csv", "--from recordings --pictures drawings", "--for SYSTEM", "auto"):
        assert taught in text


def test_pairs_without_classes_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for digit in range(3):
        pair(tmp_path / "raw", f"{digit}", digit)
    made(tmp_path / "raw", tmp_path / "pairs", label="none", test=0)
    assert contact_sheet(tmp_path / "pairs").width > 0
    sheet = tmp_path / "sheet.png"
    assert main(["data", "inspect", str(tmp_path / "pairs"), "--out", str(sheet)]) == 0
    assert re.search(r"unlabelled .*3", capsys.readouterr().out)
    assert sheet.is_file()


def test_a_system_with_classes_learns_from_own_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(24):
        pair(tmp_path / "mine" / ("low", "high")[number % 2], f"{number}", number % 10)
    prepare_it = "data prepare folder --from mine --for car-gan:debug --workers 1 --out pairs"
    assert main(prepare_it.split()) == 0
    [training] = re.findall(r"^next: +photism (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert training == "train car-gan --data pairs --preset debug --set classes=2"
    assert main([*training.split(), "--batch-size", "4", "--out", "run"]) == 0
    assert main(["translate", "mine/low", "--system", "run", "-o", "pictures"]) == 0
    assert len(list((tmp_path / "pictures").glob("*.png"))) >= 12
    assert main([*prepare_it.split(), "--label", "none"]) == 0
    capsys.readouterr()
    assert main(["train", "car-gan", "--preset", "debug", "--data", "pairs"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pairs names no classes, and CAR-GAN learns from them" in line
