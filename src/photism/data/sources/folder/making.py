"""Recordings become log-mels of their clips, and pictures the size that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from photism.audio.clips import BLOCK_S, cut, first_heard
from photism.audio.decode import stream
from photism.audio.logmel import FrontEnd, front_end, pictures
from photism.audio.segment import SILENCE_DB, levels
from photism.data.pairs import to_bytes
from photism.errors import AudioError, ImageError, StorageError
from photism.terminal import printable

if TYPE_CHECKING:
    from PIL import Image

    from photism.audio.decode import Sound
    from photism.data.parts import Save

Colour = Literal["rgb", "grey"]
Crop = Literal["centre", "resize"]
Clips = Literal["all", "one"]

_ROWS = 512
"""Clips that are made, and saved, at once."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what a recording and a picture become."""

    front_end: str
    size: int
    colour: Colour
    crop: Crop
    clips: Clips
    keep_silent: bool


@dataclass(frozen=True)
class Portion:
    """Some recordings with their pictures."""

    recipe: Recipe
    files: tuple[tuple[Path, Path], ...]


def make(portion: Portion, save: Save) -> dict[str, Any]:
    """Make the pairs of some recordings; one that cannot be used costs no other.

    Args:
        portion: what to make of which files.
        save: told of arrays: `item`, a place in the portion's files, `start_s` and `sound` of each
            clip; `owner`, a place in the portion's files, and `image` of each picture.

    Returns:
        `clips`, how many there are of each recording; `skipped`, places in the portion's files with
        the reason; `silent`, clips left out as such; `enlarged`, places of pictures that were
        smaller than wanted.

    Raises:
        StorageError: the disk is full.
    """
    front, rows = front_end(portion.recipe.front_end), _Rows(save)
    record: dict[str, Any] = {"clips": [], "skipped": [], "silent": 0, "enlarged": []}
    for item, (sound, image) in enumerate(portion.files):
        before = rows.count
        try:
            picture, enlarged = draw(image, portion.recipe)
            silent, missing = _hear(sound, portion.recipe, front, partial(rows.add, item, picture))
            record["silent"] += silent
            record["enlarged"] += [item] * enlarged
            record["skipped"] += [[item, f"in part: {missing}"]] * bool(missing)
        except StorageError:
            raise
        except Exception as error:  # whatever a file does to its reader, the next one is read
            extent = "in part: " if rows.count > before else ""
            record["skipped"].append([item, extent + reason(error, sound, image)])
        record["clips"].append(rows.count - before)
    rows.flush()
    return record


def reason(error: Exception, *paths: Path) -> str:
    """Say in one line why a file was left out, without the way to it."""
    said = str(error) or type(error).__name__
    for path in paths:
        said = said.replace(str(path), path.name)
    return printable(" ".join(said.split()))


def _hear(
    path: Path, recipe: Recipe, front: FrontEnd, add: Callable[[list[Sound], FrontEnd], None]
) -> tuple[int, str]:
    """Cut a recording; return how many silent clips were left out, and what could not be read."""
    clips = cut(stream(path, block_s=BLOCK_S), front)
    if recipe.clips == "one":
        clips = iter([first_heard(clips)[0]])
    kept, silent, loudest_db = 0, 0, -120.0
    lost: tuple[str, ...] = ()
    while batch := list(islice(clips, _ROWS)):
        levels_db = [float(levels(clip.samples[0], clip.rate).max()) for clip in batch]
        loud = [recipe.keep_silent or level_db >= SILENCE_DB for level_db in levels_db]
        add(list(compress(batch, loud)), front)
        kept, silent = kept + sum(loud), silent + len(loud) - sum(loud)
        loudest_db, lost = max(loudest_db, *levels_db), batch[-1].lost
    if not kept:
        raise AudioError(f"silence: {loudest_db:.0f} dB at its loudest")
    return silent, "; ".join(lost)


@dataclass
class _Rows:
    """Clips on their way to disk, each with the place of its recording."""

    save: Save
    count: int = 0
    item: list[int] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    sound: list[np.ndarray] = field(default_factory=list)
    images: dict[int, np.ndarray] = field(default_factory=dict)

    def add(self, item: int, picture: np.ndarray, heard: list[Sound], front: FrontEnd) -> None:
        """Add clips of one recording, in order."""
        if not heard:
            return
        waveforms = [clip.samples[0] for clip in heard]
        sound = to_bytes(pictures(waveforms, front, [item] * len(heard)).numpy())
        self.count += len(heard)
        self.item += [item] * len(heard)
        self.start_s += [clip.start_s for clip in heard]
        self.sound += list(sound)
        self.images[item] = picture
        if len(self.item) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Save what there is."""
        if self.item:
            self.save(
                {
                    "item": np.array(self.item),
                    "start_s": np.array(self.start_s),
                    "sound": np.stack(self.sound),
                    "owner": np.array(list(self.images)),
                    "image": np.stack(list(self.images.values())),
                }
            )
        self.item, self.start_s, self.sound, self.images = [], [], [], {}


def draw(path: Path, recipe: Recipe) -> tuple[np.ndarray, bool]:
    """Read a picture and bring it to the size and colours wanted.

    Args:
        path: any picture that Pillow reads.
        recipe: what is wanted.

    Returns:
        `(size, size, 1 or 3)` uint8, and whether it was smaller than that.

    Raises:
        ImageError: it cannot be read.
    """
    from PIL.Image import Resampling

    picture = _read(path)
    if recipe.crop == "centre":
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
    enlarged = min(picture.size) < recipe.size
    if recipe.colour == "grey":
        picture = picture.convert("L")
    fitted = picture.resize((recipe.size, recipe.size), Resampling.BICUBIC)
    return np.atleast_3d(np.asarray(fitted)), enlarged


def _read(path: Path) -> Image.Image:
    """Read a picture, turned as its camera was held, on white where it is transparent."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            turned = ImageOps.exif_transpose(picture)
            if turned.has_transparency_data:
                turned = turned.convert("RGBA")
                white = Image.new("RGBA", turned.size, "white")
                turned = Image.alpha_composite(white, turned)
            return turned.convert("RGB")
    except UnidentifiedImageError as error:
        raise ImageError(f"{path} is no picture that can be read") from error
    except Exception as error:  # readers of pictures raise what they like
        said = getattr(error, "strerror", None) or error
        raise ImageError(f"{path} cannot be read: {said}") from error
