"""What sources of the user's own files have in common: their options, and how pairs are made."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.sources.base import SharedSource, check_size
from photism.errors import ConfigError, DataError
from photism.terminal import printable

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd
    from photism.data.card import Card
    from photism.data.own.allotment import Allotment, Labelling
    from photism.data.own.form import Colour, Form
    from photism.data.own.making import Recipe
    from photism.data.own.original import Found, Original
    from photism.data.own.takes import Takes
    from photism.data.writer import PairWriter


@dataclass(frozen=True)
class OwnSource(SharedSource):
    """Pairs made of files that only the user has.

    A subclass says which files belong together (`find`) and how they are read (`recipe`).
    """

    pairs: ClassVar[str] = "yours"
    licence: ClassVar[str] = "as --terms says"
    upstream: ClassVar[tuple[Upstream, ...]] = ()
    called: ClassVar[tuple[str, ...]]
    """Columns that name the files of an original; the first is its default group."""

    seed: int = 0
    """Of the draw of test pairs."""
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
    group: str = ""
    """What must not be on both sides of a split: by default each file by itself, or a column of the
    table, such as the player."""
    test: float = 0.1
    """Share of the groups of each class that is kept for testing, where no column split and no
    folders called train and test say so."""
    keep_silent: bool = False
    """Keep clips in which there is nothing to hear."""
    terms: str = "not stated"
    """Licence of the files; weights that learn from them carry it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            check_size(self.size)
        if not 0 <= self.test < 1:
            raise ConfigError(f"test is a share in [0, 1), not {self.test:g}")

    def fitted(self, front_end: str, image: tuple[int, int, int]) -> Self:
        """Return the source with what is not said taken from a system; see `PairSource.fitted`."""
        channels, height, _ = image
        colour: Colour = "grey" if channels == 1 else "rgb"
        return replace(
            self,
            front_end=self.front_end or front_end,
            size=self.size or height,
            colour=colour if self.colour == "auto" else self.colour,
        )

    @abstractmethod
    def find(self, raw: Path) -> Found:
        """Look for originals.

        Args:
            raw: what --from names.

        Returns:
            What was found.

        Raises:
            DataError: nothing that can be used.
        """

    @abstractmethod
    def recipe(self, form: Form) -> Recipe:
        """Return how originals are read.

        Args:
            form: what sounds and pictures become.

        Returns:
            The recipe.

        Raises:
            ConfigError: options that do not go with the form.
        """

    def labelling(self, originals: Sequence[Original]) -> Labelling:
        """Return what tells the classes.

        Args:
            originals: all that were found.

        Returns:
            What `label` asks for.

        Raises:
            ConfigError: there is no such column, or no folders.
        """
        from photism.data.own.allotment import find_labelling

        return find_labelling(originals, self.label)

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.data.card import Card
        from photism.data.own.allotment import allot, require_group
        from photism.data.own.takes import make_takes
        from photism.data.parts import kept_parts
        from photism.data.writer import PairWriter

        form, front = self.form()
        recipe = self.recipe(form)
        group = self.group or self.called[0]
        found = self.find(raw)
        labelling = self.labelling(found.originals)
        require_group(found, group, self.called)
        with kept_parts(folder) as kept:
            what = f"{self.called[0]}s"
            takes = make_takes(
                found.originals, recipe, kept, workers=self.workers, ray=self.ray, what=what
            )
            skipped = (*found.skipped, *takes.skipped)
            if not takes.used:
                raise DataError(_nothing(raw, skipped))
            allotment = allot(takes.used, labelling, group=group, test=self.test, seed=self.seed)
            card = self._card(folder.name, form, front, allotment)
            with PairWriter(folder, card) as writer:
                write_takes(writer, takes, allotment)
                left = [f"left out, wholly or in part: {len(skipped):,} files; see skipped"]
                notes = (*allotment.notes, *takes.notes, *(left if skipped else ()))
                heard = replace(front, level_range=takes.level_range or front.level_range)
                writer.card = replace(
                    card, notes=notes, skipped=skipped, front_end_config=asdict(heard)
                )
        return Card.read(folder)

    def form(self) -> tuple[Form, FrontEnd]:
        """Return what sounds and pictures become, and the front end.

        Returns:
            As the options say.

        Raises:
            ConfigError: they do not say all.
        """
        from photism.audio.front_ends import front_end
        from photism.data.own.form import Form

        if self.front_end is None or self.size is None:
            raise ConfigError(
                "say which system the pairs are for, such as --for aivae:small (`photism info`"
                " lists them), or give --front-end and --size"
            )
        colour: Colour = "rgb" if self.colour == "auto" else self.colour
        front = front_end(self.front_end)
        return Form(front.name, self.size, colour, self.crop, self.keep_silent), front

    def _card(self, name: str, form: Form, front: FrontEnd, allotment: Allotment) -> Card:
        kinds = {column: kind for column, (kind, _) in allotment.columns.items()}
        channels, height, width = form.shape
        return self.card(
            front,
            (height, width, channels),
            name=printable(name),
            licence=self.terms,
            classes=allotment.classes,
            group=allotment.group,
            columns={**kinds, "start_s": "float"},
        )


def _nothing(raw: Path, skipped: Sequence[Mapping[str, str]]) -> str:
    first = "; the first: {file}: {reason}".format(**skipped[0]) if skipped else ""
    return f"no pair that can be used in {printable(raw)}, {len(skipped):,} left out{first}"


def write_takes(writer: PairWriter, takes: Takes, allotment: Allotment) -> None:
    """Write what was made, each clip into the part of its original.

    Args:
        writer: open.
        takes: the clips.
        allotment: class, part and columns of the originals that could be used.
    """
    place = np.cumsum(takes.clips > 0) - 1
    for rows in track(takes.rows(), "pieces written"):
        own = place[rows.original]
        for split in dict.fromkeys(allotment.splits[own].tolist()):
            chosen = np.flatnonzero(allotment.splits[own] == split)
            originals, start_s = own[chosen], rows.start_s[chosen]
            columns: dict[str, Any] = {
                name: [values[original] for original in originals]
                for name, (_, values) in allotment.columns.items()
            }
            writer.write(
                split,
                sound=rows.sound[chosen],
                image=rows.image[chosen],
                label=allotment.labels[originals],
                key=[
                    f"{takes.used[original].key} {time_s:.3f} s"
                    for original, time_s in zip(originals, start_s, strict=True)
                ],
                columns={**columns, "start_s": start_s},
            )
