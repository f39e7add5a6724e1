"""How long a training took until its own classifier recognised as much as a paper prints."""

from __future__ import annotations

from pathlib import Path

from photism.files import parse_json
from photism.training.history import METRICS


def reached(run: Path, accuracy: float) -> str | None:
    """Say when a run first came to an accuracy on held-out pairs, by its own classifier.

    Args:
        run: its folder.
        accuracy: a share.

    Returns:
        A sentence; None for a system that has no classifier of what it makes, or a run whose record
        is not there.
    """
    path = run / METRICS
    if not path.is_file():
        return None
    best, elapsed, before = None, 0.0, 0.0
    for text in path.read_text(encoding="utf-8").splitlines():
        line = dict(parse_json(text))
        seconds = float(line.get("seconds", before))
        elapsed += seconds - before if seconds >= before else seconds  # else it was resumed
        before = seconds
        if "missed" not in line:
            continue
        found = 1 - float(line["missed"])
        best = max(best or 0.0, found)
        if found >= accuracy:
            return (
                f"own accuracy on held-out pairs reached the published {accuracy:.2%} after"
                f" {line['step']:,} steps, {elapsed:,.0f} s of training"
            )
    if best is None:
        return None
    return (
        f"own accuracy on held-out pairs never reached the published {accuracy:.2%} in"
        f" {elapsed:,.0f} s of training; the best was {best:.1%}"
    )
