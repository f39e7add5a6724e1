"""WAV and FLAC that know their origin, and what is said of files that do not."""

from __future__ import annotations

import io
import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutations import mutated

from photism.audio.decode import decode, tags
from photism.audio.write import encode, read_provenance, write_sound
from photism.errors import AudioError, ConfigError, StorageError

KINDS = ("wav", "flac")
PROVENANCE = {
    "description": "scène – 音.png, translated",
    "seed": 3,
    "level_db": None,
    "label": {"name": "oboe", "probability": 0.5},
    "notes": ["a", "b" * 5000],
}


def noise(samples: int = 4000) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32)


def commented(folder: Path, comment: bytes) -> Path:
    """A WAV whose comment somebody else wrote."""
    text = comment + b"\0" * (2 - len(comment) % 2)
    info = b"INFO" + b"ICMT" + struct.pack("<I", len(text)) + text
    chunks = (
        b"WAVE"
        + b"fmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16)
        + b"LIST"
        + struct.pack("<I", len(info))
        + info
        + b"data"
        + struct.pack("<I", 200)
        + bytes(200)
    )
    path = folder / "foreign.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_holds_the_sound_and_its_origin(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"sound.{kind}"
    write_sound(path, noise(), 8000, PROVENANCE)
    assert read_provenance(path) == PROVENANCE
    sound = decode(path)
    assert (sound.rate, sound.samples.shape) == (8000, (1, 4000))
    np.testing.assert_allclose(sound.samples[0], noise(), atol=1.01 / 32_768, rtol=0)
    assert tags(path)["title"] == PROVENANCE["description"]
    samples, rate = soundfile.read(path)  # not by FFmpeg, which wrote it
    assert (rate, len(samples)) == (8000, 4000)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_sound_and_origin_are_the_same_bytes(kind: str) -> None:
    content = encode(noise(), 44_100, kind=kind, provenance=PROVENANCE)
    assert content == encode(noise(), 44_100, kind=kind, provenance=PROVENANCE)
    assert content != encode(noise(), 44_100, kind=kind, provenance={})
    assert b"Lavf" not in content


def test_the_origin_outlives_a_conversion(tmp_path: Path) -> None:
    import av

    write_sound(tmp_path / "sound.wav", noise(), 44_100, PROVENANCE)
    converted = tmp_path / "sound.mka"
    with av.open(tmp_path / "sound.wav") as source, av.open(converted, "w") as out:
        out.metadata.update(source.metadata)
        stream = out.add_stream("flac", rate=44_100, layout="mono")
        for frame in source.decode(audio=0):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert read_provenance(converted) == PROVENANCE


def test_samples_beyond_full_scale_are_clipped_not_wrapped() -> None:
    content = encode(np.array([2.0, -2.0, 0.0], np.float32), 8000, kind="wav")
    assert decode(io.BytesIO(content)).samples[0].tolist() == pytest.approx([1, -1, 0], abs=1e-4)


def test_a_name_that_is_no_text_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    write_sound(path, noise(), 8000, {"description": "caf\udce9.png", "source": "caf\udce9.png"})
    assert read_provenance(path)["source"] == "caf\udce9.png"


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0, np.float32), "one channel of samples"),
        (np.zeros((2, 10), np.float32), r"array of \(2, 10\)"),
        (np.array([0, np.nan], np.float32), "NaN"),
    ],
)
def test_what_is_no_sound_is_not_written(samples: np.ndarray, message: str, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=message):
        write_sound(tmp_path / "sound.wav", samples, 8000)
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="written as wav or flac, not as 'mp3'"):
        write_sound(tmp_path / "sound.mp3", noise(), 8000)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        write_sound(tmp_path / "file" / "sound.wav", noise(), 8000)


def test_a_file_of_others_has_no_origin(tmp_path: Path) -> None:
    path = tmp_path / "plain.flac"
    soundfile.write(path, noise(), 8000)
    with pytest.raises(AudioError, match="has no provenance"):
        read_provenance(path)
    with pytest.raises(AudioError, match="has no provenance"):
        read_provenance(commented(tmp_path, b"recorded at home"))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioError, match="no sound or video"):
        read_provenance(tmp_path / "text.wav")
    with pytest.raises(AudioError, match="does not exist"):
        read_provenance(tmp_path / "absent.wav")


@pytest.mark.parametrize(
    "comment",
    [
        b"{",
        b'{"photism": 3}',
        b'{"other": {}}',
        b'{"photism": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"photism": ' * 50_000 + b"1" + b"}" * 50_000,
        b'{"photism": {"n": 1' + b"0" * 6000 + b"}}",
        b'{"photism": {"\xff\xfe": "\xe9"',
        b'{"photism": {"x": "' + b"y" * 2**20 + b'"}}',
    ],
    ids=["open", "number", "other", "lists", "tables", "digits", "bytes", "huge"],
)
def test_a_damaged_origin_is_one_line(comment: bytes, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="provenance") as caught:
        read_provenance(commented(tmp_path, comment))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_sound_with_tags_in_another_encoding_is_read(tmp_path: Path) -> None:
    path = commented(tmp_path, "enregistré à la maison".encode("latin-1"))
    assert decode(path).samples.shape == (1, 100)
    assert tags(path)["comment"].startswith("enregistr")


def test_json_of_the_comment_is_plain(tmp_path: Path) -> None:
    """Other programs can read it: one table under one key."""
    write_sound(tmp_path / "sound.flac", noise(), 8000, {"seed": 1})
    assert json.loads(tags(tmp_path / "sound.flac")["comment"]) == {"photism": {"seed": 1}}


def refused_of_mutated(folder: Path, seeds: range) -> int:
    """Read the origin of files that chance has damaged; how many were refused in one line."""
    refused = 0
    for seed in seeds:
        rng = random.Random(seed)
        kind = rng.choice(KINDS)
        path = folder / f"sound.{kind}"
        content = encode(noise(300), 8000, kind=kind, provenance={"description": "ä", "a": [{}]})
        path.write_bytes(mutated(content, rng))
        try:
            read_provenance(path)
        except AudioError as error:
            refused += "\n" not in str(error)
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")
    return refused


def test_the_origin_of_mutated_files_is_read_or_refused(tmp_path: Path) -> None:
    assert refused_of_mutated(tmp_path, range(60)) > 10


@pytest.mark.fuzz
def test_the_origin_of_many_mutated_files_is_read_or_refused(tmp_path: Path) -> None:
    assert refused_of_mutated(tmp_path, range(1000, 4000)) > 500
