"""What a run needs, looked up and checked before it begins: system, stages, data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from photism.config import override
from photism.data.pairs import PairDataset, PairLoader
from photism.devices import memory_bytes
from photism.errors import ConfigError, nearest
from photism.media import MEDIA, Medium
from photism.systems import find_preset, find_system
from photism.systems.base import System
from photism.systems.requirements import require_shapes
from photism.systems.stages import Stage
from photism.systems.weights import go_on_from
from photism.training.checkpoint import list_checkpoints
from photism.training.material import Material
from photism.training.options import TrainOptions


@dataclass
class Plan:
    """Everything a run needs, resolved and checked."""

    options: TrainOptions
    preset: str
    config: Any
    system: System
    stages: tuple[Stage, ...]
    pairs: Material
    sounds: Material | None
    """What stages read that learn from sounds alone; None is the sounds of the pairs."""

    def material(self, stage: Stage) -> Material:
        """Return what a stage reads."""
        return self.sounds if self.sounds and stage.reads == ("sound",) else self.pairs

    @property
    def sounds_name(self) -> str | None:
        """Name of the data of sounds alone, if there are some."""
        return self.sounds.dataset.card.name if self.sounds else None

    def steps_per_epoch(self, stage: Stage) -> int:
        """Return the steps of an epoch: as the stage counts them, or a pass over the data."""
        return stage.steps_per_epoch or len(self.material(stage).rows) // stage.batch_size

    def steps(self, stage: Stage) -> int:
        """Return the steps of one stage."""
        return self.steps_per_epoch(stage) * stage.epochs

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
        DataError: the data is missing, too small, or of another shape.
        WeightsError: what it should start from cannot be read, or does not fit.
    """
    cls = find_system(options.system)
    preset, config = find_preset(cls, options.preset)
    config = override(config, options.settings)
    _require_memory(cls, config)
    torch.manual_seed(options.seed)
    system = cls(config)
    system.preset = preset
    chosen = _chosen(system.stages(), options.stages)
    pairs = _pairs(options, chosen)
    dataset = pairs.dataset
    _require_front_end(dataset, config)
    begun = bool(list_checkpoints(options.out / "checkpoints"))
    if options.start_from and not begun:
        go_on_from(system, options.start_from)
    require_shapes(dataset, system)
    system.prepare(dataset)
    stages = tuple(
        replace(
            stage.lasting(options.epochs or stage.epochs),
            batch_size=options.batch_size or stage.batch_size,
        )
        for stage in chosen
    )
    plan = Plan(options, preset, config, system, stages, pairs, _sounds(options, system, stages))
    for stage in stages:  # a loader complains where there are too few
        material = plan.material(stage)
        PairLoader(material.dataset, stage.batch_size, rows=material.rows)
    return plan


def _pairs(options: TrainOptions, stages: tuple[Stage, ...]) -> Material:
    """Open the pairs; where all stages learn from sounds alone, they need no pictures."""
    alone = all(stage.reads == ("sound",) for stage in stages) and not options.judge
    needs: tuple[Medium, ...] = ("sound",) if alone else MEDIA
    return Material.of(options.data, validation=options.validation, seed=options.seed, needs=needs)


def _require_memory(cls: type[System], config: Any) -> None:
    """Refuse networks that this machine cannot hold, before any memory is asked for."""
    with torch.device("meta"):  # sizes cost nothing there, whatever the config asks for
        weights = sum(p.numel() * p.element_size() for p in cls(config).parameters())
    needed, there = 4 * weights, memory_bytes()  # weights, gradients and two moments
    if needed > there:
        raise ConfigError(
            f"{cls.title} with these settings takes {needed / 1e9:,.0f} GB to train, of the"
            f" {there / 1e9:,.0f} GB of this machine: choose smaller ones"
        )


def _sounds(options: TrainOptions, system: System, stages: tuple[Stage, ...]) -> Material | None:
    """Open the sounds for stages that read nothing else."""
    if options.sounds is None:
        return None
    if not any(stage.reads == ("sound",) for stage in stages):
        raise ConfigError(f"no stage of {system.title} reads sounds alone: leave --sounds out")
    sounds = Material.of(
        options.sounds, validation=options.validation, seed=options.seed, needs=("sound",)
    )
    _require_front_end(sounds.dataset, system.config)
    require_shapes(sounds.dataset, system)
    return sounds


def _require_front_end(dataset: PairDataset, config: Any) -> None:
    found = dataset.card.front_end
    if found != config.front_end:
        raise ConfigError(
            f"{dataset.folder} was prepared with front end {found!r}, the system wants"
            f" {config.front_end!r}: add --set front_end={found}"
        )


def _chosen(stages: tuple[Stage, ...], names: tuple[str, ...]) -> tuple[Stage, ...]:
    known = [stage.name for stage in stages]
    for name in names:
        if name not in known:
            raise ConfigError(f"no stage {name!r}: {nearest(name, known)}")
    return tuple(stage for stage in stages if not names or stage.name in names)
