"""A real server on loopback, in a thread of the test's process, and how to speak to it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from recordings import untrained

from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.weights import save_weights

pytest.importorskip("fastapi", reason="the extra `web` is not installed")
pytest.importorskip("uvicorn", reason="the extra `web` is not installed")

from photism.serve.app import create_app
from photism.serve.limits import ServerLimits
from photism.serve.served import Served, load_served
from photism.serve.server import bound, server_of

PAINTER, PLAYER = "painter", "player"
"""Untrained systems: from sounds to pictures, and back."""


def both_ways(folder: Path) -> Served:
    """A system that paints and one that plays, drawn at random."""
    untrained(folder / PAINTER)
    kind = SYSTEMS["s2ic"]
    torch.manual_seed(0)
    player = kind(replace(kind.presets["debug"], target="sound"))
    save_weights(player, folder / PLAYER, preset="debug", card=WeightsCard())
    return load_served((str(folder / PAINTER), str(folder / PLAYER)), "cpu")


@contextlib.contextmanager
def running(
    served: Served, limits: ServerLimits | None = None, token: str | None = None
) -> Iterator[str]:
    """Yield the address of a server that answers, and stop it."""
    limits = limits or ServerLimits()
    ready = threading.Event()
    with bound("127.0.0.1", 0) as (listening, address):
        app = create_app(served, limits, token=token)
        server = server_of(app, limits, ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            assert ready.wait(30)
            yield address.rstrip("/")
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
