"""What the training loop costs on top of a bare training step.

    python benchmarks/loop.py [--preset small] [--steps 100]

The same steps of AIVAE are taken twice in turns: by the loop (order, batches, seeds, losses
fetched and recorded, checkpoints as configured) and by a bare script (forward, backward, Adam, on
batches made before). Prints the ratio of the fastest rounds. The target is at most 1.03.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from photism.data.card import ArraySpec, Card
from photism.data.pairs import PairDataset, PairLoader
from photism.data.writer import PairWriter
from photism.systems import SYSTEMS
from photism.systems.stages import Step
from photism.training.loop import Trainer
from photism.training.options import TrainOptions
from photism.training.plan import resolve

ROUNDS = 5


def write_noise(folder: Path, pairs: int) -> Path:
    """Write pairs of random pixels, shaped like spoken digits and MNIST."""
    rng = np.random.default_rng(0)
    card = Card(
        "noise",
        "random pixels",
        "CC0-1.0",
        tuple("0123456789"),
        ArraySpec((1, 48, 48)),
        ArraySpec((28, 28, 1)),
        "aivae-8k",
        {},
        "key",
    )
    with PairWriter(folder, card) as writer:
        writer.write(
            "train",
            sound=rng.integers(0, 256, (pairs, 1, 48, 48), np.uint8),
            image=rng.integers(0, 256, (pairs, 28, 28, 1), np.uint8),
            label=np.arange(pairs) % 10,
            key=[str(row) for row in range(pairs)],
        )
    return folder


def bare_steps(system: torch.nn.Module, batches: list, optimiser: torch.optim.Optimizer) -> float:
    """Take a step on every batch with nothing around it; return the seconds."""
    parameters = list(system.parameters())
    started = time.perf_counter()
    for number, batch in enumerate(batches):
        step = Step(number, 0, torch.Generator().manual_seed(number))
        losses = system.losses("autoencoder", batch, step)
        losses.total.backward(inputs=parameters)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="small")
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()
    config = SYSTEMS["aivae"].presets[args.preset]
    with tempfile.TemporaryDirectory() as folder:
        data = write_noise(Path(folder) / "data", args.steps * config.batch_size)
        options = TrainOptions(
            "aivae",
            data,
            Path(folder) / "run",
            args.preset,
            epochs=1,
            validation=0.0,
            device="cpu",
        )
        trainer = Trainer(resolve(options), None)
        (stage,) = trainer.plan.stages
        loader = PairLoader(PairDataset(data, "train"), config.batch_size)
        batches = list(loader.epoch())
        system = SYSTEMS["aivae"](config).to(memory_format=torch.channels_last).train()
        adam = torch.optim.Adam(system.parameters(), lr=config.lr, fused=True)
        bare_steps(system, batches[:5], adam)
        trainer.run()  # makes the optimisers; also the first warm round
        bare, loop = [], []
        for _ in range(ROUNDS):
            bare.append(bare_steps(system, batches, adam))
            trainer.progress.epoch = trainer.progress.batch = 0
            started = time.perf_counter()
            trainer._train_epoch(stage, loader)
            loop.append(time.perf_counter() - started)
        trainer.recorder.close()
    print(f"bare step   {min(bare) / args.steps * 1e3:8.2f} ms   (fastest of {ROUNDS} rounds)")
    print(f"loop's step {min(loop) / args.steps * 1e3:8.2f} ms   (one checkpoint per {args.steps})")
    print(f"ratio       {min(loop) / min(bare):8.3f}")


if __name__ == "__main__":
    main()
