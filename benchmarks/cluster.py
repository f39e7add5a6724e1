"""Preparing on Ray: two workers beside one process, and what a file costs as files grow in number.

    python benchmarks/cluster.py

Recordings and pictures are made first. Ray is begun once, and its workers have imported what they
need before the clock starts; what that takes is told apart. One process and two workers take
turns, and the fastest round of each counts. The targets are 1.6 × for two workers, and a cost of a
file that stays within 10 % from 1 × to 16 × as many. Processor time, of this process and all of
Ray's, holds on a busy machine too; seconds of the clock and the ratio do not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile
from PIL import Image

from photism.data.cluster import ray_mapping
from photism.data.prepare import prepare
from photism.data.sources.folder import Folder

RATE, SECONDS = 16_000, 4
GROWTH = (1, 4, 16)


def main() -> None:
    """Time one process and two workers, then sets of growing size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=256, help="recordings, at 1 ×")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raws = [Path(folder, f"{times}") for times in GROWTH]
        for raw, times in zip(raws, GROWTH, strict=True):
            write_files(raw, times * args.files)
        started = time.perf_counter()
        with ray_mapping(True, workers=2):
            prepared_s(raws[0], ray=True)
            print(f"start       {time.perf_counter() - started:8.1f} s   Ray, and the first set")
            ways: list[dict] = [{"workers": 1}, {"ray": True, "workers": 1}, {"ray": True}]
            rounds = [[prepared_s(raws[1], **way) for way in ways] for _ in range(args.rounds)]
            clocks, processors = [], []
            for _ in range(args.rounds):
                both = [grown_s(raw) for raw in raws]
                clocks.append([clock_s for clock_s, _ in both])
                processors.append([processor_s for _, processor_s in both])
    one_s, alone_s, two_s = (min(seconds) for seconds in zip(*rounds, strict=True))
    count = GROWTH[1] * args.files
    print(f"one process {count / one_s:8.0f} files/s   {count:,} recordings of {SECONDS} s")
    print(f"one worker  {count / alone_s:8.0f} files/s   of Ray")
    print(f"two workers {count / two_s:8.0f} files/s   of Ray")
    print(f"ratio       {one_s / two_s:8.2f}   to one process; {alone_s / two_s:.2f} to one worker")
    for what, rows in (("clock", clocks), ("processor", processors)):
        each_ms = [
            1e3 * min(seconds) / times / args.files
            for seconds, times in zip(zip(*rows, strict=True), GROWTH, strict=True)
        ]
        for times, cost_ms in zip(GROWTH, each_ms, strict=True):
            share = f"{cost_ms / each_ms[0]:.2f} of that at 1 ×"
            print(f"{times:>4} × files {cost_ms:8.2f} ms a file   {what}, {share}")


def write_files(raw: Path, count: int) -> None:
    """Write recordings of chords with some noise, and a picture for each."""
    raw.mkdir()
    rng = np.random.default_rng(0)
    time_s = np.arange(RATE * SECONDS) / RATE
    for number in range(count):
        chord = np.sin(2 * np.pi * rng.uniform(100, 2000, (3, 1)) * time_s).mean(axis=0)
        noise = rng.normal(0, 0.01, len(time_s))
        soundfile.write(raw / f"{number:05d}.flac", 0.5 * chord + noise, RATE)
        pixels = rng.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).resize((256, 256)).save(raw / f"{number:05d}.jpg")


def prepared_s(raw: Path, **how: object) -> float:
    """Prepare a set in a temporary folder and return the seconds that it took."""
    source = Folder(front_end="car-gan", size=64, **how)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        prepare(source, raw=raw, out=Path(folder) / "pairs")
        return time.perf_counter() - started


def grown_s(raw: Path) -> tuple[float, float]:
    """Prepare a set with two workers; return seconds of the clock and of all processors."""
    before_s = processor_s()
    elapsed_s = prepared_s(raw, ray=True)
    return elapsed_s, processor_s() - before_s


def processor_s() -> float:
    """Return the processor time of this process and of all that it began."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


if __name__ == "__main__":
    main()
