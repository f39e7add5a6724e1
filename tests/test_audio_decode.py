"""Decoding: every format, whole, in part and in blocks, and whatever a user may call a sound."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest
from av.stream import Disposition
from real_recordings import encoded

from photism.audio.decode import Sound, decode, resample, stream
from photism.audio.track import TrackDecoder
from photism.errors import AudioError, ConfigError
from photism.terminal import printable

RATE = 22_050
WAV_STEPS = {
    "PCM_U8": 2**-7,
    "PCM_16": 2**-15,
    "PCM_24": 2**-23,
    "PCM_32": 2**-24,
    "FLOAT": 1e-7,
    "DOUBLE": 1e-7,
    "ULAW": 0.05,
    "ALAW": 0.05,
    "MS_ADPCM": 0.1,
}
"""How far a sample may be from the one that was stored."""
OTHERS = {
    ("FLAC", "PCM_16"): 2**-15,
    ("FLAC", "PCM_24"): 2**-23,
    ("AIFF", "PCM_16"): 2**-15,
    ("AU", "PCM_16"): 2**-15,
    ("CAF", "PCM_24"): 2**-23,
    ("W64", "PCM_16"): 2**-15,
    ("RF64", "PCM_16"): 2**-15,
    ("OGG", "VORBIS"): 0.1,
    ("MP3", "MPEG_LAYER_III"): 0.1,
}


def melody(seconds: float = 1.0, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """Tones that glide up, another in each channel, `(channel, sample)` below 0.5."""
    time_s = np.arange(round(seconds * rate)) / rate
    pitch_hz = 200 * (1 + np.arange(channels))[:, None] + 50 * time_s
    return (0.4 * np.sin(2 * np.pi * pitch_hz * time_s)).astype(np.float32)


def muxed(
    samples: np.ndarray,
    rate: int,
    kind: str,
    codec: str,
    *,
    video: bool = False,
    sound: bool = True,
) -> bytes:
    """A container with a sound and perhaps a moving picture, by FFmpeg."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        streams = []
        if video:
            pictures = container.add_stream("mpeg4", rate=10)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            greys = [np.full((64, 64, 3), grey, np.uint8) for grey in range(0, 250, 25)]
            streams.append((pictures, [av.VideoFrame.from_ndarray(grey) for grey in greys]))
        if sound:
            track = container.add_stream(codec, rate=rate)
            track.layout = "stereo"
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.rate = rate
            streams.append((track, [frame]))
        for track, frames in streams:
            for frame in (*frames, None):
                container.mux(track.encode(frame))
    return file.getvalue()


class Pipe(io.RawIOBase):
    """A stream that only goes forward, like standard input."""

    name = "<stdin>"

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._content.readinto(buffer)


def near(found: Sound, samples: np.ndarray, tolerance: float) -> None:
    assert found.samples.dtype == np.float32
    assert found.samples.shape[0] == len(samples)
    assert found.samples.shape[1] >= samples.shape[1]
    assert np.abs(found.samples[:, : samples.shape[1]] - samples).max() <= tolerance


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("subtype", WAV_STEPS)
def test_wav_of_every_sample_format(subtype: str, channels: int) -> None:
    if subtype == "MS_ADPCM" and channels > 2:
        return
    samples = melody(channels=channels)
    found = decode(io.BytesIO(encoded(samples, RATE, "WAV", subtype)))
    near(found, samples, WAV_STEPS[subtype])
    assert found.rate == RATE
    assert found.notes == ()


@pytest.mark.parametrize(("kind", "subtype"), OTHERS)
def test_other_sound_files(kind: str, subtype: str) -> None:
    samples = melody()
    found = decode(io.BytesIO(encoded(samples, RATE, kind, subtype)))
    near(found, samples, OTHERS[kind, subtype])
    assert found.duration_s == pytest.approx(1.0, abs=0.02)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("kind", "codec", "video"),
    [
        ("mp4", "aac", False),
        ("mp4", "aac", True),
        ("ogg", "libopus", False),
        ("matroska", "libopus", True),
        ("webm", "libopus", False),
        ("avi", "mp3", True),
        ("mpegts", "aac", True),
    ],
)
def test_compressed_sound_and_video(kind: str, codec: str, video: bool) -> None:
    samples = melody(rate=48_000)
    found = decode(io.BytesIO(muxed(samples, 48_000, kind, codec, video=video)))
    assert found.rate == 48_000
    assert found.samples.shape[0] == 2
    assert found.duration_s == pytest.approx(1.0, abs=0.06)  # padded to whole packets
    spectrum = np.abs(np.fft.rfft(found.samples[0, 10_000:30_000] * np.hanning(20_000)))
    assert np.argmax(spectrum) * 48_000 / 20_000 == pytest.approx(240, abs=20)


def test_192_khz_and_eight_channels() -> None:
    samples = melody(0.2, 192_000, 8)
    found = decode(io.BytesIO(encoded(samples, 192_000, "WAV", "PCM_24")))
    near(found, samples, 2**-23)
    assert found.rate == 192_000
    assert found.mono() == pytest.approx(samples.mean(0), abs=1e-6)


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really-an-mp3.wav"
    path.write_bytes(encoded(melody(), RATE, "MP3"))
    assert decode(path).duration_s == pytest.approx(1.0, abs=0.01)
    assert decode(str(path)).source == str(path)


def test_standard_input_needs_no_seeking() -> None:
    content = muxed(melody(rate=48_000), 48_000, "mp4", "aac")  # its index is at the end
    found = decode(Pipe(content))  # type: ignore[arg-type]
    assert found.source == "<stdin>"
    assert found.duration_s == pytest.approx(1.0, abs=0.06)


SEEKABLE: dict[str, tuple[str, str]] = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "vorbis": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


@pytest.fixture(params=[*SEEKABLE, "m4a", "mkv", "opus"])
def long_sound(request: pytest.FixtureRequest) -> BinaryIO:
    """Ten seconds in a format whose packets lean on each other."""
    samples = melody(10, 48_000)
    if request.param in SEEKABLE:
        return io.BytesIO(encoded(samples, 48_000, *SEEKABLE[request.param]))
    kind, codec = {
        "m4a": ("mp4", "aac"),
        "mkv": ("matroska", "libopus"),
        "opus": ("ogg", "libopus"),
    }[request.param]
    return io.BytesIO(muxed(samples, 48_000, kind, codec, video=request.param == "mkv"))


@pytest.mark.parametrize("start_s", [0.0, 0.25, 3.3, 7.0])
def test_a_part_is_the_same_as_in_the_whole(long_sound: BinaryIO, start_s: float) -> None:
    whole = decode(long_sound)
    long_sound.seek(0)
    part = decode(long_sound, start_s=start_s, duration_s=1.5)
    first = round(start_s * whole.rate)
    expected = whole.samples[:, first : first + round(1.5 * whole.rate)]
    assert part.start_s == start_s
    assert part.samples.shape == expected.shape
    assert np.abs(part.samples - expected).max() < 1e-3


def test_blocks_make_up_the_whole(long_sound: BinaryIO) -> None:
    whole = decode(long_sound)
    long_sound.seek(0)
    blocks = list(stream(long_sound, block_s=0.7))
    assert np.array_equal(np.concatenate([b.samples for b in blocks], axis=1), whole.samples)
    assert [b.duration_s for b in blocks[:-1]] == pytest.approx([0.7] * (len(blocks) - 1))
    assert [b.start_s for b in blocks] == pytest.approx([0.7 * i for i in range(len(blocks))])


def test_reading_beyond_the_end() -> None:
    content = encoded(melody(), RATE, "WAV")
    assert decode(io.BytesIO(content), start_s=0.8, duration_s=5).duration_s == pytest.approx(0.2)
    with pytest.raises(AudioError, match="holds no samples after 3 s"):
        decode(io.BytesIO(content), start_s=3)


@pytest.fixture
def whole_day(tmp_path: Path) -> Path:
    """24 hours of silence in a file that takes no room, but for a click near the end."""
    rate, path = 8000, tmp_path / "day.wav"
    size = 24 * 3600 * rate * 2
    header = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", size + 36, b"WAVEfmt ", 16, 1, 1, rate,
                         2 * rate, 2, 16, b"data", size)  # fmt: skip
    with path.open("wb") as file:
        file.write(header)
        file.truncate(44 + size)
        file.seek(44 + 2 * (86_000 * rate + 100))
        file.write(struct.pack("<h", 16_384))
    return path


def test_a_whole_day_is_refused_at_once_but_any_part_is_read(whole_day: Path) -> None:
    with pytest.raises(AudioError, match=r"lasts 86,400 s; at most 600 s .* choose a part"):
        decode(whole_day)
    part = decode(whole_day, start_s=86_000, duration_s=1)
    assert np.flatnonzero(part.samples[0]).tolist() == [100]
    assert part.samples[0, 100] == 0.5


def test_a_whole_day_is_streamed(whole_day: Path) -> None:
    blocks: Iterator[Sound] = stream(whole_day, block_s=60)
    first, second = next(blocks), next(blocks)
    assert (first.start_s, second.start_s) == (0, 60)
    assert second.samples.shape == (1, 480_000)


def test_a_length_that_no_header_tells_is_still_limited() -> None:
    content = muxed(melody(3, 48_000), 48_000, "matroska", "libopus")
    with pytest.raises(AudioError, match="at most 2 s are read at once"):
        decode(io.BytesIO(content), max_s=2)
    assert decode(io.BytesIO(content), max_s=2, duration_s=2.5).duration_s == 2.5


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("MP3", None), ("AIFF", None)],
)
def test_a_truncated_file_gives_what_there_is_and_says_so(kind: str, subtype: str | None) -> None:
    content = encoded(melody(4), RATE, kind, subtype)
    found = decode(io.BytesIO(content[: len(content) // 2]))
    assert 1 < found.duration_s < 3
    assert any(note.startswith("truncated") for note in found.notes)


def test_a_truncated_vorbis_gives_what_there_is() -> None:
    content = encoded(melody(20), RATE, "OGG", "VORBIS")
    assert 1 < decode(io.BytesIO(content[: len(content) // 2])).duration_s < 19


def test_damage_in_the_middle_costs_no_more_than_itself() -> None:
    content = bytearray(encoded(melody(4), RATE, "FLAC"))
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    found = decode(io.BytesIO(bytes(content)))
    assert 2.5 < found.duration_s <= 4
    assert found.notes


def test_samples_beyond_full_scale_are_clipped_and_noted() -> None:
    found = decode(io.BytesIO(encoded(10 * melody(), RATE, "WAV", "FLOAT")))
    assert np.abs(found.samples).max() == 1
    assert found.notes == ("clipped: samples reach 4 times full scale",)


NOT_SOUNDS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "text": (b"this is not a sound\n" * 50, "is no sound or video|has no sound"),
    "zeros": (bytes(5000), "is no sound or video that can be read"),
    "header of a wav": (encoded(melody(), RATE, "WAV")[:20], "is no sound or video"),
    "wav without samples": (encoded(melody(0), RATE, "WAV"), "holds no samples"),
    "half an mp4": (muxed(melody(rate=48_000), 48_000, "mp4", "aac")[:9000], "is no sound"),
    "silent film": (muxed(melody(), RATE, "mp4", "", video=True, sound=False), "only video"),
}


@pytest.mark.parametrize("what", NOT_SOUNDS)
def test_what_is_no_sound_is_told_in_one_line(what: str, tmp_path: Path) -> None:
    content, message = NOT_SOUNDS[what]
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=message) as raised:
        decode(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)
    with pytest.raises(AudioError, match=message):
        next(stream(path))


@pytest.mark.parametrize("riff", [0xFFFFFFFF, 0x7FFFF024, 0x80000024, 0xFFFFFFDB + 8, 0])
def test_lengths_that_nobody_knew_are_not_missed(riff: int) -> None:
    """As FFmpeg, SoX, arecord and others write them into a pipe."""
    samples = melody()
    content = bytearray(encoded(samples, RATE, "WAV"))
    place = content.index(b"data") + 4
    content[4:8] = struct.pack("<I", riff)
    content[place : place + 4] = struct.pack("<I", riff and min(riff - 36, 0xFFFFFFFF))
    for found in (decode(io.BytesIO(content)), decode(Pipe(bytes(content)))):  # type: ignore[arg-type]
        near(found, samples, 2**-15)
        assert found.samples.shape == samples.shape
        assert found.notes == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipes(tmp_path: Path) -> None:
    content = muxed(melody(rate=48_000), 48_000, "mp4", "aac")  # its index is at the end
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(content))
    writer.start()
    found = decode(path)
    writer.join()
    assert found.source == str(path)
    assert np.array_equal(found.samples, decode(io.BytesIO(content)).samples)


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="this system has no /dev/stdin")
def test_standard_input_by_its_path() -> None:
    script = "from photism.audio.decode import decode; print(decode('/dev/stdin').duration_s)"
    content = encoded(melody(), RATE, "FLAC")
    said = subprocess.run(
        [sys.executable, "-c", script], input=content, capture_output=True, check=True
    )
    assert float(said.stdout) == 1.0


@pytest.mark.parametrize("start_s", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_an_open_file_is_read_from_where_it_stands(kind: str, start_s: float) -> None:
    content = encoded(melody(), RATE, kind)
    expected = decode(io.BytesIO(content), start_s=start_s)
    file = io.BytesIO(b"something else" * 100 + content)
    file.name = "archive"
    file.seek(1400)
    found = decode(file, start_s=start_s)
    assert np.array_equal(found.samples, expected.samples)
    assert found.source == "archive from byte 1,400 on"
    assert found.notes == ()


def test_open_files_that_hold_no_sound_from_there_on(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(encoded(melody(), RATE, "WAV"))
    with path.open("rb") as file:
        file.read()
        with pytest.raises(AudioError, match=r"a\.wav from byte [\d,]+ on is empty"):
            decode(file)
        file.seek(20)
        with pytest.raises(AudioError, match=r"a\.wav from byte 20 on is no sound"):
            decode(file)
    with pytest.raises(AudioError, match=r"a\.wav cannot be read: .*closed"):
        decode(file)
    with path.open(encoding="latin-1") as text, pytest.raises(AudioError, match="open as text"):
        decode(text)  # type: ignore[arg-type]
    with path.open("r+b", buffering=0) as raw:
        assert decode(raw).duration_s == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9.wav", "Füße 音.wav".encode(), b"n" * 251 + b".wav", b"a\nb\x1b[2J.wav", b"wav"],
)
def test_files_with_any_name(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    try:
        path.write_bytes(encoded(melody(), RATE, "WAV"))
    except OSError:
        pytest.skip("the file system does not take this name")
    for source in (path, str(path)):
        found = decode(source)
        assert found.duration_s == 1.0
        assert "\n" not in found.source
        found.source.encode("utf-8")  # so that it can be printed and stored
    path.write_bytes(b"no sound")
    with pytest.raises(AudioError) as raised:
        decode(path)
    assert printable(path.name) in str(raised.value)


def test_names_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be opened: File name too long"):
        decode(tmp_path / ("n" * 300))
    with pytest.raises(AudioError, match="cannot be read: embedded null byte"):
        decode("a\0b.wav")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no devices")
def test_a_device_is_no_sound() -> None:
    with pytest.raises(AudioError, match="/dev/zero is a device, not a sound"):
        decode("/dev/zero")


def two_tracks(marks: list[Disposition]) -> bytes:
    """A film's sound in tracks of rising loudness: silence, then 0.25, then 0.5."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        tracks = [container.add_stream("pcm_s16le", rate=48_000, layout="mono") for _ in marks]
        for track, mark in zip(tracks, marks, strict=True):
            track.disposition = mark
        for number, track in enumerate(tracks):
            level = np.full((1, 48_000), number * 2**13, np.int16)
            frame = av.AudioFrame.from_ndarray(level, "s16", "mono")
            frame.rate, frame.pts = 48_000, 0
            for given in (frame, None):
                container.mux(track.encode(given))
    return file.getvalue()


NONE, DEFAULT, COMMENT = Disposition(0), Disposition.default, Disposition.comment


@pytest.mark.parametrize(
    ("marks", "level", "note"),
    [
        ([NONE, DEFAULT], 0.25, "2 sound tracks: the second, marked as default, is read"),
        ([NONE, NONE], 0.0, "2 sound tracks: the first is read"),
        ([DEFAULT, DEFAULT], 0.0, "2 sound tracks: the first is read"),
        ([COMMENT, NONE, NONE], 0.25, "3 sound tracks: the second is read"),
        ([NONE, COMMENT, DEFAULT], 0.5, "3 sound tracks: the third, marked as default, is read"),
        ([DEFAULT], 0.0, None),
    ],
)
def test_the_track_that_players_take(
    marks: list[Disposition], level: float, note: str | None
) -> None:
    found = decode(io.BytesIO(two_tracks(marks)))
    assert found.samples.mean() == pytest.approx(level, abs=1e-3)
    assert found.notes == ((note,) if note else ())


def test_channels_that_cancel_each_other_are_noted() -> None:
    left = melody(channels=1)[0]
    antiphase = decode(io.BytesIO(encoded(np.stack([left, -left]), RATE, "WAV", "FLOAT")))
    assert antiphase.notes == ("the channels cancel each other: mixed into one they are silence",)
    nearly = decode(io.BytesIO(encoded(np.stack([left, -0.9 * left]), RATE, "WAV", "FLOAT")))
    assert nearly.notes == (
        "the channels cancel each other: mixed into one they are 26 dB quieter",
    )
    for other in (left, 0 * left, melody(channels=2)[1]):
        channels = np.stack([left, other])
        assert decode(io.BytesIO(encoded(channels, RATE, "WAV", "FLOAT"))).notes == ()
    one_of_eight = np.zeros((8, RATE), np.float32)
    one_of_eight[3] = left
    assert decode(io.BytesIO(encoded(one_of_eight, RATE, "WAV", "FLOAT"))).notes == ()


def test_tags_in_another_encoding_keep_no_sound_from_being_heard() -> None:
    samples = melody()
    tag = b"INFOINAM\x06\0\0\0caf\xe9s\0"
    content = encoded(samples, RATE, "WAV")
    content += b"LIST" + struct.pack("<I", len(tag)) + tag
    content = content[:4] + struct.pack("<I", len(content) - 8) + content[8:]
    near(decode(io.BytesIO(content)), samples, 2**-15)


@pytest.mark.parametrize(
    "raised",
    [
        AttributeError("'NoneType' object has no attribute 'rate'"),
        MemoryError(),
        OverflowError("Python int too large to convert to C long"),
        OSError(5, "Input/output error"),
        UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "unexpected end of data"),
        ValueError("in two\nlines"),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("place", ["__init__", "whole", "_frames", "_packets"])
def test_whatever_a_damaged_file_does_to_its_decoder_is_one_line(
    raised: Exception, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(encoded(melody(), RATE, "WAV"))

    def fails(*_: object) -> None:
        raise raised

    monkeypatch.setattr(TrackDecoder, place, fails)
    for read in (decode, lambda source: list(stream(source))):
        with pytest.raises(AudioError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path} cannot be read: ")
        assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        decode(tmp_path / "nowhere.wav")
    with pytest.raises(AudioError, match="is a folder, not a sound"):
        decode(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_numbers(value: float) -> None:
    samples = melody(2)
    samples[1, 40_000] = value
    with pytest.raises(AudioError, match=r"samples near 1\.\d\d s are not numbers"):
        decode(io.BytesIO(encoded(samples, RATE, "WAV", "FLOAT")))


def test_times_that_cannot_be() -> None:
    content = encoded(melody(), RATE, "WAV")
    with pytest.raises(ConfigError, match="cannot be read from -1 s on"):
        decode(io.BytesIO(content), start_s=-1)
    with pytest.raises(ConfigError, match="0 s of a sound cannot be read"):
        decode(io.BytesIO(content), duration_s=0)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(encoded(melody(), RATE, "WAV"))
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.wav\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(AudioError):
        decode(playlist)
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile secret.wav\n")
    with pytest.raises(AudioError):
        decode(tmp_path / "list.ffconcat")


def test_resampling_keeps_the_pitch() -> None:
    samples = melody(1, 44_100)
    found = resample(samples, 44_100, 8000)
    assert found.shape == (2, 8000)
    assert found.dtype == np.float32
    assert np.argmax(np.abs(np.fft.rfft(found[1]))) == pytest.approx(450, abs=50)
    assert resample(samples[0], 44_100, 16_000).shape == (16_000,)
    assert resample(samples, 8000, 8000) is samples


@pytest.mark.data
@pytest.mark.parametrize("near_s", [30.0, 1.5])
def test_real_videos(real_data: Path, near_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of them have stamps that jitter by 20 ms."""
    monkeypatch.setattr("photism.audio.decode._NEAR_S", near_s)
    paths = sorted((real_data / "videos_sample").glob("*/*"))
    assert len(paths) == 30
    for path in paths:
        found = decode(path)
        assert 0.9 < found.duration_s < 11
        assert found.notes == (), path
        assert found.samples.shape[1] == counted(path)
        assert 0 < np.abs(found.samples).max() <= 1
        part = decode(path, start_s=found.duration_s / 2, duration_s=0.1)
        first, length = round(part.start_s * part.rate), part.samples.shape[1]
        around = found.samples[0, first - part.rate // 1000 : first + part.rate // 1000 + length]
        candidates = np.lib.stride_tricks.sliding_window_view(around, length)
        nearest = np.abs(candidates - part.samples[0]).mean(axis=1).min()
        assert nearest < 0.1 * np.abs(part.samples).mean(), path  # AAC fills in random noise


def counted(path: Path) -> int:
    """Samples that FFmpeg decodes, joined as they come."""
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(container.streams.audio[0]))
