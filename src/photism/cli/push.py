"""`photism push`: weights go to the Hugging Face Hub."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from photism.cli.arguments import parse
from photism.errors import ConfigError
from photism.hub import push
from photism.stored import CARD, CONFIG, README, TENSORS, locate
from photism.terminal import say

DESCRIPTION = """\
Push weights, their config and their card to the Hugging Face Hub.

  photism push runs/aivae ada/aivae-digits
  photism push runs/aivae ada/aivae-digits --private

Anybody then has them with `photism translate three.wav --system ada/aivae-digits`, or in Python
with photism.load("ada/aivae-digits"). `hf auth login` stores the token that pushing needs.
"""


@dataclass(frozen=True)
class Push:
    """Arguments of `photism push`."""

    system: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="SYSTEM")] = None
    """Weights: a bundled name, a folder, or a training run."""
    repository: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="OWNER/NAME")] = (
        None
    )
    """Where to; made if it is not there."""
    private: bool = False
    """Make a new repository that nobody else sees."""
    message: str = "Weights, config and card"
    """Of the commit."""

    def __post_init__(self) -> None:
        if self.system is None or self.repository is None:
            raise ConfigError("say what and where: photism push runs/aivae ada/aivae-digits")


def main(argv: list[str]) -> int:
    """Run `photism push` with the words after it; return the exit code."""
    args = parse(Push, argv, prog="photism push", description=DESCRIPTION)
    from photism.systems.readme import readme
    from photism.systems.weights import load_weights

    folder = locate(args.system)
    system = load_weights(folder)  # nothing damaged goes out
    with tempfile.TemporaryDirectory(prefix="photism-") as place:
        for name in (TENSORS, CONFIG, CARD):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(place) / name)
        text = readme(system, system.preset, system.card)
        (Path(place) / README).write_text(text, encoding="utf-8")
        say(push(Path(place), args.repository, private=args.private, message=args.message))
    return 0
