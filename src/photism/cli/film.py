"""`photism translate --every`: long sounds become films of what is heard."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photism.audio.decode import length_s
from photism.cli import CYAN, DIM, RED, YELLOW, paint
from photism.data.progress import counting
from photism.errors import ConfigError, ImageError, PhotismError
from photism.files import named, require_room
from photism.media import Medium
from photism.terminal import printable, printable_json
from photism.translate.film import FilmMade, FilmWish, make_film
from photism.translate.items import STDIN, Item, find_items
from photism.translate.many import said
from photism.translate.provenance import provenance_of
from photism.translate.ticks import tick_count
from photism.version import __version__
from photism.video.write import SUFFIXES

if TYPE_CHECKING:
    from photism.translate.automatic import Choice
    from photism.translate.translator import Translator

SOUND: tuple[Medium, ...] = ("sound",)
_FILES = (*SUFFIXES, ".png")
_ENDING = re.compile(r"\.[a-zA-Z]\w{1,4}")
"""What looks like the ending of a file, as against a folder called v1.2."""


def make_films(
    sources: tuple[str, ...],
    out: Path | None,
    wish: FilmWish,
    choose: Callable[[str], Choice],
    named: Translator | None,
    *,
    force: bool,
    json: bool,
) -> int:
    """Turn each source into a film.

    Args:
        sources: files, folders or "-".
        out: a file or folder for a single one, a folder for several.
        wish: how.
        choose: gives what translates a source, and the reason.
        named: the same translator for all, where one was named.
        force: replace files that photism did not make.
        json: print one document instead of lines.

    Returns:
        The exit code: 0, 1 where some failed, 2 where all did.

    Raises:
        ConfigError: what was asked for cannot be.
        StorageError: the place of the output cannot be written.
    """
    if named:
        named.require_source("sound")
        named.require(wish.label, wish.sampling)
    folders = any(Path(source).is_dir() for source in sources)
    folder = None if out and _is_file(out) else out or (Path("films") if folders else None)
    items = find_items(sources, folder, SOUND)
    alone = len(sources) == 1 and not folders
    outs = _outs(items, out, alone=alone)
    require_room(outs[0].parent)
    made: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    for item, target in zip(items, outs, strict=True):
        began_s = time.perf_counter()
        try:
            film = _film(choose, item, target, wish, force=force)
        except Exception as error:  # whatever one file does, the others are translated
            errors.append({"file": item.source, "error": said(error, item.source)})
            print(paint(f"photism: {errors[-1]['error']}", RED, sys.stderr), file=sys.stderr)
            continue
        made.append({"file": item.source, **vars(film), "path": str(film.path)})
        if not json:
            _print(item, film, time.perf_counter() - began_s)
    if json:
        print(printable_json({"photism": __version__, "films": made, "errors": errors}))
    return 0 if not errors else 1 if made else 2


def seconds_of(text: str, option: str) -> Fraction:
    """Return a time that was typed as 1s, 0.5, 40ms or 2min.

    Args:
        text: a number and a unit, seconds where there is none.
        option: it stands behind, for the message.

    Returns:
        Seconds, exact.

    Raises:
        ConfigError: it is no time.
    """
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})\s*(ms|s|min|)", text.strip())
    if not found:
        raise ConfigError(f"{option} wants a time above 0, such as 1s or 250ms, not {text!r}")
    return Fraction(found[1]) * {"ms": Fraction(1, 1000), "min": Fraction(60)}.get(found[2], 1)


def _outs(items: Sequence[Item], out: Path | None, *, alone: bool) -> list[Path]:
    """Return where each film goes: a file or folder of its own, OUT itself for one alone."""
    if out and _is_file(out):
        if out.suffix.lower() not in _FILES:
            raise ConfigError(
                f"a film is {' or '.join(SUFFIXES)}, its contact sheet .png: {out} is neither;"
                " a folder gets all"
            )
        if len(items) > 1:
            raise ConfigError(f"{len(items)} films cannot share {out}: name a folder with -o")
    if out and (alone or _is_file(out)):
        return [out]
    return [item.target.with_name(named(item.target.stem, "-film")) for item in items]


def _is_file(out: Path) -> bool:
    return bool(_ENDING.fullmatch(out.suffix)) and not out.is_dir()


def _film(
    choose: Callable[[str], Choice], item: Item, out: Path, wish: FilmWish, *, force: bool
) -> FilmMade:
    if item.medium == "image":
        raise ImageError(f"{item.source} is a picture: --every goes with recordings and videos")
    if out.exists() and out.samefile(item.source):
        raise ImageError(f"{out} would replace its own source: choose another name with -o")
    if out.is_file() and not force:
        try:
            provenance_of(out)
        except PhotismError:
            raise ImageError(f"{out} exists and is not photism's: --force replaces it") from None
    choice = choose(item.source)
    choice.translator.require(wish.label, wish.sampling)
    source = sys.stdin.buffer if item.source == STDIN else item.source
    with counting("pictures", _ticks(item, wish)) as show:
        film = make_film(choice.translator, source, out, wish, show=show)
    return replace(film, notes=(*film.notes, choice.reason)) if choice.reason else film


def _ticks(item: Item, wish: FilmWish) -> int | None:
    """Return how many pictures a film will have, as far as its source says."""
    length = wish.duration_s
    if item.source != STDIN:
        whole = length_s(item.source)
        left = None if whole is None else max(0.0, whole - wish.start_s)
        length = min((time for time in (left, length) if time is not None), default=None)
    return None if length is None else tick_count(length, float(wish.every_s))


def _print(item: Item, film: FilmMade, took_s: float) -> None:
    source = printable(item.source)
    labels = "".join(f", {name} {count}" for name, count in list(film.labels.items())[:5])
    pictures = "1 picture" if film.ticks == 1 else f"{film.ticks:,} pictures"
    detail = f"{pictures} of {film.duration_s:.2f} s, heard in {film.heard:,}"
    speed = f"{film.duration_s / took_s:.0f} × real time"
    line = paint(f"{detail}{labels}; {speed}", DIM, sys.stdout)
    print(f"{source} → {paint(str(film.path), CYAN, sys.stdout)}  {line}")
    for note in film.notes:
        text = f"photism: {source}: {printable(note)}"
        print(paint(text, YELLOW, sys.stderr), file=sys.stderr)
