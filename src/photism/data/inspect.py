"""A look at prepared data: pictures beside their log-mels, several of every class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from photism import images
from photism.config import check_seed
from photism.data.card import Card
from photism.data.pairs import PairDataset
from photism.errors import ConfigError
from photism.terminal import printable

_TILES = (96, 128)
_INK, _FAINT = "#1a1a1a", "#767676"
_MOST_PAIRS = 100
"""In a row of a sheet that somebody can still look at."""


def contact_sheet(
    folder: Path, split: str = "train", *, per_class: int = 6, seed: int = 0
) -> Image.Image:
    """Draw pairs of every class, each a log-mel with its picture to the right.

    Args:
        folder: a prepared data set.
        split: which part of it.
        per_class: pairs in a row, drawn at random.
        seed: of the draw.

    Returns:
        An RGB picture: one row a class, low frequencies at the bottom.

    Raises:
        DataError: the folder is no prepared data set, or has no such split.
        ConfigError: no pair in a row, or more than fit on a sheet; or a seed below 0.
    """
    check_seed(seed)
    if not 1 <= per_class <= _MOST_PAIRS:
        raise ConfigError(f"pairs per class must be 1 to {_MOST_PAIRS}, not {per_class}")
    dataset = PairDataset(folder, split, needs=())
    rng = np.random.default_rng(seed)
    tiles: list[Image.Image] = []
    name_size = 34 if max(map(len, dataset.card.classes), default=8) < 4 else 18
    side = _TILES[max(dataset.card.image.shape[:2]) > _TILES[0]]
    for label in np.unique(dataset.labels):
        places = np.flatnonzero(dataset.labels == label)
        rows = rng.choice(places, size=min(per_class, len(places)), replace=False)
        name = dataset.card.classes[label] if label >= 0 else "no label"
        tiles.append(_label(name, name_size, f"{len(places):,} pairs", side))
        tiles += _pairs(dataset, rows, side)
        tiles += [Image.new("RGB", (1, 1), "white")] * (per_class - len(rows))
    return _titled(images.grid(tiles, per_class + 1, gap=10), dataset.card, split, seed)


def _pairs(dataset: PairDataset, rows: np.ndarray, side: int) -> list[Image.Image]:
    pairs = []
    both = "image" in dataset.card.holds
    sounds = dataset.sounds(rows)
    pictures = dataset.images(rows) if both else [None] * len(rows)
    for sound, picture in zip(sounds, pictures, strict=True):
        pair = Image.new("RGB", (2 * side if both else side, side), "white")
        pair.paste(_shown(_sound_picture(sound, dataset.card), side), (0, 0))
        if picture is not None:
            pair.paste(_shown(_stored(picture), side), (side, 0))
        pairs.append(pair)
    return pairs


def _sound_picture(sound: np.ndarray, card: Card) -> Image.Image:
    """Show a stored sound, `(channel, mel_bin, frame)`; one in colour already is left as it is."""
    if sound.shape[0] == 3:
        return _stored(sound.transpose(1, 2, 0))
    low_first = card.front_end_config.get("origin", "top") == "top"
    return images.log_mel_picture(sound[0], low_first=low_first)


def _stored(array: np.ndarray) -> Image.Image:
    """Show `(height, width, channel)` as it is stored: bytes, or floats in [-1, 1]."""
    if array.dtype != np.uint8:
        return images.to_pil(array.astype(np.float32).transpose(2, 0, 1))
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def _shown(picture: Image.Image, side: int) -> Image.Image:
    """Bring a picture to the size of a tile: larger by repeating pixels, smaller by averaging."""
    filter_ = Image.Resampling.LANCZOS if picture.width > side else Image.Resampling.NEAREST
    return picture.convert("RGB").resize((side, side), filter_)


def _label(name: str, size: int, count: str, side: int) -> Image.Image:
    tile = Image.new("RGB", (2 * side, side), "white")
    draw = ImageDraw.Draw(tile)
    draw.text((10, 34), printable(name), _INK, ImageFont.load_default(size), anchor="lm")
    draw.text((10, 66), count, _FAINT, ImageFont.load_default(13), anchor="lm")
    return tile


def _titled(sheet: Image.Image, card: Card, split: str, seed: int) -> Image.Image:
    """Put the name of the data set and how to read the sheet above it."""
    height = 72
    titled = Image.new("RGB", (sheet.width, sheet.height + height), "white")
    titled.paste(sheet.convert("RGB"), (0, height))
    draw = ImageDraw.Draw(titled)
    draw.text((20, 16), f"{card.name} · {split}", _INK, ImageFont.load_default(24))
    front_end = printable(card.front_end)
    beside = " with its picture to the right" if "image" in card.holds else ""
    how = f"log-mel ({front_end}){beside}; drawn with seed {seed}"
    draw.text((20, 48), how, _FAINT, ImageFont.load_default(13))
    return titled
