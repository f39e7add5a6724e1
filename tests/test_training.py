"""The loop: what it records, how it stops, and that resuming is exact."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pairs_of import write_digits

from photism.errors import ConfigError, DataError, StorageError, TrainingError, WeightsError
from photism.systems import SYSTEMS
from photism.systems.aivae import AIVAE
from photism.systems.aivae_gan import AIVAEGAN
from photism.systems.stages import Losses
from photism.systems.weights import load_weights
from photism.training.checkpoint import list_checkpoints
from photism.training.dry_run import describe
from photism.training.loop import Interrupted
from photism.training.options import TrainOptions
from photism.training.plan import resolve
from photism.training.run import train


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_digits(tmp_path_factory.mktemp("data") / "digits")


def options_for(data: Path, out: Path, **changes) -> TrainOptions:
    options = TrainOptions(
        "aivae-gan", data, out, preset="debug", epochs=3, device="cpu", log_every=5
    )
    return replace(options, **changes)


def final_tensors(run: Path) -> dict[str, bytes]:
    last = list_checkpoints(run / "checkpoints")[-1]
    return {
        path.name: path.read_bytes() for path in last.iterdir() if path.suffix == ".safetensors"
    }


def records(run: Path) -> list[dict]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(options_for(data, out, ema=0.9))
    return out


def test_a_run_leaves_everything_behind(whole_run):
    assert {path.name for path in (whole_run / "samples").iterdir()} == {
        f"epoch-{number:04d}.png" for number in (1, 2, 3)
    }
    assert list((whole_run / "tensorboard").iterdir())
    seen = records(whole_run)
    assert [r["epoch"] for r in seen if r["kind"] == "validation"] == [1, 2, 3]
    assert {"discriminator", "adversarial", "reconstruction", "kl"} <= set(seen[-1])
    system = load_weights(whole_run)
    assert system.card.seed == 0
    best = min(r["reconstruction"] for r in seen if r["kind"] == "validation")
    assert system.card.metrics["validation reconstruction"] == best
    assert json.loads((whole_run / "config.json").read_text())["config"]["alpha"] == 2.0


@pytest.mark.parametrize(("checkpoint_every", "steps", "epoch"), [(500, 52, 2), (20, 26, 1)])
def test_a_critic_picks_the_weights_that_are_kept(data, tmp_path, checkpoint_every, steps, epoch):
    asked = []

    def critic(system, batch):
        """Recognise all at the second look and none at the others."""
        assert not system.training
        assert batch.sound.shape[0] == batch.label.shape[0]
        asked.append(len(batch))
        look = 1 + sum(asked[:-1]) // held_out
        return torch.full_like(batch.label, look == 2, dtype=torch.bool)

    changes = {"judge": "mine", "checkpoint_every": checkpoint_every}
    options = options_for(data, tmp_path / "run", **changes)
    held_out = len(resolve(options).pairs.held_out)
    with pytest.raises(ConfigError, match="judge mine is asked for"):
        train(options)
    with pytest.raises(ConfigError, match="and there are none"):
        train(replace(options, validation=0), critic=critic)
    train(options, critic=critic)
    seen = [r["recognised"] for r in records(tmp_path / "run") if r["kind"] == "validation"]
    assert seen == [0, 1, *[0] * (len(seen) - 2)]
    assert len(seen) == 3 + 78 // checkpoint_every
    card = load_weights(tmp_path / "run").card
    assert (card.steps, card.metrics["epoch"]) == (steps, epoch)
    assert card.metrics["validation recognised"] == 1
    assert "--judge mine" in card.command


def test_earlier_weights_are_trained_further(data, whole_run, tmp_path):
    options = options_for(data, tmp_path / "run", start_from=str(whole_run), epochs=1)
    earlier, new = load_weights(whole_run), resolve(options).system
    assert earlier.networks().keys() == new.networks().keys()
    for name, tensor in earlier.state_dict().items():
        assert torch.equal(tensor, new.state_dict()[name]), name
    train(options)
    assert f"--start-from {whole_run}" in load_weights(tmp_path / "run").card.command
    options = replace(options, out=tmp_path / "other")
    with pytest.raises(WeightsError, match="holds no network of AIVAE-GAN"):
        resolve(replace(options, start_from="car-gan-orchestra"))
    with pytest.raises(WeightsError, match="tensors differ"):
        resolve(replace(options, start_from="aivae-gan-fsdd"))
    with pytest.raises(WeightsError, match="did you mean 'aivae-gan-fsdd'"):
        resolve(replace(options, start_from="aivae-gan-fsd"))


def test_weights_without_selection_are_there_after_each_epoch(data, tmp_path, monkeypatch):
    monkeypatch.setattr(SYSTEMS["aivae-gan"], "selection", None)
    options = options_for(data, tmp_path / "run")
    steps = resolve(options).steps(resolve(options).stages[-1]) // 3
    with pytest.raises(Interrupted):
        train(replace(options, max_steps=steps + 1))
    assert load_weights(tmp_path / "run").card.steps == steps
    train(replace(options, max_steps=None), resume=True)
    assert load_weights(tmp_path / "run").card.steps == 3 * steps


@pytest.mark.parametrize("stop_at", [1, 24, 27, 50])
def test_stopping_and_resuming_changes_nothing(data, whole_run, tmp_path, stop_at):
    options = options_for(data, tmp_path / "run", ema=0.9)
    with pytest.raises(Interrupted, match=f"after step {stop_at}"):
        train(replace(options, max_steps=stop_at))
    train(replace(TrainOptions.read(tmp_path / "run"), max_steps=None), resume=True)
    assert final_tensors(tmp_path / "run") == final_tensors(whole_run)
    kinds = ("epoch", "validation")
    expected = [r for r in records(whole_run) if r["kind"] in kinds]
    assert [r for r in records(tmp_path / "run") if r["kind"] in kinds] == expected
    weights = "weights/model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (whole_run / weights).read_bytes()


def test_kill_9_at_any_moment_and_resume(data, whole_run, tmp_path):
    """Kill the process right after chosen writes of its own, over and over, until it is done."""
    script = tmp_path / "victim.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import photism.training.checkpoint as checkpoint\n"
        "from photism.training.run import train\n"
        "from photism.training.options import TrainOptions\n"
        "deadly, run, data = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])\n"
        "calls, save = 0, checkpoint.save_file\n"
        "def save_and_die(*args):\n"
        "    global calls\n"
        "    calls += 1\n"
        "    save(*args)\n"
        "    if calls == deadly:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "checkpoint.save_file = save_and_die\n"
        "options = TrainOptions('aivae-gan', data, run, preset='debug', epochs=3, device='cpu',\n"
        "                       log_every=5, checkpoint_every=7, ema=0.9)\n"
        "train(options, resume=run.exists())\n"
    )
    run = tmp_path / "run"
    exits = []
    for deadly in (4, 5, 8, 10_000):
        command = [sys.executable, str(script), str(deadly), str(run), str(data)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
        exits.append(subprocess.run(command, capture_output=True, env=environment).returncode)
    assert exits[:3] == [-9, -9, -9]
    assert exits[3] == 0
    assert final_tensors(run) == final_tensors(whole_run)
    epochs = [r["epoch"] for r in records(run) if r["kind"] == "epoch"]
    assert epochs == [1, 2, 3]


def test_loss_that_is_not_finite_stops_with_step_phase_and_checkpoint(data, tmp_path, monkeypatch):
    original = AIVAE.losses

    def poisoned(self, phase, batch, step):
        losses = original(self, phase, batch, step)
        if step.number == 33 and self.training:
            return Losses(losses.total * float("nan"), losses.terms)
        return losses

    monkeypatch.setattr(AIVAE, "losses", poisoned)
    options = options_for(data, tmp_path / "run", system="aivae")
    with pytest.raises(TrainingError) as caught:
        train(options)
    message = str(caught.value)
    assert "loss of phase 'autoencoder' became nan at step 34" in message
    assert "step-00000026" in message
    for path in (tmp_path / "run/checkpoints/step-00000026").glob("*.safetensors"):
        from photism.stored import read_tensors

        assert all(t.isfinite().all() for t in read_tensors(path).values())


def test_posterior_collapse_is_warned_of(data, tmp_path, capfd):
    changes = {"lr": "0.000001", "kl_warmup_steps": "0"}
    options = options_for(data, tmp_path / "run", system="aivae", epochs=10, settings=changes)
    train(replace(options, validation=0.0))
    assert capfd.readouterr().err.count("the posterior has collapsed") == 1


def test_a_run_goes_on_with_its_own_settings_when_the_preset_has_changed(
    data, tmp_path, monkeypatch
):
    options = options_for(data, tmp_path / "run", settings={"alpha": "0.25"})
    with pytest.raises(Interrupted):
        train(replace(options, max_steps=2))
    begun = resolve(options).config
    later = replace(AIVAEGAN.presets["debug"], beta1=begun.beta1 / 2, lr=begun.lr * 2)
    monkeypatch.setitem(AIVAEGAN.presets, "debug", later)
    assert resolve(options).config != begun
    resumed = TrainOptions.read(tmp_path / "run")
    assert resolve(resumed).config == begun
    assert set(resumed.settings) == {"alpha", "beta1", "lr"}


def test_a_run_is_not_overwritten(data, whole_run):
    with pytest.raises(TrainingError, match="already holds a run"):
        train(options_for(data, whole_run))


def test_a_second_process_stays_out_of_a_run(data, tmp_path):
    options = options_for(data, tmp_path / "run")
    with pytest.raises(Interrupted):
        train(replace(options, max_steps=3))
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    # A lock of this very process would not show that it holds between processes.
    hold = "import sys; from pathlib import Path; from photism.files import claimed\n"
    hold += "with claimed(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StorageError, match=r"another process is at work in .*run: wait"):
            train(replace(options, max_steps=None), resume=True)
        other.kill()  # the lock goes with the process
    for path, content in before.items():
        assert path.read_bytes() == content
    train(replace(options, max_steps=None), resume=True)
    assert (tmp_path / "run/weights").is_dir()


def test_full_disk_during_training_keeps_the_last_checkpoint(data, tmp_path, monkeypatch):
    import photism.training.checkpoint as checkpoint

    original, calls = checkpoint.save_file, []

    def full_later(*args):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        original(*args)

    monkeypatch.setattr(checkpoint, "save_file", full_later)
    with pytest.raises(StorageError, match="No space left on device"):
        train(options_for(data, tmp_path / "run"))
    assert [p.name for p in list_checkpoints(tmp_path / "run/checkpoints")] == ["step-00000026"]
    monkeypatch.undo()
    train(options_for(data, tmp_path / "run"), resume=True)
    assert list_checkpoints(tmp_path / "run/checkpoints")[-1].name == "step-00000078"


def test_too_little_room_is_told_before_the_first_step(data, tmp_path, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="MB are needed"):
        train(options_for(data, tmp_path / "run"))


def test_unwritable_folder_is_told_before_the_first_step(data, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        train(options_for(data, tmp_path / "file" / "run"))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"system": "aivea"}, ConfigError, "did you mean 'aivae'"),
        ({"preset": "debgu"}, ConfigError, "did you mean 'debug'"),
        ({"settings": {"alhpa": "1"}}, ConfigError, "did you mean 'alpha'"),
        ({"settings": {"front_end": "aivae-16k"}}, ConfigError, "was prepared with front end"),
        ({"batch_size": 10_000}, DataError, "fewer than a batch"),
        ({"data": Path("nowhere")}, DataError, "no prepared data"),
        ({"device": "cuda"}, ConfigError, "no cuda device"),
        (
            {"settings": {"width": "100000"}},
            ConfigError,
            "with these settings takes .* GB to train",
        ),
    ],
)
def test_mistakes_are_told_before_the_first_step(data, tmp_path, changes, error, message):
    if changes.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a cuda device")
    with pytest.raises(error, match=message):
        train(replace(options_for(data, tmp_path / "run"), **changes))
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("change", [{"epochs": 0}, {"ema": 1.0}, {"validation": 1.0}])
def test_options_are_validated(data, tmp_path, change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        options_for(data, tmp_path, **change)


def test_validation_takes_the_split_that_the_data_has(tmp_path):
    folder = write_digits(tmp_path / "digits", train=80, validation=40)
    plan = resolve(options_for(folder, tmp_path / "run"))
    pairs = plan.pairs
    assert (len(pairs.rows), len(pairs.held_out), pairs.validation.split) == (80, 40, "validation")
    train(options_for(folder, tmp_path / "run", epochs=1))
    assert (tmp_path / "run" / "samples" / "epoch-0001.png").is_file()


def test_nothing_to_hold_out_is_said(tmp_path, capfd):
    folder = write_digits(tmp_path / "digits", train=20, test=10)  # one recording a class
    weights = train(options_for(folder, tmp_path / "run", epochs=1))
    assert "nothing is held out" in capfd.readouterr().err
    assert load_weights(weights).card.steps == 2


def test_dry_run_describes_the_run(data, tmp_path):
    plan = describe(resolve(options_for(data, tmp_path / "run", preset="paper", epochs=2)))
    assert plan["networks"]["generator"] == {"parameters": 5_283_713}
    assert plan["stages"]["gan"]["steps"] == 2 * (plan["data"]["train"] // 128)
    assert plan["data"] == {"folder": str(data), "train": 210, "validation": 30}
    # 7.9 M parameters, four times over in float32, are 127 MB; activations come on top.
    assert 200 < plan["stages"]["gan"]["memory_mb"] < 4000
    assert not (tmp_path / "run").exists()


def test_bfloat16_trains_and_keeps_float32_weights(data, tmp_path):
    train(options_for(data, tmp_path / "run", precision="bf16", epochs=1))
    system = load_weights(tmp_path / "run")
    assert {p.dtype for p in system.parameters()} == {torch.float32}


def test_weights_begin_as_the_seed_says(data, tmp_path):
    def first(seed: int) -> torch.Tensor:
        return resolve(options_for(data, tmp_path / "run", seed=seed)).system.generator.mean.weight

    torch.manual_seed(3)
    one = first(1)
    torch.manual_seed(4)
    assert torch.equal(one, first(1))
    assert not torch.equal(one, first(2))
