"""`photism data`, by what the user sees: exit code and message."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from published_data import write_fsdd, write_mnist, write_speech_commands

from photism.cli import main
from photism.data.card import Card
from photism.data.prepare import prepared_folder

OPTIONS = ["--speakers", "jackson", "theo"]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_mnist(tmp_path / "raw")
    write_fsdd(tmp_path / "raw", ("jackson", "theo"))
    return tmp_path / "raw"


@pytest.fixture
def prepared(raw: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["data", "prepare", "mnist-fsdd", "--from", str(raw), *OPTIONS]) == 0
    capsys.readouterr()
    return prepared_folder("mnist-fsdd")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that has to fail, and return the one line that it says."""
    assert main(["data", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("photism: ")
    return line


@pytest.mark.parametrize(
    ("command", "taught"),
    [
        ([], ["photism data prepare mnist-fsdd --from archives", "PHOTISM_HOME"]),
        (["fetch"], ["photism data fetch mnist fsdd", "--from DIR"]),
        (["prepare"], ["--digits 0 1 5 8", "mnist-scd"]),
        (["prepare", "mnist-scd"], ["--per-digit", "--split", "--seed", "--from DIR", "--out DIR"]),
        (["inspect"], ["--per-class", "--split test"]),
        (["verify"], ["exit code 2"]),
    ],
)
def test_help_teaches(
    capsys: pytest.CaptureFixture[str], command: list[str], taught: list[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["data", *command, "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    assert all(words in text for words in taught)


def test_list_shows_what_is_here(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (fsdd,) = (line for line in lines if "│ mnist-fsdd" in line)
    (scd,) = (line for line in lines if "│ mnist-scd" in line)
    assert "yes" in fsdd
    assert "yes" not in scd
    assert any("CC BY-SA 4.0" in line and "16 MB" in line for line in lines)


def test_prepare_prints_what_came_of_it(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (raw / "recordings" / "3_theo_0.wav").write_bytes(b"RIFF")
    out = tmp_path / "pairs"
    arguments = ["prepare", "mnist-fsdd", "--from", str(raw), "--out", str(out), "--seed", "7"]
    assert main(["data", *arguments, *OPTIONS]) == 0
    text = capsys.readouterr().out
    assert "skipped:   fsdd/3_theo_0: " in text
    assert f"written to {out}" in text
    assert Card.read(out).options["speakers"] == ["jackson", "theo"]
    assert Card.read(out).seed == 7


def test_prepare_says_loudly_that_data_is_not_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mnist(tmp_path)
    write_speech_commands(tmp_path / "speech_commands.tar", {"zero": 10, "eight": 12})
    arguments = ["prepare", "mnist-scd", "--from", str(tmp_path), "--digits", "0", "8"]
    assert main(["data", *arguments]) == 0
    assert "NOT the complete Speech Commands v0.01: 22 of its 23,666" in capsys.readouterr().out


def test_inspect_counts_and_draws(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data", "inspect", "mnist-fsdd", "--split", "test", "--per-class", "2"]) == 0
    text = capsys.readouterr().out
    assert "100" in text
    assert "front end aivae-8k" in text
    assert "CC BY-SA 3.0 (Yann LeCun" in text
    with Image.open(tmp_path / "mnist-fsdd-test.png") as sheet:
        assert sheet.height > 10 * 96


def test_a_contact_sheet_replaces_nothing_but_pictures(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.wav").write_bytes(b"a recording")
    said = refused(capsys, "inspect", "mnist-fsdd", "--out", str(tmp_path / "mine.wav"))
    assert "the contact sheet is a PNG: call it" in said
    assert (tmp_path / "mine.wav").read_bytes() == b"a recording"
    said = refused(capsys, "inspect", "mnist-fsdd", "--per-class", "10000000")
    assert "pairs per class must be 1 to 100" in said


def test_verify_names_the_damaged_file(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "verify"]) == 0
    assert "mnist-fsdd: as it should be" in capsys.readouterr().out
    with open(prepared / "test-00000.arrow", "r+b") as file:
        file.seek(5_000)
        file.write(b"oops")
    assert main(["data", "verify", "mnist-fsdd"]) == 2
    captured = capsys.readouterr()
    assert "test-00000.arrow is damaged" in captured.out
    assert "1 of 1 not as they should be" in captured.err


def test_verify_goes_on_after_what_is_half_prepared(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half").mkdir()
    assert main(["data", "verify", str(tmp_path / "half"), "mnist-fsdd"]) == 2
    captured = capsys.readouterr()
    assert "its preparation was interrupted" in captured.out
    assert "mnist-fsdd: as it should be" in captured.out
    assert "1 of 2" in captured.err


def test_verify_with_nothing_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "verify"]) == 0
    assert "nothing was fetched or prepared yet" in capsys.readouterr().out


def test_every_mistake_is_one_line(
    prepared: Path, raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, nowhere = str(raw), str(tmp_path / "nowhere")
    prepare = ("prepare", "mnist-fsdd")
    assert "no folder" in refused(capsys, *prepare, "--from", nowhere)
    assert "no MNIST below" in refused(capsys, *prepare, "--from", str(prepared))
    assert "did you mean 'jackson'" in refused(capsys, *prepare, "--speakers", "jakson")
    assert "a seed is a whole number from 0" in refused(capsys, *prepare, "--seed", "-1")
    assert "holds something else" in refused(
        capsys, *prepare, *OPTIONS, "--from", here, "--out", here
    )
    assert "no digits of Speech Commands" in refused(capsys, "prepare", "mnist-scd", "--from", here)
    assert "did you mean 'mnist-fsdd'" in refused(capsys, "inspect", "mnist-fsd")
    assert "photism data prepare mnist-scd" in refused(capsys, "inspect", "mnist-scd")
    assert "no 'validation' split" in refused(
        capsys, "inspect", "mnist-fsdd", "--split", "validation"
    )
    assert "must be 1 to 100" in refused(capsys, "inspect", "mnist-fsdd", "--per-class", "0")


def test_values_that_no_option_knows(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["prepare", "mnist-fsd"], ["prepare", "mnist-fsdd", "--seeds", "1"], ["lst"]):
        assert main(["data", *arguments]) == 2
        told = capsys.readouterr().err
        assert "did you mean" in told
        assert told.count("\n") == 1
