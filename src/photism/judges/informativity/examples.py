"""What judges of informativity learn from: pictures sorted by hand, or a stand-in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from photism import images
from photism.data.pairs import PairDataset, PairLoader
from photism.errors import DataError
from photism.judges.informativity.labels import Sorted, read_labels
from photism.judges.informativity.network import as_seen

STAND_IN, BY_HAND = "stand-in", "sorted by hand"
TEST_SHARE = 0.2
LEAST = 5
"""Pictures of either kind that a class needs to be trained and tested."""
_TILES = 8


@dataclass(frozen=True)
class Examples:
    """Pictures of one class, to learn from and to be tested on."""

    name: str
    pictures: Tensor
    """`(picture, 3, 96, 96)` in [-1, 1]."""
    informative: Tensor
    """`(picture,)` bool."""
    test: Tensor
    """Whether a picture is for the test, `(picture,)` bool."""


def sorted_examples(path: Path, seed: int) -> list[Examples]:
    """Read pictures that a person sorted, see `photism label`.

    Args:
        path: the labelled set; names of pictures are relative to its folder.
        seed: of the choice of test pictures. Pictures of one source are on one side.

    Returns:
        A class each, by name.

    Raises:
        DataError: the set is damaged, or a class has too few pictures of either kind.
        ImageError: a picture cannot be read.
    """
    by_class: dict[str, list[Sorted]] = {}
    for mark in read_labels(path):
        by_class.setdefault(mark.name, []).append(mark)
    if not by_class:
        raise DataError(f"{path} holds no sorted pictures yet: `photism label` sorts them")
    return [
        _sorted_class(path.parent, name, marks, seed) for name, marks in sorted(by_class.items())
    ]


def _sorted_class(folder: Path, name: str, marks: Sequence[Sorted], seed: int) -> Examples:
    informative = torch.tensor([mark.informative for mark in marks])
    few = min(int(informative.sum()), int((~informative).sum()))
    if few < LEAST:
        raise DataError(
            f"class {name!r} has {int(informative.sum())} informative and"
            f" {int((~informative).sum())} other pictures: sort at least {LEAST} of each"
        )
    pictures = [images.fit(images.read(folder / mark.file), (3, 96, 96)) for mark in marks]
    sources = sorted({mark.source for mark in marks})
    order = np.random.default_rng((seed, 5)).permutation(len(sources))
    held = {sources[place] for place in order[: max(1, round(TEST_SHARE * len(sources)))]}
    test = torch.tensor([mark.source in held for mark in marks])
    if len(sources) == 1 or test.all():
        raise DataError(f"class {name!r} has pictures of one source alone: sort those of several")
    return Examples(name, torch.stack(pictures), informative, test)


def stand_in_examples(
    train: PairDataset, test: PairDataset, *, each: int, seed: int
) -> list[Examples]:
    """Make up for pictures that nobody sorted: real ones, and real ones that were spoilt.

    Informative are real pictures of the class; not informative are, a third each, real pictures of
    the class whose tiles are shuffled, that are blurred until nothing is left, and real pictures of
    other classes. Generated pictures fail otherwise, so the figures of such judges are no
    informativity as people see it.

    Args:
        train: pairs to learn from, with classes.
        test: pairs to be tested on.
        each: pictures of a class of either kind, at most; a quarter as many for the test.
        seed: of the choice.

    Returns:
        A class each.

    Raises:
        DataError: no classes, or too few pictures.
    """
    classes = train.card.classes
    if len(classes) < 2:
        raise DataError(f"{train.folder} has no classes to tell apart: sort pictures by hand")
    rng = np.random.default_rng((seed, 6))
    found = []
    for label, name in enumerate(classes):
        learnt = _stand_in_class(train, label, each, rng)
        tested = _stand_in_class(test, label, max(LEAST, each // 4), rng)
        pictures = torch.cat([learnt[0], tested[0]])
        informative = torch.cat([learnt[1], tested[1]])
        is_test = torch.arange(len(pictures)) >= len(learnt[0])
        found.append(Examples(name, pictures, informative, is_test))
    return found


def _stand_in_class(
    dataset: PairDataset, label: int, each: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return pictures and whether they count as informative."""
    own = rng.permutation(np.flatnonzero(dataset.labels == label))[:each]
    others = np.flatnonzero((dataset.labels >= 0) & (dataset.labels != label))
    if len(own) < LEAST or len(others) < LEAST:
        name = dataset.card.classes[label]
        raise DataError(
            f"{dataset.folder} has {len(own)} pictures of {name!r} in its {dataset.split} split: at"
            f" least {LEAST} are needed"
        )
    loader = PairLoader(dataset, 1, shuffle=False, reads=("image",))
    real = as_seen(loader.batch(own).image)
    shuffled, blurred, foreign = np.array_split(rng.permutation(len(real)), 3)
    spoilt = [
        scrambled(real[shuffled], rng),
        blurry(real[blurred]),
        as_seen(loader.batch(rng.choice(others, len(foreign))).image),
    ]
    informative = torch.arange(2 * len(real)) < len(real)
    return torch.cat([real, *spoilt]), informative


def scrambled(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Shuffle the 8 × 8 tiles of pictures, of each in its own order.

    Args:
        pictures: at least one, `(picture, channel, side, side)`; the side is a multiple of 8.
        rng: of the orders.

    Returns:
        Pictures of the same form.
    """
    count, channels, side, _ = pictures.shape
    edge = side // _TILES
    cut = pictures.reshape(count, channels, _TILES, edge, _TILES, edge)
    tiles = cut.permute(0, 2, 4, 1, 3, 5).reshape(count, _TILES**2, channels, edge, edge)
    mixed = torch.stack([one[torch.from_numpy(rng.permutation(_TILES**2))] for one in tiles])
    grid = mixed.reshape(count, _TILES, _TILES, channels, edge, edge)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(pictures.shape)


def blurry(pictures: Tensor) -> Tensor:
    """Keep of pictures what 4 × 4 pixels hold."""
    small = F.adaptive_avg_pool2d(pictures, 4)
    return F.interpolate(small, pictures.shape[2:], mode="bilinear")
