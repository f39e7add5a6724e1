"""Draw docs/images/orchestra.png: every instrument, four players each, from low and soft to high.

python tools/orchestra_contact_sheet.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from photism.data.orchestra.instruments import INSTRUMENTS
from photism.data.orchestra.stage import Look, draw
from photism.images import grid, write_png

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "orchestra.png"
MOMENTS = ((0.05, 0.4), (0.5, 0.9), (0.95, 0.7), (None, 0.0))
"""Pitch and level; the last player rests."""
SIZE = 136


def main() -> None:
    """Draw and write the sheet."""
    pictures, labels = [], []
    for number, name in enumerate(INSTRUMENTS):
        for player, (pitch, level) in enumerate(MOMENTS):
            look = Look.random(np.random.default_rng((number, player)))
            drawn = draw(name, look, pitch=pitch, level=level, time_s=0.3 * player, size=SIZE)
            pictures.append(Image.fromarray(drawn))
            labels.append(name.replace("_", " ") if player == 0 else "")
    sheet = ImageOps.posterize(grid(pictures, 8, labels=labels), 6)  # half the bytes
    write_png(OUT, sheet)
    print(f"{OUT}: {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
