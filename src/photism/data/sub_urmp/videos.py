"""Videos of single players, cut as Sub-URMP was: half a second every tenth, and its first frame.

A video lies in a folder whose name begins with the instrument, such as `violin/` or `horn_solo/`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from photism.audio.decode import resample, stream
from photism.audio.segment import windows
from photism.data.progress import track
from photism.data.sub_urmp.moments import (
    CLASSES,
    HOP_MS,
    RATE,
    WINDOW_MS,
    Canvas,
    Collection,
    Drawn,
    Moment,
    Request,
)
from photism.errors import AudioError, DataError, ImageError, PhotismError
from photism.files import walk
from photism.terminal import printable
from photism.video.frames import first_frames
from photism.video.moments import is_video

if TYPE_CHECKING:
    from photism.audio.decode import Sound

HELD_OUT = frozenset(
    (
        "bassoon01", "cello01", "clarinet01", "double_bass01", "flute01", "horn04", "oboe04",
        "sax01", "sax08", "trombone02", "trumpet01", "tuba04", "viola01", "violin06",
    )
)  # fmt: skip
"""Performances that the published archive keeps for testing, SPEC §1.1; sax08 is a deduction."""

_INSTRUMENT = re.compile(rf"({'|'.join(CLASSES)})(?![a-z])")
_ENSEMBLE = re.compile(r"Vid_\d+_[^_]+((?:_(?:vn|va|vc|db|fl|ob|cl|sax|bn|tpt|hn|tbn|tba))+)$")
_SPLITS = {"train": "train", "validation": "test", "test": "test"}


class Videos(Collection):
    """The videos below a folder; each is a performance."""

    published = False
    about = "cut by photism from videos, as Sub-URMP was: the published windows may lie elsewhere"
    no_test = "NO test part: no folder called validation, no performance that Sub-URMP holds out"

    def _find(self) -> list[Moment]:
        self._videos: dict[str, Path] = {}
        moments: list[Moment] = []
        paths = [path for path in walk(self.place) if is_video(path)]
        for path in track(paths, "videos", len(paths)):
            try:
                moments += self._moments(path)
            except PhotismError as error:
                self.skip(self._name(path), error)
        return moments

    def _name(self, path: Path) -> str:
        return printable(path.relative_to(self.place).as_posix())

    def _moments(self, video: Path) -> list[Moment]:
        """Return a video's moments, or raise an error with the reason to leave it out."""
        folders = [self.place.resolve().name, *video.relative_to(self.place).parts[:-1]]
        label, performance = _performance(video.stem, folders)
        if performance in self._videos:
            earlier = self._name(self._videos[performance])
            raise DataError(f"found twice: {earlier} has the same name")
        count = _count(video)
        if not count:
            raise DataError("wrong length: shorter than half a second")
        self._videos[performance] = video
        split = "test" if performance in HELD_OUT else "train"
        for folder in folders:
            split = _SPLITS.get(folder, split)
        ends_ms = range(WINDOW_MS, WINDOW_MS + count * HOP_MS, HOP_MS)
        return [Moment(split, label, performance, time_ms) for time_ms in ends_ms]

    def draw(self, chosen: Sequence[Moment], canvas: Canvas, scratch: Path) -> Iterator[Request]:
        """Read one video after the other; see `Collection.draw`."""
        for performance, moments in groupby(chosen, key=lambda moment: moment.performance):
            yield from self._cut(self._videos[performance], list(moments), canvas)

    def _cut(self, video: Path, moments: list[Moment], canvas: Canvas) -> Iterator[Request]:
        wanted = {(moment.time_ms - WINDOW_MS) // HOP_MS for moment in moments}
        sounds = (sound for n, sound in enumerate(_windows(video)) if n in wanted)
        starts_s = [(moment.time_ms - WINDOW_MS) / 1000 for moment in moments]
        left = len(moments)
        for moment, frame, sound in zip(
            moments, first_frames(video, starts_s), sounds, strict=False
        ):
            left -= 1
            end_s = sound.start_s + sound.duration_s
            if any(sound.start_s < end and begin < end_s for begin, end in sound.gaps):
                self.skip(moment.key, "no sound: the recording has a gap in this half-second")
                continue
            if frame is None:
                self.skip(moment.key, "no picture: none begins in this half-second")
                continue
            try:
                image = canvas.draw(frame, moment.key)
            except ImageError as error:
                self.skip(self._name(video), error)
                return
            waveform = resample(sound.mono(), sound.rate, RATE)[: RATE * WINDOW_MS // 1000]
            drawn = Drawn(waveform, image, peak=float(np.abs(waveform).max()))
            yield moment, partial(_done, drawn)
        if left:
            reason = f"cut short: ends before the last {left} of {len(moments)} windows"
            self.skip(self._name(video), reason)


def _done(drawn: Drawn) -> Drawn:
    return drawn


def _performance(stem: str, folders: Sequence[str]) -> tuple[int, str]:
    """Return the class and a name that is unique if folder and file name are."""
    for folder in reversed(folders):
        match = _INSTRUMENT.match(re.sub("[- ]", "_", folder.lower()))
        if match:
            named = _INSTRUMENT.match(stem)
            if named is None:
                return CLASSES.index(match[1]), f"{folder}_{stem}"
            if named[1] != match[1]:
                raise DataError(f"mislabelled: the folder says {match[1]}, the name {named[1]}")
            return CLASSES.index(match[1]), stem
    ensemble = _ENSEMBLE.match(stem)
    if ensemble:
        players = ", ".join(ensemble[1].strip("_").split("_"))
        raise DataError(f"several players: {players}; cut a video of each first")
    raise DataError("other instrument: in no folder that begins with one of the 13")


def _windows(path: Path) -> Iterator[Sound]:
    return windows(stream(path), window_s=WINDOW_MS / 1000, hop_s=HOP_MS / 1000, partial=1)


def _count(path: Path) -> int:
    """Count the windows of a video that has sound and picture."""
    try:
        if not any(True for _ in first_frames(path, [0.0])):
            raise ImageError("nothing of it can be decoded")
        lengths_s = [block.duration_s for block in stream(path)]
    except (AudioError, ImageError) as error:
        half = "sound" if isinstance(error, AudioError) else "picture"
        reason = str(error).replace(printable(path), "the video")
        raise DataError(f"no {half}: {reason}") from error
    hops = (1000 * sum(lengths_s) - WINDOW_MS) / HOP_MS
    return max(0, math.floor(hops + 1e-6) + 1)
