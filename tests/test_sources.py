"""Sources of pairs: what is read, how it is paired, what is said where data is not whole."""

from __future__ import annotations

import dataclasses
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from published_data import (
    sound,
    write_fsdd,
    write_idx,
    write_mnist,
    write_mnist_pngs,
    write_speech_commands,
)

from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.data import digits as spoken_digits
from photism.data.card import Card
from photism.data.digits import Spoken
from photism.data.pairs import PairDataset, to_bytes
from photism.data.prepare import find, prepare, prepared_folder
from photism.data.sources import SOURCES, UPSTREAM
from photism.data.sources.fsdd import SPEAKERS, read_fsdd
from photism.data.sources.mnist import Digits, Mnist, read_mnist
from photism.data.sources.mnist_fsdd import MnistFsdd
from photism.data.sources.mnist_scd import MnistScd, pair_once
from photism.data.sources.speech_commands import (
    V1_COUNTS,
    WORDS,
    SpeechCommands,
    find_speech_commands,
    read_speech_commands,
)
from photism.data.verify import verify
from photism.errors import ConfigError, DataError, PhotismError, StorageError
from photism.translate.sounds import clips

TWO = ("jackson", "theo")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder with a little of MNIST and of FSDD."""
    write_mnist(tmp_path / "raw")
    write_fsdd(tmp_path / "raw", TWO)
    return tmp_path / "raw"


def every_row(dataset: PairDataset) -> np.ndarray:
    return np.arange(len(dataset))


# MNIST


def test_mnist_is_read_packed_and_unpacked(tmp_path: Path) -> None:
    write_mnist(tmp_path, train=30, test=20)
    plain = read_mnist(tmp_path)
    assert plain.train.images.shape == (30, 28, 28)
    assert plain.train.labels.tolist() == [n % 10 for n in range(30)]
    assert (plain.test.images[7] == 7).all()
    dotted = tmp_path / "t10k-labels-idx1-ubyte"
    dotted.rename(tmp_path / "t10k-labels.idx1-ubyte")
    np.testing.assert_array_equal(read_mnist(tmp_path).test.labels, plain.test.labels)


def test_a_packed_mnist_file_has_to_be_the_published_one(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    content = (tmp_path / "train-images-idx3-ubyte").read_bytes()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=r"not the published train-images-idx3-ubyte\.gz"):
        read_mnist(tmp_path)


def test_mnist_is_read_from_pngs_and_lists_what_it_skipped(tmp_path: Path) -> None:
    write_mnist_pngs(tmp_path / "pngs")
    (tmp_path / "pngs" / "test" / "3" / "0.png").write_bytes(b"no picture")
    mnist = read_mnist(tmp_path)
    assert mnist.train.labels.tolist() == [digit for digit in range(10) for _ in range(2)]
    assert (mnist.train.images == 10 * mnist.train.labels[:, None, None]).all()
    assert len(mnist.test.labels) == 19
    (skipped,) = mnist.test.skipped
    assert skipped["file"] == "test/3/0.png"
    assert "no picture that photism reads" in skipped["reason"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", b"", "is not an IDX file"),
        ("train-images-idx3-ubyte", b"\0\0\x0d\3" + bytes(12), "is not an IDX file"),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\1\0\0\0\x0aonly four", "is cut short"),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\1\0\0\0\1\7", "do not fit together"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    write_mnist(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_mnist(tmp_path)


def test_missing_mnist_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no MNIST below .*photism data fetch mnist"):
        read_mnist(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(DataError, match=r"incomplete, train-images-idx3-ubyte\.gz, t10k"):
        read_mnist(tmp_path)


# MNIST-FSDD


def test_every_picture_goes_once_with_a_recording_of_its_digit(raw: Path, tmp_path: Path) -> None:
    card = prepare(MnistFsdd(speakers=TWO), raw=raw, out=tmp_path / "pairs")
    train, test = (PairDataset(tmp_path / "pairs", split) for split in ("train", "test"))
    assert (len(train), len(test)) == (100, 40)
    assert card.counts["train"] == {str(digit): 10 for digit in range(10)}
    assert train.column("mnist_index").tolist() == list(range(100))
    assert train.images(every_row(train))[:, 0, 0, 0].tolist() == list(range(100))
    for dataset in (train, test):
        heard = [int(name.split("/")[1].split("_")[0]) for name in dataset.column("recording")]
        assert heard == dataset.labels.tolist()
    assert not set(train.column("recording")) & set(test.column("recording"))
    assert set(train.column("speaker")) == set(TWO)
    assert verify(tmp_path / "pairs") == []


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(
    raw: Path, tmp_path: Path
) -> None:
    cards = [
        prepare(MnistFsdd(speakers=TWO, seed=seed), raw=raw, out=tmp_path / name)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert cards[0].shards == cards[1].shards
    assert cards[0].shards != cards[2].shards


def test_bad_recordings_are_skipped_and_listed(raw: Path, tmp_path: Path) -> None:
    good = sound(500, 8000)
    bad = {
        "3_jackson_0": (good[: len(good) // 2], "cut short: 822 of 1,644 bytes"),
        "4_jackson_0": (b"", "no sound that can be read"),
        "5_theo_1": (b"RIFF but nothing more", "cut short"),
        "6_theo_1": (sound(0, 8000), "silent or empty"),
    }
    for name, (content, _) in bad.items():
        (raw / "recordings" / f"{name}.wav").write_bytes(content)
    card = prepare(MnistFsdd(speakers=TWO), raw=raw, out=tmp_path / "pairs")
    reasons = {file["file"]: file["reason"] for file in card.skipped}
    assert set(reasons) == {f"fsdd/{name}" for name in bad}
    for name, (_, reason) in bad.items():
        assert reasons[f"fsdd/{name}"].startswith(reason)
    used = set(PairDataset(tmp_path / "pairs", "train").column("recording"))
    assert not used & set(reasons)
    assert Card.read(tmp_path / "pairs").skipped == card.skipped


def test_whatever_one_recording_does_the_others_are_used(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = iter([RecursionError("deep in a decoder")])

    def read(content: bytes, *args: object) -> np.ndarray:
        for error in first:
            raise error
        return whole(content, *args)

    whole = spoken_digits._waveform
    monkeypatch.setattr(spoken_digits, "_waveform", read)
    card = prepare(MnistFsdd(speakers=TWO), raw=raw, out=tmp_path / "pairs")
    assert [file["reason"] for file in card.skipped] == ["deep in a decoder"]


def test_nothing_but_bad_recordings(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    (tmp_path / "0_theo_0.wav").write_bytes(b"noise")
    with pytest.raises(
        DataError, match=r"no recording that can be used .* fsdd/0_theo_0: no sound"
    ):
        prepare(MnistFsdd(speakers=TWO), raw=tmp_path, out=tmp_path / "pairs")


def test_too_few_recordings_to_split_are_told(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    write_fsdd(tmp_path, ("theo",), takes=1)
    with pytest.raises(DataError, match=r"10 recordings are too few .* more speakers"):
        prepare(MnistFsdd(speakers=("theo",)), raw=tmp_path, out=tmp_path / "pairs")


def test_speakers_are_chosen_and_checked(tmp_path: Path) -> None:
    write_fsdd(tmp_path, SPEAKERS, takes=1)
    assert {r.speaker for r in read_fsdd(tmp_path, ("lucas",))} == {"lucas"}
    assert len(list(read_fsdd(tmp_path))) == 60
    with pytest.raises(ConfigError, match="did you mean 'yweweler'"):
        MnistFsdd(speakers=("yweweller",))
    with pytest.raises(ConfigError, match="each speaker once"):
        MnistFsdd(speakers=("theo", "theo"))
    with pytest.raises(ConfigError, match="a seed is a whole number from 0"):
        MnistFsdd(seed=-1)


# Speech Commands and MNIST-SCD


def of_paper() -> tuple[Mnist, Spoken, SpeechCommands]:
    """MNIST and Speech Commands v0.01 by their numbers, without sounds and pictures."""
    rng = np.random.default_rng(0)
    counts = {
        "train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    }
    parts = {
        name: Digits(name, np.empty((0, 28, 28)), rng.permutation(np.repeat(np.arange(10), each)))
        for name, each in counts.items()
    }
    labels = np.repeat(np.arange(10), list(V1_COUNTS.values()))
    keys = np.array([f"{label}/{place}" for place, label in enumerate(labels)])
    spoken = Spoken(keys, labels, keys, np.empty((len(keys), 1, 1, 1), np.uint8))
    return Mnist(**parts), spoken, SpeechCommands({}, frozenset(), {}, 0)


def test_mnist_scd_has_the_sizes_of_the_paper() -> None:
    assert sum(V1_COUNTS.values()) == 23_666
    mnist, spoken, found = of_paper()
    rng = np.random.default_rng(0)
    splits = MnistScd().draw_splits(spoken, found, rng)
    assert {split: [len(rows) for rows in each] for split, each in splits.items()} == {
        "train": [2116] * 10,
        "test": [236] * 10,
    }
    pairs = pair_once(mnist, spoken, splits, rng)
    assert {split: len(pairing.digits) for split, (_, pairing) in pairs.items()} == {
        "train": 21_160,
        "test": 2_360,
    }
    recordings = np.concatenate([pairing.recordings for _, pairing in pairs.values()])
    assert len(np.unique(recordings)) == 23_520
    for digits, pairing in pairs.values():
        assert len(np.unique(pairing.digits)) == len(pairing.digits)
        np.testing.assert_array_equal(
            digits.labels[pairing.digits], spoken.labels[pairing.recordings]
        )


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """MNIST, and Speech Commands in two archives and a folder, WAV and FLAC."""
    write_mnist(tmp_path / "raw", train=200, test=100)
    write_speech_commands(
        tmp_path / "raw" / "speech_commands_a.tar.gz",
        {"zero": 6, "one": 8, "bed": 5},
        lists={
            "validation_list.txt": "zero/00000000_nohash_0.wav\none/00000001_nohash_0.wav\n",
            "testing_list.txt": "\n".join(
                f"{word}/{number:08x}_nohash_0.wav" for word in ("zero", "one") for number in (2, 3)
            ),
        },
    )
    write_speech_commands(
        tmp_path / "raw" / "speech_commands_b.tar", {"zero": 6, "five": 9}, first=4, kind="flac"
    )
    folder = tmp_path / "raw" / "more" / "one"
    folder.mkdir(parents=True)
    (folder / "0000aaaa_nohash_1.wav").write_bytes(sound(300, 16_000))
    return tmp_path / "raw"


def test_archives_and_folders_add_up(commands: Path) -> None:
    found = find_speech_commands(commands)
    counts = {word: count for word, count in found.counts.items() if count}
    assert counts == {"zero": 10, "one": 9, "five": 9}  # two of zero lie in both archives
    assert found.repeated == 2
    assert not found.version2
    recordings = {r.key: r for r in read_speech_commands(found, WORDS)}
    assert len(recordings) == 28
    one = recordings["speech-commands/one/0000aaaa_nohash_1"]
    assert (one.label, one.speaker, one.content[:4]) == (1, "0000aaaa", b"RIFF")
    assert recordings["speech-commands/five/00000004_nohash_0"].content[:4] == b"fLaC"
    assert {r.label for r in read_speech_commands(found, {"five"})} == {5}


def test_the_rarest_digit_decides_and_the_card_says_what_is_missing(
    commands: Path, tmp_path: Path
) -> None:
    card = prepare(MnistScd(digits=(0, 1, 5)), raw=commands, out=tmp_path / "pairs")
    train, test = (PairDataset(tmp_path / "pairs", split) for split in ("train", "test"))
    assert {name: n for name, n in card.counts["train"].items() if n} == dict.fromkeys("015", 8)
    assert {name: n for name, n in card.counts["test"].items() if n} == dict.fromkeys("015", 1)
    every = np.concatenate([train.column("recording"), test.column("recording")])
    assert len(set(every)) == len(every) == 27
    assert len(set(train.column("mnist_index"))) == 24
    assert card.notes[1].startswith("NOT the complete Speech Commands v0.01: 28 of its 23,666")
    assert "2 recordings lay in two places" in card.notes[2]
    assert verify(tmp_path / "pairs") == []


def test_the_official_lists_decide_the_split(commands: Path, tmp_path: Path) -> None:
    source = MnistScd(digits=(0, 1), split="official")
    card = prepare(source, raw=commands, out=tmp_path / "pairs")
    sizes = {split: sum(counts.values()) for split, counts in card.counts.items()}
    assert sizes == {"train": 12, "validation": 2, "test": 4}
    test = PairDataset(tmp_path / "pairs", "test")
    assert {name[-17:-9] for name in test.column("recording")} == {"00000002", "00000003"}
    validation = PairDataset(tmp_path / "pairs", "validation")
    train = PairDataset(tmp_path / "pairs", "train")
    assert not set(validation.column("mnist_index")) & set(train.column("mnist_index"))


def test_official_lists_that_leave_a_part_empty(commands: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a digit has no recording in the test part"):
        prepare(MnistScd(digits=(0, 5), split="official"), raw=commands, out=tmp_path / "pairs")


def test_fewer_of_each_digit(commands: Path, tmp_path: Path) -> None:
    card = prepare(MnistScd(digits=(0, 1), per_digit=5), raw=commands, out=tmp_path / "pairs")
    assert sum(card.counts["train"].values()) == 8
    assert sum(card.counts["test"].values()) == 2
    with pytest.raises(DataError, match="'one' has 9 recordings, not 10"):
        prepare(MnistScd(digits=(0, 1), per_digit=10), raw=commands, out=tmp_path / "pairs")


@pytest.mark.parametrize("extra", [{"backward": 1}, {"four": V1_COUNTS["four"] + 1}])
def test_version_2_is_refused_unless_subsampled(tmp_path: Path, extra: dict[str, int]) -> None:
    write_mnist(tmp_path / "raw")
    write_speech_commands(tmp_path / "raw" / "speech_commands_v0.02.tar", {"six": 10, **extra})
    with pytest.raises(DataError, match=r"v0\.02.*--per-digit 2352"):
        prepare(MnistScd(digits=(6,)), raw=tmp_path / "raw", out=tmp_path / "pairs")
    card = prepare(
        MnistScd(digits=(6,), per_digit=10), raw=tmp_path / "raw", out=tmp_path / "pairs"
    )
    assert sum(card.counts["train"].values()) == 9
    assert card.notes[1].startswith("NOT Speech Commands v0.01 but v0.02")


def test_recordings_are_cut_to_the_word_as_translate_cuts_them(tmp_path: Path) -> None:
    rate, voice = 16_000, soundfile.read(io.BytesIO(sound(440, 16_000)))[0]
    file = io.BytesIO()
    silence = np.zeros(rate // 3)
    soundfile.write(file, np.concatenate([silence, voice, silence]), rate, format="WAV")
    write_mnist(tmp_path / "raw", train=100, test=20)
    folder = tmp_path / "raw" / "two"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number:08x}_nohash_0.wav").write_bytes(file.getvalue())
    prepare(MnistScd(digits=(2,)), raw=tmp_path / "raw", out=tmp_path / "pairs")
    [word] = clips(file.getvalue(), front_end("aivae-16k"))
    assert 0.1 < word.duration_s < 0.5
    seen = to_bytes(pictures([word.samples[0]], front_end("aivae-16k")).numpy())
    train = PairDataset(tmp_path / "pairs", "train")
    np.testing.assert_array_equal(train.sounds(every_row(train)), np.repeat(seen, 9, axis=0))


def test_more_recordings_than_pictures(tmp_path: Path) -> None:
    write_mnist(tmp_path / "raw", train=100, test=10)
    write_speech_commands(tmp_path / "raw" / "speech_commands.tar", {"two": 30})
    with pytest.raises(DataError, match=r"MNIST has only 10 pictures left: .*--per-digit"):
        prepare(MnistScd(digits=(2,)), raw=tmp_path / "raw", out=tmp_path / "pairs")


def test_missing_digits_are_named(commands: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no recording of 'two': .*--digits 0 1 5"):
        prepare(MnistScd(), raw=commands, out=tmp_path / "pairs")
    with pytest.raises(DataError, match=r"no digits of Speech Commands .*speech_commands_v0\.01"):
        find_speech_commands(tmp_path / "nothing")
    for digits in ((), (3, 3), (10,)):
        with pytest.raises(ConfigError, match="digits are some of 0 to 9"):
            MnistScd(digits=digits)
    with pytest.raises(ConfigError, match="per-digit must be 2 or more"):
        MnistScd(per_digit=1)


# Preparing and finding


def test_a_failed_preparation_leaves_the_earlier_set(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    before = prepare(MnistFsdd(speakers=TWO), raw=raw, out=out)
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"damaged")
    with pytest.raises(DataError):
        prepare(MnistFsdd(speakers=TWO, seed=1), raw=raw, out=out)
    assert Card.read(out) == before
    assert verify(out) == []
    assert [path.name for path in tmp_path.iterdir() if "pairs" in path.name] == ["pairs"]


def test_a_folder_of_something_else_is_not_replaced(raw: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.tex").write_text("years of work")
    with pytest.raises(StorageError, match="holds something else"):
        prepare(MnistFsdd(speakers=TWO), raw=raw, out=precious)
    assert (precious / "chapter.tex").read_text() == "years of work"


def test_missing_archives_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="photism data fetch mnist-fsdd"):
        prepare(MnistFsdd())
    with pytest.raises(PhotismError, match="no MNIST below"):
        prepare(MnistFsdd(), raw=tmp_path)


def test_find_by_name_and_folder(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run `photism data prepare mnist-fsdd`"):
        find("mnist-fsdd")
    with pytest.raises(DataError, match="did you mean 'mnist-fsdd'"):
        find("mnist-fsd")
    prepare(MnistFsdd(speakers=TWO), raw=raw)
    assert find("mnist-fsdd") == prepared_folder("mnist-fsdd")
    assert find(tmp_path) == tmp_path


def test_sources_are_whole() -> None:
    for name, source in SOURCES.items():
        assert source.name == name
        assert dataclasses.is_dataclass(source)
        assert source.__doc__
        assert all(UPSTREAM[upstream.name] is upstream for upstream in source.upstream)
        source()  # the defaults are valid
    for upstream in UPSTREAM.values():
        for archive in upstream.archives:
            assert all(url.startswith(("https://", "http://")) for url in archive.urls)
            assert archive.sha256 is None or len(archive.sha256) == 64


# The real data


@pytest.mark.data
def test_the_real_mnist_fsdd_has_the_sizes_of_the_paper(real_data: Path, tmp_path: Path) -> None:
    card = prepare(MnistFsdd(), raw=real_data, out=tmp_path / "pairs")
    assert card.skipped == ()
    recordings: dict[str, set[str]] = {}
    for split, pairs, recorded in (("train", 60_000, 1_800), ("test", 10_000, 200)):
        dataset = PairDataset(tmp_path / "pairs", split)
        assert len(dataset) == pairs
        assert dataset.column("mnist_index").tolist() == list(range(pairs))
        recordings[split] = set(dataset.column("recording"))
        # Drawn with replacement, some 30 times each: hardly any is never drawn.
        assert recorded * 0.99 <= len(recordings[split]) <= recorded
        speakers = {name.split("_")[1] for name in recordings[split]}
        assert speakers == {"jackson", "nicolas", "theo", "yweweler"}
        sounds = dataset.sounds(np.arange(0, pairs, 97))
        assert (sounds.max(axis=(1, 2, 3)) > 200).all()  # each relative to its own maximum
    assert not recordings["train"] & recordings["test"]


@pytest.mark.data
def test_the_real_speech_commands_at_hand(real_data: Path, tmp_path: Path) -> None:
    source = MnistScd(digits=(0, 1, 5, 8))
    card = prepare(source, raw=real_data, out=tmp_path / "pairs")
    assert card.skipped == ()
    assert card.notes[1].startswith("NOT the complete Speech Commands v0.01: 2,337 of its 23,666")
    sizes = {split: sum(counts.values()) for split, counts in card.counts.items()}
    assert sizes == {"train": 4 * 504, "test": 4 * 56}
