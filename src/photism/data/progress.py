"""Progress of long work on data, on standard error, and only where somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield items and show how many went by, at what rate.

    Args:
        items: of unknown number, read one at a time.
        what: the work, such as "log-mels"; nothing is shown if empty.

    Yields:
        The items.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not (what and console.is_terminal)
    ) as bar:
        task = bar.add_task(what, total=None)
        for item in items:
            yield item
            bar.advance(task)
