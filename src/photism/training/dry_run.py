"""What a run would do, told before it begins: networks, steps, memory, disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from photism.data.pairs import PairLoader
from photism.systems.base import parameter_count
from photism.systems.stages import Stage, Step
from photism.training.plan import Plan


def describe(plan: Plan) -> dict[str, Any]:
    """Return what a dry run prints: config, networks, stages, memory, disk."""
    return {
        "system": plan.system.name,
        "preset": plan.preset,
        "config": asdict(plan.config),
        "data": {
            "folder": str(plan.options.data),
            "train": len(plan.pairs.rows),
            "validation": len(plan.pairs.held_out),
        },
        "networks": {
            name: {"parameters": parameter_count(network)}
            for name, network in plan.system.networks().items()
        },
        "stages": {
            stage.name: {
                "epochs": stage.epochs,
                "batch_size": stage.batch_size,
                "reads": " and ".join(stage.reads),
                "pairs": len(plan.material(stage).rows),
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
    material = plan.material(stage)
    rows = material.rows[:4]
    loader = PairLoader(material.dataset, len(rows), rows=rows, shuffle=False, reads=stage.reads)
    batch = loader.batch(rows)
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
    return 4 * weights + sum(saved.values()) * stage.batch_size // len(rows)
