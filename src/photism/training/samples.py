"""Sample grids during training: the same held-out pairs after every epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from photism.data.pairs import PairLoader
from photism.images import enlarge, grid, log_mel_picture, to_pil, write_png
from photism.media import other
from photism.systems.base import System, draw_noise
from photism.training.plan import Plan

PER_CLASS = 2
SIDE = 84


@torch.no_grad()
def write_samples(system: System, plan: Plan, device: torch.device, epoch: int) -> Path:
    """Draw log-mel, real picture and generated picture of a few held-out pairs of every class.

    Args:
        system: the weights to look at.
        plan: names the held-out pairs and the run folder.
        device: where `system` is.
        epoch: number of epochs done, for the file's name.

    Returns:
        The PNG in the run's folder `samples`.
    """
    labels = plan.validation.labels[plan.held_out]
    places = [np.flatnonzero(labels == label)[:PER_CLASS] for label in np.unique(labels)]
    rows = plan.held_out[np.concatenate(places)]
    loader = PairLoader(plan.validation, len(rows), rows=rows, shuffle=False, device=device)
    batch = loader.batch(rows)
    [target] = system.targets
    condition = batch.of(other(target))
    rows_rng = [torch.Generator().manual_seed(plan.options.seed + int(row)) for row in rows]
    noise = draw_noise(system, target, rows_rng, device)
    training = system.training
    system.eval()
    drawn = system.generate(condition, target=target, label=batch.label, noise=noise).cpu()
    system.train(training)
    pictures, captions = [], []
    for index, label in enumerate(batch.label.tolist()):
        name = plan.dataset.card.classes[label]
        sound = batch.sound[index]
        shown = to_pil(sound) if len(sound) == 3 else log_mel_picture(sound[0])  # RGB: drawn before
        pictures += [shown.resize((SIDE, SIDE))]
        pictures += [enlarge(to_pil(image[index]), SIDE) for image in (batch.image, drawn)]
        captions += [f"“{name}” heard", "real", "drawn"]
    path = plan.options.out / "samples" / f"epoch-{epoch:04d}.png"
    write_png(path, grid(pictures, 3 * PER_CLASS, labels=captions))
    return path
