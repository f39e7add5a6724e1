"""One data set of several: nothing of a pair changes, and what does not fit is said in a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photism.cli import main
from photism.data.card import ArraySpec, Card
from photism.data.join import join
from photism.data.pairs import PairDataset
from photism.data.verify import verify
from photism.data.writer import PairWriter
from photism.errors import DataError, StorageError

COLUMNS = {"player": "string", "take": "int"}


def a_set(
    folder: Path,
    *,
    players: Mapping[str, str],
    columns: Mapping[str, str] = COLUMNS,
    seed: int = 0,
    **changed: Any,
) -> Path:
    """Write a set in which each player, of the split it is told, has five random pairs."""
    said: dict[str, Any] = {
        "name": "noise", "description": f"noise {seed}", "licence": f"CC{seed}",
        "classes": ("low", "high"), "sound": ArraySpec((1, 4, 4), "float16"),
        "image": ArraySpec((4, 4, 3)), "front_end": "none", "front_end_config": {"rate": 8000},
        "group": "player", "notes": ("made for a test",),
    }  # fmt: skip
    card = Card(**said | {"columns": columns, "seed": seed} | changed)
    rng = np.random.default_rng(seed)
    with PairWriter(folder, card) as writer:
        for player, split in players.items():
            given = {"player": [player] * 5, "take": np.arange(5), "room": ["hall"] * 5}
            writer.write(
                split,
                sound=rng.uniform(-1, 1, (5, *card.sound.shape)).astype(np.float16),
                image=rng.integers(0, 256, (5, *card.image.shape), dtype=np.uint8),
                label=rng.integers(0, 2, 5),
                key=[f"{player}/{take}" for take in range(5)],
                columns={name: given[name] for name in columns},
            )
    return folder


def test_nothing_of_a_pair_changes(tmp_path: Path) -> None:
    first = a_set(tmp_path / "first", players={"ann": "train", "bob": "test"})
    more = {**COLUMNS, "room": "string"}
    second = a_set(
        tmp_path / "second", players={"ann": "train", "cid": "train"}, columns=more, seed=1
    )
    card = join([first, second], tmp_path / "all")
    assert verify(tmp_path / "all") == []
    assert card.licence == "CC0; CC1"
    assert card.columns == {**COLUMNS, "source": "string"}
    assert card.options["second"]["seed"] == 1
    assert "second: 10 for train pairs of noise; columns left out: room" in card.notes
    parts = [PairDataset(folder, "train") for folder in (first, second)]
    whole = PairDataset(tmp_path / "all", "train")
    rows = np.arange(15)
    assert whole.column("source").tolist() == ["first"] * 5 + ["second"] * 10
    assert whole.column("key")[5] == "second/ann/0"
    for take in ("sounds", "images"):
        stored = [getattr(part, take)(np.arange(len(part))) for part in parts]
        np.testing.assert_array_equal(getattr(whole, take)(rows), np.concatenate(stored))
    for column in ("label", *COLUMNS):
        stored = [part.column(column) for part in parts]
        np.testing.assert_array_equal(whole.column(column), np.concatenate(stored))
    assert len(PairDataset(tmp_path / "all", "test")) == 5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sound": ArraySpec((1, 4, 5), "float16")}, "sounds 1×4×5 float16, not 1×4×4 float16"),
        ({"image": ArraySpec((4, 4, 1))}, "pictures 4×4×1 uint8, not 4×4×3 uint8"),
        ({"front_end": "other"}, "front end other, not none"),
        ({"front_end_config": {"rate": 16000}}, "front ends differ in rate"),
        ({"classes": ("low", "loud")}, "classes low, loud, not low, high"),
        ({"group": "take"}, "column that they are split by: take, not player"),
        ({"players": {"ann": "test"}}, "player ann is for train in first and for test in second"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    first = a_set(tmp_path / "first", players={"ann": "train"})
    second = a_set(tmp_path / "second", **{"players": {"cid": "train"}} | changed)
    with pytest.raises(DataError, match=message):
        join([first, second], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_folders_that_cannot_be_joined(tmp_path: Path) -> None:
    first = a_set(tmp_path / "first", players={"ann": "train"})
    again = a_set(tmp_path / "elsewhere" / "first", players={"bob": "train"})
    second = a_set(tmp_path / "second", players={"cid": "train"})
    with pytest.raises(DataError, match="two prepared data sets or more"):
        join([first], tmp_path / "all")
    with pytest.raises(DataError, match="folders of one name: rename one"):
        join([first, again], tmp_path / "all")
    with pytest.raises(DataError, match="is one of the sets to join"):
        join([first, second], second)
    join([first, second], tmp_path / "all")
    with pytest.raises(DataError, match="all is joined already: join what it was made of"):
        join([tmp_path / "all", again], tmp_path / "more")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(StorageError, match="holds something else"):
        join([first, second], tmp_path / "mine")


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        str(a_set(tmp_path / name, players={name: "train"}, seed=seed))
        for seed, name in enumerate(("ann", "bob"))
    ]
    assert main(["data", "join", str(tmp_path / "all"), *names]) == 0
    assert "ann: 5 for train pairs of noise" in capsys.readouterr().out
    assert main(["data", "join", str(tmp_path / "all"), names[0], "bobb"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
