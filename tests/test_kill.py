"""Runs of every kind of system, killed twenty times at random moments, end in the same bits.

The moments are drawn over the time that a whole run takes, so that they fall into steps, looks at
held-out pairs, checkpoints, and the first moments of going on. As process 1, as in a container, a
run meets what others of its own number left behind.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from photism.data.card import ArraySpec, Card
from photism.data.writer import PairWriter
from photism.systems import SYSTEMS
from photism.training.checkpoint import list_checkpoints
from photism.training.options import TrainOptions
from photism.training.run import train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kills as Linux does"),
]
KILLS = 20
NEW_PIDS, DEATH_SIGNAL = 0x20000000, 1
"""CLONE_NEWPID and PR_SET_PDEATHSIG of Linux."""


def write_pairs_for(name: str, folder: Path) -> Path:
    """Write random pairs in the form that the debug preset of a system wants."""
    cls = SYSTEMS[name]
    system = cls(cls.presets["debug"])
    classes = getattr(system.config, "classes", 2)
    sound, (channel, height, width) = system.shape("sound"), system.shape("image")
    card = Card(
        name="noise",
        description="noise",
        licence="CC0-1.0",
        classes=tuple(str(number) for number in range(classes)),
        sound=ArraySpec(sound),
        image=ArraySpec((height, width, channel)),
        front_end=system.config.front_end,
        front_end_config={},
        group="key",
    )
    count, rng = 4 * classes if classes > 8 else 52, np.random.default_rng(0)
    with PairWriter(folder, card) as writer:
        writer.write(
            "train",
            sound=rng.integers(0, 256, (count, *sound), np.uint8),
            image=rng.integers(0, 256, (count, height, width, channel), np.uint8),
            label=np.arange(count) % classes,
            key=[str(number) for number in range(count)],
        )
    return folder


def victim(name: str, data: Path, run: Path, alive: Connection, alone: bool) -> None:
    """Train or go on; `alive` is open as long as anything of it lives."""
    libc = ctypes.CDLL(None)
    if alone:
        assert libc.unshare(NEW_PIDS) == 0
        if child := os.fork():
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
        assert os.getpid() == 1
    options = TrainOptions(
        name,
        data,
        run,
        preset="debug",
        epochs=2,
        device="cpu",
        ema=0.9,
        validation=0.25,
        log_every=3,
        checkpoint_every=4,
    )
    train(options, resume=True)
    os._exit(0)


@pytest.fixture(scope="module")
def fork() -> Callable[..., float | None]:
    """Start a victim in a process that has imported all; kill it after some seconds.

    Returns how long it took, or None if it was killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["photism.training.run", "matplotlib", "accelerate"])

    def start(name: str, data: Path, run: Path, alone: bool, kill_after_s: float | None):
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=victim, args=(name, data, run, writer, alone))
        begun = time.monotonic()
        process.start()
        writer.close()
        process.join(kill_after_s)
        if killed := process.exitcode is None:
            process.kill()
        with pytest.raises(EOFError):  # its child in a space of its own is dead too
            reader.recv()
        process.join()
        assert killed or process.exitcode == 0
        return None if killed else time.monotonic() - begun

    return start


def kept(run: Path) -> dict[str, bytes | list[dict]]:
    """Return all that a run leaves, but for times."""
    [*_, last] = list_checkpoints(run / "checkpoints")
    files = {path.name: path.read_bytes() for path in last.iterdir() if path.suffix != ".json"}
    files["weights"] = (run / "weights" / "model.safetensors").read_bytes()
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines if '"start"' not in line]
    for record in records:
        del record["seconds"]
    return {**files, "records": records}


@pytest.mark.parametrize("alone", [False, True], ids=["any process", "process 1"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_kill_9_at_random_moments(name, alone, fork, tmp_path):
    if alone and os.geteuid() != 0:
        pytest.skip("only root may be process 1 of a space of its own")
    data = write_pairs_for(name, tmp_path / "data")
    lasted_s = fork(name, data, tmp_path / "whole", alone, None)
    expected, run, rng = kept(tmp_path / "whole"), tmp_path / "run", random.Random(name)
    kills = 0
    while kills < KILLS:
        if fork(name, data, run, alone, rng.uniform(0, lasted_s)) is None:
            kills += 1
            continue
        assert kept(run) == expected
        shutil.rmtree(run)
    fork(name, data, run, alone, None)
    assert kept(run) == expected
    assert not list(run.rglob(".photism-*/*"))
