"""Pairs of a sound and a picture on disk: schema, card, memory-mapped reading, batches.

A prepared data set is a folder of Arrow files, `<split>-<number>.arrow`, one record batch each, and
a `card.json` that is written last: a folder without a card is half prepared. Any Arrow reader opens
the files, for instance `datasets.load_dataset("arrow", data_files="train-*.arrow")`; photism reads
them through pyarrow alone because that maps a shard into memory without a copy and imports ten
times faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from photism.data.card import ArraySpec, Card
from photism.data.shards import open_shards
from photism.data.splits import draw_groups
from photism.errors import DataError
from photism.media import MEDIA, Medium


class PairDataset:
    """One split of a prepared data set, mapped into memory after its files were checked.

    Args:
        folder: the prepared folder.
        split: "train", "validation" or "test".
        needs: what is to be read; data of sounds alone has no pictures.

    Raises:
        DataError: the folder is missing, half prepared or damaged, or has no such split or medium.
    """

    def __init__(
        self, folder: str | Path, split: str, *, needs: tuple[Medium, ...] = MEDIA
    ) -> None:
        self.folder = Path(folder)
        self.split = split
        self.card, self._batches = _open(self.folder, split)
        if not set(needs) <= set(self.card.holds):
            raise DataError(f"{self.folder} holds sounds alone: pairs with pictures are wanted")
        self._sounds = [_from_arrow(b.column("sound"), self.card.sound) for b in self._batches]
        self._images: list[np.ndarray] = []
        if "image" in self.card.holds:
            pictures = [batch.column("image") for batch in self._batches]
            self._images = [_from_arrow(column, self.card.image) for column in pictures]
        self._ends = np.cumsum([b.num_rows for b in self._batches])
        self.labels: np.ndarray = np.concatenate(
            [b.column("label").to_numpy() for b in self._batches]
        )
        """Class index of every pair, `(pair,)` int64; -1 is unlabelled."""

    def __len__(self) -> int:
        return int(self._ends[-1])

    def column(self, name: str) -> np.ndarray:
        """Return a whole column other than the arrays.

        Args:
            name: "label", "key" or a further column of the card.

        Returns:
            One value a pair, `(pair,)`.

        Raises:
            DataError: there is no such column.
        """
        known = ("label", "key", *self.card.columns)
        if name not in known:
            raise DataError(f"{self.folder} has no column {name!r}, only {', '.join(known)}")
        return np.concatenate(
            [b.column(name).to_numpy(zero_copy_only=False) for b in self._batches]
        )

    def sounds(self, rows: np.ndarray) -> np.ndarray:
        """Return stored sounds, `(row, *card.sound.shape)`, as a copy."""
        return self._take(self._sounds, rows)

    def images(self, rows: np.ndarray) -> np.ndarray:
        """Return stored pictures, `(row, height, width, channel)`, as a copy."""
        return self._take(self._images, rows)

    def _take(self, arrays: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        rows = np.asarray(rows)
        if len(arrays) == 1:
            return np.take(arrays[0], rows, axis=0)
        out = np.empty((len(rows), *arrays[0].shape[1:]), arrays[0].dtype)
        shard = np.searchsorted(self._ends, rows, side="right")
        for index in np.unique(shard):
            where = np.flatnonzero(shard == index)
            first = self._ends[index] - len(arrays[index])
            out[where] = arrays[index][rows[where] - first]
        return out


@dataclass
class Batch:
    """Pairs ready for a network.

    `sound` is `(batch, channel, mel_bin, frame)` and `image` `(batch, channel, height, width)`,
    float32 in [-1, 1], or `(batch, 0, 0, 0)` where it was not read; `label` and `row` (the place in
    the data set) are int64 `(batch,)`.
    """

    sound: Tensor
    image: Tensor
    label: Tensor
    row: Tensor

    def __len__(self) -> int:
        return len(self.label)

    def of(self, medium: Medium) -> Tensor:
        """Return what a pair has in one medium."""
        return self.sound if medium == "sound" else self.image


class PairLoader:
    """Batches of a data set in an order that depends on the seed and the epoch alone.

    Every process of a distributed run draws the same order and takes its own slice of each batch.

    Args:
        dataset: where pairs come from.
        batch_size: pairs in a batch, over all processes.
        seed: of the order.
        rows: the pairs to use; all by default.
        shuffle: new order each epoch, and the last incomplete batch left out. Without it pairs
            come in the order of `rows` and the last batch may be smaller.
        device: where batches go; pixels travel as bytes and become floats there.
        rank: number of this process.
        processes: number of processes; divides `batch_size`.
        reads: the media to read.

    Raises:
        DataError: fewer pairs than one batch, or a batch that cannot be divided evenly.
    """

    def __init__(
        self,
        dataset: PairDataset,
        batch_size: int,
        *,
        seed: int = 0,
        rows: np.ndarray | None = None,
        shuffle: bool = True,
        device: torch.device | str = "cpu",
        rank: int = 0,
        processes: int = 1,
        reads: tuple[Medium, ...] = MEDIA,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
        self.shuffle = shuffle
        self.device = torch.device(device)
        self.rank = rank
        self.processes = processes
        self.reads = reads
        if batch_size % processes:
            raise DataError(f"a batch of {batch_size} cannot be shared by {processes} processes")
        if shuffle and len(self.rows) < batch_size:
            raise DataError(
                f"{len(self.rows)} pairs are fewer than a batch of {batch_size}: choose a smaller"
                " batch size"
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        if self.shuffle:
            return len(self.rows) // self.batch_size
        return -(-len(self.rows) // self.batch_size)

    def epoch(self, epoch: int = 0, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch.

        Args:
            epoch: number of the epoch, which decides the order together with the seed.
            start: batches to pass over, for resuming in the middle of an epoch.

        Yields:
            One batch after the other.
        """
        order = self.rows
        if self.shuffle:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.rows)
        for step in range(start, len(self)):
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield self.batch(rows[self.rank :: self.processes])

    def batch(self, rows: np.ndarray) -> Batch:
        """Return the pairs at `rows` as one batch."""
        sound = image = torch.empty(len(rows), 0, 0, 0, device=self.device)
        if "sound" in self.reads:
            sound = self._to_float(self.dataset.sounds(rows))
        if "image" in self.reads:
            image = self._to_float(self.dataset.images(rows)).permute(0, 3, 1, 2).contiguous()
        return Batch(
            sound=sound,
            image=image,
            label=torch.from_numpy(self.dataset.labels[rows]).to(self.device),
            row=torch.from_numpy(np.ascontiguousarray(rows)).to(self.device),
        )

    def _to_float(self, stored: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(stored).to(self.device)
        if tensor.dtype == torch.uint8:
            return tensor.float().mul_(2 / 255).sub_(1)
        return tensor.float()


def hold_out(
    dataset: PairDataset, fraction: float, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows for training and validation, class by class, so that no group is in both.

    A group is what the card's `group` column names (a recording, a performance, a video): pairs
    that share one are too alike for one to judge what was learnt from the other.

    Args:
        dataset: usually the "train" split.
        fraction: of each class's groups to hold out, in [0, 1); see `splits.draw_groups`.
        seed: of the choice.

    Returns:
        Rows to train on and rows held out, each in rising order.

    Raises:
        DataError: the fraction is out of range.
    """
    if not 0 <= fraction < 1:
        raise DataError(f"the held-out fraction must be in [0, 1), not {fraction}")
    groups = dataset.column(dataset.card.group)
    rng = np.random.default_rng((seed, 1))
    held = draw_groups(groups, dataset.labels, fraction, rng)
    return np.flatnonzero(~held), np.flatnonzero(held)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Quantise values in [-1, 1] to uint8, rounding to nearest; the inverse of what loaders do."""
    return np.rint((np.clip(values, -1, 1) + 1) * 127.5).astype(np.uint8)


def _open(folder: Path, split: str) -> tuple[Card, list[pa.RecordBatch]]:
    """Open a split; again, if the folder was replaced between its card and its files."""
    card = Card.read(folder)
    names = sorted(name for name in card.shards if name.rsplit("-", 1)[0] == split)
    if not names:
        raise DataError(f"{folder} has no {split!r} split, only {', '.join(sorted(card.counts))}")
    try:
        return card, open_shards(folder, names, card)
    except DataError:
        if Card.read(folder) == card:
            raise
        return _open(folder, split)


def _from_arrow(column: pa.Array, spec: ArraySpec) -> np.ndarray:
    return column.flatten().to_numpy(zero_copy_only=True).reshape(len(column), *spec.shape)
