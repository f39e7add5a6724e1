"""A small ESC-10: a few recordings of two classes, made of clicks and noise."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import soundfile

NAME = "ESC-10-master.tar.gz"
RATE = 44_100


def clicks(count: int, *, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    """So many clicks, evenly over the time, each fading within some 50 ms."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    noise = np.random.default_rng(count).normal(size=RATE // 5)
    click = level * noise * np.exp(-np.arange(len(noise)) / (0.01 * RATE))
    for start in (np.arange(count) + 0.2) / count * len(samples):
        part = samples[int(start) : int(start) + len(click)]
        part += click[: len(part)]
    return samples


def encoded(samples: np.ndarray) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples, RATE, format="OGG", subtype="VORBIS")
    return content.getvalue()


def write_esc10(path: Path, files: dict[str, bytes], *, readme: str = "") -> None:
    """Write an archive as the repository packs it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in {"README.txt": readme.encode(), **files}.items():
            info = tarfile.TarInfo(f"ESC-10-master/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
