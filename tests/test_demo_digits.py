"""The demo of systems that draw digits, and the recordings that come along for it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import torch

from photism import cli
from photism.cli.demo import Args, run
from photism.demo import digits
from photism.files import sha256
from photism.images import read_provenance
from photism.stored import WeightsCard, bundled
from photism.systems.aivae import AIVAE
from photism.systems.weights import save_weights

CARD = json.loads((digits.ASSETS / "card.json").read_text(encoding="utf-8"))
TOOL = Path(__file__).parents[1] / "tools" / "render_spoken_digits.py"


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small system that has learnt nothing."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights") / "untrained"
    save_weights(
        AIVAE(AIVAE.presets["debug"]), folder, preset="debug", card=WeightsCard(data="nothing")
    )
    return folder


def test_every_digit_is_spoken_by_every_voice() -> None:
    spoken = {(entry["digit"], entry["voice"]) for entry in CARD["files"].values()}
    assert spoken == {(digit, voice) for digit in range(10) for voice in CARD["voices"]}
    assert {entry["speed_wpm"] for entry in CARD["files"].values()} == {110, 140, 175}


def test_the_card_describes_the_files_that_are_there() -> None:
    files = sorted(digits.ASSETS.glob("*.flac"))
    assert [path.name for path in files] == sorted(CARD["files"])
    for path in files:
        assert sha256(path) == CARD["files"][path.name]["sha256"], path.name
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.format) == (CARD["rate_hz"], 1, "FLAC")
        assert 0.3 < info.duration < 1.5
    assert sum(path.stat().st_size for path in files) < 500_000


def test_the_report_counts_what_the_judge_reads(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "demo"
    assert cli.main(["demo", "--system", str(untrained), "--out", str(out), "--seed", "3"]) == 0

    record = json.loads((out / "report.json").read_text(encoding="utf-8"))
    entries = record["recordings"]
    assert len(entries) == record["total"] == 40
    assert record["right"] == sum(entry["read"] == entry["digit"] for entry in entries)
    assert record["right"] < 20  # it has learnt nothing, and the report says so

    page = (out / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(r'data-sound="data:audio/flac;base64,', page)) == 40
    assert f"<b>{record['right']} of 40</b>" in page
    assert page.count('<span class="down">') == 40 - record["right"]
    assert not re.findall(r'(?:src|href)="(?!data:)', page)  # the page needs no other file

    picture = read_provenance(out / "pictures" / f"{Path(entries[0]['file']).stem}.png")
    assert (picture["seed"], picture["source"]) == (3, entries[0]["file"])
    printed = capsys.readouterr().out
    assert f"{record['right']} of 40" in printed
    assert str(out / "report.html") in printed


@pytest.mark.skipif("aivae-fsdd" not in bundled(), reason="the weights are not bundled")
@pytest.mark.parametrize("name", [name for name in bundled() if name.endswith("-fsdd")])
def test_bundled_weights_understand_voices_they_never_heard(name: str, tmp_path: Path) -> None:
    report = run(Args(out=tmp_path, system=name))
    record = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["right"] >= 20  # guessing gives 4


def test_rendering_again_gives_the_same_samples(tmp_path: Path) -> None:
    try:
        shown = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        pytest.skip("espeak-ng is not installed")
    if CARD["generator"].split()[-1] not in shown:
        pytest.skip(f"the recordings were made with {CARD['generator']}")
    subprocess.run([sys.executable, str(TOOL), "--out", str(tmp_path)], check=True)
    for name in CARD["files"]:
        again, _ = soundfile.read(tmp_path / name, dtype="int16")
        bundled_samples, _ = soundfile.read(digits.ASSETS / name, dtype="int16")
        assert (again == bundled_samples).all(), name
