"""What a run would do, found out before it begins: networks, steps, memory, disk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from photism.config import override
from photism.data.pairs import PairDataset, PairLoader, hold_out
from photism.errors import ConfigError, nearest
from photism.systems import find_preset, find_system
from photism.systems.base import System, parameter_count
from photism.systems.stages import Stage, Step
from photism.systems.weights import go_on_from
from photism.training.options import TrainOptions


@dataclass
class Plan:
    """Everything a run needs, resolved and checked."""

    options: TrainOptions
    preset: str
    config: Any
    system: System
    stages: tuple[Stage, ...]
    dataset: PairDataset
    rows: np.ndarray
    """Pairs of `dataset` to train on."""
    validation: PairDataset
    held_out: np.ndarray
    """Pairs of `validation` to watch and select on; none if validation is off."""

    def steps(self, stage: Stage) -> int:
        """Return the steps of one stage."""
        return len(self.rows) // stage.batch_size * stage.epochs

    @property
    def checkpoint_bytes(self) -> int:
        """Room that one checkpoint takes: weights, two Adam moments, an average if there is one."""
        weights = sum(t.numel() * t.element_size() for t in self.system.state_dict().values())
        return weights * (3 + bool(self.options.ema))


def resolve(options: TrainOptions) -> Plan:
    """Look up the system, apply the settings, open the data, build the networks from the seed.

    Args:
        options: as asked for.

    Returns:
        Everything found.

    Raises:
        ConfigError: unknown system, preset, stage, field or value; front end other than the data's.
        DataError: the data is missing or too small.
        WeightsError: what it should start from cannot be read, or does not fit.
    """
    cls = find_system(options.system)
    preset, config = find_preset(cls, options.preset)
    config = override(config, options.settings)
    dataset = PairDataset(options.data, "train")
    if dataset.card.front_end != config.front_end:
        raise ConfigError(
            f"{options.data} was prepared with front end {dataset.card.front_end!r}, the system"
            f" wants {config.front_end!r}: add --set front_end={dataset.card.front_end}"
        )
    rows, validation, held_out = _split(dataset, options)
    torch.manual_seed(options.seed)
    system = cls(config)
    system.preset = preset
    if options.start_from:
        go_on_from(system, options.start_from)
    system.prepare(dataset)
    stages = tuple(
        replace(
            stage.lasting(options.epochs or stage.epochs),
            batch_size=options.batch_size or stage.batch_size,
        )
        for stage in _chosen(system.stages(), options.stages)
    )
    for stage in stages:
        PairLoader(dataset, stage.batch_size, rows=rows)  # complains if there are too few pairs
    return Plan(options, preset, config, system, stages, dataset, rows, validation, held_out)


def _chosen(stages: tuple[Stage, ...], names: tuple[str, ...]) -> tuple[Stage, ...]:
    known = [stage.name for stage in stages]
    for name in names:
        if name not in known:
            raise ConfigError(f"no stage {name!r}: {nearest(name, known)}")
    return tuple(stage for stage in stages if not names or stage.name in names)


def _split(
    dataset: PairDataset, options: TrainOptions
) -> tuple[np.ndarray, PairDataset, np.ndarray]:
    """Use the data's own validation split, else hold groups out of the training split."""
    if options.validation and "validation" in dataset.card.counts:
        validation = PairDataset(options.data, "validation")
        return np.arange(len(dataset)), validation, np.arange(len(validation))
    rows, held_out = hold_out(dataset, options.validation, seed=options.seed)
    return rows, dataset, held_out


def describe(plan: Plan) -> dict[str, Any]:
    """Return what a dry run prints: config, networks, stages, memory, disk."""
    return {
        "system": plan.system.name,
        "preset": plan.preset,
        "config": asdict(plan.config),
        "data": {
            "folder": str(plan.options.data),
            "train": len(plan.rows),
            "validation": len(plan.held_out),
        },
        "networks": {
            name: {"parameters": parameter_count(network)}
            for name, network in plan.system.networks().items()
        },
        "stages": {
            stage.name: {
                "epochs": stage.epochs,
                "batch_size": stage.batch_size,
                "steps": plan.steps(stage),
                "phases": {p.name: asdict(p) for p in stage.phases},
                "memory_mb": round(estimate_memory(plan, stage) / 1e6),
            }
            for stage in plan.stages
        },
        "checkpoint_mb": round(plan.checkpoint_bytes / 1e6, 1),
    }


def estimate_memory(plan: Plan, stage: Stage) -> int:
    """Estimate the bytes of a training step: weights, gradients, moments and what is kept.

    Activations are counted, not guessed: one small batch runs through every phase and what
    autograd saves of it is scaled to the stage's batch size. Workspace of single layers and the
    libraries' own memory (about 500 MB for torch) come on top.
    """
    probe = min(4, len(plan.rows))
    loader = PairLoader(plan.dataset, probe, rows=plan.rows, shuffle=False)
    batch = loader.batch(plan.rows[:probe])
    own = {p.untyped_storage().data_ptr() for p in plan.system.parameters()}
    saved: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    state = {name: value.clone() for name, value in plan.system.state_dict().items()}
    step = Step(0, 0, torch.Generator().manual_seed(0))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        kept = [plan.system.losses(phase.name, batch, step).total for phase in stage.phases]
    del kept
    plan.system.load_state_dict(state)  # batch norm has moved
    weights = sum(p.numel() * p.element_size() for p in plan.system.parameters())
    return 4 * weights + sum(saved.values()) * stage.batch_size // probe
