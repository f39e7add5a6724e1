"""Windows, words, and whether there is anything to hear, on made and on real sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from real_recordings import FSDD, SPEECH_COMMANDS, recordings

from photism.audio.clips import cut, first_heard
from photism.audio.decode import Sound
from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.audio.segment import SILENCE_DB, heard, levels, utterances, windows
from photism.errors import AudioError, ConfigError

RATE = 8000


def noise(seconds: float, level: float = 0.1, rate: int = RATE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


def word(seconds: float = 0.4, rate: int = RATE, pitch_hz: float = 150) -> np.ndarray:
    """A voice-like sound: harmonics under an envelope of two syllables."""
    time_s = np.arange(round(seconds * rate)) / rate
    harmonics = sum(np.sin(2 * np.pi * pitch_hz * n * time_s) / n for n in range(1, 12))
    return (0.2 * harmonics * np.abs(np.sin(2 * np.pi * time_s / seconds))).astype(np.float32)


def sound(*parts: np.ndarray, start_s: float = 0.0) -> Sound:
    return Sound(np.concatenate(parts)[None], RATE, "made up", start_s)


def pink(seconds: float, rate: int) -> np.ndarray:
    spectrum = np.fft.rfft(noise(seconds, rate=rate))
    return np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1))).astype(np.float32)


def spans(parts: list[Sound]) -> list[tuple[float, float]]:
    return [(part.start_s, part.start_s + part.duration_s) for part in parts]


# Windows


def test_windows_follow_one_another() -> None:
    ramp = np.arange(10 * RATE, dtype=np.float32)
    found = list(windows(sound(ramp, start_s=3.0), window_s=2))
    assert [w.start_s for w in found] == [3, 5, 7, 9, 11]
    assert np.array_equal(np.concatenate([w.samples[0] for w in found]), ramp)


@pytest.mark.parametrize("hop_s", [0.1, 0.37, 1 / 3, 1.0, 2.5])
@pytest.mark.parametrize("block_s", [0.25, 0.7, 100.0])
def test_windows_of_a_stream_are_those_of_the_sound(hop_s: float, block_s: float) -> None:
    whole = sound(noise(5.3))
    size = round(block_s * RATE)
    blocks = [
        Sound(whole.samples[:, i : i + size], RATE, "made up", i / RATE)
        for i in range(0, whole.samples.shape[1], size)
    ]
    of_sound = list(windows(whole, window_s=0.5, hop_s=hop_s))
    of_stream = list(windows(iter(blocks), window_s=0.5, hop_s=hop_s))
    assert [w.start_s for w in of_sound] == [w.start_s for w in of_stream]
    for number, (one, other) in enumerate(zip(of_sound, of_stream, strict=True)):
        assert one.start_s == pytest.approx(number * hop_s, abs=1 / RATE)
        assert one.samples.shape == (1, RATE // 2)
        assert np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize(
    ("seconds", "partial", "count"),
    [(2.4, 0.5, 2), (2.6, 0.5, 3), (2.6, 1.0, 2), (2.1, 0.0, 3), (3.0, 0.0, 3), (0.2, 1.0, 1)],
)
def test_the_end_makes_a_window_if_enough_is_left(
    seconds: float, partial: float, count: int
) -> None:
    found = list(windows(sound(noise(seconds)), window_s=1, partial=partial))
    assert len(found) == count
    assert all(w.samples.shape == (1, RATE) for w in found)
    if count > seconds:
        silence = found[-1].samples[0, round((seconds - count + 1) * RATE) :]
        assert not silence.any()


def test_overlapping_windows_end_with_the_sound() -> None:
    found = list(windows(sound(noise(2.0)), window_s=1, hop_s=0.25))
    assert [w.start_s for w in found] == [0, 0.25, 0.5, 0.75, 1.0]


def test_windows_keep_channels() -> None:
    stereo = Sound(np.stack([noise(1), noise(1, seed=1)]), RATE, "stereo")
    assert [w.samples.shape for w in windows(stereo, window_s=0.4)] == [(2, 3200)] * 3


@pytest.mark.parametrize(
    "settings", [{"window_s": 0.0}, {"window_s": 1, "hop_s": -1.0}, {"window_s": 1, "partial": 2.0}]
)
def test_windows_that_cannot_be(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        list(windows(sound(noise(1)), **settings))  # type: ignore[arg-type]


def test_no_blocks_give_no_windows() -> None:
    assert list(windows([], window_s=1)) == []


# Words


def test_words_are_split_at_silences() -> None:
    hiss = [noise(s, 1e-4, seed=i) for i, s in enumerate((0.5, 0.4, 1.0, 0.3))]
    found = utterances(
        sound(hiss[0], word(), hiss[1], word(pitch_hz=90), hiss[2], word(0.6), hiss[3], start_s=60)
    )
    expected = [(60.4, 61.0), (61.2, 61.8), (62.6, 63.4)]  # words with margins of 0.1 s
    assert np.array(spans(found)) == pytest.approx(np.array(expected), abs=0.05)


def test_a_word_alone_stays_whole() -> None:
    [found] = utterances(sound(word()))
    assert found.duration_s == pytest.approx(0.4, abs=0.03)


def test_a_gap_within_a_word_does_not_split() -> None:
    [found] = utterances(sound(word(), np.zeros(RATE // 6, np.float32), word()))
    assert found.duration_s == pytest.approx(0.4 + 1 / 6 + 0.4, abs=0.05)


def test_neighbours_keep_out_of_each_others_margins() -> None:
    one, other = utterances(sound(word(), np.zeros(RATE * 3 // 10, np.float32), word()), margin_s=1)
    assert one.start_s == 0
    assert one.duration_s == pytest.approx(other.start_s, abs=1e-9)


def test_a_click_is_no_word() -> None:
    click = np.zeros(RATE, np.float32)
    click[4000:4010] = 0.5
    [found] = utterances(sound(click, word()))
    assert found.start_s == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("samples", [np.zeros(4000, np.float32), noise(0.5)])
def test_where_nothing_stands_out_the_sound_stays_whole(samples: np.ndarray) -> None:
    whole = sound(samples)
    [found] = utterances(whole)
    assert np.array_equal(found.samples, whole.samples)


@pytest.mark.data
def test_real_words_are_one_utterance_each(real_data: Path) -> None:
    for archive, every, share in ((FSDD, 5, 0.98), (SPEECH_COMMANDS, 1, 0.9)):
        spoken = [r for r in recordings(real_data / archive, every=every) if "noise" not in r[0]]
        counts = [
            len(utterances(Sound(samples[None], rate, name))) for name, samples, rate in spoken
        ]
        assert np.mean([count == 1 for count in counts]) >= share


@pytest.mark.data
def test_real_words_in_a_row_are_found(real_data: Path) -> None:
    rng = np.random.default_rng(0)
    spoken = [samples / np.abs(samples).max() for _, samples, _ in
              recordings(real_data / FSDD, every=60)]  # fmt: skip
    for start in range(0, len(spoken), 5):
        pauses = [np.zeros(round(RATE * pause_s), np.float32) for pause_s in rng.uniform(0.4, 1, 5)]
        row = [
            part for pair in zip(spoken[start : start + 5], pauses, strict=True) for part in pair
        ]
        joined = np.concatenate(row) + noise(sum(map(len, row)) / RATE, 1e-4)
        assert len(utterances(Sound(joined[None], RATE, "row"))) == 5


# Heard


def test_levels_are_in_db_of_full_scale() -> None:
    square = np.tile(np.array([1, -1], np.float32), RATE // 2)
    assert levels(square, RATE) == pytest.approx(0, abs=1e-3)
    assert levels(0.1 * square, RATE) == pytest.approx(-20, abs=1e-3)
    assert levels(np.ones(RATE, np.float32), RATE).max() < -100  # an offset is no sound
    with pytest.raises(AudioError):
        levels(np.empty(0), RATE)


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_voice_is_heard(rate: int) -> None:
    verdict = heard(word(rate=rate), rate)
    assert verdict.heard
    assert verdict.reason == ""
    assert verdict.level_db == pytest.approx(20 * np.log10(word(rate=rate).std()), abs=1e-3)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(RATE, np.float32), "silence"),
        (np.full(RATE, 0.3, np.float32), "silence"),
        (noise(1, 10 ** ((SILENCE_DB - 5) / 20)), "silence"),
        (np.sign(word()), "distortion"),
        (np.full(RATE, np.nan, np.float32), "not numbers"),
        (np.empty(0, np.float32), "no samples"),
    ],
)
def test_what_is_not_heard_has_a_reason(samples: np.ndarray, reason: str) -> None:
    verdict = heard(samples, RATE)
    assert not verdict.heard
    assert reason in verdict.reason


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 20.0])
def test_steady_noise_of_any_colour_is_not_heard(seconds: float, rate: int) -> None:
    white = noise(seconds, rate=rate)
    for samples in (white, pink(seconds, rate), 0.5 * np.diff(white)):
        assert heard(samples, rate).reason == "steady noise"


def test_tones_are_heard() -> None:
    time_s = np.arange(22_050) / 44_100
    assert heard(0.1 * np.sin(2 * np.pi * 440 * time_s), 44_100).heard


def test_a_steady_low_note_above_a_noise_floor_is_heard() -> None:
    time_s = np.arange(22_050) / 44_100
    harmonics = sum(np.sin(2 * np.pi * 46 * k * time_s) / k for k in range(1, 8))
    assert heard(0.01 * harmonics + noise(0.5, 3e-4, rate=44_100), 44_100).heard


def test_a_faint_voice_in_a_little_noise_is_heard() -> None:
    assert heard(0.02 * word() + noise(0.4, 2e-4), RATE).heard


@pytest.mark.data
def test_real_digits_are_heard(real_data: Path) -> None:
    for archive in (FSDD, SPEECH_COMMANDS):
        every = 5 if archive == FSDD else 1
        spoken = [r for r in recordings(real_data / archive, every=every) if "noise" not in r[0]]
        assert np.mean([heard(samples, rate).heard for _, samples, rate in spoken]) >= 0.99


@pytest.mark.data
def test_recorded_white_and_pink_noise_is_not_heard(real_data: Path) -> None:
    backgrounds = recordings(real_data / SPEECH_COMMANDS, part="_background_noise_")
    steady = [r for r in backgrounds if "white" in r[0] or "pink" in r[0]]
    assert (len(backgrounds), len(steady)) == (6, 2)
    for _, samples, rate in steady:
        for seconds in (0.4, 1.0):
            size = round(seconds * rate)
            for start in range(0, len(samples) - size, size):
                assert heard(samples[start : start + size], rate).reason == "steady noise"


@pytest.mark.parametrize("rate", [8_000, 11_025, 11_127, 22_050, 44_100, 48_000])
def test_clips_fit_their_front_end_whatever_the_rate(rate: int) -> None:
    front = front_end("sa-cmgan")
    clips = list(cut([Sound(noise(1.6, rate=rate)[None], rate, "made up")], front))
    assert [clip.start_s for clip in clips] == pytest.approx([0, 0.5, 1.0], abs=1 / rate)
    assert len(pictures([clip.samples[0] for clip in clips], front)) == 3


def test_one_clip_speaks_for_a_recording() -> None:
    front = front_end("sa-cmgan")
    silence = np.zeros(RATE, np.float32)
    clip, following = first_heard(cut([sound(silence, word(), silence)], front))
    assert clip.start_s == 1.0
    assert following is not None
    clip, following = first_heard(cut([sound(silence)], front))
    assert (clip.start_s, following) == (0.0, None)
