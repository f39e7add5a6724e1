"""The wheel: what the package needs at run time is in it, and it runs from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from photism.stored import bundled

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel, as pip would lay it down."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("photism-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_file_of_the_package_is_in_the_wheel(installed: Path) -> None:
    source = ROOT / "src"
    files = {
        path.relative_to(source)
        for path in (source / "photism").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    missing = {path for path in files if not (installed / path).is_file()}
    assert not missing
    assert {path.suffix for path in files} >= {".py", ".typed", ".j2", ".flac", ".safetensors"}


def test_it_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    code = "import photism, sys; sys.argv[1:] = ['info', '--json']; print(photism.__file__);"
    code += "from photism.cli import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    place, _, content = shown.partition("\n")
    assert Path(place).is_relative_to(installed)
    assert set(json.loads(content)["weights"]) == set(bundled())
