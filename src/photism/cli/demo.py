"""`photism demo`: the whole road once, on recordings that come along: sound, picture, judgement."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import photism
from photism.files import require_room, write_json, write_text

if TYPE_CHECKING:
    from photism.evaluation.judges import Judge
    from photism.translate import Translation, Translator

ASSETS = Path(photism.__file__).parent / "assets" / "demo"
JUDGE = "lenet5-mnist"


@dataclass(frozen=True)
class Args:
    """Translate the embedded spoken digits, judge the pictures, write a report."""

    out: Path = Path("photism-demo")
    """Folder for report.html, report.json and the pictures."""
    system: str = "aivae-fsdd"
    """Bundled weights by name, or a folder of weights; a system that draws digits."""
    seed: int = 0
    """Of everything random; the same seed gives the same pictures."""


@dataclass(frozen=True)
class Recording:
    """An embedded recording and what is known of it."""

    path: Path
    digit: int
    voice: str
    speed_wpm: int


@dataclass(frozen=True)
class Judged:
    """A recording, what the system drew for it, and what the judge reads.

    `read` is the judge's class, None where nothing was heard; `confidence` its probability.
    """

    recording: Recording
    translation: Translation
    read: int | None
    confidence: float

    @property
    def right(self) -> bool:
        """Whether the judge reads the digit that was spoken."""
        return self.read == self.recording.digit


def main(argv: list[str]) -> int | None:
    """Run `photism demo`."""
    import tyro

    run(tyro.cli(Args, args=argv, prog="photism demo", description=Args.__doc__))
    return 0


def run(args: Args) -> Path:
    """Translate, judge, write and print the result.

    Args:
        args: where to and with what.

    Returns:
        The report.

    Raises:
        PhotismError: unknown weights, weights of a system that does not draw digits, or a folder
            that cannot be written.
    """
    from photism.data.progress import track
    from photism.evaluation.judges import load_judge

    require_room(args.out, 5_000_000)
    print("Loading the system and its judge…", flush=True)
    translator, judge = photism.load(args.system), load_judge(JUDGE)
    embedded, started = recordings(), time.monotonic()
    judged = [
        judge_one(judge, recording, translator.translate(recording.path, seed=args.seed))
        for recording in track(embedded, "translating", len(embedded))
    ]
    took_s = time.monotonic() - started
    report = write_report(args.out, translator, judge, judged, took_s)
    right = sum(one.right for one in judged)
    print(f"{judge.name} reads {right} of {len(judged)} drawings as the digit that was spoken.")
    print(f"Report: {report}")
    return report


def recordings() -> list[Recording]:
    """Return the embedded recordings, voice by voice, from zero to nine."""
    return [
        Recording(ASSETS / name, entry["digit"], entry["voice"], entry["speed_wpm"])
        for name, entry in _card()["files"].items()
    ]


def judge_one(judge: Judge, recording: Recording, translation: Translation) -> Judged:
    """Let the judge read one picture; a sound in which nothing was heard counts as not read."""
    import torch

    with torch.inference_mode():
        probabilities = judge(translation.tensor[None]).logits.softmax(dim=1)[0]
    read = int(probabilities.argmax())
    confidence = float(probabilities[read])
    return Judged(recording, translation, read if translation.heard else None, confidence)


def write_report(
    out: Path, translator: Translator, judge: Judge, judged: Sequence[Judged], took_s: float
) -> Path:
    """Write report.html, report.json and one PNG for each recording.

    Args:
        out: folder for them.
        translator: what drew.
        judge: what read.
        judged: every recording, in the order in which they are shown.
        took_s: seconds from the first file to the last picture.

    Returns:
        The path of report.html.

    Raises:
        StorageError: the folder cannot be written.
    """
    from photism.evaluation.report import render

    facts = {
        **translator.origin,
        "seed": judged[0].translation.seed,
        "judge": judge.name,
        "judge_sha256": judge.digest,
        "photism": photism.__version__,
    }
    right = sum(one.right for one in judged)
    for one in judged:
        one.translation.save(out / "pictures" / f"{one.recording.path.stem}.png")
    write_json(
        out / "report.json",
        {**facts, "right": right, "total": len(judged), "recordings": [_entry(j) for j in judged]},
    )
    page = render(
        "demo.html.j2",
        facts=facts,
        judge=judge,
        card=translator.system.card,
        generator=_card()["generator"],
        rows=_rows(judged),
        right=right,
        total=len(judged),
        sound_s=sum(one.translation.end_s - one.translation.start_s for one in judged),
        took_s=took_s,
    )
    write_text(out / "report.html", page)
    return out / "report.html"


def _card() -> dict[str, Any]:
    return json.loads((ASSETS / "card.json").read_text(encoding="utf-8"))


def _entry(one: Judged) -> dict[str, Any]:
    return {
        "file": one.recording.path.name,
        "digit": one.recording.digit,
        "voice": one.recording.voice,
        "speed_wpm": one.recording.speed_wpm,
        "read": one.read,
        "confidence": round(one.confidence, 4),
        "right": one.right,
        "notes": list(one.translation.notes),
    }


def _rows(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Arrange the recordings for the page: a row for each voice, a cell for each digit."""
    from photism.images import png

    rows: dict[str, list[dict[str, Any]]] = {}
    for one in judged:
        recording = one.recording
        spoken = f"{recording.digit}, {recording.voice} voice, {recording.speed_wpm} words a minute"
        cell = {
            **_entry(one),
            "spoken": spoken,
            "sound": _data_uri("audio/flac", recording.path.read_bytes()),
            "log_mel": _data_uri("image/png", png(one.translation.show_log_mel())),
            "picture": _data_uri("image/png", png(one.translation.image)),
        }
        rows.setdefault(recording.voice, []).append(cell)
    return [{"voice": voice, "cells": cells} for voice, cells in rows.items()]


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
