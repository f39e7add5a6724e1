"""How often a system hears the right instrument in recordings it has nothing to do with.

    python tools/measure_listener.py DIR [--system car-gan-orchestra] [--seconds 3]

DIR has a folder for each instrument, named as a class of the system and holding recordings of it
alone. Half-seconds of their first seconds, every quarter of one, are heard; those more than 30 dB
below the loudest of their recording are left out. Prints the share heard rightly, whether the right
class is among the three likeliest, and the share of whole recordings by the mean of their windows.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from photism.audio.decode import decode, resample
from photism.audio.front_ends import FrontEnd, front_end
from photism.audio.logmel import pictures
from photism.audio.segment import windows
from photism.data.progress import track
from photism.errors import AudioError, DataError
from photism.systems.base import System
from photism.systems.weights import load_weights

HOP_S = 0.25
RANGE_DB = 30.0


def main() -> None:
    """Hear all recordings below a folder and print a line for each instrument."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path, metavar="DIR")
    parser.add_argument("--system", default="car-gan-orchestra", help="name or folder of weights")
    parser.add_argument("--seconds", type=float, default=3.0, help="heard of each recording")
    args = parser.parse_args()
    system = load_weights(args.system).eval()
    fe, shares = front_end(system.config.front_end), []
    for label, name in enumerate(system.card.classes):
        files = sorted(path for path in (args.recordings / name).glob("*") if path.is_file())
        cuts = [cut(path, fe, args.seconds) for path in track(files, name, len(files))]
        heard = [hear(system, windows_of, fe) for windows_of in cuts if windows_of]
        if not heard:
            print(f"{name:<12} nothing")
            continue
        every, whole = torch.cat(heard), torch.stack([one.mean(0) for one in heard])
        order = every.argsort(dim=1, descending=True)
        first, three = (float((order[:, :n] == label).any(dim=1).float().mean()) for n in (1, 3))
        recordings = float((whole.argmax(1) == label).float().mean())
        shares.append((first, three, recordings))
        print(
            f"{name:<12} {first:>6.1%}   {three:>6.1%} among three   {recordings:>6.1%} of"
            f" {len(heard)} recordings   {len(every):,} windows"
        )
    if not shares:
        raise DataError(f"{args.recordings} has no folder named as one of {system.card.classes}")
    first, three, recordings = np.mean(shares, axis=0)
    print(
        f"{'mean':<12} {first:>6.1%}   {three:>6.1%} among three   {recordings:>6.1%} of recordings"
        f"   of {len(shares)} classes"
    )


@torch.inference_mode()
def hear(system: System, cuts: list[np.ndarray], fe: FrontEnd) -> torch.Tensor:
    """Return the probability of each class for every window of a recording, `(window, class)`."""
    return torch.cat([system.recognise(part) for part in pictures(cuts, fe).split(64)])


def cut(path: Path, fe: FrontEnd, seconds: float) -> list[np.ndarray]:
    """Return the windows of a recording that are loud enough, each `(sample,)`."""
    assert fe.clip_s is not None
    try:
        sound = decode(path, duration_s=seconds)
    except AudioError as error:
        warnings.warn(str(error), stacklevel=2)
        return []
    samples = resample(sound.mono(), sound.rate, fe.rate)
    sound = replace(sound, samples=samples[None], rate=fe.rate)
    cuts = [w.mono() for w in windows(sound, window_s=fe.clip_s, hop_s=HOP_S, partial=1)]
    level_db = 10 * np.log10(np.square(cuts, dtype=np.float64).mean(axis=1) + 1e-12)
    return [c for c, level in zip(cuts, level_db, strict=True) if level > level_db.max() - RANGE_DB]


if __name__ == "__main__":
    main()
