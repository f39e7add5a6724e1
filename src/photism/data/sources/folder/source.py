"""Own data without programming: any recordings with any pictures, paired by name or by a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.sources.base import PairSource, check_size
from photism.data.workers import check_workers
from photism.errors import ConfigError, DataError
from photism.terminal import printable

if TYPE_CHECKING:
    from photism.data.card import Card
    from photism.data.sources.folder.allotment import Allotment
    from photism.data.sources.folder.making import Colour, Recipe
    from photism.data.sources.folder.matching import Found
    from photism.data.sources.folder.takes import Takes
    from photism.data.writer import PairWriter


@dataclass(frozen=True)
class Folder(PairSource):
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
    pairs: ClassVar[str] = "yours"
    licence: ClassVar[str] = "as --terms says"
    upstream: ClassVar[tuple[Upstream, ...]] = ()
    own_files: ClassVar[str] = "the folder of the recordings, or a table of them"

    seed: int = 0
    """Of the draw of test pairs."""
    pictures: Path | None = None
    """Folder of the pictures, where they do not lie with the recordings."""
    front_end: str | None = None
    """Log-mel front end of the sounds, in place of the one that --for gives."""
    size: int | None = None
    """Side of the pictures in pixels, in place of the one that --for gives."""
    colour: Literal["auto", "rgb", "grey"] = "auto"
    """Of the pictures; `auto` is as --for says, else rgb."""
    crop: Literal["centre", "resize"] = "centre"
    """Cut the square in the middle out of a picture; or squeeze all of it into one."""
    label: str = "auto"
    """Where the class stands: `folder` (the innermost one), `none` (no classes at all), or a column
    of the table. `auto` is the column label if there is one, else the folders if they differ."""
    group: str = "recording"
    """What must not be on both sides of a split: `recording`, `picture`, or a column of the table,
    such as the player."""
    test: float = 0.1
    """Share of the groups of each class that is kept for testing, where no column split and no
    folders called train and test say so."""
    clips: Literal["all", "one"] = "all"
    """Pair all words or windows of a recording with its picture; or the first in which something
    is heard."""
    keep_silent: bool = False
    """Keep windows in which there is nothing to hear."""
    terms: str = "not stated"
    """Licence of the recordings and pictures; weights that learn from them carry it."""
    workers: int = 0
    """Processes that work at once; 0 is one for each processor. The pairs do not depend on it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_workers(self.workers)
        if self.size is not None:
            check_size(self.size)
        if not 0 <= self.test < 1:
            raise ConfigError(f"test is a share in [0, 1), not {self.test:g}")

    def fitted(self, front_end: str, image: tuple[int, int, int]) -> Folder:
        """Return the source with what is not said taken from a system; see `PairSource.fitted`."""
        channels, height, _ = image
        colour: Colour = "grey" if channels == 1 else "rgb"
        return replace(
            self,
            front_end=self.front_end or front_end,
            size=self.size or height,
            colour=colour if self.colour == "auto" else self.colour,
        )

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.data.card import Card
        from photism.data.parts import kept_parts
        from photism.data.sources.folder.allotment import allot, check_group, find_labelling
        from photism.data.sources.folder.matching import find_matches
        from photism.data.sources.folder.takes import make_takes
        from photism.data.writer import PairWriter

        recipe = self._recipe()
        found = find_matches(raw, self.pictures)
        labelling = find_labelling(found.matches, self.label)
        check_group(found.matches, self.group)
        self._leave_out_ungrouped(found)
        with kept_parts(folder) as kept:
            takes = make_takes(found.matches, recipe, kept, workers=self.workers)
            skipped = (*found.skipped, *takes.skipped)
            if not takes.used:
                raise DataError(_nothing(raw, skipped))
            allotment = allot(
                takes.used, labelling, group=self.group, test=self.test, seed=self.seed
            )
            with PairWriter(folder, self._card(folder.name, recipe, allotment)) as writer:
                write_rows(writer, takes, allotment)
                left = [f"left out, wholly or in part: {len(skipped):,} files; see skipped"]
                notes = (*allotment.notes, *takes.notes, *(left if skipped else ()))
                writer.card = replace(writer.card, notes=notes, skipped=skipped)
        return Card.read(folder)

    def _recipe(self) -> Recipe:
        from photism.audio.logmel import front_end
        from photism.data.sources.folder.making import Recipe

        if self.front_end is None or self.size is None:
            raise ConfigError(
                "say which system the pairs are for, such as --for aivae:small (`photism info`"
                " lists them), or give --front-end and --size"
            )
        return Recipe(
            front_end=front_end(self.front_end).name,
            size=self.size,
            colour="rgb" if self.colour == "auto" else self.colour,
            crop=self.crop,
            clips=self.clips,
            keep_silent=self.keep_silent,
        )

    def _leave_out_ungrouped(self, found: Found) -> None:
        """List recordings whose row does not say what group they belong to."""
        if self.group in ("recording", "picture"):
            return
        for match in found.matches:
            if self.group not in match.values:
                found.skip(match.recording, f"no {self.group} in its row, which --group wants")
        found.matches = [match for match in found.matches if self.group in match.values]

    def _card(self, name: str, recipe: Recipe, allotment: Allotment) -> Card:
        from photism.audio.logmel import front_end
        from photism.data.card import ArraySpec, Card

        front = front_end(recipe.front_end)
        options = {**asdict(self), "pictures": self.pictures and printable(self.pictures)}
        del options["workers"]
        kinds = {column: kind for column, (kind, _) in allotment.columns.items()}
        return Card(
            name=printable(name),
            description=self.what,
            licence=self.terms,
            classes=allotment.classes,
            sound=ArraySpec((front.channels, front.height, front.width)),
            image=ArraySpec((recipe.size, recipe.size, 1 if recipe.colour == "grey" else 3)),
            front_end=front.name,
            front_end_config=asdict(front),
            group=printable(self.group),
            columns={**kinds, "start_s": "float"},
            seed=self.seed,
            options=options,
        )


def _nothing(raw: Path, skipped: Sequence[Mapping[str, str]]) -> str:
    first = "; the first: {file}: {reason}".format(**skipped[0]) if skipped else ""
    return f"no pair that can be used in {printable(raw)}, {len(skipped):,} left out{first}"


def write_rows(writer: PairWriter, takes: Takes, allotment: Allotment) -> None:
    """Write what was made, each clip into the part of its recording.

    Args:
        writer: open.
        takes: the clips.
        allotment: class, part and columns of the recordings that could be used.
    """
    place = np.cumsum(takes.clips > 0) - 1
    for rows in track(takes.rows(), "pairs"):
        own = place[rows.match]
        names = {name: [values[n] for n in own] for name, (_, values) in allotment.columns.items()}
        keys = [
            f"{recording} {start_s:.3f} s, {picture}"
            for recording, start_s, picture in zip(
                names["recording"], rows.start_s, names["picture"], strict=True
            )
        ]
        for split in dict.fromkeys(allotment.splits[own].tolist()):
            chosen = np.flatnonzero(allotment.splits[own] == split)
            columns: dict[str, Any] = {n: [v[c] for c in chosen] for n, v in names.items()}
            writer.write(
                split,
                sound=rows.sound[chosen],
                image=rows.image[chosen],
                label=allotment.labels[own][chosen],
                key=[keys[c] for c in chosen],
                columns={**columns, "start_s": rows.start_s[chosen]},
            )
