"""What stages read: pairs or sounds to train on, and those that are held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import numpy as np
from accelerate import Accelerator

from photism.data.pairs import Batch, PairDataset, PairLoader, hold_out
from photism.media import MEDIA, Medium
from photism.systems.stages import Stage

_PASSES = 1_000_000
"""More than a stage has; the order of each follows from its number."""


@dataclass(frozen=True)
class Material:
    """Prepared data as a run divides it."""

    dataset: PairDataset
    rows: np.ndarray
    """Pairs of `dataset` to train on."""
    validation: PairDataset
    held_out: np.ndarray
    """Pairs of `validation` to watch and select on; none if validation is off."""

    @classmethod
    def of(
        cls,
        folder: Path,
        *,
        validation: float,
        seed: int,
        needs: tuple[Medium, ...] = MEDIA,
    ) -> Material:
        """Open prepared data; take its own validation split, else hold out groups of its training.

        Args:
            folder: of the prepared data.
            validation: share of the groups to hold out; 0 holds nothing out.
            seed: of the choice.
            needs: the media that must be there.

        Returns:
            The material.

        Raises:
            DataError: the data is missing or damaged.
        """
        dataset = PairDataset(folder, "train", needs=needs)
        if validation and "validation" in dataset.card.counts:
            own = PairDataset(folder, "validation", needs=needs)
            return cls(dataset, np.arange(len(dataset)), own, np.arange(len(own)))
        rows, held_out = hold_out(dataset, validation, seed=seed)
        return cls(dataset, rows, dataset, held_out)

    @property
    def labelled(self) -> np.ndarray:
        """The pairs held out that have a class."""
        return self.held_out[self.validation.labels[self.held_out] >= 0]

    @property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of every file of the data that training or watching reads."""
        splits = {self.dataset.split, self.validation.split}
        return {
            name: shard["sha256"]
            for name, shard in self.dataset.card.shards.items()
            if name.rsplit("-", 1)[0] in splits
        }

    def batches(
        self, stage: Stage, seed: int, index: int, start: int, accelerator: Accelerator
    ) -> Iterator[Batch]:
        """Yield the batches of a stage without end, pass after pass over the data.

        Args:
            stage: gives the size of batches.
            seed: of their order.
            index: number of the stage in its run, which decides the order too.
            start: batches to leave out, those of steps already taken.
            accelerator: says which share of a batch is this process's.

        Yields:
            This process's share of one batch after the other.
        """
        loader = PairLoader(
            self.dataset,
            stage.batch_size,
            seed=seed,
            rows=self.rows,
            device=accelerator.device,
            rank=accelerator.process_index,
            processes=accelerator.num_processes,
            reads=stage.reads,
        )
        done, start = divmod(start, len(loader))
        orders = count(index * _PASSES + done)
        rest = loader.epoch(next(orders), start=start)
        yield from chain(rest, chain.from_iterable(map(loader.epoch, orders)))
