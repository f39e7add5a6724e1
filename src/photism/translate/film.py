"""A long sound as a film of what is heard: a picture every so often, the sound beneath it.

All of it flows: blocks of sound are decoded, cut, translated in batches and encoded as they come,
so that memory does not grow with the length.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from photism import images
from photism.audio.clips import BLOCK_S
from photism.audio.decode import Sound, stream
from photism.errors import ConfigError
from photism.files import replacing, write_json
from photism.translate.request import Request
from photism.translate.results import SHOWN, Picture
from photism.translate.sheet import ContactSheet
from photism.translate.ticks import ticks
from photism.translate.translator import Translator
from photism.version import __version__
from photism.video.write import Film, writing

LEAST_S, MOST_S = Fraction(1, 50), Fraction(60)
"""How often a film may show another picture."""
BATCH = 16
CARD, LIST, PICTURES = "film.json", "pictures.jsonl", "pictures"
SHEET, FILM = "sheet.png", "film.mp4"
"""What is in the folder of a film."""


@dataclass(frozen=True)
class FilmWish:
    """How a recording is to become a film."""

    every_s: Fraction = Fraction(1)
    """Length of a tick, each of which has a picture; from `LEAST_S` to `MOST_S`."""
    seed: int = 0
    """Of the noise."""
    drift_s: float | None = None
    """Time in which the noise goes from that of one seed to that of the next; None holds it."""
    label: str | None = None
    sampling: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 0.0
    duration_s: float | None = None
    size: int | None = SHOWN
    """Longer side of the pictures, as for `Picture.save`."""
    batch: int = BATCH
    """Pictures drawn at once."""

    def __post_init__(self) -> None:
        if not LEAST_S <= self.every_s <= MOST_S:
            raise ConfigError(
                f"a picture every {float(self.every_s):g} s: choose from {float(LEAST_S):g} s to"
                f" {float(MOST_S):g} s"
            )
        if self.drift_s is not None and not 0 < self.drift_s < math.inf:
            raise ConfigError(f"noise drifts over a time above 0 s, not {self.drift_s:g} s")

    def noise_of(self, number: int) -> tuple[int, float]:
        """Return the seed, and the share of the way to the next, of a tick."""
        if self.drift_s is None:
            return self.seed, 0.0
        passed = float(number * self.every_s) / self.drift_s
        return self.seed + int(passed), passed - int(passed)


@dataclass(frozen=True)
class Shown:
    """What a film shows during a tick."""

    number: int
    picture: Picture | None
    """None before the first word, for systems that take words whole."""


@dataclass(frozen=True)
class FilmMade:
    """What became of a recording."""

    path: Path
    """The film, the contact sheet, or the folder with both and all pictures."""
    ticks: int
    drawn: int
    """Pictures that were made: a word's stays as long as it is the last, if noise is held."""
    duration_s: float
    """Of the sound."""
    heard: int
    """Ticks in which something is heard."""
    labels: Mapping[str, int]
    """How many ticks show what class, for systems that know any."""
    notes: tuple[str, ...]
    """What a person should know, such as that the recording ends early."""


def make_film(
    translator: Translator,
    source: str | Path | BinaryIO,
    out: Path,
    wish: FilmWish | None = None,
    *,
    show: Callable[[int], None] = lambda ticks: None,
) -> FilmMade:
    """Turn a recording of any length into a film of what is heard.

    Args:
        translator: of a system that makes pictures of sounds.
        source: a recording or video, or an open file.
        out: .mp4 or .webm for the film, .png for its contact sheet, else a folder for both and all
            pictures.
        wish: how.
        show: told the ticks done so far.

    Returns:
        What was made.

    Raises:
        AudioError: the sound cannot be read.
        ConfigError: a system that makes no pictures, or a label or way of sampling it has not.
        StorageError: the disk is full, or `out` cannot be written or holds something else.
    """
    wish = wish or FilmWish()
    translator.require_source("sound")
    translator.require(wish.label, wish.sampling)
    tape = _Tape(stream(source, block_s=BLOCK_S, start_s=wish.start_s, duration_s=wish.duration_s))
    tally = _FilmTally()
    blank = Image.new("RGB", translator.system.shape("image")[:0:-1])
    about = {**translator.origin, **_asked(wish), "photism": __version__}
    with _outputs(out, wish, about) as outputs:
        for shown in _translated(translator, tape.play(outputs.hear), wish):
            image = blank if shown.picture is None else shown.picture.image
            outputs.see(shown, image if wish.size is None else images.enlarge(image, wish.size))
            tally.count(shown.picture)
            show(tally.ticks)
    return FilmMade(
        path=out,
        ticks=tally.ticks,
        drawn=tally.drawn,
        duration_s=tape.duration_s,
        heard=tally.heard,
        labels=dict(tally.labels.most_common()),
        notes=tape.notes,
    )


def _translated(translator: Translator, blocks: Iterator[Sound], wish: FilmWish) -> Iterator[Shown]:
    """Yield what is shown tick by tick; a picture that would be the same is not drawn again."""
    fresh: deque[bool] = deque()  # of each tick asked for and not yet shown: has it a new picture?

    def requests() -> Iterator[Request]:
        previous: Sound | None = None
        found = ticks(blocks, translator.front_end, float(wish.every_s))
        for number, clip in enumerate(found):
            new = clip is not None and (clip is not previous or wish.drift_s is not None)
            previous = clip
            fresh.append(new)
            if clip is not None and new:
                seed, toward = wish.noise_of(number)
                yield Request(clip, seed, wish.label, wish.sampling, toward=toward)

    number, picture = 0, None
    for made in translator.draw(requests(), batch=wish.batch):
        assert isinstance(made, Picture)
        while not fresh.popleft():
            yield Shown(number, picture)
            number += 1
        picture = made
        yield Shown(number, picture)
        number += 1
    for _ in fresh:
        yield Shown(number, picture)
        number += 1


class _Tape:
    """A recording that is heard while it is cut, with what there is to say of it in the end."""

    def __init__(self, blocks: Iterator[Sound]) -> None:
        self._blocks = blocks
        self.duration_s = 0.0
        self._notes: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What the blocks said, of each kind what was said last."""
        return tuple(self._notes.values())

    def play(self, hear: Callable[[Sound], None]) -> Iterator[Sound]:
        """Yield the blocks; each is heard before."""
        for block in self._blocks:
            self.duration_s += block.duration_s
            self._notes |= {note.partition(":")[0]: note for note in block.notes}
            hear(block)
            yield block


class _FilmTally:
    """What was shown so far."""

    def __init__(self) -> None:
        self.ticks = self.drawn = self.heard = 0
        self.labels: Counter[str] = Counter()
        self._latest: Picture | None = None

    def count(self, picture: Picture | None) -> None:
        """Count a tick."""
        self.ticks += 1
        if picture is None:
            return
        self.drawn += picture is not self._latest
        self._latest = picture
        self.heard += picture.heard
        if picture.label and picture.heard:
            self.labels[picture.label.name] += 1


@dataclass
class _Outputs:
    """Where a film goes: any of a film file, a contact sheet and a folder of pictures."""

    film: Film | None = None
    sheet: ContactSheet | None = None
    sequence: Path | None = None

    def hear(self, sound: Sound) -> None:
        """Add the sound that comes next."""
        if self.film:
            self.film.hear(sound)

    def see(self, shown: Shown, image: Image.Image) -> None:
        """Add the picture that comes next."""
        if self.film:
            self.film.see(image)
        if self.sheet:
            self.sheet.add(image)
        if self.sequence:
            name = f"{shown.number:06d}.png"
            made = shown.picture.provenance if shown.picture else None
            (self.sequence / PICTURES / name).write_bytes(images.png(image, made))
            line = {"tick": shown.number, "picture": f"{PICTURES}/{name}", **(made or {})}
            with open(self.sequence / LIST, "a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=True) + "\n")


@contextlib.contextmanager
def _outputs(out: Path, wish: FilmWish, about: Mapping[str, Any]) -> Iterator[_Outputs]:
    """Open what `out` asks for; all of it appears in the end, or nothing."""
    suffix = out.suffix.lower()
    if suffix == ".png":
        sheet = ContactSheet(wish.every_s)
        yield _Outputs(sheet=sheet)
        sheet.save(out, about)
    elif suffix in (".mp4", ".webm"):
        with writing(out, wish.every_s, about) as film:
            yield _Outputs(film)
    else:
        with replacing(out, marker=CARD) as folder:
            (folder / PICTURES).mkdir(parents=True)
            sheet = ContactSheet(wish.every_s)
            with writing(folder / FILM, wish.every_s, about) as film:
                yield _Outputs(film, sheet, folder)
            sheet.save(folder / SHEET, about)
            write_json(folder / CARD, about)


def _asked(wish: FilmWish) -> dict[str, Any]:
    """Return a wish as JSON has it."""
    return {
        **{key: value for key, value in vars(wish).items() if key != "sampling"},
        "sampling": dict(wish.sampling),
        "every_s": float(wish.every_s),
    }
