"""The translator: a trained system that takes recordings, pictures, or both.

A result depends on the weights, the clip, the seed and the size of the batch, never on what else
was translated in the same call: noise is drawn for each row from its own seed, and networks always
see batches of one size, because their rounding differs from size to size.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from photism.audio.decode import Sound
from photism.audio.front_ends import front_end
from photism.audio.invert import invert
from photism.audio.logmel import pictures
from photism.audio.loudness import loudness_db
from photism.audio.segment import heard
from photism.devices import DeviceName, choose_device
from photism.errors import ConfigError, WeightsError, nearest
from photism.media import Medium, other
from photism.systems.base import System
from photism.translate.noise import noise_at
from photism.translate.request import Request
from photism.translate.results import Label, Made, Picture, Result, Waveform
from photism.translate.sounds import Recorded, chosen, clips
from photism.translate.sources import Source, medium_of
from photism.translate.stills import Still, still
from photism.translate.uncertainty import require_stochastic, uncertainty_of

BATCH = 8
"""Clips translated at once where there are many."""
SURE = 0.5
"""A class recognised with a lower probability is doubtful, which a note says."""
_SOURCES: Mapping[Medium, str] = {"sound": "recordings", "image": "pictures"}
_ONE: Mapping[Medium, str] = {"sound": "a recording", "image": "a picture"}


class Translator:
    """A trained system that takes recordings, pictures, or both.

    Args:
        system: trained.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        ConfigError: a device that is not there.
        WeightsError: a system that takes a label, whose weights do not name their classes.
    """

    def __init__(self, system: System, device: DeviceName = "auto") -> None:
        self.device = choose_device(device)
        self.system = system.to(self.device).eval()
        own = front_end(system.config.front_end)
        self.front_end = replace(own, level_range=system.card.level_range or own.level_range)
        self.weights = Path(system.source).name or system.name
        self.classes: tuple[str, ...] = system.card.classes
        """What a label may be, or is recognised as."""
        if system.takes_label and not self.classes:
            raise WeightsError(
                f"the card of {self.weights} names no classes: train it again, or add"
                ' "classes" to its card.json'
            )

    def __repr__(self) -> str:
        return f"Translator({self.weights!r}, device={str(self.device)!r})"

    @property
    def origin(self) -> dict[str, Any]:
        """What translates: system, preset, name and SHA-256 of the weights, front end."""
        return {
            "system": self.system.name,
            "preset": self.system.preset,
            "weights": self.weights,
            "weights_sha256": self.system.digest,
            "front_end": self.front_end.name,
        }

    def translate(
        self,
        source: Source,
        *,
        rate: int | None = None,
        label: str | None = None,
        seed: int = 0,
        sampling: Mapping[str, str] | None = None,
        samples: int = 1,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> Picture | Waveform:
        """Translate a picture, or the first clip of a recording in which something is heard.

        A clip is a word where the system takes words whole, else a window of the system's length.
        Where nothing is heard at all it is the first clip, and `heard` is false. A note says when
        there is more to translate; `translate_all` does.

        Args:
            source: a path, the bytes of a file or an open file; samples `(sample,)` or
                `(channel, sample)`, floating in [-1, 1] or integers of full scale; a PIL picture,
                or an array `(height, width, channel)` of bytes.
            rate: samples per second, where `source` is samples.
            label: what it is of, such as "violin", for systems that take a label; by default they
                recognise it.
            seed: of the noise.
            sampling: fields of the system's `config.sampling` to change, such as
                `{"latent": "mean"}`.
            samples: more than one tell how unsure the result is: `result.uncertainty` has their
                mean and spread. The result is the first of them.
            start_s: where to begin in a recording.
            duration_s: how much to read of a recording; up to ten minutes by default.

        Returns:
            The picture or the sound, and how it came about.

        Raises:
            AudioError, ImageError: the source cannot be read, or is a recording longer than ten
                minutes and no `duration_s` says how much of it is wanted.
            ConfigError: the system takes no such source; a label that is none of `classes`, a seed
                that is none, or a way of sampling that the system does not have.
        """
        cut = self.clips(source, rate=rate, start_s=start_s, duration_s=duration_s)
        first = next(cut)
        clip = first if isinstance(first, Still) else chosen(itertools.chain([first], cut))
        [result] = self.draw([Request(clip, seed, label, sampling or {}, samples)], batch=1)
        return result

    def translate_all(
        self,
        source: Source,
        *,
        rate: int | None = None,
        label: str | None = None,
        seed: int = 0,
        sampling: Mapping[str, str] | None = None,
        samples: int = 1,
        start_s: float = 0.0,
        duration_s: float | None = None,
        batch: int = BATCH,
    ) -> list[Picture | Waveform]:
        """Translate every clip of a recording; arguments and errors are those of `translate`.

        All clips get the same seed, so each can be made again alone, in a batch of the same size:
        `batch` clips are translated at once, which is faster and rounds in another way than one.
        """
        cut = self.clips(source, rate=rate, start_s=start_s, duration_s=duration_s)
        requests = (Request(clip, seed, label, sampling or {}, samples) for clip in cut)
        return list(self.draw(requests, batch=batch))

    def clips(
        self,
        source: Source,
        *,
        rate: int | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> Iterator[Any]:
        """Yield what the system translates at once: clips of a recording, or a picture.

        Args:
            source: as for `translate`.
            rate: as for `translate`.
            start_s: as for `translate`.
            duration_s: as for `translate`.

        Yields:
            At least one `Sound`, or one `Still`.

        Raises:
            AudioError, ImageError, ConfigError: as for `translate`.
        """
        medium = medium_of(source, rate)
        self.require_source(medium, source)
        if medium == "image":
            yield still(source, self.system.shape("image"))
            return
        recorded, front = cast(Recorded, source), self.front_end
        yield from clips(recorded, front, rate=rate, start_s=start_s, duration_s=duration_s)

    def require_source(self, medium: Medium, source: Source = "") -> None:
        """Raise a ConfigError for a kind of source that the system does not take."""
        if other(medium) in self.system.targets:
            return
        taken = " and ".join(_SOURCES[other(target)] for target in self.system.targets)
        name = f"{source} is" if isinstance(source, str | Path) and str(source) else "this is"
        raise ConfigError(
            f"{self.weights} takes {taken}, and {name} {_ONE[medium]}:"
            f" `photism info` shows which weights make {other(medium)}s"
        )

    def require(self, label: str | None, sampling: Mapping[str, str]) -> None:
        """Raise a ConfigError for a label or a way of sampling that no clip could be given."""
        self.system.sampled(sampling)
        if label is not None:
            self._index(label)

    def draw(
        self, requests: Iterable[Request], *, batch: int = BATCH
    ) -> Iterator[Picture | Waveform]:
        """Translate clips of any recordings, several at a time, for one caller or for many.

        Args:
            requests: in any order, each with its own seed, label and way of sampling.
            batch: rows that the networks always see at once; a smaller lot is filled up.

        Yields:
            One result for each request, in order.

        Raises:
            ConfigError: as for `translate`, a batch below 1, or several samples of a system that
                draws no noise.
        """
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise ConfigError(f"a batch is a whole number from 1 on, not {batch!r}")
        asked: deque[Request] = deque()
        made = self._draw_all(self._each_sample(requests, asked), batch)
        for first in made:
            request = asked.popleft()
            if request.samples == 1:
                yield first
                continue
            others = [one.tensor for one in itertools.islice(made, request.samples - 1)]
            yield replace(first, uncertainty=uncertainty_of([first.tensor, *others]))

    def _each_sample(self, requests: Iterable[Request], asked: deque[Request]) -> Iterator[Request]:
        """Yield a request for every sample; `asked` gets those that they belong to."""
        for request in requests:
            if request.samples > 1:
                system = self.system.sampled(request.sampling)
                require_stochastic(system, request.target, request.samples)
            asked.append(request)
            for number in range(request.samples):
                yield replace(request, seed=int(request.seed) + number, samples=1)

    def _draw_all(self, requests: Iterable[Request], batch: int) -> Iterator[Picture | Waveform]:
        remaining = iter(requests)
        while lot := list(itertools.islice(remaining, batch)):
            results: dict[int, Picture | Waveform] = {}
            for places in _alike(lot):
                alike = [lot[place] for place in places]
                results |= zip(places, self._draw_alike(alike, batch), strict=True)
            yield from (results[place] for place in range(len(lot)))

    @torch.inference_mode()
    def _draw_alike(self, requests: Sequence[Request], batch: int) -> list[Picture | Waveform]:
        """Translate at most `batch` clips that are sampled in one way and all labelled or none."""
        first = requests[0]
        target = first.target
        self.require_source(other(target))
        system = self.system.sampled(first.sampling)
        seen = self._seen(requests)
        spare = batch - len(requests)
        condition = torch.stack([*seen, *seen[:1] * spare]).to(self.device)
        places = [(int(request.seed), request.toward) for request in requests]
        noise = noise_at(system, target, places + [(0, 0.0)] * spare, self.device)
        label, labels = self._labels(requests, condition)
        made = system.generate(condition, target=target, label=label, noise=noise).cpu()
        make = self._picture if target == "image" else self._waveform
        strangeness = system.strangeness(condition)
        strange = [None] * batch if strangeness is None else strangeness.tolist()
        parts = zip(requests, seen, made, labels, strange, strict=False)
        return [
            make(request, row.clone(), self._common(request, batch, condition, label, unlike))
            for request, condition, row, label, unlike in parts
        ]

    def condition_of(self, clip: Sound | Still) -> Tensor:
        """Return what the system sees of a clip, `(1, channel, height, width)` on its device."""
        return self._seen([Request(clip)])[0][None].to(self.device)

    def _seen(self, requests: Sequence[Request]) -> list[Tensor]:
        """Return what the system sees of clips of one kind, each `(channel, height, width)`."""
        stills = [request.clip.tensor for request in requests if isinstance(request.clip, Still)]
        sounds = [r.clip.samples[0] for r in requests if not isinstance(r.clip, Still)]
        return stills or list(pictures(sounds, self.front_end))

    def _labels(
        self, requests: Sequence[Request], condition: Tensor
    ) -> tuple[Tensor | None, list[Label | None]]:
        """Return what the system is told of each row, and what the rows are of in words."""
        told = [request.label for request in requests]
        if told[0] is not None:
            indices = [self._index(name) for name in told]
            indices += indices[:1] * (len(condition) - len(told))
            return torch.tensor(indices, device=self.device), [Label(str(name)) for name in told]
        if not (self.system.recognises and self.classes):
            return None, [None] * len(told)
        probabilities = self.system.recognise(condition)
        best = probabilities.topk(min(2, len(self.classes)))
        label = probabilities if self.system.takes_label else None
        return label, [
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

    def _common(
        self,
        request: Request,
        batch: int,
        condition: Tensor,
        label: Label | None,
        strangeness: float | None,
    ) -> Result:
        """Return what pictures and sounds have in common, with the notes of their clip."""
        made = Made(
            **self.origin,
            target=request.target,
            seed=int(request.seed),
            toward=request.toward,
            batch=batch,
            sampling=dict(request.sampling),
        )
        return Result(
            tensor=condition,
            condition=condition,
            notes=request.clip.notes,
            source=Path(request.clip.source).name,
            made=made,
            label=label,
            strangeness=strangeness,
        )

    def _picture(self, request: Request, made: Tensor, common: Result) -> Picture:
        clip = request.clip
        assert not isinstance(clip, Still)
        verdict = request.verdict or heard(clip.samples[0], clip.rate)
        notes = common.notes
        if not verdict.heard:
            notes = (*notes, f"nothing was heard ({verdict.reason}): the picture is arbitrary")
        elif common.unknown:
            notes = (*notes, f"{self._unlike(common)}: the picture is arbitrary")
        elif _doubtful(common.label):
            notes = (*notes, "what is heard is doubtful: a label would tell")
        return Picture(
            **{**vars(common), "tensor": made, "notes": notes},
            heard=verdict.heard and not common.unknown,
            level_db=verdict.level_db,
            start_s=clip.start_s,
            end_s=clip.start_s + clip.duration_s,
        )

    def _waveform(self, request: Request, made: Tensor, common: Result) -> Waveform:
        samples = invert(made[None], self.front_end)
        notes = common.notes
        if common.unknown:
            notes = (*notes, f"{self._unlike(common)}: the sound is arbitrary")
        elif _doubtful(common.label):
            notes = (*notes, f"what is to be seen is doubtful: {common.label}")
        return Waveform(
            **{**vars(common), "tensor": made, "notes": notes},
            samples=samples[0].numpy(),
            rate=self.front_end.rate,
            loudness_db=float(loudness_db(samples, self.front_end.rate)[0]),
        )

    def _unlike(self, common: Result) -> str:
        known = f"{common.strangeness:.2g} times as strange as what it knows may be"
        return f"this is like nothing that {self.weights} learnt from ({known})"


def _doubtful(label: Label | None) -> bool:
    return label is not None and label.probability is not None and label.probability < SURE


def _alike(requests: Sequence[Request]) -> list[list[int]]:
    """Group the places of requests that one call of the networks can serve."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault(request.kind, []).append(place)
    return list(groups.values())
