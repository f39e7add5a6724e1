"""The way back in the demo of the orchestra: what a phrase's scenes sound like.

Each scene of the phrase stands for half a second. The sounds made of them begin a quarter of a
second after one another and fade into each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from photism.judges.base import Judge
from photism.translate.request import Request
from photism.translate.results import Waveform
from photism.translate.stills import still
from photism.translate.translator import Translator

JUDGE = "small-orchestra-sound"
PEAK = 0.7
"""Of the whole phrase."""


@dataclass(frozen=True)
class Back:
    """Who goes the way back."""

    translator: Translator
    """Of a system that makes sounds."""
    judge: Judge
    """Of sounds."""


@dataclass(frozen=True, eq=False)
class Sounded:
    """What the scenes of a phrase sound like."""

    samples: np.ndarray
    """`(sample,)` float32."""
    rate: int
    probabilities: np.ndarray
    """Of the judge for each sound alone, `(scene, class)`."""


@torch.inference_mode()
def sound(back: Back, scene: np.ndarray, apart_s: float, seed: int) -> Sounded:
    """Make a sound of scenes.

    Args:
        back: translates and judges.
        scene: `(scene, height, width, 3)` uint8.
        apart_s: seconds from one scene to the next.
        seed: of the noise, the same for all.

    Returns:
        One sound, and what the judge takes its parts for.
    """
    translator, judge = back.translator, back.judge
    shape = translator.system.shape("image")
    requests = [Request(still(picture, shape), seed) for picture in scene]
    made = [result for result in translator.draw(requests) if isinstance(result, Waveform)]
    log_mels = torch.stack([one.tensor for one in made])
    rate = made[0].rate
    return Sounded(
        samples=faded([one.samples for one in made], round(apart_s * rate)),
        rate=rate,
        probabilities=judge.look(log_mels, translator.front_end).logits.softmax(1).cpu().numpy(),
    )


def faded(sounds: list[np.ndarray], apart: int) -> np.ndarray:
    """Let sounds fade into each other.

    Args:
        sounds: `(sample,)` each, of one length.
        apart: samples from the beginning of one to that of the next.

    Returns:
        `(sample,)` float32 with a peak of `PEAK`, or silence.
    """
    length = len(sounds[0])
    window = np.hanning(length)
    total = np.zeros(apart * (len(sounds) - 1) + length)
    weight = np.zeros_like(total)
    for place, one in enumerate(sounds):
        part = slice(place * apart, place * apart + length)
        total[part] += window * one
        weight[part] += window
    total /= np.maximum(weight, 0.5)  # the ends fade
    peak = np.abs(total).max()
    return (total * (PEAK / peak if peak > 0 else 0)).astype(np.float32)
