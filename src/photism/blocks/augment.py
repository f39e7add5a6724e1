"""Random change of sounds that leaves what they are: other speakers, rooms, microphones, noise.

For log-mel pictures with fixed levels (`FrontEnd.scaling`), whose cells are powers: noise is added
and a room smears as they do in the air, not as pictures are mixed. Masks are those of D. S. Park et
al., "SpecAugment", 2019, arXiv:1904.08779.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from photism.config import check_fields
from photism.errors import ConfigError

_DB = 0.2302585  # one dB of a power in its natural logarithm
_FAINTEST_DB = 40  # of noise below the sound
_BANDS = 6  # where an equaliser's gain is drawn
_TAIL = 16  # frames over which a room is heard


@dataclass(frozen=True)
class Augmentation:
    """How much a sound may be changed; 0 leaves a property as it is."""

    stretch: float = 0.0
    """Time is stretched by up to this share."""
    shift: float = 0.0
    """Moved in time by up to this share of the canvas."""
    formant: float = 0.0
    """The frequency axis is stretched by up to this share and moved by half of it."""
    equaliser_db: float = 0.0
    """Deviation of the gain at six places on the frequency axis, and of a tilt across it."""
    gain_db: float = 0.0
    """Louder or softer by up to this."""
    noise_db: float = 0.0
    """Half of the sounds get noise at least so many dB below them, at most 40; 0 is none."""
    room: float = 0.0
    """Power of the room's sound against the direct one, at most."""
    mask: float = 0.0
    """Two bands and two moments become the mean level, each up to this share of its axis."""

    def __post_init__(self) -> None:
        check_fields(self, stretch=0, shift=0, formant=0, equaliser_db=0, gain_db=0)
        check_fields(self, noise_db=0, room=0, mask=0)
        if self.noise_db > _FAINTEST_DB:
            raise ConfigError(f"noise_db must be at most {_FAINTEST_DB}, not {self.noise_db:g}")


AUGMENTATIONS = {
    "none": Augmentation(),
    "words": Augmentation(
        stretch=0.2, shift=0.12, formant=0.12, equaliser_db=4, gain_db=12, noise_db=3, room=0.5,
        mask=0.12,
    ),
    "notes": Augmentation(equaliser_db=4, gain_db=1, noise_db=8, room=0.3, mask=0.1),
}  # fmt: skip
"""For speech, where pitch and speed tell nothing; for music, whose pitch and level are seen."""


def augment(
    sound: Tensor, how: Augmentation, rng: torch.Generator, *, levels: tuple[float, float]
) -> Tensor:
    """Change log-mel pictures, each in its own way.

    Args:
        sound: `(batch, 1, mel_bin, frame)` in [-1, 1].
        how: how much.
        rng: source of randomness, on the same device.
        levels: what -1 and 1 are, as natural logarithms of powers.

    Returns:
        A tensor of the same shape, in [-1, 1].
    """
    if how == Augmentation():
        return sound
    low, high = levels
    power = (low + (high - low) * (_moved(sound, how, rng) + 1) / 2).exp()
    power = _in_a_room(power, how, rng)
    power = power * (_DB * _gain_db(power, how, rng)).exp()
    if how.noise_db:
        power = power + _noise(power, how, rng)
    changed = (2 * (power.log() - low) / (high - low) - 1).clamp(-1, 1)
    return _masked(changed, how, rng) if how.mask else changed


def _uniform(like: Tensor, rng: torch.Generator, *shape: int) -> Tensor:
    """In [-1, 1), `(batch, *shape)`."""
    return 2 * torch.rand(len(like), *shape, generator=rng, device=like.device) - 1


def _moved(sound: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Stretch and move both axes; what enters from outside is silence."""
    if not (how.stretch or how.shift or how.formant):
        return sound
    theta = torch.zeros(len(sound), 2, 3, device=sound.device)
    theta[:, 0, 0] = 1 + how.stretch * _uniform(sound, rng)
    theta[:, 1, 1] = 1 + how.formant * _uniform(sound, rng)
    theta[:, 0, 2] = 2 * how.shift * _uniform(sound, rng)
    theta[:, 1, 2] = how.formant * _uniform(sound, rng)
    grid = F.affine_grid(theta, list(sound.shape), align_corners=False)
    return F.grid_sample(sound + 1, grid, align_corners=False) - 1


def _in_a_room(power: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Add what a room sends back: power that decays over the frames that follow."""
    if not how.room:
        return power
    decay = 0.3 + 0.55 * torch.rand(len(power), 1, generator=rng, device=power.device)
    tail = decay ** torch.arange(1, _TAIL + 1, device=power.device)  # (batch, frame)
    tail = tail / tail.sum(1, keepdim=True) * how.room * _uniform(power, rng, 1).clamp_min(0)
    kernel = torch.cat([tail.flip(1), torch.ones_like(tail[:, :1])], dim=1)  # (batch, tail + 1)
    rows = power.flatten(1, 2).transpose(0, 1)  # (mel_bin, batch, frame)
    padded = F.pad(rows, (_TAIL, 0))
    smeared = F.conv1d(padded, kernel[:, None], groups=len(power))
    return smeared.transpose(0, 1).view_as(power)


def _gain_db(power: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Gain of each band, `(batch, 1, mel_bin, 1)`."""
    places = torch.randn(len(power), 1, _BANDS, generator=rng, device=power.device)
    gain = how.equaliser_db * F.interpolate(places, power.shape[2], mode="linear")
    tilt = torch.linspace(-1, 1, power.shape[2], device=power.device)
    gain = gain + how.equaliser_db * _uniform(power, rng, 1, 1) * tilt
    return (gain + how.gain_db * _uniform(power, rng, 1, 1))[..., None]


def _noise(power: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Noise of any tilt for half of the sounds: each cell's power is exponentially distributed."""
    below_db = how.noise_db + (_FAINTEST_DB - how.noise_db) * torch.rand(
        len(power), 1, 1, 1, generator=rng, device=power.device
    )
    tilt = torch.linspace(-1, 1, power.shape[2], device=power.device).view(-1, 1)
    colour = (_DB * 12 * _uniform(power, rng, 1, 1, 1) * tilt).exp()
    cells = -torch.rand(power.shape, generator=rng, device=power.device).clamp_min(1e-9).log()
    loud = power.mean((1, 2, 3), keepdim=True)
    level = loud * (-_DB * below_db).exp() / colour.mean(2, keepdim=True)
    return (_uniform(power, rng, 1, 1, 1) > 0) * level * colour * cells


def _masked(picture: Tensor, how: Augmentation, rng: torch.Generator) -> Tensor:
    """Hide two bands and two moments: they become the picture's mean."""
    hidden = torch.zeros_like(picture, dtype=torch.bool)
    for axis in (2, 2, 3, 3):
        size = picture.shape[axis]
        shape = [1, 1, 1, 1]
        shape[axis] = size
        place = torch.arange(size, device=picture.device).view(shape)
        extent = how.mask * size * (_uniform(picture, rng, 1, 1, 1) + 1) / 2
        begin = (size - extent) * (_uniform(picture, rng, 1, 1, 1) + 1) / 2
        hidden = hidden | ((place >= begin) & (place < begin + extent))
    return torch.where(hidden, picture.mean((1, 2, 3), keepdim=True), picture)
