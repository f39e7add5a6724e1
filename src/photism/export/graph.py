"""What is traced: a system with its front end, from the waveform to the picture or back.

The drawing of log-mels, and their reading, are `photism.audio.canvas`'s own; only the transform is
written again, without the chunks and buffers that make `LogMel` quick, because a tracer would
unroll them. It runs in double precision, as there. What takes room and is soon computed, such as
the filter bank, is stored as the few numbers that it holds and laid out by the graph itself, once,
when a runtime loads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.audio import canvas
from photism.audio.front_ends import FrontEnd
from photism.audio.logmel import analysis_window, log
from photism.media import Medium
from photism.systems.base import System


@dataclass(frozen=True)
class Port:
    """One input or output of a graph; its first axis is the batch."""

    name: str
    shape: tuple[int | None, ...]
    """Of one row; None is any number, the same for all rows of a batch."""
    meaning: str
    kind: Literal["float32", "int64"] = "float32"


class Graph(nn.Module):
    """A system as a function of plain tensors.

    Args:
        system: trained; in eval mode.
        front_end: of the system, with the level range of its data.
        target: what to make, one of `system.targets`.
        classes: names of the classes, of systems that know some.
    """

    def __init__(
        self, system: System, front_end: FrontEnd, target: Medium, classes: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.system = system
        self.front_end = front_end
        self.target: Medium = target
        self.classes = classes
        self.log_mel = LogMelInGraph(front_end) if target == "image" else None

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What goes in, in order."""
        noise = self.system.noise_shape(self.target)
        ports = [self._condition]
        if noise:
            ports.append(Port("noise", noise, "standard normal; another for another result"))
        if self.system.takes_label:
            told = "which of the classes, from 0"
            if self.system.recognises:
                told += "; -1 lets the system recognise it"
            ports.append(Port("label", (), told, "int64"))
        return tuple(ports)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What comes out, in order."""
        fe = self.front_end
        if self.target == "image":
            made = Port("picture", self.system.shape("image"), "channel, height, width in [-1, 1]")
        else:
            meaning = "mel_bin, frame; lowest band first, " + (
                "ln" if fe.log == "ln" else "dB below the loudest"
            )
            made = Port("log_mel", (fe.n_mels, canvas.frames_shown(fe)), meaning)
        if not self._names:
            return (made,)
        return made, Port("probability", (len(self.classes),), "of each class, as recognised")

    @property
    def _names(self) -> bool:
        """Whether it says what it recognised."""
        return self.system.recognises and bool(self.classes)

    @property
    def _condition(self) -> Port:
        fe = self.front_end
        if self.target == "image":
            return Port("waveform", (fe.clip_samples,), f"samples in [-1, 1], {fe.rate} a second")
        return Port("picture", self.system.shape("image"), "channel, height, width in [-1, 1]")

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Translate a batch.

        Args:
            *inputs: those of `inputs`, in that order, `(batch, *shape)` each.

        Returns:
            Those of `outputs`, in that order, `(batch, *shape)` each.
        """
        given = dict(zip((port.name for port in self.inputs), inputs, strict=True))
        condition = inputs[0]
        if self.log_mel is not None:
            condition = canvas.draw(self.log_mel(condition), self.front_end, self.log_mel.colours)
        made = self.system.generate(
            condition, target=self.target, label=given.get("label"), noise=given.get("noise")
        )
        if self.target == "sound":
            made = canvas.read(made, self.front_end)
        return (made, self.system.recognise(condition)) if self._names else (made,)


class LogMelInGraph(nn.Module):
    """Log-mel levels of waveforms of one length, as `photism.audio.logmel` has them.

    Args:
        front_end: its parameters.
    """

    window: Tensor
    colours: Tensor
    weights: Tensor
    places: Tensor

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__()
        self.front_end = front_end
        filters = torch.from_numpy(front_end.filters()).T.contiguous()  # (bin, mel_bin)
        places = filters.flatten().nonzero()[:, 0]  # most of the matrix is zero
        self.size = tuple(filters.shape)
        self.register_buffer("window", analysis_window(front_end), persistent=False)
        self.register_buffer("colours", canvas.colour_table(front_end.colour_map), persistent=False)
        self.register_buffer("weights", filters.flatten()[places], persistent=False)
        self.register_buffer("places", places, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Map `(batch, sample)` in [-1, 1] to levels `(batch, mel_bin, frame)`, lowest first."""
        fe = self.front_end
        if fe.center:
            waveform = F.pad(waveform, (fe.n_fft // 2, fe.n_fft // 2))
        count = 1 + (waveform.shape[1] - fe.n_fft) // fe.hop_length
        if fe.frames and fe.clip_s:
            count = min(count, fe.frames)
        starts = torch.arange(count) * fe.hop_length
        frames = waveform.double()[:, starts[:, None] + torch.arange(fe.n_fft)]
        spectrum = torch.view_as_real(torch.fft.rfft(frames * self.window)).float()
        magnitude = spectrum.square().sum(-1)  # (batch, frame, bin)
        if fe.power == 1:
            magnitude = magnitude.sqrt()
        bins, bands = self.size
        filters = self.weights.new_zeros(bins * bands).scatter(0, self.places, self.weights)
        level = log((magnitude @ filters.view(bins, bands)).transpose(1, 2), fe)
        if fe.reference == "one":
            return level
        level = level - level.amax((1, 2), keepdim=True)
        return level if fe.top_db is None else level.clamp_min(-fe.top_db)
