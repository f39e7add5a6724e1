"""What a run needs, looked up and checked before it begins: system, stages, data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from photism.config import override
from photism.data.pairs import PairLoader
from photism.errors import ConfigError, nearest
from photism.systems import find_preset, find_system
from photism.systems.base import System
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

    def steps_per_epoch(self, stage: Stage) -> int:
        """Return the steps of an epoch: as the stage counts them, or a pass over the data."""
        return stage.steps_per_epoch or len(self.pairs.rows) // stage.batch_size

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
        DataError: the data is missing or too small.
        WeightsError: what it should start from cannot be read, or does not fit.
    """
    cls = find_system(options.system)
    preset, config = find_preset(cls, options.preset)
    config = override(config, options.settings)
    pairs = Material.of(options.data, validation=options.validation, seed=options.seed)
    dataset = pairs.dataset
    if dataset.card.front_end != config.front_end:
        raise ConfigError(
            f"{options.data} was prepared with front end {dataset.card.front_end!r}, the system"
            f" wants {config.front_end!r}: add --set front_end={dataset.card.front_end}"
        )
    torch.manual_seed(options.seed)
    system = cls(config)
    system.preset = preset
    begun = bool(list_checkpoints(options.out / "checkpoints"))
    if options.start_from and not begun:
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
        PairLoader(dataset, stage.batch_size, rows=pairs.rows)  # complains if there are too few
    return Plan(options, preset, config, system, stages, pairs)


def _chosen(stages: tuple[Stage, ...], names: tuple[str, ...]) -> tuple[Stage, ...]:
    known = [stage.name for stage in stages]
    for name in names:
        if name not in known:
            raise ConfigError(f"no stage {name!r}: {nearest(name, known)}")
    return tuple(stage for stage in stages if not names or stage.name in names)
