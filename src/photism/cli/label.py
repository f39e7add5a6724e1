"""`photism label`: sort generated pictures by hand, informative or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from photism.cli.arguments import parse
from photism.terminal import say

DESCRIPTION = """Sort generated pictures by hand: does each tell what is heard, or not?

  photism translate recordings/ -o pictures/ --system s2i      pictures, a folder for each class
  photism label pictures/                                      a page to sort them on, by keyboard
  photism judge informativity --labels pictures/informative.jsonl -o judges/informativity

Every mark is on disk at once: the same command goes on where it stopped. → or I is informative,
← or N is not, U takes the latest back.
"""


@dataclass(frozen=True)
class SortPictures:
    """Arguments of `photism label`."""

    folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """Generated pictures; those of a class in a folder of its name."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="FILE")] = None
    """The labelled set, one JSON a line; FOLDER/informative.jsonl by default."""
    name: Annotated[str | None, tyro.conf.arg(metavar="CLASS")] = None
    """Class of pictures that stand in no folder of a class and do not name one themselves."""
    seed: int = 0
    """Of the order in which they are shown."""
    port: int = 0
    """Of the page on this machine; a free one by default."""
    browser: bool = True
    """Open the page in a browser."""


def main(argv: list[str]) -> int:
    """Run `photism label` with the words after it; return the exit code."""
    args = parse(SortPictures, argv, prog="photism label", description=DESCRIPTION)

    import webbrowser

    from photism.judges.informativity.labels import LabelBook
    from photism.pages.sorting import SortingServer

    book = LabelBook(args.folder, args.out, name=args.name, seed=args.seed)
    book.upcoming()  # complains of pictures that tell no class
    with SortingServer(book, args.port) as server:
        say(f"sort {book.left:,} pictures on {server.url}  (Ctrl-C ends)")
        if args.browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")
    for name, (yes, no) in book.counts.items():
        say(f"{name}: {yes} informative, {no} not")
    say(f"{book.path}: {len(book.marks):,} sorted, {book.left:,} to go")
    return 0
