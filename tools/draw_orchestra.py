"""Draw docs/images/orchestra-drawn.png: what thirteen instruments play, what was drawn, what was.

The phrases of `photism demo --seed 0`, each where it is loudest: nothing is picked.

    python tools/draw_orchestra.py
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

import photism
from photism.audio.logmel import log_mels
from photism.demo.orchestra import JUDGE, RANGE_DB, Phrase, make_phrase
from photism.images import log_mel_picture
from photism.judges.weights import load_judge
from photism.orchestra.instruments import INSTRUMENTS
from photism.translate.translator import Translator

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "orchestra-drawn.png"
ROWS = ("heard", "drawn", "really there")
CELL, GAP, MARGIN, TOP = 160, 14, 56, 56
PAPER, INK, SOFT = "#121117", "#eceaf2", "#9b96a8"


def main() -> None:
    """Draw into the docs, or elsewhere to compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", default="car-gan-orchestra", help="weights, or a run")
    parser.add_argument("--out", type=Path, default=OUT, help="the PNG")
    args = parser.parse_args()
    translator, judge = photism.load(args.system), load_judge(JUDGE)
    phrases = [make_phrase(translator, judge, name, seed=0) for name in INSTRUMENTS]
    sheet = draw(ROWS, [(phrase.name, cells(phrase, translator)) for phrase in phrases])
    sheet.quantize(256, Image.Quantize.FASTOCTREE).save(args.out, optimize=True)
    print(args.out)


def cells(phrase: Phrase, translator: Translator) -> list[Image.Image]:
    """Return log-mel, drawing and scene of the loudest half-second, in the size of the sheet."""
    window = phrase.loudest
    [log_mel] = log_mels([phrase.windows.samples[window]], translator.front_end)
    sound = log_mel_picture(torch.clamp_min(log_mel, log_mel.max() - RANGE_DB))
    pictures = [sound, *(Image.fromarray(p[window]) for p in (phrase.drawn, phrase.scene))]
    return [picture.resize((CELL, CELL), Image.Resampling.BICUBIC) for picture in pictures]


def draw(rows: Sequence[str], columns: Sequence[tuple[str, Sequence[Image.Image]]]) -> Image.Image:
    """Lay names and pictures of `CELL` pixels out in rows and columns, on dark."""
    large, small = (ImageFont.load_default(size=size) for size in (36, 26))
    labels = 40 + round(max(large.getlength(title) for title in rows))
    width = 2 * MARGIN + labels + len(columns) * (CELL + GAP) - GAP
    height = 2 * MARGIN + TOP + len(rows) * (CELL + GAP) - GAP
    canvas = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), 40, fill=PAPER)
    mask = Image.new("L", (CELL, CELL), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, CELL - 1, CELL - 1), 12, fill=255)
    for row, title in enumerate(rows):
        middle = MARGIN + TOP + row * (CELL + GAP) + CELL // 2
        pen.text((MARGIN, middle), title, fill=INK, anchor="lm", font=large)
    for index, (name, pictures) in enumerate(columns):
        left = MARGIN + labels + index * (CELL + GAP)
        pen.text((left + CELL // 2, MARGIN + 26), name, fill=SOFT, anchor="ms", font=small)
        for row, picture in enumerate(pictures):
            canvas.paste(picture, (left, MARGIN + TOP + row * (CELL + GAP)), mask)
    return canvas


if __name__ == "__main__":
    main()
