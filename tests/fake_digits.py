"""A world small enough to know every figure: pixel i is bright where the class is i."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.data.card import ArraySpec, Card
from photism.data.pairs import PairDataset
from photism.data.writer import PairWriter
from photism.judges.base import Judge, JudgeOutput
from photism.media import Medium
from photism.systems.base import Output, System

CLASSES = ("zero", "one", "two")
PER_CLASS = 20
RECORDING = 4
"""Pairs that share a recording."""


class PixelJudge(Judge):
    architecture = "pixel"

    def __init__(self, name: str, classes: tuple[str, ...], factors: tuple[str, ...] = ()) -> None:
        super().__init__(name, classes, (1, 4, 4), factors)

    def judge(self, images: Tensor) -> JudgeOutput:
        pixels = images.flatten(1)
        return JudgeOutput(pixels[:, : len(self.classes)], pixels)


@dataclass(frozen=True)
class PixelConfig:
    front_end: str = "pixel"
    noise: float = 0.1


class PixelSystem(System):
    """Copies the sound's first pixels into a latent vector and draws them, with noise."""

    name = "pixel"
    title = "Pixel"
    paper = "none"
    makes = ("image",)
    config_class = PixelConfig
    presets: ClassVar = {"debug": PixelConfig()}

    def __init__(self, config: PixelConfig) -> None:
        super().__init__(config)
        self.scale = nn.Parameter(torch.ones(()))

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        return (1, 4, 4)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        return (5,)

    def latent(self, condition: Tensor, *, noise: Tensor | None) -> Tensor:
        clean = (condition.flatten(1)[:, :5] + 1) / 2
        return clean if noise is None else clean + self.config.noise * noise

    def decode(self, latent: Tensor) -> Tensor:
        pixels = torch.zeros(len(latent), 16, device=latent.device)
        pixels[:, :5] = latent * self.scale
        return pixels.view(-1, 1, 4, 4).clamp(0, 1) * 2 - 1

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        return self.decode(self.latent(condition, noise=noise))


def write_pairs(
    folder: Path,
    *,
    misleading: tuple[int, ...] = (),
    front_end: str = "pixel",
    classes: bool = True,
    unlabelled: int = 0,
) -> Path:
    """Write a test split whose recordings numbered in `misleading` sound like the next class.

    Without `classes` it has no labels at all, else the last `unlabelled` pairs have none.
    """
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(CLASSES)), PER_CLASS)
    recordings = np.arange(len(labels)) // RECORDING
    told = len(labels) - unlabelled if classes else 0
    heard = np.where(np.isin(recordings, misleading), (labels + 1) % len(CLASSES), labels)
    image = rng.integers(0, 60, (len(labels), 16), dtype=np.uint8)
    image[np.arange(len(labels)), labels] = rng.integers(200, 256, len(labels))
    sound = np.zeros((len(labels), 16), np.uint8)
    sound[np.arange(len(labels)), heard] = 255
    card = Card(
        name="pixels",
        description="",
        licence="",
        classes=CLASSES if classes else (),
        sound=ArraySpec((1, 4, 4)),
        image=ArraySpec((4, 4, 1)),
        front_end=front_end,
        front_end_config={},
        group="recording",
        columns={"recording": "string"},
        notes=("made for a test",),
    )
    with PairWriter(folder, card) as writer:
        writer.write(
            "test",
            sound=sound.reshape(-1, 1, 4, 4),
            image=image.reshape(-1, 4, 4, 1),
            label=np.where(np.arange(len(labels)) < told, labels, -1),
            key=[f"pixels/{index}" for index in range(len(labels))],
            columns={"recording": [f"r{number:02}" for number in recordings]},
        )
    return folder


def pixel_world(
    folder: Path, *, misleading: tuple[int, ...] = (), noise: float = 0.1
) -> tuple[PixelSystem, PairDataset, PixelJudge]:
    """Return system, data and judge."""
    dataset = PairDataset(write_pairs(folder / "pixels", misleading=misleading), "test")
    return PixelSystem(PixelConfig(noise=noise)), dataset, PixelJudge("pixel-judge", CLASSES)


class Cascade(PixelSystem):
    """Draws the class it is told, or hears, in two stages; the first draws nothing."""

    def __init__(self, config: PixelConfig) -> None:
        super().__init__(config)
        self.listener: nn.Module | None = nn.Identity()

    @property
    def recognises(self) -> bool:
        return self.listener is not None

    def recognise(self, condition: Tensor) -> Tensor:
        return condition.flatten(1)[:, :3].add(1).div(2)

    def outputs(
        self, condition: Tensor, *, target: Medium, label: Tensor, noise: Tensor | None
    ) -> tuple[Output, ...]:
        told = {
            "label heard": self.recognise(condition),
            "label given": F.one_hot(label, 3).float(),
        }
        drawn = {name: self.decode(F.pad(who, (0, 2))) for name, who in told.items()}
        made = [Output(name, pictures) for name, pictures in drawn.items()]
        made += [Output(o.name, torch.full_like(o.tensor, -1.0), step="stage I") for o in made]
        return tuple(made)


class FactorJudge(PixelJudge):
    """Reads one factor, the last pixel."""

    def judge(self, images: Tensor) -> JudgeOutput:
        seen = super().judge(images)
        return JudgeOutput(seen.logits, seen.features, images.flatten(1)[:, -1:])


def cascade_world(folder: Path) -> tuple[Cascade, PairDataset]:
    system, dataset, _ = pixel_world(folder, misleading=(0, 6))
    return Cascade(system.config), dataset
