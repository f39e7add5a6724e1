"""Real examples to train and test judges on: MNIST, or the pictures or sounds of prepared data.

Sounds are what a person hears of the stored log-mels: waveforms made of them, analysed again. So
what the way through a waveform costs is part of what a judge has learnt, and no reason to take
generated sounds for others.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from photism.audio.front_ends import FrontEnd
from photism.data.card import CARD, Card
from photism.data.pairs import PairDataset, hold_out, to_bytes
from photism.data.progress import track
from photism.data.sources import SOURCES
from photism.data.sources.mnist import MNIST, read_mnist
from photism.errors import DataError
from photism.files import sha256
from photism.judges.factors import read_factors
from photism.judges.perceive import ear_of, hear, perceive
from photism.media import Medium

_AT_ONCE = 64
"""Sounds made in one go."""


class Images(Protocol):
    """Where pictures are read from: an array, or a data set mapped into memory."""

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return pictures `(row, height, width, channel)`."""


@dataclass(frozen=True)
class PairImages:
    """The pictures of a split of pairs; the sounds are not read."""

    dataset: PairDataset

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return pictures `(row, height, width, channel)`."""
        return self.dataset.images(rows)


@dataclass(frozen=True)
class PairLogMels:
    """The log-mels of a split of pairs as they are stored; the pictures are not read."""

    dataset: PairDataset

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return log-mels `(row, height, width, channel)`."""
        return self.dataset.sounds(rows).transpose(0, 2, 3, 1)


@dataclass(frozen=True)
class Pictures:
    """Real pictures, or log-mels of real sounds, read when they are wanted.

    Picture i is row `rows[i]` of `images`; its class is `labels[i]`, its factors are `factors[i]`,
    NaN where there is nothing to read.
    """

    images: Images
    rows: np.ndarray
    labels: np.ndarray
    factors: np.ndarray

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.labels):
            raise DataError(f"{len(self.rows)} pictures but {len(self.labels)} labels")

    @classmethod
    def of_array(cls, images: np.ndarray, labels: np.ndarray) -> Pictures:
        """Return all pictures of an array `(picture, height, width, channel)` uint8."""
        return cls(images, np.arange(len(images)), labels, np.empty((len(labels), 0), np.float32))

    @classmethod
    def of_pairs(
        cls,
        dataset: PairDataset,
        factors: tuple[str, ...] = (),
        *,
        rows: np.ndarray | None = None,
    ) -> Pictures:
        """Return the labelled pictures of a split with some of its columns as factors."""
        return cls._of(PairImages(dataset), dataset, factors, rows)

    @classmethod
    def of_log_mels(cls, dataset: PairDataset) -> Pictures:
        """Return the log-mels of the labelled sounds of a split, as they are stored."""
        return cls._of(PairLogMels(dataset), dataset, (), None)

    @classmethod
    def of_sounds(
        cls,
        dataset: PairDataset,
        factors: tuple[str, ...] = (),
        *,
        ear: FrontEnd,
        rows: np.ndarray | None = None,
    ) -> Pictures:
        """Return what is heard of the labelled sounds of a split, kept in memory.

        Args:
            dataset: the split.
            factors: numeric columns.
            ear: how the sounds made of the stored log-mels are analysed.
            rows: the pairs to use; all by default.

        Returns:
            Their log-mels.
        """
        listed = cls._of(PairLogMels(dataset), dataset, factors, rows)
        shape = (len(listed), ear.height, ear.width, ear.channels)
        log_mels, drawn = np.empty(shape, np.uint8), ear_of(dataset.card)
        starts = range(0, len(listed), _AT_ONCE)
        for start in track(starts, f"listening to {dataset.split}", len(starts)):
            places = np.arange(start, min(start + _AT_ONCE, len(listed)))
            stored, _ = listed.batch(places, torch.device("cpu"))
            again = hear(perceive(stored, "sound", drawn), ear)
            log_mels[places] = to_bytes(again.numpy()).transpose(0, 2, 3, 1)
        return cls(log_mels, np.arange(len(listed)), listed.labels, listed.factors)

    @classmethod
    def _of(
        cls,
        images: Images,
        dataset: PairDataset,
        factors: tuple[str, ...],
        rows: np.ndarray | None,
    ) -> Pictures:
        rows = np.arange(len(dataset)) if rows is None else rows
        rows = rows[dataset.labels[rows] >= 0]
        return cls(images, rows, dataset.labels[rows], read_factors(dataset, factors)[rows])

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: np.ndarray) -> Pictures:
        """Return the pictures at some places."""
        return Pictures(self.images, self.rows[places], self.labels[places], self.factors[places])

    def batch(self, places: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return pictures and labels.

        Args:
            places: of the pictures.
            device: where they go; pixels travel as bytes and become floats there.

        Returns:
            `(batch, channel, height, width)` in [-1, 1] and labels `(batch,)`.
        """
        images = torch.from_numpy(self.images[self.rows[places]]).to(device).permute(0, 3, 1, 2)
        labels = torch.from_numpy(self.labels[places]).to(device)
        if images.dtype == torch.uint8:
            return images.float().mul_(2 / 255).sub_(1), labels
        return images.float(), labels


@dataclass(frozen=True)
class JudgeData:
    """Examples to learn from, to choose the epoch by, and to measure once; where they are from."""

    name: str
    about: str
    """What the pictures show and how they were made."""
    licence: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    """Channel, height and width."""
    train: Pictures
    validation: Pictures
    test: Pictures
    factors: tuple[str, ...] = ()
    sha256: str = ""
    """Of the card of a prepared data set."""
    ear: FrontEnd | None = None
    """How sounds were analysed; None for pictures."""
    original: Pictures | None = None
    """The test sounds as they are stored, if the ear draws log-mels as the data has them."""

    @property
    def title(self) -> str:
        """Name of the data, and of the medium where that is not pictures."""
        return self.name if self.ear is None else f"{self.name}-sound"


def mnist_data(folder: Path, *, validation: float = 0.1, seed: int = 0) -> JudgeData:
    """Read MNIST.

    Args:
        folder: with the archives.
        validation: share of the training pictures held out.
        seed: of the choice.

    Returns:
        60,000 pictures to train on and choose by, 10,000 to test on.

    Raises:
        DataError: MNIST is not there or damaged.
    """
    digits = read_mnist(folder)
    train, test = (
        Pictures.of_array(part.images[..., None], part.labels)
        for part in (digits.train, digits.test)
    )
    held = max(1, round(validation * len(train)))
    order = np.random.default_rng((seed, 0)).permutation(len(train))
    return JudgeData(
        name=MNIST.name,
        about=f"{MNIST.name}: {MNIST.what}",
        licence=MNIST.terms,
        classes=tuple(str(digit) for digit in range(10)),
        image_shape=(1, 28, 28),
        train=train.take(order[held:]),
        validation=train.take(order[:held]),
        test=test,
    )


def pair_data(
    folder: Path,
    factors: tuple[str, ...] = (),
    *,
    medium: Medium = "image",
    ear: FrontEnd | None = None,
    validation: float = 0.1,
    seed: int = 0,
) -> JudgeData:
    """Open the pictures, or the sounds, of a prepared data set.

    Args:
        folder: the prepared folder.
        factors: numeric columns that the judge is to read.
        medium: what it is to judge.
        ear: how a judge of sounds analyses them; by default as the data was prepared.
        validation: share of the groups (performances, recordings) of the training split that is
            held out, where the data has no validation split of its own.
        seed: of the choice.

    Returns:
        Its splits.

    Raises:
        ConfigError: a factor is no numeric column, or sounds cannot be made of the log-mels.
        DataError: the data is damaged, has no classes, no test split or nothing to hold out.
    """
    card = Card.read(folder)
    if not card.classes:
        raise DataError(f"{folder} has no classes, which is what a judge learns: prepare some")
    if "test" not in card.counts:
        raise DataError(
            f"{folder} has no test split, only {', '.join(sorted(card.counts))}: a judge is worth"
            " what it reaches on examples it never saw; prepare the data with one"
        )
    ear = (ear or ear_of(card)) if medium == "sound" else None
    train, held, test = _splits(folder, card, factors, ear, validation, seed)
    as_stored = ear is not None and ear == ear_of(card)
    height, width, channels = card.image.shape
    return JudgeData(
        name=card.name,
        about=f"{card.name}: {card.description}; `{prepare_command(card)}`",
        licence=card.licence,
        classes=card.classes,
        image_shape=(ear.channels, ear.height, ear.width) if ear else (channels, height, width),
        train=train,
        validation=held,
        test=test,
        factors=factors,
        sha256=sha256(folder / CARD),
        ear=ear,
        original=Pictures.of_log_mels(PairDataset(folder, "test")) if as_stored else None,
    )


def _splits(
    folder: Path,
    card: Card,
    factors: tuple[str, ...],
    ear: FrontEnd | None,
    validation: float,
    seed: int,
) -> tuple[Pictures, Pictures, Pictures]:
    """Return what to learn from, to choose by and to test on, of pictures or of sounds."""

    def read(split: str, rows: np.ndarray | None = None) -> Pictures:
        dataset = PairDataset(folder, split)
        if ear is None:
            return Pictures.of_pairs(dataset, factors, rows=rows)
        return Pictures.of_sounds(dataset, factors, ear=ear, rows=rows)

    test = read("test")
    if "validation" in card.counts:
        return read("train"), read("validation"), test
    rows, held = hold_out(PairDataset(folder, "train"), validation, seed=seed)
    if not len(held):
        raise DataError(f"{folder} has too few groups to hold some out: prepare more data")
    return read("train", rows), read("train", held), test


def prepare_command(card: Card) -> str:
    """Return the command that prepares a data set, with the options that differ from the defaults.

    Args:
        card: of the prepared data set.

    Returns:
        Such as `photism data prepare orchestra --size 64`; of a joined one those of its parts too.
    """
    parts = {name: dict(of) for name, of in card.options.items() if isinstance(of, Mapping)}
    if not parts:
        return _prepared(card.name, card.options)
    commands = [
        f"{_prepared(of.pop('name'), of)} --out {shlex.quote(name)}" for name, of in parts.items()
    ]
    return " && ".join([*commands, shlex.join(["photism", "data", "join", card.name, *parts])])


def _prepared(name: str, options: Mapping[str, Any]) -> str:
    words = ["photism", "data", "prepare", name]
    source = SOURCES.get(name)
    for option in fields(source) if source else ():
        value = options.get(option.name, option.default)
        value = tuple(value) if isinstance(value, list) else value  # as JSON has it
        if value == option.default:
            continue
        if isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{option.name.replace('_', '-')}")
        else:
            values = value if isinstance(value, tuple) else [value]
            words += [f"--{option.name.replace('_', '-')}", *map(str, values)]
    return shlex.join(words)
