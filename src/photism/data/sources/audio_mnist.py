"""AudioMNIST: 30,000 spoken digits by 60 speakers, 50 of each digit by each (arXiv:1807.03418).

Read from the archive of the upstream repository, from others that hold parts of it, or unpacked;
sounds may be WAV or FLAC. Files are named `data/<speaker>/<digit>_<speaker>_<take>.wav`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from photism.data.archives import members
from photism.data.digits import Recording
from photism.data.fetch import Archive, Upstream, checked_archives
from photism.errors import DataError
from photism.files import walk

AUDIO_MNIST = Upstream(
    name="audio-mnist",
    what="spoken digits, 30,000 by 60 speakers",
    licence="MIT",
    credit="Sören Becker and contributors",
    homepage="https://github.com/soerenab/AudioMNIST",
    archives=(
        Archive(
            "AudioMNIST-master.zip",
            ("https://github.com/soerenab/AudioMNIST/archive/refs/heads/master.zip",),
            size_bytes=1_000_000_000,
        ),
    ),
)

_NAME = re.compile(r"(?:^|/)(\d\d)/(\d)_\1_(\d+)\.(?:wav|flac)$")


def read_audio_mnist(folder: Path) -> Iterator[Recording]:
    """Yield the recordings below a folder.

    Args:
        folder: searched for archives named AudioMNIST*, and for unpacked folders of speakers.

    Yields:
        Recordings in no particular order, each once.

    Raises:
        DataError: there are none below the folder, or an archive is damaged.
    """
    seen: set[str] = set()
    for place in _places(folder):
        for member in members(place):
            match = _NAME.search(member.name)
            if not match:
                continue
            speaker, digit, take = match.groups()
            key = f"audio-mnist/{digit}_{speaker}_{take}"
            if key not in seen:
                seen.add(key)
                yield Recording(key, int(digit), speaker, member.read())
    if not seen:
        raise DataError(
            f"no AudioMNIST below {folder}: neither {AUDIO_MNIST.archives[0].name} nor folders of"
            " speakers with files named like 01/0_01_0.wav; run `photism data fetch audio-mnist`,"
            " or say with --from where they are"
        )


def _places(folder: Path) -> Iterator[Path]:
    """Yield the archives below a folder, then the folders that hold folders of speakers."""
    paths = sorted(walk(folder))
    yield from checked_archives(paths, "AudioMNIST", AUDIO_MNIST.archives[0])
    yield from sorted({path.parents[1] for path in paths if _NAME.search(path.as_posix())})
