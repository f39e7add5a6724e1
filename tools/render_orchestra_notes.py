"""Render a bank of notes for the data set `orchestra` from a sound font, as Ogg Vorbis.

Needs FluidSynth and the sound font (Debian: `apt-get install fluidsynth fluid-soundfont-gm`), or
TiMidity++ for patches of the Gravis Ultrasound (`apt-get install timidity freepats`):

    python tools/render_orchestra_notes.py                     # the package's bank, fluid-r3
    python tools/render_orchestra_notes.py --font TimGM6mb.sf2 --out timgm6mb
    python tools/render_orchestra_notes.py --font freepats.cfg --out freepats
    python tools/render_orchestra_notes.py --font own.sf2 --out own --source Own --licence CC0

Such a folder is a bank: `photism data prepare orchestra --banks fluid-r3 freepats`. Voices that a
font lacks are left out of it.

Every note is rendered at three dynamics: softer ones at a lower velocity and, since most voices of
FluidR3 only change their level with velocity, through a low-pass filter: the synthesiser's own, or
one of as many poles. One channel of the stereo samples is kept (their mean would cancel partials),
the level made equal, and a loop found in the sustained part, so that a note can be held for any
time.
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
import scipy.signal
import soundfile

from photism.errors import PhotismError
from photism.files import sha256, write_json
from photism.orchestra.instruments import INSTRUMENTS, Voice
from photism.orchestra.notes import FADE_SAMPLES, RATE, SUSTAIN_RMS

ASSETS = Path(__file__).resolve().parents[1] / "src" / "photism" / "assets" / "orchestra"
FOLDERS = tuple(map(Path, ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/etc/timidity")))
COMMAND = ("fluidsynth", "-niq", "-R", "0", "-C", "0", "-g", "0.6", "-r", str(RATE), "-T", "wav")
PATCHES = ("timidity", "-Ow", "-s", str(RATE), "-EFreverb=0", "-EFchorus=0", "-EFdelay=0")
STEP = 3  # semitones from one rendered pitch to the next
HELD_S = 2.0
APART_S = 3.2  # 2,205 buffers of FluidSynth, so that dynamics begin at the same sample
NOTE_SAMPLES = round(1.2 * RATE)
GAP_SAMPLES = round(0.05 * RATE)  # silence behind each note in its file
LOOP_S = (0.3, 0.75)  # where a loop may begin; it ends with the note
SILENT = 1e-4
COMPRESSION = 0.6  # of Vorbis: 0 is largest and best, 1 smallest


@dataclass(frozen=True)
class Font:
    """A sound font: what it is and who may do what with it."""

    source: str
    licence: str
    package: str = ""
    """Of Debian, if it is in one."""


FONTS = {
    "FluidR3_GM.sf2": Font(
        "Fluid (R3) General MIDI SoundFont by Frank Wen and contributors",
        "MIT",
        "fluid-soundfont-gm",
    ),
    "MuseScore_General_Full.sf3": Font(
        "MuseScore_General by S. Christian Collins, after Fluid (R3) Mono by Michael Cowgill",
        "MIT, parts CC0 or public domain",
        "musescore-general-soundfont",
    ),
    "TimGM6mb.sf2": Font("TimGM6mb by Tim Brechbill", "GPL 2", "timgm6mb-soundfont"),
    "freepats.cfg": Font("Freepats", "GPL 2 or later, compositions with it excepted", "freepats"),
    "sf_GMbank.sf2": Font(
        "GM GS Bank, as it comes with Csound", "public domain, says the file", "csound-soundfont"
    ),
}


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


def render(voice: Voice, sound_font: Path, folder: Path) -> np.ndarray | None:
    """Render a voice with FluidSynth, or with TiMidity++ where the font is its configuration.

    Args:
        voice: what to render.
        sound_font: the file to render it from.
        folder: for temporary files.

    Returns:
        `(pitch, dynamic, sample)` float64, cut at the onset, equally loud, of `NOTE_SAMPLES`; None
        where the font has no such voice.
    """
    pitches = range(voice.low_midi, voice.high_midi + 1, STEP)
    notes = [(midi, dynamic) for midi in pitches for dynamic in DYNAMICS]
    midi, wav = folder / "notes.mid", folder / "notes.wav"
    midi.write_bytes(midi_file(voice, notes))
    patches = sound_font.suffix == ".cfg"
    if patches and not _lists(sound_font, voice.gm_program):
        return None  # TiMidity++ would take it from the system's own font
    if patches:
        command = [*PATCHES, "-c", str(sound_font), "-o", str(wav), str(midi)]
    else:
        command = [*COMMAND, "-O", "float", "-F", str(wav), str(sound_font), str(midi)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise PhotismError(
            f"{command[0]} is not installed: apt-get install {command[0]}"
        ) from error
    tape = soundfile.read(wav)[0][:, 0] if wav.is_file() else np.zeros(0)
    slot = round(APART_S * RATE)
    if np.abs(tape).max(initial=0) < SILENT:
        return None
    tape = np.pad(tape, (0, max(0, slot * len(notes) - len(tape))))
    slots = tape[: slot * len(notes)].reshape(len(pitches), len(DYNAMICS), slot)
    if patches:
        slots = _dull(slots, pitches)
    return np.stack([_level(_cut(of_pitch)) for of_pitch in slots])


def _lists(configuration: Path, program: int) -> bool:
    """Whether TiMidity++'s configuration has a patch for a melodic program."""
    lines = (line.split() for line in configuration.read_text().splitlines())
    return any(line[0] == str(program) and line[1].startswith("Tone_") for line in lines if line)


def _dull(slots: np.ndarray, pitches: range) -> np.ndarray:
    """Take treble from softer dynamics, as the filter of a SoundFont does: two poles."""
    dulled = slots.copy()
    for of_pitch, midi in zip(dulled, pitches, strict=True):
        for number, dynamic in enumerate(DYNAMICS):
            if dynamic.cutoff and (hz := dynamic.cutoff * frequency(midi)) < RATE / 2.2:
                filtered = scipy.signal.butter(2, hz, fs=RATE, output="sos")
                of_pitch[number] = scipy.signal.sosfilt(filtered, of_pitch[number])
    return dulled


def _cut(of_pitch: np.ndarray) -> np.ndarray:
    """Cut `(dynamic, sample)` at the onset of the loudest, with a fade of 2 ms before it."""
    loudest = np.abs(of_pitch[-1])
    if loudest.max() < SILENT:
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
    """Render into the package, or a bank of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--font", default="FluidR3_GM.sf2", help="file, or its name in Debian's")
    parser.add_argument("--out", type=Path, default=ASSETS / "fluid-r3", help="folder of the bank")
    parser.add_argument("--source", help="what a font is that is not known here, and by whom")
    parser.add_argument("--licence", help="of such a font")
    args = parser.parse_args()
    sound_font = find_font(args.font)
    font = FONTS.get(sound_font.name)
    if args.source and args.licence:
        font = Font(args.source, args.licence)
    if font is None:
        raise PhotismError(f"{sound_font.name} is not known here: say --source and --licence")
    args.out.mkdir(parents=True, exist_ok=True)
    voices = {}
    for voice in (voice for instrument in INSTRUMENTS.values() for voice in instrument.voices):
        with tempfile.TemporaryDirectory() as folder:
            notes = render(voice, sound_font, Path(folder))
        if notes is None:
            print(f"{voice.name}: not in {sound_font.name}")
            continue
        path = args.out / f"{voice.name}.ogg"
        voices[voice.name] = write(voice, notes, path)
        print(voice.name, notes.shape, f"{path.stat().st_size:,} bytes")
    write_json(args.out / "card.json", card(sound_font, font, voices))


def find_font(given: str) -> Path:
    """Return the file of a sound font, by path or by its name in Debian's folders."""
    for path in (Path(given), *(folder / given for folder in FOLDERS)):
        if path.is_file():
            return path
    packages = " ".join(font.package for font in FONTS.values())
    raise PhotismError(f"no sound font {given}: apt-get install {packages}")


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


def card(sound_font: Path, font: Font, voices: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the card of all voices."""
    patches = sound_font.suffix == ".cfg"
    command = [*PATCHES, "-c"] if patches else [*COMMAND, "-O", "float", "-F", "notes.wav"]
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True).stdout
    package = subprocess.run(
        ["dpkg-query", "-W", "-f=Debian ${Package} ${Version}", font.package or "none"],
        capture_output=True,
        text=True,
    ).stdout
    return {
        "name": "orchestra-notes",
        "description": "Single notes of the thirteen instruments of Sub-URMP.",
        "source": font.source,
        "package": package,
        "sound_font_sha256": sha256(sound_font),
        "generator": version.splitlines()[0],
        "command": " ".join([*command, sound_font.name]),
        "script": "tools/render_orchestra_notes.py",
        "licence": font.licence,
        "rate_hz": RATE,
        "note_samples": NOTE_SAMPLES,
        "gap_samples": GAP_SAMPLES,
        "dynamics": {d.name: {"velocity": d.velocity, "cutoff": d.cutoff} for d in DYNAMICS},
        "voices": voices,
    }


if __name__ == "__main__":
    main()
