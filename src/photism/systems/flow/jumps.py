"""What a jump is to be: the mean velocity over a span of time, by what the network says elsewhere.

By halves: K. Frans et al., "One Step Diffusion via Shortcut Models", 2024, arXiv:2410.12557. By its
derivative: Z. Geng et al., "Improved Mean Flows: On the Challenges of Fastforward Generative
Models", 2025, arXiv:2512.02012. Nothing here has a gradient.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from photism.systems.flow.sampling import column, velocity
from photism.systems.flow.velocity import Condition, Velocity, When

SHORT = 1 / 16
"""A jump over less time than this is the velocity at its beginning."""
STEP = 0.01
"""In time, of the finite difference that stands for the derivative along the flow."""


@torch.no_grad()
def guided_velocity(
    network: Velocity, z: Tensor, time: Tensor, guidance: Tensor, condition: Condition
) -> Tensor:
    """Return the velocity at a moment, guided from outside.

    Args:
        network: predicts the sample.
        z: noisy samples, `(batch, channel, height, width)`.
        time: `(batch,)`.
        guidance: `(batch,)`, 1 for none.
        condition: what the samples are to fit.

    Returns:
        Of the shape of `z`.
    """
    both = When.now(torch.cat([time, time]))
    told, untold = velocity(network, torch.cat([z, z]), both, condition.twice()).chunk(2)
    return untold + column(guidance) * (told - untold)


@torch.no_grad()
def by_halves(
    network: Velocity, z: Tensor, guided: Tensor, when: When, condition: Condition
) -> Tensor:
    """Return the mean velocity over two jumps of half the length.

    Args:
        network: predicts the sample.
        z: noisy samples, `(batch, channel, height, width)`.
        guided: the guided velocity at their moments, which short jumps have.
        when: from when to when, and under which guidance.
        condition: what the samples are to fit.

    Returns:
        Of the shape of `z`.
    """
    middle = (when.time + when.until) / 2
    first = velocity(network, z, replace(when, until=middle), condition)
    between = z - column(when.time - middle) * first
    second = velocity(network, between, replace(when, time=middle), condition)
    short = column(when.time - when.until) < SHORT
    return torch.where(short, guided, (first + second) / 2)


@torch.no_grad()
def derivative(
    network: Velocity, z: Tensor, along: Tensor, when: When, condition: Condition
) -> Tensor:
    """Return how the mean velocity changes as samples go along the flow, per time.

    Args:
        network: predicts the sample.
        z: noisy samples, `(batch, channel, height, width)`.
        along: the velocity of the flow, of the same shape.
        when: from when to when, and under which guidance.
        condition: what the samples are to fit.

    Returns:
        Of the shape of `z`.
    """
    parts = []
    for sign in (1, -1):
        then = replace(when, time=when.time + sign * STEP)
        parts.append(velocity(network, z + sign * STEP * along, then, condition))
    return (parts[0] - parts[1]) / (2 * STEP)
