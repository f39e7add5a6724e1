"""There and back: a sound becomes a picture and a sound again, or a picture the other way.

What arrives tells what the picture kept of the sound. Between the two systems stands what a person
would hand on: a sound is a waveform there, not the log-mel that a network drew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from photism.audio.front_ends import FrontEnd
from photism.data.pairs import PairDataset, PairLoader
from photism.errors import ConfigError
from photism.evaluation.evaluate import evaluate
from photism.evaluation.observe import row_generators
from photism.evaluation.results import Evaluation
from photism.images import resize
from photism.judges.base import Judge
from photism.judges.perceive import ear_of, hear, perceive
from photism.media import Medium, other
from photism.systems.base import Output, System, draw_noise


@dataclass(frozen=True)
class TripConfig:
    """What a round trip has of a system's config."""

    front_end: str


class RoundTrip(System):
    """Two systems of opposite directions, one after the other; both hear or see the class.

    Args:
        there: from the medium of the trip to the other one.
        back: from there to the medium of the trip.
        medium: what the trip begins and ends with.
        drawn: how log-mels are drawn.

    Raises:
        ConfigError: the systems do not make such a trip, or hear through different front ends.
    """

    name = "round-trip"
    title = "Round trip"
    paper = "none"
    makes = ("sound", "image")
    config_class = TripConfig
    translators = ("there", "back")

    def __init__(self, there: System, back: System, medium: Medium, drawn: FrontEnd) -> None:
        super().__init__(TripConfig(there.config.front_end))
        there.require_target(other(medium))
        back.require_target(medium)
        if back.config.front_end != there.config.front_end:
            raise ConfigError(
                f"{there.title} hears through front end {there.config.front_end!r}, {back.title}"
                f" through {back.config.front_end!r}: a round trip needs one"
            )
        self.there, self.back, self.medium, self.drawn = there, back, medium, drawn
        self.source = " and ".join(dict.fromkeys(s.source or s.name for s in (there, back)))

    @property
    def targets(self) -> tuple[Medium, ...]:
        """What it ends with."""
        return (self.medium,)

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return the shape of what it begins and ends with, or of what is between."""
        return (self.back if medium == self.medium else self.there).shape(medium)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return the shape of the noise of both systems, one behind the other."""
        count = sum(math.prod(shape) if shape else 0 for shape in self._noise_shapes())
        return (count,) if count else ()

    def _noise_shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.there.noise_shape(other(self.medium)), self.back.noise_shape(self.medium)

    def between(self, condition: Tensor, noise: Tensor | None) -> Tensor:
        """Return what the first system makes, as it is handed on.

        Args:
            condition: of the medium of the trip, `(batch, channel, height, width)` in [-1, 1].
            noise: of both systems.

        Returns:
            A picture in the size that the second system draws, or the log-mel of the sound.
        """
        first, _ = self._split(noise)
        made = self.there.generate(condition, target=other(self.medium), noise=first)
        made = made.float().clamp(-1, 1)
        if self.medium == "image":
            return hear(perceive(made, "sound", self.drawn), self.drawn)
        return resize(made, self.back.shape("image")[1:])

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Go there and back; the label is told to nobody."""
        self.require_target(target)
        _, second = self._split(noise)
        return self.back.generate(self.between(condition, noise), target=target, noise=second)

    def outputs(
        self, condition: Tensor, *, target: Medium, label: Tensor, noise: Tensor | None
    ) -> tuple[Output, ...]:
        """Return what arrives."""
        return (Output("there and back", self.generate(condition, target=target, noise=noise)),)

    def _split(self, noise: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """Return the noise of either system."""
        if noise is None:
            return None, None
        first, second = self._noise_shapes()
        count = math.prod(first) if first else 0
        return (
            noise[:, :count].unflatten(1, first) if first else None,
            noise[:, count:].unflatten(1, second) if second else None,
        )


def evaluate_trip(
    there: System,
    back: System,
    dataset: PairDataset,
    judge: Judge,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    batch_size: int = 250,
    limit: int | None = None,
) -> Evaluation:
    """Measure what arrives of one medium of a data set.

    Args:
        there: from the judge's medium to the other one.
        back: the way back.
        dataset: pairs; of each, what the judge judges goes on the trip.
        judge: of what arrives.
        seed: see `evaluate`.
        device: see `evaluate`.
        batch_size: see `evaluate`.
        limit: see `evaluate`.

    Returns:
        All figures; examples hold what was between.

    Raises:
        ConfigError: systems, data and judge do not fit together.
        DataError: too few pairs.
    """
    trip = RoundTrip(there, back, judge.medium, ear_of(dataset.card))
    found = evaluate(
        trip,
        dataset,
        judge,
        given=judge.medium,
        seed=seed,
        device=device,
        batch_size=batch_size,
        limit=limit,
        latent_zeroing=0,
    )
    rows = np.array([example.row for example in found.examples])
    batch = PairLoader(dataset, len(rows), rows=rows, shuffle=False, device=device).batch(rows)
    condition = batch.of(judge.medium)
    noise = draw_noise(trip, judge.medium, row_generators(seed, rows.tolist()), condition.device)
    with torch.inference_mode():
        passed = trip.between(condition, noise).float().cpu().numpy()
    examples = (replace(e, between=one) for e, one in zip(found.examples, passed, strict=True))
    return replace(found, examples=tuple(examples))
