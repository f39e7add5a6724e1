"""Sub-URMP: half-seconds of thirteen instruments with a picture of the player, SPEC §1.1.

Chen, Srivastava, Duan and Xu, *Deep Cross-Modal Audio-Visual Generation* (2017, arXiv:1704.08292),
cut from the URMP data set of Li et al. The data of CAR-GAN, SA-CMGAN, S2IC and CMCGAN.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from photism.data.archives import is_archive
from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.sources.base import PairSource
from photism.errors import ConfigError, DataError
from photism.files import require_room, walk

if TYPE_CHECKING:
    from photism.data.card import Card
    from photism.data.sub_urmp.moments import Collection
    from photism.data.sub_urmp.rows import Written

Layout = Literal["auto", "folders", "lists", "videos"]
COMPLETE = 80_805
"""Pairs of the published archive: 71,230 for training and 9,575 held out."""

_COLUMNS = {"performance": "string", "time_ms": "int", "peak": "float"}
_LARGEST, _CROPPED = 1024, 256
_FORMS = (
    "img/ and chunk/ as in the published archive, such an archive, pair lists, or a folder of"
    " videos for each instrument"
)


@dataclass(frozen=True)
class SubUrmp(PairSource):
    """Half-seconds of music, each with a picture of the player: Sub-URMP, 71,230 + 9,575 pairs.

    It cannot be downloaded reliably: --from names a folder, or a zip or tar file, with img/ and
    chunk/; or the folder from which the paths of CAR-GAN's pair lists start; or a folder of videos
    of single players, by instrument.
    """

    name: ClassVar[str] = "sub-urmp"
    what: ClassVar[str] = "players of 13 instruments with half a second of their music"
    pairs: ClassVar[str] = "71,230 + 9,575"
    licence: ClassVar[str] = "none stated, research use (cut from URMP, University of Rochester)"
    upstream: ClassVar[tuple[Upstream, ...]] = ()
    own_files: ClassVar[str] = _FORMS

    seed: int = 0
    """Of the random crops."""
    layout: Layout = "auto"
    """What --from holds: img/ and chunk/, pair lists, or videos; to be said where it holds several.
    Nothing is cropped from pictures of lists: that was done when they were made."""
    size: int = 128
    """Side of the pictures in pixels, a power of two."""
    front_end: Literal["car-gan", "car-gan-256", "sa-cmgan", "sa-cmgan-margins"] = "car-gan"
    """Log-mel front end of the sounds. Lists come with pictures of the first, or the second."""
    crop: Literal["resize", "crop286"] = "crop286"
    """Resize the full frame, as the CAR-GAN paper says; or draw it at 286×286 and cut 256×256 out
    at random, once for each picture, as the authors' code does."""
    stride: int = 1
    """Take every so many-th window of each performance; they overlap by four fifths."""
    max_per_class: int | None = None
    """At most so many pairs of each class in each split, spread evenly."""
    min_peak: float = 0.0
    """Leave out sounds whose largest sample is below, of 1 for full scale; 450/32768 = 0.0137 finds
    the one in seven that is hardly a sound."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 16 <= self.size <= _LARGEST or self.size & (self.size - 1):
            raise ConfigError(f"size must be 16, 32, 64, … or {_LARGEST}, not {self.size}")
        if self.crop == "crop286" and self.size > _CROPPED:
            raise ConfigError(
                f"crop286 gives 256×256: for {self.size}×{self.size} add --crop resize"
            )
        for option, value in (("stride", self.stride), ("max-per-class", self.max_per_class)):
            if value is not None and value < 1:
                raise ConfigError(f"{option} must be 1 or more, not {value}")
        if not 0 <= self.min_peak < 1:
            raise ConfigError(f"min-peak is a share of full scale in [0, 1), not {self.min_peak}")

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.audio.front_ends import front_end
        from photism.audio.logmel import usual_range
        from photism.data.card import Card
        from photism.data.sub_urmp.moments import CLASSES, Canvas, choose
        from photism.data.sub_urmp.rows import write_rows
        from photism.data.writer import PairWriter

        front = front_end(self.front_end)
        collection = find_collection(raw, self.layout)
        self._check(collection)
        chosen = choose(collection.moments, stride=self.stride, max_per_class=self.max_per_class)
        card = self.card(
            front,
            (self.size, self.size, 3),
            classes=CLASSES,
            group="performance",
            columns=_COLUMNS,
        )
        require_room(folder.parent, len(chosen) * (card.sound.items + card.image.items))
        canvas = Canvas(self.size, self.crop, self.seed, front.height)
        requests = collection.draw(chosen, canvas, folder.parent)
        with PairWriter(folder, card) as writer:
            written = write_rows(
                writer, track(requests, "pairs", len(chosen)), front, min_peak=self.min_peak
            )
            skipped = (*collection.skipped, *written.skipped)
            if not written.performances:
                raise DataError(self._nothing(raw, skipped, written.quiet))
            notes = (*_parts(collection, written), *self._left_out(written, skipped))
            heard = replace(front, level_range=usual_range(written.levels) or front.level_range)
            writer.card = replace(
                card, notes=notes, skipped=skipped, front_end_config=asdict(heard)
            )
        return Card.read(folder)

    def _check(self, collection: Collection) -> None:
        from photism.data.sub_urmp.pair_lists import FRONT_ENDS

        if collection.drawn_sounds and (self.min_peak or self.front_end not in FRONT_ENDS):
            option = "--min-peak" if self.min_peak else f"--front-end {self.front_end}"
            raise ConfigError(
                f"pair lists hold pictures of sounds, made by the {FRONT_ENDS[0]} front end:"
                f" {option} needs the sounds themselves"
            )

    def _nothing(self, raw: Path, skipped: tuple[dict[str, str], ...], quiet: int) -> str:
        if quiet:
            return f"no sound in {raw} has a peak of {self.min_peak:g}: lower --min-peak"
        first = "; the first: {file}: {reason}".format(**skipped[0]) if skipped else ""
        return f"no pair that can be used in {raw}, {len(skipped):,} left out{first}"

    def _left_out(self, written: Written, skipped: tuple[dict[str, str], ...]) -> list[str]:
        """Return notes on what is not as it should be."""
        notes = []
        if written.unequal:
            notes.append(
                f"sounds with two channels that differ: {written.unequal:,}; the first was read"
            )
        if written.blank:
            notes.append(f"pictures of one colour, with nothing to see: {written.blank:,}")
        if written.quiet:
            notes.append(f"left out: {written.quiet:,} with a peak under {self.min_peak:g}")
        kinds = Counter(file["reason"].split(":")[0] for file in skipped)
        if kinds:
            counts = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
            notes.append(f"left out: {counts}; see skipped")
        return notes


def _parts(collection: Collection, written: Written) -> list[str]:
    """Return notes on the two splits."""
    from photism.data.sub_urmp.moments import CLASSES

    train, test = (written.performances.get(split, set()) for split in ("train", "test"))
    notes = [f"performances: {len(train)} for training, {len(test)} for testing"]
    notes += [collection.about] if collection.about else []
    notes += [] if test else [collection.no_test]
    number = Counter(label for label, _ in train)
    single = ", ".join(CLASSES[label] for label in sorted(number) if number[label] == 1)
    if single:
        notes.append(
            f"a single training performance of {single}: validation does not see these instruments"
        )
    if train & test:
        shared = ", ".join(sorted(name for _, name in train & test))
        notes.append(f"NOT a clean split: performances in both parts: {shared}")
    if collection.published and written.pairs != COMPLETE:
        notes.append(
            f"NOT the complete Sub-URMP: {written.pairs:,} of its {COMPLETE:,} pairs, so"
            " results do not compare directly with the papers'"
        )
    return notes


def find_collection(raw: Path, layout: Layout) -> Collection:
    """Find moments below a folder or in an archive, in whichever form they are there.

    Args:
        raw: what --from names.
        layout: the form; "auto" takes the only one that is there.

    Returns:
        The moments.

    Raises:
        DataError: nothing is there, or more than one form or archive.
    """
    from photism.data.sub_urmp.folders import Folders, half_of
    from photism.data.sub_urmp.pair_lists import PairLists, is_pair_list
    from photism.data.sub_urmp.videos import Videos
    from photism.video.moments import is_video

    forms: dict[str, type[Collection]] = {"folders": Folders, "lists": PairLists, "videos": Videos}
    if raw.is_file():
        if not is_archive(raw):
            raise DataError(f"{raw} is no zip or tar file: give the folder from which paths start")
        return Folders(raw)
    paths = list(walk(raw))
    halves = {half_of(path.relative_to(raw).as_posix()) for path in paths}
    there = [("folders", raw)] if "chunk" in halves else []
    there += [("folders", path) for path in paths if _is_archive_of_it(path)]
    if any(path.suffix == ".txt" and path.is_file() and is_pair_list(path) for path in paths):
        there.append(("lists", raw))
    if not there and "img" in halves:  # half of the published layout, or pictures of a list
        there.append(("folders", raw))
    if (layout == "videos" or not there) and any(is_video(path) for path in paths):
        there.append(("videos", raw))
    there = [(form, place) for form, place in there if layout in ("auto", form)]
    if not there:
        raise DataError(f"no Sub-URMP in {raw}, and no download: name with --from {_FORMS}")
    if len(there) > 1:
        found = ", ".join(f"{form} in {place}" for form, place in there)
        raise DataError(f"more than one form of Sub-URMP: {found}: choose by --layout or --from")
    ((form, place),) = there
    return forms[form](place)


def _is_archive_of_it(path: Path) -> bool:
    return "urmp" in path.name.lower() and is_archive(path) and path.is_file()
