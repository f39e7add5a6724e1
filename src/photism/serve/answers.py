"""Results as a caller wants them: PNG, WAV or FLAC with provenance, or JSON that holds them all."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from photism import images
from photism.audio.write import encode
from photism.files import data_uri
from photism.live.reading import Reader
from photism.serve.problems import Problem
from photism.translate.results import Picture, Waveform
from photism.translate.uncertainty import uncertainty_of
from photism.version import __version__

JSON = "application/json"
PNG, WAV, FLAC = "image/png", "audio/wav", "audio/flac"
OFFERS = {"image": (PNG, JSON), "sound": (WAV, FLAC, JSON)}
"""By what is made, the usual one first."""
_ENDING = {PNG: ".png", WAV: ".wav", FLAC: ".flac"}

Drawn = Picture | Waveform


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and what its headers say."""

    content: bytes
    kind: str
    headers: dict[str, str]


def preferred(accept: str, offers: Sequence[str]) -> str:
    """Choose the media type of an answer (RFC 9110, section 12.5.1).

    Args:
        accept: the header; empty takes anything.
        offers: what there is, the usual one first.

    Returns:
        The one that the caller likes best.

    Raises:
        Problem: none will do (406).
    """
    ranges = [_range(part) for part in accept.lower().split(",") if part.strip()] or [("*/*", 1.0)]

    def liking(offer: str) -> float:
        wild = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        for pattern in wild:  # the most specific range counts
            found = [quality for name, quality in ranges if name.replace("/x-", "/") == pattern]
            if found:
                return max(found)
        return 0.0

    best = max(offers, key=liking)
    if liking(best) <= 0:
        raise Problem(406, f"there is no {accept[:100]!r} here: accept {' or '.join(offers)}")
    return best


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (word.strip() for word in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                quality = 0.0
    return name, quality


def as_file(result: Drawn, kind: str, side: int | None) -> Answer:
    """Return one result as the file that `photism translate` would write.

    Args:
        result: a picture or a sound.
        kind: a media type of `OFFERS`.
        side: of pictures, in pixels; None keeps the system's own.

    Returns:
        The file, with its name and whether anything was heard in the headers.
    """
    name = f"{PurePath(result.source).stem or 'photism'}{_ENDING[kind]}"
    plain = name.encode("ascii", "replace").decode().replace('"', "_").replace("\\", "_")
    headers = {
        "Content-Disposition": f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    }
    if isinstance(result, Picture):
        headers["X-Photism-Heard"] = str(result.heard).lower()
    return Answer(_encoded(result, kind, side), kind, headers)


def as_json(
    results: Sequence[Drawn], side: int | None, *, log_mel: bool, reader: Reader | None
) -> Answer:
    """Return all results as one document, files in it as `data:` addresses.

    Args:
        results: samples of a clip follow one another.
        side: of pictures, in pixels.
        log_mel: add log-mels, as PNGs.
        reader: says what a judge sees in pictures.

    Returns:
        JSON: `results`, each with provenance and file, and for several samples of a clip `spread`.
    """
    entries = [_entry(result, side, log_mel, reader) for result in results]
    content: dict[str, Any] = {"photism": __version__, "results": entries}
    if spreads := _spreads(results, side):
        content["spread"] = spreads
    return Answer(json.dumps(content).encode(), JSON, {})


def _entry(result: Drawn, side: int | None, log_mel: bool, reader: Reader | None) -> dict[str, Any]:
    kind = OFFERS[result.made.target][0]
    entry = {**result.provenance, "file": data_uri(kind, _encoded(result, kind, side))}
    if log_mel:
        entry["log_mel"] = _uri(result.show_log_mel())
    if reader and isinstance(result, Picture) and result.heard:
        entry["read"] = asdict(reader.read(result.tensor))
    return entry


def _encoded(result: Drawn, kind: str, side: int | None) -> bytes:
    if isinstance(result, Waveform):
        ending = _ENDING[kind].removeprefix(".")
        return encode(result.samples, result.rate, kind=ending, provenance=result.provenance)
    picture = result.image if side is None else images.enlarge(result.image, side)
    return images.png(picture, result.provenance)


def _spreads(results: Sequence[Drawn], side: int | None) -> list[dict[str, Any]]:
    """Return for each clip with several pictures how much these differ, and where."""
    clips: dict[tuple[float, float], list[Picture]] = {}
    for result in results:
        if isinstance(result, Picture):
            clips.setdefault((result.start_s, result.end_s), []).append(result)
    return [
        _spread(pictures, side, start_s) for (start_s, _), pictures in clips.items() if pictures[1:]
    ]


def _spread(pictures: Sequence[Picture], side: int | None, start_s: float) -> dict[str, Any]:
    """Return how unsure several pictures of one clip are, with a heat map of where they differ."""
    found = uncertainty_of([picture.tensor for picture in pictures])
    shown = found.show_spread()
    picture = shown if side is None else images.enlarge(shown, side)
    return {"start_s": round(start_s, 4), **found.facts, "file": _uri(picture)}


def _uri(picture: Any) -> str:
    return f"data:image/png;base64,{base64.b64encode(images.png(picture)).decode()}"
