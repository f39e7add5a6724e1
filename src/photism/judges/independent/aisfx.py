"""aiSFX, which knows libraries of sound effects, as a judge of sounds.

A. B. Ma and A. Lerch, "Representation Learning for the Automatic Indexing of Sound Effects
Libraries", ISMIR 2022, arXiv:2208.09096: nine layers on log-mels of 96 bands, 44.1 kHz. As in the
authors' librosa variant, a sound is scaled to its peak, and bands are 10,000-fold powers plus one,
under a logarithm. The authors embed blocks of 100 frames; the largest value over time is what
counts, so that here a block is as long as the sound.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.judges.independent.base import IndependentJudge
from photism.judges.perceive import Percept, resampled

RATE = 44_100
N_FFT, HOP, BANDS = 2048, 1024, 96
LARGEST = 9.457798957824707
"""The greatest level in the authors' data, which is 1 to the network."""
_SHRINK = 8  # frames that become one before the largest is taken


class AISFX(IndependentJudge):
    """4.7 million weights; 512 features."""

    architecture = "aisfx"
    judges = "sound"
    features = 512

    @classmethod
    def network(cls) -> nn.Module:
        """Return the embedding of the published network."""
        return _Embedding()

    @classmethod
    def shape_for(cls, percept: Percept) -> tuple[int, int, int]:
        """Return channel, frames and bands for sounds of a length."""
        assert percept.rate is not None, "pictures cannot be heard"
        frames = 1 + math.ceil(percept.values.shape[1] * RATE / percept.rate) // HOP
        return (1, _SHRINK * math.ceil(frames / _SHRINK), BANDS)

    def view(self, percept: Percept) -> Tensor:
        """Return log-mels `(batch, 1, frame, band)`; a sound of another length is cut or filled."""
        assert percept.rate is not None, "pictures cannot be heard"
        sounds = resampled(percept.values, percept.rate, RATE)
        sounds = sounds / sounds.abs().amax(1, keepdim=True).clamp_min(1e-8)
        window = torch.hann_window(N_FFT, device=sounds.device)
        spectrum = torch.stft(
            sounds, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True
        )
        bands = _filters().to(sounds.device) @ spectrum.abs().square()  # (batch, band, frame)
        level = torch.log10(1 + 1e4 * bands) / LARGEST
        missing = self.image_shape[1] - level.shape[2]
        return F.pad(level, (0, missing)).transpose(1, 2)[:, None]


def _filters() -> Tensor:
    """Return `(band, bin)`; the weights of a band sum to 1."""
    import librosa

    mel = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=BANDS, htk=True, norm=1.0)
    return torch.from_numpy(mel).float()


class _Block(nn.Module):
    """Two convolutions of 3 × 3, and the largest of every 2 × 2."""

    def __init__(self, inward: int, outward: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, outward, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outward, outward, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outward)
        self.bn2 = nn.BatchNorm2d(outward)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.max_pool2d(x, self.pool)


class _Embedding(nn.Module):
    """Four blocks, the mean over bands and the largest over time."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 64, 128, 256, 512)
        pools = (2, 2, 2, 1)
        self.blocks = nn.Sequential(
            *(_Block(a, b, p) for a, b, p in zip(widths[:-1], widths[1:], pools, strict=True))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, 1, frame, band)` to `(batch, 512)`."""
        return self.blocks(x).mean(3).amax(2)
