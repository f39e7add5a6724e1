"""How loud a sound is to the ear, and one loudness for all that is to be heard.

ITU-R BS.1770-4, "Algorithms to measure audio programme loudness": a shelf and a high-pass stand for
head and ear, then the mean square. Without its gate, which drops quiet blocks of 400 ms: the sounds
here are little longer than one. The target is that of EBU R 128.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

LOUDNESS_DB = -23.0
"""Loudness that sounds are given, in LUFS (EBU R 128)."""
PEAK_DB = -1.0
"""Highest sample re full scale; what a loudness would drive higher stays quieter."""

_DESIGN_RATE = 48_000  # the standard's coefficients are for this rate
_SECTIONS = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621),
)
"""Shelf and high-pass: b0, b1, b2, a1, a2 of the standard's tables 1 and 2."""
_OFFSET_DB = -0.691


def loudness_db(waveforms: Tensor, rate: int) -> Tensor:
    """Measure loudness as BS.1770 does, ungated.

    The filters are applied in the frequency domain, as they are at their design rate of 48 kHz, so
    that every rate is measured alike.

    Args:
        waveforms: `(batch, sample)` in [-1, 1], one channel.
        rate: samples per second.

    Returns:
        `(batch,)` in LUFS; a sine of 1 kHz at full scale has -3.0, silence -inf.
    """
    samples = waveforms.shape[1]
    spectrum = torch.fft.rfft(waveforms)
    power = spectrum.real.square() + spectrum.imag.square()
    mean_square = power @ _weights(samples, rate).to(power) / samples**2
    return _OFFSET_DB + 10 * mean_square.log10()


@functools.lru_cache(maxsize=8)
def _weights(samples: int, rate: int) -> Tensor:
    """Weight of each bin of a real transform: the filters' power response, both signs of a bin."""
    angle = 2 * math.pi / _DESIGN_RATE * torch.fft.rfftfreq(samples, 1 / rate, dtype=torch.float64)
    delay = torch.polar(torch.ones_like(angle), -angle)
    weights = torch.full_like(angle, 2.0)
    weights[0] = 1.0
    if samples % 2 == 0:
        weights[-1] = 1.0
    for b0, b1, b2, a1, a2 in _SECTIONS:
        response = (b0 + b1 * delay + b2 * delay**2) / (1 + a1 * delay + a2 * delay**2)
        weights *= response.abs().square()
    return weights


def normalised(
    waveforms: Tensor,
    rate: int,
    *,
    to_db: float = LOUDNESS_DB,
    peak_db: float = PEAK_DB,
) -> Tensor:
    """Bring each sound to a loudness without clipping any.

    Args:
        waveforms: `(batch, sample)`, one channel, of any level.
        rate: samples per second.
        to_db: loudness wanted, in LUFS.
        peak_db: highest sample allowed, in dB re full scale; sounds with higher peaks than their
            loudness allows are left as much quieter.

    Returns:
        `(batch, sample)`; silence stays silent.
    """
    peak = waveforms.abs().amax(1).clamp_min(torch.finfo(waveforms.dtype).tiny)
    gain_db = torch.minimum(to_db - loudness_db(waveforms, rate), peak_db - 20 * peak.log10())
    gain = torch.where(gain_db.isfinite(), 10 ** (gain_db / 20), 0.0)
    return waveforms * gain[:, None]
