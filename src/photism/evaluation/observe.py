"""Drawing: the pictures of a system for every pair, and what the judges of pictures see in them.

Each pair has noise of its own, seeded by the seed and its row, so that a result depends neither on
the batch size nor on which other pairs were looked at. Pictures themselves are not kept, except
those of the main output, which diversity is measured on, and the examples.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from photism.data.pairs import Batch, PairLoader, to_bytes
from photism.data.progress import track
from photism.images import resize
from photism.judges.base import Judge
from photism.judges.inception import Inception
from photism.media import Medium, other
from photism.systems.base import Output, System, draw_noise


@dataclass(frozen=True)
class Seen:
    """What is seen in one set of pictures, a row for each pair."""

    probabilities: np.ndarray
    """Of the judge, `(pair, class)`."""
    features: np.ndarray
    """Of the judge, `(pair, feature)`."""
    factors: np.ndarray | None = None
    """Read by the judge, `(pair, factor)`; None if it reads none."""
    inception_features: np.ndarray | None = None
    """`(pair, 2048)`; None without Inception."""
    inception_probabilities: np.ndarray | None = None
    """`(pair, 1008)`; None without Inception."""

    @property
    def predicted(self) -> np.ndarray:
        """Judged classes, `(pair,)`."""
        return self.probabilities.argmax(axis=1)

    def take(self, rows: np.ndarray) -> Seen:
        """Return what is seen in some of the pictures."""
        return Seen(
            **{name: value[rows] for name, value in vars(self).items() if value is not None}
        )


@dataclass(frozen=True)
class Observed:
    """All that was drawn and seen, in the order of the loader's rows."""

    outputs: dict[str, Seen]
    """By name, the main output first."""
    real: Seen
    steps: tuple[str, ...]
    """The outputs on the way to the main one, in order, itself last."""
    recognised: np.ndarray | None
    """Class probabilities of the system's own ear or eye, `(pair, class)`; None if it has none."""
    images: np.ndarray
    """Of the main output in the size of the judge, `(pair, height, width, channel)` uint8."""
    real_images: np.ndarray
    """The same of the real pictures."""
    examples: dict[int, dict[str, np.ndarray]]
    """Row in the data set to its pictures by output, `(channel, height, width)` in [-1, 1]."""
    resized: tuple[str, ...]
    """Which pictures were judged in another size than their own, as sentences."""


@torch.inference_mode()
def observe(
    system: System,
    judge: Judge,
    loader: PairLoader,
    *,
    target: Medium,
    seed: int,
    examples: Collection[int] = (),
    inception: Inception | None = None,
) -> Observed:
    """Draw all outputs for every pair and look at them and at the real pictures.

    Args:
        system: in eval mode, as are the others, and on the loader's device.
        judge: sees pictures in its own size.
        loader: pairs in order.
        target: what the system makes of each pair's other medium.
        seed: of the noise.
        examples: rows of the data set whose pictures are kept.
        inception: sees pictures too, if given.

    Returns:
        What was seen.

    Raises:
        DataError: the pictures have other channels than the judge's.
    """
    parts = [
        _draw_batch(system, judge, inception, batch, target, seed, set(examples))
        for batch in track(loader.epoch(), "drawing and judging", len(loader))
    ]
    first = parts[0]
    return Observed(
        outputs={name: _joined([part.outputs[name] for part in parts]) for name in first.outputs},
        real=_joined([part.real for part in parts]),
        steps=first.steps,
        recognised=None
        if first.recognised is None
        else np.concatenate([part.recognised for part in parts]),
        images=np.concatenate([part.images for part in parts]),
        real_images=np.concatenate([part.real_images for part in parts]),
        examples={row: kept for part in parts for row, kept in part.examples.items()},
        resized=first.resized,
    )


def _draw_batch(
    system: System,
    judge: Judge,
    inception: Inception | None,
    batch: Batch,
    target: Medium,
    seed: int,
    examples: set[int],
) -> Observed:
    rows = batch.row.tolist()
    condition, real = batch.of(other(target)), batch.of(target)
    noise = draw_noise(system, target, row_generators(seed, rows), condition.device)
    made = system.outputs(condition, target=target, label=batch.label, noise=noise)
    drawn = {output.title: output.tensor.float().clamp(-1, 1) for output in made}
    main = next(iter(drawn.values()))
    return Observed(
        outputs={name: _look(images, judge, inception) for name, images in drawn.items()},
        real=_look(real, judge, inception),
        steps=steps_of(made),
        recognised=system.recognise(condition).cpu().numpy() if system.recognises else None,
        images=pixels(fit(main, judge)),
        real_images=pixels(fit(real, judge)),
        examples={
            row: {name: images[place].cpu().numpy() for name, images in drawn.items()}
            for place, row in enumerate(rows)
            if row in examples
        },
        resized=_resized(judge, {"generated": main, "real": real}),
    )


def steps_of(outputs: Sequence[Output]) -> tuple[str, ...]:
    """Return the titles of the steps on the way to the first output, which comes last."""
    main = outputs[0]
    return (*(o.title for o in outputs[1:] if o.name == main.name and o.step), main.title)


def _look(images: Tensor, judge: Judge, inception: Inception | None) -> Seen:
    judged = judge(fit(images, judge))
    seen = {"probabilities": judged.logits.softmax(dim=1), "features": judged.features}
    if judged.factors is not None:
        seen["factors"] = judged.factors
    if inception is not None:
        seen["inception_features"], seen["inception_probabilities"] = inception(images)
    return Seen(**{name: value.float().cpu().numpy() for name, value in seen.items()})


def _joined(parts: Sequence[Seen]) -> Seen:
    there = [name for name, value in vars(parts[0]).items() if value is not None]
    return Seen(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in there})


def fit(images: Tensor, judge: Judge) -> Tensor:
    """Resize pictures `(batch, channel, height, width)` in [-1, 1] to those the judge takes."""
    return resize(images, judge.image_shape[1:])


def _resized(judge: Judge, pictures: dict[str, Tensor]) -> tuple[str, ...]:
    height, width = judge.image_shape[1:]
    return tuple(
        f"{name} pictures of {images.shape[2]} × {images.shape[3]} pixels are judged at"
        f" {height} × {width}, the size that judge {judge.name} takes"
        for name, images in pictures.items()
        if images.shape[2:] != (height, width)
    )


def pixels(images: Tensor) -> np.ndarray:
    """Return pictures as they would be stored, `(batch, height, width, channel)` uint8."""
    return to_bytes(images.float().cpu().numpy()).transpose(0, 2, 3, 1)


def row_generators(seed: int, rows: Sequence[int]) -> list[torch.Generator]:
    """Return one source of noise for each row of a data set, on the CPU."""
    states = (np.random.SeedSequence((seed, row)).generate_state(1, np.uint64) for row in rows)
    return [torch.Generator().manual_seed(int(state[0] >> np.uint64(1))) for state in states]
