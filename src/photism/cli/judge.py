"""`photism judge`: train the classifiers that judge pictures, test them again, list them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from photism.cli.arguments import parse
from photism.devices import DeviceName
from photism.errors import ConfigError, DataError, nearest
from photism.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from photism.judges.card import JudgeCard
    from photism.judges.data import JudgeData, Pictures
    from photism.judges.recipe import JudgeRecipe
    from photism.judges.training import Epoch

DIGITS = "mnist"
DOWNLOAD = "download"


@dataclass(frozen=True)
class TrainJudge:
    """Train a judge on real pictures; the epoch is chosen on held-out pictures, never on the test.

    Examples:
      photism judge train lenet5 --data mnist --out judges/lenet5-mnist
      photism judge train small --data orchestra --factors midi level_db --out judges/orchestra
    """

    architecture: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ARCHITECTURE")]
    """What to train: lenet5 for MNIST; small, resnet18 or resnet50 for colour pictures."""
    out: Annotated[Path, tyro.conf.arg(aliases=("-o",), metavar="DIR")]
    """Folder for weights, config and card."""
    data: Annotated[str, tyro.conf.arg(metavar="NAME|DIR")] = DIGITS
    """Real pictures to learn from: mnist, or a prepared data set by name or folder."""
    factors: Annotated[tuple[str, ...], tyro.conf.arg(metavar="COLUMN ...")] = ()
    """Numeric columns of the data to read from pictures too, such as midi and level_db."""
    weights: Annotated[str | None, tyro.conf.arg(metavar="FILE|NAME|download")] = None
    """What to start from: a safetensors file, another judge, or "download" for ImageNet's."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from", metavar="DIR")] = None
    """Folder with the archives of mnist, instead of where `photism data fetch` put them."""
    epochs: int | None = None
    """Passes over the pictures; as with the next four, what suits the architecture by default."""
    batch_size: int | None = None
    """Pictures in a step."""
    lr: float | None = None
    """Learning rate."""
    shift: float | None = None
    """Move training pictures by up to this share of their sides."""
    distortion: float | None = None
    """Strength of random changes of half of the training pictures, so that it learns no details."""
    validation: float | None = None
    """Share of the training pictures held out for choosing the epoch, where none are set apart."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 trains faster where the processor has it; figures are always taken in fp32."""
    seed: int = 0
    """Of weights, order and changes of the pictures."""
    device: DeviceName = "auto"
    """Where to compute."""


@dataclass(frozen=True)
class TestJudge:
    """Measure a stored judge on real test pictures again."""

    judge: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="JUDGE")]
    """Name of a bundled judge, or a folder."""
    data: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """Real pictures to test on: mnist, or a prepared data set; by default those of its card."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from", metavar="DIR")] = None
    """Folder with the archives of mnist, instead of where `photism data fetch` put them."""
    device: DeviceName = "auto"
    """Where to compute."""


@dataclass(frozen=True)
class ListJudges:
    """List the judges that come with photism."""


Command = (
    Annotated[TrainJudge, tyro.conf.subcommand("train")]
    | Annotated[TestJudge, tyro.conf.subcommand("test")]
    | Annotated[ListJudges, tyro.conf.subcommand("list")]
)


def main(argv: list[str]) -> int | None:
    """Run `photism judge` with these arguments."""
    args = parse(
        Command,
        argv,
        prog="photism judge",
        description="Judges: classifiers trained on real pictures that tell what a picture shows.",
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )
    run: dict[type, Callable[[Any], None]] = {
        TrainJudge: _train,
        TestJudge: _test,
        ListJudges: _list,
    }
    run[type(args)](args)
    return 0


def _train(args: TrainJudge) -> None:
    from photism.devices import choose_device
    from photism.files import require_room
    from photism.judges import architecture

    architecture(args.architecture)
    recipe, device = _recipe(args), choose_device(args.device)
    require_room(args.out.parent, 2**20)
    data = _data(args, recipe)
    card = _make(args, data, recipe, device)
    say(
        f"{card.name}: epoch {card.chosen_epoch} of {card.epochs}, validation"
        f" {card.validation_accuracy:.2%}, test {card.test_accuracy:.2%} ({len(data.test):,}"
        f" pictures, half precision weights){_read(card.factor_r2)}"
    )
    print(args.out)


def _recipe(args: TrainJudge) -> JudgeRecipe:
    from photism.judges import architecture

    recipe = architecture(args.architecture).recipe
    given = {f.name: getattr(args, f.name, None) for f in fields(recipe)}
    return replace(recipe, **{name: value for name, value in given.items() if value is not None})


def _make(
    args: TrainJudge, data: JudgeData, recipe: JudgeRecipe, device: torch.device
) -> JudgeCard:
    """Make the judge and show how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from photism.judges.make import make_judge
    from photism.judges.training import steps_per_epoch

    name = f"{args.architecture}-{data.name}"
    start = _start(args)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"training {name}", total=recipe.epochs * steps_per_epoch(data, recipe))

        def tell(epoch: Epoch) -> None:
            now = epoch.validation
            r2 = _read(dict(zip(data.factors, now.factor_r2, strict=True)))
            text = f"loss {epoch.loss:.4f}, validation {now.accuracy:.2%}{r2}"
            bar.update(task, description=text)

        return make_judge(
            args.architecture,
            data,
            args.out,
            recipe,
            device=device,
            start=start,
            command=_command(args, data, name),
            on_step=lambda: bar.advance(task),
            on_epoch=tell,
        )


def _start(args: TrainJudge) -> dict[str, torch.Tensor] | None:
    """Return the tensors that training starts from, if any were asked for."""
    from photism.judges.imagenet import download_resnet50
    from photism.stored import find_tensors

    if args.weights is None:
        return None
    if args.weights != DOWNLOAD:
        tensors, prefix = find_tensors(args.weights), "classifier."  # as judges and CAR-GAN have it
        own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        return own or tensors
    if args.architecture != "resnet50":
        raise ConfigError(
            f"there are no ImageNet weights for {args.architecture}, whose stem is for small"
            " pictures: choose resnet50, or leave --weights out"
        )
    return download_resnet50()


def _command(args: TrainJudge, data: JudgeData, name: str) -> str:
    """Return the command that trains this judge again, with names instead of folders."""
    words = [f"photism judge train {args.architecture} --data {data.name}"]
    if args.factors:
        words.append(f"--factors {' '.join(args.factors)}")
    if args.weights:
        words.append(f"--weights {Path(args.weights).name}")
    words += [
        f"--{option.replace('_', '-')} {getattr(args, option)}"
        for option in ("epochs", "batch_size", "lr", "shift", "distortion", "validation")
        if getattr(args, option) is not None
    ]
    if args.precision != TrainJudge.precision:
        words.append(f"--precision {args.precision}")
    return " ".join([*words, f"--seed {args.seed}", f"--out {name}"])


def _read(factor_r2: Any) -> str:
    """Return how much of each factor a judge reads, for one line."""
    return "".join(f", R² of {name} {r2:.3f}" for name, r2 in factor_r2.items() if r2 is not None)


def _test(args: TestJudge) -> None:
    from photism.devices import choose_device
    from photism.judges.training import measure
    from photism.judges.weights import load_judge

    device = choose_device(args.device)
    judge = load_judge(args.judge)
    name = args.data or (judge.card.data.split(":")[0] if judge.card else DIGITS)
    classes, pictures = _test_pictures(name, args.from_, judge.factors)
    judge.require_classes(classes)
    measured = measure(judge.to(device), pictures)
    read = dict(zip(judge.factors, measured.factor_r2, strict=True))
    stated = ""
    if judge.card:
        stated = f", its card says {judge.card.test_accuracy:.2%}{_read(judge.card.factor_r2)}"
    say(
        f"{judge.name}: {measured.accuracy:.2%} of {len(pictures):,} {name} test pictures"
        f"{_read(read)}{stated}"
    )


def _list(args: ListJudges) -> None:
    from photism.judges.card import shown
    from photism.judges.weights import bundled_judges, load_judge

    for name in bundled_judges():
        judge = load_judge(name)
        card = judge.card
        read = _read(card.factor_r2) if card else ""
        say(
            f"{name}  {judge.accuracy:.2%} on real test pictures{read}  {len(judge.classes)}"
            f" classes, {shown(judge.image_shape)}  sha256 {judge.digest}"
        )


def _data(args: TrainJudge, recipe: JudgeRecipe) -> JudgeData:
    """Return what to learn from."""
    from photism.judges.data import mnist_data, pair_data

    if args.data != DIGITS:
        return pair_data(
            _find(args.data), args.factors, validation=recipe.validation, seed=recipe.seed
        )
    if args.factors:
        raise ConfigError(f"{DIGITS} has no columns to read: leave --factors out")
    return mnist_data(_archives(args.from_), validation=recipe.validation, seed=recipe.seed)


def _test_pictures(
    data: str, raw: Path | None, factors: tuple[str, ...]
) -> tuple[tuple[str, ...], Pictures]:
    """Return the classes and the test pictures of a data set."""
    from photism.data.pairs import PairDataset
    from photism.judges.data import Pictures, mnist_data

    if data == DIGITS:
        digits = mnist_data(_archives(raw))
        return digits.classes, digits.test
    dataset = PairDataset(_find(data), "test")
    return dataset.card.classes, Pictures.of_pairs(dataset, factors)


def _find(data: str) -> Path:
    """Return the folder of a prepared data set; MNIST is among the names it might have been."""
    from photism.data.prepare import find, prepared_folder
    from photism.data.sources import SOURCES

    known = (DIGITS, *SOURCES)
    if data in known or Path(data).is_dir() or prepared_folder(Path(data).name).is_dir():
        return find(data)
    raise ConfigError(f"no pictures called {data!r} to judge by: {nearest(data, known)}")


def _archives(raw: Path | None) -> Path:
    from photism.data.prepare import raw_folder

    folder = raw or raw_folder()
    if not folder.is_dir():
        raise DataError(f"no folder {folder}: run `photism data fetch {DIGITS}`, or give --from")
    return folder
