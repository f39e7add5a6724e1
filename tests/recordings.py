"""Recordings for tests, good and bad, and weights that were never trained."""

from __future__ import annotations

import struct
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile
import torch
from PIL import Image

from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.weights import save_weights

DIGITS = Path(str(files("photism"))) / "assets" / "demo"


def spoken(digit: int) -> tuple[np.ndarray, int]:
    """A spoken digit, `(sample,)` float32, and its rate."""
    [path] = DIGITS.glob(f"{digit}_english_*.flac")
    return soundfile.read(path, dtype="float32")


def sentence(*digits: int, pause_s: float = 0.6) -> tuple[np.ndarray, int]:
    """Spoken digits with pauses before, between and after."""
    voices = [spoken(digit) for digit in digits]
    pause = np.zeros(round(pause_s * voices[0][1]), np.float32)
    return np.concatenate([pause, *(p for v, _ in voices for p in (v, pause))]), voices[0][1]


def write(path: Path, digit: int = 3, **settings: object) -> Path:
    """A file with a spoken digit; settings are those of `soundfile.write`."""
    samples, rate = spoken(digit)
    soundfile.write(path, samples, rate, **settings)
    return path


def untrained(folder: Path, system: str = "aivae") -> Path:
    """Weights of a system's smallest preset, drawn at random."""
    torch.manual_seed(0)
    built = SYSTEMS[system](SYSTEMS[system].presets["debug"])
    save_weights(built, folder, preset="debug", card=WeightsCard())
    return folder


def wav_header(rate: int, channels: int, bits: int, content_bytes: int) -> bytes:
    """The 44 bytes before the samples of a PCM WAV."""
    frame = channels * bits // 8
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + content_bytes, b"WAVE", b"fmt ", 16, 1, channels, rate,
        rate * frame, frame, bits, b"data", content_bytes,
    )  # fmt: skip


def day_long(path: Path) -> Path:
    """24 hours at 8 kHz, most of it a hole in the file; a digit is spoken after 20 hours."""
    samples, rate = spoken(3)
    content_bytes = 2 * 24 * 3600 * 8000
    with open(path, "wb") as file:
        file.write(wav_header(8000, 1, 16, content_bytes))
        file.seek(44 + 2 * 20 * 3600 * 8000)
        file.write((samples[:: rate // 8000] * 32767).astype("<i2").tobytes())
        file.truncate(44 + content_bytes)
    return path


def _nan(path: Path) -> None:
    samples, rate = spoken(3)
    samples[100:200] = np.nan
    soundfile.write(path, samples, rate, subtype="FLOAT")


def _truncated(path: Path) -> None:
    write(path, format="FLAC")
    path.write_bytes(path.read_bytes()[:200])


def _picture(path: Path) -> None:
    Image.new("L", (8, 8)).save(path, "PNG")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "does not exist"),
    "folder": (lambda path: path.mkdir(), "holds no sounds or videos"),
    "empty": (lambda path: path.touch(), "is empty (0 bytes)"),
    "truncated": (_truncated, "holds no samples"),
    "text": (lambda path: path.write_text("three\n" * 99), "is no sound or video"),
    "picture": (_picture, "bad.wav is a picture"),
    "zero length": (lambda path: path.write_bytes(wav_header(8000, 1, 16, 0)), "holds no samples"),
    "two samples": (lambda path: soundfile.write(path, [0.1, 0.2], 8000), "is too short"),
    "not a number": (_nan, "are not numbers"),
    "24 hours": (day_long, "lasts 86,400 s; at most 600 s are read at once: choose a part"),
}
"""How to make a file that cannot be translated, and what is said about it."""
