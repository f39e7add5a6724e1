"""Damaged, foreign and dangerous weights are told apart, in one line each."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import subprocess
import sys
from pathlib import Path

import hub_server
import pytest
import torch
from safetensors.torch import save_file

from photism.errors import WeightsError
from photism.files import sha256
from photism.stored import WeightsCard, read_tensors
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


def test_weights_come_from_the_hub(folder, tmp_path):
    """In a process of its own, whose endpoint is a server on this machine."""
    code = "import photism; print(photism.load('owner/{}', device='cpu').system.digest)"
    with hub_server.serve(folder) as address:
        fetched = _run(code.format("name"), address, tmp_path)
        missing = _run(code.format("nothing"), address, tmp_path)
    assert fetched.stdout.strip() == load_weights(folder).digest
    again = _run(code.format("name"), "http://127.0.0.1:9", tmp_path, HF_HUB_OFFLINE="1")
    assert again.stdout == fetched.stdout
    assert "no folder 'owner/nothing', and the Hub gave no such weights" in missing.stderr


def _run(code, address, home, **more):
    environment = os.environ | {"HF_ENDPOINT": address, "HF_HOME": str(home / "hub")} | more
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_file_that_changes_while_it_is_read_keeps_its_own_checksum(folder, monkeypatch):
    """The digest is of the bytes that were read, not of what lies there afterwards."""
    path, read = folder / "model.safetensors", Path.read_bytes
    digest = sha256(path)

    def read_then_swap(self):
        content = read(self)
        if self == path:
            self.write_bytes(content[:-4] + b"\0\0\0\0")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_then_swap)
    assert load_weights(folder).digest == digest
    assert sha256(path) != digest


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_of_no_numbers_is_refused(folder, value):
    tensors = read_tensors(folder / "model.safetensors")
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    tensors[name].view(-1)[0] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(WeightsError, match=f"'{name}' holds values that are not numbers"):
        load_weights(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 100_000), ("width", 10**30), ("width", "4"), ("lr", None), ("latent", 2.5)],
)
def test_a_config_that_asks_for_the_moon_costs_nothing(folder, field, value):
    content = json.loads((folder / "config.json").read_text())
    content["config"][field] = value
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(WeightsError, match=r"of another network|is damaged"):
        load_weights(folder)


def _mutate(folder, rng):
    """Damage one file of a weights folder in one of the ways in which files get damaged."""
    names = ["model.safetensors", "model.safetensors", "config.json", "card.json"]
    path = folder / rng.choice(names)
    content = bytearray(path.read_bytes())
    kind = rng.randrange(5)
    head = min(len(content), 2000)  # where the header of the tensors is
    if kind == 0:
        for _ in range(rng.randint(1, 8)):
            content[rng.randrange(head)] = rng.randrange(256)
    elif kind == 1:
        del content[rng.randrange(len(content)) :]
    elif kind == 2:
        start = rng.randrange(head)
        content[start : start + rng.randint(1, 40)] = rng.randbytes(rng.randint(0, 40))
    elif kind == 3:
        content[rng.randrange(head) :] = b"\0" * rng.randint(0, 100)
    else:
        digits = [place for place, byte in enumerate(content[:head]) if chr(byte).isdigit()]
        place = rng.choice(digits or [0])
        content[place : place + 1] = rng.choice([b"99999999999", b"-1", b"1e400", b"null", b"[]"])
    path.write_bytes(bytes(content))


def _load_mutated(folder, tmp_path, seeds):
    """Load mutated copies: each loads, or is refused by an error of ours in one line."""
    refused = 0
    for seed in seeds:
        copy = tmp_path / "mutated"
        shutil.copytree(folder, copy)
        _mutate(copy, random.Random(seed))
        try:
            load_weights(copy)
        except WeightsError as error:
            refused += len(str(error).splitlines()) == 1
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
        shutil.rmtree(copy)
    return refused


def test_mutated_weights_load_or_are_refused(folder, tmp_path):
    assert _load_mutated(folder, tmp_path, range(60)) > 30


@pytest.mark.fuzz
def test_many_mutated_weights_load_or_are_refused(folder, tmp_path):
    assert _load_mutated(folder, tmp_path, range(1000, 1400)) > 200
