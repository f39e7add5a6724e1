"""Informativity: the protocol, sorting by hand, judges, and where they speak."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_digits import pixel_world
from PIL import Image
from toy_of import write_toys

from photism.cli import main
from photism.config import override
from photism.data.pairs import PairDataset
from photism.data.prepare import prepare
from photism.data.sources import SOURCES
from photism.data.sources.scenes import Scenes
from photism.errors import ConfigError, DataError, ImageError, WeightsError
from photism.evaluation.evaluate import evaluate
from photism.evaluation.table import figure_table
from photism.experiments.measure import Judges
from photism.experiments.options import Reproduction
from photism.experiments.published import find_experiment
from photism.images import write_png
from photism.judges.colour import Small
from photism.judges.informativity.examples import (
    Examples,
    blurry,
    scrambled,
    sorted_examples,
    stand_in_examples,
)
from photism.judges.informativity.labels import LABELS, LabelBook, read_labels
from photism.judges.informativity.network import InformativityJudges, InformativityNetwork
from photism.judges.informativity.store import (
    InformativityCard,
    load_informativity,
    save_informativity,
)
from photism.judges.informativity.training import InformativityRecipe, train_informativity
from photism.metrics.informativity import (
    informativity,
    mean_of_classes,
    moving_average,
    pixel_loss_figures,
    training_figures,
    without_upsets,
)
from photism.pages.sorting import SortingServer
from photism.scenes.told import CLASSES as SCENES
from photism.systems import SYSTEMS


def test_informativity_is_a_share_of_each_class() -> None:
    told = np.array([True, False, True, True, False])
    shares = informativity(told, np.array([0, 0, 1, 1, 1]), 3)
    np.testing.assert_allclose(shares[:2], [1 / 2, 2 / 3])
    assert np.isnan(shares[2])
    assert mean_of_classes(shares) == pytest.approx(7 / 12)  # not 3 / 5
    with pytest.raises(DataError, match="labels from 0 to 2"):
        informativity(told, np.array([0, 0, 1, 1, -1]), 3)


def test_two_epochs_after_an_update_are_the_mean_of_five_before() -> None:
    values = np.arange(12.0)
    updated = np.zeros(12, bool)
    updated[[0, 6]] = True
    found = without_upsets(values, updated)
    assert found[7] == found[8] == np.mean([0, 3, 4, 5, 6])  # 2 was replaced
    assert found[9] == 9
    assert found[1] == found[2] == 0  # of what is there
    every = without_upsets(
        values, np.arange(12) % 5 == 4
    )  # 5 and 6 from 0 to 4; 10, 11 from 5 to 9
    assert every[5] == every[6] == 2
    assert every[10] == every[11] == np.mean([2, 2, 7, 8, 9])
    np.testing.assert_array_equal(values, np.arange(12.0))


def test_figures_of_a_training() -> None:
    np.testing.assert_allclose(moving_average(np.arange(5.0), 3), [1, 2, 3])
    shares = np.zeros((60, 2))
    shares[30:40, 0] = 1.0
    shares[45:55, 1] = 0.5
    found = training_figures(shares, np.zeros(60, bool), first=31, last=50, window=10)
    assert found["mean"] == pytest.approx((10 * 0.5 + 5 * 0.25) / 20)
    assert found["best"] == pytest.approx(0.5)
    assert found["best_by_class"] == pytest.approx([1.0, 0.5])
    with pytest.raises(ConfigError, match="from epoch 500 to 4000 of 60 epochs"):
        training_figures(shares, np.zeros(60, bool))
    losses = pixel_loss_figures({512: np.arange(4.0), 128: np.ones(4)}, window=2)
    assert list(losses) == [128, 512]
    assert losses[512][1] == 1.5


def test_the_network_is_the_papers() -> None:
    network = InformativityNetwork()
    counts = [sum(p.numel() for p in part.parameters()) for part in network.convolutions]
    assert counts == [936, 3552, 9312, 9312, 9312]
    assert sum(p.numel() for p in network.parameters()) == 34_730
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 33_610
    pictures = torch.randn(4, 3, 96, 96)
    assert network.convolutions[:4](pictures).shape == (4, 32, 4, 4)
    network(pictures).square().sum().backward()
    assert all(p.grad is not None for p in network.parameters() if p.requires_grad)


def red_and_blue(count: int) -> Examples:
    """Red pictures are informative, blue ones are not."""
    rng = torch.Generator().manual_seed(0)
    pictures = 0.3 * torch.randn(count, 3, 96, 96, generator=rng)
    informative = torch.arange(count) % 2 == 0
    pictures[informative, 0] += 1
    pictures[~informative, 2] += 1
    return Examples("red", pictures.clamp(-1, 1), informative, torch.arange(count) % 5 == 4)


def test_judges_learn_are_stored_and_speak_for_their_class(tmp_path: Path) -> None:
    examples = red_and_blue(40)
    inverted = Examples("blue", examples.pictures, ~examples.informative, examples.test)
    recipe = InformativityRecipe(epochs=8, batch_size=8, lr=0.03)
    judges, accuracy = train_informativity([examples, inverted], recipe)
    assert accuracy == {"red": 1.0, "blue": 1.0}
    card = InformativityCard(judges.classes, "stand-in", "colours", {}, accuracy)
    save_informativity(judges, tmp_path / "judges", card)
    loaded, kept = load_informativity(tmp_path / "judges")
    assert kept.stands_in
    labels = torch.tensor([0, 1, 0, 1])
    seen = loaded.probabilities(examples.pictures[:4], labels)
    torch.testing.assert_close(seen, judges.probabilities(examples.pictures[:4], labels))
    assert (seen > 0.5).tolist() == [True, True, True, True]  # red for red, blue for blue
    grey = loaded.probabilities(torch.zeros(4, 1, 28, 28), labels)
    assert ((grey >= 0) & (grey <= 1)).all()
    assert loaded.places(("blue", "red")) == [1, 0]
    with pytest.raises(ConfigError, match="did you mean 'red'"):
        loaded.places(("redd",))
    (tmp_path / "judges" / "informativity.json").write_text("[]")
    with pytest.raises(WeightsError, match="damaged"):
        load_informativity(tmp_path / "judges")
    with pytest.raises(WeightsError, match="makes them"):
        load_informativity(tmp_path)


def test_the_stand_in_spoils_real_pictures_without_losing_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = torch.rand(3, 3, 96, 96)
    mixed = scrambled(pictures, rng)
    assert not torch.equal(mixed, pictures)
    torch.testing.assert_close(
        mixed.flatten(2).sort().values, pictures.flatten(2).sort().values
    )  # the same pixels elsewhere
    assert blurry(pictures).std() < 0.3 * pictures.std()
    train = PairDataset(write_toys(tmp_path / "toys", count=40), "train")
    first, second = stand_in_examples(train, train, each=8, seed=0)
    assert (first.name, second.name) == ("class 0", "class 1")
    assert len(first.pictures) == 2 * 8 + 2 * 5
    assert int(first.informative[~first.test].sum()) == 8
    plain = PairDataset(write_toys(tmp_path / "plain", classes=0), "train")
    with pytest.raises(DataError, match="no classes to tell apart"):
        stand_in_examples(plain, plain, each=8, seed=0)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Six pictures of dogs and six of rain, a heat map and something broken."""
    folder = tmp_path / "pictures"
    for number in range(12):
        name, shade = ("dog", 0) if number % 2 else ("rain", 255)
        picture = Image.new("RGB", (8, 8), (shade, 20 * number, 0))
        write_png(folder / name / f"{number}.png", picture, {"source": f"{number // 3}.wav"})
    write_png(folder / "dog" / "3_spread.png", Image.new("L", (8, 8)), {"shows": "spread"})
    (folder / "rain" / "broken.png").write_bytes(b"no picture")
    return folder


def test_sorting_resumes_where_it_stopped_and_takes_back(drawn: Path) -> None:
    book = LabelBook(drawn)
    order = []
    for informative in (True, False, True):
        number = book.upcoming()
        assert number is not None
        order.append(book.files[number])
        book.mark(number, informative)
    again = LabelBook(drawn)
    assert [mark.file for mark in again.marks] == [
        path.relative_to(drawn).as_posix() for path in order
    ]
    assert again.upcoming() not in [again.files.index(path) for path in order]
    assert again.undo() == again.files.index(order[-1])
    assert again.upcoming() == again.files.index(order[-1])
    while (number := again.upcoming()) is not None:
        again.mark(number, again.class_of(number) == "dog")
    assert again.left == 0
    assert sum(map(sum, again.counts.values())) == 12  # neither heat map nor broken picture
    assert LabelBook(drawn, seed=1).files != again.files


def test_a_line_that_was_cut_off_costs_no_other(drawn: Path) -> None:
    book = LabelBook(drawn)
    for _ in range(2):
        number = book.upcoming()
        assert number is not None
        book.mark(number, True)
    path = drawn / LABELS
    whole = path.read_text()
    path.write_text(whole + whole[:20])
    assert len(read_labels(path)) == 2
    assert len(LabelBook(drawn).marks) == 2
    assert path.read_text() == whole
    path.write_text(whole.replace("true", "3"))
    with pytest.raises(DataError, match="line 1, is damaged"):
        LabelBook(drawn)


def test_pictures_tell_their_class_or_it_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is no folder"):
        LabelBook(tmp_path / "absent")
    with pytest.raises(ImageError, match="holds no pictures"):
        LabelBook(tmp_path)
    write_png(tmp_path / "a.png", Image.new("L", (4, 4)), {"label": {"name": "violin"}})
    assert LabelBook(tmp_path).class_of(0) == "violin"
    write_png(tmp_path / "a.png", Image.new("L", (4, 4)))
    with pytest.raises(DataError, match="tells no class"):
        LabelBook(tmp_path).upcoming()
    assert LabelBook(tmp_path, name="sea").class_of(0) == "sea"


def test_sorted_pictures_become_examples_by_source(drawn: Path) -> None:
    book = LabelBook(drawn)
    while (number := book.upcoming()) is not None:
        book.mark(number, int(book.files[number].stem) % 4 < 2)
    with pytest.raises(DataError, match="sort at least 5 of each"):
        sorted_examples(drawn / LABELS, 0)
    for number in range(12, 40):
        picture = Image.new("RGB", (8, 8), (number, 0, 0))
        name = "dog" if number % 2 else "rain"
        write_png(drawn / name / f"{number}.png", picture, {"source": f"{number // 3}.wav"})
    book = LabelBook(drawn)
    while (number := book.upcoming()) is not None:
        book.mark(number, int(book.files[number].stem) % 4 < 2)
    dog, rain = sorted_examples(drawn / LABELS, 0)
    assert (dog.name, rain.name) == ("dog", "rain")
    assert dog.pictures.shape == (20, 3, 96, 96)
    assert 0 < int(dog.test.sum()) < 10
    sources = [mark.source for mark in read_labels(drawn / LABELS) if mark.name == "dog"]
    held = {source for source, test in zip(sources, dog.test.tolist(), strict=True) if test}
    assert not held & {s for s, test in zip(sources, dog.test.tolist(), strict=True) if not test}


@pytest.fixture
def server(drawn: Path) -> Iterator[SortingServer]:
    with SortingServer(LabelBook(drawn)) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(
    server: SortingServer, what: str, body: Any = None, **headers: str
) -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    content = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", what, content, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.getheader("Content-Type")
    connection.close()
    return found


def test_the_page_shows_takes_marks_and_takes_them_back(server: SortingServer, drawn: Path) -> None:
    at = f"/{server.token}/"
    status, page, kind = ask(server, at)
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert b"Informative or not" in page
    first = json.loads(ask(server, at + "next")[1])
    status, picture, kind = ask(server, f"{at}picture/{first['number']}")
    assert (status, kind) == (200, "image/png")
    assert picture == server.book.files[first["number"]].read_bytes()
    marked = {"number": first["number"], "informative": True}
    second = json.loads(ask(server, at + "mark", marked)[1])
    assert (second["done"], second["counts"]) == (1, {first["name"]: [1, 0]})
    assert second["number"] != first["number"]
    assert json.loads((drawn / LABELS).read_text())["informative"] is True
    twice = json.loads(ask(server, at + "mark", {**marked, "informative": False})[1])
    assert twice["counts"] == second["counts"]
    back = json.loads(ask(server, at + "undo", {})[1])
    assert (back["number"], back["done"]) == (first["number"], 0)
    assert (drawn / LABELS).read_text() == ""


def test_the_page_answers_nobody_else(server: SortingServer) -> None:
    at = f"/{server.token}/"
    assert server.server_address[0] == "127.0.0.1"
    for what, headers, status in (
        ("/", {}, 403),
        ("/wrong/next", {}, 403),
        (at + "next", {"Host": "evil.example"}, 403),
        (at + "picture/99", {}, 404),
        (at + "picture/-1", {}, 404),
        (at + "picture/../../etc/passwd", {}, 404),
        (at + "other", {}, 404),
    ):
        assert ask(server, what, **headers)[0] == status, what
    for body in ({"number": 0}, {"number": True, "informative": True}, [], "no", {"number": 99}):
        assert ask(server, at + "mark", body)[0] == 400
    assert server.book.marks == []
    with pytest.raises(ConfigError, match="cannot be used"):
        SortingServer(server.book, server.server_port)


def test_an_evaluation_has_the_informativity_of_each_output(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, noise=0)
    judges = InformativityJudges(dataset.card.classes).eval()
    for network, sure in zip(judges.networks, (1.0, 1.0, -1.0), strict=True):
        assert isinstance(network, InformativityNetwork)
        torch.nn.init.zeros_(network.fc3.weight)
        network.fc3.bias.data = torch.tensor([0.0, sure])
    card = InformativityCard(judges.classes, "stand-in", "pixels", {}, {"zero": 0.8})
    found = evaluate(system, dataset, judge, latent_zeroing=0, informativity=(judges, card))
    told = found.outputs[found.main_output].informativity
    assert told is not None
    assert told.mean == pytest.approx(2 / 3)
    assert list(told.per_class.values()) == [1, 1, 0]
    assert found.references.real.informativity == told
    assert told.learnt_from == "stand-in"
    assert any("nobody sorted pictures" in note for note in found.notes)
    lines = {line.name: line for line in figure_table(found).lines}
    assert lines["informativity (stand-in)"].outputs[0].text == "66.7 %"
    assert lines["informativity (stand-in)"].real.text == "66.7 %"
    others = InformativityJudges(("sea",)).eval()
    with pytest.raises(ConfigError, match="no judge of informativity for the class"):
        evaluate(system, dataset, judge, informativity=(others, card))


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "name sorted pictures with --labels, or data with --stand-in"),
        (("--labels", "a.jsonl", "--stand-in", "orchestra"), "name sorted pictures"),
        (("--labels", "absent.jsonl"), "holds no sorted pictures yet"),
        (("--stand-in", "nowhere"), "no prepared data 'nowhere'"),
        (("--labels", "a.jsonl", "--epochs", "0"), "epochs"),
    ],
)
def test_training_refuses_in_one_line(
    argv: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["judge", "informativity", *argv]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert said in err


def test_the_figure_of_informativity_is_declared() -> None:
    figure = find_experiment("s2i-figure-informativity")
    assert [row.settings["embedding"] for row in figure.rows] == [
        *("128", "256", "512", "1024", "2048")
    ]
    assert {row.key: row.published for row in figure.rows if row.published} == {
        "f-512": {"informativity": 0.14}
    }
    for row in figure.rows:
        override(SYSTEMS[row.system].presets["paper"], row.settings)
        assert row.data in SOURCES
    judges = Judges.load(figure, Reproduction(judge="lenet5-mnist"))
    assert judges.stand_in
    assert judges.digests["informativity_sha256"] == "stand-in"
    other = Judges.load(find_experiment("aivae-table-4"), Reproduction())
    assert not other.stand_in
    assert "informativity_sha256" not in other.digests


def test_a_row_of_the_figure_is_trained_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Scenes(recordings="bundled", hop_s=2, workers=1)
    prepare(source, raw=tmp_path, out=tmp_path / "scenes")
    judge = Small("made-up", SCENES, (3, 64, 64))
    monkeypatch.setattr("photism.experiments.measure.load_judge", lambda name: judge.eval())
    judges = InformativityJudges(SCENES).eval()
    card = InformativityCard(SCENES, "sorted by hand", "informative.jsonl", {}, {"dog": 0.8})
    save_informativity(judges, tmp_path / "judges", card)
    words = ["reproduce", "s2i-figure-informativity", "--rows", "f-128", "--preset", "debug"]
    words += ["--informativity", str(tmp_path / "judges"), "--budget", "1e-6"]
    assert main([*words, "--data", str(tmp_path / "scenes"), "--out", str(tmp_path)]) == 0
    assert "informativity" in capsys.readouterr().out
    content = json.loads((tmp_path / "s2i-figure-informativity" / "report.json").read_text())
    [row] = [row for row in content["rows"] if row.get("evaluation")]
    [figures] = row["evaluation"]["outputs"].values()
    assert 0 <= figures["informativity"]["mean"] <= 1
    assert set(figures["informativity"]["per_class"]) == set(SCENES)
