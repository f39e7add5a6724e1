"""The training loop of every system. It knows stages, phases and losses, and no paper."""

from __future__ import annotations

from itertools import islice
from typing import cast

import torch
from torch.optim.swa_utils import AveragedModel

from photism.data.pairs import Batch
from photism.errors import TrainingError
from photism.systems.base import System
from photism.systems.stages import Stage, Step
from photism.training.average import averaged
from photism.training.checkpoint import Checkpoint, Progress, save_checkpoint
from photism.training.device import anybody, make_accelerator, seed_step
from photism.training.keeper import Keeper
from photism.training.plan import Plan
from photism.training.record import Recorder
from photism.training.reporter import Reporter
from photism.training.stepper import Stepper
from photism.training.terms import require_same_terms, terms_of
from photism.training.validation import Critic


class Interrupted(TrainingError):  # noqa: N818 - it was asked for, and nothing is wrong
    """The run was asked to stop and has written a checkpoint."""


class Trainer:
    """One run: networks, optimisers and progress on one device.

    Args:
        plan: what to do.
        checkpoint: where to go on from; None begins.
        critic: picks the weights that are kept, if there is one.

    Raises:
        TrainingError: the run was begun with other data or settings.
    """

    def __init__(self, plan: Plan, checkpoint: Checkpoint | None, critic: Critic | None) -> None:
        self.plan, self.options, self.checkpoint = plan, plan.options, checkpoint
        self.accelerator = make_accelerator(self.options)
        self.terms = terms_of(plan, self.accelerator)
        if checkpoint:
            require_same_terms(checkpoint.terms, self.terms, self.options.out)
        self.progress = checkpoint.progress if checkpoint else self._begun()
        self.system: System = plan.system.to(self.accelerator.device).train()
        self.system.lay_out(self.accelerator.device)
        decay = self.options.ema
        self.average: AveragedModel | None = averaged(self.system, decay) if decay else None
        if self.accelerator.is_main_process:
            self.options.write(plan.config)
        self.recorder = Recorder(
            self.options.out,
            total=sum(plan.steps(stage) for stage in plan.stages),
            done=self.progress.total,
            active=self.accelerator.is_main_process,
        )
        self.reporter = Reporter(self.system, self.accelerator, self.recorder, self.options.out)
        self.keeper = Keeper(plan, self.accelerator, self.recorder, critic)
        self.signals: list[int] = []

    def _begun(self) -> Progress:
        if self.options.start_from:  # weights that have begun before
            return Progress()
        names = [stage.name for stage in self.plan.stages]
        return Progress(notes=list(self.plan.system.begin(names)))

    def run(self) -> None:
        """Train every stage that is left."""
        for note in self.progress.notes:
            self.recorder.warn(note)
        for index in range(self.progress.stage, len(self.plan.stages)):
            self._train_stage(self.plan.stages[index])
            done = self.progress
            self.progress = Progress(stage=index + 1, total=done.total, notes=done.notes)
        if self.accelerator.is_main_process:
            self.keeper.after_run(self._shown(), self.progress)

    def _train_stage(self, stage: Stage) -> None:
        stepper = Stepper(self.system, stage, self.accelerator)
        if self.checkpoint:
            self.checkpoint.restore(self._modules(), stepper.optimisers)
            self.checkpoint = None
        elif self.average is not None:
            self.average.n_averaged.zero_()  # the first step of the stage copies all weights
        while self.progress.epoch < stage.epochs:
            self._train_epoch(stage, stepper)

    def _train_epoch(self, stage: Stage, stepper: Stepper) -> None:
        progress, steps = self.progress, self.plan.steps_per_epoch(stage)
        batches = self.plan.material(stage).batches(
            stage, self.options.seed, progress.stage, progress.number, self.accelerator
        )
        for batch in islice(batches, steps - progress.batch):
            self._train_step(stepper, batch)
            if progress.total % self.options.log_every == 0:
                self.reporter.settle(stage, progress)
            if self._must_stop():
                self._save(stage, stepper)
                raise Interrupted(
                    f"stopped after step {progress.total}; go on with: photism train --resume"
                    f" {self.options.out}"
                )
            if progress.total % self.options.checkpoint_every == 0 and progress.batch < steps:
                if self.accelerator.is_main_process:
                    self.keeper.before_checkpoint(self._shown(), stage, progress)
                self._save(stage, stepper)
        self.reporter.end_epoch(stage, progress)
        if self.accelerator.is_main_process:
            self.keeper.after_epoch(self._shown(), stage, self._step(), progress)
        self._save(stage, stepper)

    def _train_step(self, stepper: Stepper, batch: Batch) -> None:
        progress = self.progress
        losses = stepper.take(batch, self._step())
        self.reporter.add(progress, losses)
        if self.average is not None:
            self.average.update_parameters(self.system)
        progress.count_step()

    def _step(self) -> Step:
        p = self.progress
        rng = seed_step(self.accelerator, self.options.seed, p.stage, p.number)
        return Step(p.number, p.epoch, rng, p.means)

    def _shown(self) -> System:
        """The weights that are looked at and kept: the moving average where there is one."""
        return self.system if self.average is None else cast(System, self.average.module)

    def _modules(self) -> dict[str, torch.nn.Module]:
        modules: dict[str, torch.nn.Module] = {"system": self.system}
        return modules if self.average is None else {**modules, "average": self.average}

    def _save(self, stage: Stage, stepper: Stepper) -> None:
        self.reporter.settle(stage, self.progress)
        if self.accelerator.is_main_process:
            folder = self.options.out / "checkpoints"
            save_checkpoint(folder, self.progress, self.terms, self._modules(), stepper.optimisers)

    def _must_stop(self) -> bool:
        done, options = self.progress.total, self.options
        if options.max_steps is not None and done >= options.max_steps:
            return True
        alone = self.accelerator.num_processes == 1
        if not alone and done % options.log_every:
            return False  # processes agree on stopping only now and then: it costs a transfer
        return anybody(self.accelerator, bool(self.signals))
