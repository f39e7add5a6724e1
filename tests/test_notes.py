"""Recorded notes: pitches are those that sound, no pitch is in two splits, variants are in tune."""

from __future__ import annotations

import dataclasses
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from photism.cli import main
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.recorded_notes import find_notes, pitch_named, sounding_pitch
from photism.data.sources.notes import RecordedNotes, audible
from photism.data.sources.orchestra import COLUMNS
from photism.data.verify import verify
from photism.errors import ConfigError, DataError

RATE = 16_000
NAMES = ("C4", "D4", "E4", "F4", "G4", "A4", "B4")
SMALL = RecordedNotes(hop_s=0.25, size=32, front_end="ear-notes", workers=1)


def note(midi: float, seconds: float = 1.0, level: float = 0.1) -> np.ndarray:
    """A tone with six harmonics, weaker the higher they are."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((midi - 69) / 12)
    return level * sum(np.sin(2 * np.pi * hz * k * time_s) / k for k in range(1, 7))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven notes of a violin and of a trombone; the trombone's last sounds an octave lower."""
    folder = tmp_path_factory.mktemp("notes")
    for instrument in ("violin", "trombone"):
        (folder / instrument).mkdir()
        for name in NAMES:
            midi = pitch_named(name)
            assert midi is not None
            if (instrument, name) == ("trombone", "B4"):
                midi -= 12
            path = folder / instrument / f"{instrument}_{name}_1_forte_normal.wav"
            soundfile.write(path, note(midi), RATE)
    (folder / "violin" / "violin_C5_1_forte_normal.wav").write_bytes(b"no sound")
    (folder / "violin" / "readme.wav").write_bytes(b"no note")
    (folder / "kazoo").mkdir()
    (folder / "kazoo" / "kazoo_C4.wav").write_bytes(b"of no instrument here")
    return folder


def test_names_tell_pitches() -> None:
    told = {
        "saxophone_As3_1_forte_normal": 58, "C4": 60, "Bb2": 46, "bass-F#1-loud": 30, "C-1": 0,
        "double-bass_E1_05_forte_arco-normal": 28, "flute": None, "As_forte": None, "A45": None,
    }  # fmt: skip
    assert {name: pitch_named(name) for name in told} == told


def test_a_pitch_told_in_another_octave_is_corrected_and_no_other() -> None:
    for midi in range(28, 90, 3):
        assert sounding_pitch(note(midi), RATE, midi) == midi
        assert sounding_pitch(note(midi - 0.3), RATE, midi) == midi
        if midi < 65:  # higher, half a period is a few samples
            assert sounding_pitch(note(midi + 12), RATE, midi) == midi + 12
        hz = 440 * 2 ** ((midi - 69) / 12)
        pure = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
        assert sounding_pitch(pure, RATE, midi) == midi
        if midi > 40:
            assert sounding_pitch(note(midi - 12), RATE, midi) == midi - 12


def test_no_pitch_is_in_two_splits_and_faults_are_listed(raw: Path, tmp_path: Path) -> None:
    card = prepare(SMALL, raw=raw, out=tmp_path / "pairs")
    assert verify(tmp_path / "pairs") == []
    reasons = {Path(file["file"]).name: file["reason"] for file in card.skipped}
    assert set(reasons) == {"violin_C5_1_forte_normal.wav", "readme.wav"}
    assert reasons["readme.wav"] == "its name tells no pitch, such as _As3_"
    assert "in another octave than their names say: 1 of trombone" in card.notes[3]
    assert card.licence.startswith("pictures CC0 1.0; notes: Philharmonia Orchestra")
    assert set(COLUMNS) < set(card.columns)
    pitches = {}
    for split in card.counts:
        pairs = PairDataset(tmp_path / "pairs", split)
        pitches[split] = set(pairs.column("performance"))
        assert {name.split("-")[0] for name in pitches[split]} == {"violin", "trombone"}
        np.testing.assert_array_equal(
            [
                f"{i}-{m:.0f}"
                for i, m in zip(*map(pairs.column, ("instrument", "midi")), strict=True)
            ],
            pairs.column("performance"),
        )
        assert (pairs.column("level_db") < 0).all()
    assert set(pitches) == {"train", "validation", "test"}
    assert not pitches["train"] & pitches["test"]
    assert pitches["validation"] == {"violin-67", "trombone-65"}  # the fifth from below
    assert "trombone-59" in pitches["train"]  # "B4"


def test_variants_are_as_high_as_their_column_says(raw: Path, tmp_path: Path) -> None:
    varied = dataclasses.replace(SMALL, augment=3)
    cards = [prepare(varied, raw=raw, out=tmp_path / name) for name in ("a", "b")]
    prepare(SMALL, raw=raw, out=tmp_path / "plain")
    assert cards[0].shards == cards[1].shards
    train, plain = (PairDataset(tmp_path / name, "train") for name in ("a", "plain"))
    assert len(train) == 3 * len(plain)
    assert len(set(train.column("key"))) == len(train)
    named = np.array([int(name.split("-")[1]) for name in train.column("performance")])
    moved = train.column("midi") - named
    assert np.abs(moved).max() <= 1.5
    assert len(np.unique(moved.round(6))) == 3 * len(set(plain.column("recording")))
    assert len(np.unique(train.column("player"))) == len(np.unique(moved.round(6)))
    # The lowest strong mel band of a violin's pair rises with its pitch.
    mine = train.labels == train.card.classes.index("violin")
    sounds = train.sounds(np.flatnonzero(mine))[:, 0].astype(float).sum(axis=2)
    strong = sounds[:, ::-1] > 0.8 * sounds.max(axis=1, keepdims=True)
    bands = strong.argmax(axis=1)
    assert np.corrcoef(bands, train.column("midi")[mine])[0, 1] > 0.9
    held, before = (PairDataset(tmp_path / name, "test") for name in ("a", "plain"))
    np.testing.assert_array_equal(held.sounds(np.arange(4)), before.sounds(np.arange(4)))


def test_windows_are_taken_where_the_note_sounds() -> None:
    silence = np.zeros(2 * RATE)
    starts = audible(np.concatenate([silence, note(60), silence]), RATE, 0.25)
    assert starts[0] / RATE == 1.75
    assert starts[-1] / RATE == 2.75
    assert audible(note(60, 0.2), RATE, 0.1).tolist() == [0]


def test_an_archive_is_read_as_its_folder_is(raw: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "notes.tar", "w") as archive:
        archive.add(raw, ".")
    unpacked, packed = find_notes(raw)[0], find_notes(tmp_path / "notes.tar")[0]
    assert [n.key for n in unpacked.values()] == [n.key for n in packed.values()]
    assert [n.split for n in unpacked.values()] == [n.split for n in packed.values()]


def test_mistakes(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        DataError, match=r"no recorded notes below .*named bassoon, .*tell the pitch"
    ):
        find_notes(raw / "kazoo")
    with pytest.raises(ConfigError, match=r"augment must be in \[0, 1000\], not -1"):
        RecordedNotes(augment=-1)
    assert main(["data", "prepare", "notes"]) == 2
    assert "name with --from a folder or archive" in capsys.readouterr().err


@pytest.mark.data
def test_the_real_trombone_has_names_an_octave_too_high(real_data: Path, tmp_path: Path) -> None:
    with tarfile.open(real_data / "real_notes" / "philharmonia_notes_sample.tar") as archive:
        wanted = [member for member in archive if "/trombone/" in member.name]
        archive.extractall(tmp_path, wanted, filter="data")
    found, skipped = find_notes(tmp_path)
    assert len(found) == 110
    assert not skipped
    assert sum(note.corrected for note in found.values()) == 46
    assert max(note.midi for note in found.values()) <= 76  # no trombone plays D6
