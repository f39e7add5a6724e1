"""What a source of pairs is: options, the published data it needs, and how pairs are made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from photism.config import check_seed
from photism.data.fetch import Upstream
from photism.data.workers import check_workers
from photism.errors import ConfigError
from photism.terminal import printable

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd
    from photism.data.card import Card


def check_size(size: int) -> None:
    """Raise a ConfigError for a side of pictures that no system has."""
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise ConfigError(f"size must be in [{_SIZES[0]}, {_SIZES[1]}], not {size}")


_SIZES = (16, 1024)


@dataclass(frozen=True)
class PairSource(ABC):
    """A data set of pairs that photism can prepare.

    A source is a frozen dataclass: its fields are the options of `photism data prepare NAME`,
    checked in `__post_init__`, and its docstring is the help. It lives in one file and is
    registered in `photism.data.sources.SOURCES`.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    """One line on what is paired with what."""
    pairs: ClassVar[str]
    """How many for training and for testing, when made of the complete data."""
    licence: ClassVar[str]
    upstream: ClassVar[tuple[Upstream, ...]]
    """Published data that the pairs are made of."""
    embedded: ClassVar[bool] = False
    """Whether all that the pairs are made of comes with photism."""
    own_files: ClassVar[str] = ""
    """What --from has to name, where the pairs are made of files that only the user has."""

    patterns: ClassVar[bool] = False
    """Whether --from may be a pattern, such as `clips/*.mp4`."""

    seed: int = 0
    """Of everything that is drawn: the split and who goes with whom."""

    def __post_init__(self) -> None:
        check_seed(self.seed)

    @property
    def room_bytes(self) -> int:
        """Disk space the pairs need, about."""
        return 300 * 2**20

    @property
    def needed(self) -> tuple[Upstream, ...]:
        """Published data that these options ask for."""
        return self.upstream

    def fitted(self, front_end: str, image: tuple[int, int, int]) -> PairSource:
        """Return the source with its options set to what a system wants.

        Args:
            front_end: name of the system's log-mel front end.
            image: channel, height and width of its pictures.

        Returns:
            The source; options that were given stand.

        Raises:
            ConfigError: the pairs of this source have one form.
        """
        raise ConfigError(f"{self.name} makes pairs of its own form: leave --for out")

    def card(self, front: FrontEnd, image: tuple[int, int, int], **others: Any) -> Card:
        """Return the card of a set: what source, options and front end say, and all else.

        Args:
            front: analyses the sounds.
            image: height, width and channel of the pictures.
            **others: further fields of `Card`, or others in place of those said here.

        Returns:
            The card, without counts and checksums.
        """
        from photism.data.card import ArraySpec, Card

        options = {
            name: printable(value) if isinstance(value, Path) else value
            for name, value in asdict(self).items()
            if name not in ("workers", "ray")  # the pairs do not depend on them
        }
        said: dict[str, Any] = {
            "name": self.name,
            "description": self.what,
            "licence": self.licence,
            "sound": ArraySpec((front.channels, front.height, front.width)),
            "image": ArraySpec(image),
            "front_end": front.name,
            "front_end_config": asdict(front),
            "seed": self.seed,
            "options": options,
        }
        return Card(**said | others)

    @abstractmethod
    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs, the same for the same options and data.

        Args:
            raw: folder below which the upstream archives, or their unpacked files, lie.
            folder: where the prepared data set goes.

        Returns:
            The card as written.

        Raises:
            DataError: something is missing below `raw`, damaged, or not what it should be.
        """


@dataclass(frozen=True)
class SharedSource(PairSource):
    """A source whose files are worked on by several processes at once."""

    workers: int = 0
    """Processes that work at once; 0 is one for each processor. The pairs do not depend on it."""
    ray: str | bool = False
    """Work on a Ray cluster: HOST:PORT of one, or auto for the one that runs on this machine; --ray
    alone begins one on this machine. The pairs do not depend on it either."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_workers(self.workers)
