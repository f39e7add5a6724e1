"""Which of the tracks of a file is meant: the one that a player would choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from photism.errors import AudioError, ImageError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

Track = TypeVar("Track", bound="Stream")

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def sound_track(container: InputContainer, name: str) -> tuple[AudioStream, str]:
    """Choose the sound of a file: the first that is marked as default, else the first.

    Args:
        container: the open file.
        name: of the file, for messages.

    Returns:
        The track, and a note that there are others, empty if there are not.

    Raises:
        AudioError: there is no sound, or in no format that FFmpeg knows.
    """
    tracks = list(container.streams.audio)
    if not tracks:
        kinds = ", ".join(sorted({stream.type for stream in container.streams if stream.type}))
        raise AudioError(f"{name} has no sound{f', only {kinds}' if kinds else ''}")
    track = _preferred(tracks)
    if track is None:
        raise AudioError(f"{name} has sound in a format that FFmpeg does not know")
    if len(tracks) == 1:
        return track, ""
    number = tracks.index(track)
    called = _ORDINALS[number] if number < len(_ORDINALS) else f"number {number + 1}"
    marked = ", marked as default," if number and _has(track, "default") else ""
    return track, f"{len(tracks)} sound tracks: the {called}{marked} is read"


def film_track(container: InputContainer, name: str) -> VideoStream:
    """Choose the moving picture of a file; the cover of an album is none.

    Args:
        container: the open file.
        name: of the file, for messages.

    Returns:
        The track.

    Raises:
        ImageError: there is none.
    """
    films = [track for track in container.streams.video if not _has(track, "attached_pic")]
    track = _preferred(films)
    if track is None:
        why = "in a format that FFmpeg does not know" if films else "there is sound only"
        raise ImageError(f"{name} has no moving picture: {why}")
    return track


def _preferred(tracks: list[Track]) -> Track | None:
    """Return the track that players take: marked as default, and no commentary if there is else."""
    known = [track for track in tracks if track.codec_context is not None]
    return min(known, key=_rank, default=None)


def _rank(track: Stream) -> tuple[bool, bool]:
    return not _has(track, "default"), _has(track, "comment", "hearing_impaired", "visual_impaired")


def _has(track: Stream, *flags: str) -> bool:
    from av.stream import Disposition

    return any(track.disposition & Disposition[flag] for flag in flags)
