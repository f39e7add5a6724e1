"""What an experiment is: a published table or figure as rows that can be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line of a published table, or one curve of a figure."""

    name: str
    """For people, such as "AIVAE-GAN, α = 2, MNIST-FSDD"."""
    key: str
    """For `--rows` and folders, such as "fsdd-alpha-2"."""
    system: str
    data: str
    """Name of a source of pairs."""
    pairs: int
    """Pairs the paper trained on."""
    published: float | None
    """Published accuracy as a share; None where it stands in a figure only."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Fields of the system's preset that the row changes."""


@dataclass(frozen=True)
class Experiment:
    """A published table or figure."""

    name: str
    title: str
    source: str
    """Paper and table or figure."""
    rows: tuple[Row, ...]
    epochs: int
    """Published length of training."""
    judge_accuracy: float
    """Published accuracy of the paper's judge on real test pictures."""
    finding: str
    """What the paper says it shows, to hold the measured numbers against."""
    latent_zeroing: int = 0
    """Pairs for the latent-zeroing curve; 0 leaves it out."""
