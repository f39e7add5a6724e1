"""Log-mel front ends against librosa, alone and in batches, and the pictures they draw."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from real_recordings import ESC10, FSDD, recordings

from photism.audio.canvas import lay
from photism.audio.decode import resample
from photism.audio.front_ends import FRONT_ENDS, FrontEnd, front_end
from photism.audio.logmel import LogMel, log_mels, pictures
from photism.errors import AudioError, ConfigError

NAMES = sorted(FRONT_ENDS)
DB = 20 / np.log(10)  # dB of a step of one in the logarithm of an amplitude


def by_librosa(waveform: np.ndarray, fe: FrontEnd) -> np.ndarray:
    """The same log-mel by librosa alone."""
    mel = librosa.feature.melspectrogram(
        y=waveform,
        sr=fe.rate,
        n_fft=fe.n_fft,
        hop_length=fe.hop_length,
        win_length=fe.win_length,
        window=fe.window,
        center=fe.center,
        power=fe.power,
        n_mels=fe.n_mels,
        fmin=fe.f_min,
        fmax=fe.f_max,
    )
    if fe.log == "ln":
        return np.log(mel + 1e-6)
    to_db = librosa.power_to_db if fe.log == "power_db" else librosa.amplitude_to_db
    return to_db(mel, ref=np.max, top_db=fe.top_db)


def noise(*lengths: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.1, length).astype(np.float32) for length in lengths]


def difference_db(ours: torch.Tensor, theirs: np.ndarray, fe: FrontEnd) -> float:
    assert ours.shape == theirs.shape
    return float(np.abs(ours.numpy() - theirs).max()) * (DB / fe.power if fe.log == "ln" else 1)


@pytest.mark.data
@pytest.mark.parametrize("archive", [FSDD, ESC10])
@pytest.mark.parametrize("name", NAMES)
def test_real_recordings_are_exact_to_librosa(name: str, archive: str, real_data: Path) -> None:
    fe = FRONT_ENDS[name]
    clips = [
        resample(samples, rate, fe.rate)[: 2 * fe.rate]
        for _, samples, rate in recordings(real_data / archive, every=60 if archive == FSDD else 8)
    ]
    ours = log_mels(clips, fe)
    worst = max(
        difference_db(log_mel, by_librosa(clip, fe), fe)
        for log_mel, clip in zip(ours, clips, strict=True)
    )
    assert len(clips) == 50
    assert worst <= 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_any_length_is_exact_to_librosa(name: str) -> None:
    fe = FRONT_ENDS[name]
    lengths = [fe.n_fft, fe.n_fft + 1, 3 * fe.hop_length + fe.n_fft, 5000, 5001, 12_345]
    lengths += [1, 2, fe.hop_length] if fe.center else []
    clips = noise(*lengths)
    for log_mel, clip in zip(log_mels(clips, fe), clips, strict=True):
        assert log_mel.shape == (fe.n_mels, fe.frame_count(len(clip)))
        if len(clip) >= fe.n_fft:  # librosa warns of shorter ones
            assert difference_db(log_mel, by_librosa(clip, fe), fe) <= 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_faint_sound_ends_at_librosas_floor(name: str) -> None:
    fe = FRONT_ENDS[name]
    faint = noise(9000)[0] * np.geomspace(1e-3, 1e-7, 9000).astype(np.float32)
    assert difference_db(log_mels([faint], fe)[0], by_librosa(faint, fe), fe) <= 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_has_the_values_it_would_have_alone(name: str) -> None:
    fe = FRONT_ENDS[name]
    longest = fe.clip_samples or 9000
    clips = noise(longest, longest // 2, longest - 1, 3000, 4097, longest)
    together, matrices = pictures(clips, fe), log_mels(clips, fe)
    for i, clip in enumerate(clips):
        torch.testing.assert_close(together[i], pictures([clip], fe)[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(matrices[i], log_mels([clip], fe)[0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_padded_batch_has_the_values_of_the_clips(name: str) -> None:
    fe = FRONT_ENDS[name]
    clips = noise(6000, 9000, 2048, 8999)
    padded = torch.zeros(len(clips), 9000)
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    batch = LogMel(fe)(padded, torch.tensor([len(clip) for clip in clips]))
    silence = np.log(1e-6) if fe.log == "ln" else -(fe.top_db or 0)
    for log_mel, alone in zip(batch, log_mels(clips, fe), strict=True):
        own = alone.shape[1]
        torch.testing.assert_close(log_mel[:, :own], alone, atol=1e-4, rtol=0)
        assert torch.all((log_mel[:, own:] - silence).abs() < 1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_fill_the_canvas(name: str) -> None:
    fe = FRONT_ENDS[name]
    images = pictures(noise(7000, min(20_000, fe.clip_samples or 20_000)), fe)
    assert images.shape == (2, fe.channels, fe.height, fe.width)
    assert images.dtype == torch.float32
    assert images.min() >= -1
    assert images.max() <= 1
    assert images.std() > 0.04


@pytest.mark.parametrize("name", NAMES)
def test_the_lowest_band_lies_where_the_front_end_says(name: str) -> None:
    fe = FRONT_ENDS[name]
    time_s = np.arange(fe.clip_samples or fe.rate // 2) / fe.rate
    tone = (0.5 * np.sin(2 * np.pi * 150 * time_s)).astype(np.float32)
    level = pictures([tone], fe)[0].mean(0)  # bright is loud in both colour maps, on the whole
    if fe.colour_map == "jet":
        level = pictures([tone], fe)[0, 0] - pictures([tone], fe)[0, 2]  # red is loud, blue is not
    along = level.mean(0 if fe.origin == "left" else 1)
    if fe.origin == "bottom":
        along = along.flip(0)
    assert along.argmax() < len(along) / 6


@pytest.mark.parametrize("name", NAMES)
def test_silence_draws_a_finite_picture(name: str) -> None:
    assert torch.isfinite(pictures([np.zeros(8000, np.float32)], FRONT_ENDS[name])).all()


def test_the_papers_canvases() -> None:
    shapes = {n: (fe.channels, fe.height, fe.width) for n, fe in FRONT_ENDS.items()}
    assert shapes == {
        "car-gan": (3, 128, 128),
        "car-gan-256": (3, 256, 256),
        "sa-cmgan": (3, 64, 64),
        "sa-cmgan-margins": (3, 64, 64),
        "s2i": (1, 128, 100),
        "aivae-8k": (1, 48, 48),
        "aivae-16k": (1, 48, 48),
        "ear-words": (1, 64, 64),
        "ear-notes": (1, 128, 64),
    }
    clips = {n: (fe.n_mels, fe.frames or fe.frame_count(fe.clip_samples or 0)) for n, fe in
             FRONT_ENDS.items() if fe.clip_s}  # fmt: skip
    assert clips == {
        "car-gan": (34, 128),
        "car-gan-256": (34, 128),
        "sa-cmgan": (128, 44),
        "sa-cmgan-margins": (128, 44),
        "s2i": (128, 100),
        "ear-notes": (128, 64),
    }


def test_margins_are_those_of_a_saved_figure() -> None:
    fe = FRONT_ENDS["sa-cmgan-margins"]
    time_s = np.arange(22_050) / fe.rate
    chirp = (0.3 * np.sin(2 * np.pi * (300 + 2000 * time_s) * time_s)).astype(np.float32)
    figure = Figure()
    axes = figure.subplots()
    axes.pcolormesh(log_mels([chirp], fe)[0].numpy(), cmap=fe.colour_map)
    axes.set_axis_off()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    saved = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    saved = saved.resize((fe.width, fe.height), Image.Resampling.BILINEAR)
    image = pictures([chirp], fe)[0].permute(1, 2, 0) / 2 + 0.5
    assert np.abs(image.numpy() - np.asarray(saved) / 255).mean() < 0.005


def test_aivae_pictures_are_the_decibels_resized() -> None:
    fe = FRONT_ENDS["aivae-8k"]
    [clip] = noise(fe.hop_length * 47)  # 48 frames: only the bands are resized
    unit = torch.from_numpy(by_librosa(clip, fe) / 80 + 1)[None, None]
    expected = torch.nn.functional.interpolate(unit, (48, 48), mode="bilinear", antialias=True)
    torch.testing.assert_close(pictures([clip], fe), expected * 2 - 1, atol=1e-5, rtol=0)


def test_s2i_windows_share_the_maximum_of_their_recording() -> None:
    fe = FRONT_ENDS["s2i"]
    loud, faint = noise(fe.rate, fe.rate)
    faint = 0.1 * faint
    alone = pictures([loud, faint], fe)
    shared = pictures([loud, faint], fe, recordings=[7, 7])
    apart = pictures([loud, faint], fe, recordings=[0, 1])
    torch.testing.assert_close(apart, alone)
    torch.testing.assert_close(shared[0], alone[0])
    assert float(alone[1].max()) == pytest.approx(1)
    assert float(shared[1].max()) == pytest.approx(1 - 2 * 20 / 60, abs=0.1)  # -20 dB of 60


def test_car_gan_can_be_drawn_at_the_size_of_the_paper() -> None:
    fe = FRONT_ENDS["car-gan"]
    [clip] = noise(22_050)
    large = pictures([clip], dataclasses.replace(fe, height=256, width=256))
    small = torch.nn.functional.interpolate(
        (large + 1) / 2, (128, 128), mode="bicubic", antialias=True
    )
    expected = small.clamp(0, 1) * 2 - 1
    torch.testing.assert_close(pictures([clip], fe), expected, atol=1e-5, rtol=0)


def test_single_precision_is_near() -> None:
    fe = FRONT_ENDS["aivae-8k"]
    clips = noise(8000)
    single = LogMel(fe, precision=torch.float32).log_mels(clips)[0]
    torch.testing.assert_close(single, log_mels(clips, fe)[0], atol=1e-2, rtol=0)


def test_a_clip_that_is_too_long_or_too_short_is_refused() -> None:
    fe = FRONT_ENDS["s2i"]
    with pytest.raises(AudioError, match=r"takes clips of 1 s, not 2 s: cut the sound"):
        pictures(noise(2 * fe.rate), fe)
    with pytest.raises(AudioError, match="0 samples is too short"):
        log_mels([np.empty(0, np.float32)], fe)
    with pytest.raises(AudioError, match="100 samples is too short"):
        log_mels(noise(100), FRONT_ENDS["car-gan"])


def test_no_clips_give_no_pictures() -> None:
    fe = FRONT_ENDS["aivae-8k"]
    assert pictures([], fe).shape == (0, 1, 48, 48)
    assert log_mels([], fe) == []


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'aivae-8k'"):
        front_end("aivae8k")
    assert front_end("s2i") is FRONT_ENDS["s2i"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_mels": 0}, "n_mels is 0: must be above 0"),
        ({"clip_s": -1.0}, "clip_s is -1.0: must be above 0, or None"),
        ({"win_length": 1024}, "win_length is 1024: at most n_fft = 512"),
        ({"f_max": 4001.0}, "f_max is 4001.0: above f_min = 0 and at most half the rate, 4000 Hz"),
        ({"window": "kaiser"}, r"window is 'kaiser': choose from \('hann', 'hamming'\)"),
        ({"power": 3}, r"power is 3: choose from \(1, 2\)"),
        ({"top_db": None}, "top_db is None: set it, or min_max"),
        ({"log": "ln"}, "reference is 'clip': ln goes with"),
        (
            {"level_range": (0.0, -5.0)},
            r"level_range is \(0.0, -5.0\): two levels, the lower first",
        ),
        ({"level_range": (0.0, float("inf"))}, r"level_range is \(0.0, inf\): two levels"),
    ],
)
def test_a_field_that_cannot_be_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^front end 'aivae-8k': {message}"):
        dataclasses.replace(FRONT_ENDS["aivae-8k"], **change)  # type: ignore[arg-type]


def test_words_lie_in_the_middle_and_long_ones_are_cut_around_their_loudest_moment() -> None:
    level = torch.full((2, 3, 5), -1.0)
    level[0, :, 1] = level[1, :, 4] = 0
    assert lay(level, 7, -9.0)[0, 0].tolist() == [-9, -1, 0, -1, -1, -1, -9]
    assert lay(level, 3, -9.0)[:, 0].tolist() == [[-1, 0, -1], [-1, -1, 0]]


def test_fixed_levels_keep_how_loud_a_sound_is() -> None:
    fe = FRONT_ENDS["ear-notes"]
    [clip] = noise(fe.clip_samples or 0)
    loud, soft = pictures([clip, clip / 10], fe)
    step = 2 * np.log(100) / 18.5  # of 20 dB, where the range of 18.5 spans -1 to 1
    assert (loud - soft).median().item() == pytest.approx(step, abs=1e-3)
