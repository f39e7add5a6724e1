"""`photism info`: parameter counts, weights, provenance, and unknown names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from photism import images
from photism.cli import main
from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.base import parameter_count
from photism.systems.weights import save_weights


def info(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    """What `photism info … --json` prints."""
    assert main(["info", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder of weights of the smallest AIVAE, untrained."""
    system = SYSTEMS["aivae"](SYSTEMS["aivae"].presets["debug"])
    folder = tmp_path / "my-weights"
    save_weights(
        system, folder, preset="debug", card=WeightsCard(licence="CC0", metrics={"kl": 0.5})
    )
    return folder


def test_overview_lists_every_system(capsys: pytest.CaptureFixture[str]) -> None:
    content = info(capsys)
    assert set(content["systems"]) == set(SYSTEMS)
    for name, system in content["systems"].items():
        assert system["makes"] == list(SYSTEMS[name].makes)
        assert system["presets"] == list(SYSTEMS[name].presets)
    for entry in content["weights"].values():
        assert entry["system"] in SYSTEMS
        assert entry["bytes"] <= 12_000_000


@pytest.mark.parametrize(
    ("system", "networks"),
    [
        ("aivae", {"encoder": 19_598_144, "decoder": 7_119_553}),
        ("aivae-gan", {"generator": 5_283_713, "discriminator": 2_626_689}),
    ],
)
def test_parameters_are_counted_as_published(
    system: str, networks: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    content = info(capsys, system, "--preset", "paper")
    assert content["networks"] == {name: {"parameters": n} for name, n in networks.items()}
    assert content["parameters"] == sum(networks.values())
    assert content["front_end"] == content["front_end_config"]["name"] == "aivae-8k"


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_first_preset_is_the_default(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = next(iter(SYSTEMS[name].presets))
    assert info(capsys, name) == info(capsys, name, "--preset", first)


def test_weights_show_their_card(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = info(capsys, str(weights))
    assert (content["system"], content["preset"]) == ("aivae", "debug")
    assert content["card"]["metrics"] == {"kl": 0.5}
    assert len(content["sha256"]) == 64
    built = SYSTEMS["aivae"](SYSTEMS["aivae"].presets["debug"])
    assert content["parameters"] == parameter_count(built)


def test_a_picture_tells_its_origin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provenance = {"system": "aivae", "seed": 3, "source": "three.wav", "heard": True}
    images.write_png(tmp_path / "three.png", Image.new("L", (2, 2)), provenance)
    assert info(capsys, str(tmp_path / "three.png")) == provenance


def test_people_read_all_of_it(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in SYSTEMS)
    assert main(["info", "aivae", "--preset", "paper"]) == 0
    out = capsys.readouterr().out
    assert "19,598,144" in out
    assert "26,717,697" in out
    assert main(["info", str(weights)]) == 0
    assert "CC0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["aivea"], "no system, weights or file called 'aivea': did you mean 'aivae'?"),
        (["aivae", "--preset", "papr"], "aivae has no preset 'papr': did you mean 'paper'?"),
        (["--preset", "paper"], "--preset belongs to a system"),
        (["three.wav"], "three.wav is no sound or video that can be read"),
        (["."], "has no config.json"),
    ],
)
def test_what_there_is_not(
    argv: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "three.wav").write_bytes(b"RIFF")
    assert main(["info", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_preset_of_weights_is_refused(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(weights), "--preset", "paper"]) == 2
    assert "--preset belongs to a system" in capsys.readouterr().err
