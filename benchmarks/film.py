"""How fast a long sound becomes a film, how true to time it is, and what memory it takes.

    python benchmarks/film.py [--minutes 2 20] [--every 1]

For bundled CAR-GAN (64 × 64) and an untrained S2I of the paper's size (96 × 96): seconds of sound a
second of processor time, and the most memory of a process of its own for a short film and a long
one. Then a scale whose tones tell the time: how far the sound of the film lies from where it was,
and how far the frames from the sound, in milliseconds. Figures are of this machine.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
import torch

import photism
from photism.audio.decode import decode
from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.weights import save_weights
from photism.translate.film import FilmWish, make_film
from photism.video.frames import frames

RATE = 44_100


def write_scale(path: Path, minutes: float, step_s: float = 1.0) -> Path:
    """Write tones, one after the other, in blocks of a second."""
    time_s = np.arange(round(step_s * RATE)) / RATE
    with soundfile.SoundFile(path, "w", RATE, 1, format="FLAC") as file:
        for number in range(round(60 * minutes / step_s)):
            hz = 300 + 150 * (number % 16)
            file.write(0.4 * np.sin(2 * np.pi * hz * time_s) * np.hanning(len(time_s)))
    return path


def one_film(weights: str, source: Path, out: Path, every: Fraction) -> None:
    """Make a film in this process and print sound per processor time, and peak memory."""
    torch.set_num_threads(1)
    translator = photism.load(weights, device="cpu")
    began_s, began_wall_s = time.process_time(), time.perf_counter()
    made = make_film(translator, source, out, FilmWish(every))
    took_s, wall_s = time.process_time() - began_s, time.perf_counter() - began_wall_s
    peak_mb = peak_kb() / 1024
    print(
        f"{Path(weights).name:<20} {out.suffix} {made.duration_s / 60:5.0f} min  "
        f"{made.duration_s / took_s:6.1f} × real time of one processor"
        f" ({made.duration_s / wall_s:.1f} × by the clock), peak memory {peak_mb:,.0f} MB"
    )


def peak_kb() -> int:
    """Return the most memory of this process; elsewhere than on Linux its parent's counts too."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def print_step(folder: Path) -> None:
    """Print how far sound and frames of a film lie from the source."""
    source = write_scale(folder / "short.flac", 0.5)
    translator = photism.load("car-gan-orchestra", device="cpu")
    for suffix in (".mp4", ".webm"):
        out = folder / f"short{suffix}"
        made = make_film(translator, source, out, FilmWish(Fraction(1, 2)))
        was, now = decode(source), decode(out)
        times = np.arange(was.samples.shape[1]) / RATE
        heard = np.interp(times, np.arange(now.samples.shape[1]) / now.rate, now.mono())
        spectra = np.fft.rfft(was.mono()).conj() * np.fft.rfft(heard)
        lag = int(np.argmax(np.fft.irfft(spectra)))
        lag -= len(times) if lag > len(times) / 2 else 0
        stamps = [time_s for time_s, _ in frames(out)]
        late = max(abs(stamp - n / 10) for n, stamp in enumerate(stamps))
        print(
            f"{suffix}: sound {1000 * lag / RATE:+.2f} ms from the source, frames at most"
            f" {1000 * late:.2f} ms from their tick; {len(stamps)} frames, {made.ticks} ticks"
        )


def main() -> None:
    """Print speeds, memory and steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", nargs="+", type=float, default=[2, 20])
    parser.add_argument("--every", type=Fraction, default=Fraction(1))
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        weights, source, out = args.one
        one_film(weights, Path(source), Path(out), args.every)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        system = SYSTEMS["s2i"](SYSTEMS["s2i"].presets["paper"])
        save_weights(system, folder / "s2i-untrained", preset="paper", card=WeightsCard())
        for minutes in args.minutes:
            source = write_scale(folder / f"{minutes:g}.flac", minutes)
            for weights in ("car-gan-orchestra", str(folder / "s2i-untrained")):
                for out in ("film.mp4", "film.webm"):
                    one = ["--one", weights, str(source), str(folder / out)]
                    every = ["--every", str(args.every)]
                    subprocess.run([sys.executable, __file__, *one, *every], check=True)
        print_step(folder)


if __name__ == "__main__":
    main()
