"""The frame of the command line: help, dispatch, and errors in one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import photism
from photism import cli
from photism.errors import AudioError

NAMES = [name for commands in cli.COMMANDS.values() for name in commands]


@pytest.fixture
def info_does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[list[str]], object]], None]:
    """Put a function in the place of `photism info`."""

    def replace(function: Callable[[list[str]], object]) -> None:
        monkeypatch.setitem(sys.modules, "photism.cli.info", SimpleNamespace(main=function))

    return replace


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command_and_gives_examples(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in NAMES:
        assert any(line.startswith(f"  {name} ") for line in lines)
    assert sum(line.startswith("  photism ") for line in lines) == len(cli.EXAMPLES) >= 3
    assert max(map(len, lines)) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"photism {photism.__version__}\n"


SUBCOMMANDS = (
    "data list",
    "data fetch",
    "data inspect",
    "data verify",
    "data prepare mnist-scd",
    "data prepare orchestra",
    "data prepare sub-urmp",
    "judge train",
    "judge test",
    "judge list",
)


@pytest.mark.parametrize("name", [*NAMES, *SUBCOMMANDS])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*name.split(), "--help"])
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    assert f"photism {name}" in told
    assert "None" not in told
    assert "(default: )" not in told


@pytest.mark.parametrize("name", NAMES)
def test_unknown_options_exit_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--no-such-option"]) == 2
    told = capsys.readouterr().err
    assert f"photism {name} --help" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("train aivae --epochs abc", "--epochs wants a whole number, not 'abc'; `photism train"),
        ("train aivae --precision f16", "--precision is 'f16': did you mean 'bf16'? `photism tr"),
        ("data inspect x --seed y", "--seed wants a whole number, not 'y'; `photism data inspect"),
        (
            "judge train",
            "judge train needs ARCHITECTURE; `photism judge train --help`",
        ),
        ("train --resume", "--resume wants a value; `photism train --help`"),
        ("reproduce x --budget q", "--budget wants a number, not 'q'; `photism reproduce --help`"),
        ("translate --sytem x a.wav", "unknown option '--sytem': did you mean --system? `photism"),
        ("info a b", "unknown word 'b'; `photism info --help`"),
        ("evaluate", "evaluate needs SYSTEM|RUN and --data NAME|DIR; `photism evaluate --help`"),
        ("judge trian", "unknown word 'trian': did you mean 'train'? `photism judge --help`"),
        ("data", "say which: list, fetch, prepare, inspect, verify, join; `photism data --help`"),
        ("data prepare orchestra --size abc", "--size wants a whole number, not 'abc'; `photism"),
    ],
)
def test_what_cannot_be_understood_is_said_in_one_line(
    typed: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(typed.split()) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"photism: {message}")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("translate a.wav --start inf", "--start is a finite number, not inf"),
        ("translate a.wav --duration nan", "--duration is a finite number, not nan"),
        ("train aivae --data x --validation nan", "validation must be in [0, 1), not nan"),
        ("reproduce aivae-table-4 --budget inf", "budget must be above 0, not inf"),
        *(
            (f"{command} --seed {seed}", "a seed is a whole number from 0 to 2^63 - 1, not ")
            for seed in (-1, 2**63)
            for command in (
                "translate a.wav",
                "train aivae --data x",
                "demo",
                "reproduce aivae-table-4",
                "data prepare orchestra",
            )
        ),
    ],
)
def test_numbers_that_mean_nothing_are_told(
    typed: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(typed.split()) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("name", ["train", "evaluate", "reproduce", "demo", "translate"])
def test_out_has_a_short_form(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    assert re.search(r"-o \S+, --out", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("transalte", "photism: unknown command 'transalte': did you mean 'translate'?\n"),
        ("TRAIN", "photism: unknown command 'TRAIN': did you mean 'train'?\n"),
        ("--vresion", "photism: unknown option '--vresion': choose from: "),
    ],
)
def test_unknown_words_get_the_nearest(
    word: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([word]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_file_in_place_of_a_command_leads_to_translate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = tmp_path / "three.wav"
    sound.touch()
    assert cli.main([str(sound)]) == 2
    assert f"did you mean `photism translate {sound}`?" in capsys.readouterr().err


def test_errors_of_the_user_are_one_line_and_exit_2(
    info_does: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(argv: list[str]) -> None:
        raise AudioError(f"{argv[0]} is empty")

    info_does(fail)
    assert cli.main(["info", "three.wav"]) == 2
    assert capsys.readouterr().err == "photism: three.wav is empty\n"


def test_bugs_keep_their_traceback(info_does: Callable) -> None:
    def fail(argv: list[str]) -> None:
        raise ZeroDivisionError

    info_does(fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["info"])


def test_ctrl_c_is_one_line_and_exits_130(
    info_does: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(argv: list[str]) -> None:
        raise KeyboardInterrupt

    info_does(interrupt)
    assert cli.main(["info"]) == 130
    assert capsys.readouterr().err == "photism: interrupted\n"


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (2, 2)])
def test_the_command_decides_the_exit_code(
    info_does: Callable, returned: int | None, code: int
) -> None:
    info_does(lambda argv: returned)
    assert cli.main(["info"]) == code


def test_colour_only_where_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert cli.paint("no", cli.RED, terminal) == "\x1b[31mno\x1b[0m"  # type: ignore[arg-type]
    assert cli.paint("no", cli.RED, SimpleNamespace(isatty=lambda: False)) == "no"  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli.paint("no", cli.RED, terminal) == "no"  # type: ignore[arg-type]


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "photism", "--help"], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == ""
