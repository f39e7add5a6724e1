"""Pairs of a sound and a picture on disk: schema, card, memory-mapped reading, batches.

A prepared data set is a folder of Arrow files, `<split>-<number>.arrow`, one record batch each, and
a `card.json` that is written last: a folder without a card is half prepared. Any Arrow reader opens
the files, for instance `datasets.load_dataset("arrow", data_files="train-*.arrow")`; photism reads
them through pyarrow alone because that maps a shard into memory without a copy and imports ten
times faster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from photism.data.splits import draw_groups
from photism.errors import DataError
from photism.media import Medium
from photism.version import __version__

CARD = "card.json"
_STORED = ("uint8", "float16", "float32")


@dataclass(frozen=True)
class ArraySpec:
    """Shape and type of one stored array.

    `uint8` holds [-1, 1] in 255 steps; floating types are stored as they are. A sound is
    `(channel, mel_bin, frame)`, a picture `(height, width, channel)`.
    """

    shape: tuple[int, ...]
    dtype: str = "uint8"

    def __post_init__(self) -> None:
        if self.dtype not in _STORED:
            raise DataError(f"arrays are stored as {', '.join(_STORED)}, not {self.dtype!r}")

    @property
    def items(self) -> int:
        """Number of values in one array."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Card:
    """What a prepared data set is, where it came from and how to make it again."""

    name: str
    description: str
    licence: str
    classes: tuple[str, ...]
    sound: ArraySpec
    image: ArraySpec
    front_end: str
    """Name of the front end that made `sound`; its parameters are in `front_end_config`."""
    front_end_config: Mapping[str, Any]
    group: str
    """Column whose values must not cross a split, such as the recording, performance or video."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Further columns of the source: name to "int", "float", "string" or "bool"."""
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    skipped: tuple[Mapping[str, str], ...] = ()
    """Files left out, each `{"file": …, "reason": …}`."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Pairs per split and class; filled in by `PairWriter`."""
    shards: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Arrow files, each `{"rows": …, "sha256": …}`; filled in by `PairWriter`."""
    photism_version: str = __version__

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Read the card of a prepared folder.

        Args:
            folder: the prepared folder.

        Returns:
            The card.

        Raises:
            DataError: there is no folder or card, or the card cannot be understood.
        """
        path = folder / CARD
        if not folder.is_dir():
            raise DataError(f"no prepared data at {folder}: see `photism data prepare --help`")
        if not path.is_file():
            raise DataError(
                f"{folder} holds no {CARD}: not a prepared data set, or its preparation was"
                " interrupted; run `photism data prepare` again"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)}
            for name in ("sound", "image"):
                spec = content[name]
                content[name] = ArraySpec(tuple(spec["shape"]), spec["dtype"])
            for name in ("classes", "notes", "skipped"):
                content[name] = tuple(content.get(name, ()))
            return cls(**{name: value for name, value in content.items() if name in known})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged ({error}): prepare the data again") from error


class PairDataset:
    """One split of a prepared data set, mapped into memory.

    Args:
        folder: the prepared folder.
        split: "train", "validation" or "test".

    Raises:
        DataError: the folder is missing, half prepared or damaged, or has no such split.
    """

    def __init__(self, folder: str | Path, split: str) -> None:
        self.folder = Path(folder)
        self.split = split
        self.card = Card.read(self.folder)
        names = sorted(name for name in self.card.shards if name.rsplit("-", 1)[0] == split)
        if not names:
            raise DataError(
                f"{self.folder} has no {split!r} split, only {', '.join(sorted(self.card.counts))}"
            )
        self._batches = [self._map(name) for name in names]
        self._sounds = [_from_arrow(b.column("sound"), self.card.sound) for b in self._batches]
        self._images = [_from_arrow(b.column("image"), self.card.image) for b in self._batches]
        self._ends = np.cumsum([b.num_rows for b in self._batches])
        self.labels: np.ndarray = np.concatenate(
            [b.column("label").to_numpy() for b in self._batches]
        )
        """Class index of every pair, `(pair,)` int64; -1 is unlabelled."""

    def _map(self, name: str) -> pa.RecordBatch:
        path = self.folder / name
        try:
            batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{path} is missing or damaged: prepare the data again") from error
        if batch.num_rows != self.card.shards[name]["rows"]:
            raise DataError(f"{path} is not the file its card lists: prepare the data again")
        return batch

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
    float32 in [-1, 1]; `label` and `row` (the place in the data set) are int64 `(batch,)`.
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
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
        self.shuffle = shuffle
        self.device = torch.device(device)
        self.rank = rank
        self.processes = processes
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
        image = self._to_float(self.dataset.images(rows)).permute(0, 3, 1, 2).contiguous()
        return Batch(
            sound=self._to_float(self.dataset.sounds(rows)),
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


def _from_arrow(column: pa.Array, spec: ArraySpec) -> np.ndarray:
    return column.flatten().to_numpy(zero_copy_only=True).reshape(len(column), *spec.shape)
