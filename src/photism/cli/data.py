"""`photism data`: list, fetch, prepare, inspect, verify and join data sets."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

import tyro

from photism.cli.arguments import parse
from photism.data.sources import SOURCES, UPSTREAM
from photism.errors import ConfigError, DataError, PhotismError, nearest
from photism.terminal import plain, say

if TYPE_CHECKING:
    from rich.table import Table

    from photism.data.card import Card
    from photism.data.fetch import Upstream
    from photism.data.sources.base import PairSource as AnySource
else:
    AnySource = Union[  # noqa: UP007 - made of a dict
        tuple(Annotated[source, tyro.conf.subcommand(name)] for name, source in SOURCES.items())
    ]

_SHOWN_SKIPPED = 10
_KEPT = 0.9
"""Share of the pairs that training does not hold out."""

DESCRIPTION = """List, fetch, prepare, inspect, verify and join data sets.

Examples:
  photism data list
  photism data fetch mnist-fsdd                    download the archives, 27 MB
  photism data prepare mnist-fsdd                  make 60,000 + 10,000 pairs of them
  photism data prepare mnist-fsdd --from archives  the same from a folder, no download
  photism data prepare orchestra                   instruments and performers, all embedded
  photism data prepare folder --from mine --for aivae:small   recordings and pictures of your own
  photism data inspect mnist-fsdd                  counts, and a contact sheet to look at
  photism data verify                              compare everything here with its checksums
  photism data join both orchestra notes           several prepared sets as one folder

Archives and prepared sets lie in the user's cache; $PHOTISM_HOME chooses another folder."""


@dataclass(frozen=True)
class ListData:
    """Show every data set: what it is, its size and licence, and whether it is here."""

    def run(self) -> int:
        """Print two tables."""
        from rich.console import Console

        console = Console()
        console.print(_sources_table(), _upstream_table())
        return 0


@dataclass(frozen=True)
class Fetch:
    """Download published archives, going on where an earlier try stopped.

    For example:
      photism data fetch mnist-fsdd              all that mnist-fsdd is made of
      photism data fetch mnist fsdd              the same by their own names
      photism data fetch mnist --from downloads  copy them from a folder, checksums compared
    """

    names: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        tyro.conf.arg(metavar="NAME ...", help_behavior_hint=""),
    ]
    """Names that `photism data list` shows."""
    from_: Annotated[Path | None, tyro.conf.arg(name="from", metavar="DIR")] = None
    """Folder to copy the archives from, instead of downloading; searched with all below it."""

    def run(self) -> int:
        """Fetch and say for every archive how."""
        from photism.data.fetch import fetch
        from photism.data.prepare import raw_folder

        if not self.names:
            sources = [name for name, source in SOURCES.items() if source.upstream]
            raise ConfigError(f"name what to fetch: {', '.join([*sources, *UPSTREAM])}")
        for upstream in _upstreams(self.names):
            print(f"{upstream.name}: {upstream.terms}, {upstream.homepage}")
            for archive in upstream.archives:
                fetched = fetch(archive, raw_folder() / upstream.name, source=self.from_)
                how = "checksum agrees" if fetched.verified else _UNVERIFIED
                say(f"  {fetched.how}: {fetched.path} ({how})")
        return 0


_UNVERIFIED = "upstream publishes no checksum; the archive is whole"


@dataclass(frozen=True)
class Prepare:
    """Make pairs of pictures and log-mels; an earlier set is replaced only when all is done.

    For example:
      photism data prepare folder --from mine --for aivae:small --out pairs   data of your own
      photism data prepare folder --help                                      how it has to lie
      photism data prepare mnist-fsdd
      photism data prepare mnist-fsdd --speakers jackson theo --out pairs
      photism data prepare mnist-scd --from archives --digits 0 1 5 8
    """

    source: AnySource
    from_: tyro.conf.CascadeSubcommandArgs[
        Annotated[Path | None, tyro.conf.arg(name="from", metavar="DIR")]
    ] = None
    """Your own files, or the folder with the archives or their unpacked files, searched with all
    below it; by default the one that `photism data fetch` fills."""
    for_: tyro.conf.CascadeSubcommandArgs[
        Annotated[str | None, tyro.conf.arg(name="for", metavar="SYSTEM[:PRESET]")]
    ] = None
    """System that is to learn from the pairs, such as car-gan:small: own data gets its front end
    and the size of its pictures."""
    out: tyro.conf.CascadeSubcommandArgs[
        Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="DIR")]
    ] = None
    """Folder of the prepared set; by default where `--data NAME` finds it."""

    def run(self) -> int:
        """Prepare and print what came of it."""
        from photism.data.prepare import prepare, prepared_folder

        source = self.source
        if self.for_:
            from photism.systems import wanted_form

            source = source.fitted(*wanted_form(self.for_))
        card = prepare(source, raw=self.from_, out=self.out)
        _print_card(card)
        say(f"written to {self.out or prepared_folder(self.source.name)}")
        if self.for_:
            say(f"next:    {_training(self.for_, self.out or self.source.name, card)}")
        return 0


@dataclass(frozen=True)
class Inspect:
    """Show counts per class and split, and write a contact sheet of pictures beside log-mels.

    For example:
      photism data inspect mnist-fsdd
      photism data inspect pairs --split test --per-class 10 --out sheet.png
    """

    data: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME|DIR")]
    """A prepared set by name, or its folder."""
    split: str = "train"
    """Part of the set that the contact sheet shows."""
    per_class: int = 6
    """Pairs of each class on the contact sheet."""
    seed: int = 0
    """Of their choice."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="PNG")] = None
    """The contact sheet, a PNG; NAME-SPLIT.png in this folder by default."""

    def run(self) -> int:
        """Print the card and write the sheet."""
        from photism.data.card import Card
        from photism.data.inspect import contact_sheet
        from photism.data.prepare import find
        from photism.images import write_png

        if self.out and self.out.suffix.lower() != ".png":
            raise ConfigError(f"the contact sheet is a PNG: call it {self.out.with_suffix('.png')}")
        folder = find(self.data)
        card = Card.read(folder)
        sheet = contact_sheet(folder, self.split, per_class=self.per_class, seed=self.seed)
        out = self.out or Path(f"{card.name}-{self.split}.png")
        write_png(out, sheet)
        _print_card(card)
        say(f"contact sheet: {out}")
        return 0


@dataclass(frozen=True)
class Verify:
    """Compute checksums and counts again and name every damaged file; exit code 2 if there is one.

    For example:
      photism data verify             everything that was fetched or prepared
      photism data verify mnist-fsdd  one prepared set
      photism data verify pairs fsdd  a folder, and a fetched archive
    """

    names: Annotated[
        tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME|DIR ...")
    ] = ()
    """Prepared sets by name or folder, and published ones by name; all that is here by default."""

    def run(self) -> int:
        """Print what is wrong, or that all is well."""
        names = self.names or tuple(_all_here())
        if not names:
            print("nothing was fetched or prepared yet: see `photism data fetch --help`")
        damaged = 0
        for name in names:
            problems = _verify_archives(name) if name in UPSTREAM else _verify_prepared(name)
            damaged += bool(problems)
            say(f"{name}: {'NOT as it should be' if problems else 'as it should be'}")
            for problem in problems:
                say(f"  {problem}")
        if damaged:
            raise DataError(f"{damaged} of {len(names)} not as they should be: see above")
        return 0


@dataclass(frozen=True)
class Join:
    """Write several prepared sets of one form into one, for training reads one folder.

    For example:
      photism data join all pairs more        the sets pairs and more as the folder all
      photism data join both orchestra notes  prepared sets by their names

    They need the same front end, sizes and classes, and to be split by the same column. Nothing of
    a sound or picture changes; the column `source` says which set a pair is from.
    """

    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT")]
    """Folder of the joined set."""
    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME|DIR ...")]
    """Prepared sets by name or folder, two or more."""

    def run(self) -> int:
        """Join and print what came of it."""
        from photism.data.join import join
        from photism.data.prepare import find

        card = join([find(name) for name in self.names], self.out)
        _print_card(card)
        say(f"written to {self.out}")
        return 0


def _training(wanted: str, data: Path | str, card: Card) -> str:
    """Return the command that trains a system on the pairs that were made for it."""
    from photism.config import settings_of
    from photism.systems import find_preset, find_system

    name, _, preset = wanted.partition(":")
    _, config = find_preset(find_system(name), preset or None)
    settings = {"front_end": card.front_end, "classes": len(card.classes)}
    own = settings_of(config)
    changed = [f"{key}={v}" for key, v in settings.items() if v and own.get(key, v) != v]
    words = ["photism", "train", name, "--data", str(data)]
    words += ["--preset", preset] if preset else []
    if few := _few(sum(card.counts.get("train", {}).values()), own):
        words += ["--batch-size", str(few)]
    return shlex.join([*words, *(["--set", *changed] if changed else [])])


def _few(pairs: int, config: Mapping[str, Any]) -> int | None:
    """Return a batch size for few pairs: where an epoch would have less than four batches."""
    wanted = [v for name, v in config.items() if name.rpartition(".")[2] == "batch_size"]
    if 4 * max(wanted, default=0) <= _KEPT * pairs:
        return None
    return max(1, 2 ** int(math.log2(max(1, _KEPT * pairs / 4))))


Command = (
    Annotated[ListData, tyro.conf.subcommand("list")]
    | Annotated[Fetch, tyro.conf.subcommand("fetch")]
    | Annotated[Prepare, tyro.conf.subcommand("prepare")]
    | Annotated[Inspect, tyro.conf.subcommand("inspect")]
    | Annotated[Verify, tyro.conf.subcommand("verify")]
    | Annotated[Join, tyro.conf.subcommand("join")]
)


def main(argv: list[str]) -> int:
    """Run `photism data` with these arguments and return the exit code."""
    command: Command = parse(
        Command,
        argv,
        prog="photism data",
        description=DESCRIPTION,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )
    return command.run()


def _upstreams(names: tuple[str, ...]) -> Iterator[Upstream]:
    """Yield the published data that names stand for, each once."""
    seen: set[str] = set()
    for name in names:
        if name not in SOURCES and name not in UPSTREAM:
            raise ConfigError(f"no data set {name!r}: {nearest(name, [*SOURCES, *UPSTREAM])}")
        if name in SOURCES and SOURCES[name].embedded:
            print(f"{name}: comes with photism, nothing to fetch")
        elif name in SOURCES and not SOURCES[name].upstream:
            raise ConfigError(
                f"{name} cannot be downloaded: `photism data prepare {name} --help` says what to"
                " give it"
            )
        for upstream in SOURCES[name].upstream if name in SOURCES else (UPSTREAM[name],):
            if upstream.name not in seen:
                seen.add(upstream.name)
                yield upstream


def _all_here() -> Iterator[str]:
    """Yield the published data that was fetched and the prepared sets, by name."""
    from photism.data.prepare import prepared_folders, raw_folder

    for name, upstream in UPSTREAM.items():
        if any((raw_folder() / name / archive.name).is_file() for archive in upstream.archives):
            yield name
    for folder in prepared_folders():
        yield folder.name


def _verify_prepared(name: str) -> list[str]:
    """Return what is wrong with a prepared set."""
    from photism.data.prepare import find
    from photism.data.verify import verify

    try:
        return verify(find(name))
    except PhotismError as error:
        return [str(error)]


def _verify_archives(name: str) -> list[str]:
    """Return what is wrong with the fetched archives of published data."""
    from photism.data.fetch import check
    from photism.data.prepare import raw_folder

    problems = []
    for archive in UPSTREAM[name].archives:
        path = raw_folder() / name / archive.name
        try:
            if path.is_file():
                check(archive, path)
            else:
                problems.append(f"{path} is missing: run `photism data fetch {name}`")
        except PhotismError as error:
            problems.append(str(error))
    return problems


def _sources_table() -> Table:
    from rich.table import Table

    from photism.data.prepare import prepared_folder

    table = Table("pairs to train on", "what", "number", "made of", "prepared")
    for name, source in SOURCES.items():
        parts = ", ".join(upstream.name for upstream in source.upstream)
        parts = parts or ("embedded" if source.embedded else "your files")
        here = prepared_folder(name).is_dir()
        table.add_row(name, source.what, source.pairs, parts, "yes" if here else "no")
    return table


def _upstream_table() -> Table:
    from rich.table import Table

    from photism.data.prepare import raw_folder

    table = Table("published data", "what", "size", "licence", "fetched")
    for name, upstream in UPSTREAM.items():
        places = [raw_folder() / name / archive.name for archive in upstream.archives]
        here = sum(path.is_file() for path in places)
        table.add_row(
            name,
            upstream.what,
            f"{upstream.size_bytes / 1e6:,.0f} MB",
            upstream.licence,
            "yes" if here == len(places) else f"{here} of {len(places)}" if here else "no",
        )
    return table


def _print_card(card: Card) -> None:
    """Print counts per class and split, front end, licence, notes and what was skipped."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    say(f"{card.name}: {card.description}")
    table = Table("class")
    for split in card.counts:
        table.add_column(split, justify="right")
    for name in (*card.classes, "unlabelled"):
        if not any(counts.get(name) for counts in card.counts.values()):
            continue
        table.add_row(plain(name), *(f"{counts.get(name, 0):,}" for counts in card.counts.values()))
    table.add_section()
    table.add_row("all", *(f"{sum(counts.values()):,}" for counts in card.counts.values()))
    console.print(table)
    sound, image = ("×".join(map(str, spec.shape)) for spec in (card.sound, card.image))
    say(f"sound:     {sound} {card.sound.dtype}, front end {card.front_end}")
    say(f"picture:   {image} {card.image.dtype}" if card.image.items else "picture:   none")
    say(f"licence:   {card.licence}")
    say(f"seed:      {card.seed}")
    for note in card.notes:
        style = "bold yellow" if note.startswith("NOT ") else ""
        console.print(plain(f"note:      {note}", style), soft_wrap=True)
    for file in card.skipped[:_SHOWN_SKIPPED]:
        say(f"skipped:   {file['file']}: {file['reason']}")
    if len(card.skipped) > _SHOWN_SKIPPED:
        say(f"skipped:   {len(card.skipped) - _SHOWN_SKIPPED:,} more, listed in card.json")
