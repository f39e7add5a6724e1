"""Text that came from a file, made fit to be shown: a name is data, never a command to the screen.

Names of files and classes, notes and tags may hold anything: escape sequences that move the cursor
or change the window's title, marks that turn the direction of writing, bytes that are no text, and
the markup of the library that draws our tables.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

_HIDDEN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's control characters, halves of surrogate pairs, and separators of lines."""
_JOINERS = "\u200c\u200d"
"""Unseen, but part of how emoji and several scripts are written."""


def printable(text: object) -> str:
    r"""Return text in one line that does nothing to a terminal but stand in it.

    Args:
        text: anything; its `str` is taken. A name of a file may hold bytes that are no UTF-8, as
            Python's `surrogateescape` has them.

    Returns:
        The text with every control character written out, such as `\x1b` or `\n`; so are marks of
        writing direction (`\u202e`) and bytes that are no text (`\xe9`).
    """
    plain = str(text)
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(_escaped(character) for character in plain)


def _escaped(character: str) -> str:
    category = unicodedata.category(character)
    if category not in _HIDDEN and (category != "Cf" or character in _JOINERS):
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def say(text: object) -> None:
    """Print `printable` text as a line on standard output."""
    print(printable(text))


def printable_json(content: Any) -> str:
    """Return values as indented JSON in which `printable` would find nothing to write out.

    Args:
        content: what JSON can hold.

    Returns:
        JSON that reads back as the same, in as many lines as it needs.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    unseen = {character for character in set(text) - {"\n"} if printable(character) != character}
    return text.translate({ord(character): json.dumps(character)[1:-1] for character in unseen})


def plain(text: object, style: str = "") -> Text:
    """Return `printable` text for a table, tree or console of rich, which reads no markup in it.

    Args:
        text: anything.
        style: of rich, for the whole text.

    Returns:
        A renderable.
    """
    from rich.text import Text

    return Text(printable(text), style=style)
