"""How an experiment is run again: what `photism reproduce` takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from photism.config import check_seed
from photism.devices import DeviceName
from photism.errors import ConfigError


@dataclass(frozen=True)
class Reproduction:
    """How an experiment is run again."""

    budget: float = 1.0
    """Share of the published training, of the pairs that are shown; below 1 the preset "small" is
    trained."""
    preset: str | None = None
    """Preset to train, whatever the budget, such as paper, small or debug."""
    data: str | None = None
    """Prepared data by name or folder, in place of the experiment's own."""
    data_from: Path | None = None
    """Folder with archives of the data, complete or in part; by default data that was prepared."""
    out: Path = Path("reports")
    """Folder for data, runs and reports."""
    seed: int = 0
    """Of training and evaluation."""
    judge: str | None = None
    """A bundled judge by name, or a folder of `photism judge train`; "own" is the classifier that
    the system learnt with, as CAR-GAN's paper has it. By default the experiment's."""
    informativity: Path | None = None
    """Judges that tell informative pictures, a folder of `photism judge informativity`, for
    experiments that ask for them; by default a stand-in is trained on the data's real pictures."""
    inception: str | None = None
    """Inception weights for FID and IS: a file, or "download"; without it they are left out."""
    train_only: bool = False
    """Train and measure nothing yet: the same command without it does."""
    limit: int | None = None
    """Pairs to look at; all by default."""
    device: DeviceName = "auto"
    """Where to compute."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 is faster and a little coarser."""
    ema: float = 0.0
    """Measure a moving average of the weights with this decay, such as 0.999; 0 has none."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not 0 < self.budget < math.inf:
            raise ConfigError(f"budget must be above 0, not {self.budget}: 1 is the published one")
        if self.data and self.data_from:
            raise ConfigError("--data is prepared already: leave --data-from out, or --data")
