"""Opens damaged copies of prepared data, in a process of its own: a damaged shard may crash it.

    python open_mutated.py FOLDER FIRST LAST

Prints a line for each seed: "opened" or "refused"; anything but an error of ours ends it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import sys
from pathlib import Path

import numpy as np
from mutations import mutated, mutated_json

from photism.cli import main
from photism.data.card import CARD
from photism.data.pairs import PairDataset, PairLoader
from photism.errors import PhotismError

SHARD = "train-00000.arrow"


def damage(folder: Path, rng: random.Random) -> bool:
    """Damage a card or a shard; return whether whoever did it made the checksum agree."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    what = rng.randrange(4)
    if what == 0:
        (folder / CARD).write_bytes(mutated((folder / CARD).read_bytes(), rng))
    elif what == 1:
        for _ in range(rng.randint(1, 3)):
            card = mutated_json(card, rng)
        (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    else:
        content = mutated((folder / SHARD).read_bytes(), rng)
        (folder / SHARD).write_bytes(content)
        if what == 3:
            card["shards"][SHARD]["sha256"] = hashlib.sha256(content).hexdigest()
            (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    return what != 2


def use(folder: Path) -> None:
    """Do with a data set what training, `photism data inspect` and `verify` do."""
    dataset = PairDataset(folder, "train")
    for name in ("key", *dataset.card.columns):
        dataset.column(name)
    for batch in PairLoader(dataset, 8, shuffle=False).epoch():
        assert batch.sound.isfinite().all()
        assert batch.image.abs().max() <= 1.01
        assert batch.label.max() < max(1, len(dataset.card.classes))
    assert dataset.sounds(np.arange(len(dataset))).shape[1:] == dataset.card.sound.shape


def told(*arguments: str) -> None:
    """Run a command, which ends well or with lines for people."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(["data", *arguments])
    assert code in (0, 2), code
    assert "\x1b" not in said.getvalue()


def open_mutated(original: Path, seed: int, scratch: Path) -> str:
    """Damage a copy and open it: "opened" or "refused"."""
    copy = scratch / "mutated"
    shutil.copytree(original, copy)
    sealed = damage(copy, random.Random(seed))
    unchanged = (copy / SHARD).read_bytes() == (original / SHARD).read_bytes()
    try:
        use(copy)
    except PhotismError as error:
        outcome, lines = "refused", len(str(error).splitlines())
    else:
        outcome, lines = "opened", 1
        assert sealed or unchanged, "damage was not noticed"
    assert lines == 1, "an error in several lines"
    told("inspect", str(copy), "--out", str(scratch / "sheet.png"))
    told("verify", str(copy))
    shutil.rmtree(copy)
    assert set(os.listdir(scratch)) <= {"sheet.png"}, "written outside the folder"
    return outcome


if __name__ == "__main__":
    place = Path(sys.argv[1])
    work = place.parent / f"work {sys.argv[2]}"
    work.mkdir()
    os.chdir(work)
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        print(number, end=" ", flush=True)
        print(open_mutated(place, number, work), flush=True)
