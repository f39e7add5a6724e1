"""How late a picture is: from the end of a window of sound to its pixels in a real Chromium.

    python benchmarks/live.py --seconds 30

Serves, opens the page with a microphone that hears spoken digits, keeps listening, and prints what
the page itself measures. Wants playwright and a Chromium on the path.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import sync_playwright

import photism
from photism.files import PACKAGED


def spoken(path: Path) -> None:
    """Write ten spoken digits with pauses, which the microphone hears again and again."""
    parts = []
    for digit in range(10):
        [voice] = (PACKAGED / "demo").glob(f"{digit}_english_*.flac")
        samples, rate = soundfile.read(voice, dtype="float32")
        parts += [samples, np.zeros(rate // 2, np.float32)]
    soundfile.write(path, np.concatenate(parts), rate)


def measure(system: str, seconds: float) -> None:
    """Listen for a while and print what the page says."""
    command = [sys.executable, "-m", "photism", "serve", "--port", "0", "--system", system]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        spoken(Path(folder) / "spoken.wav")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={folder}/spoken.wav",
            ],
        )
        page = browser.new_page()
        page.goto(server.stdout.readline().split()[0])
        page.wait_for_selector("#system option", state="attached")
        page.click("#listen")
        page.wait_for_timeout(1000 * seconds)
        print(f"{system:<20} {page.inner_text('#latency')}")
        browser.close()
    server.terminate()
    server.wait()


def main() -> None:
    """Measure every bundled system that takes sounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in photism.list_weights():
        if "image" in photism.load(name).system.targets:
            measure(name, args.seconds)


if __name__ == "__main__":
    main()
