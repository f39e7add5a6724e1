"""Going on with a run: to the bit, under its own terms, past what a bad disk or night has left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toy_of import SGD, phase, stage, toy, toy_options, weight, write_toys

from photism.cli import main
from photism.config import override
from photism.errors import StorageError, TrainingError
from photism.systems import SYSTEMS
from photism.training.checkpoint import list_checkpoints
from photism.training.loop import Interrupted
from photism.training.options import TrainOptions
from photism.training.run import train


def by_all(system, name, batch, step):
    """A cost of pairs, noise, earlier epochs and weights, so that all of it must be restored."""
    drawn = torch.randn((), generator=step.rng) + sum(step.means.get("cost", ()))
    pull = batch.row.float().mean() * batch.sound.mean() + drawn
    return (system.config.slope * system.first.weight.sum() - pull).square()


FAST = stage(phase("first", replace(SGD, lr=0.01, momentum=0.9)), epochs=3)
"""Three times four steps, as a quarter of the pairs is held out."""


@pytest.fixture
def data(tmp_path) -> Path:
    return write_toys(tmp_path / "toys")


@pytest.fixture
def options(data, tmp_path, monkeypatch) -> TrainOptions:
    """Options of a toy's run with a checkpoint in every other step."""
    monkeypatch.setitem(SYSTEMS, "toy", toy(by_all, FAST))
    return toy_options(data, tmp_path / "run", checkpoint_every=2, validation=0.25)


def stop_at(options: TrainOptions, step: int) -> Path:
    with pytest.raises(Interrupted):
        train(replace(options, max_steps=step))
    return options.out


def go_on(run: Path, **changes) -> Path:
    train(replace(TrainOptions.read(run), max_steps=None, **changes), resume=True)
    return run


def whole(options: TrainOptions) -> float:
    train(replace(options, out=options.out.parent / "whole"))
    return weight(options.out.parent / "whole")


def records(run: Path, kind: str) -> list[dict]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [
        {k: v for k, v in record.items() if k != "seconds"}
        for record in found
        if record["kind"] == kind
    ]


# What is damaged or lost.


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, empty, flip, Path.unlink])
@pytest.mark.parametrize("name", ["system.safetensors", "optimisers.pt", "state.json"])
def test_a_damaged_checkpoint_is_told_of_and_the_one_before_it_is_used(
    options, damage, name, capfd
):
    run = stop_at(options, 6)
    _, newest = list_checkpoints(run / "checkpoints")
    damage(newest / name)
    expected = whole(options)
    capfd.readouterr()
    assert weight(go_on(run)) == expected
    told = capfd.readouterr().err
    assert f"warning: {newest} is damaged" in told
    assert "the checkpoint before it is used" in told
    assert "going on after step 4" in told
    kept = [path.name for path in list_checkpoints(run / "checkpoints")]
    assert kept == ["step-00000010", "step-00000012"]
    assert (run / "checkpoints" / f"{newest.name}.damaged").is_dir()


def test_checkpoints_that_are_all_damaged_are_one_line(options):
    run = stop_at(options, 6)
    for path in list_checkpoints(run / "checkpoints"):
        empty(path / "system.safetensors")
    with pytest.raises(TrainingError, match=r"no checkpoint in .*run/checkpoints is whole: remove"):
        go_on(run)
    assert [p.name for p in list_checkpoints(run / "checkpoints")] == [
        "step-00000004",
        "step-00000006",
    ]


@pytest.mark.parametrize(
    "content", ["", "\x00" * 300, '{"kind": "train", "step"', "[]\n7\n{}\n", '{"step": "x"}\n']
)
def test_damaged_metrics_are_told_of_and_begun_anew(options, content, capfd):
    run = stop_at(options, 6)
    (run / "metrics.jsonl").write_text(content, encoding="utf-8")
    expected = whole(options)
    capfd.readouterr()
    assert weight(go_on(run)) == expected
    assert "metrics.jsonl is empty: what was recorded before step 6" in capfd.readouterr().err
    assert [record["step"] for record in records(run, "train")] == list(range(7, 13))


def test_half_a_line_is_dropped_and_what_was_recorded_too_late_too(options):
    run = stop_at(options, 6)
    with open(run / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write('{"kind": "train", "step": 7, "cost": 1.0}\n{"kind": "train", "st')
    go_on(run)
    assert [record["step"] for record in records(run, "train")] == list(range(1, 13))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"options": {}, "config": {}}', '{"options": 5, "config": []}', "\x00"]
    + ["[" * 100_000]
    + [json.dumps({"options": {"system": "toy", **o}, "config": {}}) for o in (
        {"data": None, "out": "r"},
        {"data": "d", "out": "r", "epochs": "many"},
        {"data": "d", "out": "r", "settings": 3},
        {"data": "d", "out": "r", "stages": None},
    )],
)  # fmt: skip
def test_a_damaged_record_is_one_line(options, content):
    options.out.mkdir()
    (options.out / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError, match=r"config\.json is damaged .*: start a new run") as told:
        TrainOptions.read(options.out)
    assert len(str(told.value)) < 300
    assert "\n" not in str(told.value)


def test_nothing_to_resume_is_told(tmp_path):
    with pytest.raises(TrainingError, match="nothing to resume"):
        TrainOptions.read(tmp_path)


def test_a_checkpoint_of_another_system_is_told(options, monkeypatch):
    run = stop_at(options, 6)
    larger = toy(by_all, FAST)

    def init(self, config, build=larger.__init__):
        build(self, config)
        self.first = torch.nn.Linear(2, 1, bias=False)

    monkeypatch.setattr(larger, "__init__", init)
    monkeypatch.setitem(SYSTEMS, "toy", larger)
    with pytest.raises(TrainingError, match=r"step-00000006 does not fit the system .*version"):
        go_on(run)


# The terms of a run.


def test_other_data_under_the_same_name_is_refused(options, data):
    run = stop_at(options, 6)
    write_toys(data, seed=1)
    with pytest.raises(TrainingError, match=r"other data: train-00000\.arrow differ.*start-from"):
        go_on(run)
    write_toys(data, classes=3)
    with pytest.raises(TrainingError, match=r"other data: classes, train-00000\.arrow differ"):
        go_on(run)
    write_toys(data)
    assert weight(go_on(run)) == whole(options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "--seed 0, not 1"),
        ({"batch_size": 8}, "--batch-size of only 4, not 8"),
        ({"validation": 0.5}, "--validation 0.25, not 0.5"),
        ({"precision": "bf16"}, "--precision fp32, not bf16"),
        ({"ema": 0.5}, "--ema 0.0, not 0.5"),
        ({"settings": {"slope": "2"}}, r"--set slope 1\.0, not 2\.0"),
    ],
)
def test_edited_settings_are_refused_by_name(options, changes, message):
    run = stop_at(options, 6)
    record = run / "config.json"
    content = json.loads(record.read_text())
    settings = changes.pop("settings", {})
    content["options"] |= changes
    content["config"] |= {name: float(value) for name, value in settings.items()}
    record.write_text(json.dumps(content))
    with pytest.raises(TrainingError, match=f"run was begun with {message}: put that back in"):
        go_on(run)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["--seed", "3"], "run was begun with --seed 0: leave it out, or begin a new run"),
        (["--batch-size", "2"], "run was begun without --batch-size: leave it out"),
        (["--precision", "bf16"], "run was begun with --precision fp32"),
        (["--ema", "0.5"], "run was begun with --ema 0.0"),
        (["--stages", "only"], "run was begun without --stages"),
        (["--out", "elsewhere"], "--resume takes system, data and settings from the run"),
        (["--set", "slope=2"], "--resume takes system, data and settings from the run"),
    ],
)
def test_options_that_would_be_ignored_are_refused(options, typed, message, capsys):
    run = stop_at(options, 6)
    assert main(["train", "--resume", str(run), *typed]) == 2
    assert message in capsys.readouterr().err


def test_options_that_decide_no_step_may_be_typed_anew(options):
    run, expected = stop_at(options, 6), whole(options)
    typed = ["--log-every", "1", "--checkpoint-every", "5", "--device", "cpu", "--seed", "0"]
    assert main(["train", "--resume", str(run), *typed]) == 0
    assert weight(run) == expected
    assert TrainOptions.read(run).log_every == 1


def test_a_preset_that_has_changed_since_is_no_edit(options, monkeypatch):
    run = stop_at(options, 6)
    expected = whole(options)
    cls = SYSTEMS["toy"]
    changed = override(cls.presets["debug"], {"slope": "3"})
    monkeypatch.setattr(cls, "presets", {"debug": changed})
    assert weight(go_on(run)) == expected


def test_epochs_may_be_added(options):
    run = stop_at(options, 6)
    assert weight(go_on(run, epochs=4)) == whole(replace(options, epochs=4))


def test_another_number_of_threads_is_warned_of_and_recorded(options, capfd):
    run = stop_at(options, 6)
    threads = torch.get_num_threads()
    capfd.readouterr()
    torch.set_num_threads(threads + 1)
    try:
        with pytest.raises(Interrupted):
            train(replace(TrainOptions.read(run), max_steps=8), resume=True)
    finally:
        torch.set_num_threads(threads)
    told = capfd.readouterr().err.replace("\n", " ")
    assert f"warning: the machine has changed: threads {threads + 1} (before: {threads})" in told
    assert [r["threads"] for r in records(run, "start")] == [threads, threads + 1]
    assert [r["step"] for r in records(run, "start")] == [0, 6]
    capfd.readouterr()
    go_on(run)
    assert "the machine has changed" in capfd.readouterr().err


def test_the_same_circumstances_are_not_spoken_of(options, capfd):
    run = stop_at(options, 6)
    capfd.readouterr()
    go_on(run)
    assert "warning" not in capfd.readouterr().err


def test_weights_that_a_run_started_from_may_be_gone(options, data, tmp_path):
    train(replace(options, out=tmp_path / "first", epochs=1))
    second = replace(options, out=tmp_path / "second", start_from=str(tmp_path / "first"))
    stop_at(second, 6)
    expected = whole(second)
    shutil.rmtree(tmp_path / "first")
    assert weight(go_on(tmp_path / "second")) == expected


# Full and forbidden disks.

FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from photism.errors import PhotismError
from photism.systems import SYSTEMS
from photism.training.run import train
from test_resume import FAST, by_all
from toy_of import toy, toy_options

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a limit on the size of files stands for the disk's
SYSTEMS["toy"] = toy(by_all, FAST)
options = toy_options(Path(sys.argv[1]), Path(sys.argv[2]), checkpoint_every=2)
for size in map(int, sys.argv[4:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        train(options, resume=True)
        print("done")
    except PhotismError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_is_one_line_wherever_it_is_met(options, data, tmp_path):
    """Record, events, checkpoint, weights and samples: each is too large for one of the limits."""
    sizes = (0, 40, 400, 1000, 1500, 2500, 10**9)
    words = [str(data), str(options.out), str(Path(__file__).parent), *map(str, sizes)]
    done = subprocess.run([sys.executable, "-c", FULL, *words], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert len(lines) == len(sizes)
    assert lines[-1] == "done"
    told = [line for line in lines if line.startswith("StorageError cannot write")]
    assert len(told) == len([line for line in lines if line != "done"]) >= 4
    places = {Path(line.partition(": ")[0]).name for line in told}
    assert {"config.json", "metrics.jsonl", "step-00000002"} <= places, lines
    assert weight(options.out) == whole(replace(options, validation=0.0))


@pytest.mark.parametrize("place", ["metrics.jsonl", "tensorboard", "checkpoints", "samples"])
def test_what_cannot_be_written_is_one_line(options, place):
    options.out.mkdir()
    if place == "metrics.jsonl":
        (options.out / place).mkdir()
    else:
        (options.out / place).write_text("in the way")
    with pytest.raises(StorageError, match=f"cannot write .*{place}"):
        train(options)


def test_leftovers_of_a_killed_run_are_cleared(options):
    """Also those of a process that had the number of this one, as in every container."""
    run = stop_at(options, 6)
    from photism.files import replacing

    try:
        with replacing(run / "checkpoints" / "step-00000008", marker="state.json") as temporary:
            temporary.mkdir()
            (temporary / "system.safetensors").write_bytes(b"half")
            left = temporary.parent
            shutil.copytree(left, left.with_name(left.name.replace("photism-", "photism-old")))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert [p.name for p in (run / "checkpoints").glob(".*")]
    go_on(run)
    assert not [p.name for p in (run / "checkpoints").glob(".*")]
