"""The demo of systems that draw digits: embedded recordings, pictures, what a judge reads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from photism.data.progress import track
from photism.files import PACKAGED, data_uri, parse_json, write_json, write_text
from photism.images import png
from photism.judges.base import Judge
from photism.pages.render import render
from photism.translate.results import Picture
from photism.translate.translator import Translator
from photism.version import __version__

ASSETS = PACKAGED / "demo"
JUDGE = "lenet5-mnist"


@dataclass(frozen=True)
class DemoRecording:
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

    recording: DemoRecording
    translation: Picture
    read: int | None
    confidence: float

    @property
    def right(self) -> bool:
        """Whether the judge reads the digit that was spoken."""
        return self.read == self.recording.digit


def run(translator: Translator, judge: Judge, out: Path, *, seed: int) -> str:
    """Translate, judge, write the report.

    Args:
        translator: of a system that draws digits.
        judge: reads them.
        out: folder for report.html, report.json and the pictures.
        seed: of everything random.

    Returns:
        A sentence with the result.

    Raises:
        PhotismError: a system that does not draw digits, or a folder that cannot be written.
    """
    embedded, started = recordings(), time.monotonic()
    judged = [
        judge_one(judge, recording, cast(Picture, translator.translate(recording.path, seed=seed)))
        for recording in track(embedded, "translating", len(embedded))
    ]
    write_report(out, translator, judge, judged, time.monotonic() - started)
    right = sum(one.right for one in judged)
    return f"{judge.name} reads {right} of {len(judged)} drawings as the digit that was spoken."


def recordings() -> list[DemoRecording]:
    """Return the embedded recordings, voice by voice, from zero to nine."""
    return [
        DemoRecording(ASSETS / name, entry["digit"], entry["voice"], entry["speed_wpm"])
        for name, entry in _card()["files"].items()
    ]


def judge_one(judge: Judge, recording: DemoRecording, translation: Picture) -> Judged:
    """Let the judge read one picture; a sound in which nothing was heard counts as not read."""
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
    facts = {
        **translator.origin,
        "seed": judged[0].translation.seed,
        "judge": judge.name,
        "judge_sha256": judge.digest,
        "photism": __version__,
    }
    right = sum(one.right for one in judged)
    for one in judged:
        one.translation.save(out / "pictures" / f"{one.recording.path.stem}.png")
    write_json(
        out / "report.json",
        {**facts, "right": right, "total": len(judged), "recordings": [_entry(j) for j in judged]},
    )
    page = render(
        "demo-digits.html.j2",
        facts=facts,
        judge=judge,
        card=translator.system.card.to_json(),
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
    return parse_json((ASSETS / "card.json").read_bytes())


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
    rows: dict[str, list[dict[str, Any]]] = {}
    for one in judged:
        recording = one.recording
        spoken = f"{recording.digit}, {recording.voice} voice, {recording.speed_wpm} words a minute"
        cell = {
            **_entry(one),
            "spoken": spoken,
            "sound": data_uri("audio/flac", recording.path.read_bytes()),
            "log_mel": data_uri("image/png", png(one.translation.show_log_mel())),
            "picture": data_uri("image/png", png(one.translation.image)),
        }
        rows.setdefault(recording.voice, []).append(cell)
    return [{"voice": voice, "cells": cells} for voice, cells in rows.items()]
