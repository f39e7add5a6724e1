"""The figures of S2I: declared, and run in miniature on the scenes that come along."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from photism.cli import main
from photism.config import override
from photism.data.prepare import prepare
from photism.data.sources.scenes import Scenes
from photism.experiments.published import EXPERIMENTS
from photism.experiments.traced import smoothed, trace
from photism.judges.colour import Small
from photism.scenes.told import CLASSES
from photism.systems.s2i import S2I

NAMES = ("embedding-size", "pixel-loss", "dense-vs-sequential")
FIGURES = tuple(EXPERIMENTS[f"s2i-figure-{name}"] for name in NAMES)
ABLATIONS = EXPERIMENTS["s2i-ablations"]


@pytest.mark.parametrize("experiment", [*FIGURES, ABLATIONS], ids=lambda e: e.name)
def test_every_row_can_be_run(experiment) -> None:
    for row in experiment.rows:
        for preset in ("paper", "small", "debug"):
            config = override(S2I.presets[preset], row.settings)
            with torch.device("meta"):
                assert S2I(config).sampled(row.sampling).targets == ("image",)


def test_figures_of_one_size_share_their_runs() -> None:
    sizes, losses = ([row.settings for row in figure.rows] for figure in FIGURES[:2])
    assert sizes == losses
    assert [settings["embedding"] for settings in sizes] == ["128", "256", "512", "1024", "2048"]


def test_ablations_are_single_switches() -> None:
    changes = [dict(row.settings) | dict(row.sampling) for row in ABLATIONS.rows]
    assert [len(change) for change in changes] == [0, 1, 1, 1, 1, 1]


def test_losses_are_averaged_over_the_last_epochs() -> None:
    values = np.arange(20.0)
    np.testing.assert_allclose(smoothed(values), [0, *(values[1:] - 0.5)])  # two of twenty
    np.testing.assert_allclose(smoothed(np.arange(1000.0))[-1], np.arange(950, 1000).mean())
    assert smoothed([3.0]).tolist() == [3]


def test_a_run_without_a_record_has_no_trace(tmp_path: Path) -> None:
    assert trace(tmp_path, "pixel") == []


def test_rows_are_trained_measured_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Scenes(recordings="bundled", hop_s=2, workers=1)
    prepare(source, raw=tmp_path, out=tmp_path / "scenes")
    judge = Small("made-up", CLASSES, (3, 64, 64))
    monkeypatch.setattr("photism.experiments.measure.load_judge", lambda name: judge.eval())
    words = ["reproduce", "s2i-ablations", "--rows", "whole", "still", "--preset", "debug"]
    words += ["--budget", "1e-6", "--data", str(tmp_path / "scenes"), "--out", str(tmp_path)]
    assert main(words) == 0
    assert "pixel loss" in capsys.readouterr().out
    content = json.loads((tmp_path / "s2i-ablations" / "report.json").read_text())
    rows = {row["key"]: row for row in content["rows"] if row.get("evaluation")}
    assert rows.keys() == {"whole", "still"}
    runs = list((tmp_path / "runs").iterdir())
    assert len(runs) == 1  # what is only sampled otherwise is not trained again
    page = (tmp_path / "s2i-ablations" / "report.html").read_text()
    assert "The pixel loss in training" in page
    assert "ln " not in page
