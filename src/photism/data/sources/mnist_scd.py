"""MNIST-SCD: one picture to one recording, as in the AIVAE paper (arXiv:2109.13354)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.data.digits import Pairing, Spoken, hear, write_pairs
from photism.data.fetch import Upstream
from photism.data.sources.base import PairSource
from photism.data.sources.mnist import MNIST, Digits, Mnist, read_mnist
from photism.data.sources.speech_commands import (
    SPEECH_COMMANDS,
    V1_COUNTS,
    WORDS,
    SpeechCommands,
    find_speech_commands,
    read_speech_commands,
)
from photism.data.splits import SPLITS
from photism.errors import ConfigError, DataError

if TYPE_CHECKING:
    from photism.data.card import Card


@dataclass(frozen=True)
class MnistScd(PairSource):
    """Handwritten digits of MNIST, each with a digit of Speech Commands: 21,160 + 2,360 pairs.

    Every digit is cut to as many recordings as the rarest has and split 90/10 at random; each
    recording and each picture is used at most once. Parts of version 0.01 work too, and the card
    says so.
    """

    name: ClassVar[str] = "mnist-scd"
    what: ClassVar[str] = "handwritten digits of MNIST with spoken ones of Speech Commands"
    pairs: ClassVar[str] = "21,160 + 2,360"
    licence: ClassVar[str] = f"pictures {MNIST.terms}; sound {SPEECH_COMMANDS.terms}"
    upstream: ClassVar[tuple[Upstream, ...]] = (MNIST, SPEECH_COMMANDS)

    digits: tuple[int, ...] = tuple(range(10))
    """Digits to take; fewer for a collection that has not all of them."""
    split: Literal["random", "official"] = "random"
    """"random" is 90/10 as in the paper; "official" follows the lists that come with the data."""
    per_digit: int | None = None
    """Recordings of each digit, drawn at random; as many as the rarest has if not given. To be
    given, such as 2352, for version 0.02, which has more than the paper's."""
    front_end: Literal["aivae-8k", "aivae-16k", "ear-words"] = "aivae-16k"
    """Log-mel front end of the sounds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.digits or sorted(set(self.digits) & set(range(10))) != sorted(self.digits):
            raise ConfigError(f"digits are some of 0 to 9, each once, not {self.digits}")
        if self.per_digit is not None and self.per_digit < 2:
            raise ConfigError(f"per-digit must be 2 or more, not {self.per_digit}")

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.audio.front_ends import front_end

        front = front_end(self.front_end)
        mnist = read_mnist(raw)
        found = find_speech_commands(raw)
        self._check_counts(found)
        words = [WORDS[digit] for digit in self.digits]
        total = sum(found.counts[word] for word in words)
        recordings = read_speech_commands(found, words)
        spoken = hear(recordings, front, trimmed=False, total=total)
        rng = np.random.default_rng((self.seed, 0))
        splits = self.draw_splits(spoken, found, rng)
        parts = pair_once(mnist, spoken, splits, rng)
        return write_pairs(folder, self, front, spoken, parts, self._notes(found, splits))

    def _check_counts(self, found: SpeechCommands) -> None:
        if found.version2 and self.per_digit is None:
            raise DataError(
                "this is Speech Commands v0.02, or mixed with it"
                f" ({sum(found.counts.values()):,} digits; v0.01, which AIVAE used, has"
                f" {sum(V1_COUNTS.values()):,}): give v0.01, or sub-sample with --per-digit 2352"
            )
        for digit in self.digits:
            if not found.counts[WORDS[digit]]:
                there = [str(d) for d, word in enumerate(WORDS) if found.counts[word]]
                raise DataError(
                    f"no recording of {WORDS[digit]!r}: give more archives, or --digits"
                    f" {' '.join(there)}"
                )

    def draw_splits(
        self, spoken: Spoken, found: SpeechCommands, rng: np.random.Generator
    ) -> dict[str, list[np.ndarray]]:
        """Draw the recordings of each split, equally many of every digit.

        Args:
            spoken: all recordings.
            found: knows the official lists.
            rng: of the draw.

        Returns:
            For each split, rows of recordings, a list entry for each digit.

        Raises:
            DataError: a digit has too few recordings.
        """
        drawn = [rng.permutation(spoken.of(digit)) for digit in self.digits]
        if self.per_digit:
            for digit, rows in zip(self.digits, drawn, strict=True):
                if len(rows) < self.per_digit:
                    raise DataError(
                        f"{WORDS[digit]!r} has {len(rows):,} recordings, not {self.per_digit:,}"
                    )
            drawn = [rows[: self.per_digit] for rows in drawn]
        if self.split == "random":
            count = min(len(rows) for rows in drawn)
            trained = count * 9 // 10
            splits = {
                "train": [rows[:trained] for rows in drawn],
                "test": [rows[trained:count] for rows in drawn],
            }
        else:
            splits = {split: _official(split, drawn, spoken, found) for split in SPLITS}
        for split, parts in splits.items():
            if not len(parts[0]) and split != "validation":
                raise DataError(f"a digit has no recording in the {split} part: give more archives")
        return {split: parts for split, parts in splits.items() if len(parts[0])}

    def _notes(self, found: SpeechCommands, splits: dict[str, list[np.ndarray]]) -> tuple[str, ...]:
        used = {split: sum(map(len, parts)) for split, parts in splits.items()}
        notes = [
            " and ".join(f"{count:,} recordings for {split}" for split, count in used.items())
            + ", equally many of each digit; each recording and picture used at most once"
        ]
        if found.counts != V1_COUNTS:
            counts = ", ".join(f"{word} {found.counts[word]:,}" for word in WORDS)
            notes.append(
                f"NOT the complete Speech Commands v0.01: {sum(found.counts.values()):,} of its"
                f" {sum(V1_COUNTS.values()):,} digits were at hand ({counts}), so results do not"
                " compare directly with the paper's"
                if not found.version2
                else f"NOT Speech Commands v0.01 but v0.02 or a mixture, sub-sampled ({counts})"
            )
        elif self != replace(MnistScd(), seed=self.seed):
            notes.append("options differ from the paper's, see above")
        if found.repeated:
            notes.append(f"{found.repeated:,} recordings lay in two places and were taken once")
        return tuple(notes)


def pair_once(
    mnist: Mnist, spoken: Spoken, splits: Mapping[str, list[np.ndarray]], rng: np.random.Generator
) -> dict[str, tuple[Digits, Pairing]]:
    """Give every recording a picture of its digit, no picture twice.

    Args:
        mnist: test pairs take its test pictures, all others its training pictures.
        spoken: all recordings.
        splits: for each split, rows of recordings, a list entry for each digit.
        rng: of the draw.

    Returns:
        For each split the pictures drawn from and who goes with whom, in random order.

    Raises:
        DataError: a digit has more recordings than pictures.
    """
    unused = {
        part.name: [rng.permutation(np.flatnonzero(part.labels == d)) for d in range(10)]
        for part in (mnist.train, mnist.test)
    }
    pairs = {}
    for split, recordings in splits.items():
        part = mnist.test if split == "test" else mnist.train
        pictures = []
        for rows in recordings:
            digit = int(spoken.labels[rows[0]])
            pool = unused[part.name][digit]
            if len(rows) > len(pool):
                raise DataError(
                    f"{len(rows):,} recordings of {digit} for {split}, but MNIST has only"
                    f" {len(pool):,} pictures left: choose a smaller --per-digit"
                )
            pictures.append(pool[: len(rows)])
            unused[part.name][digit] = pool[len(rows) :]
        order = rng.permutation(sum(map(len, pictures)))
        pairs[split] = (
            part,
            Pairing(np.concatenate(recordings)[order], np.concatenate(pictures)[order]),
        )
    return pairs


def _official(
    split: str, drawn: list[np.ndarray], spoken: Spoken, found: SpeechCommands
) -> list[np.ndarray]:
    """Return the rows of one official split, cut to as many as the rarest digit has there."""
    parts = [rows[[found.split_of(key) == split for key in spoken.keys[rows]]] for rows in drawn]
    fewest = min(map(len, parts))
    return [rows[:fewest] for rows in parts]
