"""The translator: a trained system that takes recordings.

A result depends on the weights, the clip, the seed and the size of the batch, never on what else
was translated in the same call: noise is drawn for each row from its own seed, and networks always
see batches of one size, because their rounding differs from size to size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.audio.segment import heard
from photism.devices import DeviceName, choose_device
from photism.errors import ConfigError, WeightsError, nearest
from photism.media import Medium
from photism.systems.base import System, draw_noise
from photism.translate.request import Request
from photism.translate.results import Label, Made, Picture
from photism.translate.sounds import Recorded, chosen, clips

BATCH = 8
"""Clips translated at once where there are many."""
SURE = 0.5
"""A class recognised with a lower probability is doubtful, which a note says."""


class Translator:
    """A trained system that takes recordings.

    Args:
        system: trained.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        ConfigError: a system that takes no recordings, or a device that is not there.
        WeightsError: a system that takes a label, whose weights do not name their classes.
    """

    target: Medium = "image"

    def __init__(self, system: System, device: DeviceName = "auto") -> None:
        system.require_target(self.target)
        self.device = choose_device(device)
        self.system = system.to(self.device).eval()
        self.front_end = front_end(system.config.front_end)
        self.weights = Path(system.source).name or system.name
        self.classes: tuple[str, ...] = ()
        """What a label may be; none for systems that take no label."""
        if system.takes_label:
            self.classes = system.card.classes
            if not self.classes:
                raise WeightsError(
                    f"the card of {self.weights} names no classes: train it again, or add"
                    ' "classes" to its card.json'
                )

    def __repr__(self) -> str:
        return f"Translator({self.weights!r}, device={str(self.device)!r})"

    @property
    def origin(self) -> dict[str, Any]:
        """What draws: system, preset, name and SHA-256 of the weights, front end."""
        return {
            "system": self.system.name,
            "preset": self.system.preset,
            "weights": self.weights,
            "weights_sha256": self.system.digest,
            "front_end": self.front_end.name,
            "target": self.target,
        }

    def translate(
        self,
        source: Recorded,
        *,
        rate: int | None = None,
        label: str | None = None,
        seed: int = 0,
        sampling: Mapping[str, str] | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> Picture:
        """Translate the first clip of a recording in which something is heard.

        A clip is a word where the system takes words whole, else a window of the system's length.
        Where nothing is heard at all it is the first clip, and `heard` is false. A note says when
        there is more to translate; `translate_all` does.

        Args:
            source: a path, the bytes of a file, an open file, or samples `(sample,)` or
                `(channel, sample)`, floating in [-1, 1] or integers of full scale.
            rate: samples per second, where `source` is samples.
            label: what is heard, such as "violin", for systems that take a label; by default they
                listen for it.
            seed: of the noise.
            sampling: fields of the system's `config.sampling` to change, such as
                `{"latent": "mean"}`.
            start_s: where to begin in the recording.
            duration_s: how much to read; up to ten minutes by default.

        Returns:
            The picture and how it came about.

        Raises:
            AudioError: the sound cannot be read, or is longer than ten minutes and no `duration_s`
                says how much of it is wanted.
            ConfigError: a label that is none of `classes`, a seed that is none, or a way of
                sampling that the system does not have.
        """
        cut = clips(source, self.front_end, rate=rate, start_s=start_s, duration_s=duration_s)
        request = Request(chosen(cut), seed, label, sampling or {})
        [result] = self.draw([request], batch=1)
        return result

    def translate_all(
        self,
        source: Recorded,
        *,
        rate: int | None = None,
        label: str | None = None,
        seed: int = 0,
        sampling: Mapping[str, str] | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
        batch: int = BATCH,
    ) -> list[Picture]:
        """Translate every clip of a recording; arguments and errors are those of `translate`.

        All clips get the same seed, so each can be made again alone, in a batch of the same size:
        `batch` clips are translated at once, which is faster and rounds in another way than one.
        """
        cut = clips(source, self.front_end, rate=rate, start_s=start_s, duration_s=duration_s)
        requests = (Request(clip, seed, label, sampling or {}) for clip in cut)
        return list(self.draw(requests, batch=batch))

    def require(self, label: str | None, sampling: Mapping[str, str]) -> None:
        """Raise a ConfigError for a label or a way of sampling that no clip could be given."""
        self.system.sampled(sampling)
        if label is not None:
            self._index(label)

    def draw(self, requests: Iterable[Request], *, batch: int = BATCH) -> Iterator[Picture]:
        """Translate clips of any recordings, several at a time, for one caller or for many.

        Args:
            requests: in any order, each with its own seed, label and way of sampling.
            batch: rows that the networks always see at once; a smaller lot is filled up.

        Yields:
            One result for each request, in order.

        Raises:
            ConfigError: as for `translate`, or a batch below 1.
        """
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise ConfigError(f"a batch is a whole number from 1 on, not {batch!r}")
        remaining = iter(requests)
        while lot := list(itertools.islice(remaining, batch)):
            results: dict[int, Picture] = {}
            for places in _alike(lot):
                alike = [lot[place] for place in places]
                results |= zip(places, self._draw_alike(alike, batch), strict=True)
            yield from (results[place] for place in range(len(lot)))

    @torch.inference_mode()
    def _draw_alike(self, requests: Sequence[Request], batch: int) -> list[Picture]:
        """Translate at most `batch` clips that are sampled in one way and all labelled or none."""
        first = requests[0]
        system = self.system.sampled(first.sampling)
        sounds = [pictures([request.clip.samples[0]], self.front_end)[0] for request in requests]
        spare = batch - len(requests)
        condition = torch.stack([*sounds, *sounds[:1] * spare]).to(self.device)
        seeds = [int(request.seed) for request in requests] + [0] * spare
        rows = [torch.Generator().manual_seed(seed) for seed in seeds]
        noise = draw_noise(system, self.target, rows, self.device)
        label, labels = self._labels(requests, condition)
        made = system.generate(condition, target=self.target, label=label, noise=noise).cpu()
        return [
            self._result(request, batch, *row)
            for request, row in zip(requests, zip(sounds, made, labels, strict=False), strict=False)
        ]

    def _labels(
        self, requests: Sequence[Request], condition: Tensor
    ) -> tuple[Tensor | None, list[Label | None]]:
        """Return what the system is told of each row, and what the rows are of in words."""
        told = [request.label for request in requests]
        if told[0] is not None:
            indices = [self._index(name) for name in told]
            indices += indices[:1] * (len(condition) - len(told))
            return torch.tensor(indices, device=self.device), [Label(str(name)) for name in told]
        if not self.system.takes_label:
            return None, [None] * len(told)
        probabilities = self.system.recognise(condition)
        best = probabilities.topk(min(2, len(self.classes)))
        return probabilities, [
            self._recognised(indices, values)
            for indices, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _recognised(self, indices: list[int], values: list[float]) -> Label:
        names, shares = [self.classes[i] for i in indices], [round(value, 4) for value in values]
        return Label(names[0], shares[0], *((names[1], shares[1]) if names[1:] else ()))

    def _index(self, label: str | None) -> int:
        if not self.system.takes_label:
            raise ConfigError(f"{self.weights} takes no label: leave {label!r} out")
        if not isinstance(label, str) or label not in self.classes:
            raise ConfigError(
                f"{self.weights} knows no {label!r}: {nearest(str(label), self.classes)}"
            )
        return self.classes.index(label)

    def _result(
        self, request: Request, batch: int, log_mel: Tensor, made: Tensor, label: Label | None
    ) -> Picture:
        clip = request.clip
        verdict = heard(clip.samples[0], clip.rate)
        notes = clip.notes
        if not verdict.heard:
            notes = (*notes, f"nothing was heard ({verdict.reason}): the picture is arbitrary")
        elif label and label.probability is not None and label.probability < SURE:
            notes = (*notes, "what is heard is doubtful: a label would tell")
        return Picture(
            tensor=made.clone(),
            log_mel=log_mel,
            heard=verdict.heard,
            level_db=verdict.level_db,
            notes=notes,
            source=Path(clip.source).name,
            start_s=clip.start_s,
            end_s=clip.start_s + clip.duration_s,
            made=Made(
                **self.origin, seed=request.seed, batch=batch, sampling=dict(request.sampling)
            ),
            label=label,
        )


def _alike(requests: Sequence[Request]) -> list[list[int]]:
    """Group the places of requests that one call of the networks can serve."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, request in enumerate(requests):
        kind = (request.label is None, *sorted(request.sampling.items()))
        groups.setdefault(kind, []).append(place)
    return list(groups.values())
