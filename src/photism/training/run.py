"""Training from the outside: a run begins, or goes on where it was stopped."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path

from photism.errors import ConfigError, TrainingError
from photism.files import claimed, clear_leftovers, require_room
from photism.training.checkpoint import Checkpoint, list_checkpoints
from photism.training.device import is_first_process, stop_signals
from photism.training.loop import Trainer
from photism.training.options import TrainOptions
from photism.training.plan import Plan, resolve
from photism.training.record import warn
from photism.training.recovery import newest_checkpoint, set_aside_after
from photism.training.terms import changed_machine
from photism.training.validation import Critic


def train(options: TrainOptions, *, resume: bool = False, critic: Critic | None = None) -> Path:
    """Run, or go on with, a training run.

    Args:
        options: what to do; see `TrainOptions`.
        resume: go on from the newest whole checkpoint in `options.out`.
        critic: `options.judge`, loaded (`photism.evaluation.critic`); it picks the weights kept.

    Returns:
        The folder of the final weights, `options.out / "weights"`.

    Raises:
        ConfigError, DataError, StorageError: told before the first step; also that another process
            trains in this folder.
        TrainingError: a loss that is not finite, a run that exists already or was begun with other
            data or settings, no checkpoint that is whole.
        Interrupted: Ctrl-C, SIGTERM or `max_steps`; the run can be resumed.
    """
    plan = resolve(options)
    _require_critic(plan, critic)
    require_room(options.out, 3 * plan.checkpoint_bytes)
    for name in ("checkpoints", "samples"):
        clear_leftovers(options.out / name)
    with claimed(options.out) if is_first_process() else nullcontext():
        if not resume and list_checkpoints(options.out / "checkpoints"):
            command = shlex.join(["photism", "train", "--resume", str(options.out)])
            raise TrainingError(
                f"{options.out} already holds a run: `{command}` goes on with it; choose another"
                " folder for a new one"
            )
        checkpoint = _where_it_stopped(options)
        trainer = Trainer(plan, checkpoint, critic)
        try:
            _announce(trainer, checkpoint)
            with stop_signals() as trainer.signals:
                trainer.run()
        finally:
            trainer.recorder.close()
    return options.out / "weights"


def _where_it_stopped(options: TrainOptions) -> Checkpoint | None:
    """Find the newest whole checkpoint; one that is damaged is told of and put aside."""
    first = is_first_process()
    say = warn if first else (lambda _: None)
    checkpoint = newest_checkpoint(options.out / "checkpoints", say)
    if checkpoint and first:
        set_aside_after(checkpoint)
    return checkpoint


def _announce(trainer: Trainer, checkpoint: Checkpoint | None) -> None:
    """Say where the run goes on and under which circumstances, and record these."""
    recorder, plan = trainer.recorder, trainer.plan
    if checkpoint:
        recorder.say(f"going on after step {checkpoint.progress.total}")
        recorder.warn(changed_machine(checkpoint.terms, trainer.terms))
    if plan.options.validation and not len(plan.pairs.held_out):
        group = plan.pairs.dataset.card.group
        recorder.warn(f"nothing is held out: no class of the data has two of its {group}s")
    recorder.note("start", trainer.progress.total, trainer.terms["machine"])


def _require_critic(plan: Plan, critic: Critic | None) -> None:
    name = plan.options.judge
    if name and critic is None:
        raise ConfigError(f"judge {name} is asked for: give train() a critic")
    if critic is not None and not len(plan.pairs.labelled):
        raise ConfigError(
            f"judge {name} picks the weights by pairs that are held out and have a class, and there"
            " are none: raise --validation, or leave --judge out"
        )
