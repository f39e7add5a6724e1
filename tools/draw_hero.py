"""Draw docs/images/hero.png: ten spoken digits, their log-mels, and what the systems drew of them.

One test recording of each digit of mnist-fsdd, drawn at random with seed 0, and seed 0 for the
pictures: nothing is picked. The sounds are those of the Free Spoken Digit Dataset (CC BY-SA 4.0).

    photism data fetch mnist-fsdd && photism data prepare mnist-fsdd
    python tools/draw_hero.py
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import photism
from photism.audio.decode import decode, resample
from photism.audio.front_ends import front_end
from photism.audio.logmel import log_mels
from photism.data.digits import Recording
from photism.data.pairs import PairDataset
from photism.data.prepare import find, raw_folder
from photism.data.sources.fsdd import read_fsdd
from photism.images import log_mel_picture

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "hero.png"
SYSTEMS = {"AIVAE": "aivae-fsdd", "AIVAE-GAN": "aivae-gan-fsdd"}
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

CELL, GAP, WAVE, LABELS, MARGIN = 196, 20, 92, 268, 64
PAPER, INK, SOFT, SOUND = "#121117", "#eceaf2", "#9b96a8", "#f0983c"


def main() -> None:
    """Draw into the docs, or elsewhere to compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist-fsdd", help="prepared pairs")
    parser.add_argument("--from", dest="raw", type=Path, help="folder with FSDD's archive")
    parser.add_argument("--out", type=Path, default=OUT, help="the PNG")
    args = parser.parse_args()
    spoken = choose(find(args.data), args.raw or raw_folder())
    hero = draw(spoken, {title: pictures(name, spoken) for title, name in SYSTEMS.items()})
    hero.quantize(256, Image.Quantize.FASTOCTREE).save(args.out, optimize=True)
    print(f"{args.out}: {', '.join(recording.key for recording in spoken)}")


def choose(data: Path, raw: Path) -> list[Recording]:
    """Draw one test recording of each digit at random."""
    test = PairDataset(data, "test")
    keys, rng = test.column("recording"), np.random.default_rng(0)
    chosen = {rng.choice(np.unique(keys[test.labels == digit])) for digit in range(10)}
    return sorted((r for r in read_fsdd(raw) if r.key in chosen), key=lambda r: r.label)


def pictures(name: str, spoken: list[Recording]) -> list[Image.Image]:
    """Translate every recording with one system."""
    translator = photism.load(name)
    return [translator.translate(recording.content, seed=0).image for recording in spoken]


def draw(spoken: list[Recording], drawn: dict[str, list[Image.Image]]) -> Image.Image:
    """Lay words, waveforms, log-mels and the pictures of each system out in rows, on dark."""
    width = 2 * MARGIN + LABELS + len(spoken) * (CELL + GAP) - GAP
    height = 2 * MARGIN + 60 + WAVE + GAP + (CELL + GAP) * (1 + len(drawn))
    canvas = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), 40, fill=PAPER)
    front = front_end("aivae-8k")
    for index, recording in enumerate(spoken):
        left, top = MARGIN + LABELS + index * (CELL + GAP), MARGIN
        _write(pen, (left + CELL // 2, top), f"“{WORDS[recording.label]}”", SOFT, "mt")
        top += 60
        sound = decode(io.BytesIO(recording.content))
        samples = resample(sound.mono(), sound.rate, front.rate)
        _draw_wave(pen, samples, left, top)
        top += WAVE + GAP
        log_mel = log_mel_picture(log_mels([samples], front)[0])
        _paste(canvas, log_mel.resize((CELL, CELL), Image.Resampling.BICUBIC), left, top)
        top += 2 * GAP
        for row in drawn.values():
            top += CELL + GAP
            picture = row[index].convert("RGB").resize((CELL, CELL), Image.Resampling.NEAREST)
            _paste(canvas, picture, left, top - GAP)
    middle = MARGIN + 60 + WAVE // 2
    _write(pen, (MARGIN, middle), "spoken", INK, "lm")
    middle = MARGIN + 60 + WAVE + GAP + CELL // 2
    _write(pen, (MARGIN, middle), "log-mel", INK, "lm")
    middle += GAP
    for title in drawn:
        middle += CELL + GAP
        _write(pen, (MARGIN, middle), title, INK, "lm")
    return canvas


def _draw_wave(pen: ImageDraw.ImageDraw, samples: np.ndarray, left: int, top: int) -> None:
    """Draw the envelope as bars, loudest as high as the row."""
    bars = np.array([np.abs(part).max() for part in np.array_split(samples, CELL // 7)])
    for index, level in enumerate(bars / bars.max()):
        half = max(2, level * WAVE / 2)
        x = left + index * 7
        box = (x, top + WAVE / 2 - half, x + 4, top + WAVE / 2 + half)
        pen.rounded_rectangle(box, 2, fill=SOUND)


def _paste(canvas: Image.Image, picture: Image.Image, left: int, top: int) -> None:
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, CELL - 1, CELL - 1), 14, fill=255)
    canvas.paste(picture, (left, top), mask)


def _write(
    pen: ImageDraw.ImageDraw, where: tuple[int, int], text: str, colour: str, anchor: str
) -> None:
    pen.text(where, text, fill=colour, anchor=anchor, font=ImageFont.load_default(size=38))


if __name__ == "__main__":
    main()
