"""A world of pure tones and grey squares: a square is as bright as its tone is high."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.data.card import ArraySpec, Card
from photism.data.pairs import to_bytes
from photism.data.writer import PairWriter
from photism.judges.base import Judge, JudgeOutput
from photism.media import Medium
from photism.systems.base import System

CLASSES = ("low", "middle", "high")
PITCHES_HZ = np.array([300.0, 900.0, 2400.0])
EAR = front_end("aivae-8k")
SAMPLES = (EAR.width - 1) * EAR.hop_length
"""A frame for every column, as sounds made of pictures have it."""


def tones(pitch_hz: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Log-mels `(tone, 1, 48, 48)` in [-1, 1] of tones that swell and fade, with a little noise."""
    time_s = np.arange(SAMPLES) / EAR.rate
    swell = np.sin(np.pi * time_s / time_s[-1]) ** 2
    waves = swell * np.sin(
        2 * np.pi * pitch_hz[:, None] * time_s + rng.uniform(0, 6, (len(pitch_hz), 1))
    )
    waves += rng.normal(0, 0.01, waves.shape)
    return pictures(list((0.3 * waves).astype(np.float32)), EAR).numpy()


def write_tones(folder: Path, **counts: int) -> Path:
    """Write pairs by split; four share a recording, and the column `pitch_hz` is the pitch."""
    card = Card(
        name="tones",
        description="pure tones",
        licence="CC0-1.0",
        classes=CLASSES,
        sound=ArraySpec((1, EAR.height, EAR.width)),
        image=ArraySpec((16, 16, 1)),
        front_end=EAR.name,
        front_end_config=asdict(EAR),
        group="recording",
        columns={"recording": "string", "pitch_hz": "float", "midi": "float"},
    )
    with PairWriter(folder, card) as writer:
        for seed, (split, count) in enumerate((counts or {"train": 96, "test": 36}).items()):
            rng = np.random.default_rng(seed)
            label = np.arange(count) // 4 % 3
            pitch_hz = PITCHES_HZ[label] * rng.uniform(0.9, 1.1, count)
            bright = (label[:, None, None, None] - 1) * np.ones((count, 16, 16, 1))
            writer.write(
                split,
                sound=to_bytes(tones(pitch_hz, rng)),
                image=to_bytes(bright + rng.normal(0, 0.05, bright.shape)),
                label=label,
                key=[f"{split}/{row}" for row in range(count)],
                columns={
                    "recording": [f"{split}-{row // 4}" for row in range(count)],
                    "pitch_hz": pitch_hz,
                    "midi": 69 + 12 * np.log2(pitch_hz / 440),
                },
            )
    return folder


@dataclass(frozen=True)
class PianoConfig:
    front_end: str = EAR.name
    wrong: int = 0


class Piano(System):
    """Plays the tone that a square's brightness stands for; every `wrong`-th row the next one."""

    name = "piano"
    title = "Piano"
    paper = "none"
    makes = ("sound",)
    config_class = PianoConfig
    presets: ClassVar = {"debug": PianoConfig()}

    def __init__(self, config: PianoConfig) -> None:
        super().__init__(config)
        self.register_buffer("keys", torch.from_numpy(tones(PITCHES_HZ, np.random.default_rng(9))))

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        return (1, EAR.height, EAR.width) if medium == "sound" else (1, 16, 16)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        self.require_target(target)
        key = condition.mean((1, 2, 3)).round().long() + 1
        return self.keys[(key + self.config.wrong) % 3]


def nearest(sounds: Tensor) -> Tensor:
    """Return `(sound, key)`, how near log-mels are to those of the three keys."""
    keys = torch.from_numpy(tones(PITCHES_HZ, np.random.default_rng(9))).to(sounds)
    return -(sounds[:, None] - keys).square().mean((2, 3, 4)) * 20


class Painter(System):
    """Paints a square as bright as the key is high that it hears; with noise of its own."""

    name = "painter"
    title = "Painter"
    paper = "none"
    makes = ("image",)
    config_class = PianoConfig
    presets: ClassVar = {"debug": PianoConfig()}

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        return (1, EAR.height, EAR.width) if medium == "sound" else (1, 20, 20)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        return (1, 20, 20)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        self.require_target(target)
        key = (nearest(condition).argmax(1) + self.config.wrong) % 3
        square = (key - 1.0)[:, None, None, None].expand(-1, 1, 20, 20)
        return square if noise is None else square + 0.02 * noise


class ToneJudge(Judge):
    """Names the key that a sound is nearest to."""

    architecture = "tone"

    def __init__(self) -> None:
        super().__init__("tone-judge", CLASSES, (1, EAR.height, EAR.width))
        self.ear = EAR

    def judge(self, images: Tensor) -> JudgeOutput:
        return JudgeOutput(nearest(images), images.flatten(1)[:, ::97])


class SquareJudge(Judge):
    """Names the brightness of a square."""

    architecture = "square"

    def __init__(self) -> None:
        super().__init__("square-judge", CLASSES, (1, 16, 16))

    def judge(self, images: Tensor) -> JudgeOutput:
        bright = images.mean((1, 2, 3))[:, None] + 1 - torch.arange(3)
        return JudgeOutput(-10 * bright.square(), images.flatten(1)[:, ::9])
