"""The report of an experiment: its table, its pictures, and what stands in its JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from page import Page
from PIL import Image

from photism.experiments.declarations import Experiment, Row
from photism.experiments.overview import (
    Cell,
    Column,
    Overview,
    OverviewLine,
    OverviewRow,
    Strip,
    write_overview,
    write_strip,
)
from photism.experiments.table import MeasuredRow, columns_of, sweep_figure, table_rows

FIGURES = {
    "accuracy": {"value": 0.9, "low": 0.85, "high": 0.95},
    "frechet": 12.5,
    "kernel_distance": {"value": 0.0123, "deviation": 0.001},
    "inception": None,
}


def measured(row: Row, frechet: float, **outputs: dict[str, object]) -> MeasuredRow:
    figures = {name: FIGURES | {"frechet": frechet} for name in row.outputs}
    evaluation = {"outputs": figures | outputs, "references": {"real": FIGURES | {"frechet": 1.5}}}
    return MeasuredRow(row, evaluation)


def table(**changes: object) -> Experiment:
    rows = tuple(
        Row(
            name=f"row {key}",
            key=key,
            system="car-gan",
            data="orchestra",
            pairs=100,
            published={"accuracy": 0.9504, "fid": 200.0} if key == "a" else {},
            thesis={"fid": 190.0} if key == "a" else {},
            settings={"lambda_l1": weight},
            outputs=("label given", "label heard"),
        )
        for key, weight in (("a", "0"), ("b", "10"), ("c", "100"))
    )
    settings: dict[str, object] = {
        "name": "table",
        "title": "Table",
        "source": "paper, table 4",
        "rows": rows,
        "epochs": 10,
        "finding": "something",
        "metrics": ("accuracy", "fid", "fd", "kd"),
        "real": {"accuracy": 0.99},
        "others": {"another system": {"accuracy": 0.7}},
    }
    return Experiment(**(settings | changes))  # type: ignore[arg-type]


def texts(cells: tuple[Cell, ...]) -> list[str]:
    return [cell.text for cell in cells]


def test_published_stands_beside_measured_and_the_best_stands_out() -> None:
    experiment = table()
    first, second, third = experiment.rows
    rows = [measured(first, 30), measured(second, 20), MeasuredRow(third)]
    assert columns_of(experiment, rows) == {
        "accuracy": Column("accuracy", "published", "measured"),
        "fid": Column("FID", "published", ""),
        "fd": Column("FD(judge)", "", "measured"),
        "kd": Column("KD(judge)", "", "measured"),
    }
    assert list(columns_of(table(metrics=("is", "fd")), rows)) == ["fd"]
    a, b, c, real, other = table_rows(experiment, rows)
    assert texts(a.cells) == ["95.04 %", "200.0"]
    assert texts(a.cells[1].below) == ["thesis 190.0"]
    assert [line.label for line in a.lines] == ["label given", "label heard"]
    given, heard = a.lines
    assert texts(given.cells) == ["90.0 %", "30.00", "0.012"]
    assert texts(given.cells[0].below) == ["85.0 – 95.0 %", "-5.0 points"]
    assert given.cells[0].below[1].tone == "down"
    assert texts(heard.cells[0].below) == ["85.0 – 95.0 %"]  # the paper's label was given
    assert [line.cells[1].tone for line in (*a.lines, *b.lines)] == ["", "", "best", "best"]
    assert [line.label for line in c.lines] == ["not run yet"]
    assert texts(real.cells) == ["99.0 %", "–"]
    assert texts(real.lines[0].cells) == ["90.0 %", "1.50", "0.012"]
    assert texts(other.cells) == ["70.0 %", "–"]
    assert texts(other.lines[0].cells) == ["–", "–", "–"]


def test_a_part_of_the_data_is_not_held_against_the_whole() -> None:
    experiment = table()
    row = replace(measured(experiment.rows[0], 30), differs=("NOT the complete data",))
    shown = table_rows(experiment, [row])[0]
    assert shown.partial
    assert texts(shown.lines[0].cells[0].below) == ["85.0 – 95.0 %"]


def test_inception_s_figures_are_measured_where_it_was_given() -> None:
    experiment = table()
    row = measured(experiment.rows[0], 30)
    assert row.evaluation is not None
    for figures in row.evaluation["outputs"].values():
        figures["inception"] = {"fid": 250.0}
    assert columns_of(experiment, [row])["fid"] == Column("FID", "published", "measured")
    assert texts(table_rows(experiment, [row])[0].lines[0].cells)[1] == "250.00"


def test_an_independent_judge_has_a_column() -> None:
    experiment = table(metrics=("accuracy",))
    a, b = measured(experiment.rows[0], 30), measured(experiment.rows[1], 20)
    assert a.evaluation is not None
    opinion = {"figures": {"accuracy": {"value": 0.6}}, "real": {"accuracy": {"value": 0.98}}}
    a = replace(
        a, evaluation={**a.evaluation, "main_output": "label given", "opinions": {"eye": opinion}}
    )
    assert columns_of(experiment, [a, b])["accuracy by eye"] == Column(
        "accuracy(eye)", line="measured"
    )
    first, second, _, real, other = table_rows(experiment, [a, b, MeasuredRow(experiment.rows[2])])
    assert [texts(line.cells) for line in first.lines] == [["90.0 %", "60.0 %"], ["90.0 %", "–"]]
    assert [line.cells[1].text for line in second.lines] == ["–", "–"]
    assert texts(real.lines[0].cells) == ["90.0 %", "98.0 %"]
    assert texts(other.lines[0].cells) == ["–", "–"]


def test_logarithms_are_drawn_over_the_rows_that_have_been_run() -> None:
    experiment = table(sweep="lambda_l1", metrics=("fd", "kd"))
    first, second, third = experiment.rows
    assert sweep_figure(experiment, [measured(first, 30)]) is None
    rows = [measured(first, 30), MeasuredRow(second), measured(third, 0.0)]
    figure = sweep_figure(experiment, rows)
    assert figure is not None
    assert figure.names == ["ln FD(judge)", "ln KD(judge)"]
    for text in (">0</text>", ">100</text>", "over lambda_l1"):
        assert text in figure.svg
    assert ">10</text>" not in figure.svg
    assert sweep_figure(table(), rows) is None


@pytest.fixture
def overview(tmp_path: Path) -> Overview:
    pictures = [Image.new("RGB", (8, 8), name) for name in ("black", "white")]
    strip = write_strip(tmp_path / "strip.png", "real", ["double_bass", "tuba"], pictures)
    assert strip == {"label": "real", "names": ["double_bass", "tuba"], "file": "strip.png"}
    row = OverviewRow(
        "first",
        (Cell("90.0 %", below=(Cell("thesis 91.0 %", "quiet"),)),),
        (
            OverviewLine("label given", (Cell("86.7 %", "best"), Cell("1.00"))),
            OverviewLine("label heard", (Cell("80.0 %"), Cell("2.00"))),
        ),
        {"key": "a", "published": {"accuracy": 0.9}},
        differs=("NOT the complete data",),
        href="first/report.html",
        partial=True,
    )
    return Overview(
        title="Table <4>",
        lead="The paper finds: something.",
        source="paper, table 4",
        columns=(Column("accuracy", "published"), Column("FD(judge)")),
        rows=(row,),
        strips=(Strip("real", ("double_bass", "tuba"), (tmp_path / "strip.png").read_bytes()),),
        notes=("one run",),
        command="photism reproduce table",
    )


def test_an_overview_is_a_page_and_json(overview: Overview, tmp_path: Path) -> None:
    html, path = write_overview(overview, tmp_path / "out")
    page = Page(html.read_text(encoding="utf-8"))
    assert page.links == ["first/report.html"]
    assert len(page.images) == 1
    assert page.images[0].startswith("data:image/png;base64,")
    for text in ("Table <4>", "thesis 91.0 %", "label heard", "partial data", "double bass"):
        assert text in page.text
    order = [page.text.index(text) for text in ("90.0 %", "86.7 %", "1.00", "80.0 %", "2.00")]
    assert order == sorted(order)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["columns"][0] == {"title": "accuracy", "row": "published", "line": "measured"}
    [row] = content["rows"]
    assert (row["name"], row["key"], row["published"]) == ("first", "a", {"accuracy": 0.9})
    assert row["differs"] == ["NOT the complete data"]
