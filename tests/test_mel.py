"""The mel filter bank against librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from photism.audio.front_ends import FRONT_ENDS
from photism.audio.mel import mel_filters

BANKS = [(fe.rate, fe.n_fft, fe.n_mels, fe.f_min, fe.f_max) for fe in FRONT_ENDS.values()]
OTHERS = [(22_050, 1024, 80, 20.0, 7600.0), (8_000, 256, 10, 1500.0, 3900.0)]


@pytest.mark.parametrize(("rate", "n_fft", "n_mels", "f_min", "f_max"), BANKS + OTHERS)
def test_filters_are_those_of_librosa(
    rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float | None
) -> None:
    ours = mel_filters(rate=rate, n_fft=n_fft, n_mels=n_mels, f_min=f_min, f_max=f_max)
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max)
    assert ours.dtype == theirs.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=0)
