"""`photism translate`: recordings in, PNGs out."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

import photism
from photism.cli import CYAN, DIM, RED, YELLOW, paint
from photism.cli.arguments import parse
from photism.errors import AudioError, ConfigError, ImageError, PhotismError, StorageError
from photism.files import require_room

if TYPE_CHECKING:
    from photism.audio.decode import Sound
    from photism.translate import Translator

DESCRIPTION = """\
Translate recordings into pictures.

  photism translate three.wav                        three.png, in this folder
  photism translate a.mp3 clip.mp4 -o pictures/      many files, also videos, into a folder
  photism translate recordings/ -o pictures/         every sound and video below a folder
  photism translate three.wav --num-samples 4        three_s0.png to three_s3.png, seeds 0 to 3
  photism translate solo.wav --system car-gan-orchestra --label violin
  arecord -d 2 -f cd | photism translate -           from standard input, to stdin.png
  photism info three.png                             what made this picture

A recording of several words or windows gives several pictures: name_000.png, name_001.png, ...

Each PNG carries system, weights, seed, and file and time of its sound. The exit code is 2 if any
file failed; the others are done all the same.
"""
EXTENSIONS = {
    ".3gp", ".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".avi", ".caf", ".flac", ".flv",
    ".m4a", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".oga",
    ".ogg", ".ogv", ".opus", ".snd", ".ts", ".w64", ".wav", ".webm", ".wma", ".wmv", ".wv",
}  # fmt: skip
"""Files taken from a folder; a file named by itself is tried whatever it is called."""


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
        if self.out and self.out.suffix.lower() in (".jpg", ".jpeg", ".gif", ".webp", ".tiff"):
            raise ConfigError(f"pictures are PNGs: call it {self.out.with_suffix('.png').name}")


@dataclass(frozen=True)
class Recording:
    """What to translate, and the PNG it becomes where that is a single one."""

    source: str
    target: Path


@dataclass(frozen=True)
class Job:
    """One picture to draw."""

    recording: Recording
    clip: Sound
    seed: int
    path: Path


@dataclass
class Outcome:
    """What became of one recording."""

    recording: Recording
    pictures: list[dict[str, Any]] = field(default_factory=list)
    """Provenance of each picture, with its path."""
    error: str | None = None


def main(argv: list[str]) -> int:
    """Run `photism translate` with the words after it; return the exit code."""
    began_s = time.perf_counter()
    args = parse(
        Translate,
        argv,
        prog="photism translate",
        description=DESCRIPTION,
    )
    recordings = find_recordings(args.sources, args.out)
    require_room(recordings[0].target.parent)
    translator = photism.load(args.system, device=args.device)
    outcomes = []
    with _progress(len(recordings), hidden=args.json) as show:
        for outcome in translate(translator, recordings, args, show):
            outcomes.append(outcome)
            _print_outcome(outcome, quiet=args.json)
    failed = sum(outcome.error is not None for outcome in outcomes)
    summary = {
        "pictures": sum(len(outcome.pictures) for outcome in outcomes),
        "translated": len(outcomes) - failed,
        "failed": failed,
        "not_tried": len(recordings) - len(outcomes),
        "seconds": round(time.perf_counter() - began_s, 2),
        "peak_memory_mb": peak_memory_mb(),
    }
    if args.json:
        _print_json(translator, outcomes, summary)
    elif len(recordings) > 1 or not failed:
        print(paint(_describe(summary), DIM, sys.stdout))
    return 2 if failed else 0


def find_recordings(sources: tuple[str, ...], out: Path | None) -> list[Recording]:
    """List the recordings that were asked for, folders opened, each with a name of its own.

    Args:
        sources: files, folders or "-".
        out: a PNG for a single recording, or a folder.

    Returns:
        Recordings in the order given, those of a folder sorted; never none.

    Raises:
        AudioError: a folder holds no sounds or videos.
        ConfigError: a PNG is named for several recordings.
    """
    found: list[tuple[str, Path]] = []
    for source in sources:
        if source != "-" and Path(source).is_dir():
            found += [(str(path), path.relative_to(source)) for path in _walk(Path(source))]
        else:
            found.append((source, Path("stdin" if source == "-" else Path(source).name)))
    if out is not None and out.suffix.lower() == ".png" and not out.is_dir():
        if len(found) > 1:
            raise ConfigError(f"{len(found)} recordings cannot share {out}: name a folder with -o")
        return [Recording(found[0][0], out)]
    folder = out or Path("pictures" if any(Path(source).is_dir() for source in sources) else "")
    taken: set[Path] = set()
    recordings = []
    for source, name in found:
        target = folder / name.with_suffix(".png")
        for number in itertools.count(2):
            if target not in taken:
                break
            target = folder / name.with_name(f"{name.stem}-{number}.png")
        taken.add(target)
        recordings.append(Recording(source, target))
    return recordings


def _walk(folder: Path) -> list[Path]:
    paths = [
        Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in EXTENSIONS and not name.startswith(".")
    ]
    if not paths:
        raise AudioError(f"{folder} holds no sounds or videos, or none with a name that says so")
    return sorted(paths)


def translate(
    translator: Translator,
    recordings: Sequence[Recording],
    args: Translate,
    show: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Translate recordings, and say of each what became of it as soon as that is known.

    Pictures are drawn in batches that reach across recordings. A recording that cannot be read
    does not stop the others; a disk that is full does.

    Args:
        translator: what draws.
        recordings: what to translate.
        args: seeds, part to read, size, and whether other files may be replaced.
        show: told the recordings and pictures done so far.

    Yields:
        Outcomes in the order of `recordings`.
    """
    pending: deque[Job | Outcome] = deque()

    def requests() -> Iterator[tuple[Sound, int]]:
        for item in _jobs(translator, recordings, args):
            pending.append(item)
            if isinstance(item, Job):
                yield item.clip, item.seed

    pictures: list[dict[str, Any]] = []
    done = 0
    for count, translation in enumerate(translator.draw(requests(), args.label), 1):
        while isinstance(job := pending.popleft(), Outcome):
            yield replace(job, pictures=pictures)
            pictures, done = [], done + 1
        try:
            translation.save(job.path, size=None if args.size == "native" else args.size)
        except StorageError as error:
            yield Outcome(job.recording, pictures, str(error))
            return
        pictures.append({"path": str(job.path), **translation.provenance})
        show(done, count)
    for outcome in pending:
        assert isinstance(outcome, Outcome)
        yield replace(outcome, pictures=pictures)
        pictures = []


def _jobs(
    translator: Translator, recordings: Sequence[Recording], args: Translate
) -> Iterator[Job | Outcome]:
    """Yield the pictures to draw of each recording, then an outcome that says whether all came."""
    written: set[Path] = {Path(recording.source).resolve() for recording in recordings}
    for recording in recordings:
        error = None
        try:
            for index, clip, alone in _numbered(_clips(translator, recording, args)):
                for seed in range(args.seed, args.seed + args.num_samples):
                    word = "" if alone else f"_{index:03d}"
                    sample = "" if args.num_samples == 1 else f"_s{seed}"
                    path = recording.target.with_stem(recording.target.stem + word + sample)
                    _require_free(path, written, force=args.force)
                    yield Job(recording, clip, seed, path)
        except PhotismError as failure:
            error = str(failure)
        yield Outcome(recording, error=error)


def _clips(translator: Translator, recording: Recording, args: Translate) -> Iterator[Sound]:
    if recording.source == "-" and sys.stdin.isatty():
        raise AudioError("standard input is the keyboard: pipe a recording into photism")
    source = sys.stdin.buffer if recording.source == "-" else recording.source
    return translator.clips(source, start_s=args.start, duration_s=args.duration)


def _numbered(clips: Iterator[Sound]) -> Iterator[tuple[int, Sound, bool]]:
    """Yield number and clip, and whether it is the only one, reading one clip ahead."""
    first = next(clips)
    second = next(clips, None)
    yield 0, first, second is None
    if second is not None:
        yield 1, second, False
    for index, clip in enumerate(clips, 2):
        yield index, clip, False


def _require_free(path: Path, written: set[Path], *, force: bool) -> None:
    """Refuse to write over an input, a picture of this call, or a file of somebody else."""
    if path.resolve() in written:
        raise ImageError(f"{path} would replace another file of this call: choose a folder with -o")
    written.add(path.resolve())
    if path.exists() and not force:
        from photism.images import read_provenance

        try:
            read_provenance(path)
        except ImageError:
            raise ImageError(
                f"{path} exists and is no picture of photism's: --force replaces it"
            ) from None


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
    source, pictures = outcome.recording.source, outcome.pictures
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
        print(f"{source} → {target}  {paint(detail, DIM, sys.stdout)}")
    for note, count in Counter(note for entry in pictures for note in entry["notes"]).items():
        share = f" ({count} of {len(pictures)} pictures)" if len(pictures) > 1 else ""
        print(paint(f"photism: {source}: {note}{share}", YELLOW, sys.stderr), file=sys.stderr)
    if outcome.error:
        print(paint(f"photism: {outcome.error}", RED, sys.stderr), file=sys.stderr)


def _labels(pictures: Sequence[Mapping[str, Any]]) -> str:
    """Say what a recording was drawn as: a class with its probability, or how often each."""
    from photism.translate import Label

    labels = [Label(**entry["label"]) for entry in pictures if entry["label"] and entry["heard"]]
    if len(pictures) > 1:
        counts = Counter(label.name for label in labels).most_common()
        return "".join(f", {name} {count}" for name, count in counts)
    return "".join(f", {label}" for label in labels)


def _print_json(
    translator: Translator, outcomes: Sequence[Outcome], summary: Mapping[str, Any]
) -> None:
    content = {
        "photism": photism.__version__,
        **translator.origin,
        "pictures": [
            {"file": outcome.recording.source, **picture}
            for outcome in outcomes
            for picture in outcome.pictures
        ],
        "errors": [
            {"file": outcome.recording.source, "error": outcome.error}
            for outcome in outcomes
            if outcome.error
        ],
        "summary": summary,
    }
    print(json.dumps(content, indent=2, ensure_ascii=False))


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
