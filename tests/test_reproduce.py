"""Published tables as declarations, and running them again in miniature."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import photism.experiments.runs as room
from photism.cli import main
from photism.config import override
from photism.data.card import ArraySpec, Card
from photism.data.writer import PairWriter
from photism.errors import ConfigError, DataError
from photism.experiments.declarations import Experiment
from photism.experiments.options import Reproduction
from photism.experiments.published import EXPERIMENTS, find_experiment, published_rows
from photism.experiments.reproduce import select_rows
from photism.experiments.runs import Job
from photism.systems import find_system

TABLE_4, TABLE_5 = EXPERIMENTS["aivae-table-4"], EXPERIMENTS["aivae-table-5"]
AIVAE = tuple(e for e in EXPERIMENTS.values() if e.name.startswith("aivae"))


def accuracies(experiment: Experiment) -> dict[str, float]:
    """Published accuracies by row."""
    return {row.key: row.published["accuracy"] for row in experiment.rows}


def write_digits(
    name: str,
    front_end: str,
    *,
    seed: int = 0,
    digits: tuple[int, ...] = tuple(range(10)),
    notes: tuple[str, ...] = (),
) -> Path:
    """Write noise in the shape of a data set of digits where it is found by its name."""
    from photism.data.prepare import prepared_folder

    rng = np.random.default_rng(seed)
    card = Card(
        name=name,
        description="",
        licence="",
        classes=tuple("0123456789"),
        sound=ArraySpec((1, 48, 48)),
        image=ArraySpec((28, 28, 1)),
        front_end=front_end,
        front_end_config={"origin": "top"},
        group="recording",
        columns={"recording": "string"},
        notes=(f"noise in place of {name}", *notes),
        seed=seed,
    )
    with PairWriter(prepared_folder(name), card) as writer:
        for split, count in (("train", 40), ("test", 20)):
            writer.write(
                split,
                sound=rng.integers(0, 256, (count, 1, 48, 48), dtype=np.uint8),
                image=rng.integers(0, 256, (count, 28, 28, 1), dtype=np.uint8),
                label=np.resize(digits, count),
                key=[f"{split}/{row}" for row in range(count)],
                columns={"recording": [f"{split}/{row}" for row in range(count)]},
            )
    return prepared_folder(name)


@pytest.fixture
def digits(own_home: Path) -> None:
    write_digits("mnist-fsdd", "aivae-8k")
    write_digits("mnist-scd", "aivae-16k")


def run(out: Path, *options: str, experiment: str = "aivae-table-4") -> int:
    """Reproduce an experiment in its smallest form: noise, debug networks, few steps."""
    small = ("--budget", "0.00002", "--preset", "debug", "--device", "cpu")
    return main(["reproduce", experiment, "--out", str(out), *small, *options])


def report(out: Path, experiment: str = "aivae-table-4") -> dict[str, Any]:
    content = json.loads((out / experiment / "report.json").read_text(encoding="utf-8"))
    return dict(content)


def test_the_published_numbers_are_declared() -> None:
    assert accuracies(TABLE_4) == {"fsdd": 0.942, "scd": 0.866}
    assert accuracies(TABLE_5) == {
        "fsdd-alpha-0.2": 0.810,
        "fsdd-alpha-0.5": 0.805,
        "fsdd-alpha-1": 0.930,
        "fsdd-alpha-2": 0.943,
        "scd-alpha-0.2": 0.669,
        "scd-alpha-0.5": 0.762,
        "scd-alpha-1": 0.817,
        "scd-alpha-2": 0.815,
    }
    assert {e.epochs for e in AIVAE} == {100}


@pytest.mark.parametrize("experiment", AIVAE, ids=lambda e: e.name)
def test_every_row_can_be_run(experiment: Any) -> None:
    keys = [row.key for row in experiment.rows]
    assert len(set(keys)) == len(keys)
    for row in experiment.rows:
        system = find_system(row.system)
        for preset in ("paper", "small", "debug"):
            config = override(system.presets[preset], row.settings)
            assert (
                config.front_end == {"mnist-fsdd": "aivae-8k", "mnist-scd": "aivae-16k"}[row.data]
            )
            if "alpha" in row.settings:
                assert f"alpha-{config.alpha:g}" in row.key


def test_published_numbers_are_found_for_a_system_whatever_its_size() -> None:
    gan = find_system("aivae-gan")
    config = override(gan.presets["small"], {"alpha": "0.5"})
    ((row, source),) = published_rows("aivae-gan", "mnist-fsdd", config)
    assert (row.key, row.published) == ("fsdd-alpha-0.5", {"accuracy": 0.805})
    assert source.endswith("table 5")
    aivae = find_system("aivae").presets["small"]
    ((row, _),) = published_rows("aivae", "mnist-fsdd", aivae)
    assert row.published == {"accuracy": 0.942}
    assert list(published_rows("aivae", "mnist-fsdd", aivae, split="train")) == []
    other = override(gan.presets["small"], {"alpha": "0.7"})
    assert list(published_rows("aivae-gan", "mnist-fsdd", other)) == []
    assert list(published_rows("aivae", "something-else", aivae)) == []


def test_the_budget_is_a_share_of_the_published_steps() -> None:
    fsdd, scd = TABLE_4.rows
    full, tenth = Reproduction(), Reproduction(budget=0.1)
    assert Job(TABLE_4, fsdd, full).stage(60_000).epochs == 100
    assert Job(TABLE_4, fsdd, tenth).stage(60_000).epochs == 10
    tenth_of_pairs = Job(TABLE_4, scd, tenth).stage(2_116)  # so ten times as often
    assert tenth_of_pairs.epochs == 100
    assert Job(TABLE_4, fsdd, Reproduction(budget=1e-6)).stage(60_000).epochs == 1
    assert Job(TABLE_4, fsdd, full).preset == "paper"
    assert Job(TABLE_4, fsdd, tenth).preset == "small"
    assert Job(TABLE_4, fsdd, replace(tenth, preset="paper")).preset == "paper"
    with pytest.raises(ConfigError, match="budget must be above 0, not 0"):
        Reproduction(budget=0)


def test_a_table_is_run_and_reported(
    digits: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for text in ("94.2 %", "86.6 %", "What differs", "the paper had 60,000", "noise in place of"):
        assert text in printed
    content = report(tmp_path)
    published = [row["published"]["accuracy"] for row in content["rows"]]
    assert published == [0.942, 0.866, 0.987]
    assert [row["key"] for row in content["rows"]] == ["fsdd", "scd", None]
    assert content["command"].startswith("photism reproduce aivae-table-4 --out")
    for row, data in zip(content["rows"][:2], ("mnist-fsdd", "mnist-scd"), strict=True):
        assert row["evaluation"]["provenance"]["data"] == data
        assert row["evaluation"]["latent_zeroing"] is None
        assert f"noise in place of {data}" in row["differs"]
        assert (tmp_path / "aivae-table-4" / row["report"]).is_file()
    assert any(note.startswith("preset debug: width 4 (paper 64)") for note in content["notes"])
    assert any("99.1% on real test pictures, the paper's 98.7%" in n for n in content["notes"])


def test_finished_rows_are_kept(
    digits: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(tmp_path, "--rows", "scd") == 0
    first = report(tmp_path)["rows"]
    assert first[0]["evaluation"] is None
    trained = []
    original = room.train
    monkeypatch.setattr(
        room, "train", lambda o, resume: trained.append(o.system) or original(o, resume=resume)
    )
    capsys.readouterr()
    assert run(tmp_path) == 0
    assert capsys.readouterr().out.count("finished before, kept") == 1
    assert trained == ["aivae"]  # the other row alone
    second = report(tmp_path)["rows"]
    assert second[0]["evaluation"] is not None
    assert second[1]["evaluation"] == first[1]["evaluation"]


def test_a_figure_shares_the_runs_of_a_table(
    digits: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, "--rows", "fsdd") == 0
    assert run(tmp_path, "--rows", "fsdd", experiment="aivae-figure-8") == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1
    table = report(tmp_path)["rows"][0]["evaluation"]
    figure = report(tmp_path, "aivae-figure-8")["rows"][0]["evaluation"]
    assert table["provenance"]["weights_sha256"] == figure["provenance"]["weights_sha256"]
    assert len(figure["latent_zeroing"]["accuracy"]) == 9
    page = (tmp_path / "aivae-figure-8" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page


def test_an_average_of_the_weights_is_a_run_of_its_own(digits: None, tmp_path: Path) -> None:
    assert run(tmp_path, "--rows", "fsdd") == 0
    plain = report(tmp_path)
    assert run(tmp_path, "--rows", "fsdd", "--ema", "0.9") == 0
    averaged = report(tmp_path)
    runs = [content["rows"][0]["evaluation"]["provenance"] for content in (plain, averaged)]
    assert runs[0]["weights_sha256"] != runs[1]["weights_sha256"]
    said = [str(content["notes"] + content["rows"][0]["differs"]) for content in (plain, averaged)]
    assert "moving average of the weights, decay 0.9" in said[1]
    assert "moving average" not in said[0]


def test_an_interrupted_reproduction_goes_on_to_the_same_weights(
    digits: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ("--rows", "fsdd", "--budget", "0.0001")
    assert run(tmp_path / "whole", *row) == 0
    original = room.train
    with monkeypatch.context() as patch:
        patch.setattr(
            room, "train", lambda o, resume: original(replace(o, max_steps=6), resume=resume)
        )
        assert run(tmp_path / "cut", *row) == 130
    assert not (tmp_path / "cut" / "aivae-table-4" / "fsdd" / "row.json").exists()
    assert run(tmp_path / "cut", *row) == 0
    digests = [
        report(tmp_path / name)["rows"][0]["evaluation"]["provenance"]["weights_sha256"]
        for name in ("whole", "cut")
    ]
    assert digests[0] == digests[1]


def test_partial_data_is_named_in_every_row_and_its_chance_told(
    own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_digits("mnist-scd", "aivae-16k", digits=(0, 1, 5, 8), notes=("NOT the complete data",))
    rows = ("--rows", "scd-alpha-1", "scd-alpha-2")
    assert run(tmp_path, *rows, experiment="aivae-table-5") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("NOT the complete data") == 2
    assert "only the classes 0, 1, 5, 8: chance is 25%" in printed
    page = (tmp_path / "aivae-table-5" / "report.html").read_text(encoding="utf-8")
    assert page.count("partial data</span>") == 2


def test_other_data_is_another_run(digits: None, tmp_path: Path) -> None:
    assert run(tmp_path, "--rows", "fsdd") == 0
    write_digits("mnist-fsdd", "aivae-8k", seed=1)
    assert run(tmp_path, "--rows", "fsdd") == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_of_partial_speech_commands_the_digits_it_is_rich_in_are_taken(tmp_path: Path) -> None:
    for word, count in (("zero", 4), ("one", 3), ("two", 1)):
        (tmp_path / word).mkdir()
        for take in range(count):
            (tmp_path / word / f"0a0b0c0d_nohash_{take}.wav").touch()
    source = room._source("mnist-scd", tmp_path)
    assert source == room.MnistScd(digits=(0, 1))
    options = Reproduction(out=tmp_path, data_from=tmp_path / "missing")
    with pytest.raises(DataError, match="no folder"):
        room.training_data(room.Job(TABLE_4, TABLE_4.rows[1], options))


def test_the_list_shows_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--list"]) == 0
    printed = capsys.readouterr().out
    for experiment in EXPERIMENTS.values():
        assert experiment.name in printed
        assert all(row.key in printed and row.name in printed for row in experiment.rows)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "name an experiment"),
        (["aivae-table-6"], "unknown experiment 'aivae-table-6': did you mean 'aivae-table-"),
        (["aivae-table-4", "--rows", "fsd"], "no row 'fsd': did you mean 'fsdd'?"),
        (["aivae-table-4", "--preset", "smal"], "no preset 'smal': did you mean 'small'?"),
        (["aivae-table-4", "--judge", "lenet"], "did you mean 'lenet5-mnist'?"),
        (["aivae-table-4", "--budget", "-1"], "budget must be above 0"),
        (["aivae-table-4"], "run `photism data prepare mnist-fsdd`"),
        (
            ["aivae-table-4", "--data", "mnist-scd"],
            "the rows have mnist-fsdd and mnist-scd: choose",
        ),
        (["car-gan-table-1", "--data", "here", "--data-from", "there"], "leave --data-from out"),
        (["car-gan-table-1", "--data-from", "there"], "orchestra comes without archives"),
        (["car-gan-table-1", "--data", "nowhere"], "no prepared data 'nowhere'"),
        (["car-gan-table-1", "--inception", "nowhere.pth"], "nowhere.pth"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(
    argv: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", *argv, "--out", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_rows_keep_the_order_of_the_table() -> None:
    chosen = select_rows(TABLE_5, ("scd-alpha-1", "fsdd-alpha-2"))
    assert [row.key for row in chosen] == ["fsdd-alpha-2", "scd-alpha-1"]
    assert find_experiment("aivae-table-5") is TABLE_5


def test_bundled_weights_are_measured_as_they_are(
    digits: None, tmp_path: Path, capsys: Any
) -> None:
    options = ("--rows", "aivae-fsdd", "aivae-gan-fsdd", "--limit", "20")
    assert run(tmp_path, *options, experiment="consistency-diversity") == 0
    said = capsys.readouterr().out
    assert "trained on mnist-fsdd: photism train aivae" in said
    folder = tmp_path / "consistency-diversity"
    content = json.loads((folder / "report.json").read_text())
    measured = {row["key"]: row["evaluation"] for row in content["rows"]}
    assert measured["aivae-fsdd"]["provenance"]["system"] == "aivae"
    assert measured["flow-2"] is None
    page = (folder / "report.html").read_text()
    assert page.count("<circle") == 2
    assert "Accuracy against diversity" in page


def test_systems_of_one_plane_get_the_same_pairs_in_their_own_form() -> None:
    plane = EXPERIMENTS["consistency-diversity"]
    jobs = {row.key: Job(plane, row, Reproduction()) for row in plane.rows}
    assert jobs["aivae-fsdd"].system.config.front_end == "aivae-8k"
    assert (jobs["flow-2"].preset, jobs["flow-2"].system.config.front_end) == ("32", "ear-words")
    assert jobs["flow-2"].row.sampling == {"guidance": "2"}
    assert {job.row.data for job in jobs.values()} == {"mnist-fsdd"}
