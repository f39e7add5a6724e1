"""Translating without naming weights: the kind of sound decides, and the reason is told."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import photism
from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.cli import main
from photism.config import override
from photism.data.pairs import Batch
from photism.stored import WeightsCard
from photism.systems.flow import Flow
from photism.systems.weights import save_weights
from photism.translate import automatic
from photism.translate.automatic import Automatic

RATE = 8000
KINDS = {"hums": 200.0, "whistles": 2500.0}


def tone(hz: float, seed: int, seconds: float = 0.5) -> np.ndarray:
    """A tone that swells, with some noise around it."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(RATE * seconds)) / RATE
    swell = np.sin(np.pi * time_s / seconds)
    made = np.sin(2 * np.pi * hz * rng.uniform(0.9, 1.1) * time_s) * swell
    return (0.3 * made + 0.003 * rng.normal(size=len(time_s))).astype(np.float32)


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two untrained systems, each of which remembers tones of one height."""
    names = []
    for name, hz in KINDS.items():
        torch.manual_seed(0)
        system = Flow(override(Flow.presets["debug"], {"sampling.steps": "1"})).eval()
        sounds = pictures([tone(hz, seed) for seed in range(60)], front_end("ear-words"))
        batch = Batch(sounds, torch.empty(0), torch.zeros(60, dtype=torch.long), torch.empty(0))
        system.remember([batch], [batch])
        card = WeightsCard(classes=tuple("0123456789"))
        save_weights(system, tmp_path / name, preset="debug", card=card)
        names.append(str(tmp_path / name))
    monkeypatch.setattr(automatic, "default_weights", lambda target: tuple(names))


def wav(hz: float) -> io.BytesIO:
    file = io.BytesIO()
    soundfile.write(file, tone(hz, 7), RATE, format="WAV")
    file.seek(0)
    return file


@pytest.mark.parametrize("name", KINDS)
def test_what_knows_the_sound_is_chosen_with_its_reason(kinds: None, name: str) -> None:
    for source in (wav(KINDS[name]), wav(KINDS[name]).getvalue()):
        made = Automatic("cpu").translate(source)
        assert made.made.weights == name
        assert f"chose {name}, which knows this kind best" in made.notes[-1]
    assert made.strangeness is not None
    assert made.strangeness < 1.5


def test_what_nothing_knows_is_not_heard(kinds: None) -> None:
    sirens = sum(tone(hz, 5) * np.sign(tone(9, 5)) for hz in (500, 900, 1300, 3400))
    made: Any = Automatic("cpu").translate(sirens / 4, rate=RATE)
    assert not made.heard
    assert "is the nearest" in made.notes[-1]
    assert any("like nothing that" in note for note in made.notes)


def test_the_command_chooses_for_each_file(kinds: None, tmp_path: Path, capsys: Any) -> None:
    for name, hz in KINDS.items():
        (tmp_path / f"{name}.wav").write_bytes(wav(hz).getvalue())
    files = [str(tmp_path / f"{name}.wav") for name in KINDS]
    assert main(["translate", *files, "-o", str(tmp_path / "out"), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["pictures"]
    assert [entry["weights"] for entry in results] == list(KINDS)


def test_without_a_choice_nothing_is_listened_to_twice() -> None:
    chosen = photism.load().choose(tone(440, 0), rate=RATE)
    assert chosen.reason == "" or "chose" in chosen.reason
