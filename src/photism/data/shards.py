"""The files of prepared data: opened only if they are what the card says, to the last byte.

A damaged Arrow file can crash whoever reads it, or give strange values without a word. So a shard's
SHA-256 is compared before anything of it is read, then its schema, its structure and its values.
What was compared is remembered by size and time of change, so that it is read through only once.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from photism.data.card import ArraySpec, Card
from photism.data.progress import track
from photism.errors import DataError, PhotismError
from photism.files import home, parse_json, sha256, write_json

_COLUMN_TYPES = {
    "int": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
}
_SETTLED_S = 2
"""A file that was changed less long ago may change again within the same tick of its clock."""
_ROUNDING = 1e-3


def schema(card: Card) -> pa.Schema:
    """Return the Arrow schema of a card's files."""
    specs = {"sound": card.sound, "image": card.image}
    return pa.schema(
        [
            *((medium, _list_type(specs[medium])) for medium in card.holds),
            ("label", pa.int64()),
            ("key", pa.string()),
            *((name, _COLUMN_TYPES[kind]) for name, kind in card.columns.items()),
        ]
    )


def _list_type(spec: ArraySpec) -> pa.DataType:
    return pa.list_(pa.from_numpy_dtype(np.dtype(spec.dtype)), spec.items)


def open_shards(folder: Path, names: Sequence[str], card: Card) -> list[pa.RecordBatch]:
    """Map shards into memory after they were found to be those that the card lists.

    Args:
        folder: the prepared folder.
        names: some of `card.shards`.
        card: of the folder.

    Returns:
        Their pairs, one batch a shard.

    Raises:
        DataError: one is missing, damaged or another; the message names it.
    """
    wanted = {name: str(card.shards[name]["sha256"]) for name in names}
    stamps = {name: _stamp(folder / name, digest) for name, digest in wanted.items()}
    known = _recall(folder)
    new = [name for name in names if known.get(name) != stamps[name]]
    for name in track(new, "checksums", len(new)):
        if sha256(folder / name) != wanted[name]:
            raise DataError(
                f"{folder / name} is damaged: its SHA-256 is not the one in the card; prepare the"
                " data again"
            )
    batches = []
    for name in names:
        try:
            batches.append(_open(folder / name, card, card.shards[name]["rows"], name in new))
        except Exception as error:  # a damaged file makes Arrow raise all kinds
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(
                f"{folder / name} is damaged ({reason}): prepare the data again"
            ) from error
    if new:
        _remember(folder, {**known, **stamps})
    return batches


def _open(path: Path, card: Card, rows: int, thoroughly: bool) -> pa.RecordBatch:
    """Map a shard and check it against the card; a ValueError says what is wrong with it."""
    file = pa.ipc.open_file(pa.memory_map(str(path)))
    if not file.schema.equals(schema(card)):
        raise ValueError("its columns are not those of the card")
    if file.num_record_batches != 1:
        raise ValueError("it is not one batch")
    batch = file.get_batch(0)
    batch.validate(full=True)
    if batch.num_rows != rows:
        raise ValueError(f"{batch.num_rows:,} pairs, the card says {rows:,}")
    arrays = {name: batch.column(name) for name in card.holds}
    if any(column.null_count for column in (*batch.columns, *(a.values for a in arrays.values()))):
        raise ValueError("values are missing")
    labels = batch.column("label").to_numpy()
    if labels.min() < -1 or labels.max() >= len(card.classes):
        raise ValueError(f"labels from {labels.min()} to {labels.max()}")
    if thoroughly:
        for name, column in arrays.items():
            require_range(name, column.flatten().to_numpy())
    return batch


def require_range(name: str, values: np.ndarray) -> None:
    """Check that values which a network is to see are numbers in [-1, 1].

    Args:
        name: "sound" or "image", for the message.
        values: bytes, which always are, or floats.

    Raises:
        ValueError: they are not.
    """
    if values.dtype == np.uint8 or not values.size:
        return
    least, most = values.min(), values.max()
    if not (least >= -1 - _ROUNDING and most <= 1 + _ROUNDING):  # so is what is not a number
        raise ValueError(f"{name} has values from {least:g} to {most:g}, not in [-1, 1]")


def _stamp(path: Path, digest: str) -> list[int | str]:
    """Return what tells whether a file was changed, with the checksum it should have."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise DataError(f"{path} is missing or cannot be read: prepare the data again") from error
    return [status.st_size, status.st_mtime_ns, digest]


def _memory(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return home() / "checked" / f"{name}.json"


def _recall(folder: Path) -> dict[str, object]:
    """Return the stamps of files that were compared before, by name."""
    try:
        stamps = parse_json(_memory(folder).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def _remember(folder: Path, stamps: Mapping[str, object]) -> None:
    settled = time.time_ns() - _SETTLED_S * 10**9
    kept = {
        name: stamp
        for name, stamp in stamps.items()
        if isinstance(stamp, list) and len(stamp) == 3 and stamp[1] < settled
    }
    try:
        write_json(_memory(folder), kept)
    except PhotismError:
        return  # a home that cannot be written: the files will be read through again
