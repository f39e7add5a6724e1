"""Spoken digits become log-mel pictures, and are written beside handwritten ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photism.data.progress import track
from photism.errors import AudioError, DataError

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd
    from photism.data.card import Card
    from photism.data.sources.base import PairSource
    from photism.data.sources.mnist import Digits

CLASSES = tuple("0123456789")
IMAGE_SHAPE = (28, 28, 1)
COLUMNS = {"recording": "string", "speaker": "string", "mnist_index": "int"}
_CHUNK = 256


@dataclass(frozen=True)
class Recording:
    """One spoken digit as it lies in its file."""

    key: str
    """Data set and file name without its ending; unique."""
    label: int
    speaker: str
    content: bytes
    """The sound file."""


@dataclass(frozen=True)
class Spoken:
    """Spoken digits as a network sees them, in the order of their keys."""

    keys: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    sounds: np.ndarray
    """`(recording, channel, height, width)` uint8; 0…255 is -1…1."""
    skipped: tuple[dict[str, str], ...] = ()

    def of(self, label: int) -> np.ndarray:
        """Return the rows of one digit."""
        return np.flatnonzero(self.labels == label)


@dataclass(frozen=True)
class Pairing:
    """Which recording goes with which picture, `(pair,)` rows of each."""

    recordings: np.ndarray
    digits: np.ndarray


def hear(
    recordings: Iterable[Recording],
    front_end: FrontEnd,
    *,
    trimmed: bool,
    total: int | None = None,
) -> Spoken:
    """Turn the word in each recording into a log-mel picture.

    A recording that cannot be used is left out and listed with the reason.

    Args:
        recordings: read one at a time, so that a large archive never lies in memory whole.
        front_end: decides rate and picture; recordings at another rate are resampled.
        trimmed: they come trimmed and are taken whole; others are cut to the word, as `translate`
            cuts them.
        total: how many there are, about, for the progress bar.

    Returns:
        Pictures of all that could be used, sorted by key.

    Raises:
        DataError: none could be used, or two have the same key.
    """
    from photism.audio.logmel import pictures
    from photism.data.pairs import to_bytes

    kept: list[Recording] = []
    sounds: list[np.ndarray] = []
    skipped: list[dict[str, str]] = []
    remaining = iter(track(recordings, "log-mels", total))
    while chunk := list(islice(remaining, _CHUNK)):
        waveforms = []
        for recording in chunk:
            try:
                waveforms.append(_waveform(recording.content, front_end, trimmed))
                kept.append(replace(recording, content=b""))
            except Exception as error:  # whatever a file does to its reader, the next one is read
                reason = str(error) or type(error).__name__
                skipped.append({"file": recording.key, "reason": reason})
        if waveforms:
            sounds.append(to_bytes(pictures(waveforms, front_end).numpy()))
    if not kept:
        why = "; the first: {file}: {reason}".format(**skipped[0]) if skipped else ""
        raise DataError(f"no recording that can be used among {len(skipped)}{why}")
    keys = np.array([recording.key for recording in kept])
    order = np.argsort(keys)
    if len(np.unique(keys)) < len(keys):
        raise DataError("two recordings have the same name: give a folder that holds one data set")
    return Spoken(
        keys=keys[order],
        labels=np.array([recording.label for recording in kept])[order],
        speakers=np.array([recording.speaker for recording in kept])[order],
        sounds=np.concatenate(sounds)[order],
        skipped=tuple(skipped),
    )


def _waveform(content: bytes, front_end: FrontEnd, trimmed: bool) -> np.ndarray:
    """Decode a sound file to mono `(sample,)` float32 at the front end's rate, or say what ails it.

    Args:
        content: of the file.
        front_end: knows the rate, and how words are cut.
        trimmed: there is nothing but the word.

    Returns:
        The word.

    Raises:
        AudioError: it is damaged, or silent.
    """
    from photism.audio.clips import cut, first_heard
    from photism.audio.decode import resample
    from photism.data.clips import read_clip

    recording = read_clip(content)
    if not recording.samples.any():
        raise AudioError("silent or empty")
    if trimmed:
        return resample(recording.mono(), recording.rate, front_end.rate)
    word, _ = first_heard(cut([recording], front_end))
    return word.samples[0]


def write_pairs(
    folder: Path,
    source: PairSource,
    front_end: FrontEnd,
    spoken: Spoken,
    parts: Mapping[str, tuple[Digits, Pairing]],
    notes: tuple[str, ...],
) -> Card:
    """Write paired digits as a prepared data set.

    Args:
        folder: where it goes; replaced only when complete.
        source: what the pairs are; its fields become the card's options.
        front_end: made the sounds.
        spoken: every recording.
        parts: for each split the pictures it draws from and who goes with whom.
        notes: for the card.

    Returns:
        The card as written.
    """
    from photism.data.card import Card
    from photism.data.writer import PairWriter

    skipped = {digits.name: digits.skipped for digits, _ in parts.values()}
    card = source.card(
        front_end,
        IMAGE_SHAPE,
        classes=CLASSES,
        group="recording",
        columns=COLUMNS,
        notes=notes,
        skipped=(*spoken.skipped, *chain(*skipped.values())),
    )
    with PairWriter(folder, card) as writer:
        for split, (digits, pairing) in parts.items():
            recordings = spoken.keys[pairing.recordings]
            writer.write(
                split,
                sound=spoken.sounds[pairing.recordings],
                image=digits.images[pairing.digits, :, :, None],
                label=digits.labels[pairing.digits],
                key=[
                    f"{recording} mnist/{digits.name}/{index:05d}"
                    for recording, index in zip(recordings, pairing.digits, strict=True)
                ],
                columns={
                    "recording": recordings,
                    "speaker": spoken.speakers[pairing.recordings],
                    "mnist_index": pairing.digits,
                },
            )
    return Card.read(folder)
