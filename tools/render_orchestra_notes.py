"""Render the notes of the `orchestra` data set from the FluidR3 GM sound font, as Ogg Vorbis.

Needs FluidSynth and the sound font (Debian: `apt-get install fluidsynth fluid-soundfont-gm`):

    python tools/render_orchestra_notes.py

Every note is rendered at three dynamics: softer ones at a lower velocity and, since most voices of
the font only change their level with velocity, through the synthesiser's own low-pass filter. One
channel of the stereo samples is kept (their mean would cancel partials), the level made equal, and
a loop found in the sustained part, so that a note can be held for any time.
"""

from __future__ import annotations

import argparse
import math
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from photism.errors import PhotismError
from photism.files import sha256, write_json
from photism.orchestra.instruments import INSTRUMENTS, Voice
from photism.orchestra.notes import FADE_SAMPLES, RATE, SUSTAIN_RMS

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
OUT = Path(__file__).resolve().parents[1] / "src" / "photism" / "assets" / "orchestra"
COMMAND = ("fluidsynth", "-niq", "-R", "0", "-C", "0", "-g", "0.6", "-r", str(RATE), "-T", "wav")
STEP = 3  # semitones from one rendered pitch to the next
HELD_S = 2.0
APART_S = 3.2  # 2,205 buffers of FluidSynth, so that dynamics begin at the same sample
NOTE_SAMPLES = round(1.2 * RATE)
GAP_SAMPLES = round(0.05 * RATE)  # silence behind each note in its file
LOOP_S = (0.3, 0.75)  # where a loop may begin; it ends with the note
COMPRESSION = 0.6  # of Vorbis: 0 is largest and best, 1 smallest


@dataclass(frozen=True)
class Dynamic:
    """How loud a note is struck and how dull it is made."""

    name: str
    velocity: int
    cutoff: float | None
    """Low-pass filter, in multiples of the note's fundamental frequency."""


DYNAMICS = (Dynamic("p", 48, 6.0), Dynamic("mf", 80, 16.0), Dynamic("f", 112, None))
_OPEN_HZ = 19_912.0  # filter of a SoundFont that says nothing of it
_DULLEST_CENTS = -4800
_DULLEST_OWN_CENTS = -1800
_OWN_FILTER = {"horn", "sax-alto", "sax-tenor", "trombone", "trumpet"}
"""Voices that the font itself dulls at low velocities, so that less has to be done."""


def frequency(midi: float) -> float:
    """Return the frequency of a MIDI pitch in Hz, A4 = 440."""
    return 440 * 2 ** ((midi - 69) / 12)


def render(voice: Voice, folder: Path) -> np.ndarray:
    """Render a voice with FluidSynth.

    Args:
        voice: what to render.
        folder: for temporary files.

    Returns:
        `(pitch, dynamic, sample)` float64, cut at the onset, equally loud, of `NOTE_SAMPLES`.
    """
    pitches = range(voice.low_midi, voice.high_midi + 1, STEP)
    notes = [(midi, dynamic) for midi in pitches for dynamic in DYNAMICS]
    (folder / "notes.mid").write_bytes(midi_file(voice, notes))
    wav = folder / "notes.wav"
    command = [*COMMAND, "-O", "float", "-F", str(wav), str(SOUND_FONT), str(folder / "notes.mid")]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise PhotismError("fluidsynth is not installed: apt-get install fluidsynth") from error
    tape = soundfile.read(wav)[0][:, 0]
    slot = round(APART_S * RATE)
    slots = tape[: slot * len(notes)].reshape(len(pitches), len(DYNAMICS), slot)
    return np.stack([_level(_cut(of_pitch)) for of_pitch in slots])


def _cut(of_pitch: np.ndarray) -> np.ndarray:
    """Cut `(dynamic, sample)` at the onset of the loudest, with a fade of 2 ms before it."""
    loudest = np.abs(of_pitch[-1])
    if loudest.max() < 1e-4:
        raise PhotismError("the sound font is silent here: narrow the range of the voice")
    fade = round(0.002 * RATE)
    onset = int(np.argmax(loudest > 0.01 * loudest.max()))
    begin = max(0, onset - fade)
    cut = of_pitch[:, begin : begin + NOTE_SAMPLES].copy()
    cut[:, :fade] *= np.linspace(0, 1, fade)
    return cut


def _level(of_pitch: np.ndarray) -> np.ndarray:
    sustained = of_pitch[:, round(LOOP_S[0] * RATE) :]
    return of_pitch * (SUSTAIN_RMS / np.sqrt((sustained**2).mean(axis=1, keepdims=True)))


def midi_file(voice: Voice, notes: list[tuple[int, Dynamic]]) -> bytes:
    """Return a standard MIDI file, one tick a millisecond, with a note every `APART_S`."""
    track = b"\0" + bytes([0xC0, voice.gm_program])
    now = 0
    for number, (midi, dynamic) in enumerate(notes):
        onset = round(number * APART_S * 1000)
        track += _variable_length(onset - now) + _filter(voice, midi, dynamic)
        track += b"\0" + bytes([0x90, midi, dynamic.velocity])
        track += _variable_length(round(HELD_S * 1000)) + bytes([0x80, midi, 0])
        now = onset + round(HELD_S * 1000)
    track += _variable_length(round(APART_S * 1000)) + b"\xff\x2f\0"
    header = struct.pack(">IHHH", 6, 0, 1, 500)  # 500 ticks a quarter at the default 120 a minute
    return b"MThd" + header + b"MTrk" + struct.pack(">I", len(track)) + track


def _filter(voice: Voice, midi: int, dynamic: Dynamic) -> bytes:
    """Set the cutoff (SoundFont generator 8) for the next note by a SoundFont 2.01 NRPN."""
    cents = 0.0
    if dynamic.cutoff:
        cents = 1200 * math.log2(dynamic.cutoff * frequency(midi) / _OPEN_HZ)
    dullest = _DULLEST_OWN_CENTS if voice.name in _OWN_FILTER else _DULLEST_CENTS
    value = 8192 + round(min(0, max(dullest, cents)) / 2)
    controls = ((99, 120), (98, 8), (38, value & 127), (6, value >> 7))
    return b"\0".join(bytes([0xB0, number, setting]) for number, setting in controls)


def _variable_length(number: int) -> bytes:
    out = [number & 127]
    while number := number >> 7:
        out.append(number & 127 | 128)
    return bytes(reversed(out))


def find_loop(note: np.ndarray) -> int:
    """Return the sample at which a loop to the note's end begins with the least of a seam."""
    first, last = (round(at * RATE) for at in LOOP_S)
    seam = note[-FADE_SAMPLES:]
    before = note[first - FADE_SAMPLES : last]
    energy = np.convolve(before**2, np.ones(FADE_SAMPLES), "valid")
    alike = 2 * np.correlate(before, seam, "valid") / (energy + (seam**2).sum())
    return first + int(np.argmax(alike))


def main() -> None:
    """Render into the package, or elsewhere to compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the Ogg files")
    out = parser.parse_args().out
    if not SOUND_FONT.is_file():
        raise PhotismError(f"no {SOUND_FONT}: apt-get install fluid-soundfont-gm")
    out.mkdir(parents=True, exist_ok=True)
    voices = {}
    for voice in (voice for instrument in INSTRUMENTS.values() for voice in instrument.voices):
        with tempfile.TemporaryDirectory() as folder:
            notes = render(voice, Path(folder))
        voices[voice.name] = write(voice, notes, out / f"{voice.name}.ogg")
        print(voice.name, notes.shape, f"{(out / f'{voice.name}.ogg').stat().st_size:,} bytes")
    write_json(out / "card.json", card(voices))


def write(voice: Voice, notes: np.ndarray, path: Path) -> dict[str, Any]:
    """Write the notes of a voice to one file, and return its entry of the card."""
    padded = np.pad(notes, ((0, 0), (0, 0), (0, GAP_SAMPLES)))
    kind = {"format": "OGG", "subtype": "VORBIS", "compression_level": COMPRESSION}
    with soundfile.SoundFile(path, "w", RATE, 1, **kind) as file:
        for note in padded.reshape(-1, padded.shape[-1]):
            file.write(note)  # one by one: libsndfile overflows its stack on long Vorbis writes
    return {
        "gm_program": voice.gm_program,
        "midi": list(range(voice.low_midi, voice.high_midi + 1, STEP)),
        "loop_start": [find_loop(of_pitch[-1]) for of_pitch in notes],
        "sha256": sha256(path),
    }


def card(voices: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the card of all voices."""
    version = subprocess.run(["fluidsynth", "--version"], capture_output=True, text=True).stdout
    package = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", "fluid-soundfont-gm"], capture_output=True, text=True
    ).stdout
    return {
        "name": "orchestra-notes",
        "description": "Single notes of the thirteen instruments of Sub-URMP.",
        "source": "Fluid (R3) General MIDI SoundFont by Frank Wen and contributors",
        "package": f"Debian fluid-soundfont-gm {package}",
        "sound_font_sha256": sha256(SOUND_FONT),
        "generator": version.splitlines()[0],
        "command": " ".join([*COMMAND, "-O", "float", "-F", "notes.wav", SOUND_FONT.name]),
        "script": "tools/render_orchestra_notes.py",
        "licence": "MIT",
        "rate_hz": RATE,
        "note_samples": NOTE_SAMPLES,
        "gap_samples": GAP_SAMPLES,
        "dynamics": {d.name: {"velocity": d.velocity, "cutoff": d.cutoff} for d in DYNAMICS},
        "voices": voices,
    }


if __name__ == "__main__":
    main()
