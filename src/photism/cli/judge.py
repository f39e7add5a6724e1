"""`photism judge`: train the classifiers that judge pictures, test them again, list them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from photism.devices import DeviceName
from photism.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from photism.evaluation.judge_training import Pictures, TrainedJudge

DATA = ("mnist",)


@dataclass(frozen=True)
class Train:
    """Train a judge on real pictures; the epoch is chosen on held-out pictures, never on the test.

    Example: photism judge train lenet5 --data mnist --out judges/lenet5-mnist
    """

    architecture: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ARCHITECTURE")]
    """What to train: lenet5."""
    out: Path
    """Folder for weights, config and card."""
    data: str = "mnist"
    """Real pictures to learn from: mnist."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Folder with the archives of the data, instead of where `photism data fetch` put them."""
    epochs: int = 100
    batch_size: int = 128
    lr: float = 1e-3
    validation: float = 0.1
    """Share of the training pictures held out for choosing the epoch."""
    seed: int = 0
    device: DeviceName = "auto"


@dataclass(frozen=True)
class Test:
    """Measure a stored judge on real test pictures again."""

    judge: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="JUDGE")]
    """Name of a bundled judge, or a folder."""
    data: str = "mnist"
    """Real pictures to test on: mnist."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Folder with the archives of the data, instead of where `photism data fetch` put them."""
    device: DeviceName = "auto"


@dataclass(frozen=True)
class List:
    """List the judges that come with photism."""


def main(argv: list[str]) -> int | None:
    """Run `photism judge` with these arguments."""
    commands: dict[str, Any] = {"train": Train, "test": Test, "list": List}
    args = tyro.extras.subcommand_cli_from_dict(
        commands,
        args=argv,
        prog="photism judge",
        description="Judges: classifiers trained on real pictures that tell what a picture shows.",
    )
    run: dict[type, Callable[[Any], None]] = {Train: _train, Test: _test, List: _list}
    run[type(args)](args)
    return 0


def _train(args: Train) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from photism.devices import choose_device
    from photism.evaluation.judge_training import JudgeRecipe, accuracy_on, train_judge
    from photism.evaluation.judges import architecture, save_judge
    from photism.files import require_room

    architecture(args.architecture)
    recipe = JudgeRecipe(args.epochs, args.batch_size, args.lr, args.validation, args.seed)
    device = choose_device(args.device)
    require_room(args.out.parent, 2**20)
    train, test, classes = _pictures(args.data, args.from_)
    name = f"{args.architecture}-{args.data}"
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"training {name}", total=args.epochs)
        trained = train_judge(
            args.architecture,
            name,
            classes,
            train,
            recipe,
            device=device,
            on_epoch=lambda epoch: bar.update(
                task,
                advance=1,
                description=f"loss {epoch.loss:.4f}, validation {epoch.validation_accuracy:.2%}",
            ),
        )
    accuracy = accuracy_on(trained.judge, test, device=device)
    card = save_judge(trained.judge, args.out, _card(args, trained, len(test), accuracy))
    print(
        f"{name}: epoch {card.chosen_epoch} of {card.epochs}, validation"
        f" {card.validation_accuracy:.2%}, test {card.test_accuracy:.2%} ({len(test):,} pictures,"
        f" half precision weights)\n{args.out}"
    )


def _card(args: Train, trained: TrainedJudge, test: int, accuracy: float) -> Any:
    from photism.data.sources.mnist import MNIST
    from photism.evaluation.judges import JudgeCard

    changed = [
        f"--{field.replace('_', '-')} {getattr(args, field)}"
        for field in ("epochs", "batch_size", "lr", "validation")
        if getattr(args, field) != getattr(Train, field)
    ]
    options = " ".join([*changed, f"--seed {args.seed}"])
    return JudgeCard(
        name=trained.judge.name,
        architecture=args.architecture,
        classes=trained.judge.classes,
        data=f"{args.data}: {MNIST.what}",
        licence=MNIST.terms,
        command=f"photism judge train {args.architecture} --data {args.data} {options}"
        f" --out {trained.judge.name}",
        seed=args.seed,
        epochs=args.epochs,
        chosen_epoch=trained.chosen.number,
        counts={"train": trained.train, "validation": trained.validation, "test": test},
        validation_accuracy=trained.chosen.validation_accuracy,
        test_accuracy=accuracy,
    )


def _test(args: Test) -> None:
    from photism.devices import choose_device
    from photism.evaluation.judge_training import accuracy_on
    from photism.evaluation.judges import load_judge

    device = choose_device(args.device)
    judge = load_judge(args.judge)
    _, test, classes = _pictures(args.data, args.from_)
    judge.require_classes(classes)
    accuracy = accuracy_on(judge.to(device), test, device=device)
    stated = f", its card says {judge.accuracy:.2%}" if judge.accuracy is not None else ""
    print(f"{judge.name}: {accuracy:.2%} of {len(test):,} {args.data} test pictures{stated}")


def _list(args: List) -> None:
    from photism.evaluation.judges import bundled_judges, load_judge

    for name in bundled_judges():
        judge = load_judge(name)
        print(f"{name}  {judge.accuracy:.2%} on real test pictures  sha256 {judge.digest}")


def _pictures(data: str, raw: Path | None) -> tuple[Pictures, Pictures, tuple[str, ...]]:
    """Return training and test pictures, and the names of their classes."""
    from photism.data.prepare import raw_folder
    from photism.data.sources.mnist import read_mnist
    from photism.errors import DataError
    from photism.evaluation.judge_training import Pictures

    if data not in DATA:
        raise ConfigError(f"no pictures called {data!r} to train a judge on: {nearest(data, DATA)}")
    folder = raw or raw_folder()
    if not folder.is_dir():
        raise DataError(f"no folder {folder}: run `photism data fetch {data}`, or give --from")
    digits = read_mnist(folder)
    train, test = (
        Pictures(part.images[..., None], part.labels) for part in (digits.train, digits.test)
    )
    return train, test, tuple(str(digit) for digit in range(10))
