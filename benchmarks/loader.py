"""Digit pairs per second from disk to batches ready for a network, beside a plain loop.

Prepares pairs of the size of MNIST-FSDD in a temporary folder, then runs, in this one process,
`PairLoader` and a loop that reads, converts and stacks one pair at a time, as a per-item data set
does. Usage: `python benchmarks/loader.py [--pairs 60000] [--batch-size 128] [--threads 1]`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from photism.data.card import ArraySpec, Card
from photism.data.pairs import Batch, PairDataset, PairLoader
from photism.data.writer import PairWriter

CLASSES = tuple("0123456789")


def main() -> None:
    """Print pairs per second of both, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=60_000)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "pairs", args.pairs)
        dataset = PairDataset(Path(folder) / "pairs", "train")
        loader = PairLoader(dataset, args.batch_size, seed=0)
        expected = next(loader.epoch(0))
        np.testing.assert_array_equal(next(one_by_one(loader, 0)).sound, expected.sound)
        # The two take turns, so that both meet the same load of the machine.
        fast, plain = 0.0, 0.0
        for epoch in range(3):
            fast = max(fast, rate(loader.epoch(epoch), len(loader)))
            plain = max(plain, rate(one_by_one(loader, epoch), len(loader) // 10))
        del dataset, loader
    print(f"PairLoader     {fast:>10,.0f} pairs/s   batch {args.batch_size}, {args.threads} thread")
    print(f"one by one     {plain:>10,.0f} pairs/s")
    print(f"ratio          {fast / plain:>10.1f}")


def prepare(folder: Path, pairs: int) -> None:
    """Write random pairs of the shapes of MNIST-FSDD."""
    rng = np.random.default_rng(0)
    card = Card(
        name="benchmark",
        description="random pairs",
        licence="none",
        classes=CLASSES,
        sound=ArraySpec((1, 48, 48)),
        image=ArraySpec((28, 28, 1)),
        front_end="none",
        front_end_config={},
        group="key",
    )
    with PairWriter(folder, card) as writer:
        writer.write(
            "train",
            sound=rng.integers(0, 256, (pairs, 1, 48, 48), np.uint8),
            image=rng.integers(0, 256, (pairs, 28, 28, 1), np.uint8),
            label=rng.integers(0, 10, pairs),
            key=[str(row) for row in range(pairs)],
        )


def one_by_one(loader: PairLoader, epoch: int) -> Iterator[Batch]:
    """Yield the same batches as the loader, made of pairs read and converted one at a time."""
    dataset = loader.dataset
    order = np.random.default_rng((loader.seed, epoch)).permutation(loader.rows)
    for step in range(len(loader)):
        rows = order[step * loader.batch_size : (step + 1) * loader.batch_size]
        pairs = []
        for row in rows:
            sound = torch.from_numpy(dataset.sounds(np.array([row]))[0]).float() * (2 / 255) - 1
            image = torch.from_numpy(dataset.images(np.array([row]))[0]).float() * (2 / 255) - 1
            label = torch.tensor(dataset.labels[row])
            pairs.append((sound, image.permute(2, 0, 1), label, torch.tensor(row)))
        sounds, images, labels, numbers = zip(*pairs, strict=True)
        yield Batch(
            torch.stack(sounds), torch.stack(images), torch.stack(labels), torch.stack(numbers)
        )


def rate(batches: Iterator[Batch], count: int) -> float:
    """Return pairs per second over some batches."""
    pairs = 0
    start = time.perf_counter()
    for _ in range(count):
        pairs += len(next(batches))
    return pairs / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
