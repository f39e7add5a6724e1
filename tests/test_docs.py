"""What the docs say: figures of bundled weights and judges are those of their cards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from photism.judges.weights import ASSETS as JUDGES
from photism.judges.weights import bundled_judges
from photism.stored import bundled

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "systems").glob("*.md")))
LABELS = {
    "accuracy": "accuracy",
    "ours": "accuracy",
    "test accuracy": "accuracy",
    "FD(": "FD(",
    "diversity": "diversity",
    "R² of pitch": "R² of midi",
    "R² of level": "R² of level_db",
    "pairs, recordings": "pairs",
}
"""How headings of columns or rows begin, and the card's names of these figures."""
NUMBER = re.compile(r"\d[\d,]*\.?\d*")


@dataclass(frozen=True)
class Said:
    """A cell of a table that tells a figure of bundled weights."""

    page: str
    weights: str
    output: str
    figure: str
    text: str


def tables(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the paragraph before each table, and its rows of cells, headings first."""
    blocks = re.split(r"\n\s*\n", text)
    for before, block in zip(["", *blocks], blocks, strict=False):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if len(lines) > 2 and set(lines[1]) <= set("|-: "):
            cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines]
            yield before, [cells[0], *cells[2:]]


def said(page: Path) -> Iterator[Said]:
    """Yield the figures in a page's tables that are of bundled weights."""
    names = set(bundled())
    for before, (head, *rows) in tables(page.read_text(encoding="utf-8")):
        for row in rows:
            line, headings = " ".join(row), " ".join(head)
            named = next((n for t in (line, headings, before) for n in names if f"`{n}`" in t), "")
            for heading, text in zip(head, row, strict=True):
                label = next((t for t in LABELS if heading.startswith(t)), "")
                label = label or next((t for t in LABELS if row[0].startswith(t)), "")
                if named and label and text != row[0] and NUMBER.search(text):
                    yield Said(page.name, named, row[0], LABELS[label], text)


def card_of(weights: str) -> Mapping[str, Any]:
    content = json.loads((bundled()[weights] / "card.json").read_text(encoding="utf-8"))
    return dict(content["metrics"])


def figures_of(one: Said) -> list[float]:
    """Return what the card says, in the order in which a page has it: value, interval."""
    metrics = card_of(one.weights)
    if one.figure == "pairs":
        return [metrics["test pairs"]]
    start = "test" if "test accuracy" in metrics else f"test, {one.output}:"
    if f"{start} accuracy" not in metrics:
        start = "test, label heard:"
    (key, *_) = (name for name in metrics if name.startswith(f"{start} {one.figure}"))
    values = [metrics[key], *metrics.get(f"{key}, 95 % interval", ())]
    return [100 * value for value in values] if one.figure == "accuracy" else values


def agrees(written: str, value: float) -> bool:
    """Whether a number is a value rounded to as many decimals as are written."""
    decimals = len(written.partition(".")[2])
    return written.replace(",", "") == f"{value:.{decimals}f}"


FOUND = [one for page in PAGES for one in said(page)]


@pytest.mark.parametrize("one", FOUND, ids=lambda one: f"{one.page}: {one.output}, {one.figure}")
def test_figures_of_weights_are_those_of_their_cards(one: Said) -> None:
    numbers, values = NUMBER.findall(one.text.split("`")[0]), figures_of(one)
    assert numbers
    for written, value in zip(numbers, values, strict=False):
        assert agrees(written, value), f"{one}: the card has {value}"


@pytest.mark.parametrize("weights", bundled())
def test_all_weights_have_their_figures_in_the_readme_and_on_their_page(weights: str) -> None:
    for pages in ({"README.md"}, {page.name for page in PAGES} - {"README.md"}):
        told = {one.figure for one in FOUND if one.weights == weights and one.page in pages}
        assert {"accuracy", "diversity"} <= told


@pytest.mark.parametrize("judge", bundled_judges())
def test_the_readme_says_how_good_the_judges_are(judge: str) -> None:
    content = json.loads((JUDGES / judge / "config.json").read_text(encoding="utf-8"))
    [row] = re.findall(rf"^\| judge `{judge}` \|.*$", PAGES[0].read_text("utf-8"), re.MULTILINE)
    kind = "sounds" if content.get("medium") == "sound" else "pictures"
    assert f"{100 * content['test_accuracy']:.1f} % of real {kind}" in row
