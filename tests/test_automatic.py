"""Translating without naming weights: the kind of sound decides, and the reason is told."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.cli import main
from photism.config import override
from photism.data.pairs import Batch
from photism.errors import AudioError
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


def test_a_file_on_disk_is_left_where_it_was(kinds: None, tmp_path: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(wav(KINDS["whistles"]).getvalue())
        file.seek(0)
        assert Automatic("cpu").translate(file).made.weights == "whistles"
    junk = io.BytesIO(b"no sound at all" * 40)
    with pytest.raises(AudioError, match="no sound or video"):
        Automatic("cpu").translate(junk)


def test_a_label_leaves_those_that_know_it(kinds: None, tmp_path: Path) -> None:
    card = json.loads((tmp_path / "whistles" / "card.json").read_text())
    card["classes"] = list("abcdefghij")
    (tmp_path / "whistles" / "card.json").write_text(json.dumps(card))
    made = Automatic("cpu").translate(wav(KINDS["hums"]), label="c")
    assert (made.made.weights, made.label.name if made.label else "") == ("whistles", "c")


def test_a_film_has_what_suits_its_source(kinds: None, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "w.wav").write_bytes(wav(KINDS["whistles"]).getvalue())
    out = str(tmp_path / "films")
    assert main(["translate", str(tmp_path / "in"), "--every", "250ms", "-o", out, "--json"]) == 0
    [film] = json.loads(capsys.readouterr().out)["films"]
    assert any("chose whistles" in note for note in film["notes"])


@pytest.mark.parametrize("command", ["listen --from x.wav --system", "export -o x.onnx"])
def test_what_takes_one_system_refuses_auto_in_one_line(command: str, capsys: Any) -> None:
    assert main([*command.split(), "auto"]) == 2
    assert "auto" in capsys.readouterr().err


def test_auto_is_what_is_done_by_default(kinds: None, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "w.wav").write_bytes(wav(KINDS["whistles"]).getvalue())
    words = ["translate", str(tmp_path / "w.wav"), "-o", str(tmp_path / "w.png"), "--json"]
    assert main([*words, "--system", "auto"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"][0]["weights"] == "whistles"


def test_where_one_is_able_nothing_is_listened_to(
    kinds: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "default_weights", lambda target: (str(tmp_path / "hums"),))
    choice = Automatic("cpu").choose("no such file.wav")
    assert (choice.translator.weights, choice.reason) == ("hums", "")
