"""The demo of systems that draw scenes: recordings of the test fold that come along, and pictures.

What is really there is drawn as for the data set; the system never sees it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image

from photism.audio.decode import decode
from photism.data.progress import track
from photism.data.sources.esc10 import Clip
from photism.data.sources.scenes import WINDOW_S, Scenes, bundled_clips
from photism.files import data_uri, write_json, write_text
from photism.images import png
from photism.judges.base import Judge
from photism.pages.render import picture_uri, render
from photism.scenes.look import Viewpoint
from photism.scenes.scene import draw
from photism.scenes.told import CLASSES, Told, count_events, level_db
from photism.translate.results import Picture
from photism.translate.translator import Translator
from photism.version import __version__

DATA, JUDGE = "scenes", "small-scenes"
PICTURES = 3
"""Of each sound, each with noise of its own."""
_STEP_S = 0.25
_ROUGH = 48  # pixels; the side of what is really there is at least twice as many


@dataclass(frozen=True)
class HeardScene:
    """A recording, what was drawn of its loudest second, and what the judge sees in that."""

    clip: Clip
    start_s: float
    pictures: tuple[Picture, ...]
    scene: np.ndarray
    """What is really there, `(size, size, 3)` uint8."""
    read: int
    """Class that the judge sees, by the mean of its opinions of all pictures."""
    confidence: float
    share: float
    """Of the pictures, those in which the judge sees what made the sound."""

    @property
    def right(self) -> bool:
        """Whether the judge sees what made the sound."""
        return self.read == self.clip.label


def run(translator: Translator, judge: Judge, out: Path, *, seed: int) -> str:
    """Translate, judge, write the report.

    Args:
        translator: of a system that draws scenes.
        judge: of the ten scenes.
        out: folder for report.html, report.json and the pictures.
        seed: of the noise, and of what is drawn to be really there.

    Returns:
        A sentence with the result.

    Raises:
        ConfigError: the judge knows other classes.
        StorageError: the folder cannot be written.
    """
    judge.require_classes(CLASSES)
    fold, started = Scenes.test_fold, time.monotonic()
    clips = [clip for clip in bundled_clips() if clip.fold == fold]
    heard = [hear(translator, judge, clip, seed) for clip in track(clips, "recordings", len(clips))]
    took_s = time.monotonic() - started
    write_report(out, translator, judge, heard, seed=seed, took_s=took_s)
    right = sum(one.right for one in heard)
    return f"{judge.name} sees what made the sound in {right} of {len(heard)}."


def hear(translator: Translator, judge: Judge, clip: Clip, seed: int) -> HeardScene:
    """Draw the loudest second of a recording several times, and let the judge look."""
    start_s, told = _loudest(clip)
    pictures = tuple(
        cast(
            Picture,
            translator.translate(
                clip.content, seed=seed + number, start_s=start_s, duration_s=WINDOW_S
            ),
        )
        for number in range(PICTURES)
    )
    with torch.inference_mode():
        drawn = torch.stack([picture.tensor for picture in pictures])
        opinions = judge.look(drawn).logits.softmax(dim=1)
    mean = opinions.mean(dim=0)
    view = Viewpoint.random(np.random.default_rng((seed, int(clip.original))))
    size = max(2 * _ROUGH, drawn.shape[-1])
    return HeardScene(
        clip=clip,
        start_s=start_s,
        pictures=pictures,
        scene=draw(CLASSES[clip.label], view, told, size=size),
        read=int(mean.argmax()),
        confidence=float(mean.max()),
        share=float((opinions.argmax(dim=1) == clip.label).float().mean()),
    )


def _loudest(clip: Clip) -> tuple[float, Told]:
    """Return where the loudest second of a recording begins, and what it tells."""
    sound = decode(io.BytesIO(clip.content))
    samples, length = sound.mono(), round(WINDOW_S * sound.rate)
    starts = range(0, len(samples) - length + 1, round(_STEP_S * sound.rate))
    start = max(starts, key=lambda at: level_db(samples[at : at + length]))
    return start / sound.rate, Told(1, count_events(samples[start : start + length], sound.rate))


def write_report(
    out: Path,
    translator: Translator,
    judge: Judge,
    heard: Sequence[HeardScene],
    *,
    seed: int,
    took_s: float,
) -> None:
    """Write report.html, report.json and the pictures.

    Args:
        out: folder for them.
        translator: what drew.
        judge: what looked.
        heard: all recordings, class by class.
        seed: of the first picture of each.
        took_s: seconds from the first recording to the last judgement.

    Raises:
        StorageError: the folder cannot be written.
    """
    facts = {
        **translator.origin,
        "seed": seed,
        "judge": judge.name,
        "judge_sha256": judge.digest,
        "photism": __version__,
    }
    for one in heard:
        for number, picture in enumerate(one.pictures, 1):
            name = f"{CLASSES[one.clip.label]}-{one.clip.key}-{number}.png"
            picture.save(out / "pictures" / name)
    totals = {
        "right": sum(one.right for one in heard),
        "total": len(heard),
        "share": float(np.mean([one.share for one in heard])),
    }
    write_json(
        out / "report.json", {**facts, **totals, "recordings": [_entry(one) for one in heard]}
    )
    page = render(
        "demo-scenes.html.j2",
        facts=facts,
        judge=judge,
        totals=totals,
        rows=[
            {"name": name, "cells": [_cell(one) for one in heard if one.clip.label == label]}
            for label, name in enumerate(CLASSES)
        ],
        took_s=took_s,
    )
    write_text(out / "report.html", page)


def _entry(one: HeardScene) -> dict[str, Any]:
    return {
        "recording": one.clip.key,
        "class": CLASSES[one.clip.label],
        "credit": one.clip.credit,
        "start_s": one.start_s,
        "read": CLASSES[one.read],
        "confidence": round(one.confidence, 4),
        "share": round(one.share, 4),
        "right": one.right,
    }


def _cell(one: HeardScene) -> dict[str, Any]:
    """Return what the page shows of a recording."""
    return {
        **_entry(one),
        "sound": data_uri("audio/ogg", one.clip.content),
        "log_mel": picture_uri(png(one.pictures[0].show_log_mel())),
        "scene": picture_uri(png(Image.fromarray(one.scene))),
        "pictures": [picture_uri(png(picture.image)) for picture in one.pictures],
    }
