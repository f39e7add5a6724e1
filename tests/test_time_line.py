"""One time line: a whole read, a read from a start, gaps and frames mean the same moment."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from chirps import RATE, chirp, edited, moment, stamped, told
from real_recordings import encoded

from photism.audio import decode as decoding
from photism.audio.decode import Sound, decode, stream

PRIMING_S = 0.03
"""What an encoder may put before the sound where the container cannot say so, and a frame."""


def plain(kind: str, subtype: str, seconds: float = 6.0) -> bytes:
    return encoded(chirp(seconds), RATE, kind, subtype)


KINDS: dict[str, Callable[[], bytes]] = {
    "wav": partial(plain, "WAV", "PCM_16"),
    "rf64": partial(plain, "RF64", "PCM_24"),
    "w64": partial(plain, "W64", "PCM_16"),
    "aiff": partial(plain, "AIFF", "PCM_16"),
    "caf": partial(plain, "CAF", "PCM_16"),
    "flac": partial(plain, "FLAC", "PCM_16"),
    "vorbis": partial(plain, "OGG", "VORBIS"),
    "mp3": partial(plain, "MP3", "MPEG_LAYER_III"),
    "mp3 without a header": partial(told, "mp3", "mp3", options={"write_xing": "0"}),
    "m4a": partial(told, "ipod", "aac"),
    "alac": partial(told, "ipod", "alac"),
    "fragments": partial(told, "mp4", "aac", options={"movflags": "empty_moov+frag_keyframe"}),
    "adts": partial(told, "adts", "aac"),
    "opus": partial(told, "ogg", "libopus"),
    "webm": partial(told, "webm", "libopus"),
    "mkv": partial(told, "matroska", "aac"),
    "mpegts": partial(told, "mpegts", "aac", fps=10),
    "mpeg": partial(told, "mpeg", "mp2", fps=25),
    "flv": partial(told, "flv", "aac", rate=44_100),
    "avi": partial(told, "avi", "mp3", fps=10),
    "ac3": partial(told, "ac3", "ac3"),
    "ac3 at 44.1 kHz": partial(told, "ac3", "ac3", rate=44_100),
    "eac3": partial(told, "eac3", "eac3"),
    "mkv ac3": partial(told, "matroska", "ac3", rate=44_100),
    "wma": partial(told, "asf", "wmav2", rate=44_100),
    "ima adpcm": partial(told, "wav", "adpcm_ima_wav"),
    "ms adpcm": partial(told, "wav", "adpcm_ms"),
    "yamaha adpcm": partial(told, "wav", "adpcm_yamaha"),
    "qt adpcm": partial(told, "mov", "adpcm_ima_qt"),
    "g722": partial(told, "wav", "g722", rate=16_000),
    "wavpack": partial(told, "wv", "wavpack"),
    "chained vorbis": lambda: 2 * plain("OGG", "VORBIS", 3.0),
    "chained opus": lambda: told("ogg", "libopus", seconds=3) + told("ogg", "libopus", seconds=3),
    "chained flac": lambda: plain("FLAC", "PCM_16", 3.0) + plain("FLAC", "PCM_16", 3.0),
    "chained mp3": lambda: 2 * plain("MP3", "MPEG_LAYER_III", 3.0),
    "chained mpegts": lambda: 2 * told("mpegts", "aac", seconds=3),
    "cut in the middle": lambda: edited(told("mp4", "aac", seconds=9), [(2, 1), (4, 4.0)]),
    "delayed": lambda: edited(told("mp4", "aac"), [(0.7, -1), (5, 0.5)]),
    "silence put in": lambda: edited(told("mp4", "aac"), [(2, 0.5), (0.5, -1), (3, 2.0)]),
    "mp4 with gaps": partial(told, "mp4", "aac", gaps=[(1, 1.5), (3, 3.07)]),
    "mkv with gaps": partial(told, "matroska", "aac", gaps=[(1, 1.5), (3, 3.07)], rate=44_100),
    "webm with gaps": partial(told, "webm", "libopus", gaps=[(1, 1.5), (3, 3.07)]),
    "mpegts with gaps": partial(told, "mpegts", "ac3", gaps=[(1, 1.5), (3, 3.07)], fps=10),
    "ogg with gaps": partial(told, "ogg", "libopus", gaps=[(1, 1.5), (3, 3.07)]),
    "jitter": partial(told, "matroska", "aac", jitter=lambda t: round(50 * t) / 50 - t),
}


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_start_is_the_moment_of_the_whole(
    kind: str, far: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if far:  # what is done for starts far into a sound
        monkeypatch.setattr(decoding, "_NEAR_S", 1.2)
    content = KINDS[kind]()
    whole = decode(io.BytesIO(content))
    for start_s in (0.5, 1.6, 2.4, 3.5, 4.75):
        part = decode(io.BytesIO(content), start_s=start_s, duration_s=0.2)
        first = round(start_s * whole.rate)
        expected = whole.samples[0, first : first + part.samples.shape[1]]
        assert part.start_s == start_s
        late_s = moment(part.samples[0], whole.rate) - moment(expected, whole.rate)
        assert abs(late_s) < 0.001, f"{1000 * late_s:.2f} ms late at {start_s} s"


def silent(sound: Sound, begin_s: float, end_s: float) -> bool:
    part = sound.samples[0, round(begin_s * sound.rate) : round(end_s * sound.rate)]
    return not part.any()


GAPPED = {
    "mp4": ("mp4", "aac", 0),
    "mp4 film": ("mp4", "aac", 10),
    "mov": ("mov", "aac", 10),
    "mkv": ("matroska", "aac", 0),
    "mkv flac": ("matroska", "flac", 0),
    "webm": ("webm", "libopus", 0),
    "mpegts": ("mpegts", "aac", 10),
    "mpeg": ("mpeg", "mp2", 25),
    "ogg": ("ogg", "libopus", 0),
    "nut": ("nut", "aac", 10),
}


@pytest.mark.parametrize("kind", GAPPED)
def test_a_gap_is_silence_and_what_follows_lies_where_its_stamps_say(kind: str) -> None:
    container, codec, fps = GAPPED[kind]
    content = told(container, codec, gaps=[(2.0, 3.5)], fps=fps)
    whole = decode(io.BytesIO(content))
    assert whole.duration_s == pytest.approx(6.0, abs=0.1)
    assert silent(whole, 2.1, 3.4)
    for time_s in (0.5, 1.5, 3.7, 4.4, 5.5):
        part = whole.samples[0, round(time_s * RATE) : round((time_s + 0.2) * RATE)]
        assert moment(part, RATE) == pytest.approx(time_s, abs=PRIMING_S)
    ((begin_s, end_s),) = whole.gaps
    assert (begin_s, end_s) == pytest.approx((2.0, 3.5), abs=0.06)
    assert whole.notes == (f"gap from {begin_s:.2f} to {end_s:.2f} s: filled with silence",)
    assert whole.lost == whole.notes
    blocks = list(stream(io.BytesIO(content), block_s=0.7))
    assert np.array_equal(np.concatenate([b.samples for b in blocks], axis=1), whole.samples)
    ends_s = [block.start_s + block.duration_s for block in blocks]
    assert [bool(block.gaps) for block in blocks] == [end_s > begin_s for end_s in ends_s]


def test_many_gaps_are_one_note() -> None:
    whole = decode(io.BytesIO(told("mp4", "aac", gaps=[(1, 1.3), (2, 2.3), (4, 4.5)])))
    (note,) = whole.notes
    assert note.startswith("3 gaps, 1.0")
    assert "in all, the first from 0.9" in note or "in all, the first from 1.0" in note


def test_a_lost_packet_near_the_end_moves_nothing_before_it() -> None:
    whole = decode(io.BytesIO(told("matroska", "libopus", gaps=[(5.5, 5.7)])))
    assert silent(whole, 5.55, 5.65)
    part = whole.samples[0, round(5.75 * RATE) : round(5.95 * RATE)]
    assert moment(part, RATE) == pytest.approx(5.75, abs=PRIMING_S)


@pytest.mark.parametrize(
    "jitter",
    [
        lambda time_s: round(50 * time_s) / 50 - time_s,  # a clock of 20 ms
        lambda time_s: 0.02 * (round(3 * time_s) % 2),  # late for a third of a second
    ],
)
def test_stamps_that_come_back_are_no_gap(jitter: Callable[[float], float]) -> None:
    found = decode(io.BytesIO(told("matroska", "aac", jitter=jitter)))
    expected = decode(io.BytesIO(told("matroska", "aac")))
    assert found.notes == ()
    assert np.array_equal(found.samples, expected.samples)


@pytest.mark.parametrize("wrong_s", [0.3, -0.3, 5.0])
def test_one_wrong_stamp_is_no_gap(wrong_s: float) -> None:
    content = stamped(chirp(6), lambda time_s: time_s + wrong_s * (2.0 < time_s < 2.03))
    found = decode(io.BytesIO(content))
    assert (found.duration_s, found.notes) == (6.0, ())
    assert np.allclose(found.samples, chirp(6), atol=1e-4)


def test_what_is_told_twice_is_left_out_once() -> None:
    content = stamped(chirp(6), lambda time_s: time_s - 0.3 * (time_s > 3))
    found = decode(io.BytesIO(content))
    assert found.duration_s == pytest.approx(5.7)
    assert found.notes == ("packets overlap in time: what is told twice was left out once",)
    for start_s, expected_s in {2.5: 2.5, 4.0: 4.3}.items():
        part = decode(io.BytesIO(content), start_s=start_s, duration_s=0.2)
        assert moment(part.samples[0], RATE) == pytest.approx(expected_s, abs=0.001)


@pytest.mark.parametrize("kind", ["chained vorbis", "chained opus", "chained flac"])
def test_files_put_one_behind_the_other_follow_one_another(kind: str) -> None:
    found = decode(io.BytesIO(KINDS[kind]()))
    assert found.duration_s == pytest.approx(6.0, abs=0.05)
    (note,) = found.notes
    assert note.startswith("time begins anew after ")
    assert found.lost == ()
    for start_s in (0.5, 4.0):
        part = found.samples[0, round(start_s * RATE) : round((start_s + 0.2) * RATE)]
        assert moment(part, RATE) == pytest.approx(start_s % 3, abs=0.05)


@pytest.mark.parametrize(
    ("edits", "told_s"),
    [
        ([(2, 1), (4, 4.0)], {0.5: 1.5, 3.0: 5.0}),
        ([(0.7, -1), (5, 0.5)], {0.5: 1.0, 3.0: 3.5}),
        ([(2, 0.5), (0.5, -1), (3, 2.0)], {0.5: 1.0, 3.5: 3.0}),
    ],
)
def test_edit_lists_of_phones(edits: list[tuple[float, float]], told_s: dict[float, float]) -> None:
    found = decode(io.BytesIO(edited(told("mp4", "aac", seconds=9), edits)))
    assert not any(note.startswith("truncated") for note in found.notes)
    for start_s, expected_s in told_s.items():
        part = found.samples[0, round(start_s * RATE) : round((start_s + 0.2) * RATE)]
        assert moment(part, RATE) == pytest.approx(expected_s, abs=0.05)


def test_a_raw_stream_without_stamps_loses_no_sample() -> None:
    found = decode(io.BytesIO(told("ac3", "ac3", seconds=20, rate=44_100)))
    assert found.samples.shape[1] % 1536 == 0
    assert found.notes == ()


@pytest.mark.parametrize(
    ("kind", "codec", "fps", "options"),
    [
        ("matroska", "mp3", 0, {"live": "1"}),  # as it is streamed, without a length
        ("matroska", "ac3", 10, {"live": "1"}),
        ("asf", "wmav2", 10, {}),  # one length for sound and pictures
    ],
)
def test_a_whole_film_is_not_called_truncated(
    kind: str, codec: str, fps: int, options: dict[str, str]
) -> None:
    content = told(kind, codec, fps=fps, rate=44_100, options=options)
    assert decode(io.BytesIO(content)).notes == ()


def test_a_film_that_was_cut_short_is_called_truncated() -> None:
    content = told("matroska", "aac", fps=10)
    (note,) = decode(io.BytesIO(content[: len(content) // 2])).notes
    assert note.startswith("truncated: ends after ")


def test_a_length_that_was_only_guessed_is_not_missed() -> None:
    quiet = np.concatenate([np.zeros((1, 3 * RATE), np.float32), chirp(3)], axis=1)
    content = encoded(quiet, RATE, "MP3", "MPEG_LAYER_III")
    frames = content[content.index(b"\xff\xfb", 4) :]  # without the header that tells the length
    found = decode(io.BytesIO(frames))
    assert found.duration_s == pytest.approx(6.0, abs=0.1)
    assert not any(note.startswith("truncated") for note in found.notes)
