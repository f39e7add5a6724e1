"""Which weights of a run are kept: the best by held-out pairs, or the last."""

from __future__ import annotations

from accelerate import Accelerator

from photism.stored import WeightsCard
from photism.systems.base import System
from photism.systems.stages import Stage, Step
from photism.systems.weights import save_weights
from photism.training.checkpoint import Progress
from photism.training.plan import Plan
from photism.training.record import Recorder
from photism.training.samples import write_samples
from photism.training.validation import Critic, recognised, remember, validate


class Keeper:
    """Looks at held-out pairs and writes weights; used by the main process alone.

    Best is what the critic recognises most of, or without one what has the lowest `selection`.

    Args:
        plan: of the run.
        accelerator: device and precision.
        recorder: told of what is seen.
        critic: picks the weights that are kept, if there is one.
    """

    def __init__(
        self, plan: Plan, accelerator: Accelerator, recorder: Recorder, critic: Critic | None
    ) -> None:
        self.plan, self.accelerator, self.recorder = plan, accelerator, recorder
        self.critic = critic
        chosen = critic is not None or plan.system.selection is not None
        self.selects = chosen and bool(len(plan.pairs.held_out))
        """Whether the best weights are kept, not the last."""

    def after_epoch(self, system: System, stage: Stage, step: Step, progress: Progress) -> None:
        """Validate, draw samples, and keep the weights if they are to be kept.

        Args:
            system: the weights to look at.
            stage: the one being trained.
            step: where training stands, for the losses.
            progress: where the run stands; `best` is brought up to date.
        """
        last, material = self._is_last(stage), self.plan.material(stage)
        if len(material.held_out):
            seen = validate(system, material, stage, step, self.accelerator)
            if last:  # before, nothing is worth drawing
                write_samples(system, self.plan, self.accelerator.device, progress.epoch)
            self._keep_if_best(system, stage, progress, seen | self._recognised(system, stage))
        if last and not self.selects:
            self.save(system, progress, {"epoch": progress.epoch})

    def before_checkpoint(self, system: System, stage: Stage, progress: Progress) -> None:
        """Have the critic look in the middle of an epoch, if there is one."""
        self._keep_if_best(system, stage, progress, self._recognised(system, stage))

    def after_run(self, system: System, progress: Progress) -> None:
        """Keep the last weights, where no best ones were picked."""
        if not self.selects or not (self.plan.options.out / "weights").is_dir():
            self.save(system, progress, {})

    def save(self, system: System, progress: Progress, metrics: dict[str, float]) -> None:
        """Write weights with their card."""
        options, data = self.plan.options, self.plan.pairs.dataset.card
        card = WeightsCard(
            data=data.name,
            data_notes=data.notes,
            classes=data.classes,
            licence=data.licence,
            data_sha256={name: shard["sha256"] for name, shard in data.shards.items()},
            command=options.command(data.name, self.plan.sounds_name),
            seed=options.seed,
            steps=progress.total,
            level_range=data.level_range,
            metrics=metrics,
            notes=tuple(progress.notes),
        )
        remember(system, self.plan.pairs, self.accelerator.device)
        save_weights(system, options.out / "weights", preset=self.plan.preset, card=card)

    def _is_last(self, stage: Stage) -> bool:
        return stage.name == self.plan.system.stages()[-1].name

    def _recognised(self, system: System, stage: Stage) -> dict[str, float]:
        """Ask the critic, if there is one and the stage trains what translates in the end."""
        if self.critic is None or not self._is_last(stage):
            return {}
        pairs = self.plan.pairs
        return {"recognised": recognised(system, self.critic, pairs, stage, self.accelerator)}

    def _keep_if_best(
        self, system: System, stage: Stage, progress: Progress, seen: dict[str, float]
    ) -> None:
        """Record what was seen of held-out pairs, and keep the weights if none were better."""
        if not seen:
            return
        epoch = progress.epoch + bool(progress.batch)
        self.recorder.record("validation", progress.total, seen, stage=stage.name, epoch=epoch)
        judged = self.critic is not None
        term, sign = ("recognised", -1) if judged else (self.plan.system.selection, 1)
        if term in seen and (progress.best is None or sign * seen[term] < progress.best):
            progress.best = sign * seen[term]
            figures = {f"validation {name}": value for name, value in seen.items()}
            self.save(system, progress, {"epoch": epoch} | figures)
