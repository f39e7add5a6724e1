"""The card of a judge: what it is, how it was trained and how well it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from photism.audio.front_ends import FrontEnd
from photism.errors import ConfigError, WeightsError
from photism.files import parse_json
from photism.media import Medium
from photism.version import __version__

FORMAT = "photism-judge-1"
MODEL, CONFIG, README = "model.safetensors", "config.json", "README.md"


@dataclass(frozen=True)
class JudgeCard:
    """What is stored beside the weights of a judge."""

    name: str
    architecture: str
    classes: tuple[str, ...]
    data: str
    """The real pictures or sounds it was trained on."""
    licence: str
    """Licence of those."""
    command: str
    """What to run to train it again."""
    seed: int
    epochs: int
    chosen_epoch: int
    """Epoch whose weights were kept, counted from 1: the best on the validation pictures."""
    counts: Mapping[str, int]
    """Examples trained on, held out for choosing the epoch ("validation"), and tested on."""
    validation_accuracy: float
    test_accuracy: float
    """Of the stored weights, on real test examples; sounds as they are heard, see `ear`."""
    image_shape: tuple[int, int, int] = (1, 28, 28)
    """Channel, height and width of the pictures or log-mels it takes."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Real test examples by class (row) and judged class (column)."""
    factors: tuple[str, ...] = ()
    """Numeric columns of the data that it reads."""
    factor_r2: Mapping[str, float | None] = field(default_factory=dict)
    """How much of each it reads from real test examples; see `metrics.within_class_r2`."""
    ear: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the front end that analyses waveforms; empty for judges of pictures."""
    medium: Medium = "image"
    """What it judges."""
    original_accuracy: float | None = None
    """Of a judge of sounds, on the test sounds' log-mels as the data has them."""
    extractor: str = ""
    """Of independent judges: whose network it is, with the checksum of what was published."""
    weights_licence: str = "as the data; the code is Apache-2.0"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the training."""
    data_sha256: str = ""
    """Of the card of a prepared data set."""
    sha256: str = ""
    """Of the stored weights; filled in by `save_judge`."""
    format: str = FORMAT
    photism_version: str = __version__

    def __post_init__(self) -> None:
        classes = len(self.classes)
        if len(self.image_shape) != 3 or min(self.image_shape) < 1:
            raise ValueError(f"image_shape {self.image_shape}")
        if self.confusion and {classes} != {len(self.confusion), *map(len, self.confusion)}:
            raise ValueError(f"confusion is not {classes} × {classes}")
        if set(self.factors) != set(self.factor_r2):
            raise ValueError(f"factors {self.factors} but R² of {tuple(self.factor_r2)}")
        self.front_end()

    def front_end(self) -> FrontEnd | None:
        """Return how a judge of sounds analyses them; None for judges of pictures."""
        return FrontEnd(**self.ear) if self.ear else None

    @classmethod
    def read(cls, folder: Path) -> JudgeCard:
        """Read the card of a stored judge.

        Args:
            folder: of the judge.

        Returns:
            The card.

        Raises:
            WeightsError: there is none, it is damaged, or of something else.
        """
        path = folder / CONFIG
        try:
            content = parse_json(path.read_bytes())
            if content.get("format") != FORMAT:
                raise WeightsError(f"{folder} holds no judge: {CONFIG} does not say {FORMAT!r}")
            for name in ("classes", "image_shape", "factors"):
                if name in content:
                    content[name] = tuple(content[name])
            content["confusion"] = tuple(tuple(row) for row in content.get("confusion", ()))
            return cls(**content)
        except FileNotFoundError as error:
            raise WeightsError(f"{folder} holds no judge: {CONFIG} is missing") from error
        except (ValueError, KeyError, TypeError, AttributeError, OSError, ConfigError) as error:
            raise WeightsError(f"{path} is damaged: train the judge again ({error})") from error

    def mistakes(self) -> list[tuple[int, str, str]]:
        """Return what was confused: how many, class, judged class; most often first."""
        wrong = np.array(self.confusion, np.int64).reshape(len(self.confusion), -1)
        np.fill_diagonal(wrong, 0)
        pairs = [
            (int(wrong[row, column]), self.classes[row], self.classes[column])
            for row, column in np.argwhere(wrong).tolist()
        ]
        return sorted(pairs, key=lambda pair: -pair[0])

    def readme(self) -> str:
        """Return the card for people, in Markdown."""
        counts = ", ".join(f"{number:,} {use}" for use, number in self.counts.items())
        known, many = brief(self.classes), "sounds" if self.medium == "sound" else "pictures"
        rows = {
            f"accuracy on real test {many}": f"**{self.test_accuracy:.2%}** (these half precision"
            f" weights){', made of their log-mels and analysed again' if many == 'sounds' else ''}",
            **self._original(),
            **{f"R² of `{name}` on real test {many}": r2 for name, r2 in self._recovered()},
            f"accuracy on validation {many}": f"{self.validation_accuracy:.2%}; they chose"
            f" {self._choice()}, the test {many} chose nothing",
            "network": self.extractor,
            "data": self.data,
            many: f"{counts}; {shown(self.image_shape)} (channel × height × width)",
            "licence of the data": self.licence,
            "licence of the weights": self.weights_licence,
            "seed": str(self.seed),
            "recipe": ", ".join(f"{name} {value}" for name, value in self.recipe.items()),
            "made by": f"`{self.command}`",
            f"SHA-256 of `{MODEL}`": f"`{self.sha256}`",
        }
        table = "\n".join(f"| {name} | {value} |" for name, value in rows.items() if value)
        return f"""# {self.name}

A {self.architecture} classifier of {len(self.classes)} classes ({known}) that judges generated {many}.

| | |
|---|---|
{table}

{self._entering()} enter as floats{" in [-1, 1]" if not self.extractor else ""}, `(batch, channel, height, width)`; the features used for Fréchet distance and
diversity are the layer before the logits.
{self._confusions(many)}"""  # noqa: E501

    def _choice(self) -> str:
        """Return what the validation examples chose."""
        if self.epochs:
            return f"epoch {self.chosen_epoch} of {self.epochs}"
        return "how strongly the last layer is held down"

    def _original(self) -> dict[str, str]:
        if self.original_accuracy is None:
            return {}
        return {"accuracy on their log-mels as the data has them": f"{self.original_accuracy:.2%}"}

    def _entering(self) -> str:
        """Return what the network is given, as the beginning of a sentence."""
        if self.extractor:
            return "What the network is given"
        if not self.ear:
            return "Pictures"
        ear = self.front_end()
        assert ear is not None
        return (
            f"A sound is heard as a waveform: the log-mels that a system draws are made into one,"
            f" brought to {ear.rate:,} Hz, and analysed with front end {ear.name}. These log-mels"
        )

    def _recovered(self) -> Iterator[tuple[str, str]]:
        for name in self.factors:
            r2 = self.factor_r2[name]
            told = "it does not vary" if r2 is None else f"**{r2:.3f}**"
            yield name, f"{told}, within classes: to know the class alone scores 0"

    def _confusions(self, many: str) -> str:
        if not self.confusion:
            return ""
        worst = self.mistakes()[:3]
        named = "; ".join(f"{true} taken for {judged}, {count}" for count, true, judged in worst)
        header = " | ".join(("", *self.classes))
        rows = "\n".join(
            f"| {name} | " + " | ".join(str(count or "·") for count in counts) + " |"
            for name, counts in zip(self.classes, self.confusion, strict=True)
        )
        return f"""
## Confusions

Real test {many} by class (row) and judged class (column). Most often confused: {named or "none"}.

|{header} |
|{"---|" * (len(self.classes) + 1)}
{rows}
"""


def shown(shape: tuple[int, ...]) -> str:
    """Return a shape for people, such as "3 × 64 × 64"."""
    return " × ".join(str(size) for size in shape)


def brief(classes: tuple[str, ...]) -> str:
    """Return the first classes and the last; "none" if there are none."""
    names = ", ".join(classes[:3]) or "none"
    return names if len(classes) <= 3 else f"{names}, … {classes[-1]}"
