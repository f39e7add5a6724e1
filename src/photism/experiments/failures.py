"""Sounds without an instrument put into CAR-GAN: what it hears, draws, and is taken for.

The paper names silent clips as those where the system fails. Here they are told by what they are,
from digital silence to noise and hum, beside windows of the data in which nobody plays and in which
somebody does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from photism.audio.front_ends import FrontEnd, front_end
from photism.audio.logmel import pictures
from photism.audio.segment import heard
from photism.data.pairs import PairDataset, PairLoader
from photism.errors import ConfigError
from photism.experiments.overview import Cell, Column, OverviewLine, OverviewRow, write_strip
from photism.images import to_pil
from photism.judges.base import Judge
from photism.systems.base import System
from photism.systems.car_gan import CARGAN

CLIPS = 26
"""Of each kind; the class given goes through all classes in turn."""
SHOWN, SIDE = 13, 64
"""Pictures of each kind on the page, and the side of those of sounds in pixels."""
HARDLY = 450 / 32768
"""A recording with a smaller peak, of 1 for full scale, is hardly a sound; so is one in seven of
Sub-URMP."""
OUTPUTS = ("label given", "label heard")

Noise = Callable[[np.random.Generator, tuple[int, int], int], np.ndarray]
"""Makes `(clip, sample)` at a rate in Hz."""


def _white(level_db: float) -> Noise:
    return lambda rng, shape, rate: 10 ** (level_db / 20) * rng.standard_normal(shape)


def _pink(rng: np.random.Generator, shape: tuple[int, int], rate: int) -> np.ndarray:
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    spectrum[:, 0] = 0
    spectrum[:, 1:] /= np.sqrt(np.arange(1, spectrum.shape[1]))
    noise = np.fft.irfft(spectrum, shape[1])
    return 0.1 * noise / noise.std(axis=1, keepdims=True)


def _hum(rng: np.random.Generator, shape: tuple[int, int], rate: int) -> np.ndarray:
    time_s = np.arange(shape[1]) / rate + rng.uniform(0, 0.02, (shape[0], 1))
    hum = sum(np.sin(2 * np.pi * 50 * n * time_s) / n for n in (1, 2, 3, 5))
    return 0.03 * hum + _white(-70)(rng, shape, rate)


NOTHING: Mapping[str, Noise] = {
    "silence": lambda rng, shape, rate: np.zeros(shape),
    "noise floor, −75 dB": _white(-75),
    "white noise, −20 dB": _white(-20),
    "pink noise, −20 dB": _pink,
    "mains hum, 50 Hz": _hum,
}


@dataclass(frozen=True)
class Reading:
    """What the judge reads in the pictures of one output."""

    judged: dict[str, float]
    """Share of the pictures by class, most frequent first."""
    as_told: float
    """Share in which it reads the class that the system was told, or heard most probable."""


@dataclass(frozen=True)
class Case:
    """One kind of sound."""

    name: str
    clips: int
    heard: float | None
    """Share of the clips in which there is anything to hear; None for clips without waveform."""
    reason: str
    """Why not, in most of the others."""
    probabilities: dict[str, float]
    """Of the listener, mean over the clips, most probable first."""
    outputs: dict[str, Reading]


def measure_nothing(
    system: System,
    judge: Judge,
    dataset: PairDataset,
    folder: Path,
    *,
    seed: int,
    device: torch.device,
) -> tuple[list[Case], list[dict[str, Any]]]:
    """Put sounds without an instrument in, and sounds with one to compare.

    Args:
        system: with a listener.
        judge: of the same classes.
        dataset: for windows in which nobody plays, where its column `silent` or `peak` tells them,
            and for others.
        folder: gets the pictures.
        seed: of the sounds.
        device: where to compute.

    Returns:
        The kinds of sound, and the records of their pictures.

    Raises:
        ConfigError: the system hears no classes.
        StorageError: the folder cannot be written.
    """
    if not isinstance(system, CARGAN) or system.listener is None:
        raise ConfigError(f"{system.name} has no listener: there is no class that it could hear")
    front = front_end(dataset.card.front_end)
    system.to(device).eval()
    judge.to(device).eval()
    cases: list[Case] = []
    strips: list[dict[str, Any]] = []
    for name, sounds, verdict in (*_made(front, seed), *_recorded(dataset, seed)):
        case, shown = _measure(name, sounds.to(device), verdict, system, judge)
        for output, images in shown.items():
            path = folder / f"strip-{len(strips)}.png"
            strips.append(write_strip(path, f"{name}, {output}", *images))
        cases.append(case)
    return cases, strips


def _made(front: FrontEnd, seed: int) -> Iterator[tuple[str, Tensor, tuple[float | None, str]]]:
    """Yield kinds of made sounds: name, pictures of the sounds, whether anything is heard."""
    shape = (CLIPS, front.clip_samples or front.rate)
    for number, (name, make) in enumerate(NOTHING.items()):
        waveforms = make(np.random.default_rng((seed, number)), shape, front.rate)
        waveforms = waveforms.astype(np.float32)
        verdicts = [heard(waveform, front.rate) for waveform in waveforms]
        reasons = Counter(v.reason.split(":")[0] for v in verdicts if not v.heard)
        share = float(np.mean([v.heard for v in verdicts]))
        reason = reasons.most_common(1)[0][0] if reasons else ""
        yield name, pictures(list(waveforms), front), (share, reason)


def _recorded(
    dataset: PairDataset, seed: int
) -> Iterator[tuple[str, Tensor, tuple[float | None, str]]]:
    """Yield windows of the data in which nobody plays, if it tells them, and in which one does."""
    rng, loader = np.random.default_rng(seed), PairLoader(dataset, 1, shuffle=False)
    for kind, chosen in _kinds(dataset).items():
        if chosen.any():
            rows = rng.permutation(np.flatnonzero(chosen))[:CLIPS]
            yield f"{dataset.card.name}, {kind}", loader.batch(rows).sound, (None, "")


def _kinds(dataset: PairDataset) -> dict[str, np.ndarray]:
    """Tell windows with and without a sound by what the data says of them, quiet ones first."""
    columns = dataset.card.columns
    if "silent" in columns:
        silent = dataset.column("silent").astype(bool)
        return {"nobody plays": silent, "somebody plays": ~silent}
    if "peak" in columns:
        quiet = dataset.column("peak") < HARDLY
        return {"hardly a sound": quiet, "a sound": ~quiet}
    return {"all sounds": np.ones(len(dataset), bool)}


@torch.inference_mode()
def _measure(
    name: str, sounds: Tensor, verdict: tuple[float | None, str], system: CARGAN, judge: Judge
) -> tuple[Case, dict[str, tuple[list[str], list[Image.Image]]]]:
    classes, count = judge.classes, len(sounds)
    given = torch.arange(count, device=sounds.device) % len(classes)
    probabilities = system.recognise(sounds)
    told = {"label given": given, "label heard": probabilities.argmax(dim=1)}
    outputs = system.outputs(sounds, target="image", label=given, noise=None)
    drawn = {output.title: output.tensor for output in outputs}
    readings = {}
    names = [classes[label] for label in told["label heard"][:SHOWN].tolist()]
    small = F.interpolate(sounds[:SHOWN], (SIDE, SIDE), mode="area")
    shown = {"the sounds": (names, [to_pil(picture) for picture in small])}
    for output in OUTPUTS:
        images = drawn[output].float().clamp(-1, 1)
        read = judge.look(images).logits.argmax(dim=1)
        judged = {classes[c]: n / count for c, n in Counter(read.tolist()).most_common()}
        readings[output] = Reading(judged, float((read == told[output]).float().mean()))
        names = [classes[label] for label in told[output][:SHOWN].tolist()]
        shown[output] = (names, [to_pil(picture) for picture in images[:SHOWN]])
    mean = probabilities.mean(dim=0)
    order = mean.argsort(descending=True).tolist()
    listened = {classes[label]: float(mean[label]) for label in order}
    return Case(name, count, *verdict, listened, readings), shown


COLUMNS = (
    Column("anything heard", row="share of clips", line=""),
    Column("the listener hears", row="mean probability", line=""),
    Column("the judge reads", line="share of pictures"),
    Column("the class it was told", line="share of pictures"),
)
HINTS = (
    "Anything heard is what photism says of a recording: of silence and of steady noise, that their"
    " picture is arbitrary.",
    "Label given goes through all classes in turn; label heard leaves the class to the listener.",
)


def case_rows(cases: Sequence[Mapping[str, Any]]) -> tuple[OverviewRow, ...]:
    """Return kinds of sounds as rows of a table.

    Args:
        cases: what `dataclasses.asdict` made of each `Case`, such as read from JSON.

    Returns:
        A row for each, with a line for every output.
    """
    return tuple(
        OverviewRow(
            name=case["name"],
            cells=(_heard_cell(case), _shares(case["probabilities"])),
            lines=tuple(
                OverviewLine(output, (_shares(read["judged"]), Cell(_percent(read["as_told"]))))
                for output, read in case["outputs"].items()
            ),
            content={"case": case},
        )
        for case in cases
    )


def _heard_cell(case: Mapping[str, Any]) -> Cell:
    if case["heard"] is None:
        return Cell()
    below = (Cell(case["reason"], "quiet"),) if case["reason"] else ()
    return Cell(_percent(case["heard"]), below=below)


def _shares(shares: Mapping[str, float]) -> Cell:
    """Return the greatest share, the next two below it."""
    words = [f"{name.replace('_', ' ')} {_percent(share)}" for name, share in shares.items()]
    return Cell(words[0], below=tuple(Cell(word, "quiet") for word in words[1:3]))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
