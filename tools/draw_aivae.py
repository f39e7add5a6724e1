"""Draw what figures 5 and 8 of AIVAE's paper show, from the bundled weights, into docs/images.

`aivae-reconstructions.png`: the pictures that the systems make of sounds they learnt from, one
training pair of each digit, drawn at random with seed 0. `aivae-zeroing.png`: the accuracy on test
pairs when more and more random elements of the latent vector are set to 0.

    photism data fetch mnist-fsdd && photism data prepare mnist-fsdd
    python tools/draw_aivae.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from draw_orchestra import CELL, draw
from matplotlib.figure import Figure
from PIL import Image

from photism.audio.front_ends import front_end
from photism.data.pairs import PairDataset, PairLoader, hold_out
from photism.data.prepare import find
from photism.evaluation.latent_zeroing import measure_latent_zeroing
from photism.evaluation.observe import row_generators
from photism.images import show_log_mel, to_pil
from photism.judges.weights import load_judge
from photism.systems.base import draw_noise
from photism.systems.weights import load_weights

OUT = Path(__file__).resolve().parents[1] / "docs" / "images"
SYSTEMS = {"AIVAE": "aivae-fsdd", "AIVAE-GAN": "aivae-gan-fsdd"}
HELD_OUT = 0.1
"""Share of the training recordings that chose the epoch: no pairs to show as learnt."""


def main() -> None:
    """Draw into the docs, or elsewhere to compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist-fsdd", help="prepared pairs")
    parser.add_argument("--pairs", type=int, default=1000, help="test pairs for the curve")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the PNGs")
    args = parser.parse_args()
    folder = find(args.data)
    reconstructions(folder).save(args.out / "aivae-reconstructions.png", optimize=True)
    zeroing(folder, args.pairs).savefig(args.out / "aivae-zeroing.png", dpi=160)


@torch.inference_mode()
def reconstructions(data: Path) -> Image.Image:
    """Draw sounds, the pictures they were paired with, and those that the systems make."""
    train, rng = PairDataset(data, "train"), np.random.default_rng(0)
    rows, _ = hold_out(train, HELD_OUT, seed=0)
    labels = train.labels[rows]
    chosen = np.array([rng.choice(rows[labels == digit]) for digit in range(10)])
    batch = PairLoader(train, 10, shuffle=False).batch(chosen)
    origin = front_end(train.card.front_end).origin
    shown = {
        "heard": [show_log_mel(sound, origin) for sound in batch.sound],
        "paired with": [to_pil(image) for image in batch.image],
    }
    for title, name in SYSTEMS.items():
        system = load_weights(name)
        noise = draw_noise(system, "image", row_generators(0, chosen.tolist()), torch.device("cpu"))
        drawn = system.generate(batch.sound, target="image", noise=noise)
        shown[title] = [to_pil(image) for image in drawn]
    columns = zip(*([fit(picture) for picture in row] for row in shown.values()), strict=True)
    sheet = draw(list(shown), [(str(digit), cells) for digit, cells in enumerate(columns)])
    return sheet.reduce(2).quantize(256, Image.Quantize.FASTOCTREE)


def fit(picture: Image.Image) -> Image.Image:
    """Return a picture in the size of the sheet."""
    return picture.convert("RGB").resize((CELL, CELL), Image.Resampling.BICUBIC)


def zeroing(data: Path, pairs: int) -> Figure:
    """Draw the curves of both systems, the mean of three seeds in a band from least to greatest."""
    test, judge = PairDataset(data, "test"), load_judge("lenet5-mnist")
    rows = np.sort(np.random.default_rng((0, 2)).permutation(len(test))[:pairs])
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for title, name in SYSTEMS.items():
        loader = PairLoader(test, 250, rows=rows, shuffle=False)
        curve = measure_latent_zeroing(load_weights(name), judge, loader)
        counts = range(len(curve.accuracy))
        axes.plot(counts, curve.accuracy, label=title)
        axes.fill_between(counts, curve.low, curve.high, alpha=0.2)
        some = ", ".join(f"{k}: {curve.accuracy[k]:.1%}" for k in counts if k % 16 == 0)
        print(f"{title}, {curve.pairs:,} pairs, elements at 0 and accuracy: {some}")
    axes.axhline(0.1, color="0.6", linewidth=0.8, linestyle="--", label="chance")
    axes.set(xlabel="elements of the latent vector set to 0, of 64", ylabel="accuracy")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
