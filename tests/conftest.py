"""Shared fixtures: real recordings where they exist, and a home folder of the test's own."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # one test a processor: threads would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")


SHOWN = ("torch", "torchvision", "numpy", "librosa", "av", "pyarrow", "pillow", "torch-fidelity")
"""Packages whose versions a run of the tests names at its head."""


def pytest_report_header() -> str:
    """Name the versions that this run used, so that its result can be told from another's."""
    found = [f"python {platform.python_version()}"]
    for name in SHOWN:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return "photism with " + ", ".join(found)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data sets, from `$PHOTISM_TEST_DATA` or `shared/data` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PHOTISM_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no real data: set PHOTISM_TEST_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep fetched and prepared data of a test out of the user's cache."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("PHOTISM_HOME", str(home))
    return home
