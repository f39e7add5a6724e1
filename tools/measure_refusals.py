"""How often a system says of sounds that it does not know them: of some it should, and of others.

    python tools/measure_refusals.py SYSTEM --known DIR ... --unknown DIR ...

Of every sound or video below a folder the first clip in which something is heard counts. Prints the
share refused at the limit of the weights, and at the limit that would refuse 5 % of the known ones.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch

import photism
from photism.data.progress import track
from photism.errors import PhotismError
from photism.translate.sounds import chosen
from photism.translate.translator import Translator

FALSE = 0.05


def main() -> None:
    """Listen to both kinds of folders and print a line for each folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system", help="name or folder of weights that can tell")
    parser.add_argument("--known", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--unknown", type=Path, nargs="+", required=True, metavar="DIR")
    args = parser.parse_args()
    translator = photism.load(args.system)
    known = {folder: strangeness(translator, folder) for folder in args.known}
    unknown = {folder: strangeness(translator, folder) for folder in args.unknown}
    limit = float(np.quantile(np.concatenate(list(known.values())), 1 - FALSE))
    print(f"{'':<32}{'sounds':>8}{'refused':>10}{f'at {FALSE:.0%}':>10}   (limit 1, {limit:.2f})")
    for folder, values in (known | unknown).items():
        refused = float((values > 1).mean()), float((values > limit).mean())
        print(f"{folder.name:<32}{len(values):>8}{refused[0]:>10.1%}{refused[1]:>10.1%}")
    others = np.concatenate(list(unknown.values()))
    print(f"{'all unknown':<32}{len(others):>8}{(others > 1).mean():>10.1%}", end="")
    print(f"{(others > limit).mean():>10.1%}")


def strangeness(translator: Translator, folder: Path) -> np.ndarray:
    """Return how strange the recordings below a folder are, `(recording,)`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = []
    for path in track(files, folder.name, len(files)):
        try:
            clip = chosen(translator.clips(path, duration_s=10))
        except PhotismError as error:
            warnings.warn(str(error), stacklevel=2)
            continue
        with torch.inference_mode():
            value = translator.system.strangeness(translator.condition_of(clip))
        if value is None:
            raise SystemExit(f"{translator.weights} cannot tell what it does not know")
        found.append(float(value[0]))
    return np.array(found)


if __name__ == "__main__":
    main()
