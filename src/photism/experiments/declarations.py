"""What an experiment is: a published table or figure as rows that can be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from photism.media import Medium
from photism.systems.base import output_title


@dataclass(frozen=True)
class Row:
    """One line of a published table, or one curve or point of a figure."""

    name: str
    """For people, such as "AIVAE-GAN, α = 2, MNIST-FSDD"."""
    key: str
    """For `--rows` and folders, such as "fsdd-alpha-2"."""
    system: str
    data: str
    """Name of the source of pairs to train on where no other is given."""
    pairs: int
    """Pairs the paper trained on."""
    pairs_known: str = ""
    """How that is known, where the paper does not print it."""
    published: Mapping[str, float] = field(default_factory=dict)
    """Published figures by the names of `METRICS`: accuracies are shares."""
    thesis: Mapping[str, float] = field(default_factory=dict)
    """Figures that the authors print elsewhere in place of these."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Fields of the system's preset that the row changes."""
    sampling: Mapping[str, str] = field(default_factory=dict)
    """How the trained system samples, where that is not as its settings say."""
    published_data: str = ""
    """Name of the data the paper used, if it is not `data`."""
    shown_as: str = ""
    """Name of the folder of its figures, the key by default: rows that name the same share them."""
    split: Literal["train", "test"] = "test"
    """Split that the system is measured on."""
    target: Medium = "image"
    """What is made and judged."""
    outputs: tuple[str, ...] = ("generated",)
    """Names of the outputs to show, first that of the published protocol."""
    preset: str = ""
    """Preset that is trained whatever the budget; of our own systems, whose presets are sizes."""
    weights: str = ""
    """Bundled weights that are measured as they are, where nothing is to be trained."""
    step: str = ""
    """The step on the way to them that is shown; empty shows what comes out in the end."""

    @property
    def titles(self) -> tuple[str, ...]:
        """What its outputs are called in an evaluation."""
        return tuple(output_title(name, self.step) for name in self.outputs)

    @property
    def measured(self) -> str:
        """Name of what is measured: a system on a split."""
        name = self.shown_as or self.key
        return name if self.split == "test" else f"{name}-{self.split}"


@dataclass(frozen=True)
class Gain:
    """How much better than another the paper says that a row is, relative to the other."""

    metric: str
    """By its name in `METRICS`."""
    of: str
    """Key of the better row."""
    over: str
    """Key of the row, or name of the other system, that it is compared with."""
    published: float | None = None
    """A share; None where the paper does not say, but the like of it."""
    thesis: float | None = None
    errors: bool = False
    """What is compared is how far the figure is from 1."""


@dataclass(frozen=True)
class Experiment:
    """A published table or figure."""

    name: str
    title: str
    source: str
    """Paper and table or figure."""
    rows: tuple[Row, ...]
    epochs: float
    """Published length of training, at the full learning rate, in passes over the pairs."""
    finding: str
    """What the paper says it shows, to hold the measured numbers against."""
    metrics: tuple[str, ...] = ("accuracy", "fd", "diversity")
    """Columns, by the names of `METRICS`."""
    real: Mapping[str, float] = field(default_factory=dict)
    """Published figures of real pictures; the accuracy is that of the paper's judge."""
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Published figures of other systems in the table, to be shown and not run."""
    gains: tuple[Gain, ...] = ()
    """What the text says of differences between rows."""
    judge: str = "lenet5-mnist"
    preset: str = "paper"
    """What is trained at the full budget."""
    shared: tuple[str, ...] = ()
    """Networks, and stages, that are trained once, before and for all rows."""
    remarks: tuple[str, ...] = ()
    """What the source leaves open or says in two ways."""
    latent_zeroing: int = 0
    """Pairs for the latent-zeroing curve; 0 leaves it out."""
    sweep: str = ""
    """The setting in which rows differ: the metrics' logarithms are drawn over it."""
    traced: str = ""
    """A term of the losses, such as "pixel": its mean in every epoch is drawn, a line a row."""
    plane: tuple[str, str] | tuple[()] = ()
    """Two metrics by their names, of which the second is drawn over the first."""
    hears_nothing: bool = False
    """Sounds without an instrument are put in, instead of the pairs of a split."""
