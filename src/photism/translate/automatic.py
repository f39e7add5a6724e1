"""Translating without naming weights: what comes in decides."""

from __future__ import annotations

from typing import Any

from photism.devices import DeviceName
from photism.media import Medium, other
from photism.systems.weights import load_weights
from photism.translate.defaults import default_weights
from photism.translate.results import Picture, Waveform
from photism.translate.sources import Source, medium_of
from photism.translate.translator import Translator


class Automatic:
    """The bundled weights that suit what comes in, each loaded when it is first wanted.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
    """

    def __init__(self, device: DeviceName = "auto") -> None:
        self._device: DeviceName = device
        self._translators: dict[Medium, Translator] = {}

    def __repr__(self) -> str:
        return f"Automatic(device={self._device!r})"

    def translator(self, source: Source, rate: int | None = None) -> Translator:
        """Return what translates a source.

        Args:
            source: as for `Translator.translate`.
            rate: samples per second, where `source` is samples.

        Returns:
            The translator of recordings or of pictures, the same one each time.

        Raises:
            AudioError, ImageError: the source cannot be read.
            ConfigError: no bundled weights make anything of such a source, or no such device.
        """
        medium = medium_of(source, rate)
        if medium not in self._translators:
            weights = load_weights(default_weights(other(medium)))
            self._translators[medium] = Translator(weights, self._device)
        return self._translators[medium]

    def translate(
        self, source: Source, *, rate: int | None = None, **options: Any
    ) -> Picture | Waveform:
        """Translate a picture, or the first clip of a recording in which something is heard.

        Args:
            source: as for `Translator.translate`, which has all arguments and errors.
            rate: samples per second, where `source` is samples.
            **options: `label`, `seed`, `sampling`, `start_s`, `duration_s`.

        Returns:
            The picture or the sound, and how it came about.
        """
        return self.translator(source, rate).translate(source, rate=rate, **options)

    def translate_all(
        self, source: Source, *, rate: int | None = None, **options: Any
    ) -> list[Picture | Waveform]:
        """Translate every clip of a recording; arguments as for `Translator.translate_all`."""
        return self.translator(source, rate).translate_all(source, rate=rate, **options)
