"""Names from files are shown, not obeyed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from photism.terminal import plain, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("drei “3” für 字.wav", "drei “3” für 字.wav"),
        ("\x1b]0;owned\x07\x1b[2Jthree", r"\x1b]0;owned\x07\x1b[2Jthree"),
        ("a\nb\r\tc\x7f\x9b", r"a\nb\r\tc\x7f\x9b"),
        ("caf\udce9.wav", r"caf\xe9.wav"),
        ("half \ud83d", r"half \ud83d"),
        ("exe\u202egpj", r"exe\u202egpj"),
        ("line\u2028end", r"line\u2028end"),
        ("family \N{MAN}\u200d\N{WOMAN}", "family \N{MAN}\u200d\N{WOMAN}"),
    ],
)
def test_text_is_shown_in_one_line_that_does_nothing(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_a_text_holds_it_can_be_printed(text: str) -> None:
    shown = printable(text)
    assert len(shown.encode("utf-8").splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize("text", ["[music]", "a[/]b", "[red]", ":smile:", "back\\", "\x1b[31m"])
def test_rich_reads_no_markup_in_it(text: str) -> None:
    screen = io.StringIO()
    table = Table("class")
    table.add_row(plain(text))
    Console(file=screen, width=60, force_terminal=True).print(table)
    assert printable(text) in screen.getvalue()
