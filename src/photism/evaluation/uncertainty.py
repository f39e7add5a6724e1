"""Whether being unsure goes with being wrong: accuracy over the share of pairs that is answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from photism.audio.front_ends import FrontEnd
from photism.data.pairs import Batch, PairLoader
from photism.data.progress import track
from photism.errors import ConfigError
from photism.evaluation.observe import row_generators
from photism.judges.base import Judge
from photism.media import Medium
from photism.metrics.uncertainty import (
    LEAST_SAMPLES,
    Selective,
    predictive_entropy,
    selective,
    spread_map,
    spread_number,
)
from photism.systems.base import System, draw_noise

SPREAD, ENTROPY, EAR = "spread", "judge's entropy", "own doubt"
HINTS = {
    SPREAD: "how far samples of the pair differ, pixel by pixel",
    ENTROPY: "entropy of what the judge makes of all samples of the pair together",
    EAR: "one minus the probability of the class that the system itself recognises",
}
"""What each number is."""


@dataclass(frozen=True)
class Uncertainties:
    """What numbers of uncertainty are worth; the answer is the first sample, as elsewhere."""

    pairs: int
    samples: int
    """Of each pair; 1 for a system without noise."""
    spread: float | None
    """Mean number of the spread, in [0, 1]; None for a system without noise."""
    accuracy: float
    """Of all pairs."""
    by: dict[str, Selective]
    """What is gained by answering only the surest, by number; see `HINTS`."""


def require_uncertain(system: System, target: Medium, samples: int) -> None:
    """Check that a system says in any way how sure it is.

    Args:
        system: that makes `target`.
        target: what is made.
        samples: of each pair.

    Raises:
        ConfigError: too few samples, or it neither draws noise nor recognises a class.
    """
    if samples < LEAST_SAMPLES:
        raise ConfigError(f"uncertainty needs at least {LEAST_SAMPLES} samples, not {samples}")
    if not system.noise_shape(target) and not system.recognises:
        raise ConfigError(
            f"{system.title} draws no noise and recognises no class: it never says how sure it is"
        )


@torch.inference_mode()
def measure_uncertainty(
    system: System,
    judge: Judge,
    loader: PairLoader,
    *,
    given: Medium,
    groups: np.ndarray,
    drawn: FrontEnd | None,
    samples: int,
    seed: int,
) -> Uncertainties:
    """Draw several samples of every pair, and hold how they differ against what is right.

    Args:
        system: in eval mode, as is the judge.
        judge: says what is right.
        loader: labelled pairs, in order.
        given: what of a pair the system is given.
        groups: what each pair shares with others, such as its recording, `(pair,)`.
        drawn: how the log-mels of the data are drawn.
        samples: of each pair, where the system draws noise.
        seed: of noise and resampling; the first sample is the one that is measured elsewhere.

    Returns:
        Curves and areas for every number that the system has.
    """
    noisy = bool(system.noise_shape(judge.medium))
    count = samples if noisy else 1
    parts = [
        _batch(system, judge, batch, given, drawn, count, seed)
        for batch in track(loader.epoch(), f"{count} samples of each pair", len(loader))
    ]
    right = np.concatenate([part["right"] for part in parts])
    numbers = {
        name: np.concatenate([part[name] for part in parts]) for name in HINTS if name in parts[0]
    }
    return Uncertainties(
        pairs=len(right),
        samples=count,
        spread=float(numbers[SPREAD].mean()) if noisy else None,
        accuracy=float(right.mean()),
        by={name: selective(n, right, groups, seed=seed) for name, n in numbers.items()},
    )


def _batch(
    system: System,
    judge: Judge,
    batch: Batch,
    given: Medium,
    drawn: FrontEnd | None,
    samples: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return what is right, and each number of uncertainty, `(pair,)`."""
    target, condition = judge.medium, batch.of(given)
    rngs = row_generators(seed, batch.row.tolist())  # one after the other, their first as elsewhere
    made, opinions = [], []
    for _ in range(samples):
        noise = draw_noise(system, target, rngs, condition.device)
        outputs = system.outputs(condition, target=target, label=batch.label, noise=noise)
        values = outputs[0].tensor.float().clamp(-1, 1)
        made.append(values.cpu().numpy())
        opinions.append(judge.look(values, drawn).logits.float().softmax(dim=1).cpu().numpy())
    found = {"right": opinions[0].argmax(axis=1) == batch.label.cpu().numpy()}
    if samples > 1:
        found[SPREAD] = spread_number(spread_map(np.stack(made)))
    found[ENTROPY] = predictive_entropy(np.stack(opinions).astype(np.float64))
    if system.recognises:
        found[EAR] = 1 - system.recognise(condition).max(dim=1).values.float().cpu().numpy()
    return found
