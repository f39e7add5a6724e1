"""What a person gets of a translation, which is what a judge is given: a picture, or a sound.

A network that makes sounds draws log-mels, and nobody hears a log-mel: it becomes a waveform first,
and loses what no waveform has. So judges of sounds are given waveforms, and analyse them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from photism.audio.front_ends import FrontEnd, front_end
from photism.audio.invert import invert, reanalyse
from photism.data.card import Card
from photism.errors import DataError
from photism.media import Medium


@dataclass(frozen=True)
class Percept:
    """Pictures `(batch, channel, height, width)` in [-1, 1], or sounds `(batch, sample)`."""

    values: Tensor
    rate: int | None = None
    """Samples per second of sounds; None for pictures."""


def perceive(made: Tensor, medium: Medium, ear: FrontEnd | None = None) -> Percept:
    """Turn what systems make, or data holds, into what a person gets.

    Args:
        made: `(batch, channel, height, width)` in [-1, 1]; of sounds the log-mels.
        medium: what it is.
        ear: how the log-mels were drawn; pictures need none.

    Returns:
        The pictures themselves, or sounds made of the log-mels.

    Raises:
        ConfigError: no sound can be made of such log-mels.
    """
    if medium == "image":
        return Percept(made)
    assert ear is not None, "sounds are made of log-mels that somebody has drawn"
    return Percept(invert(made, ear), ear.rate)


def hear(percept: Percept, ear: FrontEnd) -> Tensor:
    """Draw the log-mels of sounds.

    Args:
        percept: sounds, at any rate.
        ear: how to analyse them.

    Returns:
        `(batch, channel, height, width)` in [-1, 1].

    Raises:
        AudioError: sounds longer than its clips, or too short for one frame.
    """
    assert percept.rate is not None, "pictures cannot be heard"
    return reanalyse(resampled(percept.values, percept.rate, ear.rate), ear)


def ear_of(card: Card) -> FrontEnd:
    """Return how the sounds of a data set were drawn.

    Args:
        card: of the data set.

    Returns:
        The front end with the parameters that the card states.

    Raises:
        DataError: they are no parameters of a front end.
        ConfigError: the card states none, and no front end has its name.
    """
    if not card.front_end_config:
        return front_end(card.front_end)
    try:
        return FrontEnd(**card.front_end_config)
    except TypeError as error:
        raise DataError(
            f"the card of {card.name} describes no front end ({error}): prepare the data again"
        ) from error


def resampled(sounds: Tensor, rate: int, wanted: int) -> Tensor:
    """Bring sounds to another number of samples per second.

    Args:
        sounds: `(batch, sample)` float32 in [-1, 1].
        rate: samples per second.
        wanted: samples per second wanted.

    Returns:
        `(batch, sample)` float32 on the same device.
    """
    if rate == wanted:
        return sounds
    import soxr

    samples = round(sounds.shape[1] * wanted / rate)
    others = [soxr.resample(sound, rate, wanted)[:samples] for sound in sounds.cpu().numpy()]
    return torch.from_numpy(np.stack(others)).to(sounds.device, torch.float32)
