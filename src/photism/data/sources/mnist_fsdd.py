"""MNIST-FSDD: many pictures to one recording, as in the AIVAE paper (arXiv:2109.13354)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.data.digits import CLASSES, Pairing, Spoken, hear, write_pairs
from photism.data.fetch import Upstream
from photism.data.sources.base import PairSource
from photism.data.sources.fsdd import FSDD, TAKES, check_speakers, read_fsdd
from photism.data.sources.mnist import MNIST, Digits, read_mnist
from photism.errors import DataError

if TYPE_CHECKING:
    from photism.data.card import Card

TEST_FRACTION = 0.1
_DRAWS = 1000


@dataclass(frozen=True)
class MnistFsdd(PairSource):
    """Handwritten digits of MNIST, each with a spoken digit of FSDD: 60,000 + 10,000 pairs.

    Recordings are split 90/10 at random. Every picture is used once, with a recording of the same
    digit drawn with replacement from its part.
    """

    name: ClassVar[str] = "mnist-fsdd"
    what: ClassVar[str] = "handwritten digits of MNIST with spoken ones of FSDD"
    pairs: ClassVar[str] = "60,000 + 10,000"
    licence: ClassVar[str] = f"pictures {MNIST.terms}; sound {FSDD.terms}"
    upstream: ClassVar[tuple[Upstream, ...]] = (MNIST, FSDD)

    speakers: tuple[str, ...] = ("jackson", "nicolas", "theo", "yweweler")
    """Whose recordings to use; also george and lucas. The default four are those of the paper."""
    front_end: Literal["aivae-8k", "aivae-16k", "ear-words"] = "aivae-8k"
    """Log-mel front end of the sounds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_speakers(self.speakers)

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.audio.front_ends import front_end

        front = front_end(self.front_end)
        mnist = read_mnist(raw)
        total = TAKES * 10 * len(self.speakers)
        spoken = hear(read_fsdd(raw, self.speakers), front, trimmed=True, total=total)
        rng = np.random.default_rng((self.seed, 0))
        train_rows, test_rows = split_recordings(spoken, rng)
        parts = {
            "train": (mnist.train, pair_with_replacement(mnist.train, spoken, train_rows, rng)),
            "test": (mnist.test, pair_with_replacement(mnist.test, spoken, test_rows, rng)),
        }
        note = (
            f"{len(train_rows):,} recordings for training and {len(test_rows):,} for testing, by"
            f" {', '.join(sorted(self.speakers))}; each picture used once, recordings drawn with"
            " replacement"
        )
        return write_pairs(folder, self, front, spoken, parts, (note,))


def split_recordings(spoken: Spoken, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the test part at random from all recordings, again if it lacks a digit.

    The recordings of a few speakers need that now and then, the 2,000 of the paper do not.

    Args:
        spoken: all recordings.
        rng: of the draw.

    Returns:
        Rows for training and for testing.

    Raises:
        DataError: there are too few recordings for every digit to be in both.
    """
    count = len(spoken.labels)
    tested = round(TEST_FRACTION * count)
    for _ in range(_DRAWS):
        order = rng.permutation(count)
        train, test = np.sort(order[tested:]), np.sort(order[:tested])
        if all(len(np.unique(spoken.labels[rows])) == len(CLASSES) for rows in (train, test)):
            return train, test
    raise DataError(
        f"{count} recordings are too few to have every digit in a test part of {tested}: choose"
        " more speakers"
    )


def pair_with_replacement(
    digits: Digits, spoken: Spoken, rows: np.ndarray, rng: np.random.Generator
) -> Pairing:
    """Give every picture a recording of its digit, drawn with replacement.

    Args:
        digits: pictures, each used once.
        spoken: all recordings.
        rows: the recordings that may be drawn.
        rng: of the draw.

    Returns:
        One pair for each picture, in the order of the pictures.
    """
    recordings = np.empty(len(digits.labels), np.int64)
    for label in range(10):
        places = np.flatnonzero(digits.labels == label)
        choices = rows[spoken.labels[rows] == label]
        recordings[places] = rng.choice(choices, size=len(places))
    return Pairing(recordings, np.arange(len(digits.labels)))
