"""The tables of SA-CMGAN and of all systems of Sub-URMP: declared, planned, run in miniature."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from pairs_of import write_players

from photism.cli import main
from photism.config import override
from photism.errors import ConfigError
from photism.experiments.options import Reproduction
from photism.experiments.pace import reached
from photism.experiments.published import EXPERIMENTS, published_rows
from photism.experiments.runs import Job, training_of
from photism.judges.own import own_judge
from photism.systems import find_system
from photism.systems.sa_cmgan import SACMGAN

TABLES, CHANNELS, BASELINES = (
    EXPERIMENTS[name] for name in ("sa-cmgan-tables", "sa-cmgan-figure-channels", "baselines-table")
)


def test_the_published_numbers_are_declared() -> None:
    found = {row.key: row.published["accuracy"] for row in TABLES.rows}
    assert found == {
        "s2i-attention-0-training": 0.90625,
        "s2i-attention-0": 0.79688,
        "s2i-attention-64-training": 0.9375,
        "s2i-attention-64": 0.8438,
        "i2s-attention-0-training": 0.28125,
        "i2s-attention-0": 0.23427,
        "i2s-attention-64-training": 0.875,
        "i2s-attention-64": 0.5937,
    }
    assert TABLES.others["CMCGAN I2S, held-out pairs"] == {"accuracy": 0.5189}
    compared = {row.key: row.published["accuracy"] for row in BASELINES.rows}
    assert compared == {
        "s2ic-training": 0.8737,
        "s2ic": 0.7556,
        "cmcgan-training": 0.9105,
        "cmcgan": 0.7661,
        "sa-cmgan-training": 0.9375,
        "sa-cmgan": 0.8438,
        "car-gan-training": 0.9954,
        "car-gan": 0.9033,
    }


@pytest.mark.parametrize("experiment", [TABLES, CHANNELS, BASELINES], ids=lambda e: e.name)
def test_every_row_can_be_run(experiment) -> None:
    runs: dict[str, dict[str, str]] = {}
    for row in experiment.rows:
        presets = find_system(row.system).presets
        for preset in {experiment.preset, "small", "debug"}:
            config = override(presets[preset], row.settings)
            assert config.front_end == "sa-cmgan"
            with torch.device("meta"):
                system = find_system(row.system)(config)
            assert row.target in system.targets
        assert runs.setdefault(row.shown_as, dict(row.settings)) == row.settings


def test_the_rows_of_a_comparison_see_pairs_of_one_form() -> None:
    jobs = [Job(BASELINES, row, Reproduction(budget=0.1)) for row in BASELINES.rows]
    forms = {(job.system.config.front_end, job.system.shape("image")[-1]) for job in jobs}
    assert forms == {("sa-cmgan", 64)}
    assert {job.stage(10_000).epochs for job in jobs if job.row.system != "car-gan"} == {71}


def test_lengths_are_those_of_the_code_in_steps_and_in_passes() -> None:
    row = TABLES.rows[0]
    stage = Job(TABLES, row, Reproduction()).stage(12_345)
    assert (stage.epochs, stage.steps_per_epoch) == (6, 2000)
    passes = Job(TABLES, row, Reproduction(budget=0.1)).stage(12_345)
    assert passes.steps_per_epoch is None
    assert passes.epochs == round(0.1 * 6 * 2000 * 64 / 12_345)


def test_figures_are_found_for_what_a_model_makes() -> None:
    preset = find_system("sa-cmgan").presets["code"]
    sounds = override(preset, {"target": "sound"})
    found = {
        target: {
            row.published["accuracy"]
            for row, _ in published_rows("sa-cmgan", "sub-urmp", config, target=target)
        }
        for target, config in (("image", preset), ("sound", sounds))
    }
    assert found == {"image": {0.8438}, "sound": {0.5937}}
    both = find_system("cmcgan").presets["paper"]
    assert [r.key for r, _ in published_rows("cmcgan", "orchestra", both)] == ["cmcgan"]
    assert not list(published_rows("cmcgan", "orchestra", both, target="sound"))


@pytest.mark.parametrize("target", ["image", "sound"])
def test_a_model_s_own_classifier_judges_what_it_makes(target) -> None:
    system = SACMGAN(override(SACMGAN.presets["debug"], {"target": target}))
    judge = own_judge(system, tuple(f"class {n}" for n in range(13)))
    assert judge.medium == target
    made = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        expected = system.target_head(system.target_encoder(made))
        assert torch.equal(judge(made).logits, expected)
    system.target_encoder = None
    with pytest.raises(ConfigError, match="SA-CMGAN has no classifier of its own"):
        own_judge(system, judge.classes)


def write_record(run: Path, *lines: dict[str, object]) -> Path:
    run.mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "metrics.jsonl").write_text(text, encoding="utf-8")
    return run


def test_the_time_to_an_accuracy_is_read_from_the_record(tmp_path: Path) -> None:
    run = write_record(
        tmp_path / "run",
        {"kind": "train", "step": 50, "seconds": 100.0},
        {"kind": "validation", "step": 100, "missed": 0.6, "seconds": 200.0},
        {"kind": "train", "step": 150, "seconds": 30.0},  # resumed
        {"kind": "validation", "step": 200, "missed": 0.25, "seconds": 90.0},
        {"kind": "validation", "step": 300, "missed": 0.1, "seconds": 160.0},
    )
    assert "reached the published 75.00% after 200 steps, 290 s" in str(reached(run, 0.75))
    assert "never reached the published 95.00% in 360 s of training; the best was 90.0%" in str(
        reached(run, 0.95)
    )
    other = write_record(tmp_path / "other", {"kind": "epoch", "step": 1, "seconds": 1.0})
    assert reached(other, 0.5) is None
    assert reached(tmp_path / "nowhere", 0.5) is None


def test_a_row_is_trained_and_judged_by_its_own_classifier(tmp_path: Path) -> None:
    """Both stages, the classifiers as long as the preset says."""
    data = write_players(
        tmp_path / "data", train=104, test=26, classes=13, front_end="sa-cmgan", size=16
    )
    options = ["--data", str(data), "--budget", "0.0003", "--preset", "debug", "--device", "cpu"]
    out = ["--out", str(tmp_path), "--rows", "s2i-attention-64"]
    assert main(["reproduce", "sa-cmgan-tables", *out, *options]) == 0
    content = json.loads((tmp_path / "sa-cmgan-tables" / "report.json").read_text("utf-8"))
    (row,) = [row for row in content["rows"] if row["evaluation"]]
    assert row["key"] == "s2i-attention-64"
    assert row["evaluation"]["provenance"]["judge"] == "own classifier"
    differs = [*content["notes"], *row["differs"]]  # one row: all of it is said once, in the notes
    assert any("own accuracy on held-out pairs" in line for line in differs)
    job = Job(TABLES, TABLES.rows[3], Reproduction(budget=0.0003, preset="debug"))
    training = training_of(job, data)
    assert training.epochs is None
    assert training.settings["epochs"] == str(job.stage(104).epochs)
