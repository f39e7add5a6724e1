"""What a system makes for every pair, and what judges see or hear in it and in reality.

Each pair has noise of its own, seeded by the seed and its row, so that a result depends neither on
the batch size nor on which other pairs were looked at. What is made is not kept, except as pixels
of the main output, which diversity is measured on, and the examples.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from photism.audio.front_ends import FrontEnd
from photism.data.pairs import Batch, PairLoader, to_bytes
from photism.data.progress import track
from photism.judges.base import Judge
from photism.judges.inception import Inception
from photism.judges.perceive import Percept, perceive
from photism.media import Medium
from photism.systems.base import Output, System, draw_noise


@dataclass(frozen=True)
class Seen:
    """What a judge makes of one set of pictures or sounds, a row for each pair."""

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
        """Return what is made of some of the pairs."""
        return Seen(
            **{name: value[rows] for name, value in vars(self).items() if value is not None}
        )


@dataclass(frozen=True)
class Beside:
    """What another judge makes of the main output, and of reality."""

    main: Seen
    real: Seen


@dataclass(frozen=True)
class Observed:
    """All that was made and judged, in the order of the loader's rows."""

    outputs: dict[str, Seen]
    """By name, the main output first."""
    real: Seen
    beside: dict[str, Beside]
    """By name of the other judges."""
    steps: Mapping[str, str]
    """Titles and steps of the outputs on the way to the main one, in order, itself last."""
    recognised: np.ndarray | None
    """Class probabilities of the system's own ear or eye, `(pair, class)`; None if it has none."""
    given: np.ndarray | None
    """Features of what was given, `(pair, feature)`; None without a witness."""
    images: np.ndarray
    """Of the main output as the judge views it, `(pair, height, width, channel)` uint8."""
    real_images: np.ndarray
    """The same of reality."""
    examples: dict[int, dict[str, np.ndarray]]
    """Row in the data set to its outputs, `(channel, height, width)` in [-1, 1]."""
    notes: tuple[str, ...]
    """What was judged in another size than its own, or through a waveform, as sentences."""


@dataclass(frozen=True)
class Observer:
    """Who looks, and at what.

    Args:
        system: in eval mode, as are the judges.
        judges: the first one's figures are the main ones; all of the medium that is made.
        given: what the system is given of each pair.
        drawn: how the log-mels of the data, and so of the system, are drawn.
        seed: of the noise.
        inception: sees pictures too, if given.
        witness: a judge of what is given, whose features are kept.
    """

    system: System
    judges: Sequence[Judge]
    given: Medium
    drawn: FrontEnd | None
    seed: int
    inception: Inception | None = None
    witness: Judge | None = None

    @torch.inference_mode()
    def observe(self, loader: PairLoader, examples: Collection[int] = ()) -> Observed:
        """Make all outputs for every pair and have them and reality judged.

        Args:
            loader: pairs in order, on the device of the networks.
            examples: rows of the data set whose outputs are kept.

        Returns:
            What was made of them.

        Raises:
            DataError: the pictures have other channels than the judge's.
        """
        kept = set(examples)
        parts = [
            self._batch(batch, kept)
            for batch in track(loader.epoch(), "translating and judging", len(loader))
        ]
        first = parts[0]
        return Observed(
            outputs=_joined([part.outputs for part in parts]),
            real=_join([part.real for part in parts]),
            beside={
                name: Beside(
                    _join([part.beside[name].main for part in parts]),
                    _join([part.beside[name].real for part in parts]),
                )
                for name in first.beside
            },
            steps=first.steps,
            recognised=None
            if first.recognised is None
            else np.concatenate([part.recognised for part in parts]),
            given=None if first.given is None else np.concatenate([part.given for part in parts]),
            images=np.concatenate([part.images for part in parts]),
            real_images=np.concatenate([part.real_images for part in parts]),
            examples={row: kept for part in parts for row, kept in part.examples.items()},
            notes=first.notes,
        )

    def _batch(self, batch: Batch, examples: set[int]) -> Observed:
        rows = batch.row.tolist()
        target, condition = self.judges[0].medium, batch.of(self.given)
        noise = draw_noise(self.system, target, row_generators(self.seed, rows), condition.device)
        made = self.system.outputs(condition, target=target, label=batch.label, noise=noise)
        outputs = {output.title: output.tensor.float().clamp(-1, 1) for output in made}
        percepts = {name: perceive(values, target, self.drawn) for name, values in outputs.items()}
        main, real = next(iter(percepts.values())), perceive(batch.of(target), target, self.drawn)
        own, others = self.judges[0], self.judges[1:]
        views = {name: own.view(percept) for name, percept in percepts.items()}
        real_view = own.view(real)
        recognises = self.system.recognises
        return Observed(
            outputs={n: self._seen(view, percepts[n]) for n, view in views.items()},
            real=self._seen(real_view, real),
            beside={j.name: Beside(_look(j, j.view(main)), _look(j, j.view(real))) for j in others},
            steps=steps_of(made),
            recognised=self.system.recognise(condition).cpu().numpy() if recognises else None,
            given=self._given(condition),
            images=pixels(next(iter(views.values()))),
            real_images=pixels(real_view),
            examples={
                row: {name: values[place].cpu().numpy() for name, values in outputs.items()}
                for place, row in enumerate(rows)
                if row in examples
            },
            notes=_notes(own, {"generated": main, "real": real}),
        )

    def _seen(self, view: Tensor, percept: Percept) -> Seen:
        """Return what the first judge makes of a view, and Inception of the picture itself."""
        seen = _look(self.judges[0], view)
        if self.inception is None:
            return seen
        features, probabilities = (
            part.float().cpu().numpy() for part in self.inception(percept.values)
        )
        return replace(seen, inception_features=features, inception_probabilities=probabilities)

    def _given(self, condition: Tensor) -> np.ndarray | None:
        if self.witness is None:
            return None
        return self.witness.look(condition, self.drawn).features.float().cpu().numpy()


def steps_of(outputs: Sequence[Output]) -> dict[str, str]:
    """Return titles and steps on the way to the first output, which comes last, without a step."""
    main = outputs[0]
    before = {o.title: o.step for o in outputs[1:] if o.name == main.name and o.step}
    return {**before, main.title: ""}


def _look(judge: Judge, view: Tensor) -> Seen:
    judged = judge(view)
    seen = {"probabilities": judged.logits.softmax(dim=1), "features": judged.features}
    if judged.factors is not None:
        seen["factors"] = judged.factors
    return Seen(**{name: value.float().cpu().numpy() for name, value in seen.items()})


def _joined(parts: Sequence[Mapping[str, Seen]]) -> dict[str, Seen]:
    return {name: _join([part[name] for part in parts]) for name in parts[0]}


def _join(parts: Sequence[Seen]) -> Seen:
    there = [name for name, value in vars(parts[0]).items() if value is not None]
    return Seen(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in there})


def _notes(judge: Judge, percepts: Mapping[str, Percept]) -> tuple[str, ...]:
    """Say what stands between what was made and what was judged."""
    if judge.ear is not None:
        [rate] = {percept.rate for percept in percepts.values()}
        return (
            "sounds are judged as they are heard: log-mels, generated and real, are made into"
            f" waveforms of {rate:,} Hz and analysed with front end {judge.ear.name}",
        )
    height, width = judge.image_shape[1:]
    return tuple(
        f"{name} pictures of {p.values.shape[2]} × {p.values.shape[3]} pixels are judged at"
        f" {height} × {width}, the size that judge {judge.name} takes"
        for name, p in percepts.items()
        if p.values.shape[2:] != (height, width)
    )


def pixels(images: Tensor) -> np.ndarray:
    """Return pictures as they would be stored, `(batch, height, width, channel)` uint8."""
    return to_bytes(images.float().cpu().numpy()).transpose(0, 2, 3, 1)


def row_generators(seed: int, rows: Sequence[int]) -> list[torch.Generator]:
    """Return one source of noise for each row of a data set, on the CPU."""
    states = (np.random.SeedSequence((seed, row)).generate_state(1, np.uint64) for row in rows)
    return [torch.Generator().manual_seed(int(state[0] >> np.uint64(1))) for state in states]
