"""The report of an experiment: rows published and measured, on one HTML page and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from photism.evaluation.report import HTML, JSON
from photism.files import write_json, write_text
from photism.images import grid, write_png
from photism.pages.render import picture_uri, render
from photism.version import __version__

PARTIAL = "NOT "
"""How a data card's note begins that says the published data is not complete."""


@dataclass(frozen=True)
class Cell:
    """A figure as it is shown; `tone` is "best", "up", "down", "quiet" or nothing."""

    text: str = "–"
    tone: str = ""
    below: tuple[Cell, ...] = ()
    """Smaller, under the figure: an interval, a gap, another source."""


@dataclass(frozen=True)
class Column:
    """A figure: one cell for a row, one for each of its lines, or both beside each other."""

    title: str
    row: str = ""
    """Heading of the row's cell, such as "published"; empty if there is none."""
    line: str = "measured"
    """Heading of the lines' cells; empty if there are none."""


@dataclass(frozen=True)
class OverviewLine:
    """What one output of a row's system gives."""

    label: str
    """Which output, such as "label heard"; empty where there is one alone."""
    cells: tuple[Cell, ...]
    """One for every column that has cells for lines."""


@dataclass(frozen=True)
class OverviewRow:
    """One row: a system that is or will be measured, or figures to compare it with."""

    name: str
    cells: tuple[Cell, ...]
    """One for every column that has cells for rows."""
    lines: tuple[OverviewLine, ...]
    content: Mapping[str, Any]
    """What the JSON holds of the row."""
    differs: tuple[str, ...] = ()
    href: str = ""
    """Leads to the row's own report, relative to the page."""
    partial: bool = False
    """Whether only a part of the published data was at hand."""


@dataclass(frozen=True)
class Strip:
    """Pictures side by side in one PNG, `names` above each."""

    label: str
    names: tuple[str, ...]
    content: bytes

    @property
    def uri(self) -> str:
        """The PNG as a data URI."""
        return picture_uri(self.content)


@dataclass(frozen=True)
class Figure:
    """A chart: `svg` with `names` in the order of its lines."""

    title: str
    hint: str
    names: Sequence[str]
    svg: str


@dataclass(frozen=True)
class GainLine:
    """How much better one row is than another, as text."""

    name: str
    """Such as "FID: E over B"."""
    printed: str
    thesis: str
    computed: str
    """From the figures that the paper prints, which need not agree with what it says of them."""
    measured: str


@dataclass(frozen=True)
class Overview:
    """A published table or figure run again."""

    title: str
    lead: str
    source: str
    columns: tuple[Column, ...]
    rows: tuple[OverviewRow, ...]
    hints: tuple[str, ...] = ()
    """What the columns are."""
    gains: tuple[GainLine, ...] = ()
    figure: Figure | None = None
    strips: tuple[Strip, ...] = ()
    notes: tuple[str, ...] = ()
    command: str = ""

    @property
    def labelled(self) -> bool:
        """Whether there are lines to tell apart."""
        return any(line.label for row in self.rows for line in row.lines)


def write_overview(overview: Overview, folder: Path) -> tuple[Path, Path]:
    """Write the report of an experiment of several rows.

    Args:
        overview: the rows, published beside measured.
        folder: gets `report.html` and `report.json`; the rows' `href` are relative to it.

    Returns:
        The paths of the HTML and the JSON file.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_text(folder / HTML, render("overview.html.j2", overview=overview))
    rows = [
        {"name": row.name, "differs": list(row.differs), "report": row.href, **row.content}
        for row in overview.rows
    ]
    content = {
        "photism_version": __version__,
        "title": overview.title,
        "source": overview.source,
        "command": overview.command,
        "notes": list(overview.notes),
        "gains": [asdict(gain) for gain in overview.gains],
        "columns": [asdict(column) for column in overview.columns],
        "rows": rows,
    }
    write_json(folder / JSON, content)
    return folder / HTML, folder / JSON


def write_strip(
    path: Path, label: str, names: Sequence[str], pictures: Sequence[Image.Image]
) -> dict[str, Any]:
    """Write pictures side by side.

    Args:
        path: the PNG.
        label: what they have in common.
        names: of each of them.
        pictures: of one size.

    Returns:
        "label", "names" and "file" for a row's record.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_png(path, grid(list(pictures), len(pictures), gap=0))
    return {"label": label, "names": list(names), "file": path.name}
