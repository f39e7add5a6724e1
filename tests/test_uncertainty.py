"""Uncertainty: the numbers, whether they mean anything, and where they come out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import recordings
import soundfile
import torch
from fake_digits import pixel_world

from photism.cli import main
from photism.errors import ConfigError, DataError
from photism.evaluation.evaluate import evaluate
from photism.evaluation.report import write_report
from photism.metrics.uncertainty import (
    auroc,
    predictive_entropy,
    selective,
    spread_map,
    spread_number,
)
from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.translate.provenance import provenance_of
from photism.translate.translator import Translator

GROUPS = np.arange(200)


def test_spread_is_the_distance_from_the_mean() -> None:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-1, 1, (5, 7, 3, 4, 6))
    spread = spread_map(samples)
    assert spread.shape == (7, 4, 6)
    from_mean = np.square(samples - samples.mean(axis=0)).mean(axis=(0, 2, 3, 4))
    np.testing.assert_allclose(np.square(spread_number(spread)), from_mean)
    assert spread_map(samples[:1].repeat(3, axis=0)).max() < 1e-12
    assert spread_number(spread_map(np.array([[[[-1.0]]], [[[1.0]]]]))) == 1


def test_spread_of_too_little_or_of_nan_is_refused() -> None:
    with pytest.raises(DataError, match="needs 2 samples, not 1"):
        spread_map(np.zeros((1, 3, 2, 2)))
    with pytest.raises(DataError, match="not numbers"):
        spread_map(np.full((2, 1, 2, 2), np.nan))


def test_entropy_counts_doubt_and_disagreement() -> None:
    sure, torn = [1.0, 0.0], [0.5, 0.5]
    unsure = predictive_entropy(np.array([[sure, torn, sure], [sure, torn, sure[::-1]]]))
    np.testing.assert_allclose(unsure, [0, 1, 1])


def test_selective_answers_in_closed_form() -> None:
    right = np.array([True, True, False, True])
    found = selective(np.array([1.0, 2.0, 3.0, 4.0]), right, np.arange(4), seed=0)
    assert found.share == (0.25, 0.5, 0.75, 1.0)
    assert found.accuracy == (1, 1, 2 / 3, 3 / 4)
    assert found.ideal == (1, 1, 1, 3 / 4)
    assert found.area == pytest.approx(np.mean(found.accuracy))
    assert found.auroc is not None
    assert found.auroc.value == pytest.approx(2 / 3)


def test_what_means_nothing_gains_nothing_and_what_knows_all_is_ideal() -> None:
    right = np.arange(200) % 4 > 0
    flat = selective(np.ones(200), right, GROUPS, seed=0)
    assert set(flat.accuracy) == {0.75}
    assert flat.auroc is not None
    assert flat.auroc.value == 0.5
    knows = selective(~right * 1.0, right, GROUPS, seed=0)
    assert knows.area == knows.ideal_area
    assert knows.accuracy == knows.ideal
    blind = selective(np.random.default_rng(1).normal(size=200), right, GROUPS, seed=0)
    assert blind.auroc is not None
    assert blind.auroc.low < 0.5 < blind.auroc.high
    assert selective(np.ones(200), np.ones(200, bool), GROUPS, seed=0).auroc is None


def test_auroc_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(2)
    unsure, right = rng.integers(0, 9, 60), rng.random(60) < 0.6
    wrongs, rights = unsure[~right][:, None], unsure[right][None]
    expected = np.mean((wrongs > rights) + 0.5 * (wrongs == rights))
    assert auroc(unsure, right) == pytest.approx(expected)
    assert auroc(unsure, right, np.full(60, 3.0)) == pytest.approx(expected)


def test_groups_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    right = np.repeat(rng.random(20) < 0.5, 10)
    unsure = np.repeat(rng.normal(size=20), 10) - right
    alone = selective(unsure, right, GROUPS, seed=0).auroc
    together = selective(unsure, right, GROUPS // 10, seed=0).auroc
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@pytest.fixture(scope="module")
def translator() -> Translator:
    torch.manual_seed(0)
    return Translator(SYSTEMS["aivae"](SYSTEMS["aivae"].presets["debug"]), "cpu")


def test_a_result_knows_how_far_its_samples_differ(translator: Translator) -> None:
    samples, rate = recordings.spoken(3)
    result = translator.translate(samples, rate=rate, seed=5, samples=4)
    alone = [translator.translate(samples, rate=rate, seed=seed) for seed in range(5, 9)]
    assert alone[0].uncertainty is None
    assert torch.equal(result.tensor, alone[0].tensor)
    tensors = torch.stack([one.tensor for one in alone])
    found = result.uncertainty
    assert found is not None
    torch.testing.assert_close(found.mean, tensors.mean(dim=0))
    expected = tensors.std(dim=0, correction=0)
    assert found.number == pytest.approx(expected.square().mean().sqrt().item(), rel=1e-4)
    assert found.number > 0
    assert result.provenance["uncertainty"]["samples"] == 4
    assert "uncertainty" not in alone[0].provenance
    heat = np.asarray(found.show_spread()).sum(axis=2)
    peak = np.unravel_index(found.spread.argmax(), found.spread.shape)
    assert heat[peak] == heat.max()


def test_what_is_always_the_same_has_no_uncertainty(translator: Translator) -> None:
    samples, rate = recordings.spoken(3)
    with pytest.raises(ConfigError, match="draws no noise here"):
        translator.translate(samples, rate=rate, samples=4, sampling={"latent": "mean"})
    with pytest.raises(ConfigError, match="samples are a whole number from 1 on"):
        translator.translate(samples, rate=rate, samples=0)


def test_the_command_writes_mean_and_heat_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = recordings.untrained(tmp_path / "weights")
    samples, rate = recordings.sentence(1, 2)
    soundfile.write("two.wav", samples, rate)

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(["translate", "two.wav", *argv, "--system", str(weights), "--device", "cpu"])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, _ = run("--samples", "3", "--uncertainty", "--json", "--batch", "2", "-o", "made")
    assert code == 0
    first, second = json.loads(out)["uncertainty"]
    assert first["samples"] == 3
    assert sorted(path.name for path in Path("made").iterdir()) == [
        *(f"two_001_{what}.png" for what in ("mean", "s0", "s1", "s2", "spread")),
        *(f"two_{what}.png" for what in ("mean", "s0", "s1", "s2", "spread")),
    ]
    made = provenance_of(Path("made/two_001_spread.png"))
    assert made["uncertainty"]["spread"] == second["spread"]
    assert made["shows"] == "spread of 3 samples"
    assert "spread 0." in run("--samples", "3", "--uncertainty", "-o", "made")[1]
    assert run("--samples", "2", "-o", "made")[0] == 0  # those of the earlier run do not stay
    assert not list(Path("made").glob("*_mean.png")) + list(Path("made").glob("*_s2.png"))
    for argv, said in (
        (["--uncertainty"], "say how many"),
        (["--samples", "3", "--uncertainty", "--sampling", "latent=mean"], "draws no noise"),
    ):
        code, _, err = run(*argv)
        assert code == 2
        assert len(err.splitlines()) == 1
        assert said in err


def test_an_evaluation_says_what_uncertainty_is_worth(tmp_path: Path) -> None:
    system, dataset, judge = pixel_world(tmp_path, misleading=(2,), noise=0.6)
    found = evaluate(system, dataset, judge, seed=5, latent_zeroing=0, samples=6)
    again = evaluate(system, dataset, judge, seed=5, latent_zeroing=0, samples=6, batch_size=7)
    assert found.uncertainty == again.uncertainty
    unsure = found.uncertainty
    assert unsure is not None
    assert found.accuracy is not None
    assert unsure.accuracy == found.accuracy.value  # the first sample is the one measured above
    assert set(unsure.by) == {"spread", "judge's entropy"}
    assert unsure.by["spread"].accuracy[-1] == pytest.approx(unsure.accuracy)
    doubt = unsure.by["judge's entropy"].auroc
    assert doubt is not None
    assert doubt.value > 0.6  # much noise is seen as another class now and then
    write_report(found, tmp_path / "report", title="Pixel")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "share answered" in page
    assert "samples of each: 6" in page
    content = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert content["uncertainty"]["by"]["spread"]["area"] == unsure.by["spread"].area
    with pytest.raises(ConfigError, match="at least 2 samples, not 1"):
        evaluate(system, dataset, judge, samples=1)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_that_draws_noise_says_how_unsure_it_is(name: str) -> None:
    torch.manual_seed(0)
    system = SYSTEMS[name](SYSTEMS[name].presets["debug"])
    if system.takes_label:
        system.card = WeightsCard(classes=tuple(map(str, range(system.config.classes))))
    translator = Translator(system, "cpu")
    samples, rate = recordings.spoken(3)
    for target in system.targets:
        made_of = (samples, rate) if target == "image" else (np.zeros((64, 64, 3), np.uint8), None)
        if system.noise_shape(target):
            found = translator.translate(made_of[0], rate=made_of[1], samples=3).uncertainty
            assert found is not None
            assert found.spread.shape == system.shape(target)[1:]
            assert 0 < found.number < 1
        else:
            with pytest.raises(ConfigError, match="draws no noise here"):
                translator.translate(made_of[0], rate=made_of[1], samples=3)
