"""Writing pairs: a prepared data set appears whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from photism.data.card import CARD, Card
from photism.data.shards import require_range, schema
from photism.data.splits import SPLITS
from photism.errors import DataError
from photism.files import replacing, sha256, write_json

SHARD_BYTES = 128 * 2**20


class PairWriter:
    """Writes pairs shard by shard, then the card; use as a context manager.

    Args:
        folder: where to write; an earlier data set there is replaced only when all is done.
        card: everything but counts and shards.
    """

    def __init__(self, folder: Path, card: Card) -> None:
        self.folder = folder
        self.card = card
        self._counts: dict[str, dict[str, int]] = {}
        self._shards: dict[str, dict[str, Any]] = {}
        self._schema = schema(card)
        row_bytes = sum(
            spec.items * np.dtype(spec.dtype).itemsize for spec in (card.sound, card.image)
        )
        self.shard_rows = max(1, SHARD_BYTES // row_bytes)
        self._open: dict[str, _Shard] = {}

    def __enter__(self) -> PairWriter:
        self._replacing = replacing(self.folder, marker=CARD)
        self._temporary = self._replacing.__enter__()
        self._temporary.mkdir()
        return self

    def __exit__(self, *exception: Any) -> None:
        if exception[0] is None:
            try:
                self._finish()
            except BaseException as error:  # such as a full disk, of which `replacing` tells
                self._replacing.__exit__(type(error), error, error.__traceback__)
                raise
        self._replacing.__exit__(*exception)

    def _finish(self) -> None:
        for split in list(self._open):
            self._close_shard(split)
        counts = {split: self._counts[split] for split in SPLITS if split in self._counts}
        card = replace(self.card, counts=counts, shards=self._shards)
        write_json(self._temporary / CARD, asdict(card))

    def write(
        self,
        split: str,
        *,
        sound: np.ndarray,
        image: np.ndarray | None = None,
        label: np.ndarray,
        key: Sequence[str],
        columns: Mapping[str, Sequence[Any] | np.ndarray] | None = None,
    ) -> None:
        """Append pairs to a split; a shard goes to disk when it is full, the last one at the end.

        Args:
            split: "train", "validation" or "test".
            sound: `(pair, *card.sound.shape)` of the card's type; floats in [-1, 1].
            image: `(pair, *card.image.shape)` of the card's type; floats in [-1, 1]. Left out in
                data of sounds alone.
            label: class index of each pair, or -1.
            key: a unique name of each pair that leads back to its files.
            columns: one sequence for each of the card's further columns.

        Raises:
            DataError: shapes, types, values, labels or columns are not what the card says.
        """
        columns = columns or {}
        if image is None:
            image = np.empty((len(sound), 0, 0, 0), self.card.image.dtype)
        named: dict[str, Any] = {"label": label, "key": key, **columns}
        self._check(split, sound, image, named)
        self._count(split, np.asarray(label))
        start = 0
        while start < len(label):
            shard = self._open.setdefault(split, _Shard(self.card, self.shard_rows))
            rows = slice(start, start + self.shard_rows - len(shard))
            shard.add(sound[rows], image[rows], {name: named[name][rows] for name in named})
            start = rows.stop
            if len(shard) == self.shard_rows:
                self._close_shard(split)

    def _check(
        self, split: str, sound: np.ndarray, image: np.ndarray, named: Mapping[str, Any]
    ) -> None:
        """Raise a DataError for pairs that are not what the card says."""
        if split not in SPLITS:
            raise DataError(f"no split {split!r}: there are {', '.join(SPLITS)}")
        for name, spec, array in (
            ("sound", self.card.sound, sound),
            ("image", self.card.image, image),
        ):
            if array.shape[1:] != spec.shape or array.dtype != spec.dtype:
                raise DataError(
                    f"{name} is {array.shape[1:]} {array.dtype}, the card says"
                    f" {spec.shape} {spec.dtype}"
                )
            try:
                require_range(name, array)
            except ValueError as error:
                raise DataError(str(error)) from error
        columns = sorted(set(named) - {"label", "key"})
        if columns != sorted(self.card.columns):
            raise DataError(f"columns {columns}, the card says {sorted(self.card.columns)}")
        lengths = {name: len(values) for name, values in named.items()}
        if {len(sound), len(image), *lengths.values()} != {len(sound)}:
            raise DataError(f"{len(sound)} sounds, {len(image)} pictures, but {lengths}")

    def _count(self, split: str, labels: np.ndarray) -> None:
        """Count pairs by class."""
        classes = self.card.classes
        counts = self._counts.setdefault(split, dict.fromkeys(classes, 0))
        for index, count in zip(*np.unique(labels, return_counts=True), strict=True):
            if not -1 <= index < len(classes):
                raise DataError(
                    f"a label is -1 or the place of one of {len(classes)} classes, not {index}"
                )
            name = classes[index] if index >= 0 else "unlabelled"
            counts[name] = counts.get(name, 0) + int(count)

    def _close_shard(self, split: str) -> None:
        batch = self._open.pop(split).to_arrow(self._schema)
        number = sum(name.startswith(f"{split}-") for name in self._shards)
        path = self._temporary / f"{split}-{number:05d}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            writer.write_batch(batch)
        self._shards[path.name] = {"rows": batch.num_rows, "sha256": sha256(path)}


class _Shard:
    """Pairs on their way to a file; memory is taken as it fills."""

    def __init__(self, card: Card, rows: int) -> None:
        self._sound = np.empty((rows, *card.sound.shape), card.sound.dtype)
        self._image = np.empty((rows, *card.image.shape), card.image.dtype)
        names = ("label", "key", *card.columns)
        self._named: dict[str, list[Any]] = {name: [] for name in names}

    def __len__(self) -> int:
        return len(self._named["label"])

    def add(self, sound: np.ndarray, image: np.ndarray, named: Mapping[str, Sequence[Any]]) -> None:
        rows = slice(len(self), len(self) + len(sound))
        self._sound[rows], self._image[rows] = sound, image
        for name, values in named.items():
            self._named[name].extend(map(_encodable, values))

    def to_arrow(self, schema: pa.Schema) -> pa.RecordBatch:
        stored = (self._sound, self._image)
        arrays = [_to_arrow(array[: len(self)]) for array in stored if array.size]
        arrays += [pa.array(v, schema.field(name).type) for name, v in self._named.items()]
        return pa.record_batch(arrays, schema=schema)


def _encodable(value: Any) -> Any:
    r"""Write bytes of a name that were no text as `\udc80` and the like."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _to_arrow(array: np.ndarray) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(array).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(array.shape[1:])))
