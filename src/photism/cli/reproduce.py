"""`photism reproduce`: run a published table or figure again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from photism.cli.arguments import parse
from photism.errors import ConfigError
from photism.experiments.options import Reproduction
from photism.terminal import plain, printable

if TYPE_CHECKING:
    from rich.table import Table

    from photism.experiments.overview import Cell, Overview

DESCRIPTION = """Run a published table or figure again: data, training, evaluation, report.

Examples:
  photism reproduce --list                                 what there is
  photism reproduce aivae-table-4                          as published; wants a GPU
  photism reproduce aivae-table-4 --budget 0.1             a tenth of the steps, small networks
  photism reproduce aivae-table-5 --rows fsdd-alpha-2 --budget 0.1
  photism reproduce aivae-figure-8 --budget 0.1 --data-from archives
  photism reproduce car-gan-table-1 --budget 0.02          on the orchestra, made on the spot

Stopped with Ctrl-C, the same command goes on where it was.
"""


@dataclass(frozen=True)
class Reproduce(Reproduction):
    """Arguments of `photism reproduce`."""

    experiment: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="EXPERIMENT")] = (
        None
    )
    """Name of a table or figure; --list shows them."""
    out: Annotated[Path, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = Reproduction.out
    list: bool = False
    """List the experiments and their rows."""
    rows: Annotated[tuple[str, ...], tyro.conf.arg(metavar="ROW ...")] = ()
    """Rows to run, by the keys that --list shows; all by default."""


def main(argv: list[str]) -> int:
    """Run `photism reproduce` with the words after it; return the exit code."""
    args = parse(Reproduce, argv, prog="photism reproduce", description=DESCRIPTION)
    if args.list:
        _list()
        return 0
    if not args.experiment:
        raise ConfigError("name an experiment, such as aivae-table-4; --list shows all")

    import shlex

    from rich.console import Console

    from photism.experiments.published import find_experiment
    from photism.experiments.reproduce import reproduce
    from photism.training.loop import Interrupted

    experiment = find_experiment(args.experiment)
    command = "photism reproduce " + shlex.join(argv)
    try:
        overview, html = reproduce(experiment, args, keys=args.rows, command=command, say=print)
    except Interrupted:
        print("stopped; the same command goes on where it was")
        return 130
    console = Console(markup=False, emoji=False)
    console.print(_table(overview))
    for line in _differences(overview):
        console.print(plain(line), soft_wrap=True)
    print(f"{html}\n{html.with_suffix('.json')}")
    return 0


def _list() -> None:
    from photism.experiments.published import EXPERIMENTS
    from photism.metrics.registry import METRICS

    for experiment in EXPERIMENTS.values():
        print(f"{experiment.name}: {experiment.title} ({experiment.source})")
        for row in experiment.rows:
            figures = ", ".join(
                f"{METRICS[name].title} {METRICS[name].printed(value)}"
                for name, value in row.published.items()
            )
            published = f"published {figures}" if figures else ""
            print(f"  {row.key:<16}{row.name:<34}{published}".rstrip())


def _table(overview: Overview) -> Table:
    """Return the overview's table, a line for every output."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=overview.source, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("row")
    if overview.labelled:
        table.add_column("")
    for column in overview.columns:
        for heading in filter(None, (column.row, column.line)):
            table.add_column(f"{printable(column.title)}\n{heading}", justify="right")
    for row in overview.rows:
        name = f"{row.name} (partial data)" if row.partial else row.name
        for number, line in enumerate(row.lines):
            words = [line.label] if overview.labelled else []
            of_row, of_line = iter(row.cells), iter(line.cells)
            for column in overview.columns:
                if column.row:
                    cell = next(of_row)
                    words.append("" if number else _cell(cell))
                if column.line:
                    words.append(_cell(next(of_line)))
            table.add_row("" if number else name, *words)
    return table


def _cell(cell: Cell) -> str:
    return "\n".join([cell.text, *(small.text for small in cell.below)])


def _differences(overview: Overview) -> list[str]:
    lines = ["What differs:", *(f"  {note}" for note in overview.notes)]
    for row in overview.rows:
        if row.differs:
            lines += [f"  {row.name}", *(f"    {difference}" for difference in row.differs)]
    return lines
