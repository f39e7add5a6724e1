"""Reports: what stands in them, that they need nothing else, and `photism evaluate`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_digits import (
    CLASSES,
    PixelConfig,
    PixelJudge,
    PixelSystem,
    cascade_world,
    pixel_world,
    write_pairs,
)
from page import Page

from photism.cli import main
from photism.data.card import ArraySpec, Card
from photism.data.pairs import PairDataset
from photism.data.writer import PairWriter
from photism.errors import DataError
from photism.evaluation.evaluate import evaluate
from photism.evaluation.report import loss_charts, write_report
from photism.evaluation.results import Evaluation
from photism.evaluation.table import Published, figure_table, opinion_table
from photism.pages.charts import Curve, line_chart
from photism.stored import WeightsCard
from photism.systems.aivae import AIVAE
from photism.systems.weights import save_weights


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    system, dataset, judge = pixel_world(tmp_path, misleading=(0, 6))
    return evaluate(system, dataset, judge, seed=4)


def test_a_report_shows_published_measured_and_pictures(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    html, _ = write_report(
        evaluation,
        tmp_path / "out",
        title="Pixel <on> pixels",
        published=[Published(0.942, "paper, table 4")],
        notes=["width 32 (paper 64)"],
    )
    page = Page(html.read_text(encoding="utf-8"))
    for text in (
        "Pixel <on> pixels",
        "86.7 %",
        "94.2 %",
        "-7.5 points",
        "paper, table 4",
        "width 32 (paper 64)",
        "made for a test",
        "FD(pixel-judge)",
        "seed 4",
        "60 test pairs of pixels from 15 recordings",
        evaluation.provenance.weights_sha256,
        evaluation.provenance.judge_sha256,
    ):
        assert text in page.text
    assert len(page.images) == 3 * 5 * 3  # heard, real, generated; five of each of three classes
    assert "FID, KID, IS not measured: they need the weights of Inception" in page.text
    assert "Label heard" not in page.text


def test_outputs_stand_side_by_side_and_published_figures_beside_the_one_they_are_of(
    tmp_path: Path,
) -> None:
    system, dataset = cascade_world(tmp_path)
    evaluation = evaluate(system, dataset, PixelJudge("pixel-judge", CLASSES))
    published = [
        Published(0.9, "table 2", output="label given"),
        Published(0.95, "thesis", output="label given"),
        Published(240.8, "table 1", "fid", "label given", data="other pairs"),
    ]
    table = figure_table(evaluation, published)
    assert table.sources == ("table 2", "thesis", "table 1, on other pairs")
    lines = {line.name: line for line in table.lines}
    gaps = dict(zip(table.outputs, (c.gap for c in lines["accuracy"].outputs), strict=True))
    assert gaps.pop("label given") == pytest.approx(10)  # 100 %, to the first that is printed
    assert set(gaps.values()) == {None}
    assert [cell.text for cell in lines["accuracy"].published] == ["90.0 %", "95.0 %"]
    assert [cell.text for cell in lines["FID"].outputs] == ["–"] * 4  # published, not measured
    assert lines["FID"].published[0].detail == "3"
    assert lines["FD(pixel-judge)"].better == "lower"
    assert lines["accuracy"].real.text == "100.0 %"
    html, _ = write_report(evaluation, tmp_path / "out", title="Cascade", published=published)
    page = Page(html.read_text(encoding="utf-8"))
    for text in (
        "Label heard, label given.",
        "+10.0 points",
        "table 1, on other pairs",
        "86.7 % of the sounds heard rightly",
    ):
        assert text in page.text
    assert len(page.images) == 3 * 3 * 4  # sound, both stages, real; three of each of three classes


def test_what_the_picture_tells_besides_the_class_has_its_place(tmp_path: Path) -> None:
    system, dataset = cascade_world(tmp_path)
    result = evaluate(system, dataset, PixelJudge("pixel-judge", CLASSES))
    read = {name: replace(f, factor_r2={"midi": 0.25}) for name, f in result.outputs.items()}
    real = replace(result.references.real, factor_r2={"midi": 0.75})
    result = replace(result, outputs=read, references=replace(result.references, real=real))
    (line,) = [line for line in figure_table(result).lines if line.name == "R² of midi"]
    assert [cell.text for cell in line.outputs] == ["0.25"] * 4
    assert line.real.text == "0.75"
    html, _ = write_report(result, tmp_path / "out", title="Cascade")
    assert "What else the picture tells" in html.read_text(encoding="utf-8")


def test_a_report_without_classes_shows_what_there_is_to_say(tmp_path: Path) -> None:
    dataset = PairDataset(write_pairs(tmp_path / "none", classes=False), "test")
    judge = PixelJudge("pixel-judge", CLASSES)
    result = evaluate(PixelSystem(PixelConfig()), dataset, judge)
    html, _ = write_report(result, tmp_path / "out", title="Pixel")
    page = Page(html.read_text(encoding="utf-8"))
    for text in ("FD(pixel-judge)", "recall", "the data has no classes: nothing is said of"):
        assert text in page.text
    for text in ("ccuracy is the share", "Confusion", "Accuracy by class", "blind to", "IS("):
        assert text not in page.text
    assert len(page.images) == 20 * 3


def test_pairs_without_a_label_are_shown_as_such(tmp_path: Path) -> None:
    dataset = PairDataset(write_pairs(tmp_path / "half", unlabelled=24), "test")
    result = evaluate(PixelSystem(PixelConfig()), dataset, PixelJudge("pixel-judge", CLASSES))
    html, _ = write_report(result, tmp_path / "out", title="Pixel")
    page = Page(html.read_text(encoding="utf-8"))
    assert "unlabelled" in page.text
    assert "24 of 60 pairs have no label" in page.text
    assert len(page.images) == 3 * 5 * 3  # of "zero", "one" and those without a label
    assert "two" not in page.text.split("Accuracy by class")[1].split("Confusion")[0]


def test_other_judges_have_a_table_of_their_own(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(0, 6))
    other = PixelJudge("efficient", CLASSES, (1, 4, 4))
    result = evaluate(system, dataset, judge, beside=(other,))
    lines = {line.name: line for line in opinion_table(result)}
    made, real = lines["accuracy"].cells[1]
    assert (made.text, real.text) == ("86.7 %", "100.0 %")
    assert lines["FD"].better == "lower"
    html, _ = write_report(result, tmp_path / "out", title="Pixel")
    text = Page(html.read_text(encoding="utf-8")).text
    assert "Other judges" in text
    assert f"efficient sha256 {result.opinions['efficient'].sha256}" in text
    assert opinion_table(evaluate(system, dataset, judge)) == ()


def test_a_report_needs_no_other_file_and_no_network(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    html, _ = write_report(evaluation, tmp_path / "out", title="Pixel")
    content = html.read_text(encoding="utf-8")
    page = Page(content)
    assert all(source.startswith("data:image/png;base64,") for source in page.images)
    assert page.links == []
    assert not re.search(r"https?://|url\(|@import", content)


def test_json_beside_the_report_holds_the_same_figures(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    published = [Published(0.942, "table 4")]
    _, path = write_report(evaluation, tmp_path / "out", title="Pixel", published=published)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["accuracy"]["value"] == evaluation.accuracy.value
    assert [figure["source"] for figure in content["published"]] == ["table 4"]
    assert content["confusion"] == [[16, 4, 0], [0, 16, 4], [0, 0, 20]]
    assert content["provenance"]["seed"] == 4


def test_a_chart_is_well_formed_and_stays_inside(evaluation: Evaluation) -> None:
    curve = Curve("a & b", [1, 2, 3], [0.1, 0.9, 0.5], low=[0, 0.8, 0.4], high=[0.2, 1, 0.6])
    flat = Curve("flat", [1, 3], [0.5, 0.5], dashed=True)
    svg = line_chart([curve, flat], x_label="k", y_label="accuracy", percent=True)
    root = ElementTree.fromstring(svg)
    paths = [element.attrib["d"] for element in root if "stroke" in element.attrib]
    assert len(paths) == 2
    for path in paths:
        points = [tuple(map(float, point.split())) for point in path[1:].split("L")]
        assert all(0 <= x <= 640 and 0 <= y <= 300 for x, y in points)
        assert [x for x, _ in points] == sorted(x for x, _ in points)
    top, bottom = (float(point.split()[1]) for point in paths[0][1:].split("L")[1::-1])
    assert top < bottom  # 0.9 lies above 0.1
    assert "a &amp; b" in svg
    assert "100%" in svg


def test_a_chart_of_a_single_point_can_be_drawn() -> None:
    ElementTree.fromstring(line_chart([Curve("one", [1], [2.5])], x_label="epoch", y_label="loss"))


def write_metrics(run: Path, lines: list[dict[str, object]]) -> None:
    run.mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "metrics.jsonl").write_text(text, encoding="utf-8")


def test_loss_curves_are_drawn_from_a_run(evaluation: Evaluation, tmp_path: Path) -> None:
    where = {"stage": "vae", "seconds": 1.0}
    write_metrics(
        tmp_path / "run",
        [
            {"kind": "train", "step": 1, "epoch": 1, "kl": 9.0, **where},
            *({"kind": "epoch", "step": e, "epoch": e, "kl": 3 / e, **where} for e in (1, 2)),
            {"kind": "validation", "step": 2, "epoch": 2, "kl": 1.0, "extra": 2.0, **where},
        ],
    )
    charts = loss_charts(tmp_path / "run")
    assert set(charts) == {"extra", "kl"}
    assert charts["kl"].count("stroke-width") == 2
    assert charts["kl"].count("stroke-dasharray") == 1
    html, _ = write_report(evaluation, tmp_path / "out", title="Pixel", run=tmp_path / "run")
    assert html.read_text(encoding="utf-8").count("<figcaption>") == 2


def test_stages_are_told_apart_and_a_damaged_record_is_told(tmp_path: Path) -> None:
    line = {"kind": "epoch", "step": 1, "epoch": 1, "seconds": 1.0, "loss": 2.0}
    write_metrics(tmp_path / "two", [{**line, "stage": "a"}, {**line, "stage": "b"}])
    assert set(loss_charts(tmp_path / "two")) == {"a: loss", "b: loss"}
    assert loss_charts(tmp_path) == {}
    (tmp_path / "two" / "metrics.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"metrics\.jsonl is damaged"):
        loss_charts(tmp_path / "two")


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A prepared test split of ten classes in the shape of MNIST-FSDD."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 4)
    card = Card(
        name="mnist-fsdd",
        description="",
        licence="",
        classes=tuple("0123456789"),
        sound=ArraySpec((1, 48, 48)),
        image=ArraySpec((28, 28, 1)),
        front_end="aivae-8k",
        front_end_config={"origin": "top"},
        group="recording",
        columns={"recording": "string"},
    )
    with PairWriter(tmp_path / "digits", card) as writer:
        writer.write(
            "test",
            sound=rng.integers(0, 256, (40, 1, 48, 48), dtype=np.uint8),
            image=rng.integers(0, 256, (40, 28, 28, 1), dtype=np.uint8),
            label=labels,
            key=[str(row) for row in range(40)],
            columns={"recording": [str(row // 2) for row in range(40)]},
        )
    return tmp_path / "digits"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    system = AIVAE(AIVAE.presets["debug"])
    save_weights(system, tmp_path / "weights", preset="debug", card=WeightsCard())
    return tmp_path / "weights"


def test_evaluate_prints_figures_and_writes_the_report(
    digits: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    argv = ["evaluate", str(weights), "--data", str(digits), "--out", str(out), "--seed", "7"]
    assert main(argv) == 0
    printed = capsys.readouterr().out
    for text in ("FD(judge)", "paper", "94.2 %", "diversity", "40 of 40 pairs", "lenet5-mnist"):
        assert text in printed
    assert printed.rstrip().endswith(f"{out / 'report.html'}\n{out / 'report.json'}")
    content = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert content["provenance"]["preset"] == "debug"
    assert content["provenance"]["seed"] == 7
    assert len(content["latent_zeroing"]["accuracy"]) == 9
    assert [figure["value"] for figure in content["published"]] == [0.942]
    assert content["published"][0]["metric"] == "accuracy"
    assert content["notes"][0].startswith("settings: width 4 (paper 64), hidden 16 (paper 1024)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "tset"], "unknown split 'tset': did you mean 'test'?"),
        (["--split", "train"], "has no 'train' split, only test"),
        (["--judge", "lenet5"], "unknown judge 'lenet5': did you mean 'lenet5-mnist'?"),
        (["--inception", "none.pth"], "no file none.pth with Inception weights"),
        (["--limit", "2"], "limit must be at least 10, not 2"),
        (["--latent-zeroing", "-1"], "latent_zeroing must be 0 or a number of pairs, not -1"),
        (["--data", "mnist-fsd"], "did you mean 'mnist-fsdd'?"),
    ],
)
def test_evaluate_refuses_in_one_line(
    digits: Path,
    weights: Path,
    options: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["evaluate", str(weights), "--data", str(digits), "--out", str(tmp_path / "r"), *options]
    assert main(argv) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
