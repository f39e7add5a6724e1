"""Judges: architecture, training by the command, what is stored, and what is refused."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from photism.cli import main
from photism.errors import ConfigError, DataError
from photism.files import sha256
from photism.judges.data import JudgeData, Pictures
from photism.judges.lenet5 import LeNet5
from photism.judges.recipe import JudgeRecipe
from photism.judges.training import measure, train_judge
from photism.judges.weights import ASSETS, load_judge
from photism.systems.base import parameter_count

DIGITS = tuple("0123456789")
CPU = torch.device("cpu")


def bars(count: int, seed: int) -> Pictures:
    """Pictures whose class is the place of a bright bar."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = rng.integers(0, 60, (count, 28, 28, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 2 * label : 5 + 2 * label] = 255
    return Pictures.of_array(images, labels)


def bars_data(train: int = 270, validation: int = 30) -> JudgeData:
    parts = (bars(train, 0), bars(validation, 2), bars(100, 1))
    return JudgeData("bars", "bars", "CC0-1.0", DIGITS, (1, 28, 28), *parts)


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def fake_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mnist")
    for name, pictures in (("train", bars(300, 0)), ("t10k", bars(100, 1))):
        write_idx(folder / f"{name}-images-idx3-ubyte", pictures.images[pictures.rows][..., 0])
        write_idx(folder / f"{name}-labels-idx1-ubyte", pictures.labels)
    return folder


def train_args(fake_mnist: Path, out: Path, *options: str) -> list[str]:
    sizes = ("--epochs", "4", "--batch-size", "30", "--lr", "0.003", "--device", "cpu")
    return [
        "judge",
        "train",
        "lenet5",
        "--from",
        str(fake_mnist),
        "--out",
        str(out),
        *sizes,
        *options,
    ]


@pytest.fixture(scope="module")
def stored(fake_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judges") / "bars"
    assert main(train_args(fake_mnist, folder)) == 0
    return folder


def test_lenet5_has_the_parameters_and_features_of_the_paper() -> None:
    judge = LeNet5("judge", DIGITS)
    output = judge(torch.rand(3, 1, 28, 28) * 2 - 1)
    assert parameter_count(judge) == 61_706
    assert output.logits.shape == (3, 10)
    assert output.features.shape == (3, 84)
    assert (output.features >= 0).all()
    sizes = [parameter_count(layer) for layer in judge.children()]
    assert sizes == [156, 2_416, 48_120, 10_164, 850]


def test_lenet5_sees_black_around_the_picture() -> None:
    judge = LeNet5("judge", DIGITS)
    inner = torch.rand(1, 1, 28, 28) * 2 - 1
    padded = torch.nn.functional.pad(inner, (2, 2, 2, 2), value=-1)
    first = judge.conv1((padded + 1) / 2)
    seen: list[torch.Tensor] = []
    judge.conv1.register_forward_hook(lambda module, inputs, output: seen.append(output))
    judge(inner)
    assert torch.allclose(seen[0], first)


def test_the_bundled_judge_is_frozen_and_is_what_its_card_says() -> None:
    judge = load_judge("lenet5-mnist")
    assert judge.classes == DIGITS
    assert judge.accuracy is not None
    assert judge.accuracy >= 0.987
    assert judge.digest == sha256(ASSETS / "lenet5-mnist" / "model.safetensors")
    assert not judge.training
    assert not any(p.requires_grad for p in judge.parameters())
    card = (ASSETS / "lenet5-mnist" / "README.md").read_text(encoding="utf-8")
    assert judge.digest in card
    assert f"{judge.accuracy:.2%}" in card
    assert "CC BY-SA 3.0" in card


@pytest.mark.data
def test_the_bundled_judge_reaches_its_figure_on_real_mnist(
    real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "test", "lenet5-mnist", "--from", str(real_data / "mnist")]) == 0
    stated = load_judge("lenet5-mnist").accuracy
    assert f"{stated:.2%} of 10,000 mnist test pictures" in capsys.readouterr().out


def test_a_trained_judge_is_stored_with_its_card(stored: Path, fake_mnist: Path) -> None:
    card = json.loads((stored / "config.json").read_text(encoding="utf-8"))
    assert card["name"] == "lenet5-mnist"
    assert card["counts"] == {"train": 270, "validation": 30, "test": 100}
    assert card["sha256"] == sha256(stored / "model.safetensors")
    assert card["command"] == (
        "photism judge train lenet5 --data mnist --epochs 4 --batch-size 30 --lr 0.003 --seed 0"
        " --out lenet5-mnist"
    )
    judge = load_judge(stored)
    assert judge.accuracy == card["test_accuracy"] > 0.5
    assert measure(judge, bars(100, 1)).accuracy == judge.accuracy
    assert (stored / "model.safetensors").stat().st_size < 130_000  # half precision


def test_the_same_seed_trains_the_same_judge(
    stored: Path, fake_mnist: Path, tmp_path: Path
) -> None:
    assert main(train_args(fake_mnist, tmp_path / "same")) == 0
    assert main(train_args(fake_mnist, tmp_path / "other", "--seed", "1")) == 0
    digests = [load_judge(folder).digest for folder in (stored, tmp_path / "same")]
    assert digests[0] == digests[1] != load_judge(tmp_path / "other").digest


def test_the_best_epoch_on_held_out_pictures_is_kept() -> None:
    recipe = JudgeRecipe(epochs=5, batch_size=30, lr=0.003)
    trained = train_judge("lenet5", "bars", bars_data(), recipe, device=CPU)
    best = max(epoch.validation.accuracy for epoch in trained.history)
    first = next(e for e in trained.history if e.validation.accuracy == best)
    assert trained.chosen is first
    assert [epoch.number for epoch in trained.history] == [1, 2, 3, 4, 5]
    shorter = JudgeRecipe(epochs=first.number, batch_size=30, lr=0.003)
    again = train_judge("lenet5", "bars", bars_data(), shorter, device=CPU)
    for name, value in trained.judge.state_dict().items():
        assert torch.equal(value, again.judge.state_dict()[name])


def test_pictures_and_classes_of_another_kind_are_refused() -> None:
    judge = load_judge("lenet5-mnist")
    with pytest.raises(DataError, match=r"takes pictures of 1 × 28 × 28 .* not 3 × 28 × 28"):
        judge(torch.zeros(1, 3, 28, 28))
    with pytest.raises(ConfigError, match="knows the classes 0, 1, 2, … 9, the data has cat, dog"):
        judge.require_classes(("cat", "dog"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"lr": 0.0}, "lr must be above 0"),
        ({"validation": 1.0}, "validation must be above 0 and below 1"),
    ],
)
def test_a_recipe_is_checked(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        JudgeRecipe(**changes)  # type: ignore[arg-type]


def test_too_few_pictures_are_told() -> None:
    with pytest.raises(DataError, match="20 pictures are too few for batches of 128"):
        train_judge("lenet5", "bars", bars_data(train=20), JudgeRecipe(), device=CPU)
    with pytest.raises(DataError, match="3 pictures but 2 labels"):
        Pictures.of_array(np.zeros((3, 28, 28, 1), np.uint8), np.zeros(2, np.int64))


def says(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a refused command prints."""
    assert main(argv) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_unknown_names_are_met_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "judge")]
    assert "did you mean 'lenet5'?" in says(["judge", "train", "lenet", *out], capsys)
    assert "did you mean 'mnist'?" in says(
        ["judge", "train", "lenet5", "--data", "mnits", *out], capsys
    )
    assert "run `photism data fetch mnist`" in says(["judge", "train", "lenet5", *out], capsys)
    assert "did you mean 'lenet5-mnist'?" in says(["judge", "test", "lenet5-mnits"], capsys)
    assert not (tmp_path / "judge").exists()


def damage(stored: Path, folder: Path, kind: str) -> Path:
    """Copy a stored judge and break the copy; return what to load."""
    shutil.copytree(stored, folder)
    weights, config = folder / "model.safetensors", folder / "config.json"
    if kind == "truncated":
        weights.write_bytes(weights.read_bytes()[:50_000])
    elif kind == "pickle":
        weights.write_bytes(pickle.dumps({"conv1": [1.0]}))
    elif kind == "foreign":
        save_file({"layer": torch.zeros(3)}, weights)
    elif kind == "replaced":
        save_file(
            {k: torch.zeros_like(v) for k, v in load_judge(stored).state_dict().items()}, weights
        )
    elif kind == "no weights":
        weights.unlink()
    elif kind == "no config":
        config.unlink()
    elif kind == "cut config":
        config.write_text(config.read_text(encoding="utf-8")[:80], encoding="utf-8")
    elif kind == "other config":
        config.write_text('{"system": "aivae"}', encoding="utf-8")
    elif kind == "a file":
        return weights
    return folder


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("truncated", "cut short"),
        ("pickle", "is a pickle"),
        ("foreign", "is of another network"),
        ("replaced", "is not the file that config.json describes"),
        ("no weights", "model.safetensors is missing"),
        ("no config", "holds no judge: config.json is missing"),
        ("cut config", "config.json is damaged"),
        ("other config", "holds no judge: config.json does not say"),
        ("a file", "is a file: a judge is a folder"),
    ],
)
def test_damaged_judges_are_refused_in_one_line(
    stored: Path, tmp_path: Path, kind: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damage(stored, tmp_path / "judge", kind)
    assert message in says(["judge", "test", str(path)], capsys)


def test_the_list_shows_the_bundled_judges(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "list"]) == 0
    digits, scenes, sounds, world = capsys.readouterr().out.splitlines()
    assert digits.startswith(f"lenet5-mnist  {load_judge('lenet5-mnist').accuracy:.2%}")
    assert "10 classes, 1 × 28 × 28" in digits
    assert scenes.startswith(f"small-orchestra  {load_judge('small-orchestra').accuracy:.2%}")
    assert "R² of midi" in scenes
    assert sounds.startswith(
        f"small-orchestra-sound  {load_judge('small-orchestra-sound').accuracy:.2%}"
    )
    assert world.startswith(f"small-scenes  {load_judge('small-scenes').accuracy:.2%}")
