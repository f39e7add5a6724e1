"""How far an exported graph is from torch, on recordings and pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from photism.audio import canvas
from photism.audio.logmel import pictures
from photism.data.progress import track
from photism.data.sources.scenes import bundled_clips
from photism.errors import ConfigError, PhotismError
from photism.export.exported import Exported
from photism.files import PACKAGED, walk
from photism.media import Medium, other
from photism.translate.noise import noise_at
from photism.translate.sounds import chosen
from photism.translate.sources import medium_of
from photism.translate.translator import Translator

CLIPS = 100
BUNDLED = "40 spoken digits and 60 recordings of ESC-10 that come with photism"
DRAWN = "scenes of the orchestra, as photism draws them"


@dataclass(frozen=True)
class Difference:
    """How far apart two computations of the same thing are, as shares of black to white."""

    largest: float
    mean: float
    """Over all values of all clips."""
    clips: int
    of: str
    """What the clips are."""


def difference(
    translator: Translator, exported: Exported, folder: Path | None = None, clips: int = CLIPS
) -> Difference:
    """Compare a graph with torch, clip by clip, each with noise of its own.

    Torch goes the usual road, as `photism translate` does: the front end of training and
    `System.generate`, not the module that was traced.

    Args:
        translator: of the system, sampling as the graph does.
        exported: the graph.
        folder: recordings, or pictures for systems that take these; None takes what comes along.
        clips: how many, at most.

    Returns:
        The largest and the mean difference.

    Raises:
        ConfigError: the folder holds nothing of that kind.
    """
    target: Medium = "image" if exported.card["target"] == "image" else "sound"
    largest, total, count, done = 0.0, 0.0, 0, 0
    given = itertools.islice(_conditions(translator, target, folder), clips)
    for seed, condition in enumerate(track(given, "comparing with torch", clips)):
        seen, noise, label = _inputs(translator, exported, condition, target, seed)
        feed = [part for part in (condition[None], noise, label) if part is not None]
        ours = exported(*feed)
        theirs = _torch(translator, seen, noise, label, target)
        apart = np.abs(next(iter(ours.values())) - theirs) / _span(translator, target)
        largest, total = max(largest, float(apart.max())), total + float(apart.mean())
        done, count = done + 1, count + 1
    if not count:
        raise ConfigError(f"{folder} holds no {other(target)} that could be compared")
    of = str(folder.name) if folder else (BUNDLED if target == "image" else DRAWN)
    return Difference(largest, total / count, done, of)


def _inputs(
    translator: Translator, exported: Exported, condition: np.ndarray, target: Medium, seed: int
) -> tuple[torch.Tensor, np.ndarray | None, np.ndarray | None]:
    """Return what torch sees, and the noise and the label that both are given."""
    if target == "image":
        seen = pictures([condition], translator.front_end)
    else:
        seen = torch.from_numpy(condition)[None]
    noise = noise_at(translator.system, target, [(seed, 0.0)], torch.device("cpu"))
    label = None
    if translator.system.takes_label:
        heard = translator.system.recognises and seed % 2 == 0
        label = np.array([-1 if heard else seed % len(translator.classes)])
    return seen, None if noise is None else noise.numpy(), label


@torch.inference_mode()
def _torch(
    translator: Translator,
    seen: torch.Tensor,
    noise: np.ndarray | None,
    label: np.ndarray | None,
    target: Medium,
) -> np.ndarray:
    told = torch.from_numpy(label) if label is not None and label[0] >= 0 else None
    drawn = torch.from_numpy(noise) if noise is not None else None
    made = translator.system.generate(seen, target=target, label=told, noise=drawn)
    return (made if target == "image" else canvas.read(made, translator.front_end)).numpy()


def _span(translator: Translator, target: Medium) -> float:
    if target == "image":
        return 2.0
    low, high = translator.front_end.bounds
    return high - low


def _conditions(
    translator: Translator, target: Medium, folder: Path | None
) -> Iterator[np.ndarray]:
    """Yield waveforms `(sample,)` or pictures `(channel, height, width)`."""
    if folder is not None:
        sources: Iterator[Any] = (path for path in walk(folder) if medium_of(path) == other(target))
    else:
        sources = _recordings() if target == "image" else _scenes(translator)
    for source in sources:
        try:
            yield _condition(translator, target, source)
        except PhotismError:  # a file of a folder that cannot be read is not what is asked about
            if folder is None:
                raise


def _condition(translator: Translator, target: Medium, source: Any) -> np.ndarray:
    rate = None
    if isinstance(source, tuple):
        source, rate = source
    cut = translator.clips(source, rate=rate)
    if target == "sound":
        return next(cut).tensor.numpy()
    samples = chosen(cut).samples[0]
    wanted = translator.front_end.clip_samples or len(samples)
    return np.pad(samples, (0, wanted - len(samples))).astype(np.float32)


def _recordings() -> Iterator[Any]:
    yield from sorted((PACKAGED / "demo").glob("*.flac"))
    yield from (clip.content for clip in bundled_clips())


def _scenes(translator: Translator) -> Iterator[np.ndarray]:
    from photism.orchestra.instruments import INSTRUMENTS
    from photism.orchestra.stage import Look, draw

    size = max(translator.system.shape("image")[1:])
    for seed, name in enumerate(itertools.cycle(INSTRUMENTS)):
        rng = np.random.default_rng(seed)
        look, pitch, level = Look.random(rng), float(rng.uniform()), float(rng.uniform())
        yield draw(name, look, pitch=pitch, level=level, time_s=float(rng.uniform(0, 4)), size=size)
