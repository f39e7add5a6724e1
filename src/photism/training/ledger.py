"""The losses of a run: fetched now and then, checked, added up."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from photism.errors import TrainingError
from photism.systems.stages import Losses


@dataclass
class _Entry:
    step: int
    phase: str
    names: tuple[str, ...]
    values: Tensor


@dataclass
class Ledger:
    """Collects losses on their device, so that training waits for them once in many steps.

    Args:
        share: averages a tensor over the processes that train together, each with its pairs.
    """

    share: Callable[[Tensor], Tensor]
    entries: list[_Entry] = field(default_factory=list)

    def add(self, step: int, phase: str, losses: Losses) -> None:
        """Note the losses of one phase of a step."""
        values = [losses.total, *losses.terms.values()]
        stacked = torch.stack([value.detach().float() for value in values])
        self.entries.append(_Entry(step, phase, ("loss", *losses.terms), stacked))

    def settle(self, sums: dict[str, list[float]]) -> dict[str, float]:
        """Fetch what was noted since the last call and forget it.

        Args:
            sums: sum and count of every term, added to in the order of the steps.

        Returns:
            The mean of every term since the last call.

        Raises:
            TrainingError: a loss is not finite; names the step, the phase and the loss.
        """
        if not self.entries:
            return {}
        numbers = iter(self.share(torch.cat([entry.values for entry in self.entries])).tolist())
        window: dict[str, list[float]] = {}
        for entry in self.entries:
            for name in entry.names:
                value = next(numbers)
                if not math.isfinite(value):
                    raise TrainingError(
                        f"{name} of phase {entry.phase!r} became {value} at step {entry.step}"
                    )
                if name != "loss":
                    window.setdefault(name, []).append(value)
                    total = sums.setdefault(name, [0.0, 0])
                    total[0] += value
                    total[1] += 1
        self.entries.clear()
        return {name: sum(values) / len(values) for name, values in window.items()}
