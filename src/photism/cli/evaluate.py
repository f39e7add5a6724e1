"""`photism evaluate`: measure a trained system and write a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from photism.cli.arguments import parse
from photism.devices import DeviceName
from photism.terminal import plain

if TYPE_CHECKING:
    from rich.table import Table

    from photism.data.card import Card
    from photism.data.pairs import PairDataset
    from photism.evaluation.results import Evaluation
    from photism.evaluation.table import Published
    from photism.evaluation.uncertainty import Uncertainties
    from photism.judges.base import Judge
    from photism.media import Medium
    from photism.systems.base import System

DESCRIPTION = """Measure a trained system on real pairs and write a report.

Examples:
  photism evaluate aivae-fsdd --data mnist-fsdd      bundled weights, by name
  photism evaluate runs/aivae --data mnist-fsdd      a training run, with its loss curves
  photism evaluate aivae-fsdd --data mnist-fsdd --limit 1000
  photism evaluate aivae-fsdd --data mnist-fsdd --samples 8    and what its uncertainty is worth
  photism evaluate runs/car-gan --data orchestra --inception download
  photism evaluate runs/s2i --data vegas-sounds      sounds alone: its autoencoder
  photism evaluate runs/s2i --back runs/i2s --data orchestra     there and back, from either side
"""


@dataclass(frozen=True)
class Evaluate:
    """Arguments of `photism evaluate`."""

    system: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SYSTEM|RUN")]
    """Bundled weights by name, a weights folder, or a run folder of `photism train`."""
    data: Annotated[str, tyro.conf.arg(metavar="NAME|DIR")]
    """Prepared data: a name that `photism data list` shows, or a folder."""
    split: str = "test"
    """Split of the data: test, train or validation."""
    judge: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """A bundled judge by name, or a folder of `photism judge train`; "own" is the classifier that
    the system learnt with. By default one that knows the data's classes. Of a system that makes
    both, the judge's medium is what it makes."""
    back: Annotated[str | None, tyro.conf.arg(metavar="SYSTEM|RUN")] = None
    """A system of the other direction: what is made goes back through it, and what arrives is
    judged too, from either side (sound, picture, sound; picture, sound, picture)."""
    back_judge: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """Judge of what SYSTEM is given, for --back; by default one that knows the data's classes."""
    beside: Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="NAME|DIR ...")] = None
    """Further judges of the same medium, whose opinions stand beside; by default the independent
    ones that were fitted here to these classes (see `photism judge fetch`)."""
    autoencoder: bool = False
    """Measure the autoencoder of sounds inside the system, without a judge; of data of sounds alone
    nothing else is measured."""
    agreement: bool = False
    """Fit a joint space of sounds and pictures on training pairs, and say how well what is made
    finds what it was made of; some minutes more."""
    informativity: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Judges that tell whether a picture is informative of its sound's class: a folder of
    `photism judge informativity`."""
    inception: Annotated[str | None, tyro.conf.arg(metavar="FILE|download")] = None
    """For FID, KID and Inception Score: a file of Inception's weights, or "download"."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = None
    """Folder for report.html and report.json; reports/SYSTEM-DATA-SPLIT by default."""
    limit: int | None = None
    """Pairs to look at, chosen at random; all by default."""
    latent_zeroing: int = 1000
    """Pairs for the latent-zeroing curve, where the system has a latent vector; 0 leaves it out."""
    samples: int = 0
    """Samples of each pair, such as 8: how far they differ, and whether accuracy rises where the
    least sure pairs are left out; 0 leaves it out."""
    seed: int = 0
    """Of noise, choice of pairs, resampling and examples."""
    batch_size: int = 250
    """Pairs at a time; changes nothing but speed."""
    device: DeviceName = "auto"
    """Where to compute."""


def main(argv: list[str]) -> int:
    """Run `photism evaluate` with the words after it; return the exit code."""
    args = parse(Evaluate, argv, prog="photism evaluate", description=DESCRIPTION)

    from rich.console import Console

    from photism.data.card import Card
    from photism.data.pairs import PairDataset
    from photism.data.prepare import find
    from photism.evaluation.report import write_report
    from photism.files import require_room
    from photism.systems.weights import load_weights

    folder = find(args.data)
    if args.autoencoder or Card.read(folder).holds == ("sound",):
        return _autoencoder(args, PairDataset(folder, _split(args.split), needs=("sound",)))
    dataset = PairDataset(folder, _split(args.split))
    system = load_weights(args.system)
    judge = _judge(args.judge, system, dataset)
    way_back = _way_back(args, dataset, judge)
    out = args.out or Path("reports") / f"{Path(args.system).name}-{dataset.card.name}-{args.split}"
    require_room(out)
    evaluation = _evaluate(args, system, dataset, judge)
    trips = _trips(args, system, dataset, judge, way_back) if way_back else ()
    published, notes = _published(system, dataset, judge.medium)
    html, json = write_report(
        evaluation,
        out,
        title=f"{system.title} on {dataset.card.name}",
        published=published,
        notes=notes,
        run=Path(args.system) if (Path(args.system) / "metrics.jsonl").is_file() else None,
        trips=trips,
    )
    console = Console()
    console.print(_table(evaluation, published))
    for trip in trips:
        console.print(_table(trip, []))
    if evaluation.uncertainty:
        console.print(_unsure(evaluation.uncertainty))
    for note in evaluation.notes:
        console.print(plain(f"note: {note}"))
    print(f"{html}\n{json}")
    return 0


def _autoencoder(args: Evaluate, dataset: PairDataset) -> int:
    """Measure the autoencoder inside a system, print and write what came of it."""
    from photism.devices import choose_device
    from photism.evaluation.autoencoder import measure_autoencoder, write_autoencoder_report
    from photism.files import require_room
    from photism.systems.weights import load_weights

    system, run = load_weights(args.system), Path(args.system)
    name = f"{run.name}-autoencoder-{dataset.card.name}-{args.split}"
    out = args.out or Path("reports") / name
    require_room(out)
    found = measure_autoencoder(
        system,
        dataset,
        seed=args.seed,
        limit=args.limit,
        device=choose_device(args.device),
    )
    kept = run if (run / "metrics.jsonl").is_file() else None
    html, json = write_autoencoder_report(found, out, system=system, dataset=dataset, run=kept)
    print(
        f"mean squared error {found.error:.4f} over {found.sounds:,} sounds of {found.groups:,}"
        f" {found.group}s ({found.mean_error:.4f} for the mean sound)"
    )
    print(f"{html}\n{json}")
    return 0


def _evaluate(args: Evaluate, system: System, dataset: PairDataset, judge: Judge) -> Evaluation:
    from photism.devices import choose_device
    from photism.evaluation.evaluate import evaluate
    from photism.judges.choose import find_judge
    from photism.judges.inception import load_inception
    from photism.judges.independent.basic_pitch import BasicPitch
    from photism.judges.independent.basic_pitch import is_here as basic_pitch_is_here
    from photism.judges.informativity.store import load_informativity
    from photism.media import other

    return evaluate(
        system,
        dataset,
        judge,
        seed=args.seed,
        device=choose_device(args.device),
        batch_size=args.batch_size,
        limit=args.limit,
        latent_zeroing=args.latent_zeroing,
        samples=args.samples,
        informativity=load_informativity(args.informativity) if args.informativity else None,
        inception=load_inception(args.inception) if args.inception else None,
        beside=_beside(args.beside, dataset.card, judge),
        witness=find_judge(dataset.card, other(judge.medium)) if args.agreement else None,
        pitch=BasicPitch() if judge.medium == "sound" and basic_pitch_is_here() else None,
    )


def _split(name: str) -> str:
    from photism.data.splits import SPLITS
    from photism.errors import ConfigError, nearest

    if name not in SPLITS:
        raise ConfigError(f"unknown split {name!r}: {nearest(name, SPLITS)}")
    return name


def _judge(name: str | None, system: System, dataset: PairDataset) -> Judge:
    from photism.judges.choose import find_judge
    from photism.judges.own import OWN, own_judge
    from photism.judges.weights import load_judge

    if name == OWN:
        return own_judge(system, dataset.card.classes)
    return load_judge(name) if name else find_judge(dataset.card, system.targets[0])


def _beside(names: tuple[str, ...] | None, card: Card, judge: Judge) -> tuple[Judge, ...]:
    from photism.judges.choose import independent_judges
    from photism.judges.weights import load_judge

    if names is None:
        return independent_judges(card, judge.medium)
    return tuple(map(load_judge, names))


def _way_back(args: Evaluate, dataset: PairDataset, judge: Judge) -> tuple[System, Judge] | None:
    """Return the system that goes back and the judge of what arrives, if they are asked for."""
    from photism.judges.choose import find_judge
    from photism.judges.weights import load_judge
    from photism.media import other
    from photism.systems.weights import load_weights

    if args.back is None:
        return None
    back, given = load_weights(args.back), other(judge.medium)
    back.require_target(given)
    if args.back_judge:
        return back, load_judge(args.back_judge)
    return back, find_judge(dataset.card, given)


def _trips(
    args: Evaluate,
    system: System,
    dataset: PairDataset,
    judge: Judge,
    way_back: tuple[System, Judge],
) -> tuple[Evaluation, ...]:
    """Measure both round trips: from what SYSTEM is given, and from what it makes."""
    from photism.devices import choose_device
    from photism.evaluation.round_trip import evaluate_trip

    back, at_home = way_back
    return tuple(
        evaluate_trip(
            there,
            home,
            dataset,
            one,
            seed=args.seed,
            device=choose_device(args.device),
            batch_size=args.batch_size,
            limit=args.limit,
        )
        for there, home, one in ((system, back, at_home), (back, system, judge))
    )


def _published(
    system: System, dataset: PairDataset, target: Medium
) -> tuple[list[Published], list[str]]:
    """Return what papers report for such a system and data, and how its settings differ."""
    from photism.experiments.published import published_figures, published_rows, setting_differences

    figures, notes = [], []
    name, split = dataset.card.name, dataset.split
    rows = published_rows(system.name, name, system.config, split=split, target=target)
    for row, source in rows:
        figures += published_figures(row, source, dataset.card.name)
        if changed := setting_differences(system.config, row.settings):
            notes.append(f"settings: {', '.join(changed)}")
    return figures, list(dict.fromkeys(notes))


def _table(evaluation: Evaluation, published: list[Published]) -> Table:
    """Return the figures with what they are to be held against."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from photism.evaluation.table import figure_table

    p, figures = evaluation.provenance, figure_table(evaluation, published)
    title = plain(f"{p.system} · {p.data} {p.split}")
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("figure", no_wrap=True)
    for name in (*figures.outputs, "real", *(["paper"] if figures.sources else [])):
        table.add_column(plain(name), justify="right", min_width=7)
    for line in figures.lines:
        texts = [cell.text for cell in (*line.outputs, line.real)]
        if figures.sources:
            texts.append("\n".join(cell.text for cell in line.published))
        table.add_row(plain(line.name.replace(f"({p.judge})", "(judge)")), *texts)
    table.caption = plain(_caption(evaluation))
    return table


def _unsure(found: Uncertainties) -> Table:
    """Return what numbers of uncertainty are worth."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from photism.evaluation.report import uncertainty_cells

    title = f"uncertainty · {found.pairs:,} pairs, samples of each: {found.samples}"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in ("number", "AUROC", "of all", "surest 80 %", "surest half", "area", "at most"):
        table.add_column(name, justify="left" if name == "number" else "right")
    for name, one in found.by.items():
        table.add_row(name, *uncertainty_cells(one, found.accuracy))
    return table


def _caption(evaluation: Evaluation) -> str:
    """Return what was looked at, and what stands beside the figures."""
    from photism.pages.words import WORDS

    p = evaluation.provenance
    words = WORDS[p.target]
    beside = []
    if accuracy := evaluation.accuracy:
        beside += [
            f"95 % interval of the accuracy {accuracy.low:.1%} to {accuracy.high:.1%}",
            f"blind to the {words.given} {evaluation.references.blind_accuracy:.1%}",
        ]
    if evaluation.listener and evaluation.listener.accuracy:
        share = evaluation.listener.accuracy.value
        beside.append(f"{words.given}s {words.recognised} rightly {share:.1%}")
    if pitch := evaluation.pitch:
        beside.append(
            f"notes right by {pitch.reader} {pitch.made.right.value:.1%}, in the real sounds"
            f" {pitch.real.right.value:.1%}"
        )
    seen = f"{p.pairs:,} of {p.pairs_in_split:,} pairs, seed {p.seed}, judge {p.judge}"
    return "; ".join((seen, ", ".join(beside))) if beside else seen
