"""From noise to a sample: the solvers, guidance, and jumps by the mean velocity.

Time runs from 1, noise, to 0; on the straight way z = (1 - t) x + t e the velocity is e - x
(Y. Lipman et al., "Flow Matching for Generative Modeling", 2022, arXiv:2210.02747). Guidance: J.
Ho, T. Salimans, 2022, arXiv:2207.12598; within an interval: T. Kynkäänniemi et al., 2024,
arXiv:2404.07724. Jumps: Z. Geng et al., "Mean Flows for One-step Generative Modeling", 2025,
arXiv:2505.13447.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from photism.errors import ConfigError
from photism.systems.flow.config import FlowSampling
from photism.systems.flow.velocity import Condition, Velocity, When

LEAST_TIME = 0.05
"""In training, velocities before this time are computed as at it: over a time of nearly 0 the least
error of a sample would be the greatest."""
_SMALLEST = 1e-4  # when sampling
TOLERANCE = 1e-2
"""Error that the adaptive solver allows in a step, relative and absolute."""


def column(values: Tensor) -> Tensor:
    """Return `(batch,)` as `(batch, 1, 1, 1)`."""
    return values[:, None, None, None]


def velocity(
    network: Velocity,
    noisy: Tensor,
    when: When,
    condition: Condition,
    *,
    least: float = LEAST_TIME,
) -> Tensor:
    """Return the velocity at a moment, or the mean one over a jump.

    Args:
        network: predicts the sample.
        noisy: `(batch, channel, height, width)`.
        when: times, and what guidance the network is asked to follow by itself.
        condition: what the sample is to fit.
        least: time that is divided by at least.

    Returns:
        Of the shape of `noisy`: towards noise.
    """
    sample = network(noisy, when, condition)
    return (noisy - sample) / column(when.time.clamp_min(least))


def solve(network: Velocity, noise: Tensor, condition: Condition, sampling: FlowSampling) -> Tensor:
    """Turn noise into samples.

    Args:
        network: predicts the sample.
        noise: standard normal, `(batch, channel, height, width)`.
        condition: what the samples are to fit.
        sampling: how.

    Returns:
        Samples, of the shape of `noise`; not yet limited to [-1, 1].
    """
    if sampling.jumps:
        return _jump(network, noise, condition, sampling)
    if sampling.solver == "adaptive":
        return _adaptive(network, noise, condition, sampling)
    flow, z = _guided(network, condition, sampling), noise
    for here, there in pairwise(_times(sampling.steps)):
        slope = flow(here, z)
        after = z + (there - here) * slope
        if sampling.solver == "heun" and there > 0:
            after = z + (there - here) * (slope + flow(there, after)) / 2
        z = after
    return z


def _times(steps: int) -> list[float]:
    return np.linspace(1, 0, steps + 1).tolist()


Slope = Callable[[float, Tensor], Tensor]


def _guided(network: Velocity, condition: Condition, sampling: FlowSampling) -> Slope:
    """Return the guided velocity as a function of time and of where a sample is."""
    both = condition.twice()

    def flow(time: float, z: Tensor) -> Tensor:
        guided = sampling.guidance != 1 and sampling.guide_from <= time <= sampling.guide_to
        rows = z.shape[0]  # a size that an exported graph leaves open
        now = When.now(z.new_full((rows * (1 + guided),), time))
        if not guided:
            return velocity(network, z, now, condition, least=_SMALLEST)
        twice = velocity(network, torch.cat([z, z]), now, both, least=_SMALLEST)
        told, untold = twice[:rows], twice[rows:]
        return untold + sampling.guidance * (told - untold)

    return flow


def _adaptive(
    network: Velocity, noise: Tensor, condition: Condition, sampling: FlowSampling
) -> Tensor:
    """Solve row by row: the steps of one shall not depend on its neighbours."""
    try:
        from torchdiffeq import odeint
    except ImportError:
        raise ConfigError(
            'the adaptive solver needs torchdiffeq: pip install "photism[ode]", or choose heun'
        ) from None
    times, rows = torch.tensor([1.0, 0.0], device=noise.device), []
    for row in range(len(noise)):
        flow = _guided(network, condition.rows(torch.tensor([row])), sampling)

        def slope(time: Tensor, z: Tensor, flow: Slope = flow) -> Tensor:
            return flow(float(time), z)

        way = odeint(slope, noise[row : row + 1], times, rtol=TOLERANCE, atol=TOLERANCE)
        rows.append(way[-1])
    return torch.cat(rows)


def _jump(network: Velocity, noise: Tensor, condition: Condition, sampling: FlowSampling) -> Tensor:
    """Go from time to time by the mean velocity between them."""
    guidance = noise.new_full((noise.shape[0],), sampling.guidance)
    z = noise
    for here, there in pairwise(_times(sampling.steps)):
        when = When(torch.full_like(guidance, here), torch.full_like(guidance, there), guidance)
        z = z + (there - here) * velocity(network, z, when, condition, least=_SMALLEST)
    return z
