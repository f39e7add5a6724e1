"""What is to be translated: files, folders opened, each with a name of its own for its result."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from photism.audio.names import is_sound
from photism.errors import AudioError, ConfigError
from photism.files import named, walk

STDIN = "-"


@dataclass(frozen=True)
class Item:
    """A file to translate, and the file that the first of its results becomes."""

    source: str
    target: Path

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


def find_items(sources: tuple[str, ...], out: Path | None, *, suffix: str = ".png") -> list[Item]:
    """List what was asked for, folders opened, each with a name of its own.

    Args:
        sources: files, folders or "-"; links to folders are followed.
        out: a file for a single source, or a folder.
        suffix: of results.

    Returns:
        Items in the order given, those of a folder sorted; never none.

    Raises:
        AudioError: a folder holds no sounds or videos.
        ConfigError: a file is named for several sources.
    """
    found: list[tuple[str, Path]] = []
    for source in sources:
        if source != STDIN and Path(source).is_dir():
            found += [(str(path), path.relative_to(source)) for path in _walk(Path(source))]
        else:
            found.append((source, Path("stdin" if source == STDIN else Path(source).name)))
    if out is not None and out.suffix.lower() == suffix and not out.is_dir():
        if len(found) > 1:
            raise ConfigError(f"{len(found)} recordings cannot share {out}: name a folder with -o")
        return [Item(found[0][0], out)]
    folder = out or Path("pictures" if any(Path(source).is_dir() for source in sources) else "")
    taken: set[Path] = set()
    items = []
    for source, name in found:
        stem = name.with_suffix("").name or name.name
        for number in itertools.count(1):
            numbered = stem if number == 1 else f"{stem}-{number}"
            target = folder / name.with_name(named(numbered, suffix))
            if target not in taken:
                break
        taken.add(target)
        items.append(Item(source, target))
    return items


def _walk(folder: Path) -> list[Path]:
    found = [path for path in walk(folder) if is_sound(path)]
    if not found:
        raise AudioError(f"{folder} holds no sounds or videos, or none with a name that says so")
    return found
