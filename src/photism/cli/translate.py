"""`photism translate`: recordings in, PNGs out."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

import photism
from photism.cli import CYAN, DIM, RED, YELLOW, paint
from photism.cli.arguments import parse, settings
from photism.errors import ConfigError
from photism.files import require_room
from photism.terminal import printable, printable_json
from photism.translate.items import find_items
from photism.version import __version__

if TYPE_CHECKING:
    from photism.translate.many import Outcome, Wish
    from photism.translate.translator import Translator

DESCRIPTION = """\
Translate recordings into pictures.

  photism translate three.wav                        three.png, in this folder
  photism translate a.mp3 clip.mp4 -o pictures/      many files, also videos, into a folder
  photism translate recordings/ -o pictures/         every sound and video below a folder
  photism translate three.wav --num-samples 4        three_s0.png to three_s3.png, seeds 0 to 3
  photism translate solo.wav --system car-gan-orchestra --label violin
  arecord -d 2 -f cd | photism translate -           from standard input, to stdin.png
  photism info three.png                             what made this picture

The first word or window becomes three.png, further ones three_001.png, three_002.png, ...

Each PNG carries system, weights, seed, and file and time of its sound. A file that fails does not
stop the others: the exit code is 1 then, and 2 where nothing was translated.
"""
FEW = 1
MANY = 16
"""Clips drawn at once of a single recording, and of several, where nothing else is asked for."""


@dataclass(frozen=True)
class Translate:
    """Arguments of `photism translate`."""

    sources: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RECORDING ...")
    ] = ()
    """Files, folders, or - for standard input."""
    system: Annotated[str, tyro.conf.arg(metavar="NAME|PATH")] = "aivae-fsdd"
    """Bundled weights (`photism info` lists them), a folder of weights, or a training run."""
    label: Annotated[str | None, tyro.conf.arg(metavar="CLASS")] = None
    """What is heard, such as violin, for systems that take a label; by default they listen."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="PATH")] = None
    """A PNG, for a single recording, or a folder; this folder by default, and for a folder
    of recordings a new folder called pictures, with its subfolders kept."""
    seed: int = 0
    """Of the noise that systems draw from."""
    num_samples: int = 1
    """Pictures of each clip, with seeds SEED, SEED + 1, ...; each can be made again alone."""
    sampling: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE ...")] = ()
    """How to sample, where a system lets one choose, such as: --sampling latent=mean"""
    batch: int | None = None
    """Clips drawn at once; 1 for a single recording by default, 16 for several. More are faster;
    the last digits of a picture depend on it, so that it stands in the provenance."""
    start: float = 0.0
    """Seconds to pass over at the beginning."""
    duration: Annotated[float | None, tyro.conf.arg(metavar="FLOAT")] = None
    """Seconds to read; by default all of a recording of up to 10 minutes."""
    size: int | Literal["native"] = 280
    """Longer side in pixels, as near as repeating pixels allows: 28 x 28 is shown as 280 x 280.
    `native` keeps the size that the system draws."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    force: bool = False
    """Replace files that photism did not make; its own pictures are replaced anyway."""
    json: bool = False
    """Print one JSON document instead of lines."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise ConfigError("name a recording, such as: photism translate three.wav")
        if self.sources.count("-") > 1:
            raise ConfigError("standard input (-) can be read only once")
        if not 0 <= self.seed < 2**63 - self.num_samples:
            raise ConfigError(f"--seed is a whole number from 0 to 2^63, not {self.seed}")
        if self.num_samples < 1:
            raise ConfigError(f"--num-samples must be at least 1, not {self.num_samples}")
        if self.size != "native" and self.size < 1:
            raise ConfigError(f"--size must be at least 1, not {self.size}")
        if self.batch is not None and self.batch < 1:
            raise ConfigError(f"--batch must be at least 1, not {self.batch}")
        if self.out and self.out.suffix.lower() in (".jpg", ".jpeg", ".gif", ".webp", ".tiff"):
            raise ConfigError(f"pictures are PNGs: call it {self.out.with_suffix('.png').name}")


def main(argv: list[str]) -> int:
    """Run `photism translate` with the words after it; return the exit code."""
    began_s = time.perf_counter()
    args = parse(
        Translate,
        argv,
        prog="photism translate",
        description=DESCRIPTION,
    )
    items = find_items(args.sources, args.out)
    require_room(items[0].target.parent)
    translator = photism.load(args.system, device=args.device)
    wish = _wish(args, len(items))
    translator.require(wish.label, wish.sampling)
    from photism.translate.many import Lot

    outcomes = []
    with _progress(len(items), hidden=args.json) as show:
        for outcome in Lot(translator, items, wish, show).translate():
            outcomes.append(outcome)
            _print_outcome(outcome, quiet=args.json)
    failed = sum(outcome.error is not None for outcome in outcomes)
    summary = {
        "pictures": sum(len(outcome.results) for outcome in outcomes),
        "translated": len(outcomes) - failed,
        "failed": failed,
        "not_tried": len(items) - len(outcomes),
        "seconds": round(time.perf_counter() - began_s, 2),
        "peak_memory_mb": peak_memory_mb(),
    }
    if args.json:
        _print_json(translator, outcomes, summary)
    elif len(items) > 1 or not failed:
        print(paint(_describe(summary), DIM, sys.stdout))
    if failed:
        return 1 if len(outcomes) > failed else 2
    return 0


def _wish(args: Translate, items: int) -> Wish:
    from photism.translate.many import Wish

    return Wish(
        seeds=range(args.seed, args.seed + args.num_samples),
        label=args.label,
        sampling=settings(args.sampling, "--sampling"),
        start_s=args.start,
        duration_s=args.duration,
        size=None if args.size == "native" else args.size,
        batch=args.batch or (FEW if items == 1 else MANY),
        replace=args.force,
    )


@contextlib.contextmanager
def _progress(total: int, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Show recordings done and pictures drawn, where standard error is a terminal."""
    if hidden or not sys.stderr.isatty():
        yield lambda recordings, pictures: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("recordings, {task.fields[pictures]} pictures"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task("", total=total, pictures=0)
        yield lambda recordings, pictures: bar.update(task, completed=recordings, pictures=pictures)


def _print_outcome(outcome: Outcome, *, quiet: bool) -> None:
    """Print where the pictures are; what is amiss goes to standard error."""
    source, pictures = outcome.item.source, outcome.results
    if pictures and not quiet:
        first, last = pictures[0], pictures[-1]
        many = f" … {last['path']}" if len(pictures) > 1 else ""
        detail = f"{first['start_s']:.2f}–{last['end_s']:.2f} s"
        if len(pictures) > 1:
            detail = f"{len(pictures)} pictures of {detail}"
        elif first["heard"]:
            detail += f", heard at {first['level_db']:.0f} dB"
        detail += _labels(pictures)
        target = paint(f"{first['path']}{many}", CYAN, sys.stdout)
        print(f"{printable(source)} → {target}  {paint(detail, DIM, sys.stdout)}")
    for note, count in Counter(note for entry in pictures for note in entry["notes"]).items():
        share = f" ({count} of {len(pictures)} pictures)" if len(pictures) > 1 else ""
        print(paint(f"photism: {source}: {note}{share}", YELLOW, sys.stderr), file=sys.stderr)
    if outcome.error:
        print(paint(f"photism: {outcome.error}", RED, sys.stderr), file=sys.stderr)


def _labels(pictures: Sequence[Mapping[str, Any]]) -> str:
    """Say what a recording was drawn as: a class with its probability, or how often each."""
    from photism.translate.results import Label

    labels = [Label(**entry["label"]) for entry in pictures if entry["label"] and entry["heard"]]
    if len(pictures) > 1:
        counts = Counter(label.name for label in labels).most_common()
        return "".join(f", {name} {count}" for name, count in counts)
    return "".join(f", {label}" for label in labels)


def _print_json(
    translator: Translator, outcomes: Sequence[Outcome], summary: Mapping[str, Any]
) -> None:
    content = {
        "photism": __version__,
        **translator.origin,
        "pictures": [
            {"file": outcome.item.source, **picture}
            for outcome in outcomes
            for picture in outcome.results
        ],
        "errors": [
            {"file": outcome.item.source, "error": outcome.error}
            for outcome in outcomes
            if outcome.error
        ],
        "summary": summary,
    }
    print(printable_json(content))


def _describe(summary: Mapping[str, Any]) -> str:
    text = f"{_count(summary['pictures'], 'picture')} of"
    text += f" {_count(summary['translated'], 'recording')} in {summary['seconds']:.1f} s"
    if summary["peak_memory_mb"]:
        text += f", peak memory {summary['peak_memory_mb']} MB"
    for key, name in (("failed", "failed"), ("not_tried", "not tried")):
        if summary[key]:
            text += f"; {summary[key]} {name}"
    return text


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def peak_memory_mb() -> int | None:
    """Return the most memory this process has held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)
