"""Real recordings, read from the archives of the real data, and made-up ones in every format."""

from __future__ import annotations

import functools
import io
import tarfile
from pathlib import Path

import numpy as np
import soundfile

Recording = tuple[str, np.ndarray, int]
"""Name, mono samples `(sample,)` float32, rate."""

FSDD = "fsdd/free-spoken-digit-dataset-1.0.10.tar.gz"
ESC10 = "esc10/ESC-10-master.tar.gz"
SPEECH_COMMANDS = "speech_commands_sample/speech_commands_v0.01_digits_sample.tar.gz"


@functools.cache
def recordings(archive: Path, part: str = "", every: int = 1) -> list[Recording]:
    """Every n-th recording of an archive whose name contains `part`, sorted by name."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.endswith((".wav", ".ogg", ".flac")) and part in member.name:
                file = tar.extractfile(member)
                assert file is not None
                found[member.name] = file.read()
    chosen = sorted(found)[::every]
    assert chosen, f"{archive} holds nothing like {part!r}"
    return [(name, *_read(found[name])) for name in chosen]


def _read(content: bytes) -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    return samples.mean(axis=1), rate


def encoded(samples: np.ndarray, rate: int, kind: str, subtype: str | None = None) -> bytes:
    """Return `(sample,)` or `(channel, sample)` as the bytes of a sound file."""
    file = io.BytesIO()
    soundfile.write(file, samples.T, rate, format=kind, subtype=subtype)
    return file.getvalue()
