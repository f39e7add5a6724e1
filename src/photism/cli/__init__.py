"""The command line: finds the command, imports only that one, and says errors in one line.

Nothing here imports torch or tyro, so that `photism --help` answers at once.
"""

from __future__ import annotations

import errno
import importlib
import os
import shlex
import sys
import warnings
from typing import TextIO

from photism.errors import ConfigError, PhotismError, nearest
from photism.terminal import printable
from photism.version import __version__

COMMANDS = {
    "Use a trained system": {
        "translate": "Turn recordings, videos or folders of them into pictures",
        "serve": "Translate for browsers and other programs: a page and a REST API",
        "listen": "Listen to the microphone and draw what is heard in the terminal",
        "demo": "Hear an orchestra and see it drawn: the whole road once",
        "export": "Write a trained system as one ONNX graph, or a page that runs it",
        "info": "Show systems, presets, weights, and what made a picture",
    },
    "Train your own": {
        "data": "List, fetch, prepare, inspect and verify data sets",
        "train": "Train a system, or resume where it stopped",
        "judge": "Train the classifier that judges pictures",
        "push": "Push weights and their card to the Hugging Face Hub",
        "label": "Sort generated pictures by hand, informative or not",
    },
    "Compare with the papers": {
        "evaluate": "Measure a trained system and write a report",
        "reproduce": "Run a published table or figure again",
    },
}
"""Command and what it does, by the heading of the help it stands under."""

EXAMPLES = (
    ("photism translate three.wav", "writes three.png, a picture of the digit that was spoken"),
    ("photism translate recordings/ -o pictures/", "every sound and video below a folder"),
    ("photism train aivae --preset small --data mnist-fsdd --out runs/aivae", "your own weights"),
)

BOLD, DIM, RED, YELLOW, CYAN = "1", "2", "31", "33", "36"
"""ANSI codes for `paint`."""


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: what was typed after `photism`; `sys.argv[1:]` by default.

    Returns:
        The exit code: 0, or 2 for an error of the user's, 130 after Ctrl-C, 141 after the reader
        of a pipe went away.
    """
    argv = sys.argv[1:] if argv is None else argv
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name need not fit the terminal's encoding
            stream.reconfigure(errors="replace")
    # Pillow doubts a damaged picture in several lines; what comes of it is said in one.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except PhotismError as error:
        print(paint(f"photism: {error}", RED, sys.stderr), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(paint("photism: interrupted", RED, sys.stderr), file=sys.stderr)
        return 130
    except BrokenPipeError:
        _silence()
        return 141
    except OSError as error:
        if not _full(error):
            raise
        _silence()
        print(f"photism: standard output: {error.strerror}", file=sys.stderr)
        return 2
    return code


def _open_streams() -> None:
    """Let what a closed standard output or error would have shown go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _full(error: OSError) -> bool:
    """Tell whether it was standard output that could not be written, and no file."""
    return error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF)


def _silence() -> None:
    """Let standard output go nowhere: the interpreter flushes it again on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(argv: list[str]) -> int:
    command = argv[0] if argv else "--help"
    if command in ("-h", "--help", "help"):
        print(_help(sys.stdout))
        return 0
    if command in ("-V", "--version"):
        print(f"photism {__version__}")
        return 0
    known = [name for commands in COMMANDS.values() for name in commands]
    if command not in known:
        if os.path.exists(command):
            meant = shlex.join(["photism", "translate", command])
            raise ConfigError(f"{command!r} is a file, not a command: did you mean `{meant}`?")
        kind = "option" if command.startswith("-") else "command"
        raise ConfigError(f"unknown {kind} {command!r}: {nearest(command, known)}")
    module = importlib.import_module(f"photism.cli.{command}")
    return module.main(argv[1:]) or 0


def _help(stream: TextIO) -> str:
    lines = [
        f"{paint('photism', BOLD, stream)} {__version__}: sound to picture and picture to sound",
        "",
        f"{paint('usage:', BOLD, stream)} photism COMMAND [OPTIONS]",
    ]
    for heading, commands in COMMANDS.items():
        lines += ["", paint(heading, BOLD, stream)]
        lines += [
            f"  {paint(f'{name:<10}', CYAN, stream)} {text}" for name, text in commands.items()
        ]
    lines += ["", paint("Examples", BOLD, stream)]
    for example, text in EXAMPLES:
        lines += [f"  {paint(example, CYAN, stream)}", f"      {paint(text, DIM, stream)}"]
    lines += ["", "`photism COMMAND --help` shows the options of a command."]
    return "\n".join(lines)


def paint(text: str, colour: str, stream: TextIO) -> str:
    """Return `printable` text, in an ANSI colour if `stream` is a terminal that may show it."""
    text = printable(text)
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"
