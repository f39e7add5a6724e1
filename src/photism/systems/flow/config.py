"""Settings of `flow`: what it makes, its networks, its stages, and how it is sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photism.audio.front_ends import front_end
from photism.blocks.augment import AUGMENTATIONS
from photism.blocks.ear import EarConfig
from photism.config import check_fields
from photism.errors import ConfigError, nearest
from photism.media import Medium

MOST_STEPS = 1000
MOST_GUIDANCE = 20.0


@dataclass(frozen=True)
class FlowSampling:
    """How noise becomes a sample."""

    steps: int = 20
    """Steps from noise to sample, 1 to 1000; more follow the flow more closely. The adaptive solver
    chooses its own."""
    solver: Literal["euler", "heun", "adaptive"] = "euler"
    """Heun looks twice at each step; "adaptive" (Dormand-Prince) chooses its own steps."""
    guidance: float = 2.0
    """1 follows the condition as it was learnt; more make results surer of it and more alike."""
    guide_from: float = 0.0
    """Guidance acts between two times, of 1 (noise) and 0 (sample): this is the lower one."""
    guide_to: float = 1.0
    """The upper one."""
    jumps: bool = False
    """Go by the mean velocity over a step, which the stage `jumps` learns: 1 to 4 steps will do."""

    def __post_init__(self) -> None:
        check_fields(self, steps=1, guidance=0, guide_from=0, guide_to=0)
        if self.steps > MOST_STEPS:
            raise ConfigError(f"steps must be at most {MOST_STEPS}, not {self.steps}")
        if self.guidance > MOST_GUIDANCE:
            raise ConfigError(
                f"guidance must be at most {MOST_GUIDANCE:g}, not {self.guidance:g}: 1 to 4 are"
                " common"
            )
        if not self.guide_from <= self.guide_to <= 1:
            raise ConfigError(
                f"guidance acts from {self.guide_from:g} to {self.guide_to:g}: both are times in"
                " [0, 1], the lower one first"
            )
        whole = (self.guide_from, self.guide_to) == (0, 1)
        if self.guidance == 1 and not whole:
            raise ConfigError("guidance=1 acts nowhere: leave guide_from and guide_to out")
        if self.solver == "adaptive" and self.steps != FlowSampling.steps:
            raise ConfigError("the adaptive solver chooses its own steps: leave steps out")
        if self.jumps and (self.solver != "euler" or not whole):
            raise ConfigError(
                "jumps have guidance and steps alone: leave solver, guide_from and guide_to out, or"
                " add jumps=false"
            )


@dataclass(frozen=True)
class FlowConfig:
    """Settings of `flow`."""

    front_end: str = "ear-words"
    target: Medium = "image"
    """What it makes."""
    classes: int = 0
    """Classes that the ear learns to name and that a label may tell; 0: pairs are enough."""
    channels: Literal[1, 3] = 3
    """Of pictures: grey or colour."""
    size: int = 32
    """Height and width of pictures."""
    patch: int = 2
    """Side of the squares of pixels that the network takes as one."""
    width: int = 48
    """Channels at the finest of its three scales; twice as many at the others."""
    augmentation: Literal["none", "words", "notes"] = "none"
    """How sounds are changed in training, see `blocks.augment`."""
    ear: EarConfig = EarConfig()
    ear_epochs: int = 10
    """0 leaves the ear as `ear_weights` or `--start-from` gives it."""
    ear_weights: str = ""
    """Name, folder or run whose ear and eye are taken, of a flow in either direction."""
    ear_batch_size: int = 128
    lr_ear: float = 2e-3
    dropped: float = 0.1
    """Share of a batch that learns without its condition, for guidance."""
    time_mean: float = -0.4
    """Of the logit of the times that are learnt."""
    time_deviation: float = 1.0
    lr: float = 1e-3
    batch_size: int = 64
    epochs: int = 20
    jump_epochs: int = 0
    """Of the stage that teaches mean velocities, after the flow."""
    lr_jumps: float = 2e-4
    jump_loss: Literal["halves", "derivative"] = "halves"
    """What a jump is to be: two of half its length, or what its derivative along the flow says."""
    jump_guidance: float = 4.0
    """Highest guidance that jumps learn; the lowest is 1."""
    sampling: FlowSampling = FlowSampling()

    def __post_init__(self) -> None:
        front_end(self.front_end)
        check_fields(self, classes=0, size=16, patch=1, width=8, ear_epochs=0, ear_batch_size=2)
        check_fields(self, lr_ear=1e-9, lr=1e-9, lr_jumps=1e-9, batch_size=2, epochs=1)
        check_fields(self, jump_epochs=0, time_deviation=0, dropped=0, jump_guidance=1)
        if self.width % (16 if self.width > 32 else 8):
            raise ConfigError(f"width must be a multiple of 8, above 32 of 16, not {self.width}")
        if self.augmentation != "none" and front_end(self.front_end).scaling != "fixed":
            raise ConfigError(
                f"augmentation={self.augmentation} wants fixed levels, which front end"
                f" {self.front_end!r} has not: choose ear-words, ear-notes, or augmentation=none"
            )
        if self.dropped > 0.5:
            raise ConfigError(f"dropped must be at most 0.5, not {self.dropped:g}")
        if self.augmentation not in AUGMENTATIONS:
            raise ConfigError(f"augmentation: {nearest(self.augmentation, AUGMENTATIONS)}")
        if not self.sampling.jumps:
            return
        if not self.jump_epochs:
            raise ConfigError("these weights have learnt no jumps: add jumps=false")
        if not 1 <= self.sampling.guidance <= self.jump_guidance:
            raise ConfigError(
                f"jumps learnt guidance from 1 to {self.jump_guidance:g}, not"
                f" {self.sampling.guidance:g}: choose one of these, or add jumps=false"
            )
