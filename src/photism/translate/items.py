"""What is to be translated: files, folders opened, each with a name of its own for its result."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from photism.audio.names import is_sound
from photism.errors import AudioError, ConfigError
from photism.files import named, walk
from photism.images import is_picture
from photism.media import MEDIA, Medium
from photism.translate.sources import medium_of

STDIN = "-"
SUFFIXES: Mapping[Medium, tuple[str, ...]] = {"sound": (".png",), "image": (".wav", ".flac")}
"""Of what a source becomes: a picture, or a sound."""
KNOWN = (".png", ".wav", ".flac")


@dataclass(frozen=True)
class Item:
    """A file to translate, and the file that the first of its results becomes."""

    source: str
    target: Path
    medium: Medium = "sound"
    """What the source is."""

    def named(self, number: int, seed: int | None) -> Path:
        """Return the file of one of its results.

        Args:
            number: of the clip, from 0.
            seed: of the sample, where there are several of each clip.

        Returns:
            name.png, name_001.png, …, or name_s0.png, name_001_s0.png, ….
        """
        clip = f"_{number:03d}" if number else ""
        sample = "" if seed is None else f"_s{seed}"
        return self.target.with_name(named(self.target.stem, f"{clip}{sample}{self.target.suffix}"))

    def beside(self, number: int, what: str) -> Path:
        """Return the file of what all samples of a clip have in common.

        Args:
            number: of the clip, from 0.
            what: "mean" or "spread".

        Returns:
            name_mean.png, name_001_mean.png, ….
        """
        clip = f"_{number:03d}" if number else ""
        return self.target.with_name(named(self.target.stem, f"{clip}_{what}.png"))


def find_items(
    sources: tuple[str, ...], out: Path | None, media: Collection[Medium] = MEDIA
) -> list[Item]:
    """List what was asked for, folders opened, each with a name of its own.

    Args:
        sources: files, folders or "-"; links to folders are followed.
        out: a file for a single source, or a folder.
        media: what is taken from folders; what is named by itself is tried whatever it is.

    Returns:
        Items in the order given, those of a folder sorted; never none.

    Raises:
        AudioError: a folder holds no sounds, videos or pictures.
        ConfigError: a file is named for several sources, or one of the wrong kind.
    """
    found: list[tuple[str, Path]] = []
    for source in sources:
        if not source:
            raise ConfigError(
                "the name of a source is empty: name a file or folder, or . for this one"
            )
        if source != STDIN and Path(source).is_dir():
            found += [(str(path), path.relative_to(source)) for path in _walk(Path(source), media)]
        else:
            found.append((source, Path("stdin" if source == STDIN else Path(source).name)))
    media = [_medium(source) for source, _ in found]
    if out is not None and out.suffix.lower() in KNOWN and not out.is_dir():
        return [_only(found, media, out)]
    folder = out or Path("pictures" if any(Path(source).is_dir() for source in sources) else "")
    taken: set[Path] = set()
    items = []
    for (source, name), medium in zip(found, media, strict=True):
        stem = name.with_suffix("").name or name.name
        for number in itertools.count(1):
            numbered = stem if number == 1 else f"{stem}-{number}"
            target = folder / name.with_name(named(numbered, SUFFIXES[medium][0]))
            if target not in taken:
                break
        taken.add(target)
        items.append(Item(source, target, medium))
    return items


def _only(found: list[tuple[str, Path]], media: list[Medium], out: Path) -> Item:
    """Return the item whose result has a name of its own."""
    if len(found) > 1:
        raise ConfigError(f"{len(found)} sources cannot share {out}: name a folder with -o")
    suffixes = SUFFIXES[media[0]]
    if out.suffix.lower() not in suffixes:
        kind = "sounds are" if media[0] == "image" else "pictures are"
        raise ConfigError(
            f"{kind} {' or '.join(suffixes)} files: call it {out.with_suffix(suffixes[0]).name}"
        )
    return Item(found[0][0], out, media[0])


def _medium(source: str) -> Medium:
    return "sound" if source == STDIN else medium_of(source)


def _walk(folder: Path, media: Collection[Medium]) -> list[Path]:
    kinds = {"sound": is_sound, "image": is_picture}
    found = [path for path in walk(folder) if any(kinds[medium](path) for medium in media)]
    if not found:
        wanted = {"sound": "sounds or videos", "image": "pictures"}
        what = " and no ".join(wanted[medium] for medium in MEDIA if medium in media)
        raise AudioError(f"{folder} holds no {what}, or none with a name that says so")
    return found
