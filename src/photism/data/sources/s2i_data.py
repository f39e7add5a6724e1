"""s2i-data: what the authors of S2I published, records or pictures of sounds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from photism.data.archives import Member, is_archive, members
from photism.data.fetch import Upstream
from photism.data.progress import track
from photism.data.s2i_records import CLASSES, IMAGE, SOUND, RecordFolder, class_of, find_records
from photism.data.sources.base import PairSource
from photism.data.splits import parts_of
from photism.errors import ConfigError, DataError
from photism.files import walk
from photism.terminal import printable

if TYPE_CHECKING:
    from photism.data.card import Card
    from photism.data.writer import PairWriter

_NAME = re.compile(r"c(\d{3})_s(\d{5})_w(\d{3})\.jpe?g$")
_BLOCK = 256
PICTURES = "pictures"
"""The kind of the spectrograms that lie in a file each."""


@dataclass(frozen=True)
class S2IData(PairSource):
    """Seconds of VEGAS-5 as the authors of S2I published them.

    Records of spectrograms, of spectrograms with frames, of embeddings with frames; or pictures of
    spectrograms, `spectrograms/train/c001_s00000_w000.jpg`, in a folder or a tar file. Spectrograms
    alone train an autoencoder: `photism train s2i --sounds`.

    For example:
      git clone https://github.com/leofanzeres/s2i_data && cd s2i_data && git lfs pull
      photism data prepare s2i-data --from s2i_data --kind spectrograms_to_images
      photism data prepare s2i-data --from s2i_data/audio_visual/embeddings_512_to_images
      photism data prepare s2i-data --from s2i_data_spectrograms.tar --out vegas-sounds
    """

    name: ClassVar[str] = "s2i-data"
    what: ClassVar[str] = "seconds of VEGAS-5 as S2I's authors published them"
    pairs: ClassVar[str] = "48,945 + 5,575 + 6,825"
    licence: ClassVar[str] = "CC BY 4.0 (L. A. Fanzeres, C. Nadeu)"
    upstream: ClassVar[tuple[Upstream, ...]] = ()
    own_files: ClassVar[str] = "a clone of github.com/leofanzeres/s2i_data, or a part of it"

    kind: Literal[
        "auto",
        "pictures",
        "spectrograms_128x100",
        "spectrograms_to_images",
        "embeddings_128",
        "embeddings_256",
        "embeddings_512",
        "embeddings_1024",
        "embeddings_2048",
    ] = "auto"
    """What to take, where there is more than one; `pictures` are spectrograms in a file each."""

    def write(self, raw: Path, folder: Path) -> Card:
        """Make the pairs; see `PairSource.write`."""
        from photism.data.card import Card
        from photism.data.writer import PairWriter

        found, skipped = find_records(raw) if raw.is_dir() else ([], [])
        chosen = self._choose(raw, found, skipped)
        card = self._card(chosen)
        with PairWriter(folder, card) as writer:
            if isinstance(chosen, RecordFolder):
                skipped = [*skipped, *chosen.skipped]
                _write_records(writer, chosen)
            else:
                skipped = [*skipped, *_write_pictures(writer, chosen)]
            left = [f"left out, wholly or in part: {len(skipped):,} files; see skipped"]
            notes = (*card.notes, *(left if skipped else ()))
            writer.card = replace(card, notes=notes, skipped=tuple(skipped))
        return Card.read(folder)

    def _choose(
        self, raw: Path, found: list[RecordFolder], skipped: list[dict[str, str]]
    ) -> RecordFolder | Path:
        """Return the only folder of records, or of the kind wanted; or the place of pictures."""
        kinds: dict[str, list[RecordFolder | Path]] = {}
        for each in found:
            kinds.setdefault(each.kind.name, []).append(each)
        if self.kind in ("auto", PICTURES) and (place := _pictures_in(raw)):
            kinds[PICTURES] = [place]
        wanted = (
            kinds if self.kind == "auto" else {k: v for k, v in kinds.items() if k == self.kind}
        )
        places = [place for each in wanted.values() for place in each]
        if len(places) == 1:
            return places[0]
        if places and self.kind == "auto":
            raise ConfigError(
                f"{printable(raw)} holds {', '.join(sorted(kinds))}: choose one with --kind, or"
                " name its folder with --from"
            )
        if places:
            raise ConfigError(
                f"{printable(raw)} holds {self.kind} in {len(places)} folders: name one"
            )
        has = f"it holds {', '.join(sorted(kinds))}" if kinds else _first(skipped)
        what = "data of S2I" if self.kind == "auto" else self.kind
        raise DataError(f"no {what} in {printable(raw)}{': ' + has if has else ''}")

    def _card(self, chosen: RecordFolder | Path) -> Card:
        from photism.audio.front_ends import front_end
        from photism.data.card import ArraySpec

        front, sound, image = front_end("s2i"), (1, *SOUND), (0, 0, 0)
        dtype, named = "uint8", True
        notes: tuple[str, ...] = ()
        if isinstance(chosen, RecordFolder):
            kind = chosen.kind
            image, named = IMAGE if kind.image else image, kind.long_label
            if kind.embedding:
                sound, dtype = (kind.embedding, 1, 1), "float32"
                notes = ("sounds are embeddings by the authors' encoder, in [-1, 1]",)
        columns = {"video": "string", "window": "int"} if named else {}
        return self.card(
            front,
            image,
            classes=CLASSES,
            sound=ArraySpec(sound, dtype),
            group="video" if named else "key",
            columns=columns,
            notes=notes,
        )


def _first(skipped: Sequence[dict[str, str]]) -> str:
    """Say why nothing could be used, by the first file and how many are like it."""
    if not skipped:
        return ""
    more = f", and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
    return "{file} {reason}".format(**skipped[0]) + more


def _write_records(writer: PairWriter, found: RecordFolder) -> None:
    """Copy records, block by block."""
    kind = found.kind
    for split in found.files:
        records, done = found.records(split), 0
        for block in track(records.blocks(_BLOCK), "blocks", -(-len(records) // _BLOCK)):
            keys, columns = _named(block["label"], split, done)
            sound = block["sound"][:, None] if kind.sound else block["embedding"][:, :, None, None]
            writer.write(
                split,
                sound=np.ascontiguousarray(sound),
                image=np.ascontiguousarray(block["image"]) if kind.image else None,
                label=class_of(block["label"]),
                key=keys,
                columns=columns,
            )
            done += len(block)


def _named(labels: np.ndarray, split: str, first: int) -> tuple[list[str], dict[str, Any]]:
    """Return keys, and video and window where labels `(record, byte)` tell them."""
    if labels.shape[1] == 1:
        return [f"{split}/{first + row:06d}" for row in range(len(labels))], {}
    texts = [bytes(label).decode("ascii") for label in labels]
    videos = [f"c{text[:3]}_s{text[3:8]}" for text in texts]
    windows = [int(text[8:]) for text in texts]
    keys = [f"{video}_w{text[8:]}" for video, text in zip(videos, texts, strict=True)]
    return keys, {"video": videos, "window": windows}


def _pictures_in(raw: Path) -> Path | None:
    """Return the folder or archive with spectrograms in a file each."""
    if raw.is_file():
        return raw if is_archive(raw) else None
    archives = []
    for path in sorted(walk(raw)):
        if _NAME.search(path.name):
            return raw
        if is_archive(path) and "spectrogram" in path.name:
            archives.append(path)
    return archives[0] if archives else None


def _write_pictures(writer: PairWriter, place: Path) -> list[dict[str, str]]:
    """Write spectrograms, each from its own file; return those left out.

    A DataError tells a video that is in two parts of the split, or that there is none at all.
    """
    skipped: list[dict[str, str]] = []
    parts: dict[str, str] = {}
    waiting: dict[str, list[tuple[re.Match[str], np.ndarray]]] = {}
    count = 0
    for match, split, member in track(_spectrograms(place), "spectrograms"):
        video = f"c{match[1]}_s{match[2]}"
        try:
            if parts.setdefault(video, split) != split:
                raise DataError(f"its video lies in {parts[video]} and in {split}")
            pixels = _spectrogram(member, int(match[1]))
        except DataError as error:
            skipped.append({"file": printable(member.name), "reason": str(error)})
            continue
        waiting.setdefault(split, []).append((match, pixels))
        count += 1
        if len(waiting[split]) == _BLOCK:
            _write_block(writer, split, waiting.pop(split))
    for split, block in waiting.items():
        _write_block(writer, split, block)
    if not count:
        raise DataError(f"no spectrogram of S2I in {printable(place)}: {_first(skipped) or 'none'}")
    return skipped


def _spectrograms(place: Path) -> Iterator[tuple[re.Match[str], str, Member]]:
    """Yield files that are named like spectrograms, with the part of the split they lie in."""
    for member in members(place):
        if match := _NAME.search(member.name):
            yield match, parts_of(Path(member.name).parent)[0] or "train", member


def _spectrogram(member: Member, code: int) -> np.ndarray:
    """Read one picture, `(128, 100)` uint8; a DataError says what is wrong with it."""
    from PIL import Image

    if not 1 <= code <= len(CLASSES):
        raise DataError(f"class c{code:03d} is none of c001 to c{len(CLASSES):03d}")
    try:
        with Image.open(io.BytesIO(member.read()), formats=("JPEG",)) as picture:
            size, pixels = picture.size, np.asarray(picture.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"is no whole JPEG: {printable(str(error))}") from error
    if pixels.shape != SOUND:
        raise DataError(f"is {size[0]} × {size[1]} pixels, not {SOUND[1]} × {SOUND[0]}")
    return pixels


def _write_block(
    writer: PairWriter, split: str, block: list[tuple[re.Match[str], np.ndarray]]
) -> None:
    writer.write(
        split,
        sound=np.stack([pixels for _, pixels in block])[:, None],
        label=np.array([int(match[1]) - 1 for match, _ in block]),
        key=[match[0].rpartition(".")[0] for match, _ in block],
        columns={
            "video": [f"c{match[1]}_s{match[2]}" for match, _ in block],
            "window": [int(match[3]) for match, _ in block],
        },
    )
