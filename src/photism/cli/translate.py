"""`photism translate`: recordings become PNGs, pictures become WAVs."""

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

from photism.cli import CYAN, DIM, RED, YELLOW, paint
from photism.cli.arguments import parse, settings
from photism.config import check_seed
from photism.errors import ConfigError
from photism.files import require_room
from photism.terminal import printable, printable_json
from photism.translate.items import find_items
from photism.version import __version__

if TYPE_CHECKING:
    from photism.translate.film import FilmWish
    from photism.translate.many import Outcome, Wish

DESCRIPTION = """\
Translate recordings into pictures, and pictures into sounds.

  photism translate three.wav                        three.png, in this folder
  photism translate a.mp3 clip.mp4 -o pictures/      many files, also videos, into a folder
  photism translate recordings/ -o pictures/         every sound and video below a folder
  photism translate three.wav --num-samples 4        three_s0.png to three_s3.png, seeds 0 to 3
  photism translate three.wav --samples 8 --uncertainty    and where these eight differ
  photism translate solo.wav --system car-gan-orchestra --label violin
  arecord -d 2 -f cd | photism translate -           from standard input, to stdin.png
  photism translate painting.png                     painting.wav, a sound that fits it
  photism translate walk.mp4 --every 1s              walk-film/, a film of what is heard
  photism info three.png                             what made this picture, or sound

The first word or window becomes three.png, further ones three_001.png, three_002.png, ...

Each file carries system, weights, seed, and file and time it was made of. A file that fails does
not stop the others: the exit code is 1 then, and 2 where nothing was translated.
"""
FEW = 1
MANY = 16
MOST_CLIPS = 4096
"""More at once are no faster, and need more memory than there is."""
MOST_PIXELS = 8192
"""The longest side of a picture that is enlarged."""
"""Clips drawn at once of a single recording, and of several, where nothing else is asked for."""


@dataclass(frozen=True)
class Translate:
    """Arguments of `photism translate`."""

    sources: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE ...")
    ] = ()
    """Recordings, videos, pictures, folders of them, or - for a recording from standard input."""
    system: Annotated[str | None, tyro.conf.arg(metavar="NAME|PATH")] = None
    """Bundled weights (`photism info` lists them), a folder of weights, or a training run; by
    default, or as "auto", those of the bundled ones that know this kind of sound or picture."""
    label: Annotated[str | None, tyro.conf.arg(metavar="CLASS")] = None
    """What is heard, such as violin, for systems that take a label; by default they listen."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="PATH")] = None
    """A PNG for a single recording, a WAV or FLAC for a single picture, or a folder; this folder
    by default, and for a folder of sources a new folder called pictures, with its subfolders
    kept."""
    seed: int = 0
    """Of the noise that systems draw from."""
    num_samples: Annotated[int, tyro.conf.arg(aliases=("--samples",))] = 1
    """Pictures of each clip, with seeds SEED, SEED + 1, ...; each can be made again alone."""
    uncertainty: bool = False
    """With --num-samples: also write the mean of the samples of each clip, and as a heat map how
    far they differ, and say that in one number, from 0 to 1."""
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
    every: Annotated[str | None, tyro.conf.arg(metavar="TIME")] = None
    """Make a film of what is heard, with a picture every 1s, 250ms, ...: into a folder with film,
    contact sheet and all pictures, or into OUT, an .mp4 or .webm, or a .png for the sheet alone.
    Recordings may be of any length."""
    drift: Annotated[str | None, tyro.conf.arg(metavar="TIME")] = None
    """With --every: let the noise go from that of SEED to that of SEED + 1 in this time, and on to
    the next; by default it is held still."""
    log_mel: bool = False
    """Also write the log-mel of each sound that is made, as a PNG beside it."""
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
        if self.num_samples < 1:
            raise ConfigError(f"--num-samples must be at least 1, not {self.num_samples}")
        check_seed(self.seed)
        check_seed(self.seed + self.num_samples - 1)
        if self.size != "native" and not 1 <= self.size <= MOST_PIXELS:
            raise ConfigError(
                f"--size is a number of pixels from 1 to {MOST_PIXELS:,}, not {self.size}"
            )
        if self.batch is not None and not 1 <= self.batch <= MOST_CLIPS:
            raise ConfigError(
                f"--batch is a number of clips from 1 to {MOST_CLIPS:,}, not {self.batch}"
            )
        if self.uncertainty and self.num_samples < 2:
            raise ConfigError("--uncertainty compares samples: say how many, such as --samples 8")
        if self.drift and self.every is None:
            raise ConfigError("--drift goes with --every: a single picture has no time to drift in")
        if self.every is not None:
            return
        if self.out and self.out.suffix.lower() in (".mp4", ".webm"):
            raise ConfigError(f"{self.out} is a film: say how often it shows a picture, --every 1s")
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
    from photism.cli.choosing import Chooser

    choose = Chooser(args.system, args.device)
    if args.every is not None:
        from photism.cli.film import make_films

        film = _film_wish(args)
        return make_films(
            args.sources,
            args.out,
            film,
            lambda source: choose(source, "sound", film),
            choose.named,
            force=args.force,
            json=args.json,
        )
    items = find_items(args.sources, args.out, choose.media)
    require_room(items[0].target.parent)
    wish = _wish(args, len(items))
    if choose.named:
        choose.named.require(wish.label, wish.sampling)
    from photism.translate.many import Lot

    outcomes = []
    with _progress(len(items), hidden=args.json) as show:
        for outcome in Lot(choose, items, wish, show).translate():
            outcomes.append(outcome)
            _print_outcome(outcome, quiet=args.json)
    failed = sum(outcome.error is not None for outcome in outcomes)
    summary = {
        **{kind: len(made) for kind, made in _by_kind(outcomes).items()},
        "translated": len(outcomes) - failed,
        "failed": failed,
        "not_tried": len(items) - len(outcomes),
        "seconds": round(time.perf_counter() - began_s, 2),
        "peak_memory_mb": peak_memory_mb(),
    }
    if args.json:
        _print_json(outcomes, summary)
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
        uncertainty=args.uncertainty,
        log_mel=args.log_mel,
        replace=args.force,
    )


def _film_wish(args: Translate) -> FilmWish:
    from photism.cli.film import seconds_of
    from photism.translate.film import BATCH, FilmWish

    assert args.every is not None
    if args.num_samples > 1:
        raise ConfigError("a film shows one picture at a time: leave --num-samples or --every out")
    return FilmWish(
        every_s=seconds_of(args.every, "--every"),
        seed=args.seed,
        drift_s=None if args.drift is None else float(seconds_of(args.drift, "--drift")),
        label=args.label,
        sampling=settings(args.sampling, "--sampling"),
        start_s=args.start,
        duration_s=args.duration,
        size=None if args.size == "native" else args.size,
        batch=args.batch or BATCH,
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
    """Print where the results are; what is amiss goes to standard error."""
    source, results = printable(outcome.item.source), outcome.results
    if results and not quiet:
        first, last = results[0], results[-1]
        many = f" … {printable(last['path'])}" if len(results) > 1 else ""
        target = paint(f"{printable(first['path'])}{many}", CYAN, sys.stdout)
        detail = _detail(results) + _unsure(outcome.beside)
        print(f"{source} → {target}  {paint(detail, DIM, sys.stdout)}")
    for note, count in Counter(note for entry in results for note in entry["notes"]).items():
        share = f" ({count} of {len(results)} results)" if len(results) > 1 else ""
        text = f"photism: {source}: {printable(note)}{share}"
        print(paint(text, YELLOW, sys.stderr), file=sys.stderr)
    if outcome.error:
        text = f"photism: {printable(outcome.error)}"
        print(paint(text, RED, sys.stderr), file=sys.stderr)


def _detail(results: Sequence[Mapping[str, Any]]) -> str:
    """Say what was translated, of what, and what it was heard or seen as."""
    first, last = results[0], results[-1]
    if first["target"] == "sound":
        detail = f"{first['duration_s']:.2f} s at {first['rate']:,} Hz"
        if first["loudness_lufs"] is not None:
            detail += f", {first['loudness_lufs']:.0f} LUFS"
        detail = f"{len(results)} sounds of {detail}" if len(results) > 1 else detail
    else:
        detail = f"{first['start_s']:.2f}–{last['end_s']:.2f} s"
        if len(results) > 1:
            detail = f"{len(results)} pictures of {detail}"
        elif first["heard"]:
            detail += f", heard at {first['level_db']:.0f} dB"
    return detail + printable(_labels(results))


def _unsure(beside: Sequence[Mapping[str, Any]]) -> str:
    """Say how far the samples of the clips differ."""
    numbers = [entry["spread"] for entry in beside]
    if len(numbers) < 2:
        return "".join(f", spread {number:.3f}" for number in numbers)
    return f", spread {min(numbers):.3f} to {max(numbers):.3f}"


def _labels(results: Sequence[Mapping[str, Any]]) -> str:
    """Say what a source was translated as: a class with its probability, or how often each."""
    from photism.translate.results import Label

    known = [entry for entry in results if entry["label"] and entry.get("heard", True)]
    labels = [Label(**entry["label"]) for entry in known]
    if len(results) > 1:
        counts = Counter(label.name for label in labels).most_common()
        return "".join(f", {name} {count}" for name, count in counts)
    return "".join(f", {label}" for label in labels)


def _by_kind(outcomes: Sequence[Outcome]) -> dict[str, list[dict[str, Any]]]:
    """Return the provenance of all pictures and of all sounds that were made."""
    made = [{"file": outcome.item.source, **r} for outcome in outcomes for r in outcome.results]
    kinds = {"pictures": "image", "sounds": "sound"}
    return {kind: [r for r in made if r["target"] == target] for kind, target in kinds.items()}


def _print_json(outcomes: Sequence[Outcome], summary: Mapping[str, Any]) -> None:
    unsure = [entry for outcome in outcomes for entry in outcome.beside]
    content = {
        "photism": __version__,
        **_by_kind(outcomes),
        **({"uncertainty": unsure} if unsure else {}),
        "errors": [
            {"file": outcome.item.source, "error": outcome.error}
            for outcome in outcomes
            if outcome.error
        ],
        "summary": summary,
    }
    print(printable_json(content))


def _describe(summary: Mapping[str, Any]) -> str:
    pictures, sounds = summary["pictures"], summary["sounds"]
    made = [_count(pictures, "picture")] if pictures or not sounds else []
    made += [_count(sounds, "sound")] if sounds else []
    source = "recording" if not sounds else "source" if pictures else "picture"
    text = f"{' and '.join(made)} of {_count(summary['translated'], source)}"
    text += f" in {summary['seconds']:.1f} s"
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
