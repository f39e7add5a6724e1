"""Small CAR-GANs and pairs for tests."""

from __future__ import annotations

import torch

from photism.config import override
from photism.data.pairs import Batch
from photism.systems.car_gan import CARGAN
from photism.systems.stages import Step

DEBUG = CARGAN.presets["debug"]
PLAYERS = ("discriminator", "generators")


def build(**settings: str) -> CARGAN:
    torch.manual_seed(0)
    return CARGAN(override(DEBUG, {name.replace("__", "."): v for name, v in settings.items()}))


def make_batch(count: int = 4, size: int = 32) -> Batch:
    rng = torch.Generator().manual_seed(1)
    sound, image = (torch.rand(count, 3, size, size, generator=rng) * 2 - 1 for _ in range(2))
    return Batch(sound, image, torch.arange(count) % 13, torch.arange(count))


def make_step() -> Step:
    return Step(0, 0, torch.Generator().manual_seed(0))


def terms_of(system: CARGAN, batch: Batch | None = None) -> dict[str, float]:
    """Total and terms of both players in eval mode, where nothing is random."""
    system.eval()
    step, found = make_step(), {}
    with torch.no_grad():
        for phase in PLAYERS:
            losses = system.losses(phase, batch or make_batch(), step)
            found |= {name: float(value) for name, value in losses.terms.items()}
            found[phase] = float(losses.total)
    return found
