"""What a run reads: pairs with and without classes, sounds alone, shapes; and its sample grids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from toy_of import Toy, phase, slope, stage, toy, toy_options, weight, write_toys

from photism.cli import main
from photism.data.card import Card
from photism.data.inspect import contact_sheet
from photism.data.pairs import PairDataset
from photism.data.verify import verify
from photism.data.writer import PairWriter
from photism.errors import ConfigError, DataError, TrainingError
from photism.systems import SYSTEMS
from photism.systems.weights import load_weights
from photism.training import samples
from photism.training.checkpoint import list_checkpoints
from photism.training.loop import Interrupted
from photism.training.options import TrainOptions
from photism.training.run import train


@pytest.fixture
def captions(monkeypatch) -> list[str]:
    """The captions of all sample grids, as they were drawn."""
    seen: list[str] = []
    drawn = samples.grid

    def noted(pictures, columns, *, labels):
        assert len(pictures) == len(labels)
        seen.extend(labels)
        return drawn(pictures, columns, labels=labels)

    monkeypatch.setattr(samples, "grid", noted)
    return seen


@pytest.fixture
def run(tmp_path, monkeypatch) -> Callable[..., Path]:
    """Train a toy on data of its own and return the run folder."""

    def trained(data: Path, *, made=("image",), critic=None, **changes) -> Path:
        monkeypatch.setitem(SYSTEMS, "toy", toy(slope, stage(epochs=2), made=made))
        out = changes.pop("out", tmp_path / "run")
        options = toy_options(data, out, **{"validation": 0.3, **changes})
        train(options, critic=critic)
        return options.out

    return trained


def test_data_without_classes_is_trained_watched_and_shown(run, tmp_path, captions):
    folder = run(write_toys(tmp_path / "toys", classes=0))
    assert {path.name for path in (folder / "samples").iterdir()} == {
        "epoch-0001.png",
        "epoch-0002.png",
    }
    assert list_checkpoints(folder / "checkpoints")
    assert load_weights(folder).card.classes == ()
    assert set(captions) == {"sound", "image", "image made"}
    assert len(captions) == 2 * 3 * 7  # of 24 pairs 7 are held out, and all of those are shown


def test_pairs_without_a_class_are_not_shown_as_the_last_one(run, tmp_path, captions):
    data = write_toys(tmp_path / "toys", count=40, classes=2, unlabelled=20)
    run(data, epochs=1)
    held = {name: captions.count(f"{name}sound") for name in ("“class 0” ", "“class 1” ", "")}
    assert held == {"“class 0” ": 3, "“class 1” ": 3, "": 3}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (("image",), ["“class 0” sound", "“class 0” image", "image made"]),
        (("sound",), ["“class 0” image", "“class 0” sound", "sound made"]),
        (("image", "sound"), ["“class 0” sound", "“class 0” image", "image made", "sound made"]),
    ],
)
def test_samples_show_what_the_system_makes(run, tmp_path, captions, made, expected):
    folder = run(write_toys(tmp_path / "toys"), made=made, epochs=1)
    assert captions[: len(expected)] == expected
    assert load_weights(folder).targets == made


def test_samples_are_made_of_the_other_half_of_their_pair(run, tmp_path):
    """The toy gives the mean of what it is given: bright where that is bright."""
    data = write_toys(tmp_path / "toys", count=8, classes=0)
    for made in ("sound", "image"):
        folder = run(data, made=(made,), epochs=1, out=tmp_path / made)
        sheet = np.asarray(Image.open(folder / "samples" / "epoch-0001.png").convert("L"))
        assert len(np.unique(sheet)) > 3


def test_of_many_classes_some_are_shown(run, tmp_path, captions):
    run(write_toys(tmp_path / "toys", count=480, classes=80), epochs=1, validation=0.5)
    assert len(captions) == 3 * samples.MOST
    assert captions[0] == "“class 0” sound"


def test_a_critic_sees_pairs_that_have_a_class(run, tmp_path):
    seen = []

    def critic(system, batch):
        seen.extend(batch.label.tolist())
        return torch.ones(len(batch), dtype=torch.bool)

    data = write_toys(tmp_path / "toys", count=40, unlabelled=20)
    run(data, epochs=1, judge="mine", critic=critic)
    assert len(seen) == 6
    assert min(seen) == 0
    without = write_toys(tmp_path / "without", classes=0)
    with pytest.raises(ConfigError, match=r"judge mine .* have a class, and there are none"):
        run(without, judge="mine", critic=critic, out=tmp_path / "other")


# Shapes.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": (2, 2, 3)}, r"has pictures of 3 × 2 × 2 .*, Toy wants 1 × 2 × 2"),
        ({"image": (4, 4, 1)}, r"has pictures of 1 × 4 × 4 .*, Toy wants 1 × 2 × 2"),
        ({"sound": (1, 2, 4)}, r"has sounds of 1 × 2 × 4 .*, Toy wants 1 × 2 × 3"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_pairs_of_another_shape_are_one_line(tmp_path, monkeypatch, capsys, change, message, dry):
    monkeypatch.setitem(SYSTEMS, "toy", toy(slope, stage()))
    data = write_toys(tmp_path / "toys", **change)
    command = ["train", "toy", "--data", str(data), "--out", str(tmp_path / "run"), *dry]
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    with pytest.raises(DataError, match=message):
        train(toy_options(data, tmp_path / "run"))
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_height_and_width_are_the_affair_of_systems_that_resize(tmp_path, monkeypatch):
    cls = toy(slope, stage())
    cls.resizes = ("image",)
    monkeypatch.setitem(SYSTEMS, "toy", cls)
    train(toy_options(write_toys(tmp_path / "large", image=(4, 5, 1)), tmp_path / "run"))
    data = write_toys(tmp_path / "colour", image=(4, 5, 3))
    with pytest.raises(DataError, match="3 × 4 × 5"):
        train(toy_options(data, tmp_path / "other"))


# Sounds alone.


def write_sounds(folder: Path, *, count: int = 12, front_end: str = "toy", width: int = 3) -> Path:
    """Write sounds without pictures, as bright as their number."""
    pairs = write_toys(folder.with_name("pairs-for-a-card"), sound=(1, 2, width))
    card = replace(Card.read(pairs), classes=(), front_end=front_end, counts={}, shards={})
    card = replace(card, image=replace(card.image, shape=(0, 0, 0)))
    with PairWriter(folder, card) as writer:
        writer.write(
            "train",
            sound=np.tile(np.arange(count, dtype=np.uint8)[:, None, None, None], (1, 2, width)),
            label=np.full(count, -1),
            key=[str(number) for number in range(count)],
        )
    return folder


def test_prepared_sounds_need_no_pictures(tmp_path):
    folder = write_sounds(tmp_path / "sounds")
    assert Card.read(folder).holds == ("sound",)
    dataset = PairDataset(folder, "train", needs=("sound",))
    assert dataset.sounds(np.array([3])).max() == 3
    assert verify(folder) == []
    assert contact_sheet(folder).height > 90
    with pytest.raises(DataError, match="sounds holds sounds alone: pairs with pictures"):
        PairDataset(folder, "train")


def test_a_stage_may_read_other_sounds_than_those_of_the_pairs(tmp_path, monkeypatch, capsys):
    seen: dict[str, list[tuple]] = {}

    def noted(system: Toy, name, batch, step):
        shapes = tuple(batch.sound.shape), tuple(batch.image.shape)
        seen.setdefault(name, []).append((*shapes, batch.row.tolist()))
        return slope(system, name, batch, step)

    stages = stage(name="ear", reads=("sound",)), stage(phase("second"), name="eye")
    monkeypatch.setitem(SYSTEMS, "toy", toy(noted, *stages))
    data, sounds = write_toys(tmp_path / "toys"), write_sounds(tmp_path / "sounds")
    of_pairs = toy_options(data, tmp_path / "pairs")
    train(of_pairs)
    assert {(sound, image) for sound, image, _ in seen["first"]} == {((4, 1, 2, 3), (4, 0, 0, 0))}
    assert {(sound, image) for sound, image, _ in seen["second"]} == {((4, 1, 2, 3), (4, 1, 2, 2))}
    assert len(seen["first"]) == len(seen["second"]) == 6
    seen.clear()
    own = toy_options(data, tmp_path / "own", sounds=sounds)
    with pytest.raises(Interrupted):
        train(replace(own, max_steps=2))
    write_sounds(sounds, count=16)
    with pytest.raises(TrainingError, match=r"other data: train-00000\.arrow of --sounds differ"):
        train(TrainOptions.read(own.out), resume=True)
    write_sounds(sounds)
    train(replace(TrainOptions.read(own.out), max_steps=None), resume=True)
    assert sorted(row for _, _, rows in seen["first"] for row in rows) == list(range(12))
    assert len(seen["second"]) == 6
    assert (weight(own.out, "first"), weight(own.out, "second")) == (-1.5, -3)
    assert "--sounds toys" in load_weights(own.out).card.command
    command = ["train", "toy", "--data", str(data), "--sounds", str(sounds), "--dry-run"]
    assert main(command) == 0
    assert "reads sound\n" in capsys.readouterr().out


def test_a_stage_that_reads_sounds_alone_trains_without_pictures(tmp_path, monkeypatch):
    stages = stage(name="ear", reads=("sound",)), stage(phase("second"), name="eye")
    monkeypatch.setitem(SYSTEMS, "toy", toy(slope, *stages))
    sounds = write_sounds(tmp_path / "sounds")
    train(replace(toy_options(sounds, tmp_path / "run"), stages=("ear",)))
    assert weight(tmp_path / "run", "first") == -1.5
    with pytest.raises(DataError, match="sounds holds sounds alone: pairs with pictures"):
        train(toy_options(sounds, tmp_path / "both"))


@pytest.mark.parametrize(
    ("reads", "change", "message"),
    [
        (("sound", "image"), {}, "no stage of Toy reads sounds alone: leave --sounds out"),
        (("sound",), {"front_end": "other"}, "sounds was prepared with front end 'other'"),
        (("sound",), {"width": 5}, "sounds has sounds of 1 × 2 × 5"),
        (("sound",), {"count": 3}, "3 pairs are fewer than a batch of 4"),
    ],
)
def test_sounds_that_do_not_fit_are_refused(tmp_path, monkeypatch, reads, change, message):
    monkeypatch.setitem(SYSTEMS, "toy", toy(slope, stage(reads=reads)))
    data, sounds = write_toys(tmp_path / "toys"), write_sounds(tmp_path / "sounds", **change)
    with pytest.raises((ConfigError, DataError), match=message):
        train(toy_options(data, tmp_path / "run", sounds=sounds))
