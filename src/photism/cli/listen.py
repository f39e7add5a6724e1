"""`photism listen`: the microphone, drawn in the terminal."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from photism.cli import DIM, paint
from photism.cli.arguments import parse, settings
from photism.errors import ConfigError
from photism.terminal import plain, printable, say

if TYPE_CHECKING:
    from photism.live.listener import HeardWindow

DESCRIPTION = """\
Listen, and draw what is heard as it is heard. Ctrl-C ends it.

  photism listen                                  the microphone, drawn in the terminal
  photism listen --system car-gan-orchestra       who plays there?
  photism listen --from three.wav                 a recording in place of a microphone
  photism listen -o now.png                       the latest picture, in a file
  photism listen --json | other-program           a line of JSON for each window

Where drawing is slower than sound, the latest window wins, and the others are counted as dropped.
"""
Show = Callable[["HeardWindow"], None]
_LINES = 4
"""Of the terminal, left for what is said below the picture."""


@dataclass(frozen=True)
class Listen:
    """Arguments of `photism listen`."""

    system: Annotated[str, tyro.conf.arg(metavar="NAME|PATH")] = "aivae-fsdd"
    """Weights that take sounds."""
    label: Annotated[str | None, tyro.conf.arg(metavar="CLASS")] = None
    """What is heard, for systems that take a label; by default they listen."""
    microphone: Annotated[str | None, tyro.conf.arg(metavar="STR")] = None
    """Number or a part of the name; by default the system's choice."""
    recording: Annotated[Path | None, tyro.conf.arg(name="from", metavar="PATH")] = None
    """A recording to listen to instead, at its own pace."""
    seconds: Annotated[float | None, tyro.conf.arg(metavar="FLOAT")] = None
    """End after this long; by default it goes on."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="PATH")] = None
    """A PNG that always holds the latest picture of something heard."""
    seed: int = 0
    """Of the noise: the same for all windows, so that pictures move with the sound alone."""
    sampling: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE ...")] = ()
    """How to sample, such as latent=mean."""
    picture: Literal["auto", "blocks", "kitty", "sixel", "none"] = "auto"
    """How pictures are shown: by what the terminal can, half blocks, kitty's or sixel graphics."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    devices: bool = False
    """List the microphones, and end."""
    json: bool = False
    """Print a line of JSON for each window instead."""

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ConfigError(f"--seconds must be above 0, not {self.seconds:g}")
        if self.out and self.out.suffix.lower() != ".png":
            raise ConfigError(f"pictures are PNGs: call it {self.out.with_suffix('.png').name}")


def main(argv: list[str]) -> int:
    """Run `photism listen` with the words after it; return the exit code."""
    args = parse(Listen, argv, prog="photism listen", description=DESCRIPTION)
    from photism.live.sources import microphone, microphones, played

    if args.devices:
        for name in microphones() or ["no microphone is here, or PortAudio is not installed"]:
            say(name)
        return 0
    import photism
    from photism.live.listener import Manner, listen, warm

    translator = photism.load(args.system, args.device)
    manner = Manner(args.label, args.seed, settings(args.sampling, "--sampling"))
    warm(translator)
    opened = played(args.recording) if args.recording else microphone(args.microphone)
    last = None
    with opened as source, _screen(args) as show:
        try:
            for last in listen(source, translator, manner):
                show(last)
                if args.out and last.picture:
                    last.picture.save(args.out)
                if args.seconds and last.now.end_s >= args.seconds:
                    break
        except KeyboardInterrupt:
            pass
    if last is None:
        raise ConfigError("nothing came: is the microphone on?")
    if not args.json:
        done = f"{last.drawn} windows, {last.dropped} dropped"
        print(paint(done, DIM, sys.stdout))
    return 0


def described(moment: HeardWindow) -> str:
    """Say what is heard in a window, and how sure that is."""
    now, picture = moment.now, moment.picture
    if picture is None:
        return f"nothing heard ({now.verdict.reason})"
    if picture.unknown:
        return f"heard at {now.verdict.level_db:.0f} dB, like nothing that these weights know"
    of = [str(found) for found in (picture.label, moment.read) if found]
    return ", ".join([f"heard at {now.verdict.level_db:.0f} dB", *of])


@contextmanager
def _screen(args: Listen) -> Iterator[Show]:
    """Yield what shows a moment: JSON, a picture in the terminal, or a line where that changed."""
    if args.json:
        yield lambda moment: print(json.dumps(_facts(moment)), flush=True)
    elif args.picture == "none" or not sys.stdout.isatty():
        yield _Lines()
    else:
        with _pictures(args.picture) as show:
            yield show


def _facts(moment: HeardWindow) -> dict[str, Any]:
    now, picture = moment.now, moment.picture
    return {
        "end_s": round(now.end_s, 3),
        "heard": picture.heard if picture else now.heard,
        "level_db": round(max(now.verdict.level_db, -120.0), 1),
        "reason": now.verdict.reason,
        "label": picture.provenance["label"] if picture else None,
        "read": asdict(moment.read) if moment.read else None,
        "seconds": round(moment.seconds, 4),
        "drawn": moment.drawn,
        "dropped": moment.dropped,
    }


class _Lines:
    """Prints a line where what is heard has changed."""

    def __init__(self) -> None:
        self._said: tuple[bool, str, str] | None = None

    def __call__(self, moment: HeardWindow) -> None:
        picture = moment.picture
        label = picture.label.name if picture and picture.label else ""
        what = (picture is None, label, moment.read.label if moment.read else "")
        if what != self._said:
            self._said = what
            print(printable(f"{moment.now.end_s:7.1f} s  {described(moment)}"), flush=True)


@contextmanager
def _pictures(kind: str) -> Iterator[Show]:
    """Yield what shows pictures in a terminal, with a line below them."""
    if not importlib.util.find_spec("textual_image"):
        raise ConfigError(
            "pictures in a terminal need textual-image: pip install 'photism[microphone]',"
            " or --picture none"
        )
    from rich.console import Console, Group
    from rich.live import Live
    from textual_image import renderable

    kinds = {
        "auto": renderable.Image,
        "blocks": renderable.HalfcellImage,
        "kitty": renderable.TGPImage,
        "sixel": renderable.SixelImage,
    }
    console = Console()
    height = max(4, min(24, console.height - _LINES))
    shown: list[Any] = []

    def show(moment: HeardWindow) -> None:
        if moment.picture:
            image = moment.picture.image.convert("RGB")
            factor = max(1, 280 // max(image.size))
            image = image.resize((image.width * factor, image.height * factor), 0)
            shown.append(kinds[kind](image, width="auto", height=height))
        pace = f"{1000 * moment.seconds:.0f} ms, {moment.dropped} dropped"
        said = plain(described(moment), "bold green" if moment.picture else "bold red")
        live.update(Group(*shown[-1:], said, plain(pace, "dim")), refresh=True)
        for old in shown[:-1]:
            old.cleanup()
        del shown[:-1]

    with Live(console=console, auto_refresh=False) as live:
        yield show
