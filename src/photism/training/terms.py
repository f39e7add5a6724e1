"""What a run is trained under, kept with its checkpoints: a resumed run is held to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from photism.config import settings_of
from photism.errors import TrainingError
from photism.files import parse_json
from photism.training.plan import Plan
from photism.version import __version__

OPTIONS = ("system", "stages", "seed", "validation", "judge", "precision", "ema")
"""The options that decide the weights beside settings, batch sizes and data."""


def terms_of(plan: Plan, accelerator: Accelerator) -> dict[str, Any]:
    """Return all that decides what steps do to the weights, as JSON can hold it.

    Args:
        plan: of the run.
        accelerator: its device and processes.

    Returns:
        `settings`, `data` and `machine`: name to value.
    """
    options, card = plan.options, plan.pairs.dataset.card
    settings = {f"--{name}": getattr(options, name) for name in OPTIONS}
    settings |= {f"--batch-size of {stage.name}": stage.batch_size for stage in plan.stages}
    settings |= {f"--set {name}": value for name, value in settings_of(plan.config).items()}
    machine = {
        "threads": torch.get_num_threads(),
        "processes": accelerator.num_processes,
        "device": accelerator.device.type,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "photism": __version__,
    }
    data = {"classes": card.classes, **plan.pairs.checksums}
    if plan.sounds:
        data |= {f"{name} of --sounds": sha for name, sha in plan.sounds.checksums.items()}
    terms = {"settings": settings, "data": data, "machine": machine}
    return dict(parse_json(json.dumps(terms)))  # as they will be read


def require_same_terms(begun: Mapping[str, Any], now: Mapping[str, Any], run: Path) -> None:
    """Refuse to go on with other data or settings than a run began with.

    Args:
        begun: the terms of its checkpoint.
        now: those that it would go on with.
        run: its folder.

    Raises:
        TrainingError: names what differs.
    """
    new = f"or begin a new run with --start-from {run}"
    if changed := _changed(begun["data"], now["data"]):
        raise TrainingError(
            f"{run} was begun on other data: {', '.join(changed)} differ from what was there; bring"
            f" that back, {new}"
        )
    if changed := _changed(begun["settings"], now["settings"]):
        name = changed[0]
        was, is_ = (terms["settings"].get(name, "nothing") for terms in (begun, now))
        raise TrainingError(
            f"{run} was begun with {name} {was}, not {is_}: put that back in its config.json, {new}"
        )


def changed_machine(begun: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Return a warning if a run goes on under circumstances that change its weights a little.

    Args:
        begun: the terms of its checkpoint.
        now: those that it goes on with.

    Returns:
        One line, or None.
    """
    was, is_ = begun["machine"], now["machine"]
    changed = [f"{n} {is_.get(n)} (before: {was.get(n)})" for n in _changed(was, is_)]
    if not changed:
        return None
    return (
        f"the machine has changed: {'; '.join(changed)}: the weights will not be, to the last bit,"
        " those of a run that was never stopped"
    )


def _changed(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    names = [*first, *(name for name in second if name not in first)]
    return [name for name in names if first.get(name) != second.get(name)]
