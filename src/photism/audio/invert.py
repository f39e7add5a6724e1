"""Back from log-mel pictures to sounds: levels, spectrum, phases, loudness, many at once.

Phases are lost in a log-mel, and within a mel band so is where the power lies: the result sounds
like the original but is not it. Each step was chosen by measurement (`benchmarks/invert.py`):

- The spectrum is the one that maximises the likelihood of the mel bands, found by the
  multiplicative steps of Richardson (1972) and Lucy (1974), which are those of Lee and Seung for
  the Kullback-Leibler divergence (2001). It is positive by itself, and errs as much, in
  decibels, in quiet bands as in loud ones, where least squares neglect the quiet.
- Phases begin where the peaks of the spectrum run: SPSI of Beauregard, Harish and Wyse (Single Pass
  Spectrogram Inversion, 2015).
- Then fast Griffin-Lim (Griffin and Lim 1984; Perraudin, Balazs and Søndergaard 2013).

All of it is deterministic.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from photism.audio import canvas
from photism.audio.front_ends import DECIBELS, LN_OFFSET, FrontEnd
from photism.audio.logmel import analysis_window, log_mels, pictures
from photism.audio.loudness import normalised

ITERATIONS = 12
"""Of Griffin-Lim; twice as many lower the error of the log-mel by a tenth or less."""
_MOMENTUM = 0.99  # Perraudin et al. advise it
_SPECTRUM_STEPS = 10
_CLIMBS = 6  # doublings: a bin finds its peak within 2**6 bins
_CHUNK = 2**18  # bins transformed at once: about what a processor's cache holds
_LEAST = 1e-30  # keeps phases of nothing finite
_EDGE = 1e-3  # of the windows' greatest sum: less does not tell a sample


@torch.no_grad()
def invert(
    images: Tensor,
    front_end: FrontEnd,
    *,
    frames: int | None = None,
    iterations: int = ITERATIONS,
) -> Tensor:
    """Make the sounds of log-mel pictures, as a network draws them.

    Args:
        images: `(batch, channel, height, width)` in [-1, 1], of the front end's canvas.
        front_end: how they are drawn; its `level_range` gives their contrast, see `canvas.read`.
        frames: how many frames a picture shows, for sounds of any length; see `canvas.read`.
        iterations: of Griffin-Lim.

    Returns:
        `(batch, sample)` float32 at the front end's rate and of its clips' length, of one
        loudness, -23 LUFS, or quieter where peaks would pass -1 dB re full scale.

    Raises:
        ConfigError: as `canvas.read`.
    """
    levels = canvas.read(images, front_end, frames=frames)
    made = waveforms(levels, front_end, iterations=iterations)
    return normalised(made, front_end.rate) if len(made) else made


@torch.no_grad()
def waveforms(
    log_mel: Tensor,
    front_end: FrontEnd,
    *,
    samples: int | None = None,
    iterations: int = ITERATIONS,
) -> Tensor:
    """Make sounds whose log-mels are near the given ones.

    Args:
        log_mel: `(batch, mel_bin, frame)`, lowest band first, as `LogMel` returns it.
        front_end: what made it.
        samples: wanted of each sound; None takes the length of the front end's clips, or what the
            frames span.
        iterations: of Griffin-Lim.

    Returns:
        `(batch, sample)` float32. Where levels are relative to a maximum, so are the samples.
    """
    fe, frames = front_end, log_mel.shape[2]
    clip = round(fe.clip_s * fe.rate) if fe.clip_s else None
    spanned = (frames - 1) * fe.hop_length + (0 if fe.center else fe.n_fft)
    transform = _transform(fe, frames, samples or clip or max(1, spanned), log_mel.device)
    if not len(log_mel):  # an FFT refuses to transform nothing
        return log_mel.new_zeros(0, transform.samples)
    size = max(1, _CHUNK // (frames * (fe.n_fft // 2 + 1)))
    parts = log_mel.float().split(size)
    return torch.cat([_made(part, transform, iterations) for part in parts])


@torch.no_grad()
def reanalyse(sounds: Tensor, front_end: FrontEnd) -> Tensor:
    """Draw sounds as a judge is to see them: the log-mels of waveforms, not those of a network.

    Where a front end's levels are absolute but its pictures stretched, each sound is first given
    the usual level: made louder for people (`invert`), it would have more contrast than the sounds
    that a judge knows. Where black and white are fixed, the level is left as it is.

    Args:
        sounds: `(batch, sample)` at the front end's rate, of any level, as `invert` returns them.
        front_end: its parameters; the upper end of its `level_range` is the usual level.

    Returns:
        `(batch, channel, height, width)` in [-1, 1], on the device of the sounds.

    Raises:
        AudioError: sounds too short for one frame, or longer than the front end's clips.
        ConfigError: the front end's levels are absolute, and it states no range.
    """
    fe, clips = front_end, sounds.cpu()
    if fe.reference == "one" and fe.scaling != "fixed" and len(clips):
        usual = torch.tensor(fe.bounds[1])
        loudest = torch.stack([level.max() for level in log_mels(list(clips), fe)])
        gain = _magnitudes(usual, fe) / _magnitudes(loudest, fe)
        clips = clips * torch.where(gain.isfinite(), gain ** (1 / fe.power), 0.0)[:, None]
    return pictures(list(clips), fe).to(sounds.device)


@dataclass(frozen=True, eq=False)
class _Transform:
    """Fourier transforms of the frames of sounds that lie on a tape, with nothing around them."""

    front_end: FrontEnd
    samples: int
    """Of a sound."""
    window: Tensor
    gain: Tensor
    """`(sample,)` of the tape: one over the sum of squared windows, zero beside the sound."""
    bank: Tensor
    """Mel filters, sparse: `(mel_bin, bin)`."""
    share: Tensor
    """The share of each filter in what reaches a bin, sparse: `(bin, mel_bin)`."""

    def analyse(self, tape: Tensor) -> Tensor:
        """Spectra `(batch, frame, bin)` of `(batch, sample)`."""
        fe = self.front_end
        return torch.fft.rfft(tape.unfold(-1, fe.n_fft, fe.hop_length) * self.window)

    def synthesise(self, spectra: Tensor) -> Tensor:
        """Return the tape whose spectra are nearest (Griffin and Lim 1984, eq. 6)."""
        frames = torch.fft.irfft(spectra, self.front_end.n_fft) * self.window
        return _overlap_add(frames, self.front_end.hop_length) * self.gain

    def sound(self, tape: Tensor) -> Tensor:
        """Cut the sounds out of the tape, `(batch, samples)`."""
        start = _margin(self.front_end)
        return F.pad(tape, (-start, start + self.samples - tape.shape[1]))


@functools.lru_cache(maxsize=8)
def _transform(front_end: FrontEnd, frames: int, samples: int, device: torch.device) -> _Transform:
    window = analysis_window(front_end)
    total = _overlap_add(window.square().expand(1, frames, -1), front_end.hop_length)[0]
    gain = 1 / total.clamp_min(_EDGE * float(total.max()))
    start = _margin(front_end)
    gain[:start] = 0
    gain[start + samples :] = 0
    bank = torch.from_numpy(front_end.filters())
    share = (bank / bank.sum(0).clamp_min(torch.finfo(bank.dtype).tiny)).T
    return _Transform(
        front_end,
        samples,
        window.float().to(device),
        gain.float().to(device),
        bank.to(device).to_sparse(),
        share.to(device).to_sparse(),
    )


def _margin(front_end: FrontEnd) -> int:
    """Samples of the first frame that lie before the sound."""
    return front_end.n_fft // 2 if front_end.center else 0


def _overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Sum frames `(batch, frame, sample)`, each a hop after the one before, on one tape."""
    batch, count, length = frames.shape
    hops = -(-length // hop)
    parts = F.pad(frames, (0, hops * hop - length)).view(batch, count, hops, hop)
    tape = frames.new_zeros(batch, count + hops - 1, hop)
    for i in range(hops):
        tape[:, i : i + count] += parts[:, :, i]
    return tape.flatten(1)[:, : (count - 1) * hop + length]


def _made(log_mel: Tensor, transform: _Transform, iterations: int) -> Tensor:
    """Sounds `(batch, sample)` of some log-mels."""
    fe = transform.front_end
    mel = _magnitudes(log_mel, fe).movedim(1, 0)  # (mel_bin, batch, frame)
    spectrum = _spectrum(mel.flatten(1), transform).view(-1, *mel.shape[1:])
    magnitude = spectrum.movedim(0, -1).contiguous() ** (1 / fe.power)  # (batch, frame, bin)
    spectra = torch.polar(magnitude, _phases(magnitude, fe))
    return transform.sound(_griffin_lim(magnitude, spectra, transform, iterations))


def _magnitudes(log_mel: Tensor, front_end: FrontEnd) -> Tensor:
    """Mel bands before the logarithm; what lies at the floor counts as silence."""
    fe = front_end
    if fe.log == "ln":
        return (log_mel.exp() - LN_OFFSET).clamp_min(0)
    magnitudes = 10 ** (log_mel / DECIBELS[fe.log][0])
    return torch.where(log_mel > fe.silence, magnitudes, 0.0)


def _spectrum(mel: Tensor, transform: _Transform) -> Tensor:
    """Positive `(bin, frame)` whose mel bands are near the given `(mel_bin, frame)`."""
    bank, share = transform.bank, transform.share
    tiny = torch.finfo(mel.dtype).tiny
    width = torch.sparse.mm(bank, mel.new_ones(bank.shape[1], 1)).clamp_min(tiny)
    spectrum = torch.sparse.mm(share, mel / width)  # the bands' densities, blended
    for _ in range(_SPECTRUM_STEPS):
        found = torch.sparse.mm(bank, spectrum).clamp_min_(tiny)
        spectrum *= torch.sparse.mm(share, mel / found)
    return spectrum


def _phases(magnitude: Tensor, front_end: FrontEnd) -> Tensor:
    """Phases `(batch, frame, bin)`: every bin turns as fast as the peak on whose slope it lies.

    A peak's frequency is that of the parabola through it and its neighbours. In the middle of a
    frame all bins of a peak have one phase; counted from its first sample, neighbours differ by pi.
    """
    fe = front_end
    number = torch.arange(magnitude.shape[2], device=magnitude.device)
    below, here, above = F.pad(magnitude, (1, 1), value=-1.0).unfold(2, 3, 1).unbind(3)
    rises = (above > torch.maximum(here, below)).long()
    falls = (below > torch.maximum(here, above)).long()
    peak = number + rises - falls
    for _ in range(_CLIMBS):
        peak = peak.gather(2, peak)
    bend = (2 * here - below - above).clamp_min(torch.finfo(here.dtype).tiny)
    offset = ((above - below) / (2 * bend)).clamp(-0.5, 0.5)
    turn = (number + offset).gather(2, peak) * (fe.hop_length / fe.n_fft)  # of the circle, a hop
    turn = (turn + F.pad(turn, (0, 0, 1, 0))[:, :-1]) / 2
    return 2 * math.pi * (turn.frac().cumsum(1) + number / 2).frac()


def _griffin_lim(
    magnitude: Tensor, spectra: Tensor, transform: _Transform, iterations: int
) -> Tensor:
    """Tape whose spectra have nearly the given magnitudes, begun with the given phases."""
    tape = transform.synthesise(spectra)
    last: Tensor | None = None
    for _ in range(iterations):
        found = torch.view_as_real(transform.analyse(tape))
        ahead = found if last is None else last.lerp_(found, 1 + _MOMENTUM)
        last = found
        square = ahead[..., 0].square().add_(ahead[..., 1].square()).add_(_LEAST)
        spectra = torch.view_as_complex(ahead)
        tape = transform.synthesise(spectra * square.rsqrt_().mul_(magnitude))
    return tape
