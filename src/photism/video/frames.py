"""Frames of films, turned as players turn them, at the time of the sound that goes with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from photism.audio.containers import open_container, opened
from photism.audio.track import TrackDecoder
from photism.audio.tracks import film_track, sound_track
from photism.errors import AudioError, ImageError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from PIL import Image

_EARLY_S = 0.002  # a frame whose time was rounded to a coarser clock is still in time
BACK_S = 1.0
"""Time stamps that go back by more begin anew: another film follows."""


def frames(path: str | Path) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the frames of a film in the order in which they are seen.

    A damaged frame is left out. The film ends where its time stamps begin anew, as in films put one
    behind the other: nobody could tell which sound goes with what follows.

    Args:
        path: a video; the cover of an album is none.

    Yields:
        Time in seconds from the first sample of the sound, as `audio.decode` counts it, or from the
        first frame where there is no sound; and a frame, which `picture` makes a picture of.

    Raises:
        ImageError: this is no film, or one that cannot be read.
    """
    with opened(path, ImageError) as (file, name):
        begin_s = sound_begins_s(file, name)
        file.seek(0)
        with open_container(file, name, ImageError) as container:
            track = film_track(container, name)
            latest_s = -float("inf")
            for frame in _decoded(container, track):
                if frame.pts is None or not frame.time_base:
                    continue
                stamp_s = float(frame.pts * frame.time_base)
                if stamp_s < latest_s - BACK_S:
                    return
                latest_s = max(latest_s, stamp_s)
                begin_s = stamp_s if begin_s is None else begin_s
                yield stamp_s - begin_s, frame


def first_frames(
    path: str | Path, starts_s: Sequence[float], *, within_s: float = 0.5
) -> Iterator[Image.Image | None]:
    """Yield the first frame of each of some stretches of a film; end where the film does.

    Args:
        path: a video.
        starts_s: rising times in seconds from the beginning of the sound.
        within_s: length of a stretch.

    Yields:
        An RGB picture, or None where no frame begins in the stretch.

    Raises:
        ImageError: this is no film, or one that cannot be read.
    """
    shown = frames(path)
    end: tuple[float, VideoFrame | None] = (0.0, None)
    time_s, frame = next(shown, end)
    for start_s in starts_s:
        while frame is not None and time_s < start_s - _EARLY_S:
            time_s, frame = next(shown, end)
        if frame is None:
            return
        yield picture(frame) if time_s < start_s + within_s else None


def picture(frame: VideoFrame, aspect: float = 1.0) -> Image.Image:
    """Make a picture of a frame, turned and mirrored as the film's display matrix says.

    Phones store what their sensor sees and note how they were held.

    Args:
        frame: of a film.
        aspect: width of a pixel over its height, as the film says; the picture's are square.

    Returns:
        An RGB picture.
    """
    from PIL.Image import Transpose

    image = frame.to_image()
    if aspect not in (0.0, 1.0):
        image = image.resize((max(1, round(image.width * aspect)), image.height))
    across, down, swapped = _turn(frame)
    if swapped:
        image = image.transpose(Transpose.TRANSPOSE)
    if across:
        image = image.transpose(Transpose.FLIP_LEFT_RIGHT)
    return image.transpose(Transpose.FLIP_TOP_BOTTOM) if down else image


def _turn(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """Return whether to mirror a frame left to right and top to bottom, after swapping its axes."""
    from av.sidedata.sidedata import Type

    try:
        stored = cast("Mapping[Any, Any]", frame.side_data).get(Type.DISPLAYMATRIX)
    except ValueError:  # of a kind that is newer than PyAV: the angle it reads on another way
        turned = np.deg2rad(frame.rotation)
        a, c = round(np.cos(turned)), round(np.sin(turned))
        b, d = -c, a
    else:
        if stored is None:
            return False, False, False
        # A pixel at (x, y) is shown at (a x + c y, b x + d y).
        a, b, _, c, d = np.frombuffer(bytes(stored), np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return a < 0, d < 0, False
    return c < 0, b < 0, True


def sound_begins_s(file: BinaryIO, name: str) -> float | None:
    """Return the time stamp of the first sample of the sound of a film.

    Args:
        file: the film, from where it stands.
        name: of the file, for messages.

    Returns:
        Seconds; None where there is no sound.
    """
    try:
        with open_container(file, name, AudioError) as container:
            track, _ = sound_track(container, name)
            return TrackDecoder(container, track, name).begins_s()
    except AudioError:
        return None


def _decoded(container: InputContainer, track: VideoStream) -> Iterator[VideoFrame]:
    """Decode packet by packet, so that a damaged one costs no more than itself."""
    import av

    track.thread_type = "AUTO"
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, OSError):  # nobody reads on from there
            return
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue
