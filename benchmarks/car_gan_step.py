"""What a training step of CAR-GAN costs in seconds and memory.

    python benchmarks/car_gan_step.py [--preset code] [--steps 3] [--threads 2] [--set field=value]

Both phases of the cascade at the preset's own sizes, on random pictures, with the frozen classifier
in the loop: in float32, under bfloat16 autocast, and in the plain way, which keeps the whole graph
(gradients of discriminator and classifier too), convolves as the library does, has one pass of
Adam for each tensor and gives memory back to the system. Every variant runs in a process of its
own. Prints the fastest step, the peak memory of the process, and how far the first losses are from
those of the plain way. The targets at the authors' size are 1.6 s in float32 and 0.85 s in bfloat16
on two idle cores.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import resource
import sys
import time
from dataclasses import dataclass

import torch

from photism.blocks import halving
from photism.blocks.classifier import Classifier
from photism.config import override
from photism.data.pairs import Batch
from photism.devices import keep_memory
from photism.systems import SYSTEMS
from photism.systems.stages import Step

VARIANTS = ("plain", "float32", "bfloat16")


@dataclass(frozen=True)
class Measured:
    """Seconds of the fastest step, peak memory of the process, losses of the first step."""

    seconds: float
    peak_bytes: int
    losses: dict[str, float]


def measure(variant: str, preset: str, settings: dict[str, str], steps: int, threads: int):
    """Take training steps in this process and return what they cost."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    plain = variant == "plain"
    config = override(SYSTEMS["car-gan"].presets[preset], settings)
    system = SYSTEMS["car-gan"](config)
    if plain:
        halving.SMALL = 0  # no matrix products
        Classifier.judge = lambda self, image: self(image).float()  # type: ignore[method-assign]
    else:
        keep_memory()
        system.lay_out(torch.device("cpu"))
    stage, size = system.stages()[-1], (config.batch_size, 3, *(2 * (config.image_size,)))
    label = torch.arange(config.batch_size) % config.classes
    batch = Batch(torch.rand(size) * 2 - 1, torch.rand(size) * 2 - 1, label, label)
    optimisers = {
        phase.name: torch.optim.Adam(
            [p for name in phase.networks for p in getattr(system, name).parameters()],
            lr=phase.optimiser.lr,
            fused=not plain,
            foreach=False if plain else None,
        )
        for phase in stage.phases
    }
    autocast = torch.autocast("cpu", torch.bfloat16)
    seconds, first = [], {}
    for number in range(steps + 1):  # the first makes optimisers allocate and is not counted
        torch.manual_seed(number)  # dropout
        started, step = time.perf_counter(), Step(number, 0, torch.Generator())
        for phase in stage.phases:
            with autocast if variant == "bfloat16" else contextlib.nullcontext():
                losses = system.losses(phase.name, batch, step)
            optimiser = optimisers[phase.name]
            own = None if plain else optimiser.param_groups[0]["params"]
            losses.total.backward(inputs=own)
            optimiser.step()
            system.zero_grad(set_to_none=True)
            if number == 0:
                first |= {name: value.item() for name, value in losses.terms.items()}
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured(min(seconds[1:]), peak * (1 if sys.platform == "darwin" else 1024), first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="code")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[])
    args = parser.parse_args()
    settings = dict(word.split("=", 1) for word in args.set)
    found = {}
    for variant in VARIANTS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            arguments = (variant, args.preset, settings, args.steps, args.threads)
            found[variant] = pool.apply(measure, arguments)
    plain = found["plain"]
    print(f"{'':10} {'s/step':>8} {'of plain':>9} {'peak GB':>8} {'losses differ by':>17}")
    for variant, seen in found.items():
        apart = max(abs(seen.losses[name] - value) for name, value in plain.losses.items())
        ratio, peak = seen.seconds / plain.seconds, seen.peak_bytes / 1e9
        print(f"{variant:10} {seen.seconds:8.3f} {ratio:9.2f} {peak:8.2f} {apart:17.1e}")


if __name__ == "__main__":
    main()
