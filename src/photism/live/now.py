"""Which part of a sound that is still going on is to be drawn now."""

from __future__ import annotations

from dataclasses import dataclass

from photism.audio.clips import LEAST_S, cut
from photism.audio.decode import Sound
from photism.audio.front_ends import FrontEnd
from photism.audio.segment import Heard, heard
from photism.live.ring import Ring

WORD_S = 1.5
"""How far back a system that takes words looks for the latest."""


@dataclass(frozen=True)
class Now:
    """The latest clip, and whether anything is heard in it."""

    clip: Sound
    """Mono, at the rate of the front end."""
    end_s: float
    """Time of the latest sample that it was cut from, in seconds since the first."""
    verdict: Heard

    @property
    def heard(self) -> bool:
        """Whether anything is heard."""
        return self.verdict.heard


def reach_s(front_end: FrontEnd) -> float:
    """Return how many seconds back a front end looks."""
    return front_end.clip_s or WORD_S


def latest(ring: Ring, front_end: FrontEnd) -> Now | None:
    """Return what is to be drawn now: the latest window, or the latest word, ended or not.

    It is cut as recordings are, by the same function.

    Args:
        ring: the latest seconds.
        front_end: of the system.

    Returns:
        None before there is enough sound for anything.
    """
    sound = ring.latest(reach_s(front_end))
    if sound is None or sound.duration_s < 2 * LEAST_S:
        return None
    clip = list(cut([sound], front_end))[-1]
    verdict = heard(clip.samples[0], clip.rate)
    return Now(clip, ring.end_s, verdict)
