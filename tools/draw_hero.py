"""Draw docs/images/hero.png: ten spoken digits, their log-mels, and what the systems drew of them.

The recordings are one voice of `photism demo`, all ten digits of it, seed 0; nothing is picked.

    python tools/draw_hero.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import photism
from photism.audio.decode import decode, resample
from photism.audio.logmel import front_end, log_mels
from photism.cli.demo import Recording, recordings
from photism.images import log_mel_picture

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "hero.png"
VOICE = "english"
SYSTEMS = {"AIVAE": "aivae-fsdd", "AIVAE-GAN": "aivae-gan-fsdd"}
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

CELL, GAP, WAVE, LABELS, MARGIN = 196, 20, 92, 268, 64
PAPER, INK, SOFT, SOUND = "#121117", "#eceaf2", "#9b96a8", "#f0983c"


def main() -> None:
    """Draw into the docs, or elsewhere to compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="the PNG")
    spoken = sorted((r for r in recordings() if r.voice == VOICE), key=lambda r: r.digit)
    hero = draw(spoken, {title: pictures(name, spoken) for title, name in SYSTEMS.items()})
    hero.quantize(256, Image.Quantize.FASTOCTREE).save(parser.parse_args().out, optimize=True)


def pictures(name: str, spoken: list[Recording]) -> list[Image.Image]:
    """Translate every recording with one system."""
    translator = photism.load(name)
    return [translator.translate(recording.path, seed=0).image for recording in spoken]


def draw(spoken: list[Recording], drawn: dict[str, list[Image.Image]]) -> Image.Image:
    """Lay words, waveforms, log-mels and the pictures of each system out in rows, on dark."""
    width = 2 * MARGIN + LABELS + len(spoken) * (CELL + GAP) - GAP
    height = 2 * MARGIN + 60 + WAVE + GAP + (CELL + GAP) * (1 + len(drawn))
    canvas = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), 40, fill=PAPER)
    front = front_end("aivae-16k")
    for index, recording in enumerate(spoken):
        left, top = MARGIN + LABELS + index * (CELL + GAP), MARGIN
        _write(pen, (left + CELL // 2, top), f"“{WORDS[recording.digit]}”", SOFT, "mt")
        top += 60
        sound = decode(recording.path)
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
