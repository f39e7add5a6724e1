"""What a step of training takes on one and on many cards: worked out from what is counted here.

    python benchmarks/scale.py [--system car-gan:paper s2i:paper] [--rate 200e12]

Counted, on the processor: parameters, operations of every phase of the last stage (torch's own
counter, forward and backward), and the bytes that autograd keeps of an example. Given: the rate
that a card reaches, and the speed of links inside a machine of eight and between machines. Worked
out: the memory of a process; the traffic, since a ring moves 2 (N - 1) / N of the gradients of all
phases and of the running statistics; and the time of a step, which computes first and averages
then, as the loop does. Once with the preset's batch shared by all, once with a whole batch each.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from photism.data.pairs import Batch
from photism.systems import find_preset, find_system
from photism.systems.base import System
from photism.systems.stages import Step

CARDS = (1, 8, 64)
MACHINE = 8
COUNTED = 2
"""Examples that are run through every phase; what they take is scaled to the batch."""


@dataclass(frozen=True)
class Counted:
    """What one step costs."""

    batch: int
    parameter_bytes: int
    shared_bytes: int
    """Gradients of all phases and running statistics, which processes average."""
    operations: float
    """Of an example."""
    kept_bytes: float
    """By autograd, of an example."""


def main() -> None:
    """Count each system and print a line for every number of cards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", nargs="+", default=["car-gan:paper", "s2i:paper"])
    parser.add_argument("--rate", type=float, default=200e12, help="operations a second of a card")
    parser.add_argument("--inside", type=float, default=300e9, help="bytes a second in a machine")
    parser.add_argument("--between", type=float, default=25e9, help="bytes a second of its network")
    args = parser.parse_args()
    for named in args.system:
        name, _, preset = named.partition(":")
        cls = find_system(name)
        one = count(cls(find_preset(cls, preset or None)[1]))
        print(
            f"{named}: batches of {one.batch}, {one.operations / 1e9:,.1f} Gop and"
            f" {one.kept_bytes / 1e6:,.0f} MB an example, {one.parameter_bytes / 1e6:,.0f} MB of"
            f" weights, {one.shared_bytes / 1e6:,.0f} MB to average"
        )
        for cards in CARDS:
            link = args.inside if cards <= MACHINE else args.between
            print(line(one, cards, args.rate, link))


def line(one: Counted, cards: int, rate: float, link: float) -> str:
    """Return what a step takes on so many cards."""
    sent_gb = 2 * (cards - 1) / cards * one.shared_bytes / 1e9
    average_ms = 1e12 * sent_gb / link
    said = f"{cards:>4} cards  {sent_gb:5.2f} GB sent"
    for own in (one.batch / cards, one.batch):
        copies = 2 * one.shared_bytes if cards > 1 else 0
        memory_gb = (4 * one.parameter_bytes + copies + own * one.kept_bytes) / 1e9
        compute_ms = 1e3 * own * one.operations / rate
        share = compute_ms / (compute_ms + average_ms)
        said += f" | {own:4.0f} each: {memory_gb:5.1f} GB, {compute_ms:6.2f} + {average_ms:5.2f} ms"
        said += f", {share:4.0%} computing"
    return said


def count(system: System) -> Counted:
    """Take the phases of the last stage once and count what they do."""
    stage = system.stages()[-1]
    size = {medium: (COUNTED, *system.shape(medium)) for medium in ("sound", "image")}
    rows = torch.arange(COUNTED)
    batch = Batch(torch.rand(size["sound"]) * 2 - 1, torch.rand(size["image"]) * 2 - 1, rows, rows)
    step = Step(0, 0, torch.Generator().manual_seed(0))
    own = {p.untyped_storage().data_ptr() for p in system.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    system.train()
    shared = sum(4 * b.numel() for b in system.buffers() if b.is_floating_point())
    most, operations = 0, 0
    for phase in stage.phases:
        kept.clear()
        parameters = system.trained_by(phase)
        with FlopCounterMode(display=False) as counter:
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                total = system.losses(phase.name, batch, step).total
            total.backward(inputs=parameters)
        operations += counter.get_total_flops()
        shared += sum(4 * p.numel() for p in parameters)
        most = max(most, sum(kept.values()))
        system.zero_grad(set_to_none=True)
    weights = sum(4 * p.numel() for p in system.parameters())
    return Counted(stage.batch_size, weights, shared, operations / COUNTED, most / COUNTED)


if __name__ == "__main__":
    main()
