"""Choose and re-encode the recordings of ESC-10 that come with photism.

python tools/bundle_scenes.py FOLDER_WITH_ESC10

Of each class one recording of every fold and a second one of the last, those with the most to
hear; their first 4.75 s in mono at 44.1 kHz, Ogg Vorbis at its lowest quality. Only what is CC0 or
CC BY. The README of the archive names their makers.
"""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import soundfile

from photism.data.sources.esc10 import Clip, read_esc10
from photism.files import replacing
from photism.scenes.told import CLASSES, level_db

TARGET = Path(__file__).resolve().parents[1] / "src/photism/assets/scenes/esc10-sample.tar"
SECONDS = 4.75
FOLDS = (1, 2, 3, 4, 5, 5)
README = """\
60 recordings of ESC-10 (K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM
Multimedia 2015), six of each class: their first 4.75 s, encoded again as Ogg Vorbis at its lowest
quality.
Licence of the set: CC BY 3.0 (https://creativecommons.org/licenses/by/3.0/); of each recording as
stated here.

"""


def main() -> None:
    """Write the archive."""
    [folder] = sys.argv[1:]
    clips = [
        clip for clip in read_esc10(Path(folder)) if clip.credit.endswith(("[CC0]", "[CC-BY]"))
    ]
    chosen: list[Clip] = []
    for label in range(len(CLASSES)):
        for fold in FOLDS:
            left = [c for c in clips if (c.label, c.fold) == (label, fold) and c not in chosen]
            taken = {clip.original for clip in chosen}
            chosen.append(max(left, key=lambda clip: (clip.original not in taken, _audible(clip))))
    credit_lines = [f"- [{clip.key}.ogg]: {clip.credit}\n" for clip in chosen]
    with replacing(TARGET) as temporary, tarfile.open(temporary, "w") as archive:
        _add(archive, "README.txt", (README + "".join(credit_lines)).encode())
        for clip in chosen:
            name = f"{clip.label + 1:03d} - {CLASSES[clip.label]}/{clip.key}.ogg"
            _add(archive, name, _encoded(clip))
    print(f"{len(chosen)} recordings, {TARGET.stat().st_size / 1e6:.2f} MB")


def _audible(clip: Clip) -> float:
    """Share of a recording's half-seconds that are within 30 dB of its loudest."""
    samples, _ = soundfile.read(io.BytesIO(clip.content))
    levels = np.array([level_db(part) for part in np.array_split(samples, 10)])
    return float(np.mean(levels > max(levels.max() - 30, -65)))


def _encoded(clip: Clip) -> bytes:
    samples, rate = soundfile.read(io.BytesIO(clip.content), dtype="float32")
    samples = samples[: round(SECONDS * rate)]
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", rate, 1, format="OGG", subtype="VORBIS", compression_level=1.0
    ) as file:
        for block in np.array_split(samples, 50):
            file.write(block)
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


if __name__ == "__main__":
    main()
