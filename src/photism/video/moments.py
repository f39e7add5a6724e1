"""Frames of a video at given moments, without decoding what no moment needs.

What stands at a moment is known from the time stamps alone, which are read first. Then only the
frames that are wanted are decoded, and those that they lean on: whole groups of pictures are passed
over where nothing in them is wanted, and of the others the frames that no other frame refers to,
which are a third to a half of most films.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from photism.audio.containers import open_container, opened
from photism.audio.tracks import film_track
from photism.errors import ImageError
from photism.video.frames import BACK_S, picture, sound_begins_s

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

ENDINGS = frozenset(
    (
        ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
        ".ogv", ".ts", ".webm", ".wmv",
    )
)  # fmt: skip
"""Of files that are taken for videos."""
_EARLY_S = 0.002
"""A frame whose stamp was rounded to a coarser clock still stands at its moment."""


def is_video(path: PurePath) -> bool:
    """Whether a file's ending is that of a video."""
    return path.suffix.lower() in ENDINGS


def frames_every(
    path: Path, every_s: float, *, first_s: float = 0.0
) -> Iterator[np.ndarray | None]:
    """Yield what a video shows at moments of equal distance.

    Args:
        path: the video.
        every_s: from one moment to the next, above 0.
        first_s: the first moment, from the beginning of the sound, or of the pictures where there
            is none.

    Yields:
        `(height, width, 3)` uint8, upright and with square pixels; None where there is no picture
        yet, or it cannot be decoded. It ends where the video does.

    Raises:
        ImageError: this is no video, or it has no picture.
    """
    with opened(path, ImageError) as (file, name):
        told_s = sound_begins_s(file, name)
    with _opened(path) as (container, video):
        begin_s = _begins_s(video) if told_s is None else told_s
        index = _index(container, video, begin_s)
    if index is None:
        raise ImageError("no picture: the video holds no frame")
    times_s = np.arange(first_s, index.end_s, every_s)
    moments = index.moments(times_s)
    with _opened(path) as (container, video):
        decoded = _decoded(container, video, index, set(moments.tolist()))
        frame: VideoFrame | None = next(decoded, None)
        following = next(decoded, None)
        drawn: tuple[VideoFrame | None, np.ndarray | None] = (None, None)
        for moment, time_s in zip(moments.tolist(), times_s.tolist(), strict=True):
            while following is not None and _time(following, video, begin_s) <= time_s + _EARLY_S:
                frame, following = following, next(decoded, None)
            if frame is None or moment < 0 or not index.is_at(moment, _time(frame, video, begin_s)):
                yield None
                continue
            if drawn[0] is not frame:
                drawn = frame, _pixels(frame, video)
            yield drawn[1]


@dataclass(frozen=True)
class _Index:
    """The frames of a video in the order in which they are decoded, unread."""

    stamps_s: np.ndarray
    """`(frame,)` from the beginning of the sound; not a number where the file tells none."""
    key: np.ndarray
    """`(frame,)` bool: decoding can begin here."""
    step_s: float
    """From one frame to the next, commonly."""

    @property
    def end_s(self) -> float:
        """When the last frame is over."""
        return float(self.stamps_s.max()) + max(self.step_s, _EARLY_S)

    def moments(self, times_s: np.ndarray) -> np.ndarray:
        """Return the place of the frame that stands at each time; -1 before the first one."""
        order = np.argsort(self.stamps_s, kind="stable")
        places = np.searchsorted(self.stamps_s[order], times_s + _EARLY_S, side="right") - 1
        return np.where(places < 0, -1, order[places])

    def is_at(self, moment: int, time_s: float) -> bool:
        """Whether a decoded frame is the one that stands at a moment."""
        return abs(time_s - self.stamps_s[moment]) <= 1.5 * self.step_s

    def needed(self, moments: set[int]) -> np.ndarray:
        """Return which frames have to be decoded for some: all from the key frame before each."""
        needed = np.zeros(len(self.key), bool)
        for moment in moments - {-1}:
            begins = np.flatnonzero(
                self.key[: moment + 1] & (self.stamps_s[: moment + 1] <= self.stamps_s[moment])
            )
            needed[begins[-1] if len(begins) else 0 : moment + 1] = True
        return needed


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Yield a video, and the track of its pictures."""
    with (
        opened(path, ImageError) as (file, name),
        open_container(file, name, ImageError) as container,
    ):
        video = film_track(container, name)
        video.thread_type, video.codec_context.thread_count = "SLICE", 1
        yield container, video


def _begins_s(video: VideoStream) -> float:
    """Return the time stamp of the first picture."""
    return float((video.start_time or 0) * (video.time_base or 0))


def _index(container: InputContainer, video: VideoStream, begin_s: float) -> _Index | None:
    """Read the time stamps, up to where they begin anew; None where there is no frame."""
    import av

    stamps: list[float] = []
    key: list[bool] = []
    tick_s, latest_s = float(video.time_base or 0), -np.inf
    with contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(video):
            if not packet.size:
                continue
            stamp = packet.dts if packet.pts is None else packet.pts
            stamp_s = np.nan if stamp is None else stamp * tick_s - begin_s
            if stamp_s < latest_s - BACK_S:
                break
            latest_s = max(latest_s, stamp_s)
            stamps.append(stamp_s)
            key.append(packet.is_keyframe)
    if not stamps:
        return None
    stamps_s = np.array(stamps)
    if np.isnan(stamps_s).any():  # some old files tell none: frames come as often as the file says
        stamps_s = np.arange(len(stamps)) / float(video.average_rate or 25)
    steps_s = np.diff(np.sort(stamps_s))
    step_s = float(np.median(steps_s)) if len(steps_s) else 1 / float(video.average_rate or 25)
    return _Index(stamps_s, np.array(key), step_s)


def _decoded(
    container: InputContainer, video: VideoStream, index: _Index, moments: set[int]
) -> Iterator[VideoFrame]:
    """Yield the frames at some moments, and others on the way, in the order of their times."""
    import av

    context = video.codec_context
    needed = index.needed(moments)
    behind = int(needed.nonzero()[0][-1]) if needed.any() else -1
    place, reading = -1, False
    with contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(video):
            place += bool(packet.size)
            if place > behind:
                break
            if not packet.size or not needed[place]:
                if reading:
                    yield from context.decode(None)
                    context.flush_buffers()
                    reading = False
                continue
            reading = True
            context.skip_frame = "DEFAULT" if place in moments else "NONREF"
            with contextlib.suppress(av.error.FFmpegError):
                yield from context.decode(packet)
        if reading:
            yield from context.decode(None)


def _time(frame: VideoFrame, video: VideoStream, begin_s: float) -> float:
    return float((frame.pts or 0) * (video.time_base or 0)) - begin_s


def _pixels(frame: VideoFrame, video: VideoStream) -> np.ndarray:
    """Return a frame as players show it: turned upright, its pixels square."""
    return np.asarray(picture(frame, float(video.sample_aspect_ratio or 1)))
