"""The autoencoder of sounds inside a system: its error, by hand, and its report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from records_of import records_of, write_records

from photism.cli import main
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.sources.s2i_data import S2IData
from photism.errors import ConfigError
from photism.evaluation.autoencoder import measure_autoencoder
from photism.systems.aivae import AIVAE
from photism.systems.s2i import S2I


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seconds of sounds without pictures: 24 to learn from and 12 to test."""
    raw = tmp_path / "raw"
    for name, count, seed in (("data", 24, 0), ("test", 12, 1)):
        records = records_of("spectrograms_128x100", count, seed=seed)
        write_records(raw / f"{name}_batch_001.bin", records)
    prepare(S2IData(), raw=raw, out=tmp_path / "sounds")
    return tmp_path / "sounds"


def test_the_error_is_that_of_the_sounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = S2I(S2I.presets["debug"])
    monkeypatch.setattr(S2I, "reconstruct", lambda self, sound: torch.zeros_like(sound))
    dataset = PairDataset(folder, "test", needs=("sound",))
    found = measure_autoencoder(system, dataset, batch_size=5)
    levels = dataset.sounds(np.arange(12)).astype(np.float64) / 127.5 - 1
    assert found.error == pytest.approx((levels**2).mean(), rel=1e-5)
    assert found.mean_error == pytest.approx(((levels - levels.mean(0)) ** 2).mean(), rel=1e-4)
    assert found.by_class["Dog"] == pytest.approx((levels[1::5] ** 2).mean(), rel=1e-5)
    assert (found.sounds, found.heard.shape[1:]) == (12, (128, 100))


def test_training_and_measuring_without_a_picture(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = tmp_path / "run", tmp_path / "report"
    train = ["train", "s2i", "--preset", "debug", "--stages", "autoencoder", "--out", str(run)]
    assert main([*train, "--data", str(folder), "--epochs", "1"]) == 0
    assert main(["evaluate", str(run), "--data", str(folder), "--out", str(out)]) == 0
    assert "over 12 sounds of 12 keys" in capsys.readouterr().out
    content = json.loads((out / "report.json").read_text())
    assert 0 < content["error"] < 4
    page = (out / "report.html").read_text()
    assert page.count("data:image/png") == 12
    assert "reconstruction" in page


def test_a_system_without_one_is_told(folder: Path) -> None:
    system = AIVAE(AIVAE.presets["debug"])
    with pytest.raises(ConfigError, match="AIVAE has no autoencoder of sounds"):
        measure_autoencoder(system, PairDataset(folder, "test", needs=("sound",)))
