"""Examples as a page shows them: pictures and log-mels side by side, sounds to be played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from photism.audio.front_ends import FrontEnd
from photism.audio.write import encode
from photism.errors import ConfigError
from photism.evaluation.results import Evaluation, Example
from photism.files import data_uri
from photism.images import png, show_log_mel, to_pil
from photism.judges.perceive import Percept, perceive, resampled
from photism.media import Medium
from photism.pages.render import picture_uri
from photism.pages.words import WORDS

PICTURES_IN_A_ROW = 15
PIXELS_TO_SHOW = 48
"""Smaller pictures are enlarged pixel by pixel."""
_PLAYED_RATE = 22_050
"""At most, in samples per second: a page holds all its sounds."""


@dataclass(frozen=True)
class ShownCell:
    """One picture, or one log-mel with its sound."""

    uri: str
    """Of a PNG."""
    text: str
    """What it is and what it was judged to be."""
    sound: str = ""
    """Of a FLAC; empty for pictures, and for log-mels that no sound can be made of."""
    wrong: bool = False
    """The judge takes it for another class."""


@dataclass(frozen=True)
class ShownExample:
    """What belongs to one pair, from left to right."""

    key: str
    cells: tuple[ShownCell, ...]
    pixelated: bool


@dataclass(frozen=True)
class ShownClass:
    """A row of examples."""

    name: str
    """Of the class; empty where there are none."""
    examples: tuple[ShownExample, ...]


@dataclass(frozen=True)
class ShownGrid:
    """All examples of an evaluation."""

    titles: tuple[str, ...]
    """Of the cells of an example."""
    classes: tuple[ShownClass, ...]

    @property
    def groups(self) -> int:
        """Examples in the longest row."""
        return max(len(row.examples) for row in self.classes)

    @property
    def plays(self) -> bool:
        """Whether there is anything to hear."""
        cells = (c for row in self.classes for e in row.examples for c in e.cells)
        return any(cell.sound for cell in cells)


def show_examples(evaluation: Evaluation) -> ShownGrid:
    """Arrange examples class by class; in one group where there are no classes.

    Args:
        evaluation: with at least one example.

    Returns:
        What a page needs of them.
    """
    titles = _titles(evaluation)
    fitting = max(2, PICTURES_IN_A_ROW // len(titles))
    alone = all(example.label < 0 for example in evaluation.examples)
    classes: dict[int, list[Example]] = {}
    for example in evaluation.examples:
        chosen = classes.setdefault(example.label, [])
        if alone or len(chosen) < fitting:
            chosen.append(example)
    rows = []
    for label, chosen in classes.items():
        name = "" if alone else evaluation.class_name(label)
        for first in range(0, len(chosen), fitting):
            part = chosen[first : first + fitting]
            rows.append(ShownClass(name, tuple(_show(one, name, evaluation) for one in part)))
    return ShownGrid(titles, tuple(rows))


def _titles(evaluation: Evaluation) -> tuple[str, ...]:
    p = evaluation.provenance
    words = WORDS[p.target]
    if p.given == p.target:
        return (words.one, words.given, f"{words.one} again")
    made = (step or words.made for step in evaluation.steps.values())
    return (words.given, *made, "real")


def _show(example: Example, name: str, evaluation: Evaluation) -> ShownExample:
    return ShownExample(
        example.key,
        tuple(_cells(example, name or example.key, evaluation)),
        pixelated=max(example.real.shape) < PIXELS_TO_SHOW,
    )


def _cells(example: Example, name: str, evaluation: Evaluation) -> Iterator[ShownCell]:
    p = evaluation.provenance
    yield _cell(example.given, p.given, evaluation, f"{p.given}, {name}")
    if example.between is not None:
        between: Medium = "image" if p.given == "sound" else "sound"
        yield _cell(example.between, between, evaluation, f"{between} made of it")
    for step in evaluation.steps:
        judged = evaluation.classes[example.judged[step]] if example.label >= 0 else ""
        yield _cell(
            example.made[step],
            p.target,
            evaluation,
            f"{step}: judged {judged}" if judged else step,
            wrong=example.label not in (-1, example.judged[step]),
        )
    if p.given != p.target:
        yield _cell(example.real, p.target, evaluation, f"real {p.target}, {name}")


def _cell(
    values: np.ndarray, medium: Medium, evaluation: Evaluation, text: str, *, wrong: bool = False
) -> ShownCell:
    picture = shown(values, medium, evaluation.provenance.origin)
    sound = _player(values, evaluation.ear) if medium == "sound" and evaluation.ear else ""
    return ShownCell(picture_uri(png(picture)), text, sound, wrong)


def shown(values: np.ndarray, medium: Medium, origin: str) -> Image.Image:
    """Return a picture, or the log-mel of a sound in colour.

    Args:
        values: `(channel, height, width)` in [-1, 1].
        medium: what they are.
        origin: of the front end; see `images.show_log_mel`.

    Returns:
        For people to look at.
    """
    return to_pil(values) if medium == "image" else show_log_mel(values, origin)


def _player(values: np.ndarray, ear: FrontEnd) -> str:
    """Return the sound made of a log-mel as a FLAC in a data URI; nothing if none can be made."""
    try:
        percept = perceive(torch.from_numpy(values)[None].float(), "sound", ear)
    except ConfigError:
        return ""
    return data_uri("audio/flac", _flac(percept))


def _flac(percept: Percept) -> bytes:
    """Encode one sound, small enough for a page."""
    assert percept.rate is not None, "pictures cannot be heard"
    rate = min(percept.rate, _PLAYED_RATE)
    samples = resampled(percept.values, percept.rate, rate)[0].cpu().numpy()
    return encode(samples, rate, kind="flac")
