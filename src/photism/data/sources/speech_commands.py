"""Speech Commands: single words of one second at 16 kHz by thousands of speakers.

Read from archives and unpacked folders alike, also from several that hold parts of it; sounds may
be WAV or FLAC. Files are named `<word>/<speaker>_nohash_<take>.wav`. P. Warden, "Speech Commands",
2018, arXiv:1804.03209.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from photism.audio.decode import Sound
from photism.data.archives import members
from photism.data.clips import read_clip
from photism.data.digits import Recording
from photism.data.fetch import Archive, Upstream, checked_archives
from photism.data.progress import track
from photism.errors import DataError
from photism.files import walk

SPEECH_COMMANDS = Upstream(
    name="speech-commands",
    what="spoken words, version 0.01, with 23,666 digits",
    licence="CC BY 4.0",
    credit="Pete Warden, Google",
    homepage="https://arxiv.org/abs/1804.03209",
    archives=(
        Archive(
            "speech_commands_v0.01.tar.gz",
            (
                "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.01.tar.gz",
                "http://download.tensorflow.org/data/speech_commands_v0.01.tar.gz",
            ),
            size_bytes=1_489_000_000,
            sha256="743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
        ),
    ),
)

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
V1_COUNTS = dict(
    zip(WORDS, (2376, 2370, 2373, 2356, 2372, 2357, 2369, 2377, 2352, 2364), strict=True)
)
"""Recordings of each digit in version 0.01, of which the AIVAE paper used all 23,666."""
V2_WORDS = frozenset({"backward", "follow", "forward", "learn", "visual"})
"""Words that version 0.02 added."""

_NAME = re.compile(r"(?:^|/)([a-z]+)/(([0-9a-f]+)_nohash_\d+)\.(?:wav|flac)$")
_BACKGROUND = re.compile(r"(?:^|/)_background_noise_/[^/]+\.(?:wav|flac)$")
_LISTS = {"validation_list.txt": "validation", "testing_list.txt": "test"}


@dataclass(frozen=True)
class SpeechCommands:
    """What lies below a folder, by name; nothing is decoded yet."""

    places: Mapping[Path, Mapping[str, str]]
    """For each archive or folder the key of every recording to be read from it, by its name."""
    words: frozenset[str]
    """All words, digits or not."""
    lists: Mapping[str, frozenset[str]]
    """Keys of the official "validation" and "test" lists."""
    repeated: int
    """Recordings that lie in a second place too; the first is read."""
    backgrounds: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    """For each archive or folder the names of its recordings of background noise."""

    @property
    def counts(self) -> dict[str, int]:
        """Recordings of each digit's word, in the order of the digits."""
        words = Counter(_word(key) for keys in self.places.values() for key in keys.values())
        return {word: words[word] for word in WORDS}

    @property
    def version2(self) -> bool:
        """Whether this is version 0.02: words, or more recordings, that 0.01 does not have."""
        return bool(self.words & V2_WORDS) or any(
            count > V1_COUNTS[word] for word, count in self.counts.items()
        )

    def split_of(self, key: str) -> str:
        """Return the official split of a recording: "train", "validation" or "test"."""
        return next((split for split, keys in self.lists.items() if key in keys), "train")


def find_speech_commands(folder: Path) -> SpeechCommands:
    """Look through everything of Speech Commands that lies below a folder.

    Args:
        folder: searched for archives named speech_commands*, and for unpacked word folders.

    Returns:
        What was found.

    Raises:
        DataError: there is nothing, or an archive is damaged or not the published one.
    """
    places: dict[Path, dict[str, str]] = {}
    lists: dict[str, set[str]] = {split: set() for split in _LISTS.values()}
    backgrounds: dict[Path, list[str]] = {}
    words: set[str] = set()
    seen: set[str] = set()
    repeated = 0
    for place in track(_places(folder), "looking through Speech Commands"):
        places[place] = {}
        for member in members(place):
            if split := _LISTS.get(PurePosixPath(member.name).name):
                lists[split] |= _listed(member.read())
            elif _BACKGROUND.search(member.name):
                backgrounds.setdefault(place, []).append(member.name)
            elif match := _NAME.search(f"{place.name}/{member.name}"):
                key = f"speech-commands/{match[1]}/{match[2]}"
                words.add(match[1])
                if key in seen:
                    repeated += 1
                elif match[1] in WORDS:
                    places[place][member.name] = key
                seen.add(key)
    if not any(places.values()):
        raise DataError(
            f"no digits of Speech Commands below {folder}: neither"
            f" {SPEECH_COMMANDS.archives[0].name} nor word folders with files named like"
            " zero/00b01445_nohash_0.wav; run `photism data fetch speech-commands`, or say with"
            " --from where they are"
        )
    frozen = {split: frozenset(keys) for split, keys in lists.items()}
    noises = {place: tuple(sorted(names)) for place, names in backgrounds.items()}
    return SpeechCommands(places, frozenset(words), frozen, repeated, noises)


def read_speech_commands(found: SpeechCommands, words: Container[str]) -> Iterator[Recording]:
    """Yield the recordings of some digits.

    Args:
        found: what lies where.
        words: such as "zero".

    Yields:
        Recordings in no particular order, each once.
    """
    for place, keys in found.places.items():
        for member in members(place) if keys else ():
            key = keys.get(member.name, "")
            if (word := _word(key)) in words:
                speaker = key.rsplit("/", 1)[-1].split("_")[0]
                yield Recording(key, WORDS.index(word), speaker, member.read())


def read_backgrounds(found: SpeechCommands) -> Iterator[Sound]:
    """Yield the recordings of background noise, a minute or so each.

    Args:
        found: what lies where.

    Yields:
        Sounds at their own rates, by name, each once.

    Raises:
        AudioError: one is damaged.
    """
    seen: set[str] = set()
    for place, names in found.backgrounds.items():
        for member in members(place):
            name = PurePosixPath(member.name).name
            if member.name in names and name not in seen:
                seen.add(name)
                yield read_clip(member.read())


def _places(folder: Path) -> Iterator[Path]:
    """Yield the archives below a folder, then the folders that hold word folders."""
    paths = sorted(walk(folder))
    yield from checked_archives(paths, "speech_commands", SPEECH_COMMANDS.archives[0])
    sounds = (p for p in paths if "_nohash_" in p.name and p.suffix in (".wav", ".flac"))
    yield from sorted({path.parent.parent for path in sounds})


def _word(key: str) -> str:
    return key.split("/")[1] if key else ""


def _listed(content: bytes) -> set[str]:
    """Return the keys of an official list: one path a line, such as `zero/…_nohash_0.wav`."""
    lines = content.decode("utf-8", "replace").split()
    return {f"speech-commands/{line.rsplit('.', 1)[0]}" for line in lines}
