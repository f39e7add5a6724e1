"""`photism judge informativity`: train the classifiers that tell informative pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from photism.devices import DeviceName
from photism.errors import ConfigError
from photism.terminal import say

if TYPE_CHECKING:
    from photism.judges.informativity.examples import Examples

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
    from photism.data.progress import counting
    from photism.devices import choose_device
    from photism.files import require_room
    from photism.judges.informativity.store import InformativityCard, save_informativity
    from photism.judges.informativity.training import InformativityRecipe, train_informativity

    recipe = InformativityRecipe(epochs=args.epochs, seed=args.seed)
    require_room(args.out.parent)
    examples, learnt_from, data = _examples(args)
    with counting("epochs", args.epochs * len(examples)) as show:
        judges, accuracy = train_informativity(
            examples, recipe, device=choose_device(args.device), show=show
        )
    card = InformativityCard(
        classes=judges.classes,
        learnt_from=learnt_from,
        data=data,
        counts={one.name: len(one.pictures) for one in examples},
        accuracy=accuracy,
        recipe=asdict(recipe),
    )
    save_informativity(judges, args.out, card)
    for name, share in accuracy.items():
        say(f"{name}: right on {share:.1%} of its test pictures")
    say(f"{args.out}: {card.title}")


def _examples(args: TrainInformativity) -> tuple[list[Examples], str, str]:
    """Return pictures of each class, what they are, and their name."""
    from photism.data.pairs import PairDataset
    from photism.data.prepare import find
    from photism.judges.informativity import examples

    if args.labels:
        return (
            examples.sorted_examples(args.labels, args.seed),
            examples.BY_HAND,
            args.labels.name,
        )
    folder = find(str(args.stand_in))
    train, test = PairDataset(folder, "train"), PairDataset(folder, "test")
    found = examples.stand_in_examples(train, test, each=args.each, seed=args.seed)
    return found, examples.STAND_IN, train.card.name
