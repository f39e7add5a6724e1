"""What one picture by `flow` costs, by size, steps and guidance; against the same ear alone.

    python benchmarks/flow.py [--threads 2] [--rounds 20]

Networks of the presets with random weights: the time does not depend on their values. Prints the
median of one picture, batch 1, warm, and how many times that of the first line of its size.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from photism.config import override
from photism.systems.flow import Flow

SIZES = ("32", "64", "128")
SAMPLINGS: tuple[dict[str, str], ...] = (
    {"jump_epochs": "1", "sampling.jumps": "true", "sampling.steps": "1"},
    {"jump_epochs": "1", "sampling.jumps": "true", "sampling.steps": "2"},
    {"jump_epochs": "1", "sampling.jumps": "true", "sampling.steps": "4"},
    {"sampling.steps": "4", "sampling.guidance": "1"},
    {"sampling.steps": "4", "sampling.guidance": "2"},
    {"sampling.steps": "20", "sampling.guidance": "1"},
    {"sampling.steps": "20", "sampling.guidance": "2"},
    {"sampling.steps": "50", "sampling.guidance": "2"},
)


def main() -> None:
    """Time every size and way of sampling."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{'size':<6}{'steps':>6}{'guidance':>10}{'jumps':>7}{'ms':>9}{'ratio':>8}")
    for size in SIZES:
        first = None
        for settings in SAMPLINGS:
            system = Flow(override(Flow.presets[size], settings)).eval()
            taken_ms = 1000 * median_s(system, args.rounds)
            first = first or taken_ms
            s = system.config.sampling
            print(
                f"{size:<6}{s.steps:>6}{s.guidance:>10g}{'yes' if s.jumps else 'no':>7}"
                f"{taken_ms:>9.1f}{taken_ms / first:>8.2f}"
            )


@torch.inference_mode()
def median_s(system: Flow, rounds: int) -> float:
    """Return the median time of one picture."""
    sound = torch.rand(1, *system.shape("sound"))
    noise = torch.randn(1, *system.noise_shape("image"))
    times = []
    for _ in range(rounds + 3):
        began = time.perf_counter()
        system.generate(sound, target="image", noise=noise)
        times.append(time.perf_counter() - began)
    return statistics.median(times[3:])


if __name__ == "__main__":
    main()
