"""What the loop does to weights, reckoned by hand on systems of two numbers."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from toy_of import LR, SGD, Toy, phase, slope, stage, toy, toy_options, weight, write_toys

from photism.data.pairs import Batch
from photism.errors import TrainingError
from photism.systems import SYSTEMS
from photism.systems.stages import Optimiser, Stage, Step
from photism.systems.weights import load_weights
from photism.training.device import build_optimiser, seed_step
from photism.training.loop import Interrupted, Trainer
from photism.training.options import TrainOptions
from photism.training.plan import resolve
from photism.training.run import train
from photism.training.stepper import Stepper

STEPS = 6
"""In a pass: 24 pairs in batches of four."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_toys(tmp_path_factory.mktemp("data") / "toys")


@pytest.fixture
def run(data, tmp_path, monkeypatch) -> Callable[..., Path]:
    """Train a toy in a folder of its own and return the folder."""

    def trained(system: type[Toy], *, name: str = "run", resume: bool = False, **changes) -> Path:
        monkeypatch.setitem(SYSTEMS, "toy", system)
        options = toy_options(data, tmp_path / name, **changes)
        train(options, resume=resume)
        return options.out

    return trained


def records(folder: Path, kind: str) -> list[dict]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == kind]


def test_every_step_descends_once_along_its_own_gradient(run):
    """Gradients that pile up over steps, or reach the wrong phase, would lead further."""
    both = toy(slope, stage(phase("first"), phase("second", replace(SGD, lr=0.25)), epochs=2))
    folder = run(both)
    assert weight(folder, "first") == -2 * STEPS * LR
    assert weight(folder, "second") == -2 * STEPS * 0.25


def test_the_learning_rate_falls_by_epochs_and_warms_up_by_steps(run):
    falling = stage(epochs=4, decay_epochs=3)
    expected = sum(STEPS * LR * factor for factor in (1, 3 / 4, 2 / 4, 1 / 4))
    assert weight(run(toy(slope, falling), name="falling")) == pytest.approx(-expected)
    warming = stage(epochs=2, warmup_steps=4)
    expected = LR * (1 / 4 + 2 / 4 + 3 / 4 + 1 + 8)
    assert weight(run(toy(slope, warming), name="warming")) == pytest.approx(-expected)


def test_large_gradients_are_clipped(run):
    def steep(system, name, batch, step):
        return 100 * getattr(system, name).weight.sum()

    clipped = toy(steep, stage(phase("first", clip_norm=2.0), phase("second")))
    folder = run(clipped)
    assert weight(folder, "first") == pytest.approx(-STEPS * LR * 2, rel=1e-4)
    assert weight(folder, "second") == -STEPS * LR * 100


@pytest.mark.parametrize(("unit", "taken"), [("step", (0, 4, 8)), ("epoch", range(6))])
def test_a_phase_may_run_more_rarely(run, unit, taken):
    """Every fourth step, or all steps of every fourth epoch; the others keep their order."""
    seen = []

    def noted(system, name, batch, step):
        seen.append((step.number, name))
        return slope(system, name, batch, step)

    rare = phase("first", every=4, unit=unit)
    folder = run(toy(noted, stage(rare, phase("second"), epochs=2)))
    assert [number for number, name in seen if name == "first"] == list(taken)
    assert [number for number, name in seen if name == "second"] == list(range(2 * STEPS))
    assert seen[:2] == [(0, "first"), (0, "second")]
    assert weight(folder, "first") == -LR * len(taken)


def test_a_stage_may_count_its_own_steps_in_an_epoch(run, data, tmp_path):
    """Passes over the data go on from epoch to epoch: five steps of six, then five more."""
    rows: dict[int, list[list[int]]] = {}

    def noted(system, name, batch, step):
        rows.setdefault(step.epoch, []).append(sorted(batch.row.tolist()))
        return slope(system, name, batch, step)

    short = stage(epochs=3, steps_per_epoch=5)
    folder = run(toy(noted, short))
    assert weight(folder) == -15 * LR
    assert [len(found) for found in rows.values()] == [5, 5, 5]
    drawn = [row for epoch in rows.values() for batch in epoch for row in batch]
    assert sorted(drawn[:24]) == sorted(drawn[24:48]) == list(range(24))
    assert drawn[:24] != drawn[24:48]
    plan = resolve(toy_options(data, tmp_path / "other"))
    assert plan.steps(plan.stages[0]) == 15
    with pytest.raises(Interrupted):
        run(toy(noted, short), name="stopped", max_steps=8)
    seen = {epoch: list(found) for epoch, found in rows.items()}
    rows.clear()
    run(toy(noted, short), name="stopped", resume=True)
    assert [*seen[1][5:8], *rows[1]] == seen[1][:5]
    assert rows[2] == seen[2][:5]


def test_adamw_takes_weight_decay_apart_from_the_gradient(run):
    """Where there is no gradient Adam has nothing to scale, but the decay goes on."""

    def flat(system, name, batch, step):
        if step.number == 0 and system.training:
            with torch.no_grad():
                system.first.weight.fill_(1.0)
        return 0 * system.first.weight.sum()

    decay = Optimiser("adamw", lr=0.1, weight_decay=0.5)
    assert weight(run(toy(flat, stage(phase("first", decay))))) == pytest.approx(0.95**STEPS)


@pytest.mark.parametrize(
    ("name", "cls"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)],
)
def test_every_optimiser_is_the_one_it_is_called(name, cls):
    weights = [torch.nn.Parameter(torch.zeros(1))]
    assert type(build_optimiser(Optimiser(name), weights)) is cls


def test_what_is_untrained_stays_as_it_began(run):
    class Fixed(toy(slope, stage(replace(phase(), networks=("first", "second"))))):
        untrained = ("second",)

        def losses(self, phase, batch, step):
            losses = super().losses(phase, batch, step)
            losses.total = losses.total + self.second.weight.sum()
            return losses

    folder = run(Fixed)
    assert (weight(folder, "first"), weight(folder, "second")) == (-STEPS * LR, 0)


def test_the_seed_decides_order_and_noise(run):
    """Noise of the step's own generator, of torch's, and the order of the pairs, each alone."""

    def of_generator(system, name, batch, step):
        drawn = torch.randn((), generator=step.rng)
        return drawn * system.first.weight.sum()

    def of_torch(system, name, batch, step):
        return torch.randn(()) * system.first.weight.sum()  # as dropout draws

    def of_order(system, name, batch, step):
        return batch.row.sum() * (step.number + 1) * system.first.weight.sum()

    for cost in (of_generator, of_torch, of_order):
        name = cost.__name__
        torch.manual_seed(1)
        one = weight(run(toy(cost, stage()), name=f"{name}-one", seed=1))
        torch.manual_seed(2)
        again = weight(run(toy(cost, stage()), name=f"{name}-again", seed=1))
        other = weight(run(toy(cost, stage()), name=f"{name}-other", seed=2))
        assert one == again != other, name


def test_every_stage_draws_its_own_order_and_noise(run):
    seen: dict[str, list[float]] = {}

    def noted(system, name, batch, step):
        drawn = torch.randn((), generator=step.rng)
        seen.setdefault(name, []).append((batch.row.tolist(), float(drawn)))
        return slope(system, name, batch, step)

    stages = stage(phase("first"), name="one"), stage(phase("second"), name="two")
    run(toy(noted, *stages))
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in zip(*seen.values(), strict=True))


def test_systems_are_told_the_means_of_earlier_epochs(run):
    """Over a stop in the middle of an epoch too, which the sums of its steps must outlive."""
    told: dict[tuple[int, int], list[float]] = {}

    def noted(system, name, batch, step):
        told[step.epoch, step.number] = list(step.means.get("cost", ()))
        assert not step.memo
        step.memo["seen"] = torch.zeros(())
        return torch.tensor(float(step.number)) + slope(system, name, batch, step) * 0

    system = toy(noted, stage(epochs=3))
    run(system, name="whole")
    whole = dict(told)
    assert whole[0, 5] == []
    assert whole[1, 6] == [2.5]
    assert whole[2, 17] == [2.5, 8.5]
    told.clear()
    for stop in (2, 9):
        with pytest.raises(Interrupted):
            run(system, name="stopped", max_steps=stop, resume=stop > 2)
    run(system, name="stopped", resume=True)
    assert told == whole


def test_the_memo_is_shared_by_the_phases_of_a_step_alone(run):
    def noted(system, name, batch, step):
        if name == "first":
            assert not step.memo
            step.memo["number"] = torch.tensor(step.number)
        assert int(step.memo["number"]) == step.number
        return slope(system, name, batch, step)

    run(toy(noted, stage(phase("first"), phase("second"))))


def test_the_average_follows_and_is_what_is_kept(run):
    """The first step is copied whole, then (1 + n) / (10 + n) is kept until the decay is less."""
    folder = run(toy(slope, stage(epochs=2)), ema=0.3)
    average, value = 0.0, 0.0
    for number in range(2 * STEPS):
        value -= LR
        kept = min(0.3, (1 + number) / (10 + number)) if number else 0
        average = kept * average + (1 - kept) * value
    assert weight(folder) == pytest.approx(average, rel=1e-5)
    trained = load_file(folder / "checkpoints" / "step-00000012" / "system.safetensors")
    assert float(trained["first.weight"]) == value != pytest.approx(average)


def test_the_average_begins_anew_with_each_stage(run):
    """Or what one stage has moved would be kept as an average of that stage's way there."""
    stages = stage(phase("first"), name="one"), stage(phase("second"), name="two")
    folder = run(toy(slope, *stages), ema=0.9)
    assert weight(folder, "first") == -STEPS * LR
    assert weight(folder, "second") > -STEPS * LR


def test_looking_at_held_out_pairs_leaves_no_trace(run):
    """Neither in the mode nor in running statistics nor in the weights."""
    modes = []

    def noted(system, name, batch, step):
        modes.append((system.training, torch.is_grad_enabled()))
        system.norm(batch.sound.mean((2, 3)))
        return slope(system, name, batch, step)

    system = toy(noted, stage(epochs=2))
    watched = load_weights(run(system, name="watched", validation=0.5))
    steps = int(watched.norm.num_batches_tracked)
    assert modes.count((True, True)) == steps
    assert modes.count((False, False)) == len(modes) - steps > 0
    assert watched.first.weight.item() == -steps * LR


def test_held_out_pairs_are_looked_at_with_the_same_noise_every_time(run):
    """Or the epoch with the luckiest noise would be kept."""

    def noisy(system, name, batch, step):
        return torch.randn(len(batch), generator=step.rng).mean() + 0 * slope(
            system, name, batch, step
        )

    folder = run(toy(noisy, stage(epochs=3)), validation=0.5)
    seen = {kind: [r["cost"] for r in records(folder, kind)] for kind in ("epoch", "validation")}
    assert len(set(seen["epoch"])) == 3
    assert len(set(seen["validation"])) == 1


def test_processes_draw_noise_of_their_own():
    def drawn(**changes):
        place = {"device": torch.device("cpu"), "process_index": 0} | changes
        rng = seed_step(SimpleNamespace(**place), 0, 0, 0)
        return float(torch.randn((), generator=rng)), float(torch.randn(()))

    assert drawn() == drawn()
    assert all(a != b for a, b in zip(drawn(), drawn(process_index=1), strict=True))


def test_bfloat16_is_for_losses_alone(run):
    seen = []

    def noted(system, name, batch, step):
        x = system.first(torch.ones(4, 1))
        seen.append(x.dtype)
        return x.float().sum()

    folder = run(toy(noted, stage()), precision="bf16")
    assert set(seen) == {torch.bfloat16}
    assert load_weights(folder).first.weight.dtype == torch.float32


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_write_a_checkpoint(run, number):
    def struck(system, name, batch, step):
        if step.number == 2:
            os.kill(os.getpid(), number)
        return slope(system, name, batch, step)

    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match="after step 3; go on with: photism train --resume"):
        run(toy(struck, stage(epochs=2)))
    assert signal.getsignal(number) is before
    assert weight(run(toy(slope, stage(epochs=2)), resume=True)) == -2 * STEPS * LR


def test_momentum_outlives_a_stop(run):
    """Optimisers are restored with their state, and those of another stage are begun anew."""
    fast = replace(SGD, momentum=0.9)
    stages = stage(phase("first", fast), name="one"), stage(phase("first", fast), name="two")
    velocity = value = 0.0
    for number in range(2 * STEPS):
        velocity = 1 + 0.9 * velocity * (number != STEPS)
        value -= LR * velocity
    whole = weight(run(toy(slope, *stages), name="whole"))
    assert whole == pytest.approx(value, rel=1e-5)
    for stop in (2, 8):
        with pytest.raises(Interrupted):
            run(toy(slope, *stages), name="stopped", max_steps=stop, resume=stop > 2)
    assert weight(run(toy(slope, *stages), name="stopped", resume=True)) == whole


def test_steps_of_a_run_name_a_loss_that_is_not_finite(run):
    def endless(system, name, batch, step):
        return slope(system, name, batch, step) * (math.inf if step.number == 4 else 1)

    with pytest.raises(TrainingError, match=r"loss of phase 'first' became (nan|-inf) at step 5"):
        run(toy(endless, stage(), Stage("later", (phase(),), 1, 4)))


BOTH = """
import os, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from safetensors.torch import save_file
from test_loop import by_rows
from toy_of import phase, stage, toy, toy_options
import torch
import photism.training.stepper as stepper
from photism.systems import SYSTEMS
from photism.training.device import part
from photism.training.loop import Interrupted, Trainer
from photism.training.run import train

share = stepper.share_gradients, stepper.share_buffers
SYSTEMS["toy"] = toy(by_rows, stage(epochs=2))
kept, run = [], Trainer.run
Trainer.run = lambda self: (kept.append(self), run(self))
for how in ("shared", "share_gradients", "share_buffers"):
    if how != "shared":
        setattr(stepper, how, lambda *_: None)
    train(toy_options(Path(sys.argv[1]), Path(sys.argv[2]) / how))
    rank = os.environ["RANK"]
    save_file(kept[-1].system.state_dict(), f"{sys.argv[2]}/{how}-{rank}.safetensors")
stepper.share_gradients, stepper.share_buffers = share
options = toy_options(Path(sys.argv[1]), Path(sys.argv[2]) / "stopped", checkpoint_every=3)
try:
    train(replace(options, max_steps=8))
except Interrupted:
    torch.distributed.barrier()  # the first one has written what both go on from
    train(options, resume=True)
part()
"""


def by_rows(system, name, batch, step):
    """A cost that pulls towards the pairs at hand, as a mean over them; their rows are noted."""
    system.norm(batch.row.float()[:, None])
    return (system.first.weight.sum() - batch.row.float()).square().mean() / 10


def costs(folder: Path) -> dict[int, float]:
    """What was recorded of each step, once."""
    steps = records(folder, "train")
    assert len({record["step"] for record in steps}) == len(steps)
    return {record["step"]: record["cost"] for record in steps}


def test_two_processes_train_like_one(run, data, tmp_path):
    """Half the batch in each gives the loss and gradient of the whole, and the same weights.

    So do running statistics. Where either is not shared, the processes part ways. Stopped and
    resumed, they end at the same weights, and nothing is recorded twice.
    """
    alone = run(toy(by_rows, stage(epochs=2)), name="one")
    one = load_weights(alone).state_dict()
    script = tmp_path / "both.py"
    script.write_text(BOTH)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, str(script), str(data), str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-6000:]
    ends = {
        (how, rank): load_file(tmp_path / f"{how}-{rank}.safetensors")
        for how in ("shared", "share_gradients", "share_buffers")
        for rank in (0, 1)
    }
    kept = load_weights(tmp_path / "shared").state_dict()
    for name in ("first.weight", "norm.running_mean"):
        first, second = (ends["shared", rank][name] for rank in (0, 1))
        assert torch.equal(first, second)
        assert torch.equal(first, kept[name])
        assert torch.allclose(first, one[name], rtol=1e-5)
    assert costs(tmp_path / "shared") == pytest.approx(costs(alone), rel=1e-5)
    assert len(costs(alone)) == 2 * STEPS
    assert costs(tmp_path / "stopped") == costs(tmp_path / "shared")
    resumed = load_weights(tmp_path / "stopped").state_dict()
    assert all(torch.equal(resumed[name], kept[name]) for name in kept)
    for how, name in (("share_gradients", "first.weight"), ("share_buffers", "norm.running_mean")):
        assert not torch.equal(ends[how, 0][name], ends[how, 1][name])


def test_a_trainer_goes_through_what_is_left_alone(run, data, tmp_path, monkeypatch):
    """A run that has ended ends at once when it is resumed, with the same weights."""
    system = toy(slope, stage(epochs=2))
    folder = run(system)
    monkeypatch.setattr(Trainer, "_train_step", None)
    assert weight(run(system, resume=True)) == weight(folder) == -2 * STEPS * LR
    assert TrainOptions.read(folder).epochs is None


def test_a_phase_leaves_no_gradient_in_networks_that_it_does_not_train():
    torch.manual_seed(0)
    cls = SYSTEMS["aivae-gan"]
    system = cls(cls.presets["debug"])
    batch = Batch(
        sound=torch.rand(8, *system.shape("sound")) * 2 - 1,
        image=torch.rand(8, *system.shape("image")) * 2 - 1,
        label=torch.arange(8),
        row=torch.arange(8),
    )
    step = Step(0, 0, torch.Generator().manual_seed(0))
    Stepper(system, system.stages()[0], Accelerator(cpu=True)).take(batch, step)
    assert all(parameter.grad is None for parameter in system.parameters())
