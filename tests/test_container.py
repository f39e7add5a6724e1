"""The Containerfile agrees with the package: its extras, its files, its command and its health."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from photism.cli import COMMANDS
from photism.cli.arguments import parse
from photism.cli.serve import Serve

ROOT = Path(__file__).parents[1]
LINES = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text(encoding="utf-8")).splitlines()


def instructions(name: str) -> list[str]:
    """What stands behind an instruction, in order."""
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def test_the_base_is_a_python_that_the_package_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [base] = instructions("FROM")
    found = re.fullmatch(r"docker\.io/library/python:3\.(\d+)-slim", base)
    least = re.fullmatch(r">=3\.(\d+)", project["requires-python"])
    assert found
    assert least
    assert int(found[1]) >= int(least[1])
    installed = re.search(r"pip install '\.\[([\w,]+)\]'", " ".join(instructions("RUN")))
    assert installed
    assert set(installed[1].split(",")) <= set(project["optional-dependencies"])


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignore = (ROOT / ".containerignore").read_text(encoding="utf-8")
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8") == ignore
    for line in instructions("COPY"):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists()
            assert f"!{name}" in ignore.splitlines()


def test_its_command_serves_others_and_its_health_is_asked_where_it_listens() -> None:
    [command] = instructions("CMD")
    words = json.loads(command)
    assert words[0] == "photism"
    assert any(words[1] in commands for commands in COMMANDS.values())
    args = parse(Serve, words[2:], prog="photism serve")
    assert args.host == "0.0.0.0"
    assert instructions("EXPOSE") == [str(args.port)]
    [health] = instructions("HEALTHCHECK")
    assert f"http://127.0.0.1:{args.port}/v1/health" in health


def test_it_runs_as_a_user_without_rights() -> None:
    [user] = instructions("USER")
    places = {line.split()[0]: place for place, line in enumerate(LINES) if line}
    assert f"useradd --create-home --uid 10001 {user}" in " ".join(instructions("RUN"))
    assert places["USER"] < places["CMD"]
