"""Draw docs/images/page.png: the page of `photism serve` in a real Chromium, after one phrase.

    python tools/draw_page.py

Wants playwright and Debian's or any other Chromium on the path.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile
from PIL import Image
from playwright.sync_api import sync_playwright

from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.notes import RATE
from photism.orchestra.performance import performance

ROOT = Path(__file__).parents[1]
SIZE = {"width": 1120, "height": 1000}


def main() -> None:
    """Serve, play, look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "page.png")
    parser.add_argument("--instrument", default="violin", choices=sorted(INSTRUMENTS))
    args = parser.parse_args()
    command = [sys.executable, "-m", "photism", "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        recording = Path(folder) / f"{args.instrument}.wav"
        phrase = performance(INSTRUMENTS[args.instrument], 0, split="demo", duration_s=3.0)
        soundfile.write(recording, phrase.samples, RATE)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(server.stdout.readline().split()[0])
        page.select_option("#system", "car-gan-orchestra")
        page.set_input_files("#file", recording)
        page.wait_for_selector(".card")
        page.wait_for_function("() => document.querySelector('#player audio').readyState > 0")
        page.screenshot(path=args.out, clip={"x": 0, "y": 0, **SIZE})
        browser.close()
    server.terminate()
    server.wait()
    with Image.open(args.out) as picture:
        picture.convert("RGB").save(args.out, optimize=True)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
