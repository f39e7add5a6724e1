"""What becomes of the losses of a run: checked, added up by epoch, recorded, warned of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from accelerate import Accelerator

from photism.errors import TrainingError
from photism.systems.base import System
from photism.systems.stages import Losses, Stage
from photism.training.checkpoint import Progress, list_checkpoints
from photism.training.device import share_losses
from photism.training.ledger import Ledger
from photism.training.record import Recorder


class Reporter:
    """Reports the losses of steps and epochs.

    Args:
        system: says what goes wrong.
        accelerator: the processes whose losses are averaged.
        recorder: told of all.
        run: the run folder.
    """

    def __init__(
        self, system: System, accelerator: Accelerator, recorder: Recorder, run: Path
    ) -> None:
        self.system, self.recorder, self.run = system, recorder, run
        self.ledger = Ledger(partial(share_losses, accelerator))

    def add(self, progress: Progress, losses: Mapping[str, Losses]) -> None:
        """Note the losses of the step that comes after `progress`, by phase."""
        for phase, found in losses.items():
            self.ledger.add(progress.total + 1, phase, found)

    def settle(self, stage: Stage, progress: Progress) -> None:
        """Fetch the losses since the last time, add them up, and report their means.

        Args:
            stage: the one being trained.
            progress: where the run stands; `sums` is brought up to date.

        Raises:
            TrainingError: a loss is not finite.
            StorageError: the disk is full.
        """
        try:
            means = self.ledger.settle(progress.sums)
        except TrainingError as error:
            kept = list_checkpoints(self.run / "checkpoints")
            last = f"the last good checkpoint is {kept[-1]}" if kept else "there is no checkpoint"
            raise TrainingError(f"{error}; {last}; try a lower --set lr") from error
        if means:
            where = {"stage": stage.name, "epoch": progress.epoch + 1}
            self.recorder.record("train", progress.total, means, **where)
            epoch = f"{stage.name} {progress.epoch + 1}/{stage.epochs}"
            self.recorder.advance(epoch, progress.total, means)
            self.recorder.warn(self.system.diagnose(means, progress.number))

    def end_epoch(self, stage: Stage, progress: Progress) -> None:
        """Report the means of an epoch, and begin the next in `progress`.

        Args:
            stage: the one being trained.
            progress: where the run stands.
        """
        self.settle(stage, progress)
        means = {name: total / count for name, (total, count) in progress.sums.items()}
        for name, mean in means.items():
            progress.means.setdefault(name, []).append(mean)
        progress.sums, progress.epoch, progress.batch = {}, progress.epoch + 1, 0
        where = {"stage": stage.name, "epoch": progress.epoch}
        self.recorder.record("epoch", progress.total, means, **where)
