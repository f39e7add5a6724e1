"""What an evaluation finds: figures, references, examples, and what was measured with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from photism.audio.front_ends import FrontEnd
from photism.evaluation.figures import ClassFigures, OutputFigures
from photism.evaluation.latent_zeroing import LatentZeroing
from photism.evaluation.pitch import PitchFigures
from photism.evaluation.uncertainty import Uncertainties
from photism.media import Medium
from photism.metrics.features import Diversity, Interval
from photism.version import __version__

UNLABELLED = "unlabelled"
"""What stands where the name of a class would, if a pair has none."""


@dataclass(frozen=True)
class Recordings:
    """The recordings (the card's `group`) that pairs are of: many pairs share one."""

    group: str
    count: int
    mean_accuracy: float | None
    """Mean over recordings with labels, whatever their number of pairs; None if there are none."""
    hardest: tuple[tuple[str, float], ...]
    """The recordings with the lowest accuracy, worst first."""


@dataclass(frozen=True)
class Opinion:
    """What another judge makes of the main output, and of reality, on the same pairs."""

    sha256: str
    """Of the judge's weights."""
    test_accuracy: float | None
    """Of the judge, on real test examples."""
    about: str
    """Whose network it is; empty for judges trained here."""
    figures: OutputFigures
    real: OutputFigures


@dataclass(frozen=True)
class References:
    """What the figures of a system can be held against, on the same pairs."""

    real: OutputFigures
    """Of the real pictures; distances are between two halves of them that share no recording."""
    blind_accuracy: float | None
    """Of the system's pictures dealt out at random: what ignoring the sound would give. None
    without labels."""


@dataclass(frozen=True)
class Example:
    """A pair and what was made of it, all `(channel, height, width)` in [-1, 1]."""

    label: int
    """-1 if it has none."""
    row: int
    key: str
    given: np.ndarray
    """What the system heard or saw."""
    real: np.ndarray
    """What the pair has in the medium that was made."""
    made: Mapping[str, np.ndarray]
    """By output, the main one first."""
    judged: Mapping[str, int]
    """Class that the judge takes each of them for."""
    between: np.ndarray | None = None
    """Of round trips, what the first system handed on to the second."""

    @property
    def generated(self) -> np.ndarray:
        """The main output."""
        return next(iter(self.made.values()))

    @property
    def predicted(self) -> int:
        """Class that the judge takes the main output for."""
        return next(iter(self.judged.values()))


@dataclass(frozen=True)
class Provenance:
    """What was measured with what, enough to measure it again."""

    system: str
    preset: str
    target: Medium
    """What it made."""
    given: Medium
    """What it made it of; of round trips, the same."""
    origin: str
    """Where the lowest band of a log-mel lies, "top" or "bottom"."""
    source: str
    """Name or path of the weights; empty for a system that was not loaded."""
    weights_sha256: str
    data: str
    data_notes: tuple[str, ...]
    data_sha256: dict[str, str]
    """Checksums of the card and of the split's files."""
    split: str
    pairs: int
    pairs_in_split: int
    pairs_labelled: int
    """Of the pairs looked at, those with a class, which accuracies are of."""
    seed: int
    judge: str
    judge_sha256: str
    judge_test_accuracy: float | None
    inception_sha256: str | None
    """Of the weights of Inception; None without it."""
    witness: str = ""
    """Judge of what was given, where a joint space was fitted, with its checksum."""
    joint_pairs: int = 0
    """Training pairs that the joint space was fitted on."""


@dataclass(frozen=True)
class Evaluation:
    """Everything measured on one split."""

    provenance: Provenance
    classes: tuple[str, ...]
    """Of the data, in the order of labels; none if it has none."""
    outputs: dict[str, OutputFigures]
    """By name, the system's main output first."""
    steps: Mapping[str, str]
    """Titles and steps of the outputs on the way to the main one, in order, itself last."""
    listener: ClassFigures | None
    """How well the system itself recognises the class; None if it does not, or nobody knows."""
    recordings: Recordings
    references: References
    opinions: dict[str, Opinion]
    """Of other judges, by name."""
    diversity_pixels: Diversity
    diversity_features: Diversity
    confusion: tuple[tuple[int, ...], ...]
    """Pictures of the main output by class of the sound (row) and judged class (column); empty
    without labels."""
    latent_zeroing: LatentZeroing | None
    notes: tuple[str, ...]
    """What to know beside the figures, such as that pictures were resized."""
    pitch: PitchFigures | None = None
    """Notes read in the sounds; None where there is no reader, or the data tells no notes."""
    uncertainty: Uncertainties | None = None
    """What numbers of uncertainty are worth; None where it was not asked for, or without labels."""
    ear: FrontEnd | None = field(default=None, repr=False, compare=False)
    """How log-mels are drawn, if the data says it: what sounds can be made with."""
    examples: tuple[Example, ...] = field(default=(), repr=False, compare=False)

    @property
    def main_output(self) -> str:
        """Name of the output that all figures are of which do not name another."""
        return next(iter(self.outputs))

    @property
    def accuracy(self) -> Interval | None:
        """Share of pictures that the judge takes for the class of the sound; 95 % interval.

        None without labels.
        """
        return self.outputs[self.main_output].accuracy

    @property
    def per_class(self) -> dict[str, float]:
        """Accuracy by class of the sound; empty without labels."""
        return self.outputs[self.main_output].per_class

    @property
    def frechet(self) -> float:
        """Fréchet distance of judge features, generated to real; see `frechet_name`."""
        return self.outputs[self.main_output].frechet

    @property
    def frechet_name(self) -> str:
        """Name of the Fréchet distance, which says whose features it is on."""
        return f"FD({self.provenance.judge})"

    def class_name(self, label: int) -> str:
        """Return what pairs of a label are called, "unlabelled" for -1."""
        return self.classes[label] if label >= 0 else UNLABELLED

    def to_json(self) -> dict[str, Any]:
        """Return all but the examples as values that JSON can hold."""
        content = asdict(replace(self, examples=(), ear=None))
        del content["examples"], content["ear"]
        main = {
            "main_output": self.main_output,
            "accuracy": asdict(self.accuracy) if self.accuracy else None,
            "per_class": self.per_class,
            "frechet": self.frechet,
            "frechet_name": self.frechet_name,
        }
        return {"photism_version": __version__} | main | content
