"""From recordings to pictures in Python."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import recordings
import soundfile
import torch
from PIL import Image
from torch import Tensor

import photism
from photism.audio.decode import Sound
from photism.audio.front_ends import front_end
from photism.audio.logmel import pictures
from photism.audio.words import words
from photism.errors import ConfigError, PhotismError, WeightsError
from photism.images import read_provenance
from photism.media import Medium
from photism.stored import WeightsCard
from photism.systems.base import System
from photism.translate.provenance import provenance_of
from photism.translate.request import Request
from photism.translate.results import Label, Waveform
from photism.translate.stills import Still
from photism.translate.translator import BATCH, Translator

MEAN = {"latent": "mean"}
SPEAKERS = ("jackson", "nicolas", "theo", "yweweler")
"""Of the recordings that the bundled systems learnt from."""


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    """An untrained AIVAE: every seed gives another picture."""
    folder = tmp_path_factory.mktemp("weights") / "untrained"
    return photism.load(recordings.untrained(folder), device="cpu")


@dataclass(frozen=True)
class WindowConfig:
    """A front end of half a second."""

    front_end: str = "sa-cmgan"


class Windows(System):
    """Draws the mean colour of what it hears, and noise: a system with clips of a fixed length."""

    name = "windows"
    title = "Windows"
    makes = ("image",)

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        return (3, 4, 4)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        assert noise is not None
        mean = condition.mean((2, 3), keepdim=True).expand(-1, -1, 4, 4)
        return (mean + 0.1 * noise).clamp(-1, 1)


class Listening(Windows):
    """Draws the class that it is told, else the one it hears: the louder, the higher."""

    name = "listening"
    takes_label = True
    recognises = True  # type: ignore[assignment]

    def recognise(self, condition: Tensor) -> Tensor:
        share = (condition.mean((1, 2, 3)) / 2 + 0.5)[:, None]
        return torch.cat([0.9 * (1 - share), 0.9 * share, torch.full_like(share, 0.1)], 1)

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        label = self.recognise(condition) if label is None else label
        label = label.argmax(1) if label.ndim == 2 else label
        return (label[:, None, None, None] / 2 - 0.5).expand(-1, 3, 4, 4)


@pytest.fixture
def listener() -> Translator:
    system = Listening(WindowConfig())
    system.card = WeightsCard(classes=("flute", "tuba", "viola"))
    system.source = "three-voices"
    return Translator(system, device="cpu")


def test_the_levels_of_the_data_are_taken_from_the_card() -> None:
    system = Listening(WindowConfig())
    system.card = WeightsCard(classes=("flute", "tuba", "viola"), level_range=(-9.0, -2.0))
    assert Translator(system, device="cpu").front_end.bounds == (-9.0, -2.0)


def test_a_recording_becomes_a_picture(translator: Translator, tmp_path: Path) -> None:
    result = translator.translate(recordings.write(tmp_path / "three.wav"), seed=7)
    assert result.tensor.shape == (1, 28, 28)
    assert result.tensor.dtype == torch.float32
    assert -1 <= result.tensor.min() < result.tensor.max() <= 1
    assert result.image.size == (28, 28)
    assert result.log_mel.shape == (1, 48, 48)
    assert result.heard
    assert -40 < result.level_db < 0
    assert (result.seed, result.source, result.notes) == (7, "three.wav", ())
    assert 0 <= result.start_s < result.end_s <= recordings.spoken(3)[0].size / 16_000 + 0.01


def test_saved_pictures_tell_their_origin(translator: Translator, tmp_path: Path) -> None:
    result = translator.translate(recordings.write(tmp_path / "three.wav"), seed=7)
    found = read_provenance(result.save(tmp_path / "three.png"))
    assert found == result.provenance
    assert found["weights_sha256"] == translator.system.digest
    assert (found["system"], found["preset"], found["weights"]) == ("aivae", "debug", "untrained")
    assert (found["seed"], found["source"], found["heard"]) == (7, "three.wav", True)
    assert found["photism"] == photism.__version__
    assert 0 <= found["start_s"] < found["end_s"]


@pytest.mark.parametrize(("size", "shown"), [(280, 280), (100, 84), (5, 28), (None, 28)])
def test_pictures_are_enlarged_by_whole_factors(
    translator: Translator, tmp_path: Path, size: int | None, shown: int
) -> None:
    result = translator.translate(recordings.write(tmp_path / "three.wav"))
    with Image.open(result.save(tmp_path / "three.png", size=size)) as picture:
        assert picture.size == (shown, shown)
        factor = shown // 28
        assert np.array_equal(np.asarray(picture)[::factor, ::factor], np.asarray(result.image))


def test_every_kind_of_source_gives_the_same_picture(
    translator: Translator, tmp_path: Path
) -> None:
    path = recordings.write(tmp_path / "three.wav", subtype="FLOAT")
    expected = translator.translate(path)
    samples, rate = recordings.spoken(3)
    with open(path, "rb") as file:
        for source in (str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), file):
            assert torch.equal(translator.translate(source).tensor, expected.tensor)
    tensor = torch.from_numpy(samples)
    arrays = (samples, np.stack([samples, samples]), samples.astype(np.float64), samples.tolist())
    for array in (*arrays, tensor, tensor.clone().requires_grad_()):
        assert torch.equal(translator.translate(array, rate=rate).tensor, expected.tensor)
    coarse, same = (translator.translate(t, rate=rate) for t in (tensor.bfloat16(), tensor.half()))
    assert torch.allclose(coarse.tensor, same.tensor, atol=0.2)


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8"])
def test_integers_are_read_at_full_scale(translator: Translator, dtype: str) -> None:
    samples, rate = recordings.spoken(3)
    kind = np.iinfo(dtype)
    middle, steps = (128, 127) if dtype == "uint8" else (0, kind.max)
    whole = np.round(samples * steps + middle).astype(dtype)
    expected = translator.translate(samples, rate=rate)
    assert translator.translate(whole, rate=rate).level_db == pytest.approx(
        expected.level_db, abs=0.3
    )


def test_seeds_repeat_and_differ(translator: Translator) -> None:
    samples, rate = recordings.spoken(3)
    first, again, other = (
        translator.translate(samples, rate=rate, seed=s).tensor for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("system", ["aivae", "aivae-gan"])
def test_a_picture_does_not_depend_on_its_company(system: str, tmp_path: Path) -> None:
    translator = photism.load(recordings.untrained(tmp_path / "weights", system), device="cpu")
    cut = [next(translator.clips(_given(digit))) for digit in range(10)]
    requests = [Request(clip, seed) for seed, clip in enumerate(cut)]
    alone = [next(translator.draw([request])).tensor for request in requests]
    together = [t.tensor for t in translator.draw(requests)]
    backwards = [t.tensor for t in translator.draw(reversed(requests))]
    assert len(requests) > BATCH
    for one, two, three in zip(alone, together, reversed(backwards), strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)


def _given(digit: int) -> bytes:
    samples, rate = recordings.spoken(digit)
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


def test_one_lot_serves_many_callers(listener: Translator, tmp_path: Path) -> None:
    """Each request has its own seed, label and way of sampling, and gets what it gets alone."""
    cut = [next(listener.clips(_given(digit))) for digit in range(4)]
    labels = [None, "viola", None, "flute"]
    requests = [Request(c, 3, label) for c, label in zip(cut, labels, strict=True)]
    together = list(listener.draw(requests, batch=4))
    for request, result in zip(requests, together, strict=True):
        [alone] = listener.draw([request], batch=4)
        assert torch.equal(result.tensor, alone.tensor)
        assert result.label is not None
        assert result.label.name == (request.label or result.label.name)
    system = photism.load(recordings.untrained(tmp_path / "weights"), device="cpu")
    mixed = [Request(cut[0], seed, sampling=how) for seed in (1, 2) for how in ({}, MEAN)]
    one, mean, two, again = system.draw(mixed)
    assert not torch.equal(one.tensor, two.tensor)
    assert torch.equal(mean.tensor, again.tensor)
    assert mean.provenance["sampling"] == MEAN


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, "1"])
def test_a_seed_is_a_whole_number(translator: Translator, seed: object) -> None:
    samples, rate = recordings.spoken(3)
    with pytest.raises(ConfigError, match="a seed is a whole number from 0"):
        translator.translate(samples, rate=rate, seed=seed)  # type: ignore[arg-type]


def test_each_word_gives_a_picture(translator: Translator) -> None:
    samples, rate = recordings.sentence(3, 1, 4)
    results = translator.translate_all(samples, rate=rate, seed=5)
    assert [result.heard for result in results] == [True] * 3
    assert [result.seed for result in results] == [5] * 3
    at_s = 0.6
    for digit, result in zip((3, 1, 4), results, strict=True):
        length_s = recordings.spoken(digit)[0].size / rate
        assert at_s - 0.2 < result.start_s < result.end_s < at_s + length_s + 0.2
        at_s += length_s + 0.6


def test_one_word_is_translated_and_the_rest_mentioned(translator: Translator) -> None:
    samples, rate = recordings.sentence(3, 1)
    result = translator.translate(samples, rate=rate)
    first, second = translator.translate_all(samples, rate=rate)
    assert torch.allclose(result.tensor, first.tensor, atol=1e-5)
    assert (result.made.batch, first.made.batch) == (1, BATCH)
    assert f"there is more from {second.start_s:.2f} s on" in result.notes[0]


def test_part_of_a_recording(translator: Translator, tmp_path: Path) -> None:
    samples, rate = recordings.sentence(3, 1)
    soundfile.write(tmp_path / "two.wav", samples, rate, subtype="FLOAT")
    _, second = translator.translate_all(samples, rate=rate)
    part = {"start_s": second.start_s - 0.2, "duration_s": 1.5}
    from_file = translator.translate(tmp_path / "two.wav", **part)
    assert from_file.start_s == pytest.approx(second.start_s, abs=0.02)
    assert torch.equal(from_file.tensor, translator.translate(samples, rate=rate, **part).tensor)


def test_windows_of_a_fixed_length() -> None:
    translator = Translator(Windows(WindowConfig()), device="cpu")
    samples, rate = recordings.sentence(3, 1)
    samples = np.concatenate([np.zeros(rate, np.float32), samples])
    results = translator.translate_all(samples, rate=rate)
    assert [result.start_s for result in results] == [0.5 * n for n in range(len(results))]
    assert all(result.end_s == pytest.approx(result.start_s + 0.5) for result in results)
    assert not results[0].heard
    assert any(result.heard for result in results)
    first_heard = next(result for result in results if result.heard)
    assert translator.translate(samples, rate=rate).start_s == first_heard.start_s
    assert results[0].tensor.shape == (3, 4, 4)
    assert first_heard.show_log_mel().size == (64, 64)


def test_the_class_is_told_or_heard(listener: Translator) -> None:
    samples, rate = recordings.sentence(3, 1)
    for result in listener.translate_all(samples, rate=rate):
        heard = listener.system.recognise(result.log_mel[None])[0]
        [first, second, _] = heard.argsort(descending=True).tolist()
        assert result.label is not None
        assert result.label.name == listener.classes[first]
        assert result.label.probability == pytest.approx(float(heard[first]), abs=1e-4)
        assert result.label.runner_up == listener.classes[second]
        assert result.label.runner_up_probability == pytest.approx(float(heard[second]), abs=1e-4)
        assert (result.tensor == first / 2 - 0.5).all()
        assert result.provenance["label"]["name"] == result.label.name
        assert str(result.label) in result._repr_html_()
        assert ("what is heard is doubtful: a label would tell" in result.notes) == (
            result.heard and heard.max() < 0.5
        )
    told = listener.translate(samples, rate=rate, label="viola")
    assert told.label == Label("viola")
    assert (told.tensor == 0.5).all()
    assert told.provenance["description"].endswith("seed 0: viola, as told")
    assert not any("doubtful" in note for note in told.notes)


def test_labels_that_cannot_be(listener: Translator, translator: Translator) -> None:
    samples, rate = recordings.spoken(3)
    with pytest.raises(ConfigError, match="knows no 'Violla': did you mean 'viola'"):
        listener.translate(samples, rate=rate, label="Violla")
    with pytest.raises(ConfigError, match="untrained takes no label: leave 'three' out"):
        translator.translate_all(samples, rate=rate, label="three")
    with pytest.raises(WeightsError, match="names no classes"):
        Translator(Listening(WindowConfig()))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(8000), "silence"),
        (0.1 * np.random.default_rng(0).standard_normal(8000), "steady noise"),
        (np.sign(np.sin(np.arange(8000))), "distortion"),
    ],
)
def test_nothing_heard_is_said(translator: Translator, samples: np.ndarray, reason: str) -> None:
    result = translator.translate(samples.astype(np.float32), rate=8000)
    assert not result.heard
    assert not result.provenance["heard"]
    [note] = result.notes
    assert note.startswith(f"nothing was heard ({reason}")
    assert note.endswith("the picture is arbitrary")


def test_silence_has_no_level(translator: Translator) -> None:
    result = translator.translate(np.zeros(8000, np.float32), rate=8000)
    assert result.level_db == -np.inf
    assert result.provenance["level_db"] is None


def test_a_result_shows_itself_in_a_notebook(translator: Translator) -> None:
    samples, rate = recordings.spoken(3)
    result = translator.translate(samples, rate=rate)
    assert result._repr_png_().startswith(b"\x89PNG")
    html = result._repr_html_()
    assert html.count('<img src="data:image/png;base64,') == 2
    assert "seed 0" in html


@pytest.mark.parametrize("kind", [kind for kind in recordings.BAD if kind != "folder"])
def test_bad_files_are_told_apart(translator: Translator, kind: str, tmp_path: Path) -> None:
    make, message = recordings.BAD[kind]
    make(tmp_path / "bad.wav")
    with pytest.raises(PhotismError, match=r"bad\.wav") as raised:
        translator.translate(tmp_path / "bad.wav")
    assert message in str(raised.value)


def test_a_part_of_a_day_is_read_without_the_rest(translator: Translator, tmp_path: Path) -> None:
    path = recordings.day_long(tmp_path / "day.wav")
    result = translator.translate(path, start_s=20 * 3600 - 1, duration_s=3)
    assert result.heard
    assert 20 * 3600 - 0.2 < result.start_s < result.end_s < 20 * 3600 + 1.5


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (np.zeros(800, np.float32), {}, "samples need their rate"),
        (np.zeros((800, 2), np.float32), {"rate": 8000}, "(channel, sample), not (800, 2)"),
        (np.zeros((2, 2, 2), np.float32), {"rate": 8000}, "(channel, sample), not (2, 2, 2)"),
        (np.zeros(0, np.float32), {"rate": 8000}, "no samples after 0 s"),
        (np.zeros(800, np.float32), {"rate": 8000, "start_s": 5}, "no samples after 5 s"),
        (np.full(800, np.nan, np.float32), {"rate": 8000}, "are not numbers"),
        (np.zeros(800, np.float32), {"rate": 8000, "start_s": -1}, "the start is a time from 0 s"),
        (
            np.zeros(800, np.float32),
            {"rate": 8000, "duration_s": 0},
            "duration is a number of seconds above 0",
        ),
        (np.zeros(8), {"rate": 8000, "start_s": 1e308}, "the start is a time from 0 s"),
        (np.zeros(8), {"rate": 8000, "duration_s": 1e308}, "duration is a number of seconds"),
        ([[0.0], [0.0, 0.0]], {"rate": 8000}, "samples are (sample,) or (channel, sample)"),
        (["a"], {"rate": 8000}, "samples are numbers"),
        (torch.zeros(8).to_sparse(), {"rate": 8000}, "samples are (sample,) or (channel"),
        (b"RIFF", {"rate": 8000}, "a rate goes with samples"),
        (b"", {}, "is empty"),
    ],
)
def test_bad_samples_are_told_apart(
    translator: Translator, samples: np.ndarray | bytes, options: dict, message: str
) -> None:
    with pytest.raises(PhotismError) as raised:
        translator.translate(samples, **options)
    assert message in str(raised.value)


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights called 'aivae-fsd'"):
        photism.load("aivae-fsd")
    with pytest.raises(WeightsError, match=r"has no config\.json"):
        photism.load(tmp_path)
    with pytest.raises(ConfigError, match="no tpu device"):
        photism.load(recordings.untrained(tmp_path / "w"), device="tpu")  # type: ignore[arg-type]


def test_a_system_of_the_other_direction_is_refused() -> None:
    system = Windows(WindowConfig())
    system.makes = ("sound",)  # type: ignore[misc]
    samples, rate = recordings.spoken(3)
    with pytest.raises(
        ConfigError, match=r"windows takes pictures, and this is a recording: .*images"
    ):
        Translator(system, device="cpu").translate(samples, rate=rate)


class Drawing(Windows):
    """Makes the log-mel of a sound as high as a picture is bright, and takes no noise."""

    name = "drawing"
    makes = ("sound",)

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        return 3, 64, 64

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        return ()

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        return pictures([TONE], front_end("sa-cmgan")).expand(len(condition), -1, -1, -1).clone()


RATE = 44_100
TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)).astype(np.float32)


def test_a_picture_becomes_a_sound(tmp_path: Path) -> None:
    """Whatever it comes as; the sound is that of the log-mel, of one loudness, with its origin."""
    translator = Translator(Drawing(WindowConfig()), device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "seen.png")
    sources = (
        *(tmp_path / "seen.png", str(tmp_path / "seen.png"), (tmp_path / "seen.png").read_bytes()),
        *(io.BytesIO((tmp_path / "seen.png").read_bytes()), Image.fromarray(pixels), pixels),
    )
    results = [translator.translate(source) for source in sources]
    for result in results:
        assert isinstance(result, Waveform)
        assert np.array_equal(result.samples, results[0].samples)
        assert torch.equal(result.condition, results[0].condition)
    first = results[0]
    assert (first.rate, len(first.samples), first.duration_s) == (RATE, RATE // 2, 0.5)
    assert first.loudness_db == pytest.approx(-23, abs=0.1)
    assert np.abs(first.samples).max() < 0.9
    spectrum = np.abs(np.fft.rfft(first.samples))
    assert spectrum.argmax() * 2 == pytest.approx(440, rel=0.03)
    assert "<audio controls" in first._repr_html_()
    for name in ("heard.wav", "heard.flac"):
        path = first.save(tmp_path / name)
        samples, rate = soundfile.read(path)
        assert rate == RATE
        assert np.abs(samples - first.samples).max() < 1e-3
        found = provenance_of(path)
        assert found == first.provenance
        assert (found["target"], found["source"]) == ("sound", "seen.png")
    assert provenance_of(first.save_log_mel(tmp_path / "heard.png")) == first.provenance


def test_a_picture_of_one_colour_is_said(tmp_path: Path) -> None:
    translator = Translator(Drawing(WindowConfig()), device="cpu")
    result = translator.translate(Image.new("L", (9, 9), 7))
    assert result.notes == ("all of it has one colour: there is nothing to see",)
    [clip] = translator.clips(Image.new("L", (9, 9), 7))
    assert isinstance(clip, Still)


def test_a_picture_is_no_recording(translator: Translator, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.wav", "PNG")
    with pytest.raises(ConfigError, match=r"takes recordings, and .*a.wav is a picture: .*sounds"):
        translator.translate(tmp_path / "a.wav")


def test_names_that_load_and_train() -> None:
    assert {"aivae", "aivae-gan"} <= set(photism.list_systems())
    for name in photism.list_weights():
        assert repr(photism.load(name, device="cpu")) == f"Translator({name!r}, device='cpu')"


@pytest.mark.parametrize("block_s", [0.3, 7.0, 400.0])
def test_words_of_a_long_stream_are_those_of_the_whole(block_s: float) -> None:
    rate = 2000
    samples, places_s = _long_stream(rate)
    found = [(word.start_s, word.duration_s) for word in words(_blocks(samples, rate, block_s))]
    assert len(found) == len(places_s)
    for (start_s, duration_s), (at_s, length_s) in zip(found, places_s, strict=True):
        assert start_s == pytest.approx(at_s - 0.1, abs=0.05)
        assert duration_s == pytest.approx(length_s + 0.2, abs=0.1)


def _long_stream(rate: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Six minutes with a tone now and then, some across the seams, none for four minutes."""
    places_s = [(5.0, 0.5), (30.2, 0.4), (59.8, 0.5), (61.5, 0.3), (300.0, 0.6), (359.0, 0.5)]
    samples = 1e-4 * np.random.default_rng(0).standard_normal(360 * rate).astype(np.float32)
    for at_s, length_s in places_s:
        time_s = np.arange(round(length_s * rate)) / rate
        start = round(at_s * rate)
        samples[start : start + time_s.size] += 0.3 * np.sin(2 * np.pi * 300 * time_s)
    return samples, places_s


def _blocks(samples: np.ndarray, rate: int, block_s: float) -> list[Sound]:
    edges = [*range(0, len(samples), round(block_s * rate)), len(samples)]
    return [
        Sound(samples[None, a:b], rate, "stream", a / rate) for a, b in itertools.pairwise(edges)
    ]


def test_a_sound_without_end_is_cut() -> None:
    rate = 2000
    tone = 0.3 * np.sin(np.arange(300 * rate) * 0.9).astype(np.float32)
    found = list(words(_blocks(tone, rate, 10)))
    assert [word.start_s for word in found] == [0, 60, 120, 180, 240]
    assert sum(word.duration_s for word in found) == 300


def test_silence_without_end_is_one_clip() -> None:
    [clip] = words(_blocks(np.zeros(2000 * 400, np.float32), 2000, 10))
    assert (clip.start_s, clip.duration_s) == (0, 60)


@pytest.mark.data
@pytest.mark.parametrize("name", ["aivae-fsdd", "aivae-gan-fsdd"])
def test_real_recordings_come_out_as_their_digit(name: str, real_data: Path) -> None:
    import tarfile

    from photism.judges.weights import load_judge

    if name not in photism.list_weights():
        pytest.skip(f"{name} is not bundled")
    translator, judge = photism.load(name, device="cpu"), load_judge("lenet5-mnist")
    right = []
    with tarfile.open(real_data / "fsdd" / "free-spoken-digit-dataset-1.0.10.tar.gz") as archive:
        for member in archive:
            stem = Path(member.name).stem
            if stem.endswith(tuple(f"{speaker}_0" for speaker in SPEAKERS)):
                file = archive.extractfile(member)
                assert file is not None
                picture = translator.translate(file.read()).tensor[None]
                right.append(judge(picture).logits.argmax().item() == int(stem[0]))
    assert len(right) == 40
    assert np.mean(right) >= 0.9
