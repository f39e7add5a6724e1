"""Free Spoken Digit Dataset 1.0.10: 3,000 recordings at 8 kHz by six speakers.

Read from the archive of the upstream tag or from an unpacked `recordings/` folder; files are named
`<digit>_<speaker>_<take>.wav`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from photism.data.archives import members
from photism.data.digits import Recording
from photism.data.fetch import Archive, Upstream, find_archive
from photism.errors import ConfigError, DataError, nearest
from photism.files import walk

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TAKES = 50
"""Recordings of each digit by each speaker."""

FSDD = Upstream(
    name="fsdd",
    what="spoken digits, 3,000 by 6 speakers",
    licence="CC BY-SA 4.0",
    credit="Zohar Jackson and contributors",
    homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
    archives=(
        Archive(
            "free-spoken-digit-dataset-1.0.10.tar.gz",
            (
                "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
            ),
            size_bytes=15_600_000,
            repacked=("13a62befb4928d15cd92fc6cf9668de33bb78252f1f1b4e1f5f724ca9bcb0488",),
        ),
    ),
)

_NAME = re.compile(r"(?:^|/)(\d)_([a-z]+)_(\d+)\.wav$")


def check_speakers(speakers: tuple[str, ...]) -> None:
    """Raise a ConfigError unless every speaker is one of FSDD's, named once."""
    for speaker in speakers:
        if speaker not in SPEAKERS:
            raise ConfigError(f"FSDD has no speaker {speaker!r}: {nearest(speaker, SPEAKERS)}")
    if not speakers or len(set(speakers)) < len(speakers):
        raise ConfigError(f"name each speaker once, at least one of {', '.join(SPEAKERS)}")


def read_fsdd(folder: Path, speakers: tuple[str, ...] = SPEAKERS) -> Iterator[Recording]:
    """Yield the recordings of some speakers from below a folder.

    Args:
        folder: searched for the archive, then for unpacked files.
        speakers: whose recordings to take.

    Yields:
        Recordings in no particular order.

    Raises:
        DataError: there is no FSDD below the folder, or its archive is damaged.
    """
    place = find_archive(FSDD.archives[0], folder) or _find_unpacked(folder)
    if place is None:
        raise DataError(
            f"no FSDD below {folder}: neither {FSDD.archives[0].name} nor a recordings/ folder; run"
            " `photism data fetch fsdd`, or say with --from where it is"
        )

    for member in members(place):
        match = _NAME.search(member.name)
        if match and match[2] in speakers:
            key = "fsdd/" + "_".join(match.groups())
            yield Recording(key, int(match[1]), match[2], member.read())


def _find_unpacked(folder: Path) -> Path | None:
    for path in sorted(walk(folder)):
        if _NAME.search(path.name):
            return path.parent
    return None
