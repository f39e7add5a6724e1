"""The systems that a server translates with, and what it tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from photism.config import settings_of
from photism.errors import ConfigError, nearest
from photism.live.listener import warm
from photism.live.reading import Reader
from photism.media import Medium, other
from photism.serve.problems import Problem
from photism.translate.defaults import usual_weights
from photism.translate.translator import Translator


@dataclass(frozen=True)
class Served:
    """Resident translators by name, and who reads their pictures."""

    translators: Mapping[str, Translator]
    readers: Mapping[str, Reader]
    """By name of the weights; for those whose card names a judge that is here."""

    def named(self, name: str) -> Translator:
        """Return a translator, or raise the problem that there is none of that name."""
        if name not in self.translators:
            hint = nearest(name, self.translators)
            raise Problem(404, f"no system {name!r} is served here: {hint}")
        return self.translators[name]

    def taking(self, medium: Medium) -> Translator:
        """Return what translates a medium where the caller names no system."""
        found = self.usual(medium)
        if found is None:
            kind = {"sound": "recordings", "image": "pictures"}[medium]
            raise Problem(422, f"no system that is served here takes {kind}: see /v1/systems")
        return found

    def usual(self, medium: Medium) -> Translator | None:
        """Return what usually translates a medium; None where nothing does."""
        able = [n for n, t in self.translators.items() if other(medium) in t.system.targets]
        usual = [name for name in usual_weights(other(medium)) if name in able]
        return self.translators[[*usual, *able][0]] if able else None

    def describe(self) -> list[dict[str, Any]]:
        """Return what a caller needs to know of each system, as values that JSON can hold."""
        return [self._describe(name, translator) for name, translator in self.translators.items()]

    def _describe(self, name: str, translator: Translator) -> dict[str, Any]:
        system, front, card = translator.system, translator.front_end, translator.system.card
        reader = self.readers.get(name)
        return {
            "name": name,
            "title": system.title,
            "paper": system.paper,
            "makes": list(system.targets),
            "takes": [other(target) for target in system.targets],
            "default_for": [m for m in self.media if self.taking(m) is translator],
            "takes_label": system.takes_label,
            "classes": list(translator.classes),
            "noisy": any(system.noise_shape(target) for target in system.targets),
            "clip_s": front.clip_s,
            "rate": front.rate,
            "image_shape": list(system.shape("image")),
            "sampling": _choices(getattr(system.config, "sampling", None)),
            "judge": reader and reader.name,
            "data": card.data,
            "licence": card.licence,
            **{k: v for k, v in translator.origin.items() if k not in ("weights", "front_end")},
            "front_end": front.name,
        }

    @property
    def media(self) -> list[Medium]:
        """What can be translated here."""
        able = {other(t) for one in self.translators.values() for t in one.system.targets}
        return sorted(able, reverse=True)


def load_served(names: tuple[str, ...], device: Any) -> Served:
    """Load systems to be served.

    Args:
        names: of bundled weights, folders or runs, as for `photism.load`; none is all bundled ones.
        device: as for `photism.load`.

    Returns:
        The systems, by the names of their folders.

    Raises:
        ConfigError: two have one name, or none are bundled.
        WeightsError: weights cannot be loaded.
    """
    import photism

    names = names or tuple(photism.list_weights())
    if not names:
        raise ConfigError("no weights are bundled: name some with --system")
    translators: dict[str, Translator] = {}
    for name in names:
        translator = photism.load(name, device)
        if translator.weights in translators:
            raise ConfigError(f"two systems are called {translator.weights!r}: rename one's folder")
        translators[translator.weights] = translator
        warm(translator)
    found = {name: Reader.of(translator) for name, translator in translators.items()}
    return Served(translators, {name: reader for name, reader in found.items() if reader})


def _choices(sampling: Any) -> list[dict[str, Any]]:
    """Return the fields of a way of sampling, each with its value, kind and choices."""
    if sampling is None:
        return []
    types = get_type_hints(type(sampling))
    return [
        {
            "name": name,
            "value": value,
            "kind": type(value).__name__,
            "choices": [choice for choice in get_args(types.get(name)) if choice is not None],
        }
        for name, value in settings_of(sampling).items()
    ]
