"""Spoken digits: no speaker in two splits, drawn evenly, every training pair a variant."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from published_data import (
    sound,
    write_audio_mnist,
    write_fsdd,
    write_mnist,
    write_speech_commands,
)

from photism.cli import main
from photism.data.card import Card
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.sources.audio_mnist import read_audio_mnist
from photism.data.sources.fsdd import SPEAKERS
from photism.data.sources.speech_commands import (
    WORDS,
    find_speech_commands,
    read_backgrounds,
)
from photism.data.sources.spoken_digits import SpokenDigits, draw_evenly
from photism.data.verify import verify
from photism.errors import ConfigError, DataError

SMALL = {"train_pairs": 120, "held_pairs": 40}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little of MNIST and of all corpora; Speech Commands has no "nine"."""
    folder = tmp_path_factory.mktemp("raw")
    write_mnist(folder, train=240)
    write_fsdd(folder, SPEAKERS, takes=2)
    write_audio_mnist(folder, 5)
    counts = dict.fromkeys(WORDS[:9], 8)
    write_speech_commands(folder / "speech_commands_a.tar", counts)
    noise = folder / "noise" / "_background_noise_" / "hum.wav"
    noise.parent.mkdir(parents=True)
    noise.write_bytes(sound(50, 16_000))
    word = folder / "noise" / "zero" / "000000ff_nohash_0.wav"
    word.parent.mkdir()
    word.write_bytes(sound(300, 16_000))
    return folder


def splits(folder: Path) -> dict[str, PairDataset]:
    return {split: PairDataset(folder, split) for split in Card.read(folder).counts}


def test_speakers_are_in_one_split_and_pairs_even(raw: Path, tmp_path: Path) -> None:
    card = prepare(SpokenDigits(**SMALL), raw=raw, out=tmp_path / "pairs")
    assert verify(tmp_path / "pairs") == []
    assert card.skipped == ()
    sets = splits(tmp_path / "pairs")
    assert {split: len(dataset) for split, dataset in sets.items()} == {
        "train": 120, "validation": 40, "test": 40,
    }  # fmt: skip
    speakers = {split: set(dataset.column("speaker")) for split, dataset in sets.items()}
    assert not speakers["train"] & speakers["test"]
    assert not speakers["train"] & speakers["validation"]
    assert not speakers["validation"] & speakers["test"]
    train = sets["train"]
    cells = Counter(zip(train.labels.tolist(), train.column("corpus"), strict=True))
    assert set(np.bincount(train.labels)) == {12}
    assert {cells[digit, "fsdd"] for digit in range(9)} == {4}
    assert cells[9, "speech-commands"] == 0
    assert cells[9, "fsdd"] == cells[9, "audio-mnist"] == 6


def test_sound_and_picture_are_of_the_digit_and_of_their_part(raw: Path, tmp_path: Path) -> None:
    prepare(SpokenDigits(**SMALL), raw=raw, out=tmp_path / "pairs")
    for split, dataset in splits(tmp_path / "pairs").items():
        said = [name.split("/")[1].split("_")[0] for name in dataset.column("recording")]
        said = [str(WORDS.index(s.split("/")[0])) if s[0].isalpha() else s for s in said]
        assert [int(digit) for digit in said] == dataset.labels.tolist()
        pictures = dataset.column("mnist_index")
        assert (pictures % 10 == dataset.labels).all()
        bounds = {"train": (0, 220), "validation": (220, 240), "test": (0, 40)}[split]
        assert bounds[0] <= pictures.min() <= pictures.max() < bounds[1]


def test_one_speaker_or_a_whole_corpus_can_be_held_out(raw: Path, tmp_path: Path) -> None:
    one = SpokenDigits(sources=("fsdd",), hold_out=("jackson",), validation=0.0, **SMALL)
    prepare(one, raw=raw, out=tmp_path / "one")
    sets = splits(tmp_path / "one")
    assert set(sets) == {"train", "test"}
    assert set(sets["test"].column("speaker")) == {"jackson"}
    assert set(sets["train"].column("speaker")) == set(SPEAKERS) - {"jackson"}
    strangers = SpokenDigits(
        sources=("fsdd", "audio-mnist"), hold_out=("audio-mnist",), validation=0.0, **SMALL
    )
    prepare(strangers, raw=raw, out=tmp_path / "strangers")
    sets = splits(tmp_path / "strangers")
    assert set(sets["test"].column("corpus")) == {"audio-mnist"}
    assert set(sets["train"].column("corpus")) == {"fsdd"}


def test_every_training_pair_is_a_variant_and_no_other_is(raw: Path, tmp_path: Path) -> None:
    plain, varied = (
        SpokenDigits(sources=("fsdd",), augment=augment, front_end="ear-words", **SMALL)
        for augment in (False, True)
    )
    for name, source in (("plain", plain), ("varied", varied), ("again", varied)):
        prepare(source, raw=raw, out=tmp_path / name)
    assert Card.read(tmp_path / "varied").shards == Card.read(tmp_path / "again").shards
    before, after = (splits(tmp_path / name) for name in ("plain", "varied"))
    rows = np.arange(120)
    sounds = after["train"].sounds(rows)
    assert len({sound.tobytes() for sound in sounds}) == 120
    assert (
        after["train"].column("recording").tolist() == before["train"].column("recording").tolist()
    )
    held = np.arange(40)
    np.testing.assert_array_equal(after["test"].sounds(held), before["test"].sounds(held))


def test_backgrounds_of_speech_commands_are_found(raw: Path) -> None:
    (noise,) = read_backgrounds(find_speech_commands(raw))
    assert noise.rate == 16_000
    assert len(noise.mono()) == 1_600


def test_audio_mnist_is_read_once_from_wherever_it_lies(raw: Path, tmp_path: Path) -> None:
    read = list(read_audio_mnist(raw))
    assert len(read) == len({recording.key for recording in read}) == 100
    assert {recording.speaker for recording in read} == {"01", "02", "03", "04", "05"}
    with pytest.raises(DataError, match=r"no AudioMNIST below .*photism data fetch audio-mnist"):
        list(read_audio_mnist(tmp_path))


def test_draws_are_even_over_what_is_there() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    corpora = np.array(["a", "a", "b", "a", "c"])
    drawn = draw_evenly(np.arange(4), labels, corpora, 100, np.random.default_rng(0))
    assert Counter(labels[drawn].tolist()) == {0: 50, 1: 50}
    assert Counter(corpora[drawn].tolist()) == {"a": 75, "b": 25}


def test_every_mistake_is_one_line(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*options: str) -> str:
        words = [
            "data",
            "prepare",
            "spoken-digits",
            "--from",
            str(raw),
            "--out",
            str(tmp_path / "o"),
        ]
        assert main([*words, "--train-pairs", "20", "--held-pairs", "10", *options]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    fsdd = ("--sources", "fsdd")
    assert "did you mean 'jackson'" in refused(*fsdd, "--hold-out", "jakson")
    assert "nobody is left to learn zero, one" in refused(*fsdd, "--hold-out", "fsdd")
    assert "name each source once" in refused("--sources", "fsdd", "fsdd")
    assert "test is a share in [0, 1), not 1" in refused("--test", "1")
    with pytest.raises(ConfigError, match="held-pairs must be 10 or more, not 9"):
        SpokenDigits(held_pairs=9)


@pytest.mark.data
def test_the_real_corpora_at_hand(real_data: Path, tmp_path: Path) -> None:
    source = SpokenDigits(train_pairs=60, held_pairs=30, augment=True, front_end="ear-words")
    card = prepare(source, raw=real_data, out=tmp_path / "pairs")
    assert card.skipped == ()
    assert "one of 6 recorded noises" in card.notes[2]
    sets = splits(tmp_path / "pairs")
    for dataset in sets.values():
        assert set(dataset.column("corpus")) == {"fsdd", "speech-commands", "audio-mnist"}
