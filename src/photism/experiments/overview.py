"""The report of an experiment: rows published and measured, on one HTML page and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import photism
from photism.evaluation.report import HTML, JSON, data_uri, render, zeroing_chart
from photism.files import write_json, write_text

PARTIAL = "NOT "
"""How a data card's note begins that says the published data is not complete."""


@dataclass(frozen=True)
class OverviewRow:
    """One row of an overview: a run of an experiment, finished or not.

    Accuracies are shares; `href` leads to the row's own report and `strip` is a PNG with one
    generated picture of each class.
    """

    name: str
    published: float | None
    evaluation: Mapping[str, Any] | None
    """What `Evaluation.to_json` returned; None while the row has not been run."""
    differs: tuple[str, ...] = ()
    href: str = ""
    strip: bytes = b""

    @property
    def partial(self) -> bool:
        """Whether only a part of the published data was at hand."""
        return any(line.startswith(PARTIAL) for line in self.differs)

    @property
    def strip_uri(self) -> str:
        """The strip as a data URI."""
        return data_uri(self.strip)


@dataclass(frozen=True)
class Overview:
    """A published table or figure run again."""

    title: str
    lead: str
    source: str
    rows: tuple[OverviewRow, ...]
    notes: tuple[str, ...] = ()
    command: str = ""


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
    measured = {row.name: row.evaluation for row in overview.rows if row.evaluation}
    page = render("overview.html.j2", overview=overview, zeroing=zeroing_chart(measured))
    write_text(folder / HTML, page)
    rows = [
        {
            "name": row.name,
            "published": row.published,
            "evaluation": row.evaluation,
            "differs": list(row.differs),
            "report": row.href,
        }
        for row in overview.rows
    ]
    content = {
        "photism_version": photism.__version__,
        "title": overview.title,
        "source": overview.source,
        "command": overview.command,
        "notes": list(overview.notes),
        "rows": rows,
    }
    write_json(folder / JSON, content)
    return folder / HTML, folder / JSON
