"""The tables and figures of CAR-GAN in miniature: shared classifiers, outputs, splits, nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import photism.experiments.runs as room
from photism.cli import main
from photism.data.orchestra.instruments import INSTRUMENTS
from photism.data.pairs import ArraySpec, Card, PairWriter
from photism.errors import ConfigError
from photism.experiments import EXPERIMENTS, published_rows
from photism.experiments.runs import Reproduction
from photism.systems import find_system
from photism.systems.base import override
from photism.systems.weights import load_weights

CAR_GAN = tuple(e for e in EXPERIMENTS.values() if e.name.startswith("car-gan"))
TABLE_1, TABLE_2 = EXPERIMENTS["car-gan-table-1"], EXPERIMENTS["car-gan-table-2"]


def write_players(folder: Path, *, train: int = 26, test: int = 26, seed: int = 0) -> Path:
    """Write pairs in the shape of the orchestra: every instrument with a colour of its own."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (13, 1, 1, 3))
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
        columns={"performance": "string"},
        notes=("colours in place of the orchestra",),
    )
    with PairWriter(folder, card) as writer:
        for split, count in (("train", train), ("validation", 26), ("test", test)):
            label = np.arange(count) % 13
            image = colours[label] + rng.normal(0, 8, (count, 32, 32, 3))
            sound = rng.normal(0, 8, (count, 3, 32, 32)) + 10 * label[:, None, None, None] + 60
            writer.write(
                split,
                sound=np.clip(sound, 0, 255).astype(np.uint8),
                image=np.clip(image, 0, 255).astype(np.uint8),
                label=label,
                key=[f"{split}/{row}" for row in range(count)],
                columns={"performance": [f"{split}/{row // 13}" for row in range(count)]},
            )
    return folder


@pytest.fixture
def players(tmp_path: Path) -> Path:
    return write_players(tmp_path / "players")


def run(out: Path, data: Path, *options: str, experiment: str = "car-gan-table-1") -> int:
    """Reproduce an experiment in its smallest form."""
    small = ("--data", str(data), "--budget", "0.00001", "--preset", "debug", "--device", "cpu")
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


def test_rows_of_one_run_are_one_system_in_every_experiment() -> None:
    runs: dict[str, dict[str, str]] = {}
    for experiment in CAR_GAN:
        assert len({row.key for row in experiment.rows}) == len(experiment.rows)
        for row in experiment.rows:
            assert runs.setdefault(row.trained, dict(row.settings)) == row.settings
            for preset in ("code", "paper", "small", "debug"):
                override(find_system(row.system).presets[preset], row.settings)
    assert len(runs) == 5 + 5


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
    assert run(tmp_path, players, "--rows", "A", "D", "--train-only", "--budget", "1.5e-5") == 0
    runs = {path.name.split("-debug")[0]: path for path in (tmp_path / "runs").iterdir()}
    assert set(runs) == {"car-gan-classifier-and-listener", "car-gan-A", "car-gan-D"}
    assert stages_of(runs["car-gan-classifier-and-listener"]) == ["classifier", "listener"]
    assert stages_of(runs["car-gan-A"]) == ["cascade"]
    assert "-debug-2-epochs-" in runs["car-gan-A"].name
    first, second = (load_weights(runs[f"car-gan-{letter}"]) for letter in "AD")
    for network in ("classifier", "listener"):
        a, b = (getattr(system, network).state_dict() for system in (first, second))
        assert all((a[name] == b[name]).all() for name in a)
    assert not first.config.attention
    assert second.config.stages_used == 1


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
    whole, cut = (next((tmp_path / name / "runs").glob("car-gan-E-*")) for name in ("whole", "cut"))
    assert load_weights(whole).digest == load_weights(cut).digest


def test_the_orchestra_is_made_once_in_the_size_of_the_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[Any, Path]] = []

    def prepare(source: Any, *, out: Path) -> None:
        made.append((source, out))
        write_players(out)

    monkeypatch.setattr(room, "prepare", prepare)
    monkeypatch.setattr(
        room, "load_judge", lambda name: type("Judge", (), {"image_shape": (3, 64, 64)})
    )
    little, half = Reproduction(tmp_path, budget=0.01), Reproduction(tmp_path, budget=0.5)
    for options in (little, little, half):
        folder = room.training_data(TABLE_1, TABLE_1.rows[0], options)
        assert folder.parent == tmp_path / "data"
    assert [source.performances for source, _ in made] == [40, 180]
    assert {source.size for source, _ in made} == {64}
    with pytest.raises(ConfigError, match="orchestra comes without archives"):
        room.training_data(TABLE_1, TABLE_1.rows[0], Reproduction(tmp_path, data_from=tmp_path))
