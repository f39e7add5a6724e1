"""What a training step of SA-CMGAN costs, beside a plain reading of its paper and code.

    python benchmarks/sa_cmgan_step.py [--preset code] [--target image] [--rounds 3] [--threads 2]

The plain reading makes every arrow of the paper a pass of its own: the discriminator's update
embeds the condition, draws, and looks at real, drawn and mismatched samples with a power iteration
each; the generator's update embeds and draws again, and gradients run through the weights of the
discriminator too; attention is three convolutions and one product of all positions with all;
transposed "SAME" convolutions are made whole and cropped. photism's own step shares what both
updates need, looks once at real samples that are also dealt out mismatched, has one power iteration
an update, one convolution for queries, keys and values, attends to a few rows at a time, and keeps
gradients from weights that the update does not move.

Both take the same batches with the same weights, in turns, in one process. An update of the
discriminator comes every second step, so the figure is the mean of two steps, the fastest round.
Prints the ratio, the target being 1.5, and how far apart the losses of the first step are; power
iterations have settled before.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.blocks import dcgan, halving
from photism.blocks.mismatch import mismatch
from photism.blocks.spectral import SpectralNorm
from photism.config import override
from photism.data.pairs import Batch
from photism.devices import choose_device, keep_memory
from photism.media import other
from photism.systems.sa_cmgan import SACMGAN, SelfAttention
from photism.systems.stages import Step

SETTLED = 50
"""Power iterations before anything is compared."""


def plain_attention(self: SelfAttention, x: Tensor) -> Tensor:
    """Attend as the formulas say."""
    projected = torch.cat([layer(x) for layer in (self.query, self.key, self.value)], dim=1)
    query, key, value = self.norm(projected).flatten(2).split(self.widths, dim=1)
    weights = (query.transpose(1, 2) @ key).softmax(dim=-1)
    return x + self.gain * (value @ weights.transpose(1, 2)).reshape(x.shape)


def plain_transposed(self: dcgan.SameTransposed, x: Tensor) -> Tensor:
    """Make the whole map and crop it."""
    return F.conv_transpose2d(x, self.weight)[:, :, 1:-2, 1:-2]


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Let layers compute as they are written down."""
    kept = (SelfAttention.forward, dcgan.SameTransposed.forward, halving.SMALL)
    SelfAttention.forward = plain_attention  # type: ignore[method-assign]
    dcgan.SameTransposed.forward = plain_transposed  # type: ignore[method-assign,assignment]
    halving.SMALL = 0
    try:
        yield
    finally:
        SelfAttention.forward, dcgan.SameTransposed.forward, halving.SMALL = kept  # type: ignore


def plain_draw(system: SACMGAN, batch: Batch, step: Step) -> tuple[Tensor, Tensor]:
    """Embed and draw; the code's encoder is frozen, in training mode."""
    c, target = system.config, system.config.target
    system.encoder.train()
    with torch.no_grad():
        embedding = system.compression(
            system.encoder(system._fit(batch.of(other(target)), other(target)))
        )
    noise = torch.randn(len(batch), c.noise, generator=step.rng, device=embedding.device)
    return embedding, system.generator(torch.cat([embedding, noise], dim=1))


def plain_losses(system: SACMGAN, phase: str, batch: Batch, step: Step) -> Tensor:
    """Return the loss of one update, with nothing kept from the one before."""
    judge, target = system.discriminator, system.config.target
    step.rng.manual_seed(step.number)
    embedding, fake = plain_draw(system, batch, step)
    if phase == "generator":
        return -judge(judge.trunk(fake), embedding).mean()
    real = system._fit(batch.of(target), target)
    order, _ = mismatch(batch.label, step.rng, other_class=False)
    samples = (real, fake.detach(), real[order])
    right, drawn, dealt = (judge(judge.trunk(sample), embedding) for sample in samples)
    wrong = (F.relu(1 + drawn).mean() + F.relu(1 + dealt).mean()) / 2
    return F.relu(1 - right).mean() + wrong


class Runner:
    """A system with its optimisers.

    Args:
        system: to be trained, a copy of its own.
        plain: whether to read the paper plainly.
    """

    def __init__(self, system: SACMGAN, plain: bool) -> None:
        self.system, self.plain, self.first = copy.deepcopy(system), plain, dict[str, float]()
        if not plain:
            self.system.lay_out(next(system.parameters()).device)
        self.stage = self.system.stages()[-1]
        self.optimisers = {
            phase.name: torch.optim.Adam(
                self.system.trained_by(phase), phase.optimiser.lr, (0.5, 0.999), fused=not plain
            )
            for phase in self.stage.phases
        }

    def step(self, batch: Batch, number: int) -> None:
        """Take one step."""
        device = batch.label.device
        step = Step(number, 0, torch.Generator(device).manual_seed(number))
        for phase in self.stage.phases:
            if number % phase.every:
                continue
            optimiser = self.optimisers[phase.name]
            if self.plain:
                loss = plain_losses(self.system, phase.name, batch, step)
                loss.backward()
            else:
                loss = self.system.losses(phase.name, batch, step).total
                loss.backward(inputs=optimiser.param_groups[0]["params"])
            optimiser.step()
            self.system.zero_grad(set_to_none=True)
            self.first.setdefault(phase.name, loss.item())

    def two_steps(self, batch: Batch, number: int) -> float:
        """Take two steps and return the seconds of one."""
        started = time.perf_counter()
        with plainly() if self.plain else contextlib.nullcontext():
            self.step(batch, number)
            self.step(batch, number + 1)
        return (time.perf_counter() - started) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="code")
    parser.add_argument("--target", default="image")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--set", nargs="*", default=[])
    args = parser.parse_args()
    device = choose_device(args.device)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    keep_memory()
    settings = dict(word.split("=", 1) for word in args.set)
    # What the plain reading has no other way for is as in the code.
    fixed = {"d_sees": "embedding", "d_output": "logit", "mismatched": "any"}
    fixed |= {"compression": "fixed", "frozen_norm": "batch", "target": args.target}
    config = override(SACMGAN.presets[args.preset], {**fixed, **settings})
    system = SACMGAN(config).to(device).train()
    for module in system.modules():
        if isinstance(module, SelfAttention):
            nn.init.constant_(module.gain, 0.1)
    for _ in range(SETTLED):
        for module in system.modules():
            if hasattr(module, "parametrizations"):
                _ = module.weight
    assert any(isinstance(module, SpectralNorm) for module in system.modules())
    size = (config.batch_size, 3, dcgan.SIDE, dcgan.SIDE)
    label = torch.arange(config.batch_size, device=device) % config.classes
    batch = Batch(
        torch.rand(size, device=device) * 2 - 1,
        torch.rand(size, device=device) * 2 - 1,
        label,
        label,
    )
    runners = {"plain": Runner(system, plain=True), "photism": Runner(system, plain=False)}
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for number in range(0, 2 * (args.rounds + 1), 2):
        for name, runner in runners.items():
            seconds[name].append(runner.two_steps(batch, number))
    best = {name: min(found[1:]) for name, found in seconds.items()}  # the first is a warm-up
    apart = max(
        abs(runners["photism"].first[name] - value)
        for name, value in runners["plain"].first.items()
    )
    print(f"preset {args.preset}, batch {config.batch_size}, width {config.width}, {device}")
    for name, value in best.items():
        print(f"{name:10} {value:8.3f} s a step")
    print(
        f"ratio      {best['plain'] / best['photism']:8.2f}   losses of the first step differ by"
        f" {apart:.1e}"
    )


if __name__ == "__main__":
    main()
