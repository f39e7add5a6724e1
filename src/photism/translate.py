"""From a recording to a picture: what `photism.load` returns, and what that returns.

A result depends on the weights, the clip and the seed, never on what else was translated in the
same call: noise is drawn for each picture from its own seed, and networks always see batches of
one size, because their rounding differs from size to size.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import photism
from photism import images
from photism.audio.clips import BLOCK_S, clips, first_heard
from photism.audio.decode import Sound, stream
from photism.audio.logmel import front_end, pictures
from photism.audio.segment import heard
from photism.devices import DeviceName, choose_device
from photism.errors import AudioError, ConfigError, WeightsError, nearest
from photism.files import data_uri
from photism.systems.base import System

BATCH = 8
"""Pictures drawn at once, always: a last, smaller batch is filled up."""
SHOWN = 280
"""Longer side of a saved picture in pixels, as near as a whole factor allows."""
LIMIT_S = 600.0
"""Longest recording that is translated without a `duration_s` that asks for it."""
SURE = 0.5
"""A class heard with a lower probability is doubtful, which a note says."""

Source = str | Path | bytes | BinaryIO | np.ndarray


@dataclass(frozen=True)
class Label:
    """The class a picture was drawn as."""

    name: str
    probability: float | None = None
    """How sure the system is of having heard it; None where the caller named it."""
    runner_up: str | None = None
    """The class that was next."""
    runner_up_probability: float | None = None

    def __str__(self) -> str:
        if self.probability is None:
            return f"{self.name}, as told"
        following = f"{self.runner_up} {self.runner_up_probability:.0%}"
        return f"{self.name} {self.probability:.0%} ({following})"


@dataclass(frozen=True, eq=False)
class Translation:
    """A picture and how it came about; shows itself in a notebook."""

    tensor: Tensor = field(repr=False)
    """The picture, `(channel, height, width)` in [-1, 1], on the CPU."""
    log_mel: Tensor = field(repr=False)
    """What the system saw of the sound, `(channel, height, width)` in [-1, 1]."""
    heard: bool
    """False for silence, steady noise and the like: the picture is arbitrary then."""
    level_db: float
    """Level of the clip in dB re full scale (RMS); -inf is digital silence."""
    notes: tuple[str, ...]
    """What a person should know about this picture, such as why nothing was heard."""
    seed: int
    source: str
    """Name of the file, or what the sound came from."""
    start_s: float
    end_s: float
    """Where in the source the clip was cut."""
    origin: dict[str, str]
    """System, preset, name and SHA-256 of the weights, front end."""
    label: Label | None = None
    """What it was drawn as, by systems that take a label."""

    @property
    def image(self) -> Image.Image:
        """The picture in its own size."""
        return images.to_pil(self.tensor)

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything needed to make the picture again; `photism info` prints it."""
        where = f"{self.source} {self.start_s:.2f}–{self.end_s:.2f} s"
        by = f"{self.origin['weights']}, seed {self.seed}"
        drawn_as = f": {self.label}" if self.label else ""
        return {
            "description": f"{where}, translated by {by}{drawn_as}",
            "photism": photism.__version__,
            **self.origin,
            "seed": self.seed,
            "source": self.source,
            "start_s": round(self.start_s, 4),
            "end_s": round(self.end_s, 4),
            "heard": self.heard,
            "level_db": round(self.level_db, 1) if math.isfinite(self.level_db) else None,
            "label": self.label and asdict(self.label),
            "notes": list(self.notes),
        }

    def save(self, path: str | Path, *, size: int | None = SHOWN) -> Path:
        """Write the picture as a PNG that carries its provenance.

        Args:
            path: the file, replaced if there is one.
            size: longer side in pixels, as near as repeating pixels a whole number of times
                allows; None keeps the system's own size.

        Returns:
            The path.
        """
        picture = self.image if size is None else images.enlarge(self.image, size)
        images.write_png(Path(path), picture, self.provenance)
        return Path(path)

    def show_log_mel(self) -> Image.Image:
        """Return what the system saw of the sound as a picture, low frequencies at the bottom."""
        if len(self.log_mel) == 3:
            return images.to_pil(self.log_mel)
        low_first = front_end(self.origin["front_end"]).origin == "top"
        return images.log_mel_picture(self.log_mel[0], low_first=low_first)

    def _repr_png_(self) -> bytes:
        return images.png(images.enlarge(self.image, SHOWN), self.provenance)

    def _repr_html_(self) -> str:
        sound = images.enlarge(self.show_log_mel(), SHOWN // 2)
        shown = [_html(sound), _html(images.enlarge(self.image, SHOWN // 2))]
        text = "<br>".join(escape(line) for line in (self.provenance["description"], *self.notes))
        return f'<div style="display:inline-block">{" ".join(shown)}<br><small>{text}</small></div>'


def _html(picture: Image.Image) -> str:
    content = data_uri("image/png", images.png(picture))
    return f'<img src="{content}" style="image-rendering:pixelated">'


class Translator:
    """A trained system that takes recordings.

    Args:
        system: trained, from sound to image.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        ConfigError: a system of the other direction, or a device that is not there.
        WeightsError: a system that takes a label, whose weights do not name their classes.
    """

    def __init__(self, system: System, device: DeviceName = "auto") -> None:
        if system.direction == "image-to-sound":
            raise ConfigError(f"{system.name} makes sounds from pictures: it takes no recordings")
        self.device = choose_device(device)
        self.system = system.to(self.device).eval()
        self.front_end = front_end(system.config.front_end)
        self.origin = {
            "system": system.name,
            "preset": system.preset,
            "weights": Path(system.source).name or system.name,
            "weights_sha256": system.digest,
            "front_end": self.front_end.name,
        }
        self.classes: tuple[str, ...] = ()
        """What a label may be; none for systems that take no label."""
        if system.takes_label:
            self.classes = tuple(system.card.get("classes", ()))
            if not self.classes:
                raise WeightsError(
                    f"the card of {self.origin['weights']} names no classes: train it again, or"
                    ' add "classes" to its card.json'
                )

    def __repr__(self) -> str:
        return f"Translator({self.origin['weights']!r}, device={str(self.device)!r})"

    def translate(
        self,
        source: Source,
        *,
        rate: int | None = None,
        label: str | None = None,
        seed: int = 0,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> Translation:
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
            start_s: where to begin in the recording.
            duration_s: how much to read; up to `LIMIT_S` by default.

        Returns:
            The picture and how it came about.

        Raises:
            AudioError: the sound cannot be read, or is longer than `LIMIT_S` and no `duration_s`
                says how much of it is wanted.
            ConfigError: a label that is none of `classes`.
        """
        clips = self.clips(source, rate=rate, start_s=start_s, duration_s=duration_s)
        [translation] = self.draw([(_first_heard(clips), seed)], label)
        return translation

    def translate_all(
        self,
        source: Source,
        *,
        rate: int | None = None,
        label: str | None = None,
        seed: int = 0,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> list[Translation]:
        """Translate every clip of a recording; arguments and errors are those of `translate`.

        All clips get the same seed, so each can be made again alone.
        """
        clips = self.clips(source, rate=rate, start_s=start_s, duration_s=duration_s)
        return list(self.draw(((clip, seed) for clip in clips), label))

    def clips(
        self,
        source: Source,
        *,
        rate: int | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> Iterator[Sound]:
        """Cut a recording into what the system translates at once: words, or windows.

        A recording from a file is read as the clips are asked for, so it may be of any length.

        Args:
            source: as for `translate`.
            rate: samples per second, where `source` is samples.
            start_s: where to begin in the recording.
            duration_s: how much to read; up to `LIMIT_S` by default.

        Yields:
            At least one clip, mono, at the rate of the system's front end.

        Raises:
            AudioError: as for `translate`.
            ConfigError: a start below 0, or a duration not above 0.
        """
        if not start_s >= 0:
            raise ConfigError(f"the start is a time from 0 s on, not {start_s:g} s")
        if duration_s is not None and not duration_s > 0:
            raise ConfigError(f"the duration must be above 0 s, not {duration_s:g} s")
        yield from clips(_blocks(source, rate, start_s, duration_s), self.front_end)

    def draw(
        self, requests: Iterable[tuple[Sound, int]], label: str | None = None
    ) -> Iterator[Translation]:
        """Translate clips of any recordings, several at a time.

        Args:
            requests: clips as `clips` cuts them, each with its seed.
            label: as for `translate`.

        Yields:
            One translation for each, in order.

        Raises:
            ConfigError: as for `translate`.
        """
        told = None if label is None else torch.full((BATCH,), self._index(label)).to(self.device)
        remaining = iter(requests)
        while batch := list(itertools.islice(remaining, BATCH)):
            sounds = [pictures([clip.samples[0]], self.front_end)[0] for clip, _ in batch]
            condition = torch.stack([*sounds, *sounds[:1] * (BATCH - len(batch))]).to(self.device)
            seeds = [seed for _, seed in batch] + [0] * (BATCH - len(batch))
            rows = [torch.Generator().manual_seed(seed) for seed in seeds]
            with torch.inference_mode():
                drawn = self.system.generate(condition, label=told, rng=rows).cpu()
                labels = self._labels(condition, label)
            parts = zip(batch, sounds, drawn, labels, strict=False)
            for (clip, seed), log_mel, picture, drawn_as in parts:
                yield self._translation(clip, seed, log_mel, picture.clone(), drawn_as)

    def _index(self, label: str) -> int:
        weights = self.origin["weights"]
        if not self.system.takes_label:
            raise ConfigError(f"{weights} takes no label: leave {label!r} out")
        if label not in self.classes:
            raise ConfigError(f"{weights} knows no {label!r}: {nearest(label, self.classes)}")
        return self.classes.index(label)

    def _labels(self, condition: Tensor, label: str | None) -> list[Label | None]:
        """Return what each row is drawn as: the label that was given, else what is heard."""
        if label is not None:
            return [Label(label)] * len(condition)
        if not self.system.takes_label:
            return [None] * len(condition)
        best = self.system.hear(condition).topk(2)
        return [
            Label(self.classes[i], round(p, 4), self.classes[j], round(q, 4))
            for (i, j), (p, q) in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _translation(
        self, clip: Sound, seed: int, log_mel: Tensor, picture: Tensor, label: Label | None
    ) -> Translation:
        verdict = heard(clip.samples[0], clip.rate)
        notes = clip.notes
        if not verdict.heard:
            notes = (*notes, f"nothing was heard ({verdict.reason}): the picture is arbitrary")
        elif label and label.probability is not None and label.probability < SURE:
            notes = (*notes, "what is heard is doubtful: a label would tell")
        return Translation(
            tensor=picture,
            log_mel=log_mel,
            heard=verdict.heard,
            level_db=verdict.level_db,
            notes=notes,
            seed=seed,
            source=Path(clip.source).name,
            start_s=clip.start_s,
            end_s=clip.start_s + clip.duration_s,
            origin=self.origin,
            label=label,
        )


def _first_heard(cut: Iterator[Sound]) -> Sound:
    """Return the clip that speaks for a recording, and note on it if there is more."""
    chosen, following = first_heard(cut)
    if following is None:
        return chosen
    note = f"there is more from {following.start_s:.2f} s on: translate_all gives all of it"
    return replace(chosen, notes=(*chosen.notes, note))


def _blocks(
    source: Source, rate: int | None, start_s: float, duration_s: float | None
) -> Iterable[Sound]:
    """Return a recording as blocks that follow one another."""
    if isinstance(source, np.ndarray):
        return [_from_samples(source, rate, start_s, duration_s)]
    if rate is not None:
        raise AudioError("a rate goes with samples; a file knows its own: leave it out")
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    return stream(source, block_s=BLOCK_S, start_s=start_s, duration_s=duration_s, max_s=LIMIT_S)


def _from_samples(
    samples: np.ndarray, rate: int | None, start_s: float, duration_s: float | None
) -> Sound:
    if rate is None or rate <= 0:
        raise AudioError("samples need their rate: translate(samples, rate=16000)")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and len(samples) > samples.shape[1]):
        raise AudioError(f"samples are (sample,) or (channel, sample), not {samples.shape}")
    if samples.dtype.kind in "iu":
        steps = 2.0 ** (8 * samples.dtype.itemsize - 1)
        samples = samples / steps - (samples.dtype.kind == "u")
    samples = np.atleast_2d(samples).astype(np.float32)
    stop = None if duration_s is None else round((start_s + duration_s) * rate)
    samples = samples[:, round(start_s * rate) : stop]
    if samples.shape[1] == 0:
        raise AudioError(f"there are no samples after {start_s:g} s")
    if not np.isfinite(samples).all():
        raise AudioError("the samples hold values that are not numbers (NaN or infinite)")
    return Sound(samples, rate, "samples", start_s)
