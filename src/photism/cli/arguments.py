"""The arguments of a command, from what was typed; a mistake is said in one line."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import tyro

from photism.errors import ConfigError, nearest

KINDS = {"INT": "a whole number", "FLOAT": "a number", "PATH": "a path", "STR": "a text"}


def parse(
    shape: Any, argv: list[str], *, prog: str, description: str | None = None, config: Any = ()
) -> Any:
    """Return the arguments of a command.

    Args:
        shape: dataclass of the arguments, or a union of those of subcommands.
        argv: what was typed after `prog`; `--help` prints and ends the program.
        prog: the command as it is typed.
        description: stands above the help.
        config: tyro's markers.

    Returns:
        An instance of `shape`.

    Raises:
        ConfigError: what was typed cannot be understood.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(shape, args=argv, prog=prog, description=description, config=config)
    except SystemExit:
        if not said.getvalue():
            raise
        raise ConfigError(_one_line(said.getvalue())) from None


def _one_line(box: str) -> str:
    """Say in one line what tyro says in a box: a mistake, hints, where the help is."""
    lines = [line.strip("│╭╮╰╯")[1:].rstrip() for line in box.splitlines()]
    text = " ".join(" ".join(line for line in lines if "──" not in line).split())
    helped = re.search(r"photism [a-z -]*--help\b(?!.*photism)", text)
    mistake = _mistake(lines, text)
    if not helped:
        return mistake
    return f"{mistake}{' ' if mistake.endswith('?') else '; '}`{helped[0]}` shows what there is"


def _mistake(lines: list[str], text: str) -> str:
    if found := re.search(r"Unrecognized options: ([^ ,]+)", text):
        return f"unknown {_unknown(found[1], text)}"
    if found := re.search(r"Missing from ([^:]+):", text):
        missing = [line.strip() for line in lines if re.match(r" {4,5}(?!photism)\S", line)]
        return f"{found[1].removeprefix('photism ')} needs {' and '.join(missing)}"
    if found := re.search(r"Error parsing (\S+): .*?'([^']*)'.* \1 (\S+)", text):
        kind = found[3].removeprefix("{None}|")
        wrong = re.search(r"(?:from \[|: )'([^']*)'", text)
        return f"{found[1]} wants {KINDS.get(kind, kind)}, not {wrong[1] if wrong else found[2]!r}"
    if found := re.search(r"invalid choice '(.*)' for argument '(.*)'. .*\((.*?)\)", text):
        choices = found[3].replace("'", "").split(", ")
        return f"{found[2]} is {found[1]!r}: {nearest(found[1], choices)}"
    if found := re.search(r"Missing value for argument '(.*?)'", text):
        return f"{found[1]} wants a value"
    if found := re.search(r"Expected one of \{(.*?)\}", text):
        return f"say which: {found[1]}"
    return text.split(" For full helptext")[0]


def _unknown(word: str, text: str) -> str:
    kind = "option" if word.startswith("-") else "word"
    if found := re.search(r"Perhaps you meant: (--[\w-]+)", text):
        return f"{kind} {word!r}: did you mean {found[1]}?"
    if found := re.search(r"Available subcommands: ([\w, -]+?) For", text):
        return f"{kind} {word!r}: {nearest(word, found[1].split(', '))}"
    return f"{kind} {word!r}"
