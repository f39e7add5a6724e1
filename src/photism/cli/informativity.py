"""`photism judge informativity`: train the classifiers that tell informative pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from photism.devices import DeviceName
from photism.errors import ConfigError
from photism.terminal import say

SORTED, STAND_IN = "--labels", "--stand-in"


@dataclass(frozen=True)
class TrainInformativity:
    """Train judges of informativity, one binary classifier a class (Fanzeres & Nadeu 2021).

    Examples:
      photism judge informativity --labels pictures/informative.jsonl -o judges/informativity
      photism judge informativity --stand-in orchestra -o judges/informativity   nobody sorted
    """

    labels: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Pictures sorted by hand, see `photism label`."""
    stand_in: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """Prepared data with classes whose pictures stand in where nobody sorted: real ones, against
    scrambled, blurred and other classes' ones."""
    out: Annotated[Path, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = Path("informativity")
    """Folder for weights and card."""
    each: int = 500
    """With --stand-in: pictures of a class of either kind."""
    epochs: int = 200
    """Passes over the pictures."""
    seed: int = 0
    """Of weights, order and the choice of pictures."""
    device: DeviceName = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        if (self.labels is None) == (self.stand_in is None):
            raise ConfigError(f"name sorted pictures with {SORTED}, or data with {STAND_IN}")
        if self.each < 1:
            raise ConfigError(f"--each must be at least 1, not {self.each}")


def train(args: TrainInformativity) -> None:
    """Train and store the judges, and say what they reach."""
    from photism.data.prepare import find
    from photism.devices import choose_device
    from photism.files import require_room
    from photism.judges.informativity.make import make_sorted, make_stand_in

    require_room(args.out.parent)
    epochs, seed, device = args.epochs, args.seed, choose_device(args.device)
    if args.labels:
        card = make_sorted(args.labels, args.out, epochs=epochs, seed=seed, device=device)
    else:
        data, each = find(str(args.stand_in)), args.each
        card = make_stand_in(data, args.out, each=each, epochs=epochs, seed=seed, device=device)
    for name, share in card.accuracy.items():
        say(f"{name}: right on {share:.1%} of its test pictures")
    say(f"{args.out}: {card.title}")
