"""Pairs per second of the orchestra: sound, log-mel, picture, and the whole source.

    python benchmarks/orchestra.py

Everything runs in this process but the last line, which prepares a set with the processes asked
for; what their start costs is told apart, since a larger set pays it but once.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.data.prepare import prepare
from photism.data.sources.orchestra import Orchestra
from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.performance import Performance, performance
from photism.orchestra.stage import Look, draw

WANTED = 100


def main() -> None:
    """Time each part alone, then a whole preparation, and compare with what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--performances", type=int, default=6, help="of each instrument")
    parser.add_argument("--size", type=int, default=128, help="side of the pictures")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    source = Orchestra(performances=args.performances, size=args.size, workers=args.workers)
    for player in INSTRUMENTS.values():
        performance(player, 0, duration_s=1)  # reads the notes
    with clock() as sound_s:
        played = [performance(player, 0) for player in INSTRUMENTS.values()]
    windows = [one.windows(source.hop_s) for one in played]
    count = sum(len(heard.midi) for heard in windows)
    pictures(list(windows[0].samples), front_end(source.front_end))
    with clock() as log_mel_s:
        for heard in windows:
            pictures(list(heard.samples), front_end(source.front_end))
    with clock() as picture_s:
        drawn = sum(draw_all(one, source) for one in played)
    print(f"sound      {count / sound_s[0]:>8,.0f} pairs/s   one process")
    print(f"log-mel    {count / log_mel_s[0]:>8,.0f} pairs/s   {source.front_end}")
    print(f"picture    {drawn / picture_s[0]:>8,.0f} pairs/s   {args.size}×{args.size}")
    parts_s = (sound_s[0] + log_mel_s[0] + picture_s[0]) / count
    print(f"together   {1 / parts_s:>8,.0f} pairs/s")
    small_s, _ = prepared(Orchestra(performances=3, seconds=1, hop_s=0.5, workers=args.workers))
    whole_s, pairs = prepared(source)
    print(f"prepared   {pairs / whole_s:>8,.0f} pairs/s   {pairs:,} pairs, {args.workers} workers")
    steady = pairs / (whole_s - small_s)
    print(f"  start    {small_s:>8.1f} s, a preparation of next to nothing; {steady:,.0f} pairs/s")
    print(f"ratio      {pairs / whole_s / WANTED:>8.1f}   to the {WANTED} pairs/s wanted")


@contextlib.contextmanager
def clock() -> Iterator[list[float]]:
    """Yield a list that holds the seconds the block took, once it has ended."""
    elapsed: list[float] = []
    start = time.perf_counter()
    yield elapsed
    elapsed.append(time.perf_counter() - start)


def draw_all(played: Performance, source: Orchestra) -> int:
    """Draw the picture of every window of a performance and return their number."""
    heard = played.windows(source.hop_s)
    look = Look.random(np.random.default_rng(played.player))
    player = played.score.instrument
    for midi, level, start_s, silent in zip(
        heard.midi, heard.loudness, heard.start_s, heard.silent, strict=True
    ):
        pitch = None if silent else player.height(midi)
        draw(player.name, look, pitch=pitch, level=level, time_s=start_s, size=source.size)
    return len(heard.midi)


def prepared(source: Orchestra) -> tuple[float, int]:
    """Prepare a set in a temporary folder; return the seconds it took and its pairs."""
    with tempfile.TemporaryDirectory() as folder, clock() as elapsed:
        card = prepare(source, out=Path(folder) / "pairs")
    return elapsed[0], sum(sum(counts.values()) for counts in card.counts.values())


if __name__ == "__main__":
    main()
