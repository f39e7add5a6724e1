"""Damaged, foreign and dangerous weights are told apart, in one line each."""

from __future__ import annotations

import json
import pickle

import pytest
import torch

from photism.errors import WeightsError
from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.weights import load_weights, save_weights


@pytest.fixture
def folder(tmp_path):
    cls = SYSTEMS["aivae"]
    save_weights(
        cls(cls.presets["debug"]), tmp_path / "w", preset="debug", card=WeightsCard(seed=1)
    )
    return tmp_path / "w"


def _cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def _pickle(folder):
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weights": 1}))


def _torch_pickle(folder):
    torch.save({"weights": torch.zeros(1)}, folder / "model.safetensors")


def _remove(folder):
    (folder / "model.safetensors").unlink()


def _edit(**changes):
    def edit(folder):
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return edit


def _no_json(folder):
    (folder / "config.json").write_text("{")


def _no_config(folder):
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut, "cut short"),
        (_pickle, "is a pickle"),
        (_torch_pickle, "is a pickle"),
        (_remove, "is missing"),
        (_edit(system="dall-e"), "unknown system"),
        (_edit(system="aivae-gan"), "another version"),
        (_edit(config={"width": 8}), "of another network"),
        (_no_json, "damaged"),
        (_no_config, "not a folder of photism weights"),
    ],
)
def test_damage_is_named(folder, damage, message):
    damage(folder)
    with pytest.raises(WeightsError, match=message) as caught:
        load_weights(folder)
    assert "\n" not in str(caught.value)


def test_unknown_names_and_files(tmp_path):
    with pytest.raises(WeightsError, match="no weights called 'aivae-fsd'"):
        load_weights("aivae-fsd")
    (tmp_path / "model.pt").write_bytes(b"")
    with pytest.raises(WeightsError, match="is a file"):
        load_weights(tmp_path / "model.pt")


def test_a_failed_write_leaves_the_earlier_weights(folder, monkeypatch):
    before = (folder / "model.safetensors").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("photism.systems.weights.write_bytes", full)
    cls = SYSTEMS["aivae"]
    with pytest.raises(Exception, match="No space left"):
        save_weights(cls(cls.presets["debug"]), folder, preset="debug", card=WeightsCard())
    assert (folder / "model.safetensors").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["w"]
