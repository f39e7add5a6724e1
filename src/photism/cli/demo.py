"""`photism demo`: the whole road once, on what comes along: sound, picture, judgement, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

import photism
from photism.cli.arguments import parse
from photism.config import check_seed
from photism.files import require_room

if TYPE_CHECKING:
    from photism.demo.way_back import Back

DESCRIPTION = """\
Play, hear, draw, judge, and write a report to look at and listen to.

Examples:
  photism demo                        an orchestra plays phrases nobody has heard
  photism demo --seed 1               other phrases, other players
  photism demo --system aivae-fsdd    forty spoken digits instead
  photism demo --system runs/s2i      sounds of the world, for what learnt from scenes
"""


@dataclass(frozen=True)
class Args:
    """Arguments of `photism demo`."""

    out: Annotated[Path, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = Path("photism-demo")
    """Folder for report.html, report.json and what belongs to them."""
    system: Annotated[str, tyro.conf.arg(metavar="NAME|PATH")] = "car-gan-orchestra"
    """Bundled weights by name, a folder of weights, or a training run. What learnt from scenes
    hears sounds of the world; else one with classes plays the orchestra, any other reads digits."""
    back: Annotated[str | None, tyro.conf.arg(metavar="NAME|PATH")] = None
    """Of the orchestra: weights that make sounds of the scenes; by default the bundled ones."""
    judge: Annotated[str | None, tyro.conf.arg(metavar="NAME|PATH")] = None
    """Who reads the pictures; by default the bundled judge of instruments, digits or scenes."""
    seed: int = 0
    """Of everything random: the same seed gives the same phrases and pictures."""

    def __post_init__(self) -> None:
        check_seed(self.seed)


def main(argv: list[str]) -> int:
    """Run `photism demo` with the words after it; return the exit code."""
    run(parse(Args, argv, prog="photism demo", description=DESCRIPTION))
    return 0


def run(args: Args) -> Path:
    """Show what a system does, write and print the result.

    Args:
        args: where to and with what.

    Returns:
        The report.

    Raises:
        PhotismError: unknown weights or judge, a system of neither kind, or a folder that cannot
            be written.
    """
    from photism.demo import digits, orchestra, scenes
    from photism.judges.weights import load_judge

    require_room(args.out, 20_000_000)
    print("Loading the system and its judge…", flush=True)
    translator = photism.load(args.system)
    if translator.system.card.data == scenes.DATA:
        demo = scenes
    else:
        demo = orchestra if translator.classes else digits
    judge = load_judge(args.judge or demo.JUDGE)
    if demo is not orchestra:
        print(demo.run(translator, judge, args.out, seed=args.seed))
    else:
        back = _way_back(args.back)
        print(orchestra.run(translator, judge, args.out, seed=args.seed, back=back))
    report = args.out / "report.html"
    print(f"Report: {report}")
    return report


def _way_back(name: str | None) -> Back | None:
    """Load what goes the way back: the weights of a name, or those that come along, if any do."""
    from photism.demo.way_back import JUDGE, Back
    from photism.judges.weights import load_judge
    from photism.stored import bundled
    from photism.translate.defaults import DEFAULTS

    weights = name or DEFAULTS["sound"]
    if name is None and weights not in bundled():
        return None
    back = Back(photism.load(weights), load_judge(JUDGE))
    back.translator.require_source("image")
    return back
