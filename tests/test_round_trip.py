"""There and back: what arrives is judged, what was between is shown, and sounds can be played."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile
import torch
from page import Page
from tones import EAR, Painter, Piano, PianoConfig, SquareJudge, ToneJudge, write_tones

from photism.data.pairs import PairDataset, PairLoader
from photism.errors import ConfigError
from photism.evaluation.evaluate import evaluate
from photism.evaluation.report import write_report
from photism.evaluation.round_trip import RoundTrip, evaluate_trip
from photism.judges.perceive import hear, perceive


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> PairDataset:
    return PairDataset(write_tones(tmp_path_factory.mktemp("data") / "tones", test=36), "test")


def test_both_ways_arrive_where_they_set_out(dataset: PairDataset) -> None:
    painter, piano = Painter(PianoConfig()), Piano(PianoConfig())
    sounds = evaluate_trip(painter, piano, dataset, ToneJudge(), batch_size=10)
    pictures = evaluate_trip(piano, painter, dataset, SquareJudge(), batch_size=10)
    for trip, medium in ((sounds, "sound"), (pictures, "image")):
        assert trip.accuracy is not None
        assert trip.accuracy.value == 1
        assert trip.provenance.given == trip.provenance.target == medium
        assert trip.main_output == "there and back"
    assert sounds.examples[0].given.shape == sounds.examples[0].generated.shape == (1, 48, 48)
    assert pictures.examples[0].generated.shape == (1, 20, 20)


def test_a_wrong_turn_on_either_way_is_seen_in_what_arrives(dataset: PairDataset) -> None:
    lost = evaluate_trip(Painter(PianoConfig(wrong=1)), Piano(PianoConfig()), dataset, ToneJudge())
    assert lost.accuracy is not None
    assert lost.accuracy.value == 0
    amends = PianoConfig(wrong=2)
    found = evaluate_trip(Painter(PianoConfig(wrong=1)), Piano(amends), dataset, ToneJudge())
    assert found.accuracy is not None
    assert found.accuracy.value == 1


def test_what_is_handed_on_is_a_sound_not_a_drawing(dataset: PairDataset) -> None:
    trip = RoundTrip(Piano(PianoConfig()), Painter(PianoConfig()), "image", EAR)
    batch = PairLoader(dataset, 4, shuffle=False).batch(np.arange(4))
    noise = torch.randn(4, *trip.noise_shape("image"))
    drawn = Piano(PianoConfig()).generate(batch.image, target="sound")
    handed = trip.between(batch.image, noise)
    assert torch.allclose(handed, hear(perceive(drawn, "sound", EAR), EAR), atol=1e-4)
    assert not torch.allclose(handed, drawn, atol=1e-3)
    arrived = trip.generate(batch.image, target="image", noise=noise)
    again = Painter(PianoConfig()).generate(
        handed, target="image", noise=noise.unflatten(1, (1, 20, 20))
    )
    assert torch.allclose(arrived, again)  # the noise of the system that takes some


def test_examples_hold_what_was_between_for_the_same_pair(dataset: PairDataset) -> None:
    trip = evaluate_trip(Painter(PianoConfig()), Piano(PianoConfig()), dataset, ToneJudge(), seed=3)
    for example in trip.examples:
        assert example.between is not None
        assert example.between.shape == (1, 16, 16)  # as the piano sees squares
        assert round(float(example.between.mean())) + 1 == example.label


def test_systems_that_do_not_fit_are_told(dataset: PairDataset) -> None:
    with pytest.raises(ConfigError, match="Piano makes sound, no image"):
        evaluate_trip(Piano(PianoConfig()), Piano(PianoConfig()), dataset, ToneJudge())
    other = Painter(PianoConfig(front_end="s2i"))
    with pytest.raises(ConfigError, match="Piano through 'aivae-8k': a round trip"):
        evaluate_trip(other, Piano(PianoConfig()), dataset, ToneJudge())


@pytest.fixture(scope="module")
def page(dataset: PairDataset, tmp_path_factory: pytest.TempPathFactory) -> str:
    painter, piano = Painter(PianoConfig()), Piano(PianoConfig())
    trips = (
        evaluate_trip(painter, piano, dataset, ToneJudge()),
        evaluate_trip(piano, painter, dataset, SquareJudge()),
    )
    folder = tmp_path_factory.mktemp("report")
    result = evaluate(piano, dataset, ToneJudge())
    html, path = write_report(result, folder, title="Piano", trips=trips)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [trip["provenance"]["target"] for trip in content["round_trips"]] == ["sound", "image"]
    return html.read_text(encoding="utf-8")


def test_the_report_shows_both_trips(page: str) -> None:
    text = Page(page).text
    for said in (
        "Sound, picture, sound",
        "Picture, sound, picture",
        "tone-judge hears the right class in 100.0 %",
        "square-judge sees the right class in 100.0 %",
        "A click on a log-mel plays it",
    ):
        assert said in text


def test_every_log_mel_can_be_played(page: str) -> None:
    sounds = re.findall(r'data-sound="data:audio/flac;base64,([^"]+)"', page)
    own, there, back = 5 * 3 * 2, 5 * 3 * 2, 5 * 3  # made and real; set out and arrived; between
    assert len(sounds) == own + there + back
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(sounds[0])))
    assert rate == 8_000
    assert 0.5 < len(samples) / rate < 1
    assert 0.05 < np.abs(samples).max() <= 1
    assert max(map(len, sounds)) < 20_000
    assert not re.search(r"https?://|url\(|@import|src=\"(?!data:)", page)
