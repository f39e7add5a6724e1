"""Draw the contact sheet of the scenes, docs/images/scenes.png.

python tools/scenes_contact_sheet.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from photism.images import grid, write_png
from photism.scenes.look import Viewpoint
from photism.scenes.scene import SCENES, draw
from photism.scenes.told import Told

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "scenes.png"
MOMENTS = (Told(0.95, 1), Told(0.55, 1), Told(0.1, 1), Told(0.7, 2), Told(0.5, 3))
"""Near, farther, far; two events, three."""
SIZE = 128


def main() -> None:
    """Draw and write the sheet, two scenes a row."""
    pictures, labels = [], []
    for number, name in enumerate(SCENES):
        for column, told in enumerate(MOMENTS):
            view = Viewpoint.random(np.random.default_rng((7, number, column)))
            pictures.append(Image.fromarray(draw(name, view, told, size=SIZE)))
            labels.append(name if column == 0 else "")
    sheet = ImageOps.posterize(grid(pictures, 2 * len(MOMENTS), labels=labels), 6)  # half the bytes
    write_png(TARGET, sheet)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
