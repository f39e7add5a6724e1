"""Names from files are shown, not obeyed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from photism.cli import main
from photism.terminal import plain, printable, printable_json
from photism.training.record import Recorder


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


@given(st.text(st.characters(exclude_categories=())))
def test_json_for_the_screen_reads_back_as_the_same(text: str) -> None:
    shown = printable_json({"file": text})
    assert json.loads(shown) == {"file": text}
    assert all(printable(line) == line for line in shown.split("\n"))


def test_an_error_is_one_line_whatever_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "\x1b[2Jno\nsuch\udce9"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert r"\x1b[2Jno" in line
    assert r"such\udce9" in line
    assert "\x1b" not in line


def test_a_run_shows_what_it_is_told_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder(tmp_path, total=1, done=0, active=True)
    recorder.say("class a[/]b\x1b[2J")
    recorder.warn("[music]: nothing is held out")
    recorder.close()
    assert capsys.readouterr().err.splitlines() == [
        r"class a[/]b\x1b[2J",
        "warning: [music]: nothing is held out",
    ]
