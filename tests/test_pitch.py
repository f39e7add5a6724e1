"""Notes in sounds that were made: what is read, and how it is counted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from tones import EAR, Piano, PianoConfig, write_tones

from photism.data.pairs import PairDataset
from photism.errors import ConfigError, WeightsError
from photism.evaluation.pitch import PAIRS, PitchFigures, measure_pitch
from photism.judges.independent import basic_pitch
from photism.judges.independent.basic_pitch import BasicPitch
from photism.judges.independent.wheels import WHEELS
from photism.judges.perceive import Percept


def midi_of(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Return the note of the strongest frequency."""
    spectrum = np.abs(np.fft.rfft(sounds * np.hanning(sounds.shape[1]), 1 << 16))
    return 69 + 12 * np.log2(np.maximum(spectrum.argmax(1), 1) * rate / (1 << 16) / 440)


class Ear:
    """Reads the strongest frequency, and nothing in sounds below a level."""

    name, about, digest = "ear", "of the tests", "0"

    def read(self, percept: Percept) -> np.ndarray:
        assert percept.rate is not None
        sounds = percept.values.numpy()
        return np.where(sounds.std(1) < 1e-3, np.nan, midi_of(sounds, percept.rate))


def measured(folder: Path, wrong: int = 0) -> PitchFigures | None:
    dataset = PairDataset(folder, "test")
    piano = Piano(PianoConfig(wrong=wrong)).eval()
    return measure_pitch(piano, Ear(), dataset, EAR, np.arange(len(dataset)), seed=0)


def test_notes_are_right_where_the_piano_has_them(tmp_path: Path) -> None:
    """It has three keys; the notes of the data lie up to 1.8 semitones beside them."""
    folder = write_tones(tmp_path / "tones", train=12, test=120)
    found = measured(folder)
    assert found is not None
    assert found.pairs == 120 <= PAIRS
    assert found.real.right.value == 1
    away = PairDataset(folder, "test").column("pitch_hz").reshape(-1, 4)
    keys = np.array([300.0, 900.0, 2400.0])[np.arange(len(away)) % 3]
    near = np.abs(12 * np.log2(away / keys[:, None])) <= 0.5
    assert found.made.right.value == pytest.approx(near.mean(), abs=0.05)
    assert found.made.heard == 1
    assert 0 < found.made.right.low < found.made.right.value < found.made.right.high < 1
    other = measured(folder, wrong=1)
    assert other is not None
    assert other.made.right.value == 0


def test_octaves_and_silence_are_told_apart(tmp_path: Path, monkeypatch) -> None:
    folder = write_tones(tmp_path / "tones", train=12, test=24)
    monkeypatch.setattr(Ear, "read", lambda self, percept: ear(percept) + 12)
    found = measured(folder)
    assert found is not None
    assert (found.real.right.value, found.real.right_but_octaves) == (0, 1)
    monkeypatch.setattr(Ear, "read", lambda self, percept: np.full(len(percept.values), np.nan))
    found = measured(folder)
    assert found is not None
    assert (found.real.right.value, found.real.right_but_octaves, found.real.heard) == (0, 0, 0)


def ear(percept: Percept) -> np.ndarray:
    assert percept.rate is not None
    return midi_of(percept.values.numpy(), percept.rate)


class Session:
    """Stands for basic-pitch: a key sounds from the beginning of the window to where it is 0."""

    def __init__(self, content: bytes, options: object, providers: list[str]) -> None:
        if content != b"network":
            raise RuntimeError("not a model")

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="sound")]

    def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
        windows = given["sound"]
        assert windows.shape[1:] == (basic_pitch.SAMPLES, 1)
        notes = np.zeros((len(windows), 172, 88), np.float32)
        for note, window in zip(notes, windows[:, :, 0], strict=True):
            sounding = np.flatnonzero(np.abs(window) > 1e-3)
            if len(sounding):
                key = round(float(midi_of(window[None], basic_pitch.RATE)[0])) - 21
                note[sounding[0] // 256 : sounding[-1] // 256, key] = 0.8
        return [notes]


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTISM_HOME", str(tmp_path / "home"))
    module = ModuleType("onnxruntime")
    module.SessionOptions = SimpleNamespace  # type: ignore[attr-defined]
    module.InferenceSession = Session  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    path = WHEELS["basic-pitch"].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"network")
    return path


def test_the_note_in_the_middle_is_read(fetched: Path) -> None:
    rate, time_s = 8000, np.arange(4000) / 8000
    low, high = (np.sin(2 * np.pi * hz * time_s) for hz in (220.0, 659.26))
    early = high * (time_s < 0.1)  # over before the middle
    sounds = torch.from_numpy(np.stack([low, high, early, 0 * low])).float()
    read = BasicPitch().read(Percept(sounds, rate))
    assert read[:2].tolist() == [57, 76]
    assert np.isnan(read[2:]).all()


def test_what_is_missing_or_damaged_is_one_line(fetched: Path, monkeypatch) -> None:
    fetched.write_bytes(b"half a net")
    with pytest.raises(WeightsError, match="is damaged: remove it"):
        BasicPitch()
    fetched.unlink()
    with pytest.raises(ConfigError, match="photism judge fetch basic-pitch"):
        BasicPitch()
    fetched.write_bytes(b"network")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"photism\[eval\]"):
        BasicPitch()
