"""What may be chosen about a training run, for Python and the command line alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photism.config import check_seed
from photism.devices import DeviceName
from photism.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class TrainChoices:
    """What may be chosen about a training run."""

    preset: str | None = None
    """Settings to start from, the system's first preset by default; `photism info SYSTEM` lists
    them."""
    start_from: str | None = None
    """Train weights further, those of a name, folder or run, such as on data of your own.
    Optimisers are new; networks that are not there, such as a discriminator, start from random
    weights."""
    stages: tuple[str, ...] = ()
    """Stages to train, such as those of the classifiers alone; all by default."""
    epochs: int | None = None
    """Passes over the data, in place of the preset's, for every stage."""
    batch_size: int | None = None
    """Pairs in a step, over all processes, in place of the preset's."""
    seed: int = 0
    """Of weights, order of the data and noise."""
    validation: float = 0.1
    """Share of each class's recordings held out of training, to watch and select on; data with a
    validation split of its own is held out by that. 0 holds nothing out."""
    judge: str | None = None
    """Bundled judge, or folder of one: the weights are kept whose held-out translations it
    recognises best, not the last. It looks after every epoch and before every checkpoint."""
    device: DeviceName = "auto"
    """Where to compute."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 is faster and a little coarser: networks run in it, losses and weights do not."""
    ema: float = 0.0
    """Keep a moving average of the weights with this decay, such as 0.999; 0 keeps none. It begins
    anew with each stage and follows more closely at first."""
    log_every: int = 50
    """Steps between records in metrics.jsonl."""
    checkpoint_every: int = 500
    """Steps between checkpoints, besides one after every epoch."""
    max_steps: int | None = None
    """Stop after so many steps, as if interrupted."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "log_every", "checkpoint_every", "max_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, not {value}")
        check_seed(self.seed)
        if not 0 <= self.ema < 1:
            raise ConfigError(f"ema must be in [0, 1), not {self.ema}: 0.999 is common")
        if not 0 <= self.validation < 1:
            raise ConfigError(f"validation must be in [0, 1), not {self.validation}")
