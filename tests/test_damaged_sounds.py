"""Damaged sounds and films: read as far as they go, or refused in one line; no crash, no hang."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def read_mutated(seeds: range) -> int:
    """Read damaged files in a process of their own; return how many were refused."""
    script = Path(__file__).with_name("decode_mutated.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(seeds.start), str(seeds.stop)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines = ran.stdout.splitlines()
    last = lines[-1] if lines else "nothing"
    assert ran.returncode == 0, f"at {last}: {ran.stderr[-3000:]}"
    assert len(lines) == len(seeds)
    return sum("refused" in line for line in lines)


def test_mutated_sounds_are_read_or_refused() -> None:
    assert 0 < read_mutated(range(40)) < 40


@pytest.mark.fuzz
@pytest.mark.parametrize("first", range(1000, 2500, 250))
def test_many_mutated_sounds_are_read_or_refused(first: int) -> None:
    assert 10 < read_mutated(range(first, first + 250)) < 240
