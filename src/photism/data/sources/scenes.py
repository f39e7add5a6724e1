"""Scenes: the sounds of ESC-10, each with a drawn picture of what makes it."""

from __future__ import annotations

import contextlib
import importlib.resources
import io
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.sources.base import SharedSource, check_size
from photism.data.sources.esc10 import ESC10, FOLDS, Clip, read_clips, read_esc10
from photism.data.workers import mapping
from photism.errors import AudioError, ConfigError, DataError
from photism.scenes.told import CLASSES, Told, count_events, level_db, nearness

if TYPE_CHECKING:
    from photism.audio.front_ends import FrontEnd
    from photism.data.card import Card
    from photism.data.writer import PairWriter

WINDOW_S = 1.0
AUDIBLE_DB = -30.0
"""Windows so far below the loudest second of their recording are as good as silent."""
COLUMNS = {
    "recording": "string",
    "original": "string",
    "fold": "int",
    "start_s": "float",
    "level_db": "float",
    "level": "float",
    "events": "int",
    "view": "int",
    "credit": "string",
}


@dataclass(frozen=True)
class Scenes(SharedSource):
    """Recorded sounds of the world, and drawn scenes of what makes them.

    Windows of a second of ESC-10's dogs, rain, sea, babies, clocks, sneezes, helicopters,
    chainsaws, roosters and fires. The pictures show what is heard: near where it is loud, several
    where it sounds several times; place, light, individual and camera vary from window to window.
    Split by ESC-10's folds, so that nothing cut from one original is in two parts.

    For example:
      photism data fetch esc10
      photism data prepare scenes
      photism data prepare scenes --recordings bundled --out few    60 that come with photism
      photism data prepare scenes --front-end sa-cmgan --size 64 --from downloads
    """

    name: ClassVar[str] = "scenes"
    what: ClassVar[str] = "ten sounds of the world with drawn scenes of what makes them"
    pairs: ClassVar[str] = "3,558 + 1,178 + 1,208"
    licence: ClassVar[str] = (
        "pictures CC0 1.0; recordings of ESC-10, CC BY 3.0 (Karol J. Piczak; the makers are named"
        " in the column credit)"
    )
    upstream: ClassVar[tuple[Upstream, ...]] = (ESC10,)

    recordings: Literal["esc10", "bundled"] = "esc10"
    """All 400 of ESC-10, or the 60 that come with photism."""
    front_end: str | None = None
    """Log-mel front end of the sounds, in place of the one that --for gives; else s2i."""
    size: int | None = None
    """Height and width of the pictures, in place of what --for gives; else 96."""
    hop_s: float = 0.25
    """From the beginning of a window to the next, in seconds."""
    views: int = 1
    """Pictures of each window, each of another place and individual."""
    validation_fold: int = 4
    """Fold of ESC-10 for validation."""
    test_fold: int = 5
    """Fold of ESC-10 for testing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            check_size(self.size)
        if not 0.01 <= self.hop_s <= 5:
            raise ConfigError(f"hop-s must be in [0.01, 5] s, not {self.hop_s:g}")
        if not 1 <= self.views <= 100:
            raise ConfigError(f"views must be in [1, 100], not {self.views}")
        held = {self.validation_fold, self.test_fold}
        if len(held) < 2 or not held <= set(FOLDS):
            raise ConfigError(
                f"validation-fold and test-fold are two of {FOLDS[0]} to {FOLDS[-1]}, not"
                f" {self.validation_fold} and {self.test_fold}"
            )

    @property
    def needed(self) -> tuple[Upstream, ...]:
        """ESC-10, unless the recordings that come along are enough."""
        return self.upstream if self.recordings == "esc10" else ()

    @property
    def room_bytes(self) -> int:
        """Disk space the pairs need, about."""
        from photism.audio.front_ends import front_end

        front, clips = front_end(self.front_end or "s2i"), len(FOLDS) * 80
        pair_bytes = 3 * (self.size or 96) ** 2 + front.channels * front.height * front.width
        return int(clips * self.views * (1 + 4 / self.hop_s) * pair_bytes)

    def fitted(self, front_end: str, image: tuple[int, int, int]) -> Scenes:
        """Return the source with what is not said taken from a system; see `PairSource.fitted`."""
        if image[0] != 3:
            raise ConfigError("scenes are in colour: --for names a system that draws in colour")
        return replace(self, front_end=self.front_end or front_end, size=self.size or image[1])

    def split_of(self, fold: int) -> str:
        """Return the part of the split that a fold of ESC-10 is in."""
        return {self.validation_fold: "validation", self.test_fold: "test"}.get(fold, "train")

    def clips(self, raw: Path) -> list[Clip]:
        """Read the recordings that the pairs are made of.

        Args:
            raw: folder below which ESC-10 lies; not looked at for those that come along.

        Returns:
            The recordings.

        Raises:
            DataError: ESC-10 is not there, or damaged.
        """
        return read_esc10(raw) if self.recordings == "esc10" else bundled_clips()

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.audio.front_ends import front_end
        from photism.data.card import Card
        from photism.data.writer import PairWriter

        clips = self.clips(raw)
        source = replace(self, front_end=self.front_end or "s2i", size=self.size or 96)
        card, skipped = source._card(front_end(source.front_end or "")), []
        with PairWriter(folder, card) as writer, contextlib.closing(source._make(clips)) as made:
            for clip, part in zip(clips, made, strict=True):
                if isinstance(part, str):
                    skipped.append({"file": clip.key, "reason": part})
                else:
                    _write(writer, source.split_of(clip.fold), clip, part)
            if len(skipped) == len(clips):
                raise DataError(f"no recording can be used; {clips[0].key}: {skipped[0]['reason']}")
            writer.card = replace(card, skipped=tuple(skipped))
        return Card.read(folder)

    def _make(self, clips: list[Clip]) -> Generator[_Windows | str]:
        """Yield what became of each recording, in order for any number of workers."""
        tasks = [(self, clip) for clip in clips]
        with mapping(len(tasks), workers=self.workers, ray=self.ray) as in_order:
            yield from track(in_order(_windows, tasks), "recordings", len(tasks))

    def _card(self, front: FrontEnd) -> Card:
        assert self.size is not None
        return self.card(
            front,
            (self.size, self.size, 3),
            classes=CLASSES,
            group="original",
            columns=COLUMNS,
            notes=(
                f"fold {self.validation_fold} of ESC-10 is for validation, {self.test_fold} for"
                " testing; nothing cut from one original is in two parts",
                "the sounds are recorded, the pictures drawn: they show no real place or person",
                "level is how near a scene is, from the level of its second below the recording's"
                " loudest; events how many stand out in it; view the seed of all the rest",
                f"silent windows, and those {-AUDIBLE_DB:g} dB below their recording's loudest,"
                " are left out",
            ),
        )


def bundled_clips() -> list[Clip]:
    """Return the recordings of ESC-10 that come with photism, six of each class."""
    asset = importlib.resources.files("photism") / "assets/scenes/esc10-sample.tar"
    with importlib.resources.as_file(asset) as path:
        return read_clips(path)


@dataclass(frozen=True)
class _Windows:
    """The pairs of one recording."""

    sound: np.ndarray
    image: np.ndarray
    columns: dict[str, np.ndarray]


def _write(writer: PairWriter, split: str, clip: Clip, part: _Windows) -> None:
    """Write the pairs of one recording."""
    count = len(part.sound)
    same: dict[str, Any] = {
        "recording": clip.key,
        "original": clip.original,
        "fold": clip.fold,
        "credit": clip.credit,
    }
    times = np.rint(1000 * part.columns["start_s"]).astype(int)
    views = np.arange(count) % (count // len(np.unique(times)))
    writer.write(
        split,
        sound=part.sound,
        image=part.image,
        label=np.full(count, clip.label),
        key=[
            f"{CLASSES[clip.label]}/{clip.key}/{time:04d}/{view}"
            for time, view in zip(times, views, strict=True)
        ],
        columns={**{name: [value] * count for name, value in same.items()}, **part.columns},
    )


def _windows(task: tuple[Scenes, Clip]) -> _Windows | str:
    """Cut, hear and draw one recording; or say why that cannot be."""
    from photism.audio.decode import decode, resample
    from photism.audio.front_ends import front_end
    from photism.audio.logmel import pictures
    from photism.data.pairs import to_bytes

    source, clip = task
    front = front_end(source.front_end or "s2i")
    try:
        sound = decode(io.BytesIO(clip.content))
        samples = resample(sound.mono(), sound.rate, front.rate)
        starts, windows = _cut(samples, front, source.hop_s)
    except AudioError as error:
        return str(error)
    levels = np.array([level_db(window) for window in windows])
    told = [
        Told(nearness(level - levels.max()), count_events(window, front.rate))
        for level, window in zip(levels, windows, strict=True)
    ]
    views = np.random.default_rng((source.seed, int(clip.original), ord(clip.key[-1]))).integers(
        2**31, size=(len(windows), source.views)
    )
    sounds = to_bytes(pictures(windows, front, [0] * len(windows)).numpy())
    rows = np.repeat(np.arange(len(windows)), source.views)
    return _Windows(
        sound=sounds[rows],
        image=_drawn(CLASSES[clip.label], told, views, source.size or 96),
        columns={
            "start_s": starts[rows],
            "level_db": levels[rows],
            "level": np.array([each.level for each in told])[rows],
            "events": np.array([each.events for each in told])[rows],
            "view": views.reshape(-1),
        },
    )


def _cut(samples: np.ndarray, front: FrontEnd, hop_s: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Cut a recording into windows in which there is something to hear.

    Args:
        samples: `(sample,)` at the rate of the front end.
        front: its clips are the windows, where they are shorter than a second.
        hop_s: from the beginning of a window to the next.

    Returns:
        Where each begins, in seconds, and its samples.

    Raises:
        AudioError: there is none.
    """
    from photism.audio.segment import SILENCE_DB, levels

    length = round(front.rate * min(WINDOW_S, front.clip_s or WINDOW_S))
    starts = np.arange(0, len(samples) - length + 1, max(1, round(hop_s * front.rate)))
    windows = [samples[start : start + length] for start in starts]
    loudness = np.array([level_db(window) for window in windows])
    if not len(windows):
        raise AudioError(f"shorter than {WINDOW_S:g} s")
    kept = [
        place
        for place, window in enumerate(windows)
        if loudness[place] >= loudness.max() + AUDIBLE_DB
        and levels(window, front.rate).max() >= SILENCE_DB
    ]
    if not kept:
        raise AudioError("silent throughout")
    return starts[kept] / front.rate, [windows[place] for place in kept]


def _drawn(name: str, told: list[Told], views: np.ndarray, size: int) -> np.ndarray:
    """Draw each window in each of its views, `(window × view, size, size, 3)` uint8."""
    from photism.scenes.look import Viewpoint
    from photism.scenes.scene import draw

    return np.stack(
        [
            draw(name, Viewpoint.random(np.random.default_rng(seed)), moment, size=size)
            for moment, seeds in zip(told, views, strict=True)
            for seed in seeds
        ]
    )
