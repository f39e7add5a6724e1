"""The mel filter bank, the same numbers as `librosa.filters.mel`.

Written out here because importing librosa's brings scipy and numba along, which take as long
to load as everything else that translating one recording needs.
"""

from __future__ import annotations

import numpy as np

_LINEAR_HZ = 200 / 3  # width of a mel below 1 kHz
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27  # logarithm of the ratio of two frequencies a mel apart above 1 kHz


def mel_filters(
    *, rate: int, n_fft: int, n_mels: int, f_min: float = 0.0, f_max: float | None = None
) -> np.ndarray:
    """Return triangular filters of equal area on Slaney's mel scale (Auditory Toolbox, 1998).

    Args:
        rate: samples per second.
        n_fft: length of the transform.
        n_mels: number of bands.
        f_min: lower edge of the lowest band in Hz.
        f_max: upper edge of the highest band in Hz; half the rate by default.

    Returns:
        `(mel_bin, n_fft // 2 + 1)` float32, lowest band first.
    """
    low, high = _to_mel(np.array([f_min, f_max or rate / 2]))
    edges = _to_hz(np.linspace(low, high, n_mels + 2))
    distance = edges[:, None] - np.fft.rfftfreq(n_fft, 1 / rate)  # (n_mels + 2, bin)
    width = np.diff(edges)[:, None]
    rising, falling = -distance[:-2] / width[:-1], distance[2:] / width[1:]
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    area = 2 / (edges[2:] - edges[:-2])
    return (triangles * area[:, None]).astype(np.float32)


def _to_mel(hz: np.ndarray) -> np.ndarray:
    above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _LINEAR_HZ, above)


def _to_hz(mel: np.ndarray) -> np.ndarray:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, above)
