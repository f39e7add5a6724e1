"""`photism reproduce`: run a published table or figure again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from photism.devices import DeviceName
from photism.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from photism.experiments.overview import Overview

DESCRIPTION = """Run a published table or figure again: data, training, evaluation, report.

Examples:
  photism reproduce --list                                 what there is
  photism reproduce aivae-table-4                          as published; wants a GPU
  photism reproduce aivae-table-4 --budget 0.1             a tenth of the steps, small networks
  photism reproduce aivae-table-5 --rows fsdd-alpha-2 --budget 0.1
  photism reproduce aivae-figure-8 --budget 0.1 --data-from archives

Stopped with Ctrl-C, the same command goes on where it was.
"""


@dataclass(frozen=True)
class Reproduce:
    """Arguments of `photism reproduce`."""

    experiment: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="EXPERIMENT")] = (
        None
    )
    """Name of a table or figure; --list shows them."""
    list: bool = False
    """List the experiments and their rows."""
    rows: tuple[str, ...] = ()
    """Rows to run, by the keys that --list shows; all by default."""
    budget: float = 1.0
    """Share of the published training steps; below 1 the preset "small" is trained."""
    preset: str | None = None
    """Preset to train, whatever the budget: paper, small, debug."""
    data_from: Path | None = None
    """Folder with archives of the data, complete or in part; by default data that was prepared."""
    out: Path = Path("reports")
    """Folder for data, runs and reports."""
    seed: int = 0
    """Of training and evaluation."""
    judge: str = "lenet5-mnist"
    """A bundled judge by name, or a folder of `photism judge train`."""
    limit: int | None = None
    """Test pairs to look at; all by default."""
    device: DeviceName = "auto"
    """Where to compute."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 is faster and a little coarser."""


def main(argv: list[str]) -> int:
    """Run `photism reproduce` with the words after it; return the exit code."""
    args = tyro.cli(Reproduce, args=argv, prog="photism reproduce", description=DESCRIPTION)
    if args.list:
        _list()
        return 0
    if not args.experiment:
        raise ConfigError("name an experiment, such as aivae-table-4; --list shows all")

    import shlex

    from rich.console import Console

    from photism.experiments import find_experiment
    from photism.experiments.reproduce import Reproduction, reproduce
    from photism.training.loop import Interrupted

    experiment = find_experiment(args.experiment)
    options = Reproduction(
        out=args.out,
        budget=args.budget,
        preset=args.preset,
        data_from=args.data_from,
        seed=args.seed,
        judge=args.judge,
        device=args.device,
        precision=args.precision,
        limit=args.limit,
    )
    command = "photism reproduce " + shlex.join(argv)
    try:
        overview, html = reproduce(experiment, options, keys=args.rows, command=command, say=print)
    except Interrupted:
        print("stopped; the same command goes on where it was")
        return 130
    console = Console()
    console.print(_table(overview))
    for line in _differences(overview):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    print(f"{html}\n{html.with_suffix('.json')}")
    return 0


def _list() -> None:
    from photism.experiments import EXPERIMENTS

    for experiment in EXPERIMENTS.values():
        print(f"{experiment.name}: {experiment.title} ({experiment.source})")
        for row in experiment.rows:
            published = "" if row.published is None else f"  published {row.published:.1%}"
            print(f"  {row.key:<16}{row.name:<34}{published}")


def _table(overview: Overview) -> Table:
    from rich.table import Table

    table = Table(title=overview.source)
    table.add_column("row")
    for name in ("published", "measured", "95 % interval", "FD", "diversity"):
        table.add_column(name, justify="right")
    for row in overview.rows:
        published = "–" if row.published is None else f"{row.published:.1%}"
        name = f"{row.name} (partial data)" if row.partial else row.name
        if (e := row.evaluation) is None:
            table.add_row(name, published, "not run", "", "", "")
            continue
        low, high = (f"{e['accuracy'][bound]:.1%}" for bound in ("low", "high"))
        spread = e["diversity_features"]["value"]
        table.add_row(
            name,
            published,
            f"{e['accuracy']['value']:.1%}",
            f"{low} – {high}",
            f"{e['frechet']:.2f}",
            "–" if spread is None else f"{spread:.2f}",
        )
    return table


def _differences(overview: Overview) -> list[str]:
    lines = ["What differs:", *(f"  {note}" for note in overview.notes)]
    for row in overview.rows:
        if row.differs:
            lines += [f"  {row.name}", *(f"    {difference}" for difference in row.differs)]
    return lines
