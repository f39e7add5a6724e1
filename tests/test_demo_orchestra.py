"""The demo of systems that draw instruments: phrases, verdicts, the page."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

import photism
from photism import cli
from photism.config import override
from photism.demo import orchestra
from photism.demo.way_back import PEAK, faded
from photism.judges import architecture
from photism.judges.weights import load_judge
from photism.orchestra.instruments import INSTRUMENTS
from photism.stored import WeightsCard, bundled
from photism.systems.car_gan import CARGAN
from photism.systems.sa_cmgan import SACMGAN
from photism.systems.weights import save_weights

WINDOWS = 29


def untrained(folder: Path, **settings: str) -> Path:
    """Weights of a small system that has learnt nothing, but draws as large as the judge wants."""
    torch.manual_seed(0)
    settings = {"image_size": "64", **{key.replace("__", "."): v for key, v in settings.items()}}
    system = CARGAN(override(CARGAN.presets["debug"], settings))
    save_weights(system, folder, preset="debug", card=WeightsCard(classes=tuple(INSTRUMENTS)))
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command writes."""
    folder = tmp_path_factory.mktemp("demo")
    weights, out = untrained(folder / "untrained"), folder / "new" / "demo"
    back = SACMGAN(override(SACMGAN.presets["debug"], {"target": "sound"}))
    save_weights(
        back, folder / "back", preset="debug", card=WeightsCard(classes=tuple(INSTRUMENTS))
    )
    options = ["--back", str(folder / "back"), "--out", str(out)]
    assert cli.main(["demo", "--system", str(weights), *options]) == 0
    return folder / "new" / "demo"


def test_every_instrument_is_heard_drawn_and_judged(shown: Path) -> None:
    record = json.loads((shown / "report.json").read_text(encoding="utf-8"))
    phrases = record["phrases"]
    assert [phrase["instrument"] for phrase in phrases] == list(INSTRUMENTS)
    assert record["total"] == len(phrases) == 13
    for who in ("heard", "read"):
        right = [phrase[who]["name"] == phrase["instrument"] for phrase in phrases]
        assert right == [phrase[who]["right"] for phrase in phrases]
        assert record[who] == sum(right) < 7  # it has learnt nothing, and the report says so
        shares = [phrase[who]["share"] for phrase in phrases]
        assert record[f"{who}_share"] == pytest.approx(np.mean(shares))
    for phrase in phrases:
        assert phrase["performance"] == f"{phrase['instrument']}-demo-0000"
        assert 0 < phrase["sounding"] <= phrase["windows"] == WINDOWS
        sound = soundfile.info(shown / "sounds" / f"{phrase['instrument']}.flac")
        assert (sound.duration, sound.channels) == (orchestra.PHRASE_S, 1)


def test_the_page_needs_no_other_file(shown: Path) -> None:
    page = (shown / "report.html").read_text(encoding="utf-8")
    record = json.loads((shown / "report.json").read_text(encoding="utf-8"))
    assert f"<b>{record['read']} of 13</b>" in page
    assert page.count('data-sound="data:audio/flac;base64,') == 13
    assert page.count('<path class="played" d="M') == 2 * 13
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    films = re.findall(r"--(scene|stage1|drawn): url\(data:image/webp;base64,([^)]+)\)", page)
    assert [kind for kind, _ in films] == ["scene", "stage1", "drawn"] * 13
    for _, content in films[:3]:
        with Image.open(io.BytesIO(base64.b64decode(content))) as film:
            assert film.size == (64 * WINDOWS, 64)


def test_a_phrase_follows_from_its_seed(tmp_path: Path) -> None:
    translator = photism.load(untrained(tmp_path / "untrained"), device="cpu")
    judge = load_judge(orchestra.JUDGE)
    first, again, other = (
        orchestra.make_phrase(translator, judge, "double_bass", seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.drawn, again.drawn)
    assert (first.heard, first.read) == (again.heard, again.read)
    assert first.played.player != other.played.player
    assert not np.array_equal(first.scene, other.scene)
    assert first.name == "double bass"
    assert not first.windows.silent[first.loudest]


def test_a_verdict_is_the_mean_opinion() -> None:
    judge = architecture("small")("made-up", ("flute", "horn", "oboe"), (3, 16, 16))
    opinions = np.array([[0.8, 0.2, 0.0], [0.4, 0.5, 0.1], [0.3, 0.1, 0.6]])
    verdict = orchestra._verdict(opinions, judge, label=1)
    assert (verdict.name, verdict.right) == ("flute", False)
    assert verdict.probability == pytest.approx(0.5)
    assert verdict.share == pytest.approx(1 / 3)


def test_curves_have_gaps_where_nothing_sounds() -> None:
    heights = np.array([0.0, 0.5, 1.0, 2.0, 0.25])
    sounding = np.array([True, True, False, True, True])
    path = "M0.0 40.0 L25.0 20.0 M75.0 0.0 L100.0 30.0"
    assert orchestra._path(heights, sounding) == path


def test_a_system_of_one_stage_has_no_first_drawing(tmp_path: Path) -> None:
    translator = photism.load(untrained(tmp_path / "one", stages_used="1"), device="cpu")
    phrase = orchestra.make_phrase(translator, load_judge(orchestra.JUDGE), "oboe", 0)
    assert phrase.stage1 is None
    assert phrase.drawn.shape == phrase.scene.shape == (WINDOWS, 64, 64, 3)


def test_a_sound_is_made_of_the_scenes_of_a_phrase(shown: Path) -> None:
    record = json.loads((shown / "report.json").read_text(encoding="utf-8"))
    right = [phrase["back"]["right"] for phrase in record["phrases"]]
    assert record["back"] == sum(right) < 7
    samples, rate = soundfile.read(shown / "sounds" / "violin-back.flac")
    assert len(samples) / rate == pytest.approx(orchestra.PHRASE_S, abs=0.02)
    assert np.abs(samples).max() == pytest.approx(PEAK, abs=1e-3)
    page = (shown / "report.html").read_text(encoding="utf-8")
    assert page.count("<audio controls") == 13
    assert "The way back" in page


def test_sounds_fade_into_each_other() -> None:
    ones = [np.full(100, value, np.float32) for value in (1, 1, -2)]
    total = faded(ones, 50)
    assert total[:50] == pytest.approx(np.minimum(2 * np.hanning(100)[:50], 1) * PEAK / 2, abs=1e-6)
    assert total[50:100] == pytest.approx(PEAK / 2)
    assert (np.diff(total[100:150]) < 0).all()
    assert total[[100, 149]] == pytest.approx([PEAK / 2, -PEAK], abs=0.01)
    assert not faded([np.zeros(10)] * 2, 5).any()


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({}, ["--judge", "lenet5-mnist"], "judge lenet5-mnist knows the classes 0, 1,"),
        ({}, ["--judge", "lenet"], "unknown judge 'lenet'"),
        ({}, ["--seed", "-1"], "a seed is a whole number from 0"),
        ({"image_size": "32"}, [], "takes pictures of 3 × 64 × 64"),
        ({"listener__epochs": "0"}, [], "no listener to hear the class"),
    ],
)
def test_what_cannot_be_shown_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    options: list[str],
    message: str,
) -> None:
    weights = untrained(tmp_path / "untrained", **settings)
    command = ["demo", "--system", str(weights), "--out", str(tmp_path / "demo"), *options]
    assert cli.main(command) == 2
    [error] = capsys.readouterr().err.splitlines()
    assert message in error


def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cli.main(["demo", "--out", str(tmp_path / "file")]) == 2
    [error] = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "file") in error


@pytest.mark.skipif("car-gan-orchestra" not in bundled(), reason="the weights are not bundled")
def test_bundled_weights_draw_what_they_hear(tmp_path: Path) -> None:
    assert cli.main(["demo", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert record["heard"] >= 12
    assert record["read"] >= 11
