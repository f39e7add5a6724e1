"""CAR-GAN in the loop: its stages, the average, stopping and resuming, what it learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from car_gan_of import DEBUG, build, make_batch, terms_of
from pairs_of import write_players
from safetensors.torch import load_file

from photism.cli import main
from photism.config import override
from photism.errors import ConfigError
from photism.systems.car_gan import (
    CARGAN,
)
from photism.systems.stages import Stage, Step
from photism.systems.weights import load_weights
from photism.training.checkpoint import list_checkpoints
from photism.training.loop import Interrupted
from photism.training.options import TrainOptions
from photism.training.run import train


def test_learning_rate_decays_to_zero_after_it_was_held():
    stage = CARGAN(override(DEBUG, {"epochs": "200", "decay_epochs": "100"})).stages()[-1]
    factors = [stage.lr_factor(epoch, 0) for epoch in range(stage.epochs)]
    assert len(factors) == 300
    assert factors[:200] == [1.0] * 200
    expected = [1 - max(0, e - 200) / 101 for e in range(201, 301)]
    assert factors[200:] == pytest.approx(expected)
    assert [stage.lasting(30).lr_factor(e, 0) for e in (0, 19, 20, 29)] == pytest.approx(
        [1, 1, 10 / 11, 1 / 11]
    )
    assert Stage("s", (), 5, 1).lr_factor(4, 0) == 1


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_players(tmp_path_factory.mktemp("data") / "players", classes=13, train=156)


def options_for(data: Path, out: Path, **changes) -> TrainOptions:
    options = TrainOptions("car-gan", data, out, preset="debug", device="cpu", log_every=5)
    return replace(options, **changes)


def stages_of(run: Path) -> set[str]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return {stage for line in lines if (stage := json.loads(line).get("stage"))}


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(options_for(data, out, ema=0.9))
    return out


def test_the_average_begins_anew_with_each_stage(whole_run):
    """What a stage does not move is kept as the stages before it left it, and not an average."""
    trained = load_file(list_checkpoints(whole_run / "checkpoints")[-1] / "system.safetensors")
    averaged = load_file(whole_run / "weights" / "model.safetensors")
    same = {name.split(".")[0]: True for name in averaged}
    for name, tensor in averaged.items():
        same[name.split(".")[0]] &= torch.equal(tensor, trained[name])
    assert {name for name, equal in same.items() if equal} == {"classifier", "listener"}


def test_a_run_trains_classifier_listener_and_cascade(whole_run):
    lines = [json.loads(line) for line in (whole_run / "metrics.jsonl").read_text().splitlines()]
    seen = {line["stage"]: line for line in lines if line["kind"] == "validation"}
    assert list(seen) == ["classifier", "listener", "cascade"]
    assert "classifier_accuracy" in seen["classifier"]
    assert "listener_accuracy" in seen["listener"]
    assert {"l1_stage1", "l1_stage2", "class_stage2", "d_real"} <= set(seen["cascade"])
    assert [p.name for p in sorted((whole_run / "samples").iterdir())] == [
        "epoch-0001.png",
        "epoch-0002.png",
    ]
    assert set(load_weights(whole_run).networks()) == {*CARGAN.translators, "discriminator"}


@pytest.mark.parametrize("stop_at", [3, 20, 37])
def test_stopping_in_any_stage_and_resuming_changes_nothing(data, whole_run, tmp_path, stop_at):
    options = options_for(data, tmp_path / "run", ema=0.9)
    with pytest.raises(Interrupted, match=f"after step {stop_at}"):
        train(replace(options, max_steps=stop_at))
    train(replace(TrainOptions.read(tmp_path / "run"), max_steps=None), resume=True)
    weights = "weights/model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (whole_run / weights).read_bytes()


def test_dry_run_tells_every_stage(data, capsys):
    command = ["train", "car-gan", "--preset", "debug", "--data", str(data), "--dry-run", "--json"]
    assert main(command) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["config"]["discriminator"]["label"] == "mixed"
    assert list(plan["stages"]) == ["classifier", "listener", "cascade"]
    assert plan["stages"]["cascade"]["epochs"] == 2
    assert all(stage["memory_mb"] > 0 for stage in plan["stages"].values())


def test_bfloat16_gives_nearly_the_same_losses():
    system = build().eval()
    plain = terms_of(system)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = terms_of(system)
    assert coarse == pytest.approx(plain, rel=0.02)


def test_overfits_eight_pairs():
    """First the classifier learns eight pictures, then the cascade draws them."""
    system, batch = build(width="8", lr="0.002"), make_batch(8)
    batch.image = F.interpolate(batch.image[..., :4, :4], (32, 32))
    for stage in system.stages():
        optimisers = {
            p.name: torch.optim.Adam(
                [w for n in p.networks for w in getattr(system, n).parameters()], p.optimiser.lr
            )
            for p in stage.phases
        }
        history: list[dict[str, float]] = []
        for number in range(150 if stage.name == "cascade" else 60):
            step, terms = Step(number, 0, torch.Generator()), {}
            for phase in stage.phases:
                losses = system.losses(phase.name, batch, step)
                parameters = optimisers[phase.name].param_groups[0]["params"]
                losses.total.backward(inputs=parameters)
                optimisers[phase.name].step()
                optimisers[phase.name].zero_grad()
                terms |= {name: value.item() for name, value in losses.terms.items()}
            history.append(terms)
        if stage.name != "cascade":
            assert history[-1][f"{stage.name}_accuracy"] == 1
    assert history[0]["l1_stage2"] > 0.4
    assert history[-1]["l1_stage2"] < 0.15
    assert history[-1]["class_stage2"] < 1.8  # of at least 1.6891


def test_the_classifiers_can_be_trained_alone_and_shared(data, tmp_path):
    options = options_for(data, tmp_path / "first", stages=("listener", "classifier"))
    train(options)
    assert stages_of(tmp_path / "first") == {"classifier", "listener"}
    assert not (tmp_path / "first" / "samples").exists()
    assert "--stages listener classifier" in load_weights(tmp_path / "first").card.command
    shared = {
        f"{name}.{field}": value
        for name in ("classifier", "listener")
        for field, value in (("weights", str(tmp_path / "first")), ("epochs", "0"))
    }
    train(options_for(data, tmp_path / "second", settings=shared, epochs=1))
    assert stages_of(tmp_path / "second") == {"cascade"}
    first, second = (load_weights(tmp_path / name).state_dict() for name in ("first", "second"))
    same = {name for name in first if torch.equal(first[name], second[name])}
    assert {name for name in first if name.startswith(("classifier.", "listener."))} <= same
    assert not {name for name in same if name.startswith("generator1.") and "weight" in name}
    with pytest.raises(ConfigError, match="no stage 'listner': did you mean 'listener'"):
        train(options_for(data, tmp_path / "third", stages=("listner",)))
