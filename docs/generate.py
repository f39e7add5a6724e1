"""Pages that the code itself knows best, written to docs/api before Sphinx reads anything.

One page of the reference for each room of the package, the help of every command, the parameters
of every front end, and the size of every system.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import photism
from photism import cli

OUT = Path(__file__).parent / "api"
SOURCE = Path(photism.__file__).parent
ROOMS = {
    "Translate": ("photism", "photism.translate"),
    "Sound": ("photism.audio",),
    "Pictures": ("photism.images",),
    "Data": ("photism.data", "photism.orchestra"),
    "Systems": ("photism.systems", "photism.blocks", "photism.config", "photism.media"),
    "Live and web": ("photism.live", "photism.serve"),
    "Training": ("photism.training", "photism.devices"),
    "Judges": ("photism.judges", "photism.metrics"),
    "Evaluation": (
        *("photism.evaluation", "photism.experiments", "photism.demo", "photism.pages"),
    ),
    "Errors and files": (
        *("photism.errors", "photism.files", "photism.stored", "photism.terminal"),
    ),
}
"""Pages of the reference and the packages or modules on them."""


def write_all() -> None:
    """Write every generated page; a page that does not change keeps its time."""
    OUT.mkdir(exist_ok=True)
    pages = {
        "command-line.md": command_line(),
        "front-ends-table.md": front_ends(),
        "systems-table.md": systems(),
        **{f"{_slug(title)}.md": reference(title, names) for title, names in ROOMS.items()},
    }
    for name, text in pages.items():
        path = OUT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def reference(title: str, names: tuple[str, ...]) -> str:
    """Return a page with everything public of these packages and modules."""
    lines = [f"# {title}", ""]
    for module in sorted({module for name in names for module in _modules(name)}):
        lines += [f"## {module}", "", "```{eval-rst}", f".. automodule:: {module}", "```", ""]
    return "\n".join(lines)


def command_line() -> str:
    """Return a page with the help of `photism` and of every command."""
    lines = ["# Command line", "", "```text", _help([]), "```", ""]
    for commands in cli.COMMANDS.values():
        for command in commands:
            for words, text in _helps([command]):
                lines += [f"{'#' * (1 + len(words))} photism {' '.join(words)}", ""]
                lines += ["```text", text, "```", ""]
    return "\n".join(lines)


def front_ends() -> str:
    """Return a table: one row for each parameter, one column for each front end."""
    from dataclasses import fields

    from photism.audio.front_ends import FRONT_ENDS, FrontEnd

    lines = [
        "| | " + " | ".join(f"`{name}`" for name in FRONT_ENDS) + " |",
        "|---|" + "---:|" * len(FRONT_ENDS),
    ]
    for field in fields(FrontEnd):
        if field.name != "name":
            values = (getattr(front_end, field.name) for front_end in FRONT_ENDS.values())
            cells = ("–" if value is None else str(value) for value in values)
            lines.append(f"| `{field.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def systems() -> str:
    """Return a table: the parameters of every network of every preset."""
    from photism.cli.info import describe
    from photism.systems import SYSTEMS

    lines = ["| system | preset | networks | parameters |", "|---|---|---|---:|"]
    for name, system in SYSTEMS.items():
        for preset in system.presets:
            content = describe(name, preset)
            parts = ", ".join(
                f"{network} {entry['parameters']:,}"
                for network, entry in content["networks"].items()
            )
            lines.append(f"| {name} | `{preset}` | {parts} | {content['parameters']:,} |")
    return "\n".join(lines) + "\n"


def _modules(name: str) -> Iterator[str]:
    """Yield a module, or a package and all modules in it."""
    path = SOURCE.joinpath(*name.split(".")[1:])
    if name == "photism" or not path.is_dir():
        yield name
        return
    for file in sorted(path.rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(("photism", *(part for part in parts if part != "__init__")))


def _helps(words: list[str]) -> Iterator[tuple[list[str], str]]:
    """Yield a command and its help, then the same of its subcommands."""
    text = _help(words)
    yield words, text
    usage = " ".join(text.split("\n\n")[0].split())
    if subcommands := re.search(r"\{([a-z0-9-]+(?:,[a-z0-9-]+)*)\}(?: \.\.\.)?$", usage):
        for subcommand in subcommands[1].split(","):
            yield from _helps([*words, subcommand])


def _help(words: list[str]) -> str:
    os.environ.update(COLUMNS="84", NO_COLOR="1")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        cli.main([*words, "--help"])
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).strip()


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")
