"""What a translation costs, warm: one clip alone, and a folder of many.

    python benchmarks/translate.py

Processor time of one clip drawn alone, in a batch of eight filled up with copies (as if one paid
for eight), and a folder of short recordings through the whole road: reading, cutting, log-mel,
network, PNG. Ratios are of one run; seconds are of this machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch

import photism
from photism.translate.automatic import Choice
from photism.translate.items import find_items
from photism.translate.many import Lot, Wish
from photism.translate.request import Request
from photism.translate.sounds import clips
from photism.translate.translator import Translator


def processor_s(work: Callable[[], object], runs: int) -> float:
    """Return the median processor time of a call, after two that are not counted."""
    times = []
    for _ in range(runs + 2):
        began_s = time.process_time()
        work()
        times.append(time.process_time() - began_s)
    return float(np.median(times[2:]))


def tone(seconds: float, rate: int, hz: float) -> np.ndarray:
    """Return a plucked tone, `(sample,)`."""
    time_s = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.exp(-2 * time_s) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def one_clip(translator: Translator, runs: int) -> None:
    """Print what one clip costs alone and in a batch of eight."""
    cut = next(clips(tone(0.5, 44_100, 440), translator.front_end, rate=44_100))
    alone = processor_s(lambda: list(translator.draw([Request(cut)], batch=1)), runs)
    filled = processor_s(lambda: list(translator.draw([Request(cut)], batch=8)), runs)
    eight = processor_s(lambda: list(translator.draw([Request(cut)] * 8, batch=8)), runs)
    print(
        f"{translator.weights:<20} one clip {1000 * alone:6.1f} ms, in a filled batch of eight"
        f" {1000 * filled:6.1f} ms ({filled / alone:.1f} ×); eight clips {1000 * eight:6.1f} ms"
        f" ({8 * alone / eight:.1f} × less each)"
    )


def folder(translator: Translator, count: int) -> None:
    """Print how many recordings a second go through the whole road, warm."""
    with tempfile.TemporaryDirectory() as name:
        recorded = Path(name) / "in"
        recorded.mkdir()
        for number in range(count):
            samples = tone(0.5, 16_000, 200 + 3 * number)
            soundfile.write(recorded / f"{number:03d}.wav", samples, 16_000)
        items = find_items((str(recorded),), Path(name) / "out")
        wish = Wish(batch=16, replace=True)
        for _ in range(2):
            began_s = time.perf_counter()
            lot = Lot(lambda *source: Choice(translator, ""), items, wish)
            done = sum(not outcome.error for outcome in lot.translate())
            took_s = time.perf_counter() - began_s
    print(f"{translator.weights:<20} {done} recordings, {done / took_s:.0f} a second")


def main() -> None:
    """Measure every bundled system that takes recordings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--files", type=int, default=200)
    args = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in photism.list_weights():
        translator = photism.load(name, device="cpu")
        if "image" in translator.system.targets:
            one_clip(translator, args.runs)
            folder(translator, args.files)


if __name__ == "__main__":
    main()
