"""Small record files in the form in which S2I's authors published theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from photism.data.s2i_records import KINDS

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    "size 23061630\n"
)


def records_of(kind: str, count: int, *, video: int = 0, seed: int = 0) -> np.ndarray:
    """Random records: record n is window n modulo 10 of a video, class n modulo 5."""
    rng = np.random.default_rng(seed)
    dtype = KINDS[kind].dtype
    records = np.zeros(count, dtype)
    for row in range(count):
        label = row % 5
        if KINDS[kind].long_label:
            text = f"{label + 1:03d}{video + row // 10:05d}{row % 10:03d}"
            records["label"][row] = np.frombuffer(text.encode(), np.uint8)
        else:
            records["label"][row] = label
    for name in set(dtype.names or ()) & {"sound", "image"}:
        records[name] = rng.integers(0, 256, records[name].shape, np.uint8)
    if "embedding" in (dtype.names or ()):
        records["embedding"] = rng.uniform(-1, 1, records["embedding"].shape)
    return records


def write_records(path: Path, records: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(records.tobytes())
