"""Sample grids during training: the same held-out pairs after every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photism.data.card import Card
from photism.data.pairs import Batch, PairLoader
from photism.images import enlarge, grid, show_log_mel, to_pil, write_png
from photism.media import MEDIA, Medium, other
from photism.systems.base import System, draw_noise
from photism.training.plan import Plan

PER_CLASS = 2
LEAST, MOST = 8, 64
"""Pairs in a grid, where there are so many, and where there are many classes."""
SIDE = 84


@torch.no_grad()
def write_samples(system: System, plan: Plan, device: torch.device, epoch: int) -> Path:
    """Show a few held-out pairs of every class, and what the system makes of either half.

    Args:
        system: the weights to look at.
        plan: names the held-out pairs and the run folder.
        device: where `system` is.
        epoch: number of epochs done, for the file's name.

    Returns:
        The PNG in the run's folder `samples`.
    """
    pairs = plan.pairs
    rows = _chosen(pairs.held_out, pairs.validation.labels[pairs.held_out])
    loader = PairLoader(pairs.validation, len(rows), rows=rows, shuffle=False, device=device)
    batch = loader.batch(rows)
    training = system.training
    system.eval()
    made = {target: _made(system, batch, target, plan.options.seed) for target in system.targets}
    system.train(training)
    cells = list(_cells(pairs.validation.card, batch, made))
    columns = (len(MEDIA) + len(made)) * PER_CLASS
    path = plan.options.out / "samples" / f"epoch-{epoch:04d}.png"
    sheet = grid([cell for cell, _ in cells], columns, labels=[name for _, name in cells])
    write_png(path, sheet)
    return path


def _chosen(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Choose the first few rows of every class, of which what has no class is one."""
    classes = np.unique(labels)
    each = max(PER_CLASS, -(-LEAST // len(classes)))
    places = [np.flatnonzero(labels == label)[:each] for label in classes]
    return rows[np.concatenate(places)[:MOST]]


def _made(system: System, batch: Batch, target: Medium, seed: int) -> Tensor:
    """Make a medium of the other half of each pair, with noise of its own."""
    condition = batch.of(other(target))
    generators = [torch.Generator().manual_seed(seed + row) for row in batch.row.tolist()]
    noise = draw_noise(system, target, generators, condition.device)
    label = batch.label if batch.label.min() >= 0 else None
    return system.generate(condition, target=target, label=label, noise=noise)


def _cells(
    card: Card, batch: Batch, made: dict[Medium, Tensor]
) -> Iterator[tuple[Image.Image, str]]:
    """Yield pictures with what they are: what is real of a pair, then what was made of it."""
    first = other(next(iter(made)))  # a condition comes before what is made of it
    origin = str(card.front_end_config.get("origin", "top"))
    for index, label in enumerate(batch.label.tolist()):
        name = f"“{card.classes[label]}” " if label >= 0 else ""
        for medium in (first, other(first)):
            yield _shown(batch.of(medium)[index], medium, origin), f"{name}{medium}"
        for target, tensors in made.items():
            yield _shown(tensors[index], target, origin), f"{target} made"


def _shown(tensor: Tensor, medium: Medium, origin: str) -> Image.Image:
    if medium == "sound":
        return show_log_mel(tensor, origin).resize((SIDE, SIDE))
    return enlarge(to_pil(tensor), SIDE)
