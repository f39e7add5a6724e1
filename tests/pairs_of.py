"""Small made-up data sets of pairs for tests: each class has its own sound and its own picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from photism.data.card import ArraySpec, Card
from photism.data.writer import PairWriter


def write_digits(
    folder: Path, *, train: int = 240, validation: int = 0, test: int = 60, seed: int = 0
) -> Path:
    """Write pairs shaped like spoken digits and MNIST; three pairs share a recording."""
    rng = np.random.default_rng(seed)
    sounds = rng.integers(0, 256, (10, 1, 6, 6))
    pictures = rng.integers(0, 2, (10, 7, 7, 1)) * 255
    card = Card(
        name="made-up digits",
        description="blocks of noise",
        licence="CC0-1.0",
        classes=tuple("0123456789"),
        sound=ArraySpec((1, 48, 48)),
        image=ArraySpec((28, 28, 1)),
        front_end="aivae-8k",
        front_end_config={},
        group="recording",
        columns={"recording": "string"},
    )
    with PairWriter(folder, card) as writer:
        for split, count in (("train", train), ("validation", validation), ("test", test)):
            if count == 0:
                continue
            label = np.arange(count) % 10
            sound = np.kron(sounds[label], np.ones((1, 1, 8, 8)))
            sound = sound + rng.normal(0, 20, sound.shape)
            writer.write(
                split,
                sound=np.clip(sound, 0, 255).astype(np.uint8),
                image=np.kron(pictures[label], np.ones((1, 4, 4, 1))).astype(np.uint8),
                label=label,
                key=[f"{split}-{row}" for row in range(count)],
                columns={"recording": [f"{split}-{row % 10}-{row // 30}" for row in range(count)]},
            )
    return folder


def write_players(
    folder: Path,
    *,
    train: int = 78,
    size: int = 32,
    classes: int = 4,
    grey: bool = False,
    unlabelled: int = 0,
    test: int = 0,
    front_end: str = "car-gan",
) -> Path:
    """Write pairs shaped like instruments and their players; pairs of a performance are alike.

    The last `unlabelled` pairs have no class.
    """
    rng = np.random.default_rng(0)
    channels = 1 if grey else 3
    sounds = rng.integers(0, 256, (classes, 3, 8, 8))
    pictures = rng.integers(0, 256, (classes, 8, 8, channels))
    card = Card(
        name="made-up players",
        description="blocks of noise",
        licence="CC0-1.0",
        classes=tuple(f"instrument {index}" for index in range(classes)),
        sound=ArraySpec((3, size, size)),
        image=ArraySpec((size, size, channels)),
        front_end=front_end,
        front_end_config={"origin": {"car-gan": "left"}.get(front_end, "bottom")},
        group="performance",
        columns={"performance": "string"},
    )
    block = size // 8
    with PairWriter(folder, card) as writer:
        for split, count in (("train", train), ("test", test)):
            if count == 0:
                continue
            label = np.arange(count) % classes
            sound = np.kron(sounds[label], np.ones((1, 1, block, block)))
            sound = np.clip(sound + rng.normal(0, 20, sound.shape), 0, 255)
            writer.write(
                split,
                sound=sound.astype(np.uint8),
                image=np.kron(pictures[label], np.ones((1, block, block, 1))).astype(np.uint8),
                label=np.where(np.arange(count) < count - unlabelled, label, -1),
                key=[f"{split} {row}" for row in range(count)],
                columns={
                    "performance": [f"{split} {row % classes}-{row // 20}" for row in range(count)]
                },
            )
    return folder
