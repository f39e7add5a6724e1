"""Weights go to the Hub and come back, by a server on this machine that speaks its protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import hub_server
import yaml
from recordings import untrained

from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.readme import readme
from photism.systems.weights import load_weights

STEPS = """
import os
import photism
from photism.cli import main

def push(where, token=None):
    os.environ.pop("HF_TOKEN", None)
    if token:
        os.environ["HF_TOKEN"] = token
    return main(["push", {folder!r}, where])

codes = [push("owner/name"), push("owner/name", "wrong"), push("stranger/name", {token!r})]
codes += [push("name", {token!r}), push("owner/name", {token!r}), push("owner/name", {token!r})]
print(codes, photism.load("owner/name", device="cpu").system.digest)
"""
AWAY = """
import os
from photism.cli import main

os.environ["HF_TOKEN"] = {token!r}
print(main(["push", {folder!r}, "owner/name"]), main(["translate", "a.wav", "--system", "owner/b"]))
"""


def run(code: str, endpoint: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, whose Hub is at `endpoint`."""
    environment = os.environ | {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",  # large files go by Git LFS, the older way
    }
    filled = code.format(folder=str(folder), token=hub_server.TOKEN)
    return subprocess.run(
        [sys.executable, "-c", filled], env=environment, capture_output=True, text=True, check=False
    )


def test_weights_go_to_the_hub_and_come_back(tmp_path: Path) -> None:
    folder, remote, home = untrained(tmp_path / "w"), tmp_path / "remote", tmp_path / "home"
    remote.mkdir()
    asked: list = []
    with hub_server.serve(remote, asked) as address:
        done = run(STEPS, address, folder, home)
    assert done.stdout.splitlines() == [
        f"{address}/owner/name",
        f"{address}/owner/name",
        f"[2, 2, 2, 2, 0, 0] {load_weights(folder).digest}",
    ]
    errors = [line for line in done.stderr.splitlines() if line.startswith("photism: ")]
    known = ("needs a token: `hf auth login`", "not know the token", "may not write", "owner/name")
    assert all(said in line for line, said in zip(errors, known, strict=True))
    assert {path.name for path in remote.iterdir()} == {path.name for path in folder.iterdir()}
    [large] = {size for method, _, size in asked if method == "PUT"}
    assert large == (folder / "model.safetensors").stat().st_size
    created = [json.loads(body) for _, path, body in asked if path == "/api/repos/create"]
    assert {(wanted["organization"], wanted["name"]) for wanted in created} == {
        ("owner", "name"),
        ("stranger", "name"),
    }


def test_without_network_it_says_so_in_one_line(tmp_path: Path) -> None:
    done = run(AWAY, "http://127.0.0.1:9", untrained(tmp_path / "w"), tmp_path / "home")
    assert done.stdout.split() == ["2", "2"]
    pushed, fetched = [line for line in done.stderr.splitlines() if line]
    assert pushed == "photism: owner/name was not pushed: http://127.0.0.1:9 cannot be reached"
    assert "gave no such weights (http://127.0.0.1:9 cannot be reached" in fetched


def test_the_card_has_what_the_hub_reads() -> None:
    kind = SYSTEMS["s2ic"]
    metrics = {
        "epoch": 3,
        "validation loss": 0.25,
        "test, label heard: accuracy": 0.75,
        "test, label heard: accuracy, 95 % interval": [0.7, 0.8],
        "test pairs": 100,
    }
    card = WeightsCard(data="orchestra", licence_id="cc0-1.0", metrics=metrics)
    text = readme(kind(kind.presets["debug"]), "debug", card)
    _, head, body = text.split("---\n", 2)
    content = yaml.safe_load(head)
    assert content["license"] == "cc0-1.0"
    assert content["library_name"] == "photism"
    assert content["pipeline_tag"] == "other"
    assert {"photism", "s2ic", "sound-to-image"} <= set(content["tags"])
    [[result]] = [entry["results"] for entry in content["model-index"]]
    assert result["dataset"]["name"] == "orchestra"
    [figure] = result["metrics"]
    assert (figure["type"], figure["value"]) == ("accuracy", 0.75)
    assert "95 % interval: 0.7; 0.8" in body
