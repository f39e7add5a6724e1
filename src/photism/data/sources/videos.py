"""Pairs cut from any videos: windows of their sound, each with a frame out of its middle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from photism.data.own.source import OwnSource
from photism.errors import AudioError, ConfigError, DataError

if TYPE_CHECKING:
    from photism.audio.decode import Sound
    from photism.audio.front_ends import FrontEnd
    from photism.data.own.allotment import Labelling
    from photism.data.own.form import Form
    from photism.data.own.making import Shots, Tally
    from photism.data.own.original import Found, Original

STILL = 1.0
"""Mean difference, of 255, below which a frame is the one before."""
_SHORTFALL_S = 0.02
"""A video that is a window long may lack this much of it, as codecs have it."""


@dataclass(frozen=True)
class OwnVideos(OwnSource):
    """Windows of the sound of any videos, each with the frame in its middle.

    A video's class is its innermost folder, or stands in a metadata.csv or metadata.jsonl beside
    the videos (file_name, label, split; any other column is kept), or there is none. No video is in
    two parts of a split.

    For example:
      photism data prepare videos --from clips --for car-gan:small --out pairs
      photism data prepare videos --from 'clips/*/*.mp4' --front-end s2i --size 96 --no-keep-still
      photism data prepare videos --from list.csv --label category --group channel --for car-gan
      photism data prepare videos --from film.mkv --label none --hop-s 0.5 --front-end s2i --size 96
      photism data prepare videos --from VEGAS --layout vegas

    --from is a folder, a table, a text file with a path a line, a video or a pattern. Videos that
    cannot be used are left out and listed. A run that was interrupted goes on where it stopped.
    """

    name: ClassVar[str] = "videos"
    what: ClassVar[str] = "frames of your own videos with the sound around them"
    own_files: ClassVar[str] = "a folder of videos, a list, a table or a pattern"
    called: ClassVar[tuple[str, ...]] = ("video",)
    patterns: ClassVar[bool] = True

    window_s: float | None = None
    """Length of a window in seconds; by default what the front end takes, else 1."""
    hop_s: float | None = None
    """From the beginning of a window to the next; by default the length of a window."""
    frame: float = 0.5
    """Which frame: 0 stands at the beginning of the window, 0.5 in its middle, 1 at its end."""
    keep_still: bool = True
    """Keep a window whose frame is the same as the one before, as in films that show one picture;
    --no-keep-still leaves it out."""
    layout: Literal["any", "vegas"] = "any"
    """`vegas` is VEGAS-5: its five classes in their order and its parts by number, seconds with
    pictures of 96 × 96, front end s2i; videos that are none of it are left out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for option, value in (("window-s", self.window_s), ("hop-s", self.hop_s)):
            if value is not None and not 0.01 <= value <= 60:
                raise ConfigError(f"{option} must be in [0.01, 60] s, not {value:g}")
        if not 0 <= self.frame <= 1:
            raise ConfigError(f"frame is a place in a window, in [0, 1], not {self.frame:g}")

    def form(self) -> tuple[Form, FrontEnd]:
        """Return what sounds and pictures become; see `OwnSource.form`."""
        if self.layout == "vegas" and (self.front_end is None or self.size is None):
            return self.fitted("s2i", (3, 96, 96)).form()
        return super().form()

    def find(self, raw: Path) -> Found:
        """Look for videos; see `OwnSource.find`."""
        from photism.data.own import vegas
        from photism.data.own.finding import find_videos

        found = find_videos(raw)
        if self.layout == "vegas":
            originals, found.originals = found.originals, []
            for original in originals:
                try:
                    found.originals.append(vegas.placed(original))
                except DataError as error:
                    found.skip(original.name, str(error))
            if not found.originals:
                raise DataError(
                    "nothing of VEGAS-5; the first: {file}: {reason}".format(**found.skipped[0])
                )
        return found

    def labelling(self, originals: Sequence[Original]) -> Labelling:
        """Return what tells the classes; see `OwnSource.labelling`."""
        from photism.data.own import vegas
        from photism.data.own.allotment import Labelling

        if self.layout == "vegas":
            return Labelling(by_folder=True, classes=vegas.CLASSES)
        return super().labelling(originals)

    def recipe(self, form: Form) -> VideosRecipe:
        """Return how a video is read; see `OwnSource.recipe`."""
        from photism.audio.front_ends import front_end

        clip_s = front_end(form.front_end).clip_s
        window_s = self.window_s or clip_s or 1.0
        if clip_s is not None and window_s > clip_s:
            raise ConfigError(
                f"window-s is {window_s:g} s, but front end {form.front_end} takes {clip_s:g} s at"
                " most"
            )
        return VideosRecipe(form, window_s, self.hop_s or window_s, self.frame, self.keep_still)


@dataclass(frozen=True)
class VideosRecipe:
    """Cuts a video into windows, each with a frame."""

    form: Form
    window_s: float
    hop_s: float
    frame: float
    keep_still: bool

    def read(self, files: tuple[Path, ...], tally: Tally) -> Iterator[Shots]:
        """Yield the windows of a video.

        Args:
            files: the video.
            tally: told of what was left out, and of what is missing.

        Yields:
            Some windows at a time.

        Raises:
            AudioError, ImageError: it has no sound, no picture, or nothing that is wanted.
        """
        from photism.data.own.making import Shots, batched

        [path] = files
        used = 0
        for batch in batched(self._shots(path, tally)):
            used += len(batch)
            yield Shots([clip for clip, _ in batch], [picture for _, picture in batch])
        if not used:
            left = ", ".join(f"{what}: {n}" for what, n in tally.counts.items() if n)
            tally.counts.clear()
            raise AudioError(f"nothing to use ({left or 'no whole window'})")

    def _shots(self, path: Path, tally: Tally) -> Iterator[tuple[Sound, np.ndarray]]:
        from photism.images import Raster
        from photism.video.moments import frames_every

        frames = frames_every(path, self.hop_s, first_s=self.frame * self.window_s)
        clips = self._windows(path)
        before: np.ndarray | None = None
        clip: Sound | None = None
        for clip in clips:
            try:
                pixels = next(frames)
            except StopIteration:
                if next(clips, None) is not None:
                    tally.missing = f"the picture ends at {clip.start_s:.1f} s, before the sound"
                break
            if pixels is None:
                tally.counts["windows without a picture left out"] += 1
                continue
            if not self.form.hears(clip):
                tally.counts["silent windows left out"] += 1
                continue
            picture = self.form.draw(pixels)
            still = before is not None and _difference(before, picture) < STILL
            before = picture
            if still and not self.keep_still:
                tally.counts["still frames left out"] += 1
                continue
            tally.counts["frames smaller than wanted"] += min(pixels.shape[:2]) < self.form.size
            tally.counts["frames of one colour, with nothing to see"] += Raster(pixels).blank
            yield clip, picture
        if clip is not None and not tally.missing:
            tally.missing = "; ".join(clip.lost)

    def _windows(self, path: Path) -> Iterator[Sound]:
        """Yield the windows of the sound, all of them full."""
        from photism.audio.clips import BLOCK_S, cut
        from photism.audio.decode import stream
        from photism.audio.front_ends import front_end

        read_s = 0.0

        def blocks() -> Iterator[Sound]:
            nonlocal read_s
            for block in stream(path, block_s=BLOCK_S):
                read_s += block.duration_s
                yield block

        front = front_end(self.form.front_end)
        for clip in cut(blocks(), front, window_s=self.window_s, hop_s=self.hop_s, partial=1):
            if read_s < self.window_s - _SHORTFALL_S:  # filled up, for want of more
                raise AudioError(f"shorter than a window: {read_s:.2f} s of {self.window_s:g} s")
            yield clip


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())
