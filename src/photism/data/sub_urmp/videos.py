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

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from PIL import Image

    from photism.audio.decode import Sound

HELD_OUT = frozenset(
    (
        "bassoon01", "cello01", "clarinet01", "double_bass01", "flute01", "horn04", "oboe04",
        "sax01", "sax08", "trombone02", "trumpet01", "tuba04", "viola01", "violin06",
    )
)  # fmt: skip
"""Performances that the published archive keeps for testing, SPEC §1.1; sax08 is a deduction."""

_ENDINGS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg")
_INSTRUMENT = re.compile(rf"({'|'.join(CLASSES)})(?![a-z])")
_ENSEMBLE = re.compile(r"Vid_\d+_[^_]+((?:_(?:vn|va|vc|db|fl|ob|cl|sax|bn|tpt|hn|tbn|tba))+)$")
_SPLITS = {"train": "train", "validation": "test", "test": "test"}
_EARLY_S = 0.002  # a frame whose time was rounded to a coarser clock still begins the window


def is_video(name: str) -> bool:
    """Whether a file's ending is that of a video."""
    return name.lower().endswith(_ENDINGS)


class Videos(Collection):
    """The videos below a folder; each is a performance."""

    published = False
    about = "cut by photism from videos, as Sub-URMP was: the published windows may lie elsewhere"
    no_test = "NO test part: no folder called validation, no performance that Sub-URMP holds out"

    def _find(self) -> list[Moment]:
        self._videos: dict[str, Path] = {}
        moments: list[Moment] = []
        paths = [path for path in sorted(walk(self.place)) if is_video(path.name)]
        for path in track(paths, "videos", len(paths)):
            try:
                moments += self._moments(path)
            except PhotismError as error:
                self.skip(self._name(path), error)
            except OSError as error:
                self.skip(self._name(path), f"cannot be opened: {error.strerror}")
        return moments

    def _name(self, path: Path) -> str:
        return path.relative_to(self.place).as_posix()

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
    for _ in first_frames(path, [0.0]):
        break
    else:
        raise ImageError("no picture: the video cannot be decoded")
    try:
        lengths_s = [block.duration_s for block in stream(path)]
    except AudioError as error:
        reason = str(error).replace(str(path), "the video")
        raise AudioError(f"no sound: {reason}") from error
    hops = (1000 * sum(lengths_s) - WINDOW_MS) / HOP_MS
    return max(0, math.floor(hops + 1e-6) + 1)


def first_frames(path: Path, starts_s: Sequence[float]) -> Iterator[Image.Image | None]:
    """Yield the first frame of each half-second; end where the video does.

    Args:
        path: a video.
        starts_s: rising times in seconds from the beginning of the sound.

    Yields:
        An RGB picture, or None where no frame begins in the half-second.

    Raises:
        ImageError: this is no video.
    """
    import av

    with open(path, "rb") as file:
        try:
            container = av.open(file, "r", options={"protocol_whitelist": "none"})
        except (av.error.FFmpegError, ValueError) as error:
            raise ImageError("no picture: the video cannot be opened") from error
        with container:
            if not container.streams.video:
                raise ImageError("no picture: there is sound only")
            frames = _timed(container)
            time_s, frame = next(frames, _END)
            for start_s in starts_s:
                while frame and time_s < start_s - _EARLY_S:
                    time_s, frame = next(frames, _END)
                if frame is None:
                    return
                yield frame.to_image() if time_s < start_s + WINDOW_MS / 1000 else None


_END = (0.0, None)


def _timed(container: InputContainer) -> Iterator[tuple[float, VideoFrame | None]]:
    """Yield frames with their time from the beginning of the sound, as far as they decode."""
    import av

    video = container.streams.video[0]
    video.thread_type = "AUTO"
    begin_s = 0.0
    for audio in container.streams.audio[:1]:
        begin_s = float((audio.start_time or 0) * (audio.time_base or 0))
    try:
        for frame in container.decode(video):
            if frame.time is not None:
                yield frame.time - begin_s, frame
    except av.error.FFmpegError:
        return
