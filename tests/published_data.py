"""Small stand-ins for published data sets, in the forms in which they are published."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image


def write_mnist(folder: Path, *, train: int = 100, test: int = 40) -> None:
    """Write the four IDX files, unpacked; picture n is one grey level, n modulo 256."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", train), ("t10k", test)):
        images = np.repeat(np.arange(count, dtype=np.uint8), 784)
        labels = np.arange(count, dtype=np.uint8) % 10
        write_idx(folder / f"{name}-images-idx3-ubyte", images.reshape(count, 28, 28))
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels)


def write_idx(path: Path, array: np.ndarray) -> None:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def write_mnist_pngs(folder: Path, *, per_digit: int = 2) -> None:
    """Write train/0/0.png … test/9/1.png; each picture is one grey level, ten times its digit."""
    for split in ("train", "test"):
        for digit in range(10):
            place = folder / split / str(digit)
            place.mkdir(parents=True)
            for number in range(per_digit):
                Image.new("L", (28, 28), 10 * digit).save(place / f"{number}.png")


def sound(pitch_hz: float, rate: int, *, kind: str = "WAV") -> bytes:
    """Return a tenth of a second of a tone as a sound file."""
    time_s = np.arange(rate // 10) / rate
    file = io.BytesIO()
    soundfile.write(file, 0.5 * np.sin(2 * np.pi * pitch_hz * time_s), rate, format=kind)
    return file.getvalue()


def write_fsdd(folder: Path, speakers: tuple[str, ...], *, takes: int = 10) -> Path:
    """Write recordings/<digit>_<speaker>_<take>.wav."""
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    for digit in range(10):
        for voice, speaker in enumerate(speakers):
            content = sound(200 + 100 * digit + 20 * voice, 8000)
            for take in range(takes):
                (recordings / f"{digit}_{speaker}_{take}.wav").write_bytes(content)
    return recordings


def write_speech_commands(
    path: Path,
    counts: Mapping[str, int],
    *,
    first: int = 0,
    kind: str = "wav",
    lists: Mapping[str, str] | None = None,
) -> None:
    """Write an archive of word folders, like upstream without a top folder.

    Args:
        path: a .tar or .tar.gz.
        counts: recordings of each word.
        first: number of the first speaker, for archives that add to each other.
        kind: "wav" or "flac".
        lists: content of the official lists by file name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {name: text.encode() for name, text in (lists or {}).items()}
    for number, (word, count) in enumerate(counts.items()):
        content = sound(300 + 50 * number, 16_000, kind=kind.upper())
        for speaker in range(first, first + count):
            files[f"./{word}/{speaker:08x}_nohash_0.{kind}"] = content
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write_audio_mnist(folder: Path, speakers: int, *, takes: int = 2) -> None:
    """Write data/<speaker>/<digit>_<speaker>_<take>.flac for speakers 01, 02 and so on."""
    for number in range(1, speakers + 1):
        place = folder / "data" / f"{number:02}"
        place.mkdir(parents=True)
        for digit in range(10):
            content = sound(250 + 100 * digit + 20 * number, 48_000, kind="FLAC")
            for take in range(takes):
                (place / f"{digit}_{number:02}_{take}.flac").write_bytes(content)
