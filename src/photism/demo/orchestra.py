"""The demo of systems that draw instruments: phrases that no data set holds, heard, drawn, judged.

The real scene is drawn as for the data set; the system never sees it. On the way back, another
system sees it and nothing else, and makes a sound.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image
from torch import Tensor

from photism.audio.logmel import LogMel, pictures
from photism.data.progress import track
from photism.data.sources.orchestra import scenes
from photism.demo import way_back
from photism.demo.way_back import Back, Sounded
from photism.evaluation.observe import pixels, row_generators
from photism.files import data_uri, write_bytes, write_json, write_text
from photism.images import log_mel_picture, png
from photism.judges.base import Judge
from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.notes import RATE
from photism.orchestra.performance import (
    LOUDEST_DB,
    QUIET_DB,
    WINDOW_S,
    Performance,
    Windows,
    performance,
)
from photism.pages.render import render
from photism.systems.base import draw_noise
from photism.translate.translator import Translator

JUDGE = "small-orchestra"
PHRASE_S = 4.0
HOP_S = 0.125
"""From one picture to the next."""
BACK = 2
"""Of so many scenes, one goes the way back."""
RANGE_DB = 70.0
"""Of the log-mels shown."""


@dataclass(frozen=True)
class Verdict:
    """What a classifier makes of a phrase: the mean of its opinions while something sounds."""

    name: str
    probability: float
    share: float
    """Of the half-seconds that sound, the share in which it names the instrument that plays."""
    right: bool


@dataclass(frozen=True, eq=False)
class Phrase:
    """A phrase of one instrument, and what was made of it; all arrays are `(window, …)`."""

    instrument: str
    played: Performance
    windows: Windows
    scene: np.ndarray
    """What was really to be seen, `(window, height, width, 3)` uint8."""
    stage1: np.ndarray | None
    """The first drawing, of systems that draw twice, as `scene`."""
    drawn: np.ndarray
    heard: Verdict
    """Of the system, from the sound."""
    read: Verdict
    """Of the judge, from what was drawn."""
    factors: dict[str, np.ndarray]
    """Pitch and level as the judge reads them from what was drawn, if it does."""
    back: Sounded | None = None
    """What the real scenes sound like to a system that makes sounds."""
    back_heard: Verdict | None = None
    """Of a judge of sounds, from that."""

    @property
    def name(self) -> str:
        """The instrument for people."""
        return self.instrument.replace("_", " ")

    @property
    def loudest(self) -> int:
        """The window to show where only one is shown."""
        return int(np.where(self.windows.silent, -np.inf, self.windows.level_db).argmax())


def run(
    translator: Translator, judge: Judge, out: Path, *, seed: int, back: Back | None = None
) -> str:
    """Play, hear, draw, judge, write the report.

    Args:
        translator: of a system that takes the instruments as labels.
        judge: of scenes, in the size that the system draws.
        out: folder for report.html, report.json and the sounds.
        seed: of the phrases and players.
        back: makes sounds of the scenes; without it there is no way back.

    Returns:
        A sentence with the result.

    Raises:
        ConfigError: the classes are no instruments of the orchestra.
        DataError: the judge wants pictures of another size.
        WeightsError: a system that cannot hear.
        StorageError: the folder cannot be written.
    """
    judge.require_classes(translator.classes)
    started = time.monotonic()
    phrases = [
        make_phrase(translator, judge, instrument, seed, back)
        for instrument in track(INSTRUMENTS, "instruments", len(INSTRUMENTS))
    ]
    took_s = time.monotonic() - started
    write_report(out, translator, judge, phrases, seed=seed, took_s=took_s, back=back)
    found = count(phrases)
    of = f"of {found['total']}"
    said = f"{judge.name} reads {found['read']} {of} drawings as the instrument that played."
    if back is None:
        return said
    return f"{said}\n{back.judge.name} hears it in {found['back']} {of} sounds made of scenes."


@torch.inference_mode()
def make_phrase(
    translator: Translator, judge: Judge, name: str, seed: int, back: Back | None = None
) -> Phrase:
    """Play a phrase, let the system hear and draw it and the judge read what was drawn."""
    system, instrument = translator.system, INSTRUMENTS[name]
    played = performance(instrument, 0, split="demo", seed=seed, duration_s=PHRASE_S)
    windows = played.windows(HOP_S)
    condition = pictures(list(windows.samples), translator.front_end).to(translator.device)
    label = torch.full((len(condition),), instrument.label).to(translator.device)
    noise = draw_noise(
        system, "image", row_generators(seed, range(len(condition))), condition.device
    )
    outputs = system.outputs(condition, target="image", label=label, noise=noise)
    drawn = outputs[0].tensor.cpu()
    stage1 = next((o.tensor for o in outputs if o.step and o.name == outputs[0].name), None)
    every, size = np.arange(len(drawn)), drawn.shape[-1]

    def verdict(probabilities: Tensor) -> Verdict:
        return _verdict(probabilities.cpu().numpy()[~windows.silent], judge, instrument.label)

    scene = scenes(instrument, played.player, windows, every, size=size)
    sounded = way_back.sound(back, scene[::BACK], BACK * HOP_S, seed) if back else None
    judged = judge(drawn)
    factors = () if judged.factors is None else zip(judge.factors, judged.factors.T, strict=True)
    return Phrase(
        instrument=name,
        played=played,
        windows=windows,
        scene=scene,
        stage1=None if stage1 is None else pixels(stage1),
        drawn=pixels(drawn),
        heard=verdict(system.recognise(condition)),
        read=verdict(judged.logits.softmax(dim=1)),
        factors={factor: values.numpy() for factor, values in factors},
        back=sounded,
        back_heard=_verdict(
            sounded.probabilities[~windows.silent[::BACK]], back.judge, instrument.label
        )
        if back and sounded
        else None,
    )


def _verdict(probabilities: np.ndarray, judge: Judge, label: int) -> Verdict:
    mean = probabilities.mean(axis=0)
    named = int(mean.argmax())
    share = float((probabilities.argmax(axis=1) == label).mean())
    return Verdict(judge.classes[named], float(mean[named]), share, named == label)


def write_report(
    out: Path,
    translator: Translator,
    judge: Judge,
    phrases: Sequence[Phrase],
    *,
    seed: int,
    took_s: float,
    back: Back | None = None,
) -> None:
    """Write report.html, report.json and the sound of each phrase.

    Args:
        out: folder for them.
        translator: what drew.
        judge: what read.
        phrases: in the order in which they are shown.
        seed: of the phrases.
        took_s: seconds from the first note to the last judgement.
        back: what made sounds of the scenes.

    Raises:
        StorageError: the folder cannot be written.
    """
    sounds = {phrase.instrument: _flac(phrase.played.samples, RATE) for phrase in phrases}
    sounds |= {
        f"{phrase.instrument}-back": _flac(phrase.back.samples, phrase.back.rate)
        for phrase in phrases
        if phrase.back
    }
    for name, content in sounds.items():
        write_bytes(out / "sounds" / f"{name}.flac", content)
    facts = {
        **translator.origin,
        "judge": judge.name,
        "judge_sha256": judge.digest,
        "seed": seed,
    }
    if back:
        facts |= {
            "way_back": f"{back.translator.weights}, sha256 {back.translator.system.digest}",
            "judge_of_sounds": f"{back.judge.name}, sha256 {back.judge.digest}",
        }
    totals = count(phrases)
    write_json(
        out / "report.json",
        {**facts, **totals, "phrases": [_entry(phrase) for phrase in phrases]},
    )
    page = render(
        "demo-orchestra.html.j2",
        facts=facts,
        judge=judge,
        back=back,
        totals=totals,
        phrases=phrases,
        shown={phrase.instrument: _shown(phrase, translator) for phrase in phrases},
        curves={phrase.instrument: _curves(phrase) for phrase in phrases},
        sounds={name: data_uri("audio/flac", content) for name, content in sounds.items()},
        frames=len(phrases[0].drawn),
        strip=_strip(),
        hop_s=HOP_S,
        phrase_s=PHRASE_S,
        middle_s=WINDOW_S / 2,
        took_s=took_s,
    )
    write_text(out / "report.html", page)


def count(phrases: Sequence[Phrase]) -> dict[str, Any]:
    """Return how many phrases were heard, read and heard on the way back, None if none went it."""
    back = [phrase.back_heard.right for phrase in phrases if phrase.back_heard]
    return {
        "read": sum(phrase.read.right for phrase in phrases),
        "heard": sum(phrase.heard.right for phrase in phrases),
        "total": len(phrases),
        "read_share": float(np.mean([phrase.read.share for phrase in phrases])),
        "heard_share": float(np.mean([phrase.heard.share for phrase in phrases])),
        "back": sum(back) if back else None,
    }


def _entry(phrase: Phrase) -> dict[str, Any]:
    return {
        "instrument": phrase.instrument,
        "performance": phrase.played.name,
        "player": phrase.played.player,
        "windows": len(phrase.drawn),
        "sounding": int((~phrase.windows.silent).sum()),
        "heard": vars(phrase.heard),
        "read": vars(phrase.read),
        "back": vars(phrase.back_heard) if phrase.back_heard else None,
    }


def _shown(phrase: Phrase, translator: Translator) -> dict[str, str]:
    """Return pictures for the page: the log-mel, and films, their frames side by side."""
    front = translator.front_end
    log_mel = LogMel(front)(torch.from_numpy(phrase.played.samples)[None])[0]
    picture = log_mel_picture(log_mel.clamp_min(log_mel.max() - RANGE_DB))
    films = {"scene": phrase.scene, "stage1": phrase.stage1, "drawn": phrase.drawn}
    return {
        "log_mel": data_uri("image/png", png(picture)),
        **{name: _film(frames) for name, frames in films.items() if frames is not None},
    }


def _curves(phrase: Phrase) -> dict[str, dict[str, str]]:
    """Return how pitch and loudness run, as played and as drawn, as paths of 100 by 40."""
    instrument, windows = INSTRUMENTS[phrase.instrument], phrase.windows
    curves = {}
    for factor, name, played, low, high in (
        ("midi", "pitch", windows.midi, instrument.low_midi, instrument.high_midi),
        ("level_db", "loudness", windows.level_db, QUIET_DB, LOUDEST_DB),
    ):
        if factor in phrase.factors:
            lines = {"played": played, "drawn": phrase.factors[factor]}
            curves[name] = {
                kind: _path((values - low) / (high - low), ~windows.silent)
                for kind, values in lines.items()
            }
    return curves


def _path(heights: np.ndarray, sounding: np.ndarray) -> str:
    """Return an SVG path through heights in [0, 1], with gaps where nothing sounds."""
    x, y = np.linspace(0, 100, len(heights)), 40 - 40 * heights.clip(0, 1)
    follows = np.r_[False, sounding[:-1]]
    return " ".join(
        f"{'L' if follows[i] else 'M'}{x[i]:.1f} {y[i]:.1f}" for i in np.flatnonzero(sounding)
    )


def _film(frames: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(np.concatenate(list(frames), axis=1)).save(file, "WEBP", quality=90)
    return data_uri("image/webp", file.getvalue())


def _flac(samples: np.ndarray, rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _strip() -> list[int]:
    """Return the windows that follow one another without overlap."""
    return list(range(0, 1 + round((PHRASE_S - WINDOW_S) / HOP_S), round(WINDOW_S / HOP_S)))
