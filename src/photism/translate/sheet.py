"""The contact sheet of a film: its pictures side by side, however long it is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from photism import images

MOST = 120
"""Pictures on a sheet; of more, every second, every fourth and so on stands there."""
COLUMNS = 10
SIDE = 96
"""Longer side of a picture on the sheet, in pixels."""


class ContactSheet:
    """Pictures at even distances in time; holds at most `most` of them.

    Args:
        every_s: time from one picture to the next.
        most: an even number.
    """

    def __init__(self, every_s: Fraction, most: int = MOST) -> None:
        self.every_s, self.most = every_s, most
        self.stride = 1
        self._seen = 0
        self._kept: list[Image.Image] = []

    def add(self, picture: Image.Image) -> None:
        """Add the picture that comes next."""
        if self._seen % self.stride == 0:
            if len(self._kept) == self.most:
                self._kept, self.stride = self._kept[::2], 2 * self.stride
            shown = images.enlarge(picture, SIDE)
            shown.thumbnail((SIDE, SIDE))
            self._kept.append(shown)
        self._seen += 1

    def save(self, path: Path, provenance: Mapping[str, Any]) -> None:
        """Write the sheet as a PNG, each picture above its time.

        Args:
            path: the file.
            provenance: of the film.

        Raises:
            StorageError: the file cannot be written.
        """
        step_s = self.every_s * self.stride
        labels = [clock(number * step_s) for number in range(len(self._kept))]
        images.write_png(path, images.grid(self._kept, COLUMNS, labels=labels), provenance)


def clock(time_s: Fraction) -> str:
    """Return a time for people, such as 7.5 s, 1:05 or 1:02:05."""
    if time_s < 60:
        return f"{float(time_s):.4g} s"
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
