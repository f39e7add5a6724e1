"""Log-mel front ends: one named, frozen set of parameters per paper.

Sources of the parameters: Duan et al. (CAR-GAN, arXiv:1907.01826) and its published pictures; Tan
et al. (SA-CMGAN, 2020) and its helper script; Fanzeres and Nadeu (S2I, arXiv:2106.01266) and its
published pictures; Żelaszczyk and Mańdziuk (AIVAE, arXiv:2109.13354). What no paper states is
an assumption, named as such beside the front end in `FRONT_ENDS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from photism.audio.mel import mel_filters
from photism.errors import ConfigError, nearest

_Window = Literal["hann", "hamming"]
_Power = Literal[1, 2]
_Log = Literal["power_db", "amplitude_db", "ln"]
_Reference = Literal["clip", "recording", "one"]
_Scaling = Literal["top_db", "min_max", "fixed"]
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
    """Frames drawn of a clip; None draws all. Of sounds taken whole, a short one lies in the middle
    of so many frames, a long one is cut around its loudest moment; None stretches them."""
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
    """What spans black to white: floor to maximum, the clip's own extremes, or `level_range` for
    all clips alike, which alone keeps how loud they are."""
    origin: _Origin = "top"
    """Where the lowest band lies; with "left", time runs downwards."""
    colour_map: _ColourMap | None = None
    interpolation: _Interpolation = "bilinear"
    drawn: int | None = None
    """Side of the square picture drawn first, then resized to the canvas; None draws at once."""
    margins: bool = False
    """White around the picture, as matplotlib saves a figure whose axes show nothing else."""
    level_range: tuple[float, float] | None = None
    """Levels of black and white. Fixed, or, where each picture is stretched, medians over the clips
    of some data, whose card states its own. None: from the floor to the maximum."""

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
            self.top_db is not None or self.scaling != "top_db", "top_db", "set it, or min_max"
        )
        self._require(
            self.level_range is not None or self.scaling != "fixed", "level_range", "two levels"
        )
        stated = self.level_range is None or is_range(self.level_range)
        self._require(stated, "level_range", "two levels, the lower first, or None")
        if isinstance(self.level_range, list):  # as JSON has it
            object.__setattr__(self, "level_range", tuple(self.level_range))
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
    def bounds(self) -> tuple[float, float]:
        """Levels of black and white, as far as they are known.

        Raises:
            ConfigError: each picture is stretched to its own extremes, and no range is stated.
        """
        if self.level_range is not None:
            return self.level_range
        if self.top_db is not None:
            return -self.top_db, 0.0
        usual = FRONT_ENDS.get(self.name)  # cards of old data state no range
        if usual is None or usual.level_range is None:
            raise ConfigError(
                f"pictures of front end {self.name!r} are stretched to their own extremes, which"
                " they do not tell: state its level_range"
            )
        return usual.level_range

    @property
    def silence(self) -> float:
        """Level of what is not there: the floor below the maximum, or ln(1e-6)."""
        return math.log(LN_OFFSET) if self.log == "ln" else -(self.top_db or math.inf)

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


def is_range(levels: object) -> bool:
    """Whether something is two finite levels, the lower first."""
    if not isinstance(levels, tuple | list) or len(levels) != 2:
        return False
    return all(isinstance(x, int | float) and math.isfinite(x) for x in levels) and (
        levels[0] < levels[1]
    )


# The helper script puts mel power through the amplitude formula. Assumed: top_db.
_SA_CMGAN = FrontEnd(
    "sa-cmgan", rate=44_100, clip_s=0.5, n_fft=2048, win_length=2048, hop_length=512,
    n_mels=128, height=64, width=64, log="amplitude_db", scaling="min_max",
    origin="bottom", colour_map="magma",
)  # fmt: skip

# Published pictures show 34 bands by 128 frames, jet, frequency to the right, time down. Assumed:
# the transform behind them (n_fft 512, Hann, hop 170, not centred, end padded). The range of levels
# is that of the training clips of `orchestra`.
_CAR_GAN = FrontEnd(
    "car-gan", rate=44_100, clip_s=0.5, n_fft=512, win_length=512, hop_length=170,
    n_mels=34, height=128, width=128, frames=128, center=False, power=1, log="ln",
    reference="one", top_db=None, scaling="min_max", origin="left", colour_map="jet",
    interpolation="bicubic", drawn=256, level_range=(-13.4, -3.4),
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
        # Two of our own: absolute level, a time scale that no clip changes, cells that are pixels.
        FrontEnd(
            "ear-words", rate=8_000, clip_s=None, n_fft=256, win_length=256, hop_length=100,
            n_mels=64, height=64, width=64, frames=64, f_min=50.0, log="ln", reference="one",
            top_db=None, scaling="fixed", level_range=(-13.0, 5.0), origin="bottom",
        ),
        FrontEnd(
            "ear-notes", rate=22_050, clip_s=0.5, n_fft=2048, win_length=2048, hop_length=175,
            n_mels=128, height=128, width=64, frames=64, f_min=30.0, log="ln", reference="one",
            top_db=None, scaling="fixed", level_range=(-9.0, 9.5), origin="bottom",
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
