"""Spoken digits of many corpora, split by speaker: data for an ear that hears strangers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.data.digits import CLASSES, COLUMNS, IMAGE_SHAPE, Recording
from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.sources.audio_mnist import AUDIO_MNIST, read_audio_mnist
from photism.data.sources.base import PairSource
from photism.data.sources.fsdd import FSDD, read_fsdd
from photism.data.sources.mnist import MNIST, Digits, Mnist, read_mnist
from photism.data.sources.speech_commands import (
    SPEECH_COMMANDS,
    WORDS,
    find_speech_commands,
    read_backgrounds,
    read_speech_commands,
)
from photism.data.splits import SPLITS, draw_groups
from photism.errors import ConfigError, DataError, nearest

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd
    from photism.data.card import Card
    from photism.data.spoken_words import SpokenWords
    from photism.data.writer import PairWriter

_Corpus = Literal["fsdd", "speech-commands", "audio-mnist"]
_UPSTREAM = {upstream.name: upstream for upstream in (FSDD, SPEECH_COMMANDS, AUDIO_MNIST)}
_CHUNK = 256
_VALIDATION_PICTURES = 12
"""One of so many of MNIST's training pictures is for validation: 5,000 of 60,000."""


@dataclass(frozen=True)
class SpokenDigits(PairSource):
    """Handwritten digits of MNIST with spoken ones of several corpora, no speaker in two splits.

    Pairs are drawn evenly over digits and, of each digit, over the corpora that have it; recordings
    and pictures with replacement. Words are cut as `translate` cuts them. With `--augment` every
    pair for training is a variant of its own: speed 0.82 to 1.22, equaliser, room, level,
    background noise at 0 to 40 dB, place in time.
    """

    name: ClassVar[str] = "spoken-digits"
    what: ClassVar[str] = "handwritten digits of MNIST with spoken ones of many speakers"
    pairs: ClassVar[str] = "30,000 + 3,000 + 3,000"
    licence: ClassVar[str] = f"pictures {MNIST.terms}; sound " + ", ".join(
        f"{name} {upstream.terms}" for name, upstream in _UPSTREAM.items()
    )
    upstream: ClassVar[tuple[Upstream, ...]] = (MNIST, *_UPSTREAM.values())

    sources: tuple[_Corpus, ...] = ("fsdd", "speech-commands", "audio-mnist")
    """Corpora to take recordings from."""
    hold_out: tuple[str, ...] = ()
    """Speakers to test on, such as jackson, or whole corpora; drawn at random if not given."""
    train_pairs: int = 30_000
    """Pairs for training."""
    held_pairs: int = 3_000
    """Pairs for validation, and as many for testing."""
    validation: float = 0.1
    """Share of each corpus's speakers for validation; 0 for none."""
    test: float = 0.1
    """Share of each corpus's speakers for testing, where none are named; 0 for none."""
    augment: bool = False
    """Make every pair for training a variant of its recording."""
    front_end: Literal["aivae-8k", "aivae-16k", "ear-words"] = "aivae-8k"
    """Log-mel front end of the sounds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources or len(set(self.sources)) < len(self.sources):
            raise ConfigError(f"name each source once, at least one of {', '.join(_UPSTREAM)}")
        for name in ("train_pairs", "held_pairs"):
            if getattr(self, name) < len(CLASSES):
                option = name.replace("_", "-")
                raise ConfigError(f"{option} must be 10 or more, not {getattr(self, name)}")
        for name in ("validation", "test"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} is a share in [0, 1), not {getattr(self, name):g}")

    @property
    def needed(self) -> tuple[Upstream, ...]:
        """Published data that these options ask for."""
        return (MNIST, *(_UPSTREAM[name] for name in self.sources))

    @property
    def room_bytes(self) -> int:
        """Disk space the pairs need, about."""
        from photism.audio.front_ends import front_end

        front = front_end(self.front_end)
        pair_bytes = front.channels * front.height * front.width + 28 * 28 + 200
        return (self.train_pairs + 2 * self.held_pairs) * pair_bytes

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.audio.front_ends import front_end
        from photism.data.card import Card
        from photism.data.spoken_words import read_words
        from photism.data.writer import PairWriter

        front = front_end(self.front_end)
        mnist = read_mnist(raw)
        spoken = read_words(self._recordings(raw))
        splits = self.draw_splits(spoken)
        backgrounds = self._backgrounds(raw, front.rate)
        card = self.card(
            front,
            IMAGE_SHAPE,
            classes=CLASSES,
            group="speaker",
            columns={**COLUMNS, "corpus": "string"},
            notes=self._notes(spoken, splits, len(backgrounds)),
            skipped=(*spoken.skipped, *mnist.train.skipped, *mnist.test.skipped),
            licence=f"pictures {MNIST.terms}; sound "
            + ", ".join(f"{name} {_UPSTREAM[name].terms}" for name in sorted(self.sources)),
        )
        with PairWriter(folder, card) as writer:
            for split, rows in splits.items():
                draw = _Draw(self, split, spoken, _pictures(mnist, split), front, backgrounds)
                draw.write(writer, rows)
        return Card.read(folder)

    def _recordings(self, raw: Path) -> Iterator[Recording]:
        """Yield the recordings of all sources."""
        if "fsdd" in self.sources:
            yield from read_fsdd(raw)
        if "speech-commands" in self.sources:
            yield from read_speech_commands(find_speech_commands(raw), WORDS)
        if "audio-mnist" in self.sources:
            yield from read_audio_mnist(raw)

    def _backgrounds(self, raw: Path, rate: int) -> tuple[np.ndarray, ...]:
        """Return the noises of Speech Commands at a rate, where they are wanted and there."""
        from photism.audio.decode import resample

        if not self.augment or "speech-commands" not in self.sources:
            return ()
        noises = read_backgrounds(find_speech_commands(raw))
        return tuple(resample(noise.mono(), noise.rate, rate) for noise in noises)

    def draw_splits(self, spoken: SpokenWords) -> dict[str, np.ndarray]:
        """Share the speakers out.

        Args:
            spoken: all words.

        Returns:
            Rows of words for each split; those without any are left out.

        Raises:
            ConfigError: a speaker to hold out is not there.
            DataError: a digit has nobody to learn it from.
        """
        rng = np.random.default_rng((self.seed, 0))
        corpora = spoken.corpora
        tested = self._tested(spoken, corpora, rng)
        held = np.zeros_like(tested)
        speakers, rest = spoken.speakers[~tested], corpora[~tested]
        held[~tested] = draw_groups(speakers, rest, self.validation, rng)
        rows = dict(zip(SPLITS, (~tested & ~held, held, tested), strict=True))
        missing = set(range(len(CLASSES))) - set(spoken.labels[rows["train"]])
        if missing:
            words = ", ".join(WORDS[digit] for digit in sorted(missing))
            raise DataError(
                f"nobody is left to learn {words} from: hold out fewer speakers, or give more data"
            )
        return {split: np.flatnonzero(mask) for split, mask in rows.items() if mask.any()}

    def _tested(
        self, spoken: SpokenWords, corpora: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return which words are of speakers to test on."""
        if not self.hold_out:
            return draw_groups(spoken.speakers, corpora, self.test, rng)
        known = {*spoken.speakers.tolist(), *corpora.tolist()}
        for name in self.hold_out:
            if name not in known:
                hint = nearest(name, sorted(known))
                raise ConfigError(f"hold-out: no speaker {name!r} in these sources: {hint}")
        return np.isin(spoken.speakers, self.hold_out) | np.isin(corpora, self.hold_out)

    def _notes(
        self, spoken: SpokenWords, splits: dict[str, np.ndarray], backgrounds: int
    ) -> tuple[str, ...]:
        counts = "; ".join(
            f"{split} {len(rows):,} by {len(np.unique(spoken.speakers[rows])):,}"
            for split, rows in splits.items()
        )
        notes = [
            f"recordings by speakers: {counts}; no speaker in two splits",
            "pairs drawn evenly over digits and the corpora that have them, recordings and pictures"
            " with replacement",
        ]
        if self.augment:
            noises = f" or one of {backgrounds} recorded noises" if backgrounds else ""
            notes.append(
                "every pair for training is a variant of its recording: speed, equaliser, room,"
                f" level, place in time, white or pink noise{noises} 0 to 40 dB below"
            )
        return tuple(notes)


@dataclass(frozen=True)
class _Draw:
    """What the pairs of a split are drawn from."""

    source: SpokenDigits
    split: str
    spoken: SpokenWords
    pictures: Digits
    front: FrontEnd
    backgrounds: tuple[np.ndarray, ...]

    def write(self, writer: PairWriter, rows: np.ndarray) -> None:
        """Draw pairs of these words and write them."""
        number = SPLITS.index(self.split)
        count = self.source.held_pairs if number else self.source.train_pairs
        rng = np.random.default_rng((self.source.seed, 1, number))
        words = draw_evenly(rows, self.spoken.labels, self.spoken.corpora, count, rng)
        images = draw_pictures(self.pictures.labels, self.spoken.labels[words], rng)
        chunks = np.array_split(np.arange(count), -(-count // _CHUNK))
        for places in track(chunks, f"log-mels for {self.split}", len(chunks)):
            self._write_chunk(writer, places, words[places], images[places])

    def _write_chunk(
        self, writer: PairWriter, places: np.ndarray, words: np.ndarray, images: np.ndarray
    ) -> None:
        from photism.audio.logmel import pictures
        from photism.data.pairs import to_bytes

        spoken, drawn_from = self.spoken, self.pictures.name
        waveforms = [self._waveform(*pair) for pair in zip(words, places.tolist(), strict=True)]
        writer.write(
            self.split,
            sound=to_bytes(pictures(waveforms, self.front).numpy()),
            image=self.pictures.images[images, :, :, None],
            label=spoken.labels[words],
            key=[
                f"{self.split}/{place:06d} {spoken.keys[word]} mnist/{drawn_from}/{image:05d}"
                for place, word, image in zip(places, words, images, strict=True)
            ],
            columns={
                "recording": spoken.keys[words],
                "speaker": spoken.speakers[words],
                "mnist_index": images,
                "corpus": spoken.corpora[words],
            },
        )

    def _waveform(self, word: int, place: int) -> np.ndarray:
        """Return a word at the front end's rate, as it is or as the variant of a pair."""
        from photism.audio.augment import WORDS as OF_WORDS
        from photism.audio.augment import vary
        from photism.audio.decode import resample

        samples, rate = self.spoken.waveform(word), int(self.spoken.rates[word])
        if not self.source.augment or self.split != "train":
            return resample(samples, rate, self.front.rate)
        rng = np.random.default_rng((self.source.seed, 2, place))
        return vary(
            samples,
            rate,
            OF_WORDS,
            rng,
            to_rate=self.front.rate,
            backgrounds=self.backgrounds,
        )


def draw_evenly(
    rows: np.ndarray,
    labels: np.ndarray,
    corpora: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw words evenly over digits and, of each digit, over corpora.

    Args:
        rows: words that may be drawn.
        labels: digit of every word there is.
        corpora: data set of every word there is.
        count: how many to draw, with replacement.
        rng: of the draw.

    Returns:
        `(count,)` rows in random order.
    """
    digits = np.unique(labels[rows])
    drawn = []
    for digit, share in zip(digits, np.array_split(np.arange(count), len(digits)), strict=True):
        of_digit = rows[labels[rows] == digit]
        there = np.unique(corpora[of_digit])
        for corpus, part in zip(there, np.array_split(share, len(there)), strict=True):
            drawn.append(rng.choice(of_digit[corpora[of_digit] == corpus], size=len(part)))
    return rng.permutation(np.concatenate(drawn))


def draw_pictures(pictures: np.ndarray, digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a picture of each digit, with replacement.

    Args:
        pictures: digit of every picture there is, -1 for those not to be drawn.
        digits: `(pair,)` digits wanted.
        rng: of the draw.

    Returns:
        `(pair,)` places of pictures.

    Raises:
        DataError: a digit has no picture.
    """
    drawn = np.empty(len(digits), np.int64)
    for digit in np.unique(digits):
        there = np.flatnonzero(pictures == digit)
        if not len(there):
            raise DataError(f"MNIST has no picture of {digit} here: give all of it")
        places = np.flatnonzero(digits == digit)
        drawn[places] = rng.choice(there, size=len(places))
    return drawn


def _pictures(mnist: Mnist, split: str) -> Digits:
    """Return the pictures of a split; those of others keep their places and have no digit."""
    if split == "test":
        return mnist.test
    labels = mnist.train.labels
    kept = len(labels) - len(labels) // _VALIDATION_PICTURES
    mine = (np.arange(len(labels)) < kept) == (split == "train")
    return replace(mnist.train, labels=np.where(mine, labels, -1))
