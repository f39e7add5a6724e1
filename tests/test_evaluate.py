"""Evaluation on a world whose figures are known in advance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_digits import (
    CLASSES,
    Cascade,
    FactorJudge,
    PixelConfig,
    PixelJudge,
    PixelSystem,
    cascade_world,
    pixel_world,
    write_pairs,
)
from torch import Tensor, nn

from photism.audio.front_ends import front_end
from photism.data.pairs import PairDataset, PairLoader
from photism.errors import ConfigError, DataError
from photism.evaluation.critic import Critic
from photism.evaluation.evaluate import evaluate
from photism.evaluation.observe import row_generators
from photism.judges.inception import Inception


def test_figures_of_a_system_that_hears_two_of_fifteen_recordings_wrongly(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(0, 6))
    result = evaluate(system, dataset, judge, seed=3, latent_zeroing=0)
    assert result.accuracy.value == pytest.approx(13 / 15)
    assert result.accuracy.low < 13 / 15 < result.accuracy.high <= 1
    assert result.per_class == pytest.approx({"zero": 0.8, "one": 0.8, "two": 1.0})
    assert result.recordings.group == "recording"
    assert result.recordings.count == 15
    assert result.recordings.mean_accuracy == pytest.approx(13 / 15)
    assert result.recordings.hardest[:3] == (("r00", 0.0), ("r06", 0.0), ("r01", 1.0))
    assert result.confusion == ((16, 4, 0), (0, 16, 4), (0, 0, 20))
    assert result.latent_zeroing is None


def test_a_critic_recognises_what_the_judge_does(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(0, 6))
    critic = Critic(judge)
    seen = [
        (batch, critic(system, batch)) for batch in PairLoader(dataset, 7, shuffle=False).epoch()
    ]
    recordings = torch.cat([batch.row for batch, _ in seen]) // 4
    recognised = torch.cat([shown for _, shown in seen])
    assert torch.equal(recognised, (recordings != 0) & (recordings != 6))
    again = next(iter(PairLoader(dataset, 60, shuffle=False).epoch()))
    assert torch.equal(critic(system, again), recognised)  # whatever the batch
    again.label[::2] = -1
    assert torch.equal(critic(system, again), recognised[1::2])
    with pytest.raises(ConfigError, match="judge small-orchestra knows the classes bassoon"):
        Critic.of("small-orchestra", tmp_path / "pixels")
    with pytest.raises(ConfigError, match="unknown judge 'smal-orchestra': did you mean"):
        Critic.of("smal-orchestra", tmp_path / "pixels")


def test_references_are_reality_and_pictures_dealt_at_random(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    result = evaluate(system, dataset, judge, latent_zeroing=0)
    real = result.references.real
    assert real.accuracy.value == 1
    assert set(real.per_class.values()) == {1}
    assert real.diversity == 1
    assert 0.1 < result.references.blind_accuracy < 0.6
    assert 0 < real.frechet < result.frechet
    drawn = result.outputs["generated"]
    assert abs(real.kernel_distance.value) < drawn.kernel_distance.value
    assert 1 < drawn.inception_score.value < 3


def test_diversity_sees_archetypes(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, noise=0)
    archetypes = evaluate(system, dataset, judge, latent_zeroing=0)
    assert archetypes.accuracy.value == 1
    assert archetypes.diversity_pixels.value == 0
    assert archetypes.diversity_features.value == 0
    lively = evaluate(
        PixelSystem(PixelConfig(noise=0.1)), dataset, judge, latent_zeroing=0
    ).diversity_pixels
    assert lively.value is not None
    assert 0.3 < lively.value < 3


def test_zeroing_the_whole_latent_vector_leaves_what_the_decoder_draws_anyway(
    tmp_path: Path,
) -> None:
    system, dataset, judge = pixel_world(tmp_path, noise=0)
    curve = evaluate(system, dataset, judge, latent_zeroing=60).latent_zeroing
    assert curve is not None
    assert curve.pairs == 60
    assert len(curve.accuracy) == 6
    assert curve.accuracy[0] == 1
    assert curve.accuracy[-1] == pytest.approx(1 / 3)  # a black picture is taken for "zero"
    assert all(
        low <= mean <= high
        for low, mean, high in zip(curve.low, curve.accuracy, curve.high, strict=True)
    )
    assert np.diff(curve.accuracy).max() <= 0  # one more zero never helps a system without noise


def test_the_same_seed_gives_the_same_figures_whatever_the_batch_size(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(2,), noise=0.6)
    first = evaluate(system, dataset, judge, seed=5, batch_size=7)
    assert evaluate(system, dataset, judge, seed=5, batch_size=60).to_json() == first.to_json()
    assert evaluate(system, dataset, judge, seed=6).frechet != first.frechet


def test_a_limit_takes_a_seeded_choice_and_says_so(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    result = evaluate(system, dataset, judge, limit=30)
    assert (result.provenance.pairs, result.provenance.pairs_in_split) == (30, 60)
    assert sum(map(sum, result.confusion)) == 30
    rows = {example.row for example in result.examples}
    assert rows != {
        example.row for example in evaluate(system, dataset, judge, limit=30, seed=1).examples
    }


def test_a_pair_keeps_its_noise_when_others_are_left_out() -> None:
    both = row_generators(1, [4, 9])
    alone = row_generators(1, [9])
    assert torch.equal(torch.randn(3, generator=both[1]), torch.randn(3, generator=alone[0]))
    assert not torch.equal(torch.randn(3, generator=both[0]), torch.randn(3, generator=alone[0]))


def test_examples_are_of_every_class_and_hold_the_pair(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(0,), noise=0)
    result = evaluate(system, dataset, judge)
    assert [example.label for example in result.examples] == [0] * 5 + [1] * 5 + [2] * 5
    for example in result.examples:
        assert example.key == f"pixels/{example.row}"
        assert example.label == dataset.labels[example.row]
        assert example.predicted == example.generated.reshape(-1).argmax()
        stored = dataset.images(np.array([example.row]))[0].transpose(2, 0, 1)
        assert np.allclose(example.real, stored / 127.5 - 1)
        heard = dataset.sounds(np.array([example.row]))[0]
        assert np.allclose(example.given, heard / 127.5 - 1)


def test_json_names_everything_needed_to_measure_again(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    content = json.loads(json.dumps(evaluate(system, dataset, judge).to_json(), allow_nan=False))
    assert content["frechet_name"] == "FD(pixel-judge)"
    assert "examples" not in content
    provenance = content["provenance"]
    assert provenance["data"] == "pixels"
    assert provenance["data_notes"] == ["made for a test"]
    assert set(provenance["data_sha256"]) == {"card.json", "test-00000.arrow"}
    assert len(provenance["weights_sha256"]) == len(provenance["judge_sha256"]) == 64


def test_the_weights_checksum_follows_the_weights(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    before = evaluate(system, dataset, judge, latent_zeroing=0).provenance.weights_sha256
    with torch.no_grad():
        system.scale.mul_(0.5)
    after = evaluate(system, dataset, judge, latent_zeroing=0).provenance.weights_sha256
    assert before != after


def test_what_does_not_fit_together_is_told(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    with pytest.raises(ConfigError, match="other-judge knows the classes a, b, c, the data has"):
        evaluate(system, dataset, PixelJudge("other-judge", ("a", "b", "c")))
    with pytest.raises(ConfigError, match="front end 'pixel', the system wants 'other'"):
        evaluate(PixelSystem(PixelConfig(front_end="other")), dataset, judge)
    with pytest.raises(ConfigError, match="limit must be at least 10, not 1"):
        evaluate(system, dataset, judge, limit=1)
    with pytest.raises(ConfigError, match="batch_size must be at least 1, not -1"):
        evaluate(system, dataset, judge, batch_size=-1)
    with pytest.raises(ConfigError, match="a seed is a whole number from 0"):
        evaluate(system, dataset, judge, seed=-5)
    judge.image_shape = (3, 4, 4)
    with pytest.raises(DataError, match=r"takes pictures of 3 × 4 × 4 .* not 1 × 4 × 4"):
        evaluate(system, dataset, judge)


def test_pairs_without_a_label_are_left_out_of_what_needs_one(tmp_path: Path) -> None:
    system, _, judge = pixel_world(tmp_path, noise=0)
    folder = write_pairs(tmp_path / "half", misleading=(0, 6, 9, 14), unlabelled=24)
    dataset = PairDataset(folder, "test")
    result = evaluate(system, dataset, judge, latent_zeroing=60)
    assert (result.provenance.pairs, result.provenance.pairs_labelled) == (60, 36)
    assert result.accuracy is not None
    assert result.accuracy.value == pytest.approx(28 / 36)
    assert set(result.per_class) == {"zero", "one"}
    assert result.confusion == ((16, 4, 0), (0, 12, 4), (0, 0, 0))
    assert result.recordings.count == 15
    assert result.recordings.mean_accuracy == pytest.approx(7 / 9)
    assert result.references.real.accuracy is not None
    assert result.references.real.accuracy.value == 1
    assert set(result.diversity_pixels.per_class) == {0, 1}
    assert result.latent_zeroing is not None
    assert result.latent_zeroing.pairs == 36
    assert result.notes[0].startswith("24 of 60 pairs have no label: they are left out of")
    assert [example.label for example in result.examples] == [0] * 5 + [1] * 5 + [-1] * 5
    assert result.class_name(-1) == "unlabelled"
    dataset.labels[0] = 3
    with pytest.raises(DataError, match="has the label 3, its card names only 3 classes"):
        evaluate(system, dataset, judge)


def test_a_system_that_takes_a_label_is_measured_on_labelled_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cascade, "takes_label", True)
    system, judge = Cascade(PixelConfig()), PixelJudge("pixel-judge", CLASSES)
    half = PairDataset(write_pairs(tmp_path / "half", unlabelled=24), "test")
    result = evaluate(system, half, judge)
    assert result.provenance.pairs == result.provenance.pairs_labelled == 36
    assert "24 pairs of the split have no label, which Pixel needs: left out" in result.notes
    half.labels = np.full(60, -1)
    with pytest.raises(DataError, match=r"0 labelled pairs in its test split, .* at least 10"):
        evaluate(system, half, judge)
    none = PairDataset(write_pairs(tmp_path / "none", classes=False), "test")
    with pytest.raises(ConfigError, match=r"Pixel makes something of a class, and .* has none"):
        evaluate(system, none, judge)


def test_data_without_classes_has_distances_and_no_accuracy(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "none", misleading=(0, 6), classes=False)
    dataset = PairDataset(folder, "test")
    judge = PixelJudge("other-judge", ("a", "b"))
    result = evaluate(PixelSystem(PixelConfig()), dataset, judge)
    assert result.classes == ()
    assert result.accuracy is result.listener is result.latent_zeroing is None
    assert result.references.blind_accuracy is result.recordings.mean_accuracy is None
    assert result.per_class == {}
    assert result.confusion == ()
    figures, real = result.outputs["generated"], result.references.real
    assert figures.inception_score is None
    assert 0 < real.frechet < figures.frechet
    assert abs(real.kernel_distance.value) < figures.kernel_distance.value
    assert figures.precision <= 1
    assert real.diversity == 1  # over the whole set
    assert figures.diversity is not None
    assert 0 < figures.diversity < 3
    assert len(result.examples) == 20
    assert {example.label for example in result.examples} == {-1}
    assert result.notes == (
        "the data has no classes: nothing is said of accuracy, and diversity is that of all pairs"
        " together",
        "judge other-judge learnt other classes (a, b): its features alone are used",
    )
    json.dumps(result.to_json(), allow_nan=False)


def test_every_output_is_judged_and_the_first_is_the_main_one(tmp_path: Path) -> None:
    system, dataset = cascade_world(tmp_path)
    result = evaluate(system, dataset, PixelJudge("pixel-judge", CLASSES))
    assert list(result.outputs) == [
        "label heard",
        "label given",
        "stage I, label heard",
        "stage I, label given",
    ]
    assert result.main_output == "label heard"
    assert result.accuracy.value == result.outputs["label heard"].accuracy.value == 13 / 15
    assert result.outputs["label given"].accuracy.value == 1
    assert result.outputs["stage I, label given"].accuracy.value == pytest.approx(
        1 / 3
    )  # all "zero"
    assert result.outputs["stage I, label given"].inception_score.value == pytest.approx(1)
    assert result.outputs["label heard"].frechet == result.frechet
    assert result.listener is not None
    assert result.listener.accuracy.value == 13 / 15
    assert result.listener.per_class == result.per_class
    example = result.examples[0]
    assert list(example.made) == list(example.judged) == list(result.outputs)
    assert example.generated is example.made["label heard"]
    content = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert content["main_output"] == "label heard"
    assert content["accuracy"] == content["outputs"]["label heard"]["accuracy"]
    assert content["outputs"]["label given"]["accuracy"]["value"] == 1
    system.listener = None
    assert evaluate(system, dataset, PixelJudge("pixel-judge", CLASSES)).listener is None


def test_silent_pairs_are_counted_apart_and_factors_read_where_something_sounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, dataset = cascade_world(tmp_path)
    judge = FactorJudge("pixel-judge", CLASSES, ("pitch",))
    without = evaluate(system, dataset, judge)
    assert without.outputs["label heard"].factor_r2 is None  # the data has no such column
    assert without.outputs["label heard"].accuracy_sounding is None
    corner = dataset.images(np.arange(60))[:, 3, 3, 0] / 127.5 - 1
    silent = np.arange(60) < 4  # the first recording, which misleads
    columns = {"pitch": np.where(silent, -1.0, corner), "silent": silent}
    stored, kinds = dataset.column, {"pitch": "float", "silent": "bool"}
    dataset.card = replace(dataset.card, columns={**dataset.card.columns, **kinds})
    monkeypatch.setattr(
        dataset, "column", lambda name: columns[name] if name in columns else stored(name)
    )
    result = evaluate(system, dataset, judge)
    heard, real = result.outputs["label heard"], result.references.real
    assert heard.accuracy.value == 52 / 60
    assert heard.accuracy_sounding is not None
    assert heard.accuracy_sounding.value == 52 / 56
    assert result.listener is not None
    assert result.listener.accuracy_sounding == heard.accuracy_sounding
    assert real.factor_r2 == {"pitch": pytest.approx(1, abs=1e-6)}
    assert heard.factor_r2 is not None
    assert heard.factor_r2["pitch"] is not None
    assert heard.factor_r2["pitch"] < 0  # the corner of what it draws is always black


def test_pictures_of_another_size_are_resized_to_the_judge_s(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    assert evaluate(system, dataset, judge).notes == ()
    judge.image_shape = (1, 2, 2)
    result = evaluate(system, dataset, judge, limit=20)
    assert result.notes[0] == (
        "generated pictures of 4 × 4 pixels are judged at 2 × 2, the size that judge pixel-judge"
        " takes"
    )
    assert result.notes[1].startswith("real pictures of 4 × 4")
    assert result.examples[0].generated.shape == (1, 4, 4)  # shown as they are


class Eyes(nn.Module):
    """In the place of Inception's network: a few sums of the pixels."""

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        assert levels.dtype == torch.uint8
        assert levels.shape[1] == 3
        pixels = levels.float().flatten(1)[:, :16] / 255
        return pixels, 20 * pixels[:, :3]


def test_inception_figures_have_names_of_their_own(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path)
    inception = Inception(Eyes(), "0" * 64)
    result = evaluate(system, dataset, judge, inception=inception)
    assert evaluate(system, dataset, judge).outputs["generated"].inception is None
    figures, real = result.outputs["generated"].inception, result.references.real.inception
    assert figures is not None
    assert real is not None
    assert 4 * figures.fid == pytest.approx(result.frechet, rel=0.01)  # pixels in [0, 1], rounded
    assert 0 < real.fid < figures.fid
    assert abs(real.kid.value) < figures.kid.value
    assert 2 < figures.inception_score.value < 3
    assert result.provenance.inception_sha256 == "0" * 64
    assert not inception.published


def test_other_judges_stand_beside_and_change_nothing(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(0, 6))
    other = PixelJudge("other", CLASSES, (1, 4, 4))
    alone = evaluate(system, dataset, judge)
    result = evaluate(system, dataset, judge, beside=(other, judge))
    assert result.outputs == alone.outputs
    assert list(result.opinions) == ["other"]
    opinion = result.opinions["other"]
    assert opinion.figures == result.outputs["generated"]
    assert opinion.real == result.references.real
    with pytest.raises(ConfigError, match="stranger knows the classes a, b, the data has zero"):
        evaluate(system, dataset, judge, beside=(PixelJudge("stranger", ("a", "b"), (1, 4, 4)),))
    ear = PixelJudge("ear", CLASSES, (1, 4, 4))
    ear.ear = front_end("aivae-8k")
    with pytest.raises(ConfigError, match="judge ear is of sounds, pixel-judge of images: beside"):
        evaluate(system, dataset, judge, beside=(ear,))


def test_opinions_of_pairs_are_held_against_each_other(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, noise=0)
    right = evaluate(system, dataset, judge).outputs["generated"].paired_kl
    system, dataset, judge = pixel_world(tmp_path / "wrong", misleading=(0, 6), noise=0)
    result = evaluate(system, dataset, judge)
    wrong = result.outputs["generated"].paired_kl
    assert right is not None
    assert wrong is not None
    assert 0 < right < wrong
    assert result.references.real.paired_kl is None
