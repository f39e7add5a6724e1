"""Decoding: every format, whole, in part and in blocks, and whatever a user may call a sound."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest
from real_recordings import encoded

from photism.audio.decode import Sound, decode, resample, stream
from photism.errors import AudioError, ConfigError

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
def test_real_videos(real_data: Path) -> None:
    paths = sorted((real_data / "videos_sample").glob("*/*"))
    assert len(paths) == 30
    for path in paths:
        found = decode(path)
        assert 0.9 < found.duration_s < 11
        assert found.notes == (), path
        assert 0 < np.abs(found.samples).max() <= 1
        part = decode(path, start_s=found.duration_s / 2, duration_s=0.05)
        # The timestamps of some of these files leave gaps of up to 25 ms that decoding closes.
        first, length = round(part.start_s * part.rate), part.samples.shape[1]
        around = found.samples[0, first - 1200 : first + 1200 + length]
        candidates = np.lib.stride_tricks.sliding_window_view(around, length)
        nearest = np.abs(candidates - part.samples[0]).mean(axis=1).min()
        assert nearest < 0.1 * np.abs(part.samples).mean(), path  # AAC fills in random noise
