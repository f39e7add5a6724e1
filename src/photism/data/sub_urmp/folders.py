"""The layout of the published archive, SPEC §1.1, in a folder or in a zip or tar file.

`img/<part>/<instrument>/<stem>.jpg` goes with `chunk/<part>/<instrument>/<stem>.wav`; the part is
`train` or `validation`, the stem `<instrument><piece>_<milliseconds>`.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from photism.data.archives import Member, members
from photism.data.clips import read_clip
from photism.data.progress import track
from photism.data.sub_urmp.moments import (
    RATE,
    WINDOW_MS,
    Canvas,
    Collection,
    Drawn,
    Moment,
    Request,
    parse,
    read_picture,
)
from photism.errors import AudioError, DataError

_PLACE = re.compile(r"(?:.*/)?(img|chunk)/(train|validation|test)/([^/]+)/([^/.][^/]*)")
_ENDINGS = {"img": (".jpg", ".jpeg", ".png"), "chunk": (".wav",)}
_CALLED = {"img": "picture", "chunk": "sound"}
_SAMPLES = RATE * WINDOW_MS // 1000


def half_of(name: str) -> str | None:
    """Return "img" or "chunk" for a name, with `/`, of the published layout, None for others."""
    match = _PLACE.fullmatch(name)
    return match and match[1]


class Folders(Collection):
    """Pictures in `img/` and sounds in `chunk/`, paired by stem."""

    about = "the part that Sub-URMP calls validation is the papers' test part"
    no_test = "NO test part: there is none in img/validation"

    def _find(self) -> list[Moment]:
        self._names: dict[Moment, dict[str, str]] = {}
        for member in track(members(self.place), "files"):
            match = _PLACE.fullmatch(member.name)
            if match is None or "__MACOSX" in member.name:
                continue
            try:
                self._add(member.name, match[1], match[2], match[3])
            except DataError as error:
                self.skip(member.name, error)
        for halves in self._names.values():
            if len(halves) == 1:
                ((kind, name),) = halves.items()
                self.skip(name, f"unpaired {_CALLED[kind]}")
        return [moment for moment, halves in self._names.items() if len(halves) == 2]

    def _add(self, name: str, kind: str, part: str, instrument: str) -> None:
        path = PurePosixPath(name)
        if path.suffix.lower() not in _ENDINGS[kind]:
            raise DataError(f"unknown kind: no {_CALLED[kind]} ({' '.join(_ENDINGS[kind])})")
        split = "train" if part == "train" else "test"
        halves = self._names.setdefault(parse(split, path.stem, instrument), {})
        if kind in halves:
            raise DataError(f"found twice: {halves[kind]} has the same name")
        halves[kind] = name

    def draw(self, chosen: Sequence[Moment], canvas: Canvas, scratch: Path) -> Iterator[Request]:
        """Read moments, an archive from front to back; see `Collection.draw`."""
        wanted = {
            name: (number, kind, moment)
            for number, moment in enumerate(chosen)
            for kind, name in self._names[moment].items()
        }
        walk: Iterable[Member] = (m for m in members(self.place) if m.name in wanted)
        if self.place.is_dir():
            walk = sorted(walk, key=lambda member: wanted[member.name][:2])
        with _Waiting(scratch) as waiting:
            for member in walk:
                _, kind, moment = wanted[member.name]
                other = waiting.take(self._names[moment]["img" if kind == "chunk" else "chunk"])
                if other is None:
                    waiting.put(member.name, member.read())
                    continue
                halves = {kind: member.read()}
                sound, picture = halves.get("chunk", other), halves.get("img", other)
                yield moment, partial(_draw, moment.key, sound, picture, canvas)


def _draw(key: str, sound: bytes, picture: bytes, canvas: Canvas) -> Drawn:
    try:
        clip = read_clip(sound)
    except AudioError as error:
        raise AudioError(f"damaged sound: {error}") from error
    count = clip.samples.shape[1]
    if (count, clip.rate) != (_SAMPLES, RATE):
        raise AudioError(
            f"wrong length: {count:,} frames at {clip.rate:,} Hz, not {_SAMPLES:,} at {RATE:,} Hz"
        )
    waveform = np.ascontiguousarray(clip.samples[0])
    return Drawn(
        waveform,
        canvas.draw(read_picture(picture), key),
        peak=float(np.abs(waveform).max()),
        unequal=bool((clip.samples != waveform).any()),
    )


class _Waiting:
    """First halves until the second comes: far apart in a tar, side by side when sorted.

    They wait in a temporary file, which starts anew whenever none is left.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._places: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> _Waiting:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def put(self, name: str, content: bytes) -> None:
        if not self._places:
            self._file.truncate(0)
        self._places[name] = self._file.seek(0, os.SEEK_END), len(content)
        self._file.write(content)

    def take(self, name: str) -> bytes | None:
        if name not in self._places:
            return None
        start, length = self._places.pop(name)
        self._file.seek(start)
        return self._file.read(length)
