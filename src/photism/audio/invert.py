"""Back from a log-mel to a waveform: least squares for the spectrum, Griffin-Lim for its phases.

D. Griffin and J. Lim, Signal Estimation from Modified Short-Time Fourier Transform, 1984; in the
accelerated form of Perraudin et al., 2013, as librosa has it. Phases are lost in a log-mel, and
within a mel band so is where the power lies: the result sounds like the original but is not it.
"""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from photism.audio.logmel import FrontEnd
from photism.audio.mel import mel_filters
from photism.errors import ConfigError

PEAK = 0.9
"""Largest sample of a waveform whose level the log-mel does not tell."""


def waveform(
    log_mel: Tensor | np.ndarray,
    front_end: FrontEnd,
    *,
    length: int | None = None,
    iterations: int = 32,
    seed: int = 0,
) -> np.ndarray:
    """Make a sound whose log-mel is near the given one.

    Args:
        log_mel: `(mel_bin, frame)`, lowest band first, as `logmel.log_mels` returns it.
        front_end: what made it.
        length: samples wanted; None takes what the frames span.
        iterations: of Griffin-Lim; more are hardly better.
        seed: of the phases to begin with.

    Returns:
        `(sample,)` float32 in [-1, 1]. Where the levels are relative to a maximum, the largest
        sample is `PEAK`.
    """
    import librosa

    fe = front_end
    mel = _magnitudes(np.asarray(log_mel, dtype=np.float64), fe)
    filters = mel_filters(
        rate=fe.rate, n_fft=fe.n_fft, n_mels=fe.n_mels, f_min=fe.f_min, f_max=fe.f_max
    )
    spectrum = librosa.util.nnls(filters, mel) ** (1 / fe.power)
    samples = librosa.griffinlim(
        spectrum,
        n_iter=iterations,
        hop_length=fe.hop_length,
        win_length=fe.win_length,
        n_fft=fe.n_fft,
        window=fe.window,
        random_state=seed,
    )
    if not fe.center:  # half a window at both ends lies in too few frames to be made
        samples = np.pad(samples, fe.n_fft // 2)
    if length is not None:
        samples = librosa.util.fix_length(samples, size=length)
    peak = np.abs(samples).max()
    if peak > 1 or (fe.reference != "one" and peak > 0):
        samples = samples * (PEAK / peak)
    return samples.astype(np.float32)


def log_mel_of(picture: Tensor, front_end: FrontEnd, *, frames: int | None = None) -> Tensor:
    """Read the levels off a picture, drawn by a front end or by a network.

    Args:
        picture: `(1, height, width)` in [-1, 1].
        front_end: how it is drawn.
        frames: how many frames it shows, where the canvas holds any number; None takes a frame
            for each column.

    Returns:
        `(mel_bin, frame)`, lowest band first, in dB relative to the maximum.

    Raises:
        ConfigError: the front end stretches each picture to its own extremes, which the picture
            does not tell, or draws it with margins.
    """
    fe = front_end
    if fe.colour_map or fe.scaling != "top_db" or fe.top_db is None:
        raise ConfigError(
            f"pictures of front end {fe.name!r} are stretched to their own extremes:"
            " their levels cannot be read off"
        )
    if fe.margins:
        raise ConfigError(f"pictures of front end {fe.name!r} have margins: cut them off first")
    size = (fe.n_mels, frames or fe.frames or fe.width)
    unit = F.interpolate(picture[None], size, mode=fe.interpolation, antialias=True)[0, 0] / 2 + 0.5
    if fe.origin == "bottom":
        unit = unit.flip(0)
    return (unit.clamp(0, 1) - 1) * fe.top_db


def _magnitudes(log_mel: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Mel bands before the logarithm; what lies at the floor counts as silence."""
    fe = front_end
    if fe.log == "ln":
        return np.maximum(np.exp(log_mel) - 1e-6, 0)
    magnitudes = 10 ** (log_mel / (10 if fe.log == "power_db" else 20))
    floor = -np.inf if fe.top_db is None else log_mel.max() - fe.top_db
    return np.where(log_mel <= floor, 0, magnitudes)
