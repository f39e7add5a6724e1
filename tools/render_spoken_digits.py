"""Render the spoken digits of `photism demo` with espeak-ng, as FLAC files with a card.

Needs espeak-ng (Debian: `apt-get install espeak-ng`). The same version of it gives the same
samples, so running this again changes nothing:

    python tools/render_spoken_digits.py
"""

from __future__ import annotations

import argparse
import io
import subprocess
from pathlib import Path

import numpy as np
import soundfile
import soxr

from photism.errors import PhotismError
from photism.files import sha256, write_json

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES = {
    "american": "en-us",
    "american-high": "en-us+f3",
    "scottish": "en-gb-scotland+m3",
    "english": "en-gb-x-rp+f2",
}
SPEEDS_WPM = (110, 140, 175)
RATE_HZ = 16_000
MARGIN_S = 0.08
FLOOR_DB = -50.0
OUT = Path(__file__).resolve().parents[1] / "src" / "photism" / "assets" / "demo"


def espeak_version() -> str:
    """Return the version of espeak-ng, such as "1.51"."""
    try:
        shown = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True)
    except FileNotFoundError as error:
        raise PhotismError("espeak-ng is not installed: apt-get install espeak-ng") from error
    return shown.stdout.split(":")[1].split()[0]


def speak(word: str, voice: str, speed_wpm: int) -> np.ndarray:
    """Return one spoken word at `RATE_HZ`, `(sample,)` float64, peak 0.5, trimmed."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed_wpm), "--stdout", word]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wav))
    samples = soxr.resample(samples, rate, RATE_HZ)
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (FLOOR_DB / 20))
    samples = np.pad(samples[loud[0] : loud[-1] + 1], round(MARGIN_S * RATE_HZ))
    return samples * (0.5 / np.abs(samples).max())


def render(out: Path) -> None:
    """Write every digit in every voice; the speed goes round so that each voice has them all."""
    out.mkdir(parents=True, exist_ok=True)
    files = {}
    for number, (name, voice) in enumerate(VOICES.items()):
        for digit, word in enumerate(DIGITS):
            speed_wpm = SPEEDS_WPM[(digit + number) % len(SPEEDS_WPM)]
            path = out / f"{digit}_{name}_{speed_wpm}.flac"
            soundfile.write(path, speak(word, voice, speed_wpm), RATE_HZ, subtype="PCM_16")
            files[path.name] = {
                "digit": digit,
                "voice": name,
                "speed_wpm": speed_wpm,
                "sha256": sha256(path),
            }
    card = {
        "name": "spoken-digits",
        "description": "The English digits 0 to 9 in four synthetic voices at three speeds.",
        "synthetic": True,
        "generator": f"espeak-ng {espeak_version()}",
        "script": "tools/render_spoken_digits.py",
        "licence": "CC0-1.0",
        "rate_hz": RATE_HZ,
        "voices": VOICES,
        "files": files,
    }
    write_json(out / "card.json", card)


def main() -> None:
    """Render into the package, or elsewhere to compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the FLAC files")
    render(parser.parse_args().out)


if __name__ == "__main__":
    main()
