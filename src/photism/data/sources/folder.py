"""Own data without programming: any recordings with any pictures, paired by name or by a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from photism.data.own.source import OwnSource
from photism.errors import AudioError

if TYPE_CHECKING:
    from photism.data.own.form import Form
    from photism.data.own.making import Shots, Tally
    from photism.data.own.original import Found

Clips = Literal["all", "one"]


@dataclass(frozen=True)
class Folder(OwnSource):
    """Recordings of your own, each with a picture: any sound or video, any picture.

    What goes together has the same name (violin/solo.wav with violin/solo.jpg), in one folder or
    in two, or stands in one row of a metadata.csv or metadata.jsonl: file_name is the recording,
    image the picture, label the class, split one of train, validation and test; any other column
    is kept.

    For example:
      photism data prepare folder --from mine --for aivae:small --out pairs
      photism data prepare folder --from recordings --pictures drawings --for car-gan:small
      photism data prepare folder --from mine --label instrument --group player --for car-gan
      photism data prepare folder --from mine --label none --front-end s2i --size 96

    Recordings are cut as `photism translate` cuts them: into words, or into windows, by what the
    front end takes. Files that are damaged or have no partner are left out and listed. A run that
    was interrupted goes on where it stopped.
    """

    name: ClassVar[str] = "folder"
    what: ClassVar[str] = "recordings and pictures of your own"
    own_files: ClassVar[str] = "the folder of the recordings, or a table of them"
    called: ClassVar[tuple[str, ...]] = ("recording", "picture")

    pictures: Path | None = None
    """Folder of the pictures, where they do not lie with the recordings."""
    clips: Clips = "all"
    """Pair all words or windows of a recording with its picture; or the first in which something
    is heard."""

    def find(self, raw: Path) -> Found:
        """Look for recordings and their pictures; see `OwnSource.find`."""
        from photism.data.own.matching import find_matches

        return find_matches(raw, self.pictures)

    def recipe(self, form: Form) -> FolderRecipe:
        """Return how a recording is read with its picture; see `OwnSource.recipe`."""
        return FolderRecipe(form, self.clips)


@dataclass(frozen=True)
class FolderRecipe:
    """Reads a recording, all of whose clips go with one picture."""

    form: Form
    clips: Clips

    def read(self, files: tuple[Path, ...], tally: Tally) -> Iterator[Shots]:
        """Yield the clips of a recording.

        Args:
            files: the recording and the picture.
            tally: told of silent clips, and of what is missing.

        Yields:
            Some clips at a time.

        Raises:
            AudioError, ImageError: one of the files cannot be used.
        """
        from photism import images
        from photism.audio.clips import BLOCK_S, cut, first_heard
        from photism.audio.decode import stream
        from photism.audio.front_ends import front_end
        from photism.data.own.form import loudest_db
        from photism.data.own.making import Shots, batched

        sound, image = files
        raster = images.read(image)
        smaller = min(raster.pixels.shape[:2]) < self.form.size
        tally.counts["pictures smaller than wanted"] += smaller
        tally.counts["pictures of one colour, with nothing to see"] += raster.blank
        picture = self.form.draw(raster.pixels)
        clips = cut(stream(sound, block_s=BLOCK_S), front_end(self.form.front_end))
        if self.clips == "one":
            clips = iter([first_heard(clips)[0]])
        heard, peak_db = 0, -120.0
        for batch in batched(clips):
            kept = [clip for clip in batch if self.form.hears(clip)]
            yield Shots(kept, [picture])
            heard += len(kept)
            peak_db = max(peak_db, *map(loudest_db, batch))
            tally.counts["silent clips left out"] += len(batch) - len(kept)
            tally.missing = "; ".join(batch[-1].lost)
        if not heard:
            raise AudioError(f"silence: {peak_db:.0f} dB at its loudest")
