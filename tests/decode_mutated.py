"""Reads damaged copies of sounds and films, in a process of its own: one of them might crash it.

    python decode_mutated.py FIRST LAST

Prints a line for each seed: "read" or "refused". Anything but an error of ours ends it, and so does
a file that keeps it busy for longer than `PATIENCE_S`.
"""

from __future__ import annotations

import faulthandler
import io
import random
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
from chirps import RATE, chirp, edited, told
from mutations import mutated
from real_recordings import encoded

from photism.audio.decode import Sound, decode, stream, tags
from photism.data.clips import read_clip
from photism.errors import AudioError, ImageError
from photism.video.frames import first_frames
from photism.video.moments import frames_every

PATIENCE_S = 120
SOUND_FILES = (
    ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "MS_ADPCM"), ("WAV", "GSM610"), ("RF64", "PCM_24"),
    ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"),
    ("AU", "ULAW"), ("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("W64", "PCM_16"), ("VOC", "PCM_U8"),
)  # fmt: skip
CONTAINERS = (
    ("mp4", "aac", 5), ("ipod", "alac", 0), ("mov", "adpcm_ima_qt", 5), ("matroska", "flac", 5),
    ("webm", "libopus", 0), ("ogg", "libopus", 0), ("mpegts", "aac", 5), ("mpeg", "mp2", 25),
    ("avi", "mp3", 5), ("flv", "aac", 0), ("adts", "aac", 0), ("ac3", "ac3", 0), ("nut", "aac", 5),
    ("asf", "wmav2", 0), ("wav", "adpcm_ima_wav", 0), ("wv", "wavpack", 0), ("eac3", "eac3", 0),
    ("mp2", "mp2", 0), ("caf", "alac", 0), ("aiff", "pcm_s16be", 0),
)  # fmt: skip


def whole_files() -> list[bytes]:
    """A second of every format."""
    files = [encoded(chirp(1.0), RATE, kind, subtype) for kind, subtype in SOUND_FILES]
    for kind, codec, fps in CONTAINERS:
        rate = 44_100 if kind in ("flv", "asf") else RATE
        files.append(told(kind, codec, seconds=1.0, rate=rate, fps=fps))
    files.append(edited(told("mp4", "aac", seconds=1.0), [(0.2, -1), (0.3, 0.1), (0.3, 0.6)]))
    files.append(told("matroska", "aac", seconds=2.0, gaps=[(0.5, 1.0)], fps=5))
    return files


def sane(sound: Sound) -> None:
    """Raise AssertionError where a sound is not what its description promises."""
    assert sound.samples.dtype == np.float32
    assert sound.samples.ndim == 2
    assert sound.samples.size
    assert np.abs(sound.samples).max() <= 1  # no NaN either
    assert sound.rate > 0
    assert all("\n" not in note for note in sound.notes)


def refused(error: AudioError | ImageError) -> str:
    """Check the one line of an error."""
    assert len(str(error).splitlines()) == 1, repr(str(error))
    return "refused"


def read_mutated(content: bytes, path: Path) -> str:
    """Read a file in every way there is: "read" or "refused"."""
    outcome = "read"
    try:
        sane(decode(io.BytesIO(content)))
    except AudioError as error:
        outcome = refused(error)
    for read in (
        lambda: sane(decode(io.BytesIO(content), start_s=0.4, duration_s=0.3)),
        lambda: [sane(block) for block in islice(stream(path, block_s=0.3), 200)],
        lambda: read_clip(content),
        lambda: tags(path),
        lambda: list(first_frames(path, [0.0, 0.3, 0.6])),
        lambda: list(islice(frames_every(path, 0.25), 100)),
    ):
        try:
            read()
        except (AudioError, ImageError) as error:
            refused(error)
    return outcome


if __name__ == "__main__":
    files = whole_files()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(int(sys.argv[1]), int(sys.argv[2])):
            faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
            rng = random.Random(seed)
            damaged = mutated(files[seed % len(files)], rng)
            place = Path(folder, "mutated")
            place.write_bytes(damaged)
            print(seed, end=" ", flush=True)
            print(read_mutated(damaged, place), flush=True)
            faulthandler.cancel_dump_traceback_later()
