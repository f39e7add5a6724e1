"""Judges of sounds: they hear waveforms, are trained on what is heard, and judge what is made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page import Page
from tones import CLASSES, EAR, Piano, PianoConfig, write_tones

from photism.audio.front_ends import front_end
from photism.audio.invert import invert
from photism.audio.logmel import pictures
from photism.cli import main
from photism.data.pairs import PairDataset, PairLoader
from photism.errors import ConfigError, DataError
from photism.evaluation.critic import Critic
from photism.evaluation.evaluate import evaluate
from photism.evaluation.report import write_report
from photism.evaluation.table import figure_table
from photism.judges.base import Judge
from photism.judges.perceive import Percept, hear, perceive
from photism.judges.weights import load_judge

TRAIN = ("--epochs", "6", "--batch-size", "16", "--lr", "0.004", "--device", "cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tones(tmp_path_factory.mktemp("data") / "tones")


@pytest.fixture(scope="module")
def stored(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judges") / "ears"
    argv = ["judge", "train", "small", "--medium", "sound", "--data", str(data)]
    assert main([*argv, "--factors", "pitch_hz", "--out", str(folder), *TRAIN]) == 0
    return folder


@pytest.fixture
def judge(stored: Path) -> Judge:
    return load_judge(stored)


def some(data: Path, count: int = 6) -> torch.Tensor:
    return PairLoader(PairDataset(data, "test"), count, shuffle=False).batch(np.arange(count)).sound


def test_a_log_mel_is_judged_by_the_waveform_made_of_it(data: Path, judge: Judge) -> None:
    log_mels = some(data)
    waves = invert(log_mels, EAR)
    again = pictures(list(waves), EAR)
    expected = judge(again)
    assert torch.allclose(judge.look(log_mels, EAR).logits, expected.logits, atol=1e-4)
    assert not torch.allclose(judge(log_mels).logits, expected.logits, atol=1e-2)
    alone = judge.look(log_mels[2:3], EAR).logits
    assert torch.allclose(alone, expected.logits[2:3], atol=1e-3)  # whatever else is in the batch


def test_sounds_of_another_rate_are_heard_at_the_ear_s() -> None:
    time_s = torch.arange(16_000) / 16_000
    wave = 0.3 * torch.sin(2 * torch.pi * 1000 * time_s)[None]
    sounds = Percept(wave, 16_000), Percept(wave[:, ::2].contiguous(), 8_000)
    twice, once = (hear(sound, front_end("aivae-8k")) for sound in sounds)
    assert twice.shape == once.shape
    assert (twice[:, :, :, 5:-5] - once[:, :, :, 5:-5]).abs().mean() < 0.02


def test_a_picture_is_what_a_person_sees() -> None:
    picture = torch.rand(2, 3, 8, 8)
    assert perceive(picture, "image").values is picture


def test_the_card_says_what_was_heard_and_both_accuracies(stored: Path, data: Path) -> None:
    card = json.loads((stored / "config.json").read_text(encoding="utf-8"))
    assert card["name"] == "small-tones-sound"
    assert card["ear"]["name"] == "aivae-8k"
    assert card["test_accuracy"] == 1
    assert 1 / 3 < card["original_accuracy"] <= 1
    assert card["recipe"]["shift"] == 0  # what moves up is another note
    assert set(card["factor_r2"]) == {"pitch_hz"}
    assert card["command"].startswith(
        "photism judge train small --data tones --medium sound --factors pitch_hz --epochs 6"
    )
    readme = (stored / "README.md").read_text(encoding="utf-8")
    for text in (
        "that judges generated sounds",
        "**100.00%** (these half precision weights), made of their log-mels and analysed again",
        "accuracy on their log-mels as the data has them",
        "brought to 8,000 Hz, and analysed with front end aivae-8k",
    ):
        assert text in readme


def test_the_command_measures_a_judge_of_sounds_again(
    stored: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "test", str(stored), "--data", str(data)]) == 0
    assert "100.00% of 36" in (printed := capsys.readouterr().out)
    assert "test sounds, R² of pitch_hz" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--data", "mnist", "--medium", "sound"), "mnist has no sounds: leave --medium out"),
        (("--data", "mnist", "--front-end", "s2i"), "a judge of pictures hears nothing: leave"),
        (("--medium", "sound", "--front-end", "s3i"), "did you mean 's2i'?"),
    ],
)
def test_what_cannot_be_heard_is_told(
    options: tuple[str, ...],
    message: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["judge", "train", "small", "--out", str(tmp_path / "judge"), "--data", str(data)]
    assert main([*argv, *options]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_a_system_that_makes_sounds_is_measured_as_it_is_heard(data: Path, judge: Judge) -> None:
    dataset = PairDataset(data, "test")
    result = evaluate(Piano(PianoConfig()), dataset, judge, batch_size=7)
    assert result.accuracy is not None
    assert result.accuracy.value == 1
    assert result.provenance.target == "sound"
    assert result.provenance.judge_test_accuracy == 1
    assert result.notes == (
        "sounds are judged as they are heard: log-mels, generated and real, are made into"
        " waveforms of 8,000 Hz and analysed with front end aivae-8k",
    )
    figures, real = result.outputs["generated"], result.references.real
    assert figures.diversity is not None
    assert figures.diversity < 0.1  # one tone a class
    assert real.frechet < figures.frechet
    assert real.factor_r2 is not None
    assert figures.factor_r2 is not None
    assert set(figures.factor_r2) == {"pitch_hz"}
    example = result.examples[0]
    assert example.given.shape == (1, 16, 16)
    assert example.real.shape == example.generated.shape == (1, 48, 48)
    wrong = evaluate(Piano(PianoConfig(wrong=1)), dataset, judge)
    assert wrong.accuracy is not None
    assert wrong.accuracy.value == 0
    assert wrong.confusion == ((0, 12, 0), (0, 0, 12), (12, 0, 0))


def test_a_report_of_sounds_speaks_of_sounds(data: Path, judge: Judge, tmp_path: Path) -> None:
    result = evaluate(Piano(PianoConfig()), PairDataset(data, "test"), judge)
    html, _ = write_report(result, tmp_path, title="Piano")
    text = Page(html.read_text(encoding="utf-8")).text
    for said in (
        "one generated sound each",
        "Seen, played, real",
        "class of the picture",
        "real sounds",
        "blind to the picture",
        "What else the sound tells",
    ):
        assert said in text
    assert "class of the sound" not in text
    assert "real pictures" not in text
    assert "FID" not in text.replace("It is not an FID", "")


def test_a_critic_hears(stored: Path, data: Path) -> None:
    batch = PairLoader(PairDataset(data, "test"), 12, shuffle=False).batch(np.arange(12))
    critic = Critic.of(str(stored), data)
    assert critic(Piano(PianoConfig()), batch).all()
    assert not critic(Piano(PianoConfig(wrong=2)), batch).any()


def test_a_judge_of_the_other_medium_is_told(data: Path) -> None:
    from fake_digits import PixelJudge

    with pytest.raises(ConfigError, match="Piano makes sound, no image"):
        evaluate(
            Piano(PianoConfig()), PairDataset(data, "test"), PixelJudge("eye", CLASSES, (1, 16, 16))
        )


def test_what_is_made_finds_what_it_was_made_of(data: Path, judge: Judge) -> None:
    from fake_digits import PixelJudge

    eye = PixelJudge("eye", CLASSES, (1, 16, 16))
    dataset = PairDataset(data, "test")
    with pytest.raises(DataError, match=r"a joint space needs 100 training pairs, .* has 96"):
        evaluate(Piano(PianoConfig()), dataset, judge, witness=eye)
    with pytest.raises(ConfigError, match="are both of sounds: a joint space has one of each"):
        evaluate(Piano(PianoConfig()), dataset, judge, witness=judge)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("photism.evaluation.shared.LEAST", 50)
        right, wrong = (
            evaluate(Piano(PianoConfig(wrong=wrong)), dataset, judge, witness=eye)
            for wrong in (0, 1)
        )
    place = right.outputs["generated"].agreement
    other = wrong.outputs["generated"].agreement
    real = right.references.real.agreement
    assert place is not None
    assert other is not None
    assert real is not None
    assert place.to_given > 0.5 > other.to_given
    assert place.to_real > 0.5 > other.to_real
    assert real.to_real == pytest.approx(1)
    assert place.retrieval.median_rank < 14 < other.retrieval.median_rank  # 12 share each class
    assert right.provenance.joint_pairs == 96
    assert right.provenance.witness.startswith("eye, sha256 ")
    lines = {line.name: line.outputs[0].text for line in figure_table(right).lines}
    assert {"AIS", "IIS", "R@1", "R@5", "median rank", f"KL({judge.name})"} <= set(lines)
