"""Progress of long work on data, on standard error, and only where somebody looks at it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

T = TypeVar("T")


def track(items: Iterable[T], what: str, total: int | None = None, *, done: int = 0) -> Iterator[T]:
    """Yield items and show how many went by and how long the rest will take.

    Args:
        items: read one at a time.
        what: the work, such as "log-mels".
        total: how many there will be, about, if known.
        done: how many of them an earlier run did.

    Yields:
        The items.
    """
    columns: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with _progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task(what, total=total, completed=done)
        for item in items:
            yield item
            bar.advance(task)


@contextlib.contextmanager
def counting(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how much of some work is done, and how long the rest will take.

    Args:
        what: the work, such as "pictures".
        total: how many there will be, about, if known.

    Yields:
        A function to call with the number that is done.
    """
    columns: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with _progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextlib.contextmanager
def transfer(
    what: str, done_bytes: int, total_bytes: int | None
) -> Iterator[Callable[[int], None]]:
    """Show a download with its rate and the time it still takes.

    Args:
        what: name of the file.
        done_bytes: what lies there from an earlier try.
        total_bytes: of the whole file, if known.

    Yields:
        A function to call with the number of bytes that arrived.
    """
    columns: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
    )
    with _progress(*columns, TransferSpeedColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(what, completed=done_bytes, total=total_bytes)
        yield lambda count: bar.advance(task, count)


def _progress(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
