"""Log-mel front ends: one named, frozen set of parameters per paper, batched, exact to librosa.

Sources of the parameters: Duan et al. (CAR-GAN, arXiv:1907.01826) and its published pictures; Tan
et al. (SA-CMGAN, 2020) and its helper script; Fanzeres and Nadeu (S2I, arXiv:2106.01266) and its
published pictures; Żelaszczyk and Mańdziuk (AIVAE, arXiv:2109.13354). What no paper states is
an assumption, named as such beside the front end in `FRONT_ENDS`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.audio.canvas import colour_table, draw
from photism.audio.mel import mel_filters
from photism.errors import AudioError, ConfigError, nearest

_Window = Literal["hann", "hamming"]
_Power = Literal[1, 2]
_Log = Literal["power_db", "amplitude_db", "ln"]
_Reference = Literal["clip", "recording", "one"]
_Scaling = Literal["top_db", "min_max"]
_Origin = Literal["top", "bottom", "left"]
_ColourMap = Literal["jet", "magma"]
_Interpolation = Literal["bilinear", "bicubic"]
_CHOICES: dict[str, tuple[object, ...]] = {
    "window": get_args(_Window),
    "power": get_args(_Power),
    "log": get_args(_Log),
    "reference": get_args(_Reference),
    "scaling": get_args(_Scaling),
    "origin": get_args(_Origin),
    "colour_map": (*get_args(_ColourMap), None),
    "interpolation": get_args(_Interpolation),
}

DECIBELS = {"power_db": (10, 1e-10), "amplitude_db": (20, 1e-5)}
"""Factor before the logarithm and least value in it, librosa's `amin`."""
LN_OFFSET = 1e-6
"""What is added before a natural logarithm."""
_CHUNK = 512 * 512  # samples transformed at once: small enough for the processor's cache
_GROUP = 16  # mel bands multiplied at once: fewer bins each, but matrices still worth the call


@dataclass(frozen=True)
class FrontEnd:
    """How a waveform becomes the log-mel picture that a network eats.

    The defaults of librosa hold where no field says otherwise: Slaney's mel scale and area
    normalisation, periodic windows, zeros beyond the ends of a clip.
    """

    name: str
    rate: int
    """Samples per second of the waveform."""
    clip_s: float | None
    """Length of a clip; None takes a sound, such as a spoken word, whole."""
    n_fft: int
    win_length: int
    hop_length: int
    n_mels: int
    height: int
    width: int
    """`height` and `width` are the canvas of the network."""
    frames: int | None = None
    """Frames drawn of a clip; None draws all."""
    window: _Window = "hann"
    center: bool = True
    """Frames are centred on multiples of the hop; half of the first one lies before the clip."""
    f_min: float = 0.0
    f_max: float | None = None
    """Upper edge of the highest mel band in Hz; None is half the rate."""
    power: _Power = 2
    """Exponent of the magnitudes that the mel bands sum: 1 amplitude, 2 power."""
    log: _Log = "power_db"
    """10·log10 or 20·log10 relative to a maximum, or ln(x + 1e-6)."""
    reference: _Reference = "clip"
    """What 0 dB is: the maximum of the clip, of all clips of its recording, or the number one."""
    top_db: float | None = 80.0
    """Levels further below the maximum are raised to this floor."""
    scaling: _Scaling = "top_db"
    """What spans black to white: floor to maximum, or the clip's own extremes."""
    origin: _Origin = "top"
    """Where the lowest band lies; with "left", time runs downwards."""
    colour_map: _ColourMap | None = None
    interpolation: _Interpolation = "bilinear"
    drawn: int | None = None
    """Side of the square picture drawn first, then resized to the canvas; None draws at once."""
    margins: bool = False
    """White around the picture, as matplotlib saves a figure whose axes show nothing else."""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            self._require(getattr(self, name) in choices, name, f"choose from {choices}")
        for name in ("rate", "n_fft", "win_length", "hop_length", "n_mels", "height", "width"):
            self._require(getattr(self, name) > 0, name, "must be above 0")
        for name in ("clip_s", "frames", "top_db", "drawn"):
            self._require((getattr(self, name) or 1) > 0, name, "must be above 0, or None")
        self._require(self.win_length <= self.n_fft, "win_length", f"at most n_fft = {self.n_fft}")
        self._require(
            0 <= self.f_min < (self.f_max or self.rate / 2) <= self.rate / 2,
            "f_max",
            f"above f_min = {self.f_min:g} and at most half the rate, {self.rate / 2:g} Hz",
        )
        self._require(
            self.top_db is not None or self.scaling == "min_max", "top_db", "set it, or min_max"
        )
        self._require(
            (self.log == "ln") == (self.reference == "one"), "reference", 'ln goes with "one"'
        )

    def _require(self, met: bool, field: str, remedy: str) -> None:
        if not met:
            value = getattr(self, field)
            raise ConfigError(f"front end {self.name!r}: {field} is {value!r}: {remedy}")

    @property
    def channels(self) -> int:
        """Channels of the picture: 1 grey, 3 colour."""
        return 3 if self.colour_map else 1

    @property
    def clip_samples(self) -> int | None:
        """Samples that fill a clip's frames, or None for whole sounds."""
        if self.clip_s is None:
            return None
        samples = round(self.clip_s * self.rate)
        if self.center or self.frames is None:
            return samples
        return max(samples, self.n_fft + (self.frames - 1) * self.hop_length)

    @property
    def silence(self) -> float:
        """Level of what is not there: the floor below the maximum, or ln(1e-6)."""
        return math.log(LN_OFFSET) if self.log == "ln" else -(self.top_db or math.inf)

    def windowing(self) -> Tensor:
        """Weights of the samples of a frame, `(n_fft,)` float64."""
        windows = {"hann": torch.hann_window, "hamming": torch.hamming_window}
        left = (self.n_fft - self.win_length) // 2
        window = windows[self.window](self.win_length, dtype=torch.float64)
        return F.pad(window, (left, self.n_fft - self.win_length - left))

    def filters(self) -> np.ndarray:
        """Weights of the transform's bins in each mel band, `(mel_bin, bin)` float32."""
        return mel_filters(
            rate=self.rate,
            n_fft=self.n_fft,
            n_mels=self.n_mels,
            f_min=self.f_min,
            f_max=self.f_max,
        )

    def frame_count(self, samples: int) -> int:
        """Number of frames of a waveform of `samples` samples, 0 if it is too short for one."""
        if self.center:
            return 1 + samples // self.hop_length if samples else 0
        return max(0, 1 + (samples - self.n_fft) // self.hop_length)


# The helper script puts mel power through the amplitude formula. Assumed: top_db.
_SA_CMGAN = FrontEnd(
    "sa-cmgan", rate=44_100, clip_s=0.5, n_fft=2048, win_length=2048, hop_length=512,
    n_mels=128, height=64, width=64, log="amplitude_db", scaling="min_max",
    origin="bottom", colour_map="magma",
)  # fmt: skip

# Published pictures show 34 bands by 128 frames, jet, frequency to the right, time down. Assumed:
# the transform behind them (n_fft 512, Hann, hop 170, not centred, end padded).
_CAR_GAN = FrontEnd(
    "car-gan", rate=44_100, clip_s=0.5, n_fft=512, win_length=512, hop_length=170,
    n_mels=34, height=128, width=128, frames=128, center=False, power=1, log="ln",
    reference="one", top_db=None, scaling="min_max", origin="left", colour_map="jet",
    interpolation="bicubic", drawn=256,
)  # fmt: skip

FRONT_ENDS: dict[str, FrontEnd] = {
    front_end.name: front_end
    for front_end in (
        _CAR_GAN,
        replace(_CAR_GAN, name="car-gan-256", height=256, width=256),  # as the paper has them
        _SA_CMGAN,
        # As the script saves its figures. Assumed: no ticks, no frame.
        replace(_SA_CMGAN, name="sa-cmgan-margins", margins=True),
        # 25 ms Hamming, 10 ms hop, 1 s in 100 frames. Assumed: rate, n_fft, floor.
        FrontEnd(
            "s2i", rate=44_100, clip_s=1.0, n_fft=2048, win_length=1102, hop_length=441,
            n_mels=128, height=128, width=100, frames=100, window="hamming",
            reference="recording", top_db=60.0, origin="bottom",
        ),
        # All but the canvas is assumed; 8 kHz is the rate of FSDD, 16 kHz that of Speech Commands.
        FrontEnd(
            "aivae-8k", rate=8_000, clip_s=None, n_fft=512, win_length=512, hop_length=128,
            n_mels=64, height=48, width=48,
        ),
        FrontEnd(
            "aivae-16k", rate=16_000, clip_s=None, n_fft=512, win_length=512, hop_length=128,
            n_mels=64, height=48, width=48,
        ),
    )
}  # fmt: skip


def front_end(name: str) -> FrontEnd:
    """Return the front end of that name, or raise ConfigError with the nearest."""
    try:
        return FRONT_ENDS[name]
    except KeyError:
        hint = nearest(name, FRONT_ENDS)
        raise ConfigError(f"no front end is called {name!r}: {hint}") from None


class LogMel(nn.Module):
    """Log-mel levels and pictures of waveforms.

    The transform runs in double precision, as librosa's does: in single precision the quiet bands
    of a loud frame are off by some 0.002 dB. To repeat just such frames in double would save
    nothing: with a margin that misses none they are half of all frames of speech.

    Args:
        front_end: its parameters.
        precision: type of the transform; float32 for a device that knows no float64.
    """

    window: Tensor
    filters: Tensor
    colours: Tensor

    def __init__(self, front_end: FrontEnd, precision: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.front_end = fe = front_end
        filters = fe.filters()
        self._groups = _groups(filters)
        self.register_buffer("window", fe.windowing().to(precision), persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        self.register_buffer("colours", colour_table(fe.colour_map), persistent=False)

    def forward(self, waveform: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return log-mel levels of a padded batch.

        Args:
            waveform: `(batch, sample)` in [-1, 1], zeros beyond a clip's length.
            lengths: `(batch,)` samples of each clip; None where all are full.

        Returns:
            `(batch, mel_bin, frame)`, lowest band first: dB relative to the clip's maximum, or ln.
            Frames beyond a clip's own are silence.
        """
        fe = self.front_end
        if fe.center:
            waveform = F.pad(waveform, (fe.n_fft // 2, fe.n_fft // 2))
        frames = waveform.unfold(-1, fe.n_fft, fe.hop_length)  # (batch, frame, n_fft)
        batch, count = frames.shape[:2]
        level = self._level(frames.flatten(0, 1)).unflatten(1, (batch, count)).movedim(1, 0)
        if lengths is not None:
            own = torch.tensor([fe.frame_count(int(n)) for n in lengths], device=level.device)
            beyond = torch.arange(count, device=level.device) >= own[:, None]
            silence = _log(level.new_zeros(()), fe)
            level = torch.where(beyond[:, None], silence, level)
        if fe.reference == "one":
            return level
        level = level - level.amax((1, 2), keepdim=True)
        return level if fe.top_db is None else level.clamp_min(-fe.top_db)

    def log_mels(self, waveforms: Sequence[np.ndarray | Tensor]) -> list[Tensor]:
        """Return log-mel levels of clips of any lengths, the same values as one at a time.

        Args:
            waveforms: each `(sample,)` in [-1, 1] at the front end's rate.

        Returns:
            For each clip `(mel_bin, frame)`, lowest band first: dB relative to the clip's maximum,
            or ln.

        Raises:
            AudioError: a clip is too short for one frame.
        """
        return self._referenced(*self._tape_levels(waveforms, None), recordings=None)

    def picture(
        self,
        waveforms: Sequence[np.ndarray | Tensor],
        recordings: Sequence[int] | None = None,
    ) -> Tensor:
        """Return the pictures of clips of any lengths; see `pictures`."""
        fe = self.front_end
        clips = [_fit(waveform, fe) for waveform in waveforms]
        levels = self._referenced(*self._tape_levels(clips, fe.frames), recordings=recordings)
        images = torch.empty(len(levels), fe.channels, fe.height, fe.width)
        widths = np.array([level.shape[1] for level in levels])
        for width in np.unique(widths):
            members = np.flatnonzero(widths == width)
            images[members] = self.render(torch.stack([levels[i] for i in members]))
        return images

    def render(self, log_mel: Tensor) -> Tensor:
        """Draw log-mel levels on the canvas of the network.

        Args:
            log_mel: `(batch, mel_bin, frame)`, lowest band first, as `forward` returns.

        Returns:
            `(batch, channel, height, width)` in [-1, 1].
        """
        return draw(log_mel, self.front_end, self.colours)

    def _level(self, frames: Tensor) -> Tensor:
        """Log of the mel bands, `(mel_bin, frame)`, of `(frame, n_fft)` samples; no reference."""
        fe, size = self.front_end, max(1, _CHUNK // self.front_end.n_fft)
        mel = frames.new_empty(len(frames), fe.n_mels, dtype=torch.float32)
        if not len(frames):  # an FFT refuses to transform nothing, and so may the rest
            return mel.T
        buffer = frames.new_empty(min(size, len(frames)), fe.n_fft, dtype=self.window.dtype)
        for chunk, bands in zip(frames.split(size), mel.split(size), strict=True):
            windowed = torch.mul(chunk, self.window, out=buffer[: len(chunk)])
            squares = torch.view_as_real(torch.fft.rfft(windowed)).float().square_()
            magnitude = squares[..., 0] + squares[..., 1]  # (frame, bin)
            if fe.power == 1:
                magnitude.sqrt_()
            for rows, bins in self._groups:
                torch.mm(magnitude[:, bins], self.filters[rows, bins].T, out=bands[:, rows])
        return _log(mel, fe).T

    def _tape_levels(
        self, waveforms: Sequence[np.ndarray | Tensor], limit: int | None
    ) -> tuple[Tensor, list[int]]:
        """Lay the clips on one tape with silence between and return the levels of all its frames.

        No frame touches two clips but those in the gaps, one or two between clips. The second
        result gives the frames of the first clip, of the gap behind it, of the second clip, ….
        """
        fe = self.front_end
        pad, hop = (fe.n_fft // 2 if fe.center else 0), fe.hop_length
        spans: list[int] = []
        for waveform in waveforms:
            length = len(waveform)
            count = min(fe.frame_count(length), limit or length)
            if count == 0:
                raise AudioError(
                    f"a clip of {length} samples is too short for front end {fe.name!r}"
                )
            end = max(pad + length, (count - 1) * hop + fe.n_fft - pad)
            spans += [count, -(-end // hop) - count]
        starts = np.cumsum([0, *spans])[::2] * hop
        tape = torch.zeros(int(starts[-1]) + fe.n_fft, dtype=self.window.dtype)
        samples = tape.numpy()
        for start, waveform in zip((starts + pad).tolist(), waveforms, strict=False):
            samples[start : start + len(waveform)] = waveform
        frames = tape.to(self.window.device).unfold(0, fe.n_fft, hop)[: sum(spans)]
        return self._level(frames), spans

    def _referenced(
        self, level: Tensor, spans: list[int], recordings: Sequence[int] | None
    ) -> list[Tensor]:
        """Levels `(mel_bin, frame)` of the clips on a tape, relative to their maxima."""
        fe = self.front_end
        if fe.reference != "one" and spans:
            lengths = torch.tensor(spans, device=level.device)
            peaks = torch.segment_reduce(level.amax(0), "max", lengths=lengths, initial=-torch.inf)
            if fe.reference == "recording" and recordings is not None:
                own = torch.tensor(recordings, device=level.device).unique(return_inverse=True)[1]
                shared = peaks.new_full((len(own),), -torch.inf)
                peaks[::2] = shared.scatter_reduce(0, own, peaks[::2], "amax")[own]
            level -= peaks.repeat_interleave(lengths)
            if fe.top_db is not None:
                level.clamp_min_(-fe.top_db)
        return list(level.split(spans, 1)[::2])


@functools.lru_cache(maxsize=8)
def _log_mel(front_end: FrontEnd) -> LogMel:
    return LogMel(front_end)


def log_mels(waveforms: Sequence[np.ndarray | Tensor], front_end: FrontEnd) -> list[Tensor]:
    """Return log-mel levels of clips of any lengths; see `LogMel.log_mels`."""
    return _log_mel(front_end).log_mels(waveforms)


def pictures(
    waveforms: Sequence[np.ndarray | Tensor],
    front_end: FrontEnd,
    recordings: Sequence[int] | None = None,
) -> Tensor:
    """Return the log-mel pictures of clips of any lengths, the same values as one at a time.

    Args:
        waveforms: each `(sample,)` in [-1, 1] at the front end's rate. Where the front end has
            clips of a fixed length, shorter ones are extended with silence.
        front_end: its parameters.
        recordings: number of the recording that each clip is cut from, where the front end refers
            levels to the maximum of the recording; None takes each clip as a recording.

    Returns:
        `(batch, channel, height, width)` float32 in [-1, 1].

    Raises:
        AudioError: a clip is too short for one frame, or longer than the front end's clips.
    """
    return _log_mel(front_end).picture(waveforms, recordings)


def _groups(filters: np.ndarray) -> list[tuple[slice, slice]]:
    """Groups of neighbouring bands with the bins they touch: most of the matrix is zero."""
    groups = []
    for rows in np.array_split(np.arange(len(filters)), -(-len(filters) // _GROUP)):
        bins = np.flatnonzero(filters[rows].any(axis=0))
        groups.append((slice(rows[0], rows[-1] + 1), slice(bins[0], bins[-1] + 1)))
    return groups


def _log(mel: Tensor, front_end: FrontEnd) -> Tensor:
    if front_end.log == "ln":
        return (mel + LN_OFFSET).log_()
    factor, floor = DECIBELS[front_end.log]
    return mel.clamp_min(floor).log10_().mul_(factor)


def _fit(waveform: np.ndarray | Tensor, front_end: FrontEnd) -> np.ndarray | Tensor:
    """Extend a clip with silence to the front end's length."""
    wanted = front_end.clip_samples
    if wanted is None or len(waveform) == wanted:
        return waveform
    if len(waveform) > wanted:
        raise AudioError(
            f"front end {front_end.name!r} takes clips of {front_end.clip_s:g} s, not"
            f" {len(waveform) / front_end.rate:.3g} s: cut the sound into windows first"
        )
    fitted = np.zeros(wanted, dtype=np.float32)
    fitted[: len(waveform)] = waveform
    return fitted
