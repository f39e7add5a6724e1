"""Draw what the rows of a reproduction drew of the same sounds, below these and the real pictures.

    photism reproduce car-gan-table-1 --budget 0.02 --out reports
    python tools/draw_reproduction.py reports/car-gan-table-1 --out docs/images/car-gan-table-1.png

Each row shows its first output, such as `label given`, of the first pair of every class.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from draw_orchestra import CELL, draw
from PIL import Image

from photism.experiments.measure import read_measured
from photism.experiments.overview import Strip
from photism.experiments.published import find_experiment
from photism.experiments.table import REAL, SOUNDS


def main() -> None:
    """Draw the rows that have been measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="folder that `photism reproduce` filled")
    parser.add_argument("--out", type=Path, required=True, help="the PNG")
    args = parser.parse_args()
    shown: dict[str, Strip] = {}
    for row in find_experiment(args.report.resolve().name).rows:
        strips = {s.label: s for s in read_measured(row, args.report / row.measured).strips}
        if strips:
            for label in (SOUNDS, REAL):
                if label in strips:
                    shown.setdefault(label, strips[label])
            shown[row.name.removeprefix("λ_")] = strips[row.outputs[0]]
    if not shown:
        parser.error(f"nothing in {args.report} has been measured yet")
    names = [name.replace("_", " ") for name in shown[REAL].names]
    columns = zip(names, zip(*map(cut, shown.values()), strict=True), strict=True)
    sheet = draw(list(shown), list(columns))
    sheet.reduce(2).quantize(256, Image.Quantize.FASTOCTREE).save(args.out, optimize=True)
    print(args.out)


def cut(strip: Strip) -> list[Image.Image]:
    """Return the pictures of a strip, in the size of the sheet."""
    whole = Image.open(io.BytesIO(strip.content))
    side = whole.height
    boxes = [(place * side, 0, (place + 1) * side, side) for place in range(len(strip.names))]
    return [whole.crop(box).resize((CELL, CELL), Image.Resampling.BICUBIC) for box in boxes]


if __name__ == "__main__":
    main()
