"""S2IC and CMCGAN: variants, losses, which networks learn from what, and from synthetic input."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from pairs_of import write_players

from photism.blocks.mismatch import mismatch
from photism.cli import main
from photism.config import override
from photism.data.pairs import Batch
from photism.errors import ConfigError
from photism.media import MEDIA, Medium, other
from photism.systems import find_system
from photism.systems.base import System, parameter_count
from photism.systems.s2ic import VARIANTS
from photism.systems.stages import Step
from photism.systems.weights import load_weights


def build(name: str, preset: str = "debug", **settings: str) -> System:
    torch.manual_seed(0)
    cls = find_system(name)
    return cls(override(cls.presets[preset], settings))


def make_batch(count: int = 8) -> Batch:
    rng = torch.Generator().manual_seed(1)
    sound, image = (torch.rand(count, 3, 64, 64, generator=rng) * 2 - 1 for _ in MEDIA)
    return Batch(sound, image, torch.arange(count) % 4, torch.arange(count))


def make_step() -> Step:
    return Step(0, 0, torch.Generator().manual_seed(0))


def test_s2ic_is_sa_cmgan_without_attention_and_spectral_norm() -> None:
    with torch.device("meta"):
        ours = build("s2ic", "paper")
        theirs = build("sa-cmgan", "code", **{"attention.channels": "0", "late_layers": "relu"})
    for name, network in ours.networks().items():
        assert parameter_count(network) == parameter_count(theirs.networks()[name]), name


@pytest.mark.parametrize("target", MEDIA)
@pytest.mark.parametrize("letter", VARIANTS)
def test_variants_train_what_they_are_named_after(letter: str, target: Medium) -> None:
    system = build("s2ic", **VARIANTS[letter], target=target)
    encoder, gan = system.stages()
    assert encoder.phases[0].networks == ("encoder", {"A": "decoder"}.get(letter, "head"))
    assert system.recognises == (letter != "A")
    step = make_step()
    terms = system.losses("encoder", make_batch(), step).terms
    assert set(terms) == ({"reconstruction"} if letter == "A" else {"encoder", "encoder_accuracy"})
    seen = {p.name: system.losses(p.name, make_batch(), step).terms for p in gan.phases}
    assert ("d_mismatched" in seen["discriminator"]) == (letter != "N")
    assert system.targets == (target,)


@pytest.mark.parametrize("mismatched", ["any", "other", "none"])
def test_s2ic_minimises_the_log_losses_of_a_matching_aware_gan(mismatched: str) -> None:
    system, batch = build("s2ic", mismatched=mismatched).eval(), make_batch()
    step = make_step()
    with torch.no_grad():
        system._draw(batch, step)
        step.rng.manual_seed(0)
        found = [system.losses(p, batch, step) for p in ("discriminator", "generator")]
        judge, told, fake = system.discriminator, step.memo["embedding"], step.memo["fake"]
        right, drawn, dealt = (
            torch.sigmoid(judge(judge.trunk(sample), told))
            for sample in (
                batch.image,
                fake,
                batch.image[mismatch(batch.label, make_step().rng, other_class=False)[0]]
                if mismatched != "other"
                else batch.image[mismatch(batch.label, make_step().rng, other_class=True)[0]],
            )
        )
    wrong = -torch.log(1 - drawn).mean()
    if mismatched != "none":
        wrong = (wrong - torch.log(1 - dealt).mean()) / 2
    assert found[0].total.item() == pytest.approx((wrong - right.log().mean()).item(), abs=1e-4)
    assert found[1].total.item() == pytest.approx(-drawn.log().mean().item(), abs=1e-4)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_compression_learns_from_whom_it_is_said_to(player: str) -> None:
    system, step = build("s2ic", compressed_by=player).train(), make_step()
    weight = system.compression[0].weight
    for phase in ("discriminator", "generator"):
        system.zero_grad(set_to_none=True)
        system.losses(phase, make_batch(), step).total.backward()
        assert (weight.grad is not None) == (phase == player)


@pytest.mark.parametrize(("paths", "ways"), [("all", 3), ("direct", 1)])
def test_cmcgan_makes_each_medium_in_its_ways(paths: str, ways: int) -> None:
    system, batch, step = build("cmcgan", paths=paths).eval(), make_batch(), make_step()
    with torch.no_grad():
        found = {p: system.losses(p, batch, step) for p in ("discriminator", "generators")}
    memo = step.memo
    names = [name for name in memo if " by " in name]
    assert len(names) == 2 * ways
    for medium in MEDIA:
        back = memo[f"{medium} back"]
        assert found["generators"].terms[f"l1_{medium}_back"].item() == pytest.approx(
            (back - batch.of(medium)).abs().mean().item(), rel=1e-4
        )
    terms = found["generators"].terms
    l1 = sum(value for name, value in terms.items() if name.startswith("l1_"))
    assert found["generators"].total.item() == pytest.approx(
        (terms["adversarial"] + 10 * l1).item(), rel=1e-4
    )
    scores = []
    with torch.no_grad():
        for name in names:
            medium = name.split()[0]
            pair = {m: memo[name] if m == medium else batch.of(m) for m in MEDIA}
            seen = {m: system.discriminator.see(picture, m) for m, picture in pair.items()}
            scores.append(system.discriminator(seen))
    fooled = torch.stack([F.softplus(-score).mean() for score in scores]).mean()
    caught = torch.stack([F.softplus(score).mean() for score in scores]).mean()
    assert terms["adversarial"].item() == pytest.approx(fooled.item(), abs=1e-4)
    assert found["discriminator"].terms["d_fake"].item() == pytest.approx(caught.item(), abs=1e-4)


def test_cmcgan_translates_what_it_has_made_itself() -> None:
    system, batch = build("cmcgan").eval(), make_batch(2)
    assert system.targets == ("image", "sound")
    noise = torch.randn(2, system.config.noise)
    for target in system.targets:
        condition = batch.of(other(target))
        with torch.no_grad():
            made, again = system.outputs(condition, target=target, label=batch.label, noise=noise)
            back = system.generate(made.tensor, target=other(target), noise=noise)
            expected = system.generate(back, target=target, noise=noise)
        assert again.name == f"from a synthetic {other(target)}"
        assert torch.equal(again.tensor, expected)
        assert made.tensor.shape == again.tensor.shape == (2, *system.shape(target))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("s2ic", {"feature": "ear"}, "feature is 'ear'"),
        ("s2ic", {"beta1": "1"}, "beta1 must be below 1"),
        ("cmcgan", {"paths": "some"}, "paths is 'some'"),
        ("cmcgan", {"noise": "0"}, "noise must be at least 1"),
    ],
)
def test_bad_settings_say_what_to_do(name: str, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(name, **settings)


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        (["sa-cmgan"], ("image",)),
        (["sa-cmgan", "--set", "target=sound"], ("sound",)),
        (["s2ic", "--set", "target=sound", "mismatched=other"], ("sound",)),
        (["cmcgan"], ("image", "sound")),
    ],
)
def test_they_are_trained_from_the_command_line(words, targets, tmp_path: Path) -> None:
    data = write_players(tmp_path / "data", train=60, classes=13, front_end="sa-cmgan", size=16)
    options = ["--preset", "debug", "--data", str(data), "--out", str(tmp_path / "run")]
    name, settings = words[0], words[1:]
    assert main(["train", name, *options, "--device", "cpu", *settings]) == 0
    assert load_weights(tmp_path / "run").targets == targets
    assert list((tmp_path / "run" / "samples").iterdir())


def test_systems_without_classes_take_pairs_without_classes(tmp_path: Path) -> None:
    data = write_players(
        tmp_path / "data", train=60, classes=13, front_end="sa-cmgan", size=16, unlabelled=60
    )
    options = ["--preset", "debug", "--data", str(data), "--device", "cpu"]
    for number, words in enumerate((["cmcgan"], ["s2ic", "--set", "feature=autoencoder"])):
        out = ["--out", str(tmp_path / str(number))]
        assert main(["train", words[0], *options, *out, *words[1:]]) == 0
    assert main(["train", "s2ic", *options, "--out", str(tmp_path / "c")]) == 2
