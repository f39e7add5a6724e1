"""Draw the contact sheets of the orchestra in docs/images: one of all, and one of each instrument.

python tools/orchestra_contact_sheet.py
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from photism.files import write_bytes
from photism.images import grid, write_png
from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.stage import Look, draw

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
MOMENTS = ((0.05, 0.4), (0.5, 0.9), (0.95, 0.7), (None, 0.0))
"""Pitch and level, from low and soft to high and loud; then the player rests."""
SIZE = 136
PLAYERS = 6
"""On the sheet of an instrument, a column each."""


def main() -> None:
    """Draw and write all sheets."""
    pictures, labels = [], []
    for number, name in enumerate(INSTRUMENTS):
        players = range(len(MOMENTS))
        pictures += [_picture(name, number, player, MOMENTS[player]) for player in players]
        labels += [name.replace("_", " "), *("" for _ in MOMENTS[1:])]
        _write_instrument(name, number)
    sheet = ImageOps.posterize(grid(pictures, 8, labels=labels), 6)  # half the bytes
    write_png(IMAGES / "orchestra.png", sheet)
    written = [IMAGES / "orchestra.png", *sorted((IMAGES / "orchestra").iterdir())]
    print(f"{len(written)} sheets, {sum(path.stat().st_size for path in written) / 1e6:.1f} MB")


def _write_instrument(name: str, number: int) -> None:
    """Write the sheet of one instrument: players side by side, moments from top to bottom."""
    pictures = [
        _picture(name, number, player, moment) for moment in MOMENTS for player in range(PLAYERS)
    ]
    content = io.BytesIO()
    grid(pictures, PLAYERS).save(content, "JPEG", quality=88, optimize=True)
    write_bytes(IMAGES / "orchestra" / f"{name}.jpg", content.getvalue())


def _picture(name: str, number: int, player: int, moment: Sequence[float | None]) -> Image.Image:
    pitch, level = moment
    look = Look.random(np.random.default_rng((number, player)))
    time_s = 0.3 * player
    return Image.fromarray(
        draw(name, look, pitch=pitch, level=level or 0.0, time_s=time_s, size=SIZE)
    )


if __name__ == "__main__":
    main()
