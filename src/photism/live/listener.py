"""Drawing what is heard while it is heard: the latest window wins."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from photism import images
from photism.live.now import Now, latest, reach_s
from photism.live.reading import Read, Reader
from photism.live.ring import Ring
from photism.live.sources import Source
from photism.translate.request import Request
from photism.translate.results import Picture
from photism.translate.translator import Translator


@dataclass(frozen=True)
class Manner:
    """How what is heard is to be drawn."""

    label: str | None = None
    seed: int = 0
    sampling: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HeardWindow:
    """One window, and what was drawn of it."""

    now: Now
    picture: Picture | None
    """None where nothing was heard."""
    read: Read | None
    """What a judge sees in the picture, of systems whose card names one."""
    seconds: float
    """From having the window's last sample to having its picture."""
    drawn: int
    """Windows so far, with this one."""
    dropped: int
    """Windows so far that came while an earlier one was being drawn."""


def warm(translator: Translator) -> None:
    """Draw once, so that no first window waits for what is loaded when it is first needed."""
    if "image" in translator.system.targets:
        rate = translator.front_end.rate
        picture = translator.translate(np.zeros(rate, np.float32), rate=rate)
        images.png(picture.show_log_mel(), picture.provenance)


def listen(source: Source, translator: Translator, manner: Manner) -> Iterator[HeardWindow]:
    """Draw one window after the other until the sound ends.

    Args:
        source: what is listened to.
        translator: of a system that takes sounds.
        manner: how it draws.

    Yields:
        A moment for each window. Sound that comes before the next is asked for is kept, as much of
        it as a window needs.

    Raises:
        ConfigError: the system takes no sounds, or cannot draw in this manner.
    """
    translator.require_source("sound")
    translator.require(manner.label, manner.sampling)
    reader = Reader.of(translator)
    ring = Ring(source.rate, reach_s(translator.front_end), source.name)
    drawn = dropped = 0
    while blocks := source.take():
        began_s = time.perf_counter()
        for block in blocks:
            ring.add(block)
        now = latest(ring, translator.front_end)
        if now is None:
            continue
        picture = read = None
        if now.heard:
            request = Request(
                now.clip, manner.seed, manner.label, manner.sampling, verdict=now.verdict
            )
            [result] = translator.draw([request], batch=1)
            assert isinstance(result, Picture)
            picture = result
            read = reader.read(picture.tensor) if reader else None
        drawn, dropped = drawn + 1, dropped + len(blocks) - 1
        yield HeardWindow(now, picture, read, time.perf_counter() - began_s, drawn, dropped)
