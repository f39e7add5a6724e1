"""Translating without naming weights: what comes in decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from photism.devices import DeviceName
from photism.errors import PhotismError
from photism.media import Medium, other
from photism.systems.weights import load_weights
from photism.translate.defaults import default_weights
from photism.translate.results import Picture, Waveform
from photism.translate.sounds import first_clip
from photism.translate.sources import Source, medium_of
from photism.translate.stills import Still
from photism.translate.translator import Translator

MARGIN = 0.1
"""A difference in strangeness that decides nothing: limits of ears compare no more closely."""
LISTENED_S = 10.0
"""Of a recording, to tell what kind of sound it is."""


@dataclass(frozen=True)
class Choice:
    """Which weights translate something, and why."""

    translator: Translator
    reason: str
    """For people; empty where there was nothing to choose from."""


class Automatic:
    """The bundled weights that suit what comes in, each loaded when it is first wanted.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
    """

    def __init__(self, device: DeviceName = "auto") -> None:
        self._device: DeviceName = device
        self._translators: dict[str, Translator] = {}

    def __repr__(self) -> str:
        return f"Automatic(device={self._device!r})"

    def able(self, target: Medium) -> list[Translator]:
        """Return those that make a medium, the first of which is taken where nothing is known.

        Args:
            target: what is to be made.

        Returns:
            One or more, the same ones each time.

        Raises:
            ConfigError: no bundled weights make it, or no such device.
        """
        names = default_weights(target)
        for name in names:
            if name not in self._translators:
                self._translators[name] = Translator(load_weights(name), self._device)
        return [self._translators[name] for name in names]

    def choose(
        self,
        source: Source,
        *,
        rate: int | None = None,
        start_s: float = 0.0,
        duration_s: float | None = None,
        label: str | None = None,
    ) -> Choice:
        """Choose what knows this kind of sound, or of picture, best.

        Where none knows it, the least strange is chosen: its result says that it was not heard.

        Args:
            source: as for `Translator.translate`; a stream that cannot be read twice is not looked
                into.
            rate: samples per second, where `source` is samples.
            start_s: where to listen in a recording.
            duration_s: how much of it to listen to, at most.
            label: what it is of, which the translator has to know.

        Returns:
            A translator, the same one each time, and the reason.

        Raises:
            ConfigError: no bundled weights make anything of such a source, or no such device.
        """
        able = self.able(other(medium_of(source, rate)))
        able = [one for one in able if label is None or label in one.classes] or able
        if len(able) == 1:
            return Choice(able[0], "")
        if not _again(source):
            reason = f"chose {able[0].weights}: a stream is read once, so nothing listened first"
            return Choice(able[0], reason)
        listened_s = min(LISTENED_S, duration_s or LISTENED_S)
        found: dict[str, float] = {}
        for translator in able:
            try:
                strangeness = _strangeness(translator, source, rate, start_s, listened_s)
            except PhotismError:
                return Choice(able[0], "")  # which says what is wrong with it
            if strangeness is not None:
                found[translator.weights] = strangeness
        if not found:
            return Choice(able[0], "")
        least = min(found.values())  # of those that are about as good, the first is taken
        best = next(name for name, strangeness in found.items() if strangeness <= least + MARGIN)
        told = ", ".join(f"{name} {value:.2g}" for name, value in sorted(found.items()))
        known = "knows this kind best" if found[best] <= 1 else "is the nearest"
        reason = f"chose {best}, which {known} (strangeness, up to 1 is known: {told})"
        return Choice(next(one for one in able if one.weights == best), reason)

    def translate(
        self, source: Source, *, rate: int | None = None, **options: Any
    ) -> Picture | Waveform:
        """Translate a picture, or the first clip of a recording in which something is heard.

        Args:
            source: as for `Translator.translate`, which has all arguments and errors.
            rate: samples per second, where `source` is samples.
            **options: `label`, `seed`, `sampling`, `start_s`, `duration_s`.

        Returns:
            The picture or the sound, and how it came about; its notes say which weights were chosen
            and why.
        """
        choice = self._choice(source, rate, options)
        return _with(choice.reason, choice.translator.translate(source, rate=rate, **options))

    def translate_all(
        self, source: Source, *, rate: int | None = None, **options: Any
    ) -> list[Picture | Waveform]:
        """Translate every clip of a recording; arguments as for `Translator.translate_all`."""
        choice = self._choice(source, rate, options)
        made = choice.translator.translate_all(source, rate=rate, **options)
        return [_with(choice.reason, one) for one in made]

    def _choice(self, source: Source, rate: int | None, options: Mapping[str, Any]) -> Choice:
        names = ("start_s", "duration_s", "label")
        return self.choose(source, rate=rate, **{n: options[n] for n in names if n in options})


def _again(source: Source) -> bool:
    """Whether a source can be read twice."""
    return not hasattr(source, "read") or (hasattr(source, "seekable") and source.seekable())


def _strangeness(
    translator: Translator, source: Any, rate: int | None, start_s: float, listened_s: float
) -> float | None:
    """Return how strange the first clip in which something is heard is to a translator.

    An open file is left where it was.
    """
    place = source.tell() if hasattr(source, "read") else None
    try:
        clips = translator.clips(source, rate=rate, start_s=start_s, duration_s=listened_s)
        first = next(clips)
        clip = first if isinstance(first, Still) else first_clip(first, clips)
    finally:
        if place is not None:
            source.seek(place)
    with torch.inference_mode():
        found = translator.system.strangeness(translator.condition_of(clip))
    return None if found is None else float(found[0])


def _with(reason: str, made: Picture | Waveform) -> Picture | Waveform:
    return replace(made, notes=(*made.notes, reason)) if reason else made
