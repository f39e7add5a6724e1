"""The training loop of every system. It knows stages, phases and losses, and no paper."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from photism.data.pairs import Batch, PairLoader
from photism.errors import ConfigError, TrainingError
from photism.files import claimed, require_room
from photism.stored import WeightsCard
from photism.systems.base import System
from photism.systems.stages import Phase, Stage, Step
from photism.systems.weights import save_weights
from photism.training.checkpoint import (
    Progress,
    list_checkpoints,
    load_checkpoint,
    read_progress,
    save_checkpoint,
)
from photism.training.device import (
    anybody,
    build_optimiser,
    is_first_process,
    make_accelerator,
    seed_step,
    share_gradients,
    stop_signals,
)
from photism.training.ledger import Ledger
from photism.training.options import TrainOptions
from photism.training.plan import Plan, resolve
from photism.training.record import Recorder
from photism.training.samples import write_samples
from photism.training.validation import Critic, recognised, validate


class Interrupted(TrainingError):  # noqa: N818 - it was asked for, and nothing is wrong
    """The run was asked to stop and has written a checkpoint."""


def train(options: TrainOptions, *, resume: bool = False, critic: Critic | None = None) -> Path:
    """Run, or go on with, a training run.

    Args:
        options: what to do; see `TrainOptions`.
        resume: go on from the newest checkpoint in `options.out`.
        critic: `options.judge`, loaded (`photism.evaluation.critic`); it picks the weights kept.

    Returns:
        The folder of the final weights, `options.out / "weights"`.

    Raises:
        ConfigError, DataError, StorageError: told before the first step; also that another process
            trains in this folder.
        TrainingError: a loss that is not finite, a run that exists already, a damaged checkpoint.
        Interrupted: Ctrl-C, SIGTERM or `max_steps`; the run can be resumed.
    """
    plan = resolve(options)
    _require_critic(plan, critic)
    require_room(options.out, 3 * plan.checkpoint_bytes)
    with claimed(options.out) if is_first_process() else nullcontext():
        existing = list_checkpoints(options.out / "checkpoints")
        if existing and not resume:
            raise TrainingError(
                f"{options.out} already holds a run: `photism train --resume {options.out}` goes on"
                " with it; choose another folder for a new one"
            )
        trainer = Trainer(plan, existing[-1] if existing else None, critic)
        try:
            with stop_signals() as trainer.signals:
                trainer.run()
        finally:
            trainer.recorder.close()
    return options.out / "weights"


def _require_critic(plan: Plan, critic: Critic | None) -> None:
    name = plan.options.judge
    if name and critic is None:
        raise ConfigError(f"judge {name} is asked for: give train() a critic")
    if critic is not None and not len(plan.held_out):
        raise ConfigError(
            f"judge {name} picks the weights by pairs that are held out, and there are none: raise"
            " --validation, or leave --judge out"
        )


class Trainer:
    """One run: networks, optimisers and progress on one device.

    Args:
        plan: what to do.
        checkpoint: where to go on from; None begins.
        critic: picks the weights that are kept, if there is one.
    """

    def __init__(self, plan: Plan, checkpoint: Path | None, critic: Critic | None) -> None:
        self.plan, self.options, self.checkpoint = plan, plan.options, checkpoint
        self.critic = critic
        self.accelerator = make_accelerator(self.options)
        self.progress = read_progress(checkpoint) if checkpoint else self._begun()
        self.system: System = plan.system.to(self.accelerator.device).train()
        self.system.lay_out(self.accelerator.device)
        self.average: AveragedModel | None = None
        if self.options.ema:
            follow = partial(_follow, self.options.ema)
            self.average = AveragedModel(self.system, multi_avg_fn=follow, use_buffers=True)
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.ledger = Ledger()
        self.signals: list[int] = []
        if self.accelerator.is_main_process:
            self.options.write(plan.config)
        self.recorder = Recorder(
            self.options.out,
            total=sum(plan.steps(stage) for stage in plan.stages),
            done=self.progress.total,
            active=self.accelerator.is_main_process,
        )

    def _begun(self) -> Progress:
        names = [stage.name for stage in self.plan.stages]
        return Progress(notes=list(self.plan.system.begin(names)))

    def run(self) -> None:
        """Train every stage that is left."""
        for note in self.progress.notes:
            self.recorder.warn(note)
        if self.options.validation and not len(self.plan.held_out):
            group = self.plan.dataset.card.group
            self.recorder.warn(f"nothing is held out: no class of the data has two of its {group}s")
        for index in range(self.progress.stage, len(self.plan.stages)):
            self._train_stage(self.plan.stages[index])
            self.progress = Progress(
                stage=index + 1, total=self.progress.total, notes=self.progress.notes
            )
        nothing_picked = not (self.options.out / "weights").is_dir()
        if not self._selects or nothing_picked:
            self._save_weights({})

    def _train_stage(self, stage: Stage) -> None:
        self.optimisers = {
            phase.name: build_optimiser(phase.optimiser, self._parameters(phase))
            for phase in stage.phases
        }
        if self.checkpoint:
            load_checkpoint(self.checkpoint, self._modules(), self.optimisers)
            self.recorder.say(f"going on after step {self.progress.total}")
            self.checkpoint = None
        elif self.average is not None:
            self.average.n_averaged.zero_()  # the first step of the stage copies all weights
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
        progress, options = self.progress, self.options
        order = progress.stage * 1_000_000 + progress.epoch
        self._set_rates(stage)
        for batch in loader.epoch(order, start=progress.batch):
            self._train_step(stage, batch)
            progress.batch += 1
            progress.number += 1
            progress.total += 1
            if progress.total % options.log_every == 0:
                self._settle(stage)
            if self._must_stop():
                self._save(stage)
                raise Interrupted(
                    f"stopped after step {progress.total}; go on with: photism train --resume"
                    f" {options.out}"
                )
            if progress.total % options.checkpoint_every == 0 and progress.batch < len(loader):
                if self.accelerator.is_main_process:
                    self._keep_if_best(stage, self._recognised(stage))
                self._save(stage)
        self._finish_epoch(stage)
        self._save(stage)

    def _set_rates(self, stage: Stage) -> None:
        for phase in stage.phases:
            rate = phase.optimiser.lr * stage.lr_factor(self.progress.epoch)
            for group in self.optimisers[phase.name].param_groups:
                group["lr"] = rate

    def _train_step(self, stage: Stage, batch: Batch) -> None:
        step = self._step()
        for phase in stage.phases:
            if step.number % phase.every:
                continue
            with self.accelerator.autocast():
                losses = self.system.losses(phase.name, batch, step)
            parameters = self._parameters(phase)
            losses.total.backward(inputs=parameters)
            share_gradients(self.accelerator, parameters)
            if phase.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(parameters, phase.clip_norm)
            self.optimisers[phase.name].step()
            self.optimisers[phase.name].zero_grad(set_to_none=True)
            self.ledger.add(self.progress.total + 1, phase.name, losses)
        if self.average is not None:
            self.average.update_parameters(self.system)

    def _step(self) -> Step:
        p = self.progress
        rng = seed_step(self.accelerator, self.options.seed, p.stage, p.number)
        return Step(p.number, p.epoch, rng, p.means)

    def _parameters(self, phase: Phase) -> list[torch.nn.Parameter]:
        return [p for name in phase.networks for p in getattr(self.system, name).parameters()]

    def _settle(self, stage: Stage) -> None:
        try:
            means = self.ledger.settle(self.progress.sums)
        except TrainingError as error:
            kept = list_checkpoints(self.options.out / "checkpoints")
            last = (
                f"the last good checkpoint is {kept[-1]}" if kept else "there is no checkpoint yet"
            )
            raise TrainingError(f"{error}; {last}; try a lower --set lr") from error
        if means:
            where = {"stage": stage.name, "epoch": self.progress.epoch + 1}
            self.recorder.record("train", self.progress.total, means, **where)
            epoch = f"{stage.name} {self.progress.epoch + 1}/{stage.epochs}"
            self.recorder.advance(epoch, self.progress.total, means)
            self.recorder.warn(self.system.diagnose(means, self.progress.number))

    def _finish_epoch(self, stage: Stage) -> None:
        self._settle(stage)
        p = self.progress
        where = {"stage": stage.name, "epoch": p.epoch + 1}
        means = {name: total / count for name, (total, count) in p.sums.items()}
        for name, mean in means.items():
            p.means.setdefault(name, []).append(mean)
        p.sums, p.epoch, p.batch = {}, p.epoch + 1, 0
        self.recorder.record("epoch", p.total, means, **where)
        if not self.accelerator.is_main_process:
            return
        last = self._is_last(stage)
        if len(self.plan.held_out):
            shown = self._shown()
            seen = validate(shown, self.plan, stage, self._step(), self.accelerator)
            if last:  # before, nothing is worth drawing
                write_samples(shown, self.plan, self.accelerator.device, p.epoch)
            self._keep_if_best(stage, seen | self._recognised(stage))
        if last and not self._selects:
            self._save_weights({"epoch": p.epoch})

    def _is_last(self, stage: Stage) -> bool:
        return stage.name == self.system.stages()[-1].name

    def _recognised(self, stage: Stage) -> dict[str, float]:
        """Ask the critic, if there is one and the stage trains what translates in the end."""
        if self.critic is None or not self._is_last(stage):
            return {}
        seen = recognised(self._shown(), self.critic, self.plan, stage, self.accelerator)
        return {"recognised": seen}

    @property
    def _selects(self) -> bool:
        """Whether the best weights are kept, not the last."""
        selection = self.critic is not None or self.system.selection is not None
        return selection and bool(len(self.plan.held_out))

    def _keep_if_best(self, stage: Stage, seen: dict[str, float]) -> None:
        """Record what was seen of held-out pairs, and keep the weights if none were better.

        Best is what the critic recognises most of, or without one what has the lowest `selection`.
        """
        if not seen:
            return
        p, judged = self.progress, self.critic is not None
        epoch = p.epoch + bool(p.batch)
        self.recorder.record("validation", p.total, seen, stage=stage.name, epoch=epoch)
        term, sign = ("recognised", -1) if judged else (self.system.selection, 1)
        if term in seen and (p.best is None or sign * seen[term] < p.best):
            p.best = sign * seen[term]
            self._save_weights({"epoch": epoch} | {f"validation {n}": v for n, v in seen.items()})

    def _save_weights(self, metrics: dict[str, float]) -> None:
        if not self.accelerator.is_main_process:
            return
        data = self.plan.dataset.card
        card = WeightsCard(
            data=data.name,
            data_notes=data.notes,
            classes=data.classes,
            licence=data.licence,
            data_sha256={name: shard["sha256"] for name, shard in data.shards.items()},
            command=self.options.command(data.name),
            seed=self.options.seed,
            steps=self.progress.total,
            metrics=metrics,
            notes=tuple(self.progress.notes),
        )
        folder = self.options.out / "weights"
        save_weights(self._shown(), folder, preset=self.plan.preset, card=card)

    def _shown(self) -> System:
        """The weights that are looked at and kept: the moving average where there is one."""
        return self.system if self.average is None else cast(System, self.average.module)

    def _modules(self) -> dict[str, torch.nn.Module]:
        modules: dict[str, torch.nn.Module] = {"system": self.system}
        return modules if self.average is None else {**modules, "average": self.average}

    def _save(self, stage: Stage) -> None:
        self._settle(stage)
        if self.accelerator.is_main_process:
            folder = self.options.out / "checkpoints"
            save_checkpoint(folder, self.progress, self._modules(), self.optimisers)

    def _must_stop(self) -> bool:
        done, options = self.progress.total, self.options
        if options.max_steps is not None and done >= options.max_steps:
            return True
        alone = self.accelerator.num_processes == 1
        if not alone and done % options.log_every:
            return False  # processes agree on stopping only now and then: it costs a transfer
        return anybody(self.accelerator, bool(self.signals))


def _follow(decay: float, average: list[Tensor], weights: list[Tensor], number: Tensor) -> None:
    """Move the average of `number` steps towards the weights; the first steps count for more."""
    done = int(number)
    get_ema_multi_avg_fn(min(decay, (1 + done) / (10 + done)))(average, weights, number)
