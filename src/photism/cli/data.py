"""`photism data`: list, fetch, prepare, inspect and verify data sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from photism.data.sources.mnist_fsdd import MnistFsdd


@dataclass(frozen=True)
class Prepare:
    """Make pairs from published data."""

    source: MnistFsdd
    from_: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Folder with the archives."""
    out: Path | None = None
    """Where the prepared data set goes."""


def main(argv: list[str]) -> int | None:
    """Run `photism data` with these arguments."""
    from photism.data.prepare import prepare

    if argv[:1] == ["prepare"]:
        args = tyro.cli(
            tyro.conf.ConsolidateSubcommandArgs[Prepare], args=argv[2:], prog="photism data prepare"
        )
        print(prepare(args.source, raw=args.from_, out=args.out))
    return 0


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
