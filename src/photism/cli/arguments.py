"""The arguments of a command, from what was typed; a mistake is said in one line."""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from photism.errors import ConfigError, nearest

KINDS = {"INT": "a whole number", "FLOAT": "a number", "PATH": "a path", "STR": "a text"}
_METAVARS = {int: "INT", float: "FLOAT", Path: "PATH", str: "STR"}
_ON_OR_ABSENT: Any = tyro.conf.FlagCreatePairsOff
_REGISTRY = ConstructorRegistry()
_asking: list[StructTypeInfo] = []


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
            args = tyro.cli(
                shape,
                args=argv,
                prog=prog,
                description=description,
                config=config,
                registry=_REGISTRY,
            )
    except SystemExit:
        if not said.getvalue():
            raise
        raise ConfigError(_one_line(said.getvalue(), _command(shape, argv, prog))) from None
    _require_finite(args)
    return args


def _require_finite(args: Any) -> None:
    """Refuse numbers without end, and what is no number; no option means anything by them."""
    for field in fields(args):
        value = getattr(args, field.name)
        if is_dataclass(value):
            _require_finite(value)
        elif isinstance(value, float) and not math.isfinite(value):
            option = f"--{field.name.replace('_', '-')}"
            raise ConfigError(f"{option} is a finite number, not {value}")


def settings(words: tuple[str, ...], option: str) -> dict[str, str]:
    """Return what was typed as NAME=VALUE.

    Args:
        words: such as "lr=1e-4".
        option: they stand behind, for the message.

    Returns:
        Name to value as text.

    Raises:
        ConfigError: a word without "=".
    """
    for word in words:
        if "=" not in word:
            raise ConfigError(f"{option} wants name=value, not {word!r}")
    return dict(word.split("=", 1) for word in words)


@_REGISTRY.struct_rule
def _plain(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Read a dataclass as tyro does, but show options that may be left out without its `None`s."""
    if _asking:  # what tyro itself would make of it
        return None
    _asking.append(info)
    try:
        spec = ConstructorRegistry.get_struct_spec(info)
    finally:
        _asking.pop()
    if not isinstance(spec, StructConstructorSpec):
        return None
    return replace(spec, fields=tuple(_plain_field(field) for field in spec.fields))


@_REGISTRY.primitive_rule
def _alone_or_with_text(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[str | bool] | None:
    """Read an option that may be left out, stand alone, or have a text behind it."""
    if info.type != (str | bool):
        return None
    return PrimitiveConstructorSpec(
        nargs=(0, 1),
        metavar="[ADDRESS]",
        instance_from_str=lambda words: words[0] if words else True,
        is_instance=lambda value: isinstance(value, str | bool),
        str_from_instance=lambda value: [value] if isinstance(value, str) else [],
    )


def _plain_field(field: StructFieldSpec) -> StructFieldSpec:
    field = replace(field, helptext=partial(_flowing, field.helptext))
    if not (field.default is None or field.default is False or field.default == ()):
        return field
    annotated: Any = field.type
    bare, *marks = get_args(annotated) if get_origin(annotated) is Annotated else (annotated,)
    kinds = [_METAVARS.get(kind) for kind in get_args(bare) if kind not in (NoneType, ...)]
    metavar = kinds[0] if len(kinds) == 1 else None
    if metavar and field.default == ():
        metavar += " ..."
    if bare is bool:
        bare = _ON_OR_ABSENT[bool]
    shown: Any = Annotated[(bare, tyro.conf.arg(metavar=metavar, help_behavior_hint=""), *marks)]
    return replace(field, type=shown)  # what stands in the dataclass counts more than this


def _flowing(text: str | Callable[[], str | None] | None) -> str | None:
    """Return a help text without the line breaks of the source."""
    text = text() if callable(text) else text
    return text and " ".join(text.split())


def _command(shape: Any, argv: list[str], prog: str) -> str:
    """Return what was typed up to the subcommand, whose help there is."""
    marks = [mark for kind in get_args(shape) for mark in getattr(kind, "__metadata__", ())]
    subcommands = {getattr(mark, "name", None) for mark in marks}
    return f"{prog} {argv[0]}" if argv and argv[0] in subcommands else prog


def _one_line(box: str, command: str) -> str:
    """Say in one line what tyro says in a box: a mistake, hints, and where the help is."""
    lines = [line.strip("│╭╮╰╯")[1:].rstrip() for line in box.splitlines()]
    text = " ".join(" ".join(line for line in lines if "──" not in line).split())
    mistake = _mistake(lines, text)
    end = " " if mistake.endswith("?") else "; "
    return f"{mistake}{end}`{command} --help` shows what there is"


def _mistake(lines: list[str], text: str) -> str:
    if found := re.search(r"Unrecognized options: ([^ ,]+)", text):
        return f"unknown {_unknown(found[1], text)}"
    if found := re.search(r"Missing from ([^:]+):", text):
        missing = [
            line.strip().rpartition(", ")[2]
            for line in lines
            if re.match(r" {4,5}(?!photism)\S", line)
        ]
        return f"{found[1].removeprefix('photism ')} needs {' and '.join(missing)}"
    if found := re.search(r"Error parsing (\S+): .*?'([^']*)'.* \1 (\S+)", text):
        kind = found[3]
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
