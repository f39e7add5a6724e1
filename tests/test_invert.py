"""From log-mels back to sound, with the error of the round trip measured on real recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from real_recordings import ESC10, FSDD, recordings

from photism.audio.decode import resample
from photism.audio.invert import PEAK, log_mel_of, waveform
from photism.audio.logmel import FRONT_ENDS, FrontEnd, log_mels, pictures
from photism.errors import ConfigError

NAMES = sorted(FRONT_ENDS)
BOUNDS = {
    "car-gan": (3.0, 0.2),
    "sa-cmgan": (3.0, 0.22),
    "sa-cmgan-margins": (3.0, 0.22),
    "s2i": (1.6, 0.09),
    "aivae-8k": (8.0, 0.3),
    "aivae-16k": (6.0, 0.2),
}
"""Mean over recordings of the RMS difference in dB and of the spectral convergence, about 1.3 times
what was measured."""


def chord(rate: int, seconds: float = 0.5) -> np.ndarray:
    """A sound with a beginning, harmonics and an end."""
    time_s = np.arange(round(rate * seconds)) / rate
    tones = sum(np.sin(2 * np.pi * hz * time_s) / hz for hz in (300, 600, 900, 1500))
    return (60 * tones * np.sin(np.pi * time_s / seconds)).astype(np.float32)


def in_db(log_mel: torch.Tensor, fe: FrontEnd) -> torch.Tensor:
    """Levels down to 80 dB below the maximum, in dB."""
    level = log_mel * (20 / np.log(10)) if fe.log == "ln" else log_mel
    return level.clamp_min(float(level.max()) - 80)


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_the_error_of_a_round_trip_is_bounded(name: str, real_data: Path) -> None:
    fe = FRONT_ENDS[name]
    archive, every = (FSDD, 375) if name.startswith("aivae") else (ESC10, 50)
    differences_db, convergences = [], []
    for _, samples, rate in recordings(real_data / archive, every=every):
        clip = resample(samples, rate, fe.rate)[: fe.rate]
        if not clip.any():
            continue  # one recording of ESC-10 begins with a second of digital silence
        [before] = log_mels([clip], fe)
        [after] = log_mels([waveform(before, fe, length=len(clip))], fe)
        before, after = in_db(before, fe), in_db(after, fe)
        differences_db.append(float((before - after).square().mean().sqrt()))
        amplitudes = 10 ** (before / 20), 10 ** (after / 20)
        convergences.append(float((amplitudes[0] - amplitudes[1]).norm() / amplitudes[0].norm()))
    assert len(differences_db) >= 7
    assert np.mean(differences_db) <= BOUNDS[name][0]
    assert np.mean(convergences) <= BOUNDS[name][1]


@pytest.mark.parametrize("name", NAMES)
def test_a_waveform_has_length_peak_and_seed(name: str) -> None:
    fe = FRONT_ENDS[name]
    clip = chord(fe.rate)
    [log_mel] = log_mels([clip], fe)
    made = waveform(log_mel, fe, length=len(clip), iterations=4, seed=1)
    assert made.shape == clip.shape
    assert made.dtype == np.float32
    if fe.reference == "one":
        assert np.std(made) == pytest.approx(np.std(clip), rel=0.3)
    else:
        assert np.abs(made).max() == pytest.approx(PEAK)
    assert np.array_equal(made, waveform(log_mel, fe, length=len(clip), iterations=4, seed=1))
    assert not np.array_equal(made, waveform(log_mel, fe, length=len(clip), iterations=4, seed=2))
    spanned = waveform(log_mel, fe, iterations=1)
    assert log_mel.shape[1] == fe.frame_count(len(spanned))


def test_silence_stays_silent() -> None:
    fe = FRONT_ENDS["car-gan"]
    [log_mel] = log_mels([np.zeros(22_050, np.float32)], fe)
    assert np.abs(waveform(log_mel, fe, iterations=1)).max() < 1e-6


def test_levels_are_read_off_a_picture() -> None:
    fe = FRONT_ENDS["s2i"]
    clip = chord(fe.rate, 1.0)
    read = log_mel_of(pictures([clip], fe)[0], fe)
    assert read.shape == (128, 100)
    torch.testing.assert_close(read, log_mels([clip], fe)[0][:, :100], atol=1e-3, rtol=0)


def test_levels_are_read_off_a_picture_of_a_whole_word() -> None:
    fe = FRONT_ENDS["aivae-8k"]
    [log_mel] = log_mels([chord(fe.rate)], fe)
    read = log_mel_of(pictures([chord(fe.rate)], fe)[0], fe, frames=log_mel.shape[1])
    assert read.shape == log_mel.shape
    assert float((read - log_mel).square().mean().sqrt()) < 6  # 64 bands were drawn on 48 rows
    assert log_mel_of(torch.zeros(1, 48, 48), fe).shape == (64, 48)
    assert torch.all(log_mel_of(torch.zeros(1, 48, 48), fe) == -40)


@pytest.mark.parametrize("name", ["car-gan", "sa-cmgan", "sa-cmgan-margins"])
def test_a_stretched_picture_tells_no_levels(name: str) -> None:
    fe = FRONT_ENDS[name]
    with pytest.raises(ConfigError, match=f"{name}.* their levels cannot be read off"):
        log_mel_of(torch.zeros(fe.channels, fe.height, fe.width), fe)


def test_a_picture_with_margins_is_refused() -> None:
    fe = replace(FRONT_ENDS["s2i"], margins=True)
    with pytest.raises(ConfigError, match="margins: cut them off"):
        log_mel_of(torch.zeros(1, fe.height, fe.width), fe)
