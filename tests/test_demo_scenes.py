"""The demo of systems that draw scenes, on the recordings of the test fold that come along."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from photism import cli
from photism.images import read_provenance
from photism.judges.colour import Small
from photism.scenes.told import CLASSES
from photism.stored import WeightsCard
from photism.systems.s2i import S2I
from photism.systems.weights import save_weights


def test_the_report_counts_what_the_judge_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    weights, out = tmp_path / "untrained", tmp_path / "demo"
    card = WeightsCard(data="scenes", classes=CLASSES)
    save_weights(S2I(S2I.presets["debug"]), weights, preset="debug", card=card)
    judge = Small("made-up", CLASSES, (3, 64, 64)).eval()
    monkeypatch.setattr("photism.judges.weights.load_judge", lambda name: judge)
    assert cli.main(["demo", "--system", str(weights), "--out", str(out), "--seed", "3"]) == 0

    record = json.loads((out / "report.json").read_text(encoding="utf-8"))
    entries = record["recordings"]
    assert len(entries) == record["total"] == 20
    assert {entry["class"] for entry in entries} == set(CLASSES)
    assert record["right"] == sum(entry["read"] == entry["class"] for entry in entries)
    assert f"{record['right']} of 20" in capsys.readouterr().out

    page = (out / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(r'data-sound="data:audio/ogg;base64,', page)) == 20
    assert all(entry["credit"].split(" (")[0].replace("'", "&#39;") in page for entry in entries)
    assert not re.findall(r'(?:src|href)="(?!data:)', page)  # the page needs no other file
    pictures = sorted((out / "pictures").iterdir())
    assert len(pictures) == 60
    assert {read_provenance(path)["seed"] for path in pictures[:3]} == {3, 4, 5}
