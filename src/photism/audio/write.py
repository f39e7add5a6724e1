"""Sounds as WAV or FLAC that know their origin, and the origin of such files.

The provenance is the comment of the file, as JSON under the key `photism`: the chunk LIST INFO
ICMT of a WAV, a Vorbis comment of a FLAC. Programs that convert a sound keep its comment, so what
was converted can still be told from what was recorded.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

from photism.audio.decode import tags
from photism.errors import AudioError, ConfigError
from photism.files import parse_json, write_bytes

PROVENANCE = "photism"
"""Key of the JSON that holds the provenance."""
CODECS = {"wav": "pcm_s16le", "flac": "flac"}
"""Kinds of files that can be written, all of 16 bits, and FFmpeg's names of their codecs."""
_FULL_SCALE = 2**15
_MAX_CHARACTERS = 2**20  # of a comment; our own have some thousand
_EXACT = {"fflags": "+bitexact"}  # leaves out the version of FFmpeg


def encode(
    samples: np.ndarray, rate: int, *, kind: str, provenance: Mapping[str, Any] | None = None
) -> bytes:
    """Encode a sound with its provenance; the bytes depend on both alone.

    Args:
        samples: `(sample,)` in [-1, 1], rounded to 16 bits; values outside are clipped.
        rate: samples per second.
        kind: "wav" or "flac".
        provenance: values that JSON can hold; "description" is a sentence for people, which
            players show as the title.

    Returns:
        The content of a file.

    Raises:
        AudioError: no samples, not one channel, or values that are not numbers.
        ConfigError: another kind.
    """
    import av

    if kind not in CODECS:
        raise ConfigError(f"sounds are written as {' or '.join(CODECS)}, not as {kind!r}")
    if samples.ndim != 1 or not len(samples):
        raise AudioError(f"one channel of samples is written, not an array of {samples.shape}")
    if not np.isfinite(samples).all():
        raise AudioError("samples that are not numbers (NaN or infinite) cannot be written")
    whole = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    file = io.BytesIO()
    with av.open(file, "w", format=kind, container_options=_EXACT) as container:
        container.metadata.update(tags_of(provenance))
        stream = cast("AudioStream", container.add_stream(CODECS[kind], rate=rate, layout="mono"))
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def tags_of(provenance: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags of a file, by FFmpeg's names."""
    if provenance is None:
        return {}
    # JSON in ASCII: no two programs agree on the encoding of tags in a WAV.
    tagged = {"comment": json.dumps({PROVENANCE: dict(provenance)})}
    if "description" in provenance:
        title = str(provenance["description"])
        tagged["title"] = title.encode("utf-8", "backslashreplace").decode("utf-8")
    return tagged


def write_sound(
    path: Path, samples: np.ndarray, rate: int, provenance: Mapping[str, Any] | None = None
) -> None:
    """Write a WAV or FLAC with its provenance, complete or not at all.

    Args:
        path: the file; its ending decides the kind, its folder is made where it is missing.
        samples: `(sample,)` in [-1, 1].
        rate: samples per second.
        provenance: as for `encode`.

    Raises:
        AudioError: as `encode`.
        ConfigError: another ending than .wav or .flac.
        StorageError: the disk is full or the folder is not writable.
    """
    kind = path.suffix.lower().removeprefix(".")
    write_bytes(path, encode(samples, rate, kind=kind, provenance=provenance))


def read_provenance(path: Path) -> dict[str, Any]:
    """Read what made a sound from the file that photism wrote, or from a copy in another format.

    Args:
        path: the file.

    Returns:
        What `encode` was given as provenance.

    Raises:
        AudioError: it cannot be read, is no sound, or was not written by photism.
    """
    comment = tags(path).get("comment", "")
    if len(comment) > _MAX_CHARACTERS:
        raise AudioError(f"{path} carries no provenance but a comment of {len(comment):,} letters")
    if not comment.lstrip().startswith("{"):
        raise AudioError(
            f"{path} has no provenance: photism did not write it, or something edited it"
        )
    try:
        content = parse_json(comment)
        if not isinstance(content, dict) or not isinstance(content.get(PROVENANCE), dict):
            raise ValueError(f"no table {PROVENANCE!r}")
    except ValueError as error:
        raise AudioError(f"{path} carries a damaged provenance: {error}") from error
    return content[PROVENANCE]
