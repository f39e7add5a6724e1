"""Records of S2I per second: mapped into memory, beside a loader that reads them one by one.

Writes files of random records of spectrograms and frames (40 kB each) as they are published, 570 in
a file, and takes batches of 64 in random order: with `Records`; by opening the file of each record,
and reading it in one piece; and byte by byte, as the authors' loader does. Cold is after the system
was told to forget the files, warm the second time.
Usage: `python benchmarks/s2i_records.py [--files 12] [--folder DIR]`.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from photism.data.s2i_records import KINDS, Records, find_records

KIND = KINDS["spectrograms_to_images"]
IN_FILE, BATCH = 570, 64


def main() -> None:
    """Print records per second of all, and what memory grew by."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        write(Path(folder), args.files)
        [found], _ = find_records(Path(folder))
        records = found.records("train")
        order = np.random.default_rng(0).permutation(len(records))
        np.testing.assert_array_equal(records.take(order[:5]), one_by_one(records, order[:5]))
        np.testing.assert_array_equal(records.take(order[:1]), byte_by_byte(records, order[:1]))
        before = resident()
        ways: tuple[tuple[str, Callable[[Records, np.ndarray], np.ndarray], int], ...] = (
            ("mapped, in order", Records.take, len(records)),
            ("mapped, shuffled", Records.take, len(records)),
            ("record by record", one_by_one, len(records)),
            ("byte by byte", byte_by_byte, 2 * BATCH),
        )
        for name, read, count in ways:
            rows = np.arange(count) if "order" in name else order[:count]
            forget(records)
            cold, warm = (rate(read, records, rows) for _ in range(2))
            print(f"{name:18}{cold:>10,.0f} cold {warm:>10,.0f} warm   records/s")
        print(f"memory of its own  {(resident() - before) / 2**20:>6,.0f} MB more at the end")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        print(
            f"of {args.files * IN_FILE * KIND.dtype.itemsize / 2**20:,.0f} MB; peak {peak:,.0f} MB"
            " with what is mapped"
        )


def write(folder: Path, files: int) -> None:
    """Write files of random records."""
    records = np.zeros(IN_FILE, KIND.dtype)
    rng = np.random.default_rng(0)
    for number in range(1, files + 1):
        records["label"] = np.frombuffer(b"00100000000", np.uint8)
        for name in ("sound", "image"):
            records[name] = rng.integers(0, 256, records[name].shape, np.uint8)
        with open(folder / f"data_batch_{number:03d}.bin", "wb") as file:
            file.write(records.tobytes())
            file.flush()
            os.fsync(file.fileno())  # what is not on disk yet is not forgotten


def forget(records: Records) -> None:
    """Ask the system to drop the files from memory."""
    from photism.data import s2i_records

    s2i_records._mapped.cache_clear()
    for file in records.files:
        descriptor = os.open(file.path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def rate(
    read: Callable[[Records, np.ndarray], np.ndarray], records: Records, rows: np.ndarray
) -> float:
    """Read in batches; return records per second."""
    start = time.perf_counter()
    for batch in batches(rows):
        read(records, batch)
    return len(rows) / (time.perf_counter() - start)


def batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield 64 rows at a time."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def one_by_one(records: Records, rows: np.ndarray) -> np.ndarray:
    """Open, read and parse each record by itself."""
    return np.stack([np.frombuffer(_content(records, int(row)), KIND.dtype)[0] for row in rows])


def byte_by_byte(records: Records, rows: np.ndarray) -> np.ndarray:
    """Read each record a byte at a time."""
    taken = np.empty((len(rows), KIND.dtype.itemsize), np.uint8)
    for place, row in enumerate(rows.tolist()):
        number, within = divmod(row, IN_FILE)
        with open(records.files[number].path, "rb") as file:
            file.seek(within * KIND.dtype.itemsize)
            for at in range(KIND.dtype.itemsize):
                taken[place, at] = int.from_bytes(file.read(1), "little")
    return taken.view(KIND.dtype)[:, 0]


def _content(records: Records, row: int) -> bytes:
    number, within = divmod(row, IN_FILE)
    with open(records.files[number].path, "rb") as file:
        file.seek(within * KIND.dtype.itemsize)
        return file.read(KIND.dtype.itemsize)


def resident() -> int:
    """Return bytes of memory that are this process's own, without mapped files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
