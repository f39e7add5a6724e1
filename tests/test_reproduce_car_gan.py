"""The tables and figures of CAR-GAN in miniature: shared classifiers, outputs, splits, nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import photism.experiments.runs as room
from photism.cli import main
from photism.config import override
from photism.data.card import ArraySpec, Card
from photism.data.pairs import PairDataset
from photism.data.writer import PairWriter
from photism.errors import ConfigError
from photism.experiments import failures
from photism.experiments.gains import gain_lines
from photism.experiments.options import Reproduction
from photism.experiments.published import EXPERIMENTS, published_rows
from photism.experiments.runs import Job, training_of
from photism.judges.base import Judge, JudgeOutput
from photism.judges.own import own_judge
from photism.orchestra.instruments import INSTRUMENTS
from photism.systems import find_system
from photism.systems.weights import load_weights

CAR_GAN = tuple(e for e in EXPERIMENTS.values() if e.name.startswith("car-gan"))
TABLE_1, TABLE_2 = EXPERIMENTS["car-gan-table-1"], EXPERIMENTS["car-gan-table-2"]


COLOURS = np.random.default_rng(7).integers(0, 256, (13, 3))


def write_players(folder: Path, *, train: int = 52, test: int = 52, seed: int = 0) -> Path:
    """Write pairs in the shape of the orchestra: every instrument with a colour of its own."""
    rng = np.random.default_rng(seed)
    card = Card(
        name="orchestra",
        description="",
        licence="",
        classes=tuple(INSTRUMENTS),
        sound=ArraySpec((3, 32, 32)),
        image=ArraySpec((32, 32, 3)),
        front_end="car-gan",
        front_end_config={"origin": "left"},
        group="performance",
        columns={"performance": "string", "silent": "bool"},
        notes=("colours in place of the orchestra",),
    )
    with PairWriter(folder, card) as writer:
        for split, count in (("train", train), ("validation", 26), ("test", test)):
            label = np.arange(count) % 13
            image = COLOURS[label][:, None, None] + rng.normal(0, 8, (count, 32, 32, 3))
            sound = rng.normal(0, 8, (count, 3, 32, 32)) + 10 * label[:, None, None, None] + 60
            writer.write(
                split,
                sound=np.clip(sound, 0, 255).astype(np.uint8),
                image=np.clip(image, 0, 255).astype(np.uint8),
                label=label,
                key=[f"{split}/{row}" for row in range(count)],
                columns={
                    "performance": [f"{split}/{row // 13}" for row in range(count)],
                    "silent": label == 5,
                },
            )
    return folder


@pytest.fixture
def players(tmp_path: Path) -> Path:
    return write_players(tmp_path / "players")


class ColourJudge(Judge):
    """Takes a picture for the instrument whose colour it has on average."""

    architecture = "colour"

    def __init__(self) -> None:
        super().__init__("colour", tuple(INSTRUMENTS), (3, 32, 32))
        self.digest = "0" * 64
        self.colours = torch.from_numpy(COLOURS).float() / 127.5 - 1

    def judge(self, images: Tensor) -> JudgeOutput:
        pooled = F.adaptive_avg_pool2d(images, 2)
        distance = (pooled.mean(dim=(2, 3))[:, None] - self.colours).square().sum(dim=2)
        return JudgeOutput(-20 * distance, pooled.flatten(1))


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photism.experiments.measure.load_judge", lambda name: ColourJudge())


def run(out: Path, data: Path, *options: str, experiment: str = "car-gan-table-1") -> int:
    """Reproduce an experiment in its smallest form."""
    small = ("--data", str(data), "--budget", "0.00002", "--preset", "debug", "--device", "cpu")
    return main(["reproduce", experiment, "--out", str(out), *small, *options])


def stages_of(run: Path) -> list[str]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["stage"] for line in lines))


def test_the_published_numbers_are_declared() -> None:
    fid = {row.key: row.published["fid"] for row in TABLE_1.rows}
    assert fid == {"A": 279.3022, "B": 332.1574, "C": 380.1104, "D": 307.3725, "E": 240.7771}
    score = {row.key: row.published["is"] for row in TABLE_1.rows}
    assert score == {"A": 3.2221, "B": 3.4337, "C": 2.0699, "D": 3.7215, "E": 4.2023}
    assert TABLE_1.rows[-1].thesis == {"fid": 207.3734, "is": 3.8180}
    assert TABLE_1.real["is"] == 4.7552
    accuracy = {row.key: row.published["accuracy"] for row in TABLE_2.rows}
    assert accuracy == {"training": 0.9954, "testing": 0.9033}
    assert TABLE_2.rows[1].thesis == {"accuracy": 0.9068}
    weights = [row.settings["lambda_l1"] for row in EXPERIMENTS["car-gan-figure-l1"].rows]
    assert weights == ["0", "1", "10", "50", "100", "200"]


def test_rows_that_share_figures_are_one_system_in_every_experiment() -> None:
    runs: dict[str, dict[str, str]] = {}
    for experiment in CAR_GAN:
        assert len({row.key for row in experiment.rows}) == len(experiment.rows)
        for row in experiment.rows:
            shown_as = row.shown_as or row.key
            assert runs.setdefault(shown_as, dict(row.settings)) == row.settings
            for preset in ("code", "paper", "small", "debug"):
                override(find_system(row.system).presets[preset], row.settings)
    assert len(runs) == 5 + 6


def test_published_numbers_are_found_for_the_ablation_that_a_system_is() -> None:
    small = find_system("car-gan").presets["small"]
    found = [row.key for row, _ in published_rows("car-gan", "orchestra", small)]
    assert found == ["E", "testing"]
    one_stage = override(small, {"stages_used": "1"})
    ((row, source),) = published_rows("car-gan", "sub-urmp", one_stage)
    assert row.key == "D"
    assert source.endswith("table 1")
    ((row, _),) = published_rows("car-gan", "orchestra", small, split="train")
    assert row.published == {"accuracy": 0.9954}


def test_classifiers_are_trained_once_and_the_budget_is_the_cascade_s(
    players: Path, tmp_path: Path
) -> None:
    assert run(tmp_path, players, "--rows", "A", "D", "--train-only", "--budget", "3e-5") == 0
    runs = {path.name.split("-fp32")[0]: path for path in (tmp_path / "runs").iterdir()}
    shared = "car-gan-debug-classifier-and-listener"
    rows = [f"car-gan-debug-{it}-4-epochs" for it in ("attention=False", "stages_used=1")]
    assert set(runs) == {shared, *rows}
    assert stages_of(runs[shared]) == ["classifier", "listener"]
    assert stages_of(runs[rows[0]]) == ["cascade"]
    first, second = (load_weights(runs[row]) for row in rows)
    for network in ("classifier", "listener"):
        a, b = (getattr(system, network).state_dict() for system in (first, second))
        assert all((a[name] == b[name]).all() for name in a)
    assert not first.config.attention
    assert second.config.stages_used == 1


def test_runs_of_an_earlier_preset_are_not_taken_for_those_of_today(
    players: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Reproduction(out=tmp_path, budget=3e-5, preset="debug", judge="small-orchestra")
    job = Job(TABLE_1, TABLE_1.rows[-1], options)
    presets = find_system("car-gan").presets

    def run_with(**changes: Any) -> tuple[str, str]:
        monkeypatch.setitem(presets, "debug", replace(before, **changes))
        of_row = training_of(job, players)
        return of_row.out.name, Path(of_row.settings["classifier.weights"]).name

    before = presets["debug"]
    row, shared = run_with()
    assert run_with() == (row, shared)
    other_row, same_shared = run_with(lambda_l1=1.0)
    assert other_row != row
    assert same_shared == shared
    recipe = replace(before.classifier, lr=0.5)
    assert run_with(classifier=recipe)[1] != shared


def test_an_interrupted_table_goes_on_where_it_was(
    players: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ("--rows", "E", "--train-only")
    assert run(tmp_path / "whole", players, *row) == 0
    original, trained = room.train, []

    def stop_in_the_cascade(options: Any, *, resume: bool) -> Path:
        trained.append(options.stages)
        return original(options if options.stages else replace(options, max_steps=2), resume=resume)

    with monkeypatch.context() as patch:
        patch.setattr(room, "train", stop_in_the_cascade)
        assert run(tmp_path / "cut", players, *row) == 130
    assert trained == [("classifier", "listener"), ()]
    assert run(tmp_path / "cut", players, *row) == 0
    whole, cut = (next((tmp_path / name / "runs").glob("*-epochs-*")) for name in ("whole", "cut"))
    assert load_weights(whole).digest == load_weights(cut).digest


def test_a_sweep_shares_the_run_of_the_whole_system(players: Path, tmp_path: Path) -> None:
    assert run(tmp_path, players, "--rows", "E", "--train-only") == 0
    same = ("--rows", "l1-100", "--train-only")  # the weight that the preset has
    assert run(tmp_path, players, *same, experiment="car-gan-figure-l1") == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize(
    ("preset", "size", "front_end"),
    [("small", 64, "car-gan"), ("code", 128, "car-gan"), ("paper", 256, "car-gan-256")],
)
def test_the_orchestra_is_made_once_in_the_size_of_the_system(
    preset: str,
    size: int,
    front_end: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[Any, Path]] = []

    def prepare(source: Any, *, out: Path) -> None:
        made.append((source, out))
        write_players(out)

    monkeypatch.setattr(room, "prepare", prepare)
    little, half = (
        Reproduction(out=tmp_path, budget=budget, preset=preset) for budget in (0.01, 0.5)
    )
    for options in (little, little, half):
        folder = room.training_data(Job(TABLE_1, TABLE_1.rows[0], options))
        assert folder.parent == tmp_path / "data"
    assert [source.performances for source, _ in made] == [40, 180]
    assert {(source.size, source.front_end) for source, _ in made} == {(size, front_end)}
    archives = Job(TABLE_1, TABLE_1.rows[0], Reproduction(out=tmp_path, data_from=tmp_path))
    with pytest.raises(ConfigError, match="orchestra comes without archives"):
        room.training_data(archives)


def test_a_budget_scales_constant_and_decaying_epochs_alike() -> None:
    """One that is whole trains as long as the paper, or as the code: of 17,555 pairs in all."""
    row = TABLE_1.rows[-1]
    assert row.pairs == 15_475  # the share that the released archive trains on

    def lengths(pairs: int, **options: Any) -> tuple[int, int]:
        stage = Job(TABLE_1, row, Reproduction(**options)).stage(pairs)
        return stage.epochs - stage.decay_epochs, stage.decay_epochs

    assert lengths(15_475, preset="paper") == (200, 0)
    assert lengths(15_475) == lengths(15_475, preset="code") == (200, 100)
    assert lengths(15_475, budget=0.1, preset="code") == (20, 10)
    assert lengths(30_950, preset="code") == (100, 50)
    assert lengths(15_475, budget=0.01, preset="paper") == (2, 0)
    assert lengths(15_475, budget=0.02) == (4, 2)  # the preset small


def test_what_a_row_gains_is_said_as_printed_and_as_the_printed_figures_give() -> None:
    lines = {line.name: line for line in gain_lines(TABLE_1, ())}
    assert len(lines) == 12
    assert lines["FID: E over B"].printed == lines["FID: E over B"].computed == "27.51 %"
    assert lines["FID: E over B"].thesis == "37.56 %"
    wrong = lines["IS: E over D"]  # the paper's slip
    assert (wrong.printed, wrong.computed) == ("13.01 %", "12.92 %")
    for experiment in CAR_GAN:
        for gain, line in zip(experiment.gains, gain_lines(experiment, ()), strict=True):
            assert line.measured == "–"
            if gain.published and line != wrong:
                printed, computed = (float(t[:-2]) for t in (line.printed, line.computed))
                assert printed == pytest.approx(computed, abs=0.021)
    errors = {line.name: line for line in gain_lines(EXPERIMENTS["aivae-table-5"], ())}
    drop = errors["errors (1 − accuracy): fsdd-alpha-2 over fsdd-alpha-0.2"]
    assert (drop.printed, drop.computed) == ("70 %", "70 %")
    drop = errors["errors (1 − accuracy): scd-alpha-2 over scd-alpha-0.2"]
    assert (drop.printed, drop.computed) == ("44 %", "44.11 %")


def report(out: Path, experiment: str) -> dict[str, Any]:
    content = json.loads((out / experiment / "report.json").read_text(encoding="utf-8"))
    return dict(content)


def test_the_ablations_stand_beside_what_is_published(
    players: Path, judge: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, players, "--rows", "A", "E") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "data orchestra, the paper used sub-urmp" in printed
    page = (tmp_path / "car-gan-table-1" / "report.html").read_text(encoding="utf-8")
    for text in (
        "279.3022",
        "thesis 207.3734",
        "not run yet",
        "data orchestra, the paper used sub-urmp",
        "preset debug: image_size 32 (code 128)",
        "classifier and listener trained once, shared by all rows",
        "colours in place of the orchestra",
        "FID and IS were not measured",
        "<figcaption>E, whole, label given",
    ):
        assert text in page
    content = report(tmp_path, "car-gan-table-1")
    assert [row["key"] for row in content["rows"]] == [*"ABCDE", None]
    assert [bool(row["evaluation"]) for row in content["rows"]] == [True, *[False] * 3, True, False]
    whole = content["rows"][4]["evaluation"]
    assert list(whole["outputs"])[:2] == ["label heard", "label given"]
    assert page.count("<figcaption>real pictures") == 1
    assert page.count("<figcaption>the sounds") == 1
    (gain,) = (gain for gain in content["gains"] if gain["name"] == "FD(judge): E over D")
    assert gain["measured"] == "–"  # D was not run
    headings = {(c["title"], c["row"], c["line"]) for c in content["columns"]}
    assert ("FID", "published", "") in headings
    assert ("FD(judge)", "", "measured") in headings


def test_a_system_is_measured_on_both_splits_and_both_stages_of_one_run(
    players: Path, judge: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, players, experiment="car-gan-table-2") == 0
    training, testing = report(tmp_path, "car-gan-table-2")["rows"][:2]
    splits = [row["evaluation"]["provenance"]["split"] for row in (training, testing)]
    assert splits == ["train", "test"]
    page = (tmp_path / "car-gan-table-2" / "report.html").read_text(encoding="utf-8")
    for text in ("99.54 %", "90.33 %", "thesis 90.68 %", "S2IC, held-out sounds", "75.56 %"):
        assert text in page
    assert run(tmp_path, players, experiment="car-gan-figure-stages") == 0
    assert "finished before, kept" in capsys.readouterr().out  # both stages in one evaluation
    first, second = report(tmp_path, "car-gan-figure-stages")["rows"][:2]
    assert first["evaluation"] == second["evaluation"]
    page = (tmp_path / "car-gan-figure-stages" / "report.html").read_text(encoding="utf-8")
    stage_1 = first["evaluation"]["outputs"]["stage I, label given"]["frechet"]
    stage_2 = first["evaluation"]["outputs"]["label given"]["frechet"]
    assert stage_1 != stage_2
    assert f"{stage_1:.2f}" in page
    assert f"{stage_2:.2f}" in page
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_the_sweep_is_drawn_over_what_has_been_run(
    players: Path, judge: None, tmp_path: Path
) -> None:
    assert run(tmp_path, players, "--rows", "l1-0", "l1-100", experiment="car-gan-figure-l1") == 0
    page = (tmp_path / "car-gan-figure-l1" / "report.html").read_text(encoding="utf-8")
    assert "ln FD(judge)" in page
    chart = page[page.index("<svg") : page.index("</svg>")]
    assert ">0</text>" in chart
    assert ">100</text>" in chart
    assert ">50</text>" not in chart


def test_the_classifier_that_taught_the_generators_may_judge(
    players: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ("--judge", "own")
    assert run(tmp_path, players, *own, experiment="car-gan-table-2") == 0
    assert "the judge is the classifier that each system learnt with" in capsys.readouterr().out
    rows = report(tmp_path, "car-gan-table-2")["rows"]
    provenance = [row["evaluation"]["provenance"] for row in rows[:2]]
    assert {p["judge"] for p in provenance} == {"own classifier"}
    assert len({p["judge_sha256"] for p in provenance}) == 1
    assert run(tmp_path, players, *own, experiment="car-gan-table-2") == 0
    assert "finished before, kept" in capsys.readouterr().out
    run_folder = next((tmp_path / "runs").glob("*-epochs-*"))
    evaluated = ["evaluate", str(run_folder), "--data", str(players), "--out", str(tmp_path / "o")]
    assert main([*evaluated, *own]) == 0
    accuracy = json.loads((tmp_path / "o" / "report.json").read_text(encoding="utf-8"))["outputs"]
    given = rows[1]["evaluation"]["outputs"]["label given"]["accuracy"]
    assert accuracy["label given"]["accuracy"]["value"] == given["value"]


def test_a_system_without_a_classifier_cannot_judge(own_home: Path) -> None:
    with pytest.raises(ConfigError, match="AIVAE has no classifier of its own"):
        own_judge(load_weights("aivae-fsdd"), tuple("0123456789"))


def test_quiet_windows_are_told_by_their_peak_where_nothing_says_silent(tmp_path: Path) -> None:
    card = Card(
        name="sub-urmp",
        description="",
        licence="",
        classes=tuple(INSTRUMENTS),
        sound=ArraySpec((3, 8, 8)),
        image=ArraySpec((8, 8, 3)),
        front_end="car-gan",
        front_end_config={},
        group="performance",
        columns={"performance": "string", "peak": "float"},
    )
    peaks = np.array([0, 449 / 32768, 450 / 32768, 0.5])
    with PairWriter(tmp_path / "data", card) as writer:
        writer.write(
            "test",
            sound=np.zeros((4, 3, 8, 8), np.uint8),
            image=np.zeros((4, 8, 8, 3), np.uint8),
            label=np.arange(4),
            key=list("abcd"),
            columns={"performance": list("abcd"), "peak": peaks},
        )
    kinds = failures._kinds(PairDataset(tmp_path / "data", "test"))
    assert {name: rows.tolist() for name, rows in kinds.items()} == {
        "hardly a sound": [True, True, False, False],
        "a sound": [False, False, True, True],
    }


def test_silence_and_noise_are_put_in(
    players: Path, judge: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, players, experiment="car-gan-failures") == 0
    rows = report(tmp_path, "car-gan-failures")["rows"]
    cases = {row["name"]: row["case"] for row in rows}
    assert cases["silence"]["heard"] == 0
    assert cases["silence"]["reason"] == "silence"
    assert cases["white noise, −20 dB"]["reason"] == "steady noise"
    assert cases["orchestra, nobody plays"]["clips"] == 4
    assert cases["orchestra, nobody plays"]["heard"] is None
    for case in cases.values():
        assert sum(case["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert set(case["outputs"]) == {"label given", "label heard"}
        for reading in case["outputs"].values():
            assert sum(reading["judged"].values()) == pytest.approx(1)
            assert 0 <= reading["as_told"] <= 1
    page = (tmp_path / "car-gan-failures" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 3 * len(cases)
    capsys.readouterr()
    assert run(tmp_path, players, experiment="car-gan-failures") == 0
    assert "finished before, kept" in capsys.readouterr().out
    (tmp_path / "car-gan-failures" / "E" / "strip-0.png").unlink()
    assert run(tmp_path, players, experiment="car-gan-failures") == 2
    assert "E is damaged: remove it" in capsys.readouterr().err
