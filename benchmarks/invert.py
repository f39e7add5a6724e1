"""From log-mel pictures to WAV: photism in batches against librosa one by one, speed and error.

    python benchmarks/invert.py [--runs 3] [--clips 13] [--threads 2]

librosa's way is least squares for the spectrum of the mel bands (`librosa.util.nnls`), then 32
steps of its Griffin-Lim from random phases. Both get the same levels of the same sounds: those of
`orchestra`, of ESC-10 (below `PHOTISM_TEST_DATA`) and, for whole words, of FSDD. Errors are those
of the log-mel of the sound made; the distance is that of spectra of 256, 1,024 and 4,096 samples,
which neither way was given. Times are of one clip after the other, in turns, but for "64", which
goes from 64 pictures to 64 WAV files in memory at once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import librosa
import numpy as np
import torch

from photism.audio.front_ends import FRONT_ENDS, FrontEnd
from photism.audio.invert import invert, waveforms
from photism.audio.logmel import log_mels, pictures
from photism.audio.mel import mel_filters
from photism.audio.write import encode
from photism.metrics.sound import log_spectral_distance, spectral_convergence

T = TypeVar("T")
AT_ONCE = 64
FLOOR_DB = 80.0


@dataclass
class Way:
    """What one way costs and how far it errs, clip by clip."""

    seconds: list[float] = field(default_factory=list)
    error_db: list[float] = field(default_factory=list)
    convergence: list[float] = field(default_factory=list)
    distance_db: list[float] = field(default_factory=list)

    def add(self, fe: FrontEnd, clip: np.ndarray, made: np.ndarray, seconds: float) -> None:
        """Record a sound and how long it took."""
        made = made * (np.linalg.norm(clip) / max(np.linalg.norm(made), 1e-12))
        before, after = (_in_db(log_mel, fe) for log_mel in log_mels([clip, np.float32(made)], fe))
        self.seconds.append(seconds)
        self.error_db.append(float(np.sqrt(np.square(before - after).mean())))
        self.convergence.append(spectral_convergence(10 ** (after / 20), 10 ** (before / 20)))
        distances = [
            log_spectral_distance(_spectrum_db(made, n), _spectrum_db(clip, n))
            for n in (256, 1024, 4096)
            if n <= len(clip)
        ]
        self.distance_db.append(float(np.mean(distances)))


def by_librosa(log_mel: np.ndarray, fe: FrontEnd, length: int) -> np.ndarray:
    """Make one sound as librosa makes them."""
    if fe.log == "ln":
        mel = np.maximum(np.exp(log_mel) - 1e-6, 0)
    else:
        mel = 10 ** (log_mel / (10 if fe.log == "power_db" else 20))
        mel[log_mel <= -(fe.top_db or np.inf)] = 0
    bank = mel_filters(rate=fe.rate, n_fft=fe.n_fft, n_mels=fe.n_mels)
    spectrum = librosa.util.nnls(bank, mel) ** (1 / fe.power)
    made = librosa.griffinlim(
        spectrum,
        n_iter=32,
        hop_length=fe.hop_length,
        win_length=fe.win_length,
        n_fft=fe.n_fft,
        window=fe.window,
        random_state=0,
    )
    if not fe.center:
        made = np.pad(made, fe.n_fft // 2)
    return librosa.util.fix_length(made, size=length)


def sounds(fe: FrontEnd, count: int) -> dict[str, list[np.ndarray]]:
    """Return clips of the front end's length and rate by data set, those that can be had."""
    data = Path(
        os.environ.get("PHOTISM_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    )
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from real_recordings import ESC10, FSDD, recordings

    found = {}
    if fe.clip_s is None:
        if (data / FSDD).is_file():
            words = recordings(data / FSDD, every=3000 // count)[:count]
            found["FSDD"] = [librosa.resample(x, orig_sr=r, target_sr=fe.rate) for _, x, r in words]
    else:
        length = round(fe.clip_s * fe.rate)
        if fe.clip_s == 0.5:
            found["orchestra"] = orchestra(count)
        if (data / ESC10).is_file():
            recorded = [x for _, x, _ in recordings(data / ESC10, every=400 // count)[:count]]
            found["ESC-10"] = [x[:length] for x in recorded if np.abs(x[:length]).max() > 1e-4]
    return found


def orchestra(count: int) -> list[np.ndarray]:
    """Return half-seconds of the instruments in turn, none of them silent."""
    from photism.orchestra.instruments import INSTRUMENTS
    from photism.orchestra.performance import performance

    clips = []
    for number in range(count):
        name = list(INSTRUMENTS)[number % len(INSTRUMENTS)]
        played = performance(INSTRUMENTS[name], number, split="test", seed=1, duration_s=2.0)
        windows = played.windows(0.5)
        clips.append(np.asarray(windows.samples[int(np.argmax(windows.level_db))], np.float32))
    return clips


def compare(fe: FrontEnd, clips: list[np.ndarray], runs: int) -> tuple[Way, Way]:
    """Let both make the same sounds in turns; the first run warms up."""
    old, new = Way(), Way()
    for run in range(runs + 1):
        for clip, level in zip(clips, log_mels(clips, fe), strict=True):
            old_s, theirs = timed(lambda c=clip, m=level: by_librosa(m.numpy(), fe, len(c)))
            new_s, ours = timed(lambda c=clip, m=level: waveforms(m[None], fe, samples=len(c)))
            if run:
                old.add(fe, clip, theirs, old_s)
                new.add(fe, clip, ours[0].numpy(), new_s)
    return old, new


def quickest_s(clips: list[np.ndarray], fe: FrontEnd, runs: int) -> float:
    """Return the least time in which the pictures of clips become WAV files, warm."""
    drawn = pictures(clips, fe)

    def to_wavs() -> list[bytes]:
        return [encode(sound, fe.rate, kind="wav") for sound in invert(drawn, fe).numpy()]

    return min(timed(to_wavs)[0] for _ in range(runs + 1))


def timed(function: Callable[[], T]) -> tuple[float, T]:
    began_s = time.perf_counter()
    result = function()
    return time.perf_counter() - began_s, result


def _in_db(log_mel: torch.Tensor, fe: FrontEnd) -> np.ndarray:
    level = log_mel.numpy() * (20 / np.log(10) if fe.log == "ln" else 1)
    return np.maximum(level, level.max() - FLOOR_DB)


def _spectrum_db(samples: np.ndarray, n_fft: int) -> np.ndarray:
    level = librosa.amplitude_to_db(np.abs(librosa.stft(samples, n_fft=n_fft)), top_db=None)
    return np.maximum(level, level.max() - 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clips", type=int, default=13)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{args.threads} threads; librosa / photism; one picture and {AT_ONCE} to WAV by photism")
    titles = ("front end", "data", "ms a clip", "ratio", "error dB", "convergence", "distance dB")
    print("{:17}{:11}{:>14}{:>7}{:>14}{:>15}{:>15}".format(*titles), "  one ms   64 s")
    for name, fe in FRONT_ENDS.items():
        for source, clips in sounds(fe, args.clips).items():
            ways = compare(fe, clips, args.runs)
            ms, errors, convergences, distances = (
                [statistics.fmean(getattr(way, what)) for way in ways]
                for what in ("seconds", "error_db", "convergence", "distance_db")
            )
            ratio = statistics.median(np.divide(*(way.seconds for way in ways)))
            one, many = (quickest_s((clips * n)[:n], fe, args.runs) for n in (1, AT_ONCE))
            print(
                f"{name:17}{source:11}{1e3 * ms[0]:7.0f} /{1e3 * ms[1]:5.0f}{ratio:6.1f}x"
                f"{errors[0]:7.2f} /{errors[1]:5.2f}{convergences[0]:8.3f} /{convergences[1]:6.3f}"
                f"{distances[0]:8.2f} /{distances[1]:6.2f}{1e3 * one:8.0f}{many:8.2f}"
            )


if __name__ == "__main__":
    main()
