"""ESC-10: 400 recordings of ten sounds of the world, five seconds each, in five folds.

Paper: K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM MM 2015.

Read from the archive of the repository, from an unpacked one, or from the few that come with
photism. Files are named `<class>/<fold>-<Freesound id>-<take>.ogg`; what was cut from one original
lies in one fold. The README names the maker of each.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from photism.data.archives import members
from photism.data.fetch import Archive, Upstream, find_archive
from photism.errors import DataError
from photism.files import walk

FOLDS = (1, 2, 3, 4, 5)
ESC10 = Upstream(
    name="esc10",
    what="ten sounds of the world, 400 recordings of 5 s",
    licence="CC BY 3.0",
    credit="Karol J. Piczak and the recordists that its README names",
    homepage="https://github.com/karolpiczak/ESC-10",
    archives=(
        Archive(
            "ESC-10-master.tar.gz",
            (
                "https://github.com/karolpiczak/ESC-10/archive/553c8f1743b9dba6b282e1323c3ca8fa76923448.tar.gz",
            ),
            size_bytes=41_000_000,
            repacked=("f453fc6e4f6693009b47cdd1a10fe239131e1222d95d0fcab21aec71906c09ba",),
        ),
    ),
)

CONTENT_SHA256 = "0e83ce6442447315c355fa228d733b2f408cccb079d3a36ccd4a007aa769111c"
"""Of the names and contents of the 400 recordings, which is the same however they are packed."""
_CLIP = re.compile(r"(?:^|/)(\d{3}) - [^/]+/(([1-5])-(\d+)-([A-Z])\.ogg)$")
_CREDIT = re.compile(r"^- \[(\S+\.ogg)\]:\s*(?:clip derived from )?(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Clip:
    """One recording of five seconds as it lies in its file."""

    key: str
    """`<fold>-<Freesound id>-<take>`."""
    label: int
    """0 to 9, in the order of ESC-10."""
    fold: int
    original: str
    """Freesound's number of what it was cut from."""
    credit: str
    """What it was cut from, by whom, and the licence."""
    content: bytes
    """The sound file."""


def read_esc10(folder: Path) -> list[Clip]:
    """Read the recordings below a folder.

    Args:
        folder: searched for the archive, then for unpacked files.

    Returns:
        All of them, by class and key.

    Raises:
        DataError: there is none below the folder, or the archive is damaged or another one.
    """
    place = find_archive(ESC10.archives[0], folder) or _find_unpacked(folder)
    if place is None:
        raise DataError(
            f"no ESC-10 below {folder}: neither {ESC10.archives[0].name} nor its folders such as"
            " `001 - Dog bark`; run `photism data fetch esc10`, or say with --from where it is"
        )
    clips = read_clips(place)
    packed_anew = place.is_file() and ESC10.archives[0].sha256 is None
    if packed_anew and (digest := content_sha256(clips)) != CONTENT_SHA256:
        raise DataError(
            f"{place} does not hold the published ESC-10: {len(clips)} recordings with SHA-256"
            f" {digest[:12]}…, not 400 with {CONTENT_SHA256[:12]}…; delete it and fetch it again"
        )
    return clips


def content_sha256(clips: list[Clip]) -> str:
    """Return the SHA-256 of names and contents of recordings, by class and key."""
    lines = (
        f"{clip.label} {clip.key} {hashlib.sha256(clip.content).hexdigest()}\n" for clip in clips
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_clips(place: Path) -> list[Clip]:
    """Read the recordings of an archive or folder.

    Args:
        place: of the layout of ESC-10.

    Returns:
        All of them, by class and key.

    Raises:
        DataError: it is damaged, or an original is in two folds.
    """
    found: list[tuple[re.Match[str], bytes]] = []
    credited: dict[str, str] = {}
    for member in members(place):
        if match := _CLIP.search(member.name):
            found.append((match, member.read()))
        elif member.name.rpartition("/")[2] == "README.txt":
            credited |= dict(_CREDIT.findall(member.read().decode("utf-8", "replace")))
    clips = [
        Clip(
            key=match[2].removesuffix(".ogg"),
            label=int(match[1]) - 1,
            fold=int(match[3]),
            original=match[4],
            credit=credited.get(match[2], "not stated"),
            content=content,
        )
        for match, content in found
        if 1 <= int(match[1]) <= 10
    ]
    _check_folds(clips)
    return sorted(clips, key=lambda clip: (clip.label, clip.key))


def _check_folds(clips: list[Clip]) -> None:
    """Refuse an original that lies in two folds: it would be on both sides of a split."""
    folds: dict[str, int] = {}
    for clip in clips:
        if folds.setdefault(clip.original, clip.fold) != clip.fold:
            raise DataError(
                f"recordings of Freesound {clip.original} lie in folds {folds[clip.original]} and"
                f" {clip.fold}: this is not ESC-10"
            )


def _find_unpacked(folder: Path) -> Path | None:
    """Return the folder that holds the folders of classes."""
    for path in sorted(walk(folder)):
        if _CLIP.search(path.as_posix()):
            return path.parent.parent
    return None
