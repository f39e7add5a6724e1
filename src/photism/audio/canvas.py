"""Log-mel levels drawn as the picture that a network eats, and read off such a picture again.

Reading undoes what drawing did, in the reverse order: the canvas is brought back to the cells of
the log-mel, colours become levels, black and white the bounds of a range. Lost for good are detail
that the canvas is too small for and, where each picture is stretched to its own extremes, what
those were.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from photism.audio.front_ends import FrontEnd
from photism.errors import ConfigError

_FIGURE = ((480, slice(58, 427)), (640, slice(80, 576)))
"""Height and width of matplotlib's default figure in pixels, and where its axes are in them."""
_ROUGHNESS = 0.003
"""Weight of differences between neighbouring cells where the canvas leaves them open."""
_CHUNK = 2**18  # distances to colours held at once: few enough for the processor's cache


def colour_table(name: str | None) -> Tensor:
    """Return the colours of a matplotlib map, `(256, 3)` in [0, 1]; empty without a name."""
    if name is None:
        return torch.empty(0, 3)
    import matplotlib

    return torch.from_numpy(matplotlib.colormaps[name](np.arange(256))[:, :3]).float()


def draw(log_mel: Tensor, front_end: FrontEnd, colours: Tensor) -> Tensor:
    """Draw log-mel levels on the canvas of the network.

    Args:
        log_mel: `(batch, mel_bin, frame)`, lowest band first, relative to the front end's
            reference.
        front_end: its parameters.
        colours: `colour_table` of its colour map, on the device of the levels.

    Returns:
        `(batch, channel, height, width)` in [-1, 1].
    """
    fe = front_end
    if fe.clip_s is None and fe.frames:
        log_mel = lay(log_mel, fe.frames, fe.silence)
    if fe.scaling == "fixed":
        black, white = fe.bounds
        unit = ((log_mel - black) / (white - black)).clamp(0, 1)
    elif fe.scaling == "min_max":
        least = log_mel.amin((1, 2), keepdim=True)
        span = log_mel.amax((1, 2), keepdim=True) - least
        unit = (log_mel - least) / span.clamp_min(torch.finfo(log_mel.dtype).tiny)
    else:
        assert fe.top_db is not None
        unit = log_mel / fe.top_db + 1
    if fe.origin == "bottom":
        unit = unit.flip(1)
    elif fe.origin == "left":
        unit = unit.transpose(1, 2)
    if fe.colour_map:
        steps = len(colours)
        unit = colours[(unit * steps).long().clamp_max(steps - 1)].movedim(-1, 1)
    else:
        unit = unit[:, None]
    if fe.drawn:
        unit = _resize(unit, fe.drawn, fe.drawn, fe.interpolation)
    if fe.margins:
        unit = _with_margins(unit)
    return _resize(unit, fe.height, fe.width, fe.interpolation) * 2 - 1


def lay(level: Tensor, frames: int, silence: float) -> Tensor:
    """Lay sounds on a canvas without stretching them.

    Args:
        level: `(batch, mel_bin, frame)`, ln or dB.
        frames: width of the canvas.
        silence: level of what is not there.

    Returns:
        `(batch, mel_bin, frames)`: a shorter sound in the middle, of a longer one what is around
        its loudest frame, as far as there is so much of it on both sides.
    """
    missing: Any = torch.sym_max(frames - level.shape[2], 0)  # in graphs, of any length
    level = F.pad(level, (missing // 2, missing - missing // 2), value=silence)
    loudest = level.logsumexp(1).argmax(1)  # (batch,); of ln, the sum of the powers
    start = (loudest - frames // 2).clamp(0, level.shape[2] - frames)
    places = start[:, None] + torch.arange(frames, device=level.device)  # (batch, frames)
    return level.gather(2, places[:, None].expand(-1, level.shape[1], -1))


@torch.no_grad()
def read(pictures: Tensor, front_end: FrontEnd, *, frames: int | None = None) -> Tensor:
    """Read the levels off pictures, drawn by a front end or by a network.

    Args:
        pictures: `(batch, channel, height, width)` in [-1, 1], of the front end's canvas.
        front_end: how they are drawn; its `level_range` says what black and white are where each
            picture is stretched to its own extremes.
        frames: how many frames a picture shows, where the canvas holds a sound of any length; None
            takes a frame for each pixel along the time axis.

    Returns:
        `(batch, mel_bin, frame)` float32, lowest band first, in dB relative to the maximum or ln.
        The darkest level is silence.

    Raises:
        ConfigError: pictures of another shape, or a front end whose pictures do not tell their
            levels and which states no range.
    """
    fe = front_end
    if pictures.shape[1:] != (fe.channels, fe.height, fe.width):
        raise ConfigError(
            f"pictures of front end {fe.name!r} are {(fe.channels, fe.height, fe.width)},"
            f" not {tuple(pictures.shape[1:])}"
        )
    low, high = fe.bounds
    cells = (fe.n_mels, frames or frames_shown(fe))
    if fe.origin == "left":
        cells = cells[::-1]
    rows, columns = (_undo(fe, axis, cells[axis]).to(pictures.device) for axis in (0, 1))
    unit = rows @ (pictures.float() / 2 + 0.5) @ columns.T  # (batch, channel, *cells)
    unit = _nearest(unit, fe.colour_map) if fe.colour_map else unit[:, 0].clamp(0, 1)
    if fe.origin == "bottom":
        unit = unit.flip(1)
    elif fe.origin == "left":
        unit = unit.transpose(1, 2)
    return torch.where(unit > 0, low + (high - low) * unit, fe.silence)


def frames_shown(front_end: FrontEnd) -> int:
    """Return how many frames `read` takes a picture to show where nobody says it."""
    fe = front_end
    count = fe.frame_count(fe.clip_samples) if fe.clip_samples else None
    along = fe.height if fe.origin == "left" else fe.width
    return fe.frames or count or along


@functools.lru_cache(maxsize=16)
def _undo(front_end: FrontEnd, axis: int, cells: int) -> Tensor:
    """Matrix `(cells, pixel)` that finds the cells along one axis which a canvas shows.

    Least squares; where the canvas has fewer pixels than there are cells, the smoothest of all
    solutions. White margins tell nothing and weigh nothing.
    """
    mix = _mix(front_end, axis, cells)
    shows = mix.sum(1) > 0.999
    step = torch.diff(torch.eye(cells, dtype=mix.dtype), dim=0)
    normal = mix[shows].T @ mix[shows] + _ROUGHNESS * step.T @ step
    undo = mix.new_zeros(cells, len(mix))
    undo[:, shows] = torch.linalg.solve(normal, mix[shows].T)
    return undo.float()


def _mix(front_end: FrontEnd, axis: int, cells: int) -> Tensor:
    """Matrix `(pixel, cells)`: the share of each cell in each pixel along one axis, as `draw`n."""
    fe = front_end

    def stretched(mix: Tensor, size: int) -> Tensor:
        return F.interpolate(mix, (size, cells), mode=fe.interpolation, antialias=True)

    mix = torch.eye(cells, dtype=torch.float64)[None, None]
    if fe.drawn:
        mix = stretched(mix, fe.drawn)
    if fe.margins:
        size, axes = _FIGURE[axis]
        figure = mix.new_zeros(1, 1, size, cells)
        figure[:, :, axes] = F.interpolate(
            mix, (axes.stop - axes.start, cells), mode="nearest-exact"
        )
        mix = figure
    return stretched(mix, (fe.height, fe.width)[axis])[0, 0]


def _nearest(colour: Tensor, name: str) -> Tensor:
    """Place in [0, 1] of the nearest colour of a map; from `(batch, 3, …)` to `(batch, …)`."""
    table = colour_table(name).to(colour.device)
    points = colour.movedim(1, -1).flatten(0, -2)  # (point, 3)
    whole = torch.compiler.is_exporting()  # a tracer would unroll the parts
    places = [
        torch.addmm(table.square().sum(1), part, table.T, alpha=-2).argmin(1)
        for part in ((points,) if whole else points.split(_CHUNK // len(table)))
    ]
    return torch.cat(places).view(-1, *colour.shape[2:]) / (len(table) - 1)


def _resize(unit: Tensor, height: int, width: int, mode: str) -> Tensor:
    """Resize pictures in [0, 1], without aliases where they shrink."""
    if unit.shape[-2:] == (height, width):
        return unit
    return F.interpolate(unit, (height, width), mode=mode, antialias=True).clamp(0, 1)


def _with_margins(unit: Tensor) -> Tensor:
    """Pictures in [0, 1] where matplotlib's default figure, 640 × 480 pixels, has its axes."""
    (height, rows), (width, columns) = _FIGURE
    figure = unit.new_ones(*unit.shape[:2], height, width)
    axes = figure[..., rows, columns]
    axes.copy_(F.interpolate(unit, axes.shape[-2:], mode="nearest-exact"))
    return figure
