"""Log-mel of 1,000 recordings of spoken digits: photism in one batch against librosa one by one.

    python benchmarks/log_mel.py [--runs 5]

Both take the same samples on one thread, in turns; each ratio is the median of the runs. photism's
own precision is the double one, which gives librosa's values; single is for those to whom a few
thousandths of a dB do not matter.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import librosa
import numpy as np
import soundfile
import torch

from photism.audio.front_ends import front_end
from photism.audio.logmel import LogMel

RECORDINGS = 1000
ARCHIVE = "fsdd/free-spoken-digit-dataset-1.0.10.tar.gz"
T = TypeVar("T")


def recordings() -> tuple[str, list[np.ndarray]]:
    """Return every third recording of FSDD, or noise of about such lengths where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    archive = Path(os.environ.get("PHOTISM_TEST_DATA", beside)) / ARCHIVE
    if not archive.is_file():
        rng = np.random.default_rng(0)
        lengths = rng.lognormal(np.log(3350), 0.33, RECORDINGS).astype(int).clip(1000, 18_000)
        noise = [rng.normal(0, 0.1, length).astype(np.float32) for length in lengths]
        return "noise of such lengths (PHOTISM_TEST_DATA holds no FSDD)", noise
    with tarfile.open(archive) as tar:
        wavs = {m.name: tar.extractfile(m) for m in tar if m.name.endswith(".wav")}
        contents = [file.read() for _, file in sorted(wavs.items())[::3] if file is not None]
    read = [soundfile.read(io.BytesIO(content), dtype="float32")[0] for content in contents]
    return f"every third of FSDD's {len(wavs):,}", read[:RECORDINGS]


def timed(function: Callable[[], T]) -> tuple[float, T]:
    began_s = time.perf_counter()
    result = function()
    return time.perf_counter() - began_s, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    fe = front_end("aivae-8k")
    source, clips = recordings()
    ours = {name: LogMel(fe, getattr(torch, name)) for name in ("float64", "float32")}

    def by_librosa(clip: np.ndarray) -> np.ndarray:
        mel = librosa.feature.melspectrogram(
            y=clip, sr=fe.rate, n_fft=fe.n_fft, hop_length=fe.hop_length, n_mels=fe.n_mels
        )
        return librosa.power_to_db(mel, ref=np.max, top_db=fe.top_db)

    ratios: dict[str, list[float]] = {name: [] for name in ours}
    taken_s: dict[str, list[float]] = {name: [] for name in ("librosa", *ours)}
    differences_db: dict[str, float] = {}
    for run in range(args.runs + 1):
        librosa_s, expected = timed(lambda: [by_librosa(clip) for clip in clips])
        measured = {name: timed(lambda m=model: m.log_mels(clips)) for name, model in ours.items()}
        if run == 0:  # warms up, and compares
            for name, (_, found) in measured.items():
                pairs = zip(found, expected, strict=True)
                differences_db[name] = max(float(np.abs(a.numpy() - b).max()) for a, b in pairs)
            continue
        taken_s["librosa"].append(librosa_s)
        for name, (seconds, _) in measured.items():
            taken_s[name].append(seconds)
            ratios[name].append(librosa_s / seconds)
    print(f"{len(clips):,} recordings, {source}; front end {fe.name}, one thread")
    print(f"librosa, one by one   {statistics.median(taken_s['librosa']) * 1e3:7.1f} ms")
    for name in ours:
        print(
            f"photism, {name}      {statistics.median(taken_s[name]) * 1e3:7.1f} ms"
            f"   {statistics.median(ratios[name]):5.1f} x"
            f"   largest difference {differences_db[name]:.1e} dB"
        )


if __name__ == "__main__":
    main()
