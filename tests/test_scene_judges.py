"""Judges of colour pictures: trained on prepared sets, reading factors, stored, refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import load_file, save_file

from photism.blocks.classifier import Classifier
from photism.blocks.imagenet import download_resnet50
from photism.cli import main
from photism.data.card import ArraySpec, Card
from photism.data.pairs import PairDataset
from photism.data.writer import PairWriter
from photism.errors import ConfigError, WeightsError
from photism.files import sha256
from photism.judges import ARCHITECTURES, architecture
from photism.judges import training as judge_training
from photism.judges.colour import ColourJudge, Small
from photism.judges.data import Pictures, pair_data, prepare_command
from photism.judges.factors import FactorHead, read_factors
from photism.judges.recipe import JudgeRecipe
from photism.judges.training import (
    JudgeFigures,
    measure,
    train_judge,
)
from photism.judges.weights import ASSETS, load_judge
from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.stage import Look, draw
from photism.systems.base import parameter_count
from photism.systems.car_gan import CARGAN, ClassifierConfig

CLASSES = ("red", "green", "blue")
COLUMNS = {"scene": "string", "height_m": "float", "place": "int", "silent": "bool"}
CPU = torch.device("cpu")
QUICK = JudgeRecipe(epochs=10, batch_size=16, lr=4e-3, decay=True)
OPTIONS = ("--epochs", "10", "--batch-size", "16", "--lr", "0.004", "--device", "cpu")


def scenes(count: int, seed: int, size: int = 32) -> dict[str, np.ndarray]:
    """Pictures whose class is their colour and whose `height_m` is where a white bar is.

    Each class has heights of its own, so that the class alone tells much of them; where `silent`
    there is no bar and the height is nonsense. Two pictures share a scene.
    """
    rng = np.random.default_rng(seed)
    label = np.arange(count) % 3
    place = rng.integers(0, size // 4, count)
    image = rng.integers(0, 40, (count, size, size, 3), dtype=np.uint8)
    silent = np.arange(count) % 7 == 0
    for picture, row, kind, quiet in zip(image, place, label, silent, strict=True):
        picture[..., kind] += 120
        if not quiet:
            picture[4 * row : 4 * row + 4] = 255
    height_m = np.where(silent, -1.0, 100 * label + 2.0 * place)
    return {"image": image, "label": label, "place": place, "height_m": height_m, "silent": silent}


def write_scenes(
    folder: Path, *, size: int = 32, classes: tuple[str, ...] = CLASSES, **counts: int
) -> Path:
    """Write scenes with no sound worth the name; `counts` are pictures by split."""
    card = Card(
        name="scenes",
        description="bars on colours",
        licence="CC0-1.0",
        classes=classes,
        sound=ArraySpec((1, 1, 1)),
        image=ArraySpec((size, size, 3)),
        front_end="car-gan",
        front_end_config={},
        group="scene",
        columns=COLUMNS,
    )
    sizes = counts or {"train": 240, "validation": 60, "test": 60}
    with PairWriter(folder, card) as writer:
        for seed, (split, count) in enumerate(sizes.items()):
            made = scenes(count, seed, size)
            made["scene"] = np.array([f"{split}-{row // 6}-{row % 3}" for row in range(count)])
            writer.write(
                split,
                sound=np.zeros((count, 1, 1, 1), np.uint8),
                image=made["image"],
                label=made["label"] if classes else np.full(count, -1),
                key=[f"{split}-{row}" for row in range(count)],
                columns={name: made[name] for name in COLUMNS},
            )
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("data") / "here")


@pytest.fixture(scope="module")
def stored(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judges") / "scenes"
    argv = ["judge", "train", "small", "--data", str(prepared), "--out", str(folder)]
    assert main([*argv, *OPTIONS, "--factors", "height_m"]) == 0
    return folder


def says(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a refused command prints."""
    assert main(argv) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_judge_of_scenes_is_stored_with_its_figures(stored: Path, prepared: Path) -> None:
    card = json.loads((stored / "config.json").read_text(encoding="utf-8"))
    assert card["name"] == "small-scenes"
    assert card["image_shape"] == [3, 32, 32]
    assert card["counts"] == {"train": 240, "validation": 60, "test": 60}
    assert card["test_accuracy"] >= 0.95
    assert card["factors"] == ["height_m"]
    assert card["factor_r2"]["height_m"] > 0.7
    assert card["recipe"]["epochs"] == 10
    assert card["recipe"]["decay"] is True
    assert card["data_sha256"] == sha256(prepared / "card.json")
    assert card["command"] == (
        "photism judge train small --data scenes --factors height_m --epochs 10 --batch-size 16"
        " --lr 0.004 --seed 0 --out small-scenes"
    )
    confusion = np.array(card["confusion"])
    assert confusion.sum(axis=1).tolist() == [20, 20, 20]
    assert np.trace(confusion) / 60 == card["test_accuracy"]


def test_the_card_for_people_shows_confusions_and_no_paths(stored: Path, prepared: Path) -> None:
    text = (stored / "README.md").read_text(encoding="utf-8")
    card = load_judge(stored).card
    assert card is not None
    assert "| red | green | blue |" in text
    assert (
        f"| R² of `height_m` on real test pictures | **{card.factor_r2['height_m']:.3f}**" in text
    )
    for path in stored.iterdir():
        assert str(prepared.parent) not in path.read_text(encoding="utf-8", errors="ignore")
    confused = replace(card, confusion=((17, 3, 0), (0, 20, 0), (1, 0, 19)))
    assert confused.mistakes() == [(3, "red", "green"), (1, "blue", "red")]
    assert (
        "Most often confused: red taken for green, 3; blue taken for red, 1." in confused.readme()
    )
    assert "| red | 17 | 3 | · |" in confused.readme()


def test_a_stored_judge_reads_factors_in_the_units_of_their_column(stored: Path) -> None:
    judge = load_judge(stored)
    assert judge.card is not None
    made = scenes(60, 2)
    images = torch.from_numpy(made["image"]).permute(0, 3, 1, 2).float() / 127.5 - 1
    output = judge(images)
    assert output.logits.shape == (60, 3)
    assert output.features.shape == (60, 256)
    assert output.factors is not None
    assert output.factors.shape == (60, 1)
    heard = ~made["silent"]
    error = output.factors[:, 0].numpy()[heard] - made["height_m"][heard]
    assert np.abs(error).mean() < 2.5  # heights are 0 to 214
    assert not output.factors.requires_grad


def test_stored_files_are_readable_by_all_who_may_read_the_folder(stored: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in stored.iterdir()}
    assert len(modes) == 1


def test_weights_are_stored_in_half_precision_and_judge_as_measured(
    stored: Path, prepared: Path
) -> None:
    judge = load_judge(stored)
    assert judge.card is not None
    tensors = load_file(stored / "model.safetensors")
    assert tensors["classifier.body.0.0.weight"].dtype == torch.float16
    assert tensors["classifier.body.0.1.running_var"].dtype == torch.float32
    measured = measure(judge, Pictures.of_pairs(PairDataset(prepared, "test"), ("height_m",)))
    assert measured.accuracy == judge.card.test_accuracy
    assert measured.factor_r2 == (pytest.approx(judge.card.factor_r2["height_m"], abs=1e-6),)
    assert measured.confusion.tolist() == [list(row) for row in judge.card.confusion]


def test_a_stored_judge_is_tested_again_by_the_command(
    stored: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "test", str(stored), "--data", str(prepared)]) == 0
    card = load_judge(stored).card
    assert card is not None
    figures = f"R² of height_m {card.factor_r2['height_m']:.3f}"
    said = capsys.readouterr().out
    assert said.startswith(f"small-scenes: {card.test_accuracy:.2%} of 60 {prepared} test pictures")
    assert said.count(figures) == 2  # measured, and what the card says
    assert "scenes is not prepared yet" in says(["judge", "test", str(stored)], capsys)


def test_the_same_seed_trains_the_same_judge(stored: Path, prepared: Path, tmp_path: Path) -> None:
    argv = ["judge", "train", "small", "--data", str(prepared), *OPTIONS, "--factors", "height_m"]
    assert main([*argv, "--out", str(tmp_path / "same")]) == 0
    assert load_judge(tmp_path / "same").digest == load_judge(stored).digest


def test_sounds_are_not_read_nor_test_pictures_before_the_end(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pair_data(prepared)
    read: list[str] = []
    images = PairDataset.images

    def noting(dataset: PairDataset, rows: np.ndarray) -> np.ndarray:
        read.append(dataset.split)
        assert len(rows) <= 60, "all pictures at once"
        return images(dataset, rows)

    def refusing(dataset: PairDataset, rows: np.ndarray) -> np.ndarray:
        raise AssertionError("a sound was read")

    monkeypatch.setattr(PairDataset, "images", noting)
    monkeypatch.setattr(PairDataset, "sounds", refusing)
    train_judge("small", "scenes", data, replace(QUICK, epochs=1), device=CPU)
    assert set(read) == {"train", "validation"}


def test_without_a_validation_split_whole_groups_are_held_out(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "data", train=120, test=12)
    data = pair_data(folder, validation=0.2)
    groups = PairDataset(folder, "train").column("scene")
    learnt, held = set(groups[data.train.rows]), set(groups[data.validation.rows])
    assert not learnt & held
    assert len(held) == 12  # a fifth of the 20 scenes of each class
    assert len(data.train) + len(data.validation) == 120
    own = pair_data(write_scenes(tmp_path / "own", train=30, validation=9, test=9))
    assert (len(own.train), len(own.validation)) == (30, 9)


def test_unlabelled_pictures_are_left_out(tmp_path: Path) -> None:
    dataset = PairDataset(write_scenes(tmp_path / "data", train=12), "train")
    dataset.labels = dataset.labels.copy()  # a view of the file
    dataset.labels[:5] = -1
    pictures = Pictures.of_pairs(dataset, ("height_m",))
    assert pictures.rows.tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert np.isnan(pictures.factors[2, 0])  # row 7 is silent
    assert pictures.factors[0, 0] == dataset.column("height_m")[5]


def test_an_interrupted_training_leaves_the_judge_that_was_there(
    stored: Path, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "judge"
    shutil.copytree(stored, out)
    calls: Iterator[int] = iter(range(10))

    def interrupted(judge: object, pictures: object) -> JudgeFigures:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return JudgeFigures(0.5, np.zeros((3, 3), int), ())

    monkeypatch.setattr(judge_training, "measure", interrupted)
    argv = ["judge", "train", "small", "--data", str(prepared), "--out", str(out), *OPTIONS]
    assert main(argv) == 130
    assert load_judge(out).digest == load_judge(stored).digest
    assert [path.name for path in tmp_path.iterdir()] == ["judge"]


def test_the_epoch_is_chosen_by_accuracy_and_factors(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = iter([(0.9, 0.1), (0.9, 0.8), (1.0, 0.6), (0.95, 0.75)])
    monkeypatch.setattr(
        judge_training,
        "measure",
        lambda judge, pictures: JudgeFigures(*(now := next(figures))[:1], np.eye(3), now[1:]),
    )
    data = pair_data(prepared, ("height_m",))
    trained = train_judge("small", "scenes", data, replace(QUICK, epochs=4), device=CPU)
    assert trained.chosen.number == 2
    assert JudgeFigures(0.5, np.eye(3), (None,)).score == 0.5
    assert JudgeFigures(0.5, np.eye(3), ()).score == 0.5


def test_half_of_the_pictures_are_distorted_and_teach_no_factor(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, changed, read = pair_data(prepared, ("height_m",)), [], []
    loss = FactorHead.loss

    def distort(images: torch.Tensor, rng: torch.Generator, *, strength: float) -> torch.Tensor:
        changed.append((len(images), strength))
        return torch.zeros_like(images)

    def recorded(
        head: FactorHead, features: torch.Tensor, labels: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        read.append((len(features), len(labels), len(values)))
        return loss(head, features, labels, values)

    monkeypatch.setattr(judge_training, "distort", distort)
    monkeypatch.setattr(FactorHead, "loss", recorded)
    recipe = replace(QUICK, epochs=1, batch_size=10, distortion=0.5)
    train_judge("small", "scenes", data, recipe, device=CPU)
    assert set(changed) == {(5, 0.5)}
    assert set(read) == {(5, 5, 5)}
    changed.clear()
    train_judge("small", "scenes", data, replace(recipe, distortion=0.0), device=CPU)
    assert not changed
    assert set(read) == {(5, 5, 5), (10, 10, 10)}
    with pytest.raises(ConfigError, match="distortion must be at least 0, not -1"):
        replace(recipe, distortion=-1)


def test_pictures_are_shifted_each_in_its_own_way() -> None:
    ramp = torch.arange(16.0)
    images = (16 * ramp[:, None] + ramp).expand(8, 3, 16, 16)
    moved = judge_training._shifted(images, 0.125, np.random.default_rng(0))
    assert moved.shape == images.shape
    ways = set()
    for picture in moved:
        down, right = divmod(int(picture[0, 8, 8]), 16)
        rows, columns = ((torch.arange(16) + s - 8).clip(0, 15) for s in (down, right))
        assert torch.equal(picture[0], images[0, 0][rows][:, columns])
        ways.add((down - 8, right - 8))
    assert len(ways) > 4
    assert max(abs(step) for way in ways for step in way) == 2


def test_a_judge_may_start_from_a_classifier(prepared: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    classifier = Classifier("small", 13)
    data, still = pair_data(prepared), JudgeRecipe(epochs=1, batch_size=64, lr=1e-12)
    start = classifier.state_dict()
    trained = train_judge("small", "scenes", data, still, device=CPU, start=start)
    own = trained.judge.state_dict()
    for name in ("body.0.0.weight", "body.3.0.weight"):
        assert torch.allclose(own[f"classifier.{name}"], start[name], atol=1e-4)
    assert own["classifier.output.weight"].shape == (3, 256)
    with pytest.raises(WeightsError, match="of another network"):
        train_judge("resnet18", "scenes", data, still, device=CPU, start=start)


def test_the_command_starts_from_a_file_that_the_card_names_without_its_folder(
    prepared: Path, tmp_path: Path
) -> None:
    save_file(Classifier("small", 3).state_dict(), tmp_path / "start.safetensors")
    argv = ["judge", "train", "small", "--data", str(prepared), "--out", str(tmp_path / "judge")]
    start = ["--weights", str(tmp_path / "start.safetensors"), "--epochs", "1", "--device", "cpu"]
    assert main([*argv, *start]) == 0
    card = load_judge(tmp_path / "judge").card
    assert card is not None
    assert card.command == (
        "photism judge train small --data scenes --weights start.safetensors --epochs 1 --seed 0"
        " --out small-scenes"
    )
    assert card.recipe["lr"] == Small.recipe.lr


def test_imagenet_is_fetched_without_unpickling_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    published = torchvision.models.resnet50().state_dict()

    def fetch(url: str, *, check_hash: bool, weights_only: bool) -> dict[str, torch.Tensor]:
        assert check_hash
        assert weights_only
        return published

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    judge = architecture("resnet50")("judge", CLASSES, (3, 64, 64))
    assert isinstance(judge, ColourJudge)
    judge.classifier.start_from(download_resnet50())
    own = judge.classifier.state_dict()["body.layer4.2.conv3.weight"]
    assert torch.equal(own, published["layer4.2.conv3.weight"])


def test_no_network_is_told_in_one_line(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fetch(url: str, *, check_hash: bool, weights_only: bool) -> dict[str, torch.Tensor]:
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    argv = ["judge", "train", "resnet50", "--weights", "download", "--data", str(prepared)]
    line = says([*argv, "--out", str(tmp_path / "judge")], capsys)
    assert "resnet50-11ad3fa6.pth (<urlopen error no route to host>): a copy" in line


def test_car_gan_may_take_a_judge_for_its_classifier(stored: Path, prepared: Path) -> None:
    settings = ClassifierConfig("small", weights=str(stored / "model.safetensors"), epochs=0)
    config = replace(CARGAN.presets["debug"], classes=3, classifier=settings)
    system = CARGAN(config)
    system.prepare(PairDataset(prepared, "train"))
    judge = load_judge(stored)
    assert isinstance(judge, ColourJudge)
    for name, value in judge.classifier.state_dict().items():
        assert torch.equal(value, system.classifier.state_dict()[name]), name


@pytest.mark.parametrize(
    ("kind", "parameters", "feature"),
    [("small", 392_237, 256), ("resnet18", 11_175_501, 512), ("resnet50", 23_534_669, 2048)],
)
def test_judges_of_colour_pictures_are_the_classifiers(
    kind: str, parameters: int, feature: int
) -> None:
    made = architecture(kind)
    judge = made("judge", tuple("abcdefghijklm"), (3, 32, 48)).eval()
    assert issubclass(made, ColourJudge)
    assert parameter_count(judge) == parameters
    output = judge(torch.rand(2, 3, 32, 48) * 2 - 1)
    assert output.logits.shape == (2, 13)
    assert output.features.shape == (2, feature)
    assert output.factors is None
    assert ARCHITECTURES[kind].recipe.epochs >= 1


def test_the_factor_head_weighs_what_each_class_would_mean() -> None:
    head = FactorHead(2, classes=3, factors=2)
    values = np.array([[1, 10], [3, np.nan], [5, 5], [5, 5]], np.float32)
    head.standardise(values, np.array([0, 0, 2, 2]))
    assert head.mean.tolist() == [[2, 10], [0, 0], [5, 5]]
    assert head.deviation.tolist() == [[1, 1], [1, 1], [1, 1]]
    torch.nn.init.zeros_(head.output.weight)
    torch.nn.init.constant_(head.output.bias, 0.5)
    read = head(torch.zeros(1, 2), torch.tensor([[0.5, 0.0, 0.5]]))
    assert read.tolist() == [[0.5 * (2.5 + 5.5), 0.5 * (10.5 + 5.5)]]


def test_the_factor_loss_is_in_deviations_and_leaves_silence_out() -> None:
    head = FactorHead(2, classes=2, factors=1)
    head.standardise(np.array([[0.0], [8.0], [1.0]], np.float32), np.array([0, 0, 1]))
    torch.nn.init.zeros_(head.output.weight)
    torch.nn.init.zeros_(head.output.bias)
    features, labels = torch.zeros(3, 2), torch.tensor([0, 0, 1])
    values = torch.tensor([[8.0], [torch.nan], [torch.nan]])
    loss = head.loss(features, labels, values)
    assert float(loss.detach()) == 1.0  # mean 4, deviation 4
    loss.backward()
    assert head.output.bias.grad is not None
    assert torch.isfinite(head.output.bias.grad).all()
    assert float(head.loss(features, labels, torch.full((3, 1), torch.nan)).detach()) == 0.0


def test_columns_become_numbers(prepared: Path) -> None:
    dataset = PairDataset(prepared, "test")
    values = read_factors(dataset, ("height_m", "place"))
    silent = dataset.column("silent")
    assert np.isnan(values[silent]).all()
    assert np.array_equal(values[~silent, 1], dataset.column("place")[~silent])


def test_the_command_that_prepared_the_data_is_told(prepared: Path) -> None:
    card = Card.read(prepared)
    assert prepare_command(card) == "photism data prepare scenes"
    options = {"size": 64, "performances": 200, "hop_s": 0.25, "seconds": 5.0, "keep_silent": False}
    assert prepare_command(replace(card, name="orchestra", options=options)) == (
        "photism data prepare orchestra --performances 200 --hop-s 0.25 --size 64 --no-keep-silent"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["small", "--factors", "hight_m"],
            "no column 'hight_m' to read: did you mean 'height_m'?",
        ),
        (["small", "--factors", "scene"], "'scene' of .* holds string values, .* choose from: hei"),
        (["small", "--factors", "silent"], "'silent' of .* holds bool values"),
        (["lenet5"], "lenet5 takes grey pictures of 1 × 28 × 28, not 3 × 32 × 32"),
        (["small", "--shift", "0.5"], "shift must be at least 0 and below 0.5, not 0.5"),
        (["small", "--batch-size", "500"], "240 pictures are too few for batches of 500"),
        (["small", "--weights", "download"], "there are no ImageNet weights for small"),
        (["small", "--weights", "nowhere"], "no weights called 'nowhere'"),
        (["resnet5"], "unknown judge architecture 'resnet5': did you mean 'resnet50'?"),
    ],
)
def test_what_cannot_be_trained_is_told_in_one_line(
    prepared: Path,
    tmp_path: Path,
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "judge"
    line = says(["judge", "train", *options, "--data", str(prepared), "--out", str(out)], capsys)
    assert re.search(message, line), line
    assert not out.exists()


def test_data_that_no_judge_can_learn_from_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "judge")]
    train = ["judge", "train", "small", *out, "--data"]
    tiny = write_scenes(tmp_path / "tiny", size=12)
    assert "of 16 × 16 pixels or more, not 3 × 12 × 12" in says([*train, str(tiny)], capsys)
    none = write_scenes(tmp_path / "none", classes=())
    assert "has no classes, which is what a judge learns" in says([*train, str(none)], capsys)
    whole = write_scenes(tmp_path / "whole", train=30)
    assert "has no test split, only train: a judge is worth" in says([*train, str(whole)], capsys)
    assert "is not prepared yet: run `photism data prepare" in says([*train, "orchestra"], capsys)
    assert "did you mean 'orchestra'?" in says([*train, "orchestr"], capsys)
    digits = ["judge", "train", "lenet5", "--factors", "midi", *out]
    assert "mnist has no columns to read" in says(digits, capsys)


def test_pictures_that_a_judge_does_not_know_are_told(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = ["judge", "test", str(stored), "--data"]
    larger = write_scenes(tmp_path / "larger", size=48, test=12)
    assert "takes pictures of 3 × 32 × 32 (channel × height × width), not 3 × 48 × 48" in says(
        [*test, str(larger)], capsys
    )
    others = write_scenes(tmp_path / "others", classes=("tea", "soup", "milk"), test=12)
    assert "knows the classes red, green, blue, the data has tea" in says(
        [*test, str(others)], capsys
    )
    untested = write_scenes(tmp_path / "untested", train=12)
    assert "has no 'test' split" in says([*test, str(untested)], capsys)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confusion": [[1, 2], [3, 4]]}, "confusion is not 3 × 3"),
        ({"factor_r2": {"midi": 0.9}}, "factors .* but R² of .*midi"),
        ({"image_shape": [3, 32]}, "image_shape"),
        ({"image_shape": [3, 32, "x"]}, "is damaged"),
        ({"mood": "good"}, "mood"),
        ({"architecture": "large"}, "unknown judge architecture 'large'"),
        ({"image_shape": [2, 32, 32]}, "takes pictures, grey or in colour"),
        ({"classes": ["red", "green"], "confusion": []}, "is of another network"),
    ],
)
def test_a_damaged_card_is_refused(
    stored: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    folder = tmp_path / "judge"
    shutil.copytree(stored, folder)
    card = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(card | changes), encoding="utf-8")
    with pytest.raises((WeightsError, ConfigError), match=message):
        load_judge(folder)


@pytest.fixture(scope="module")
def stage_pictures() -> torch.Tensor:
    """Every instrument, three unseen players, low and high, quiet and loud."""
    pictures = [
        draw(name, Look.random(np.random.default_rng(seed)), pitch=pitch, level=level, size=64)
        for name in INSTRUMENTS
        for seed in (10**9, 10**9 + 1, 10**9 + 2)
        for pitch, level in ((0.1, 0.6), (0.9, 0.6), (0.5, 0.3), (0.5, 0.9))
    ]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def test_the_bundled_judge_of_scenes_is_what_its_card_says() -> None:
    judge = load_judge("small-orchestra")
    assert judge.classes == tuple(INSTRUMENTS)
    assert judge.image_shape == (3, 64, 64)
    assert judge.factors == ("midi", "level_db")
    assert judge.digest == sha256(ASSETS / "small-orchestra" / "model.safetensors")
    assert judge.card is not None
    assert judge.card.test_accuracy >= 0.99
    assert all(r2 is not None and r2 > 0.8 for r2 in judge.card.factor_r2.values())
    assert np.sum(judge.card.confusion) == judge.card.counts["test"]
    assert "--size 64" in judge.card.data
    assert judge.card.command.startswith("photism judge train small --data orchestra --factors")
    assert "CC0" in judge.card.licence


def test_the_bundled_judge_knows_instruments_in_the_hands_of_players_it_never_saw(
    stage_pictures: torch.Tensor,
) -> None:
    predicted = load_judge("small-orchestra")(stage_pictures).logits.argmax(dim=1)
    right = predicted.view(13, -1) == torch.arange(13)[:, None]
    assert right.float().mean() >= 0.98


def test_the_bundled_judge_sees_who_plays_higher_and_louder(stage_pictures: torch.Tensor) -> None:
    factors = load_judge("small-orchestra")(stage_pictures).factors
    assert factors is not None
    low, high, quiet, loud = factors.view(-1, 4, 2).unbind(dim=1)
    assert (high > low)[:, 0].float().mean() >= 0.95
    assert (high - low)[:, 0].mean() > 12  # semitones; most of each instrument's range lies between
    assert (loud > quiet)[:, 1].float().mean() == 1
    assert (high - low)[:, 1].abs().mean() < (loud - quiet)[:, 1].mean() / 3
