"""VEGAS-5: five classes of short videos, and which of them are for what, SPEC §1.2.

The parts are ranges of the numbers that videos have within their class. That the number in a file's
name, as in `dog/video_02677.mp4`, is the number in the published names, as in `c002_s02677`, is an
assumption.
"""

from __future__ import annotations

import re
from dataclasses import replace

from photism.data.own.original import Original
from photism.data.splits import SPLITS
from photism.errors import DataError

CLASSES = ("baby_cry", "dog", "rail_transport", "fireworks", "water_flowing")
"""In the order of their codes, c001 to c005."""
PAIRS = 61_345
"""One-second pairs of the paper: 48,945 + 5,575 + 6,825."""
_NUMBERS = (
    ((0, 1651), (1652, 1851), (1852, 2060)),
    ((0, 1568), (1700, 1898), (1950, 2187)),
    ((0, 1451), (1700, 1861), (1950, 3253)),
    ((0, 1693), (1700, 1883), (1951, 2812)),
    ((0, 1510), (1700, 1919), (1950, 2515)),
)
"""First and last number for training, validation and testing, by class."""
_CODED = re.compile(r"c00([1-5])_s(\d{5})")
_NUMBERED = re.compile(r"(\d+)\D*$")
_CALLED = {"water": "water_flowing", "train": "rail_transport"}


def placed(original: Original) -> Original:
    """Return a video with the class and the part that it has in VEGAS-5.

    Args:
        original: the video; its name tells class and number (`c001_s01852.mp4`), or its folder the
            class and its name the number (`dog/video_02677.mp4`).

    Returns:
        The same with `folder` and `split`.

    Raises:
        DataError: it is none of VEGAS-5; the message is a reason to leave it out.
    """
    stem, parents = original.files[0].stem, original.files[0].parent.parts
    if coded := _CODED.match(stem):
        label, number = int(coded[1]) - 1, int(coded[2])
    else:
        folders = [re.sub(r"[ -]", "_", part.lower()) for part in parents]
        classes = [_CALLED.get(part, part) for part in folders]
        known = [name for name in classes if name in CLASSES]
        numbered = _NUMBERED.search(stem)
        if not known:
            raise DataError(f"in no folder of VEGAS-5: {', '.join(CLASSES)}")
        if not numbered:
            raise DataError("no number in its name, which tells the part of VEGAS-5")
        label, number = CLASSES.index(known[-1]), int(numbered[1])
    for split, (first, last) in zip(SPLITS, _NUMBERS[label], strict=True):
        if first <= number <= last:
            return replace(original, folder=CLASSES[label], split=split)
    raise DataError(f"number {number} of {CLASSES[label]} is in no part of VEGAS-5")
