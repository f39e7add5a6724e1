"""The training loop of every system. It knows stages, phases and losses, and no paper."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from photism.data.pairs import Batch, PairLoader
from photism.errors import TrainingError
from photism.files import require_room
from photism.systems.base import Phase, Stage, Step, System
from photism.systems.weights import save_weights
from photism.training.checkpoint import (
    Progress,
    list_checkpoints,
    load_checkpoint,
    read_progress,
    save_checkpoint,
)
from photism.training.device import build_optimiser, make_accelerator
from photism.training.options import TrainOptions
from photism.training.plan import Plan, resolve
from photism.training.record import Recorder
from photism.training.samples import write_samples

VALIDATION_PAIRS = 2048
"""Held-out pairs looked at after every epoch, at most."""


class Interrupted(TrainingError):
    """The run was asked to stop and has written a checkpoint."""


def train(options: TrainOptions, *, resume: bool = False) -> Path:
    """Run, or go on with, a training run.

    Args:
        options: what to do; see `TrainOptions`.
        resume: go on from the newest checkpoint in `options.out`.

    Returns:
        The folder of the final weights, `options.out / "weights"`.

    Raises:
        ConfigError, DataError, StorageError: told before the first step.
        TrainingError: a loss that is not finite, a run that exists already, a damaged checkpoint.
        Interrupted: Ctrl-C, SIGTERM or `max_steps`; the run can be resumed.
    """
    plan = resolve(options)
    existing = list_checkpoints(options.out / "checkpoints")
    if existing and not resume:
        raise TrainingError(
            f"{options.out} already holds a run: `photism train --resume {options.out}` goes on"
            " with it; choose another folder for a new one"
        )
    require_room(options.out, 3 * plan.checkpoint_bytes)
    trainer = Trainer(plan, existing[-1] if existing else None)
    try:
        with _stop_signals() as trainer.stop_signals:
            trainer.run()
    finally:
        trainer.recorder.close()
    return options.out / "weights"


class Trainer:
    """One run: networks, optimisers and progress on one device.

    Args:
        plan: what to do.
        checkpoint: where to go on from; None begins.
    """

    def __init__(self, plan: Plan, checkpoint: Path | None) -> None:
        self.plan, self.options, self.checkpoint = plan, plan.options, checkpoint
        self.accelerator = make_accelerator(self.options)
        self.system: System = plan.system.to(self.accelerator.device).train()
        self.average: AveragedModel | None = None
        if self.options.ema:
            decay = get_ema_multi_avg_fn(self.options.ema)
            self.average = AveragedModel(self.system, multi_avg_fn=decay)
        self.progress = read_progress(checkpoint) if checkpoint else Progress()
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.stop_signals: list[int] = []
        self._pending: list[tuple[int, str, tuple[str, ...], Tensor]] = []
        if self.accelerator.is_main_process:
            self.options.write(plan.config)
        self.recorder = Recorder(
            self.options.out,
            total=sum(plan.steps(stage) for stage in plan.stages),
            done=self.progress.total,
            active=self.accelerator.is_main_process,
        )

    def run(self) -> None:
        """Train every stage that is left."""
        for index in range(self.progress.stage, len(self.plan.stages)):
            self._train_stage(self.plan.stages[index])
            done = self.progress
            self.progress = Progress(stage=index + 1, total=done.total)
        if not len(self.plan.held_out) or self.system.selection is None:
            self._save_weights({})

    def _train_stage(self, stage: Stage) -> None:
        self.optimisers = {
            phase.name: build_optimiser(phase.optimiser, self.parameters(phase))
            for phase in stage.phases
        }
        if self.checkpoint:
            load_checkpoint(self.checkpoint, self._modules(), self.optimisers)
            self.recorder.say(f"going on after step {self.progress.total}")
            self.checkpoint = None
        loader = PairLoader(
            self.plan.dataset,
            stage.batch_size,
            seed=self.options.seed,
            rows=self.plan.rows,
            device=self.accelerator.device,
            rank=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )
        while self.progress.epoch < stage.epochs:
            self._train_epoch(stage, loader)

    def _train_epoch(self, stage: Stage, loader: PairLoader) -> None:
        progress = self.progress
        order = progress.stage * 1_000_000 + progress.epoch
        for batch in loader.epoch(order, start=progress.batch):
            self._train_step(stage, batch)
            progress.batch += 1
            progress.number += 1
            progress.total += 1
            if progress.total % self.options.log_every == 0:
                self._flush(stage)
            if self._must_stop():
                self._save(stage)
                raise Interrupted(
                    f"stopped after step {progress.total}; go on with: photism train --resume"
                    f" {self.options.out}"
                )
            if progress.total % self.options.checkpoint_every == 0:
                self._save(stage)
        self._flush(stage)
        self._finish_epoch(stage)
        self._save(stage)

    def _train_step(self, stage: Stage, batch: Batch) -> None:
        number = self.progress.number
        step = Step(number, self.progress.epoch, self._seed_step(number), self.progress.means)
        for phase in stage.phases:
            if number % phase.every:
                continue
            with self.accelerator.autocast():
                losses = self.system.losses(phase.name, batch, step)
            parameters = self.parameters(phase)
            losses.total.backward(inputs=parameters)
            self._share_gradients(parameters)
            if phase.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(parameters, phase.clip_norm)
            self.optimisers[phase.name].step()
            self.optimisers[phase.name].zero_grad(set_to_none=True)
            values = torch.stack(
                [v.detach().float() for v in (losses.total, *losses.terms.values())]
            )
            self._pending.append((self.progress.total + 1, phase.name, tuple(losses.terms), values))
        if self.average is not None:
            self.average.update_parameters(self.system)

    def parameters(self, phase: Phase) -> list[torch.nn.Parameter]:
        """Return the parameters that a phase moves."""
        return [p for name in phase.networks for p in getattr(self.system, name).parameters()]

    def _seed_step(self, number: int) -> torch.Generator:
        """Seed everything random in a step from its number, so that nothing needs be saved."""
        entropy = (self.options.seed, self.progress.stage, number, self.accelerator.process_index)
        seeds = np.random.SeedSequence(entropy).generate_state(2, np.uint64)
        torch.manual_seed(int(seeds[0] >> np.uint64(1)))
        generator = torch.Generator(self.accelerator.device)
        return generator.manual_seed(int(seeds[1] >> np.uint64(1)))

    def _share_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        """Average gradients over processes, in one transfer; networks stay unwrapped."""
        if self.accelerator.num_processes == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        flat = self.accelerator.reduce(flat, reduction="mean")
        for gradient, part in zip(
            gradients, flat.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))

    def _flush(self, stage: Stage) -> None:
        """Fetch the losses since the last call, check them, add them up and record their means."""
        if not self._pending:
            return
        names = [("loss", *terms) for _, _, terms, _ in self._pending]
        numbers = torch.cat([values for _, _, _, values in self._pending]).tolist()
        window: dict[str, list[float]] = {}
        position = 0
        for (step, phase, _, _), labels in zip(self._pending, names, strict=True):
            for name in labels:
                value = numbers[position]
                position += 1
                if not np.isfinite(value):
                    self._report_not_finite(step, phase, name, value)
                if name == "loss":
                    continue
                window.setdefault(name, []).append(value)
                total = self.progress.sums.setdefault(name, [0.0, 0.0])
                total[0] += value
                total[1] += 1
        self._pending.clear()
        means = {name: sum(values) / len(values) for name, values in window.items()}
        where = {"stage": stage.name, "epoch": self.progress.epoch + 1}
        self.recorder.record("train", self.progress.total, means, **where)
        epoch = f"{stage.name} {self.progress.epoch + 1}/{stage.epochs}"
        self.recorder.advance(epoch, self.progress.total, means)
        self.recorder.warn(self.system.diagnose(means, self.progress.number))

    def _report_not_finite(self, step: int, phase: str, name: str, value: float) -> None:
        kept = list_checkpoints(self.options.out / "checkpoints")
        last = f"the last good checkpoint is {kept[-1]}" if kept else "no checkpoint was reached"
        raise TrainingError(
            f"{name} of phase {phase!r} became {value} at step {step}: {last}; try a lower learning"
            " rate or --precision fp32"
        )

    def _finish_epoch(self, stage: Stage) -> None:
        progress = self.progress
        where = {"stage": stage.name, "epoch": progress.epoch + 1}
        means = {name: total / count for name, (total, count) in progress.sums.items()}
        for name, mean in means.items():
            progress.means.setdefault(name, []).append(mean)
        progress.sums, progress.epoch, progress.batch = {}, progress.epoch + 1, 0
        self.recorder.record("epoch", progress.total, means, **where)
        if len(self.plan.held_out) and self.accelerator.is_main_process:
            seen = self._validate(stage)
            self.recorder.record("validation", progress.total, seen, **where)
            self._select(seen, progress.epoch)
            write_samples(self._shown(), self.plan, self.accelerator.device, progress.epoch)

    @torch.no_grad()
    def _validate(self, stage: Stage) -> dict[str, float]:
        """Return the loss terms on held-out pairs, with the same noise every time."""
        system = self._shown()
        rows = np.random.default_rng(0).permutation(self.plan.held_out)[:VALIDATION_PAIRS]
        loader = PairLoader(
            self.plan.dataset, 256, rows=rows, shuffle=False, device=self.accelerator.device
        )
        sums: dict[str, float] = {}
        rng = torch.Generator(self.accelerator.device).manual_seed(0)
        system.eval()
        for batch in loader.epoch():
            step = Step(self.progress.number, self.progress.epoch, rng, self.progress.means)
            for phase in stage.phases:
                with self.accelerator.autocast():
                    losses = system.losses(phase.name, batch, step)
                for name, value in losses.terms.items():
                    sums[name] = sums.get(name, 0.0) + float(value) * len(batch)
        self.system.train()
        return {name: total / len(rows) for name, total in sums.items()}

    def _select(self, seen: dict[str, float], epoch: int) -> None:
        """Keep the weights with the lowest held-out value of the system's `selection` term."""
        if (term := self.system.selection) is None:
            return
        if self.progress.best is None or seen[term] < self.progress.best:
            self.progress.best = seen[term]
            self._save_weights({"epoch": epoch, **{f"validation {k}": v for k, v in seen.items()}})

    def _save_weights(self, metrics: dict[str, float]) -> None:
        if not self.accelerator.is_main_process:
            return
        data = self.plan.dataset.card
        card = {
            "data": data.name,
            "data_notes": list(data.notes),
            "licence": data.licence,
            "seed": self.options.seed,
            "steps": self.progress.total,
            "metrics": metrics,
        }
        save_weights(
            self._shown(), self.options.out / "weights", preset=self.plan.preset, card=card
        )

    def _shown(self) -> System:
        """The weights that are looked at and kept: the moving average where there is one."""
        return self.average.module if self.average is not None else self.system

    def _modules(self) -> dict[str, torch.nn.Module]:
        modules: dict[str, torch.nn.Module] = {"system": self.system}
        return modules if self.average is None else {**modules, "average": self.average}

    def _save(self, stage: Stage) -> None:
        self._flush(stage)
        if self.accelerator.is_main_process:
            folder = self.options.out / "checkpoints"
            save_checkpoint(folder, self.progress, self._modules(), self.optimisers)

    def _must_stop(self) -> bool:
        if self.options.max_steps is not None and self.progress.total >= self.options.max_steps:
            return True
        if self.accelerator.num_processes == 1:
            return bool(self.stop_signals)
        if self.progress.total % self.options.log_every:
            return False  # processes agree on stopping only now and then: it costs a transfer
        asked = torch.tensor(float(bool(self.stop_signals)), device=self.accelerator.device)
        return bool(self.accelerator.reduce(asked, reduction="sum") > 0)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM instead of dying of them; outside the main thread do nothing."""
    received: list[int] = []
    previous = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, lambda n, _: received.append(n))
    except ValueError:
        pass  # not the main thread
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
