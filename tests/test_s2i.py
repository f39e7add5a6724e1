"""S2I: the sizes of the paper's tables, its losses, and pictures as functions of their noise."""

from __future__ import annotations

import math

import pytest
import torch

from photism.cli import main
from photism.config import override
from photism.data.pairs import Batch
from photism.errors import ConfigError, WeightsError
from photism.stored import find_tensors
from photism.systems.base import parameter_count
from photism.systems.s2i import S2I, kept_channels, moving_average
from photism.systems.s2i_networks import S2IConfig
from photism.systems.s2i_published import load_published
from photism.systems.stages import Step

DEBUG = S2I.presets["debug"]


def build(**settings: str) -> S2I:
    torch.manual_seed(0)
    return S2I(override(DEBUG, {name.replace("__", "."): v for name, v in settings.items()}))


def make_batch(count: int = 4) -> Batch:
    rng = torch.Generator().manual_seed(1)
    return Batch(
        sound=torch.rand(count, 1, 128, 100, generator=rng) * 2 - 1,
        image=torch.rand(count, 3, 96, 96, generator=rng) * 2 - 1,
        label=torch.full((count,), -1),
        row=torch.arange(count),
    )


def make_step(epoch: int = 0, **means: list[float]) -> Step:
    return Step(0, epoch, torch.Generator().manual_seed(0), means)


@pytest.mark.parametrize(
    ("embedding", "autoencoder", "generator"),
    [
        (128, 29_875_635, 37_857_705),
        (256, 31_055_667, 38_119_849),
        (512, 33_415_731, 38_644_137),
        (1024, 38_135_859, 39_692_713),
        (2048, 47_576_115, 41_789_865),
    ],
)
def test_published_sizes(embedding: int, autoencoder: int, generator: int) -> None:
    with torch.device("meta"):
        system = S2I(S2IConfig(embedding=embedding))
    counts = {name: parameter_count(network) for name, network in system.networks().items()}
    assert counts["encoder"] + counts["decoder"] == autoencoder
    assert counts["generator"] == generator
    assert counts["discriminator"] == 5_276_450 + embedding - 512


def test_the_sequential_generator_has_thirteen_layers_of_known_size() -> None:
    with torch.device("meta"):
        system = S2I(S2IConfig(generator="sequential"))
    assert parameter_count(system.generator) == 14_554_217
    assert system.generator.count == 13


def sizes_of(network: torch.nn.Module, kind: type, run) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    for layer in network.modules():
        if isinstance(layer, kind):
            layer.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[2:])))
    with torch.no_grad():
        run()
    return seen


def test_layers_have_the_sizes_of_the_tables() -> None:
    system, batch = build().eval(), make_batch(2)
    convolution, transposed = torch.nn.Conv2d, torch.nn.ConvTranspose2d
    down = sizes_of(system.encoder, convolution, lambda: system.encoder(batch.sound))
    assert down[:5] == [(61, 48), (29, 23), (25, 21), (21, 19), (17, 17)]
    assert [side for side, _ in down[5:]] == [15, 13, 11, 9, 7, 5, 3, 1]
    embedding = torch.zeros(2, system.config.embedding)
    up = sizes_of(system.decoder, transposed, lambda: system.decoder(embedding))
    assert up[-5:] == [(21, 19), (25, 21), (29, 23), (61, 48), (128, 100)]
    drawn = sizes_of(system.generator, transposed, lambda: system._picture(embedding, None))
    sides = [side for side, _ in drawn]
    assert sides[::4] == [2, 4, 6, 12, 24, 48, 96]
    marks = sizes_of(
        system.discriminator, convolution, lambda: system.discriminator(batch.image, embedding)
    )
    assert [side for side, _ in marks] == [46, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 1]


def test_the_adversarial_loss_is_averaged_over_epochs() -> None:
    now = torch.tensor(2.0, requires_grad=True)
    assert moving_average(now, [], 5).item() == 2
    assert moving_average(now, [1.0], 5).item() == pytest.approx(1.5)
    assert moving_average(now, [9.0, 1, 2, 3, 4], 5).item() == pytest.approx(12 / 5)
    assert moving_average(now, [9.0, 9.0], 1).item() == 2
    moving_average(now, [1.0] * 10, 5).backward()
    assert now.grad is not None
    assert now.grad.item() == pytest.approx(1 / 5)


def test_the_generator_is_charged_pixels_and_marks() -> None:
    system, batch = build(moving_average="3"), make_batch()
    losses = system.losses("generator", batch, make_step(2, adversarial=[0.5, 1.5]))
    terms = losses.terms
    charged = (terms["adversarial"] + 0.5 + 1.5) / 3
    assert terms["moving_average"].item() == pytest.approx(charged.item())
    assert losses.total.item() == pytest.approx((terms["pixel"] + 0.1 * charged).item())
    assert 0 <= terms["adversarial"] <= 4


def test_the_encoder_learns_in_its_own_phase_alone() -> None:
    system, batch = build().train(), make_batch()
    before = {name: value.clone() for name, value in system.encoder.state_dict().items()}
    step = make_step()
    for phase in ("discriminator", "generator"):
        system.losses(phase, batch, step).total.backward()
    assert all(p.grad is None for p in system.encoder.parameters())
    assert all(torch.equal(v, before[n]) for n, v in system.encoder.state_dict().items())
    system.losses("autoencoder", batch, make_step()).total.backward()
    assert all(p.grad is not None for p in system.encoder.parameters())


def test_dropout_is_a_threshold_on_the_noise() -> None:
    noise = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))
    [kept] = kept_channels(noise, [3], [0.15])
    assert (kept == 0).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert kept.max().item() == pytest.approx(1 / 0.85)
    assert kept.mean().item() == pytest.approx(1, abs=0.01)
    threshold = math.sqrt(2) * torch.erfinv(torch.tensor(2 * 0.15 - 1)).item()
    assert torch.equal(kept == 0, noise <= threshold)


def test_two_passes_differ_and_the_same_noise_repeats() -> None:
    system, sound = build(width="0.1").eval(), make_batch(2).sound
    shape = system.noise_shape("image")
    one, two = (torch.randn(2, *shape, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    with torch.no_grad():
        first, again, other = (
            system.generate(sound, target="image", noise=noise) for noise in (one, one, two)
        )
        still = system.sampled({"dropout": "off"})
        assert still.noise_shape("image") == ()
        alone = still.generate(sound, target="image")
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, alone)


def test_noise_inputs_stand_behind_the_embedding() -> None:
    system = build(noise_inputs="4").eval()
    [total] = system.noise_shape("image")
    assert total == sum(system.generator.dropped) + 4
    noise = torch.zeros(2, total) + 9.0  # every channel stays
    other = noise.clone()
    other[:, -4:] = -9
    sound = make_batch(2).sound
    with torch.no_grad():
        pictures = [system.generate(sound, target="image", noise=n) for n in (noise, other)]
    assert not torch.equal(*pictures)


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_published_files_load(tmp_path, offset: int, prefix: str) -> None:
    """State dicts as the authors saved them, layers counted from 0 or from 1."""
    ours, theirs = build(), build()
    for value in theirs.state_dict().values():
        if value.is_floating_point():
            value.normal_()

    def save(name: str, *networks: torch.nn.Module) -> None:
        tensors = {}
        for network in networks:
            for key, value in network.state_dict().items():
                kind, number, rest = _split(key)
                first = 0 if kind == "transition" else 1
                tensors[f"{prefix}{kind}{number - first + offset}{rest}"] = value
        torch.save(tensors, tmp_path / name)

    save("autoencoder.pth", theirs.encoder, theirs.decoder)
    save("generator.pth", theirs.generator)
    save("discriminator.pth", theirs.discriminator)
    assert load_published(ours.networks(), tmp_path / "autoencoder.pth") == ("encoder", "decoder")
    assert load_published(ours.networks(), tmp_path / "generator.pth") == ("generator",)
    assert load_published(ours.networks(), tmp_path / "discriminator.pth") == ("discriminator",)
    for name, value in theirs.state_dict().items():
        assert torch.equal(value, ours.state_dict()[name]), name
    wider = build(width="0.05")
    with pytest.raises(WeightsError, match="of another network"):
        load_published(wider.networks(), tmp_path / "generator.pth")


def _split(name: str) -> tuple[str, int, str]:
    import re

    found = re.match(r"([A-Za-z]+)(\d+)(.*)", name)
    assert found is not None
    return found[1], int(found[2]), found[3]


def test_what_is_no_state_dict_is_refused(tmp_path) -> None:
    (tmp_path / "a.pth").write_bytes(b"PK nothing")
    with pytest.raises(WeightsError, match="is damaged, or holds more than tensors"):
        load_published(build().networks(), tmp_path / "a.pth")
    torch.save([1, 2], tmp_path / "b.pth")
    with pytest.raises(WeightsError, match="holds no tensors by name"):
        load_published(build().networks(), tmp_path / "b.pth")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embedding": "130"}, "embedding must be a multiple of 4, not 130"),
        ({"autoencoder_epochs": "0"}, "needs a trained autoencoder"),
        ({"activation": "gelu"}, "activation is 'gelu'"),
        ({"moving_average": "0"}, "moving_average must be at least 1"),
        ({"sampling.dropout": "maybe"}, "dropout is 'maybe'"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override(DEBUG, settings)


def test_scenes_train_to_the_end_and_a_stopped_run_goes_on_exactly(tmp_path) -> None:
    """Through the real command, stopped in the middle of either stage."""
    data = tmp_path / "scenes"
    prepared = "data prepare scenes --recordings bundled --hop-s 2 --workers 1 --out"
    assert main([*prepared.split(), str(data)]) == 0

    def run(*words: str) -> int:
        return main(["train", *words])

    begin = ["s2i", "--preset", "debug", "--data", str(data), "--epochs", "2", "--batch-size", "16"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert run(*begin, "--out", str(whole)) == 0
    assert run(*begin, "--out", str(stopped), "--max-steps", "3") == 0
    for steps in ("9", "15"):
        assert run("--resume", str(stopped), "--max-steps", steps) == 0
    assert run("--resume", str(stopped)) == 0
    there = {run: dict(find_tensors(str(run))) for run in (whole, stopped)}
    assert there[whole].keys() == there[stopped].keys()
    for name, value in there[whole].items():
        assert torch.equal(value, there[stopped][name]), name
