"""Log-mels of waveforms, batched, exact to librosa, and the pictures that they are drawn as."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.audio.canvas import colour_table, draw
from photism.audio.front_ends import DECIBELS, LN_OFFSET, FrontEnd
from photism.audio.front_ends import front_end as front_end  # also found here
from photism.errors import AudioError

_CHUNK = 512 * 512  # samples transformed at once: small enough for the processor's cache
_GROUP = 16  # mel bands multiplied at once: fewer bins each, but matrices still worth the call


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
        self.register_buffer("window", analysis_window(fe).to(precision), persistent=False)
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
            silence = log(level.new_zeros(()), fe)
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
        limit = fe.frames if fe.clip_s else None  # a whole sound is cut as it is drawn
        levels = self._referenced(*self._tape_levels(clips, limit), recordings=recordings)
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
        return log(mel, fe).T

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


def analysis_window(front_end: FrontEnd) -> Tensor:
    """Return the weights of the samples of a frame, `(n_fft,)` float64."""
    fe = front_end
    windows = {"hann": torch.hann_window, "hamming": torch.hamming_window}
    left = (fe.n_fft - fe.win_length) // 2
    window = windows[fe.window](fe.win_length, dtype=torch.float64)
    return F.pad(window, (left, fe.n_fft - fe.win_length - left))


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


def extremes(
    waveforms: Sequence[np.ndarray | Tensor], front_end: FrontEnd
) -> list[tuple[float, float]]:
    """Measure what is lost where pictures are stretched: the extremes of clips, for a card.

    Args:
        waveforms: each `(sample,)` in [-1, 1] at the front end's rate.
        front_end: its parameters.

    Returns:
        Lowest and highest level of each clip that is not silent throughout; none where black and
        white are fixed, for then nothing is lost.

    Raises:
        AudioError: a clip is too short for one frame.
    """
    if front_end.scaling == "fixed":
        return []
    levels = ((float(m.min()), float(m.max())) for m in log_mels(waveforms, front_end))
    return [(low, high) for low, high in levels if low < high]


def usual_range(levels: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the medians of `extremes`, which a card states as `level_range`; None of none."""
    if not levels:
        return None
    low, high = np.median(levels, axis=0).round(2).tolist()
    return low, high


def _groups(filters: np.ndarray) -> list[tuple[slice, slice]]:
    """Groups of neighbouring bands with the bins they touch: most of the matrix is zero."""
    groups = []
    for rows in np.array_split(np.arange(len(filters)), -(-len(filters) // _GROUP)):
        bins = np.flatnonzero(filters[rows].any(axis=0))
        groups.append((slice(rows[0], rows[-1] + 1), slice(bins[0], bins[-1] + 1)))
    return groups


def log(mel: Tensor, front_end: FrontEnd) -> Tensor:
    """Return the logarithm of mel bands, of any shape, as the front end has it; no reference."""
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
