"""The orchestra: notes are in tune, performances are what their factors say, pairs repeat."""

from __future__ import annotations

import dataclasses
import importlib.resources
import importlib.util
import json
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photism.cli import main
from photism.data.card import Card
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.sources.orchestra import Orchestra
from photism.data.splits import SPLITS
from photism.data.verify import verify
from photism.errors import ConfigError, DataError
from photism.files import sha256
from photism.orchestra import banks, notes
from photism.orchestra.banks import FLUID_R3, check_banks, embedded_banks, find_bank
from photism.orchestra.instruments import INSTRUMENTS, Instrument, Voice, instrument
from photism.orchestra.notes import RATE, SUSTAIN_RMS, read_notes
from photism.orchestra.performance import WINDOW_S, Performance, performance
from photism.orchestra.score import compose

ASSETS = Path(str(importlib.resources.files("photism") / "assets" / "orchestra" / FLUID_R3))
VOICES = [voice for player in INSTRUMENTS.values() for voice in player.voices]
SMALL = Orchestra(performances=3, seconds=1.0, hop_s=0.25, size=32, workers=1)
STAGE = "photism.orchestra.stage"


@dataclasses.dataclass(frozen=True)
class _Look:
    hue: int

    @classmethod
    def random(cls, rng: np.random.Generator) -> _Look:
        return cls(int(rng.integers(256)))


def _draw(
    instrument: str, look: _Look, *, pitch: float | None, level: float, time_s: float, size: int
) -> np.ndarray:
    colour = (look.hue, round(255 * (pitch or 0)), round(255 * level))
    return np.full((size, size, 3), colour, np.uint8)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain pictures in the colour of the factors, in place of the drawn stage."""
    plain = types.ModuleType(STAGE)
    plain.__dict__.update(Look=_Look, draw=_draw)
    monkeypatch.setitem(sys.modules, STAGE, plain)


@pytest.fixture(scope="module")
def performances() -> list[Performance]:
    """Two performances of every instrument."""
    return [performance(player, index) for player in INSTRUMENTS.values() for index in range(2)]


def fundamental(samples: np.ndarray, expected_hz: float) -> float:
    """Frequency near the expected one at which a sound repeats best; 0 if it repeats no better
    than after half the time, an octave above."""
    spectrum = np.fft.rfft(samples - samples.mean(), 2 * len(samples))
    alike = np.fft.irfft(np.abs(spectrum) ** 2)[: len(samples) // 2]
    alike /= np.arange(len(samples), len(samples) - len(alike), -1)
    period = RATE / expected_hz
    lags = np.arange(round(period / 1.09), round(period * 1.09) + 2)
    best = int(lags[np.argmax(alike[lags])])
    before, here, after = alike[best - 1 : best + 2]
    exact = best + 0.5 * (before - after) / (before - 2 * here + after)
    return 0.0 if alike[round(exact / 2)] > 0.98 * here else RATE / exact


def cents(measured_hz: float, midi: float) -> float:
    return 1200 * np.log2(measured_hz / 440) - 100 * (midi - 69)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def held(voice: Voice, midi: float, dynamic: float, seconds: float = 3.0) -> np.ndarray:
    """A note without its attack."""
    curve = np.full(round(seconds * RATE), float(midi))
    return read_notes(voice).play(curve, dynamic)[RATE // 2 :]


# Instruments and notes


def test_the_instruments_are_those_of_sub_urmp_in_order_of_their_labels() -> None:
    names = (
        "bassoon cello clarinet double_bass flute horn oboe sax trombone trumpet tuba viola violin"
    )
    assert list(INSTRUMENTS) == names.split()
    assert [player.label for player in INSTRUMENTS.values()] == list(range(13))
    assert instrument("sax").low_midi == 44
    assert instrument("sax").height(44) == 0
    assert instrument("sax").height(79) == 1
    with pytest.raises(ConfigError, match="no 'violn': did you mean 'violin'"):
        instrument("violn")


def test_the_notes_are_the_ones_their_card_lists_with_their_licence() -> None:
    card = json.loads((ASSETS / "card.json").read_text())
    files = {path.stem: path for path in ASSETS.glob("*.ogg")}
    assert set(files) == set(card["voices"]) == {voice.name for voice in VOICES}
    for voice in VOICES:
        entry = card["voices"][voice.name]
        assert sha256(files[voice.name]) == entry["sha256"]
        assert entry["gm_program"] == voice.gm_program
    assert card["licence"] == "MIT"
    assert "Permission is hereby granted, free of charge" in (ASSETS / "LICENSE").read_text()
    assert sum(path.stat().st_size for path in ASSETS.iterdir()) <= 5e6


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_notes_are_in_tune(voice: Voice) -> None:
    low, high = voice.low_midi, voice.high_midi
    for midi in np.linspace(low, high, 7).round():
        tolerance = 30 if low < midi < high else 45
        measured = fundamental(held(voice, midi, 0.5), 440 * 2 ** ((midi - 69) / 12))
        assert measured
        assert abs(cents(measured, midi)) < tolerance, f"{midi:.0f}"


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_notes_hold_their_level_and_have_no_seam(voice: Voice) -> None:
    middle = (voice.low_midi + voice.high_midi) // 2
    for dynamic in (0.0, 0.5, 1.0):
        samples = held(voice, middle, dynamic, seconds=6.0)
        assert abs(level_db(samples) - 20 * np.log10(SUSTAIN_RMS)) < 2.5
        first, later = (np.abs(np.diff(part)).max() for part in (samples[: RATE // 2], samples))
        assert later < 2 * first  # a loop that does not close would jump


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_loud_notes_are_brighter(voice: Voice) -> None:
    def brightness(dynamic: float) -> float:
        spectrum = np.abs(np.fft.rfft(held(voice, middle, dynamic))) ** 2
        return float((spectrum * np.arange(len(spectrum))).sum() / spectrum.sum())

    middle = (voice.low_midi + voice.high_midi) // 2
    assert brightness(0.0) < brightness(1.0)
    assert brightness(0.5) < 1.01 * brightness(1.0)


def test_notes_begin_without_a_click_and_a_slurred_one_without_its_attack() -> None:
    for voice in VOICES:
        recorded = read_notes(voice).samples
        assert np.abs(recorded[..., 0]).max() < 0.01
        whole, slurred = (
            read_notes(voice).play(np.full(RATE // 2, float(voice.low_midi)), 1.0, skip_s=skip_s)
            for skip_s in (0.0, 0.1)
        )
        np.testing.assert_allclose(slurred[:1000], whole[4410:5410], atol=1e-5)


def test_damaged_notes_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "assets" / "orchestra" / FLUID_R3
    shutil.copytree(ASSETS, folder)
    monkeypatch.setattr(notes, "find_bank", find_bank.__wrapped__)
    monkeypatch.setattr(banks.importlib.resources, "files", lambda package: tmp_path)
    (folder / "tuba.ogg").write_bytes((folder / "tuba.ogg").read_bytes()[:50])
    (folder / "oboe.ogg").unlink()
    for name in ("tuba", "oboe"):
        with pytest.raises(DataError, match=rf"{name}\.ogg is missing or damaged: install"):
            read_notes.__wrapped__(INSTRUMENTS[name].voices[0])


# Banks


def a_bank(folder: Path, *, voices: tuple[str, ...]) -> Path:
    """A folder with some voices of the embedded bank, as if of another font."""
    card = json.loads((ASSETS / "card.json").read_text())
    kept = {name: card["voices"][name] for name in voices}
    folder.mkdir(parents=True)
    told = {**card, "voices": kept, "source": "A font by a friend", "licence": "CC0 1.0"}
    (folder / "card.json").write_text(json.dumps(told))
    for name in voices:
        shutil.copy(ASSETS / f"{name}.ogg", folder)
    return folder


def test_a_performance_is_the_same_music_on_another_bank(tmp_path: Path) -> None:
    """Alto notes under the tuba's name: another sound, the same score, take and player."""
    card = json.loads((ASSETS / "card.json").read_text())
    folder = a_bank(tmp_path / "odd", voices=("tuba",))
    told = {**card, "voices": {"tuba": card["voices"]["bassoon"]}}
    (folder / "card.json").write_text(json.dumps(told))
    shutil.copy(ASSETS / "bassoon.ogg", folder / "tuba.ogg")
    tuba = INSTRUMENTS["tuba"]
    usual, other = performance(tuba, 0), performance(tuba, 0, bank=str(folder))
    assert (usual.score, usual.take, usual.player) == (other.score, other.take, other.player)
    assert np.corrcoef(usual.samples, other.samples)[0, 1] < 0.9


def test_banks_take_turns_and_are_in_card_and_column(stage: None, tmp_path: Path) -> None:
    few = str(a_bank(tmp_path / "few", voices=("oboe", "flute")))
    source = dataclasses.replace(SMALL, performances=6, banks=(FLUID_R3, few))
    card = prepare(source, out=tmp_path / "pairs")
    assert "Frank Wen and contributors, MIT; A font by a friend, CC0 1.0" in card.licence
    assert any("notes of fluid-r3, few" in note for note in card.notes)
    pairs = PairDataset(tmp_path / "pairs", "train")
    played = {
        name: pairs.column("bank")[pairs.column("instrument") == name].tolist()
        for name in INSTRUMENTS
    }
    assert set(played["oboe"]) == {"few", FLUID_R3}
    assert played["oboe"].count("few") == len(played["oboe"]) / 2
    assert set(played["tuba"]) == {FLUID_R3}


def test_banks_that_cannot_be(tmp_path: Path) -> None:
    assert FLUID_R3 in embedded_banks()
    few = str(a_bank(tmp_path / "few", voices=("oboe",)))
    with pytest.raises(ConfigError, match=r"no bank has notes of bassoon, .*add fluid-r3"):
        check_banks((few,))
    with pytest.raises(ConfigError, match="name each bank of notes once"):
        check_banks((FLUID_R3, FLUID_R3))
    with pytest.raises(ConfigError, match=r"nor a folder of that name.*did you mean 'fluid-r3'"):
        find_bank("fluid-r2")
    (tmp_path / "few" / "card.json").write_text('{"voices": {}}')
    find_bank.cache_clear()
    with pytest.raises(DataError, match="is no bank of notes, or its card is damaged"):
        find_bank(few)


# Scores and performances


@pytest.mark.parametrize("player", INSTRUMENTS.values(), ids=lambda player: player.name)
def test_scores_can_be_played(player: Instrument) -> None:
    scores = [
        compose(player, np.random.default_rng(seed), duration_s=1 + seed / 4) for seed in range(60)
    ]
    for score in scores:
        assert score.voice in player.voices
        assert score.notes
        for note in score.notes:
            assert score.voice.low_midi <= note.midi <= score.voice.high_midi
            assert 0 <= note.onset_s < note.offset_s < score.duration_s
            assert 0 <= note.dynamic <= 1
            assert 0 <= note.dynamic_end <= 1
        for note, following in zip(score.notes, score.notes[1:], strict=False):
            assert note.offset_s <= following.onset_s + 1e-9
    pitches = [note.midi for score in scores for note in score.notes]
    assert {score.voice for score in scores} == set(player.voices)
    assert min(pitches) <= player.low_midi + 2
    assert max(pitches) >= player.high_midi - 2
    assert len(set(pitches)) > 0.8 * (player.high_midi - player.low_midi)


def test_scores_have_phrases_with_rests_and_all_articulations() -> None:
    horn = INSTRUMENTS["horn"]
    scores = [compose(horn, np.random.default_rng(seed), duration_s=9) for seed in range(9)]
    played = [note for score in scores for note in score.notes]
    gaps = [
        following.onset_s - note.offset_s
        for score in scores
        for note, following in zip(score.notes, score.notes[1:], strict=False)
    ]
    assert {note.slurred for note in played} == {True, False}
    assert max(gaps) > 0.4
    assert sum(gap == pytest.approx(0) for gap in gaps) > 10
    assert any(note.dynamic_end > note.dynamic + 0.2 for note in played)
    assert any(note.dynamic_end < note.dynamic - 0.2 for note in played)


def test_a_performance_follows_from_its_number(performances: list[Performance]) -> None:
    violin = INSTRUMENTS["violin"]
    again = performance(violin, 1)
    assert again.score == performances[-1].score
    np.testing.assert_array_equal(again.samples, performances[-1].samples)
    others = [
        performance(violin, 2),
        performance(violin, 1, seed=1),
        *(performance(violin, 1, split=split) for split in SPLITS[1:]),
        *performances,
    ]
    assert len({other.player for other in others}) == len(others)
    assert len({other.name for other in others}) == len(others) - 1  # the one of another seed
    melodies = {tuple(note.midi for note in other.score.notes) for other in others}
    assert len(melodies) == len(others)


def test_performances_do_not_clip_or_click(performances: list[Performance]) -> None:
    for played in performances:
        assert played.samples.dtype == np.float32
        assert len(played.samples) == 5 * RATE
        assert 0.01 < np.abs(played.samples).max() < 1
        assert np.abs(played.samples[[0, -1]]).max() < 0.01


def test_windows_hold_what_their_factors_say(performances: list[Performance]) -> None:
    silent = 0
    for played in performances:
        heard = played.windows(0.1)
        assert heard.samples.shape == (46, round(WINDOW_S * RATE))
        np.testing.assert_allclose(heard.start_s, np.arange(46) / 10)
        for start_s, samples, level in zip(
            heard.start_s, heard.samples, heard.level_db, strict=True
        ):
            begin = round(start_s * RATE)
            np.testing.assert_array_equal(samples, played.samples[begin : begin + len(samples)])
            assert level == pytest.approx(level_db(samples), abs=0.01)
        assert ((heard.loudness >= 0) & (heard.loudness <= 1)).all()
        np.testing.assert_array_equal(heard.midi == -1, heard.silent)
        silent += heard.silent.sum()
    assert 0.02 < silent / (46 * len(performances)) < 0.15


def test_pitch_is_the_one_that_is_heard(performances: list[Performance]) -> None:
    measured = 0
    for played in performances:
        heard = played.windows(0.1)
        for start_s, midi, samples in zip(heard.start_s, heard.midi, heard.samples, strict=True):
            sounding = [
                note
                for note in played.score.notes
                if note.onset_s + 0.1 < start_s and start_s + WINDOW_S < note.offset_s
            ]
            if sounding:  # one note from beginning to end, not buried in the room's answer
                assert midi == sounding[0].midi
                found = fundamental(samples, 440 * 2 ** ((midi - 69) / 12))
                assert found
                assert abs(cents(found, midi)) < 20 + 6 + 30
                measured += 1
    assert measured > 50


# Pairs


def test_prepared_pairs(stage: None, tmp_path: Path) -> None:
    card = prepare(SMALL, out=tmp_path / "pairs")
    assert card == Card.read(tmp_path / "pairs")
    assert card.counts == {split: dict.fromkeys(INSTRUMENTS, 3) for split in SPLITS}
    assert card.sound.shape == (3, 128, 128)
    assert card.front_end == "car-gan"
    assert card.group == "performance"
    assert "MIT" in card.licence
    assert "workers" not in card.options
    assert verify(tmp_path / "pairs") == []
    players: dict[str, set[int]] = {}
    for split in SPLITS:
        pairs = PairDataset(tmp_path / "pairs", split)
        instruments = pairs.column("instrument")
        np.testing.assert_array_equal(pairs.labels, [INSTRUMENTS[i].label for i in instruments])
        players[split] = set(pairs.column("player").tolist())
        for row in range(0, len(pairs), 5):
            player = INSTRUMENTS[instruments[row]]
            played = performance(player, 0, split=split, duration_s=1.0)
            heard = played.windows(0.25)
            window = int(np.searchsorted(heard.start_s, pairs.column("start_s")[row]))
            assert pairs.column("key")[row] == f"{played.name}/{250 * window:05d}"
            assert pairs.column("performance")[row] == played.name
            assert pairs.column("midi")[row] == heard.midi[window]
            assert pairs.column("level_db")[row] == heard.level_db[window]
            assert pairs.column("silent")[row] == heard.silent[window]
            look = _Look.random(np.random.default_rng(pairs.column("player")[row]))
            pitch = None if heard.silent[window] else player.height(heard.midi[window])
            level = float(heard.loudness[window])
            expected = _draw("", look, pitch=pitch, level=level, time_s=0, size=32)
            np.testing.assert_array_equal(pairs.images(np.array([row]))[0], expected)
    assert sum(map(len, players.values())) == len(set.union(*players.values())) == 3 * 13


def test_the_same_options_give_the_same_pairs(stage: None, tmp_path: Path) -> None:
    first, again, other = (
        prepare(dataclasses.replace(SMALL, seed=seed), out=tmp_path / f"pairs-{number}")
        for number, seed in enumerate((0, 0, 1))
    )
    assert first.shards == again.shards
    assert first.shards != other.shards


def test_a_longer_set_holds_the_shorter_one(stage: None, tmp_path: Path) -> None:
    longer = dataclasses.replace(SMALL, performances=4)
    prepare(SMALL, out=tmp_path / "shorter")
    prepare(longer, out=tmp_path / "longer")
    for split, count in longer.counts.items():
        short, long = (PairDataset(tmp_path / name, split) for name in ("shorter", "longer"))
        assert set(short.column("key")) <= set(long.column("key"))
        assert len(long) == count * len(short)


def test_silent_windows_can_be_left_out(stage: None, tmp_path: Path) -> None:
    source = dataclasses.replace(SMALL, seconds=3.0, hop_s=0.5)
    prepare(source, out=tmp_path / "all")
    prepare(dataclasses.replace(source, keep_silent=False), out=tmp_path / "heard")
    whole, heard = (PairDataset(tmp_path / name, "train") for name in ("all", "heard"))
    silent = whole.column("silent")
    assert 0 < silent.sum() < len(whole) / 4
    np.testing.assert_array_equal(whole.column("key")[~silent], heard.column("key"))


def test_pairs_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    one = prepare(SMALL, out=tmp_path / "one")
    two = prepare(dataclasses.replace(SMALL, workers=2), out=tmp_path / "two")
    assert one == two


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"performances": 2}, "performances must be 3 or more, not 2"),
        ({"seconds": 0.4}, r"seconds must be in \[1, 600\], not 0.4"),
        ({"seconds": float("nan")}, "seconds must be in"),
        ({"hop_s": 0}, r"hop-s must be in \[0.01, 10\], not 0"),
        ({"size": 8}, r"size must be in \[16, 1024\], not 8"),
        ({"workers": -1}, "workers must be 0 or more, not -1"),
        ({"validation": 0.0}, "validation 0 and test 0.1 of 40 performances must each be above 0"),
        ({"validation": 0.5, "test": 0.5}, "leave one for training"),
        ({"seed": -1}, "a seed is a whole number from 0"),
    ],
)
def test_options_that_cannot_be(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Orchestra(**options)  # type: ignore[arg-type]


def test_the_default_is_as_large_as_it_says() -> None:
    source = Orchestra()
    assert source.counts == {"train": 32, "validation": 4, "test": 4}
    windows = len(performance(INSTRUMENTS["tuba"], 0).windows(source.hop_s).midi)
    sizes = [f"{13 * count * windows:,}" for count in source.counts.values()]
    assert source.pairs == " + ".join(sizes)
    assert source.room_bytes == 13 * 40 * windows * 2 * 3 * 128**2


# By what the user sees


@pytest.fixture
def prepared(stage: None, capsys: pytest.CaptureFixture[str]) -> str:
    options = ["--performances=3", "--seconds=1", "--hop-s=0.5", "--size=128", "--workers=1"]
    assert main(["data", "prepare", "orchestra", *options]) == 0
    return capsys.readouterr().out


def test_it_is_prepared_without_fetching(prepared: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "double_bass" in prepared
    assert (
        "licence:   pictures and performances CC0 1.0; notes of Fluid (R3) General MIDI" in prepared
    )
    assert main(["data", "list"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "│ orchestra" in line)
    assert "embedded" in line
    assert "yes" in line
    assert main(["data", "fetch", "orchestra"]) == 0
    assert "orchestra: comes with photism, nothing to fetch" in capsys.readouterr().out
    assert main(["data", "verify", "orchestra"]) == 0


def test_its_contact_sheet_is_in_colour(prepared: str, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert main(["data", "inspect", "orchestra", "--per-class", "2", "--out", str(out)]) == 0
    with Image.open(out) as sheet:
        assert sheet.height > 13 * 128
        spectrogram, picture = (
            np.asarray(sheet.convert("RGB"))[110:150, x : x + 40].reshape(-1, 3)
            for x in (2 * 128 + 60, 3 * 128 + 60)
        )
    assert np.ptp(spectrogram.astype(int), axis=1).max() > 100  # jet
    assert len(np.unique(picture, axis=0)) == 1  # the stand-in is one colour
