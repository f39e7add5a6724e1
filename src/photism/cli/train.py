"""`photism train`: train a system on prepared data, or go on with a run that was stopped."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from photism.cli.arguments import parse, settings
from photism.errors import ConfigError
from photism.terminal import plain, printable
from photism.training.choices import TrainChoices

if TYPE_CHECKING:
    from photism.training.options import TrainOptions

DESCRIPTION = """\
Train on prepared data, or go on with a run that was stopped.

Examples:
  photism data prepare mnist-fsdd                      what it trains on
  photism train aivae --data mnist-fsdd --dry-run      what it would do: networks, steps, memory
  photism train aivae --data mnist-fsdd --out runs/a   train; Ctrl-C stops it safely
  photism train --resume runs/a                        go on exactly where it stopped
  torchrun --nproc-per-node 2 -m photism train ...     several processes or GPUs
"""


MAY_CHANGE = ("epochs", "max_steps", "device", "log_every", "checkpoint_every")
"""What may be given to a run that goes on: nothing that decides what a step does."""


@dataclass(frozen=True)
class Train(TrainChoices):
    """Arguments of `photism train`."""

    system: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[SYSTEM]")] = None
    """System to train; `photism info` lists them."""
    data: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """Prepared data: a name that `photism data list` shows, or a folder."""
    sounds: Annotated[str | None, tyro.conf.arg(metavar="NAME|DIR")] = None
    """Prepared sounds, with or without pictures, for stages that learn from sounds alone; those of
    --data by default."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = None
    """New run folder; runs/SYSTEM-PRESET by default."""
    resume: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run folder to go on with, from its newest checkpoint. Only --epochs, --max-steps, --device,
    --log-every and --checkpoint-every may be given then."""
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE ...")] = ()
    """Settings to change, such as: --set lr=1e-4 alpha=0.5"""
    dry_run: bool = False
    """Print the resolved config, networks, parameters, memory and steps; train nothing."""
    json: bool = False
    """With --dry-run: print JSON."""


def main(argv: list[str]) -> int:
    """Run `photism train` with the words after it; return the exit code."""
    args = parse(Train, argv, prog="photism train", description=DESCRIPTION)
    options, resume = _options(args)
    if args.dry_run:
        _print_plan(options, as_json=args.json)
        return 0
    from photism.evaluation.critic import Critic
    from photism.training.device import part
    from photism.training.loop import Interrupted
    from photism.training.run import train

    critic = Critic.of(options.judge, options.data) if options.judge else None
    try:
        weights = train(options, resume=resume, critic=critic)
    except Interrupted as stopped:
        print(stopped)
        return 0 if args.max_steps else 130
    print(f"weights: {weights}\nnext:    {_following(options)}")
    part()
    return 0


def _following(options: TrainOptions) -> str:
    """Return the command that measures a run, on a split that its data has."""
    from photism.data.card import Card

    words = ["photism", "evaluate", str(options.out), "--data", str(options.data)]
    splits = Card.read(options.data).counts
    if "test" not in splits:
        words += ["--split", "validation" if "validation" in splits else "train"]
    return shlex.join(words)


def _options(args: Train) -> tuple[TrainOptions, bool]:
    from photism.data.prepare import find
    from photism.training.options import TrainOptions

    if args.resume:
        return _resumed(args, args.resume), True
    if not args.system or not args.data:
        raise ConfigError(
            "name a system and its data, such as: photism train aivae --data mnist-fsdd"
        )
    return TrainOptions(
        system=args.system,
        data=find(args.data),
        out=args.out or Path("runs") / f"{args.system}-{args.preset or 'default'}",
        settings=settings(args.set, "--set"),
        sounds=find(args.sounds) if args.sounds else None,
        **{choice.name: getattr(args, choice.name) for choice in fields(TrainChoices)},
    ), False


def _resumed(args: Train, run: Path) -> TrainOptions:
    """Return the options of an earlier run, with those that may change as they were typed."""
    from photism.training.options import TrainOptions

    if args.system or args.data or args.sounds or args.set or (args.out or run) != run:
        raise ConfigError("--resume takes system, data and settings from the run: leave them out")
    begun = TrainOptions.read(run)
    changed: dict[str, Any] = {"max_steps": args.max_steps}
    for choice in fields(TrainChoices):
        asked, was = getattr(args, choice.name), getattr(begun, choice.name)
        if choice.name in MAY_CHANGE:
            changed |= {} if asked == choice.default else {choice.name: asked}
        elif asked not in (choice.default, was):
            option = f"--{choice.name.replace('_', '-')}"
            instead = shlex.join(["--start-from", str(run)])
            begun_how = f"without {option}" if was in (None, ()) else f"with {option} {was}"
            raise ConfigError(
                f"{run} was begun {begun_how}: leave it out, or begin a new run with {instead}"
            )
    return replace(begun, **changed)


def _print_plan(options: TrainOptions, *, as_json: bool) -> None:
    from photism.training.dry_run import describe
    from photism.training.plan import resolve

    plan = describe(resolve(options))
    if as_json:
        import json

        print(json.dumps(plan, indent=2))
        return
    from rich.console import Console

    Console().print(_tree(f"{plan['system']} · {plan['preset']}", plan))


def _tree(title: str, content: Mapping[str, Any]) -> Any:
    from rich.tree import Tree

    tree = Tree(plain(title, "bold"))
    for name, value in content.items():
        if isinstance(value, dict):
            tree.add(_tree(name, value))
        elif name not in ("system", "preset"):
            shown = f"{value:,}" if type(value) is int and name != "seed" else value
            tree.add(plain(f"{name} ").append(printable(shown), "cyan"))
    return tree
