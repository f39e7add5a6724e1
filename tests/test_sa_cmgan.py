"""SA-CMGAN and its parts against SPEC: sizes, padding, attention, spectral norm, hinge losses."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from photism.blocks.dcgan import SameConv, SameTransposed
from photism.blocks.mismatch import mismatch
from photism.blocks.spectral import SpectralNorm, normalise
from photism.config import override
from photism.data.pairs import Batch
from photism.errors import ConfigError
from photism.media import Medium, other
from photism.systems.base import parameter_count
from photism.systems.sa_cmgan import (
    SACMGAN,
    AttentionConfig,
    SelfAttention,
)
from photism.systems.stages import Step

PLAYERS = ("discriminator", "generator")


def build(preset: str = "debug", **settings: str) -> SACMGAN:
    torch.manual_seed(0)
    changes = {name.replace("__", "."): value for name, value in settings.items()}
    return SACMGAN(override(SACMGAN.presets[preset], changes))


def make_batch(count: int = 8) -> Batch:
    rng = torch.Generator().manual_seed(1)
    sound, image = (torch.rand(count, 3, 64, 64, generator=rng) * 2 - 1 for _ in range(2))
    return Batch(sound, image, torch.arange(count) % 4, torch.arange(count))


def make_step(number: int = 0) -> Step:
    return Step(number, 0, torch.Generator().manual_seed(number))


def counts(system: SACMGAN) -> dict[str, int]:
    return {name: parameter_count(network) for name, network in system.networks().items()}


@pytest.mark.parametrize("target", ["image", "sound"])
def test_sizes_are_those_of_the_code(target: Medium) -> None:
    with torch.device("meta"):
        sizes = counts(build("code", target=target))
    assert sizes["encoder"] + sizes["compression"] == 12_420_065
    assert sizes["head"] == sizes["target_head"] == 1_677
    assert sizes["target_encoder"] == 12_420_065 - 8_384  # what it has seen is not compressed
    assert sizes["generator"] == 4_944_033
    assert sizes["discriminator"] == 13_329_826


@pytest.mark.parametrize(
    ("channels", "size"), [(64, 82_081), (128, 328_001), (256, 1_311_361), (512, 5_244_161)]
)
def test_attention_may_be_anywhere(channels: int, size: int) -> None:
    assert parameter_count(SelfAttention(channels, AttentionConfig())) == size
    with torch.device("meta"):
        without, with_it = (
            counts(build("code", attention__channels=str(c))) for c in (0, channels)
        )
    for network in ("encoder", "target_encoder", "generator", "discriminator"):
        assert with_it[network] - without[network] == size, network
    system = build(attention__channels=str(channels)).eval()
    assert [m for m in system.generator.modules() if isinstance(m, SelfAttention)]
    made = system.generate(make_batch(2).sound, target="image", noise=torch.zeros(2, 62))
    assert made.shape == (2, 3, 64, 64)


def test_same_padding_is_that_of_tensorflow() -> None:
    """One more row and column of zeros at the end than at the beginning."""
    x, layer = torch.randn(2, 3, 6, 5), SameConv(3, 4)
    padded = torch.zeros(2, 3, 9, 8)
    padded[:, :, 1:7, 1:6] = x
    by_hand = torch.zeros(2, 4, 6, 5)
    for row in range(6):
        for column in range(5):
            patch = padded[:, :, row : row + 4, column : column + 4]
            by_hand[:, :, row, column] = torch.einsum("bikl,oikl->bo", patch, layer.weight)
    assert torch.allclose(layer(x), by_hand, atol=1e-5)


def test_transposed_same_padding_crops_the_whole_result() -> None:
    x, layer = torch.randn(2, 3, 6, 5), SameTransposed(3, 4)
    whole = F.conv_transpose2d(x, layer.weight)
    assert torch.allclose(layer(x), whole[:, :, 1:-2, 1:-2], atol=1e-5)


@pytest.mark.parametrize("form", ["4x4", "1x1"])
def test_attention_is_the_identity_at_first(form: str) -> None:
    x = torch.randn(2, 16, 8, 8)
    module = SelfAttention(16, AttentionConfig(form=form))
    assert torch.equal(module(x), x)


@pytest.mark.parametrize("form", ["4x4", "1x1"])
def test_attention_is_the_softmax_over_all_positions(form: str) -> None:
    x, module = torch.randn(2, 16, 4, 4), SelfAttention(16, AttentionConfig(form=form))
    nn.init.constant_(module.gain, 0.7)
    parts = []
    for layer in (module.query, module.key, module.value):
        part = layer(x)
        if form == "4x4":  # batch norm of each, by the statistics of the batch
            centred = part - part.mean((0, 2, 3), keepdim=True)
            spread = centred.square().mean((0, 2, 3), keepdim=True)
            part = F.relu(centred / (spread + 1e-5).sqrt())
        parts.append(part.flatten(2))
    g, f, h = parts
    weights = torch.einsum("bcn,bcm->bnm", g, f).softmax(dim=-1)
    seen = torch.einsum("bnm,bcm->bcn", weights, h).unflatten(2, (4, 4))
    assert torch.allclose(module(x), x + 0.7 * seen, atol=1e-5)


def _with_open_gains(system: SACMGAN) -> SACMGAN:
    for module in system.modules():
        if isinstance(module, SelfAttention):
            nn.init.constant_(module.gain, 1.0)
    return system.eval()


@pytest.mark.parametrize(("norm", "alone"), [("batch", False), ("running", True)])
def test_attention_of_the_code_looks_at_the_batch_when_translating_too(norm, alone) -> None:
    system = _with_open_gains(build(attention__norm=norm))
    sound, noise = make_batch(4).sound, torch.randn(4, 62)
    with torch.no_grad():
        together = system.generate(sound, target="image", noise=noise)
        one = system.generate(sound[:1], target="image", noise=noise[:1])
    assert torch.allclose(together[:1], one, atol=1e-4) == alone


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 5, 4), nn.ConvTranspose2d(3, 5, 4)])
def test_spectral_norm_comes_to_divide_by_the_largest_singular_value(layer: nn.Module) -> None:
    exact = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2)
    wanted = layer.weight.detach() / exact
    normalise(layer)
    for _ in range(200):
        weight = layer.weight
    assert torch.allclose(weight, wanted, atol=1e-4)


def test_spectral_norm_sends_gradients_through_the_singular_vectors() -> None:
    """One step of power iteration, written out, as the authors' code has it."""
    weight = torch.randn(4, 2, 3, 3, requires_grad=True)
    norm, pick = SpectralNorm(weight), torch.randn(4, 2, 3, 3)
    start = norm.u.clone()
    (found,) = torch.autograd.grad((norm(weight) * pick).sum(), weight)
    matrix = weight.flatten(1)
    v = F.normalize(matrix.T @ start, dim=0)
    u = F.normalize(matrix @ v, dim=0)
    (wanted,) = torch.autograd.grad((weight / (u @ matrix @ v) * pick).sum(), weight)
    (cut,) = torch.autograd.grad(
        (weight / (u.detach() @ weight.flatten(1) @ v.detach()) * pick).sum(), weight
    )
    assert torch.allclose(found, wanted, atol=1e-5)
    assert not torch.allclose(found, cut, atol=1e-3)
    assert torch.allclose(norm.u, u, atol=1e-6)


def _singular_vectors(system: SACMGAN) -> list[Tensor]:
    norms = (m for m in system.modules() if isinstance(m, SpectralNorm))
    return [norm.u.clone() for norm in norms if len(norm.u) > 1]


def test_power_iteration_moves_in_training_alone() -> None:
    system = build()
    before = _singular_vectors(system)
    system.eval()
    with torch.no_grad():
        system.losses("discriminator", make_batch(), make_step())
    assert all(map(torch.equal, before, _singular_vectors(system)))
    system.train().losses("discriminator", make_batch(), make_step())
    assert not any(map(torch.equal, before, _singular_vectors(system)))


def test_which_networks_are_normalised() -> None:
    for setting, wanted in (("discriminator", {"discriminator"}), ("both", {*PLAYERS})):
        system = build(spectral_norm=setting)
        found = {n for n, m in system.named_modules() if isinstance(m, SpectralNorm)}
        assert {name.split(".")[0] for name in found} == wanted
        layers = [
            m
            for name in wanted
            for m in getattr(system, name).modules()
            if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
        ]
        assert len(found) == len(layers)


def _hinges(system: SACMGAN, batch: Batch, step: Step) -> dict[str, Tensor]:
    """The losses of SPEC §3.7 from passes of their own."""
    memo, target = step.memo, system.config.target
    order, wrong = mismatch(
        batch.label, make_step().rng, other_class=system.config.mismatched == "other"
    )
    real, fake = batch.of(target), memo["fake"].detach()

    def score(sample: Tensor) -> Tensor:
        seen = sample
        if system.config.d_sees == "medium":
            seen = torch.cat([sample, batch.of(other(target))], dim=1)
        told = memo["embedding"].detach()[:, : 64 * (system.config.d_sees == "embedding")]
        logit = system.discriminator(system.discriminator.trunk(seen), told)
        return logit.sigmoid() if system.config.d_output == "probability" else logit

    return {
        "d_real": (1 - score(real)).clamp_min(0).mean(),
        "d_fake": (1 + score(fake)).clamp_min(0).mean(),
        "d_mismatched": (1 + score(real[order])).clamp_min(0)[wrong].mean(),
        "adversarial": -score(memo["fake"]).mean(),
    }


@pytest.mark.parametrize("target", ["image", "sound"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mismatched": "other"},
        {"d_sees": "medium"},
        {"d_output": "probability", "compression": "trained", "spectral_norm": "both"},
    ],
)
def test_losses_are_the_published_ones(settings: dict[str, str], target: Medium) -> None:
    """Also that real samples which are dealt out need no pass of their own."""
    system = build(target=target, per_image_stretch="false", **settings).eval()
    batch, step = make_batch(), make_step()
    with torch.no_grad():
        system._draw(batch, step)
        step.rng.manual_seed(0)
        found = [system.losses(player, batch, step) for player in PLAYERS]
        wanted = _hinges(system, batch, step)
    terms = {**found[0].terms, **found[1].terms}
    for name, value in wanted.items():
        assert terms[name].item() == pytest.approx(value.item(), abs=1e-5), name
    whole = wanted["d_real"] + (wanted["d_fake"] + wanted["d_mismatched"]) / 2
    assert found[0].total.item() == pytest.approx(whole.item(), abs=1e-5)
    assert found[1].total.item() == pytest.approx(wanted["adversarial"].item(), abs=1e-5)


def test_what_is_dealt_out_is_seen_as_in_a_pass_of_its_own() -> None:
    """In training too, where batch norm looks at the batch: the same rows in another order."""
    trunk = build().discriminator.trunk.train()
    x, order = make_batch().image, torch.randperm(8)
    for module in trunk.modules():
        if isinstance(module, SpectralNorm):
            module.eval()
    assert torch.allclose(trunk(x)[order], trunk(x[order]), atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_mismatched_pairs_are_of_other_classes(seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    label = torch.randint(13, (64,), generator=rng)
    order, wrong = mismatch(label, rng, other_class=True)
    assert sorted(order.tolist()) == list(range(64))
    assert (label[order] != label).all()
    assert wrong.all()


def test_mismatched_pairs_where_a_class_fills_the_batch() -> None:
    label = torch.tensor([3, 3, 3, 3, 3, 3, 1, 2])
    order, wrong = mismatch(label, torch.Generator(), other_class=True)
    assert sorted(order.tolist()) == list(range(8))
    assert torch.equal(wrong, label[order] != label)
    assert wrong.sum() == 4  # two others can meet it, and it can meet two
    alone = mismatch(torch.zeros(4, dtype=torch.int64), torch.Generator(), other_class=True)[1]
    assert not alone.any()


def test_mismatched_pairs_of_the_code_are_of_any_other_pair() -> None:
    label, same = torch.arange(13).repeat(5), []
    for seed in range(50):
        rng = torch.Generator().manual_seed(seed)
        order, wrong = mismatch(label, rng, other_class=False)
        assert sorted(order.tolist()) == list(range(65))
        assert (order != torch.arange(65)).all()
        assert wrong.all()
        same.append((label[order] == label).float().mean())
    assert torch.stack(same).mean().item() == pytest.approx(4 / 64, abs=0.02)


def test_the_code_never_trains_the_compression() -> None:
    code, mended = build(), build(compression="trained")
    phases = {p.name: p.networks for stage in mended.stages() for p in stage.phases}
    assert code.untrained == ("compression",)
    assert mended.untrained == ()
    assert phases["discriminator"] == ("discriminator", "compression")
    losses = code.losses("discriminator", make_batch(), make_step())
    losses.total.backward()
    assert all(p.grad is None for p in code.compression.parameters())


@pytest.mark.parametrize(("norm", "moves"), [("batch", True), ("running", False)])
def test_the_frozen_encoder_of_the_code_goes_on_moving_its_averages(norm, moves) -> None:
    system = build(frozen_norm=norm, compression="fixed")
    kept = {name: value.clone() for name, value in system.encoder.state_dict().items()}
    kept |= {name: value.clone() for name, value in system.compression.state_dict().items()}
    system.losses("discriminator", make_batch(), make_step())
    after = system.encoder.state_dict() | system.compression.state_dict()
    changed = {name for name, value in kept.items() if not torch.equal(value, after[name])}
    assert bool(changed) == moves
    assert all("running" in name or "batches" in name for name in changed)


def test_classifiers_calibrate_a_compression_that_is_fixed() -> None:
    system = build()
    before = system.compression[1].running_var.clone()
    system.losses("encoder", make_batch(), make_step())
    assert not torch.equal(before, system.compression[1].running_var)


def test_pictures_of_the_code_are_stretched_and_sounds_are_not() -> None:
    system, dim = build(), 0.2 * make_batch(2).image
    stretched = system._fit(dim, "image")
    assert stretched.amax((1, 2, 3)).tolist() == pytest.approx([1, 1])
    assert stretched.amin((1, 2, 3)).tolist() == pytest.approx([-1, -1])
    assert torch.equal(system._fit(dim, "sound"), dim)
    assert torch.equal(build(per_image_stretch="false")._fit(dim, "image"), dim)
    assert system._fit(torch.zeros(1, 3, 64, 64), "image").isfinite().all()


def test_stages_of_the_code() -> None:
    with torch.device("meta"):
        classifiers, gan = build("code").stages()
    assert (classifiers.epochs, gan.epochs, gan.batch_size) == (4, 6, 64)
    assert {(p.name, p.optimiser.lr, p.every) for p in gan.phases} == {
        ("discriminator", 1e-4, 2),
        ("generator", 5e-4, 1),
    }
    assert [p.name for p in gan.phases] == ["discriminator", "generator"]
    assert all(p.optimiser.betas == (0.5, 0.999) for p in (*classifiers.phases, *gan.phases))


def test_the_class_is_recognised_and_never_told() -> None:
    system = build(target="sound").eval()
    batch = make_batch(4)
    assert not system.takes_label
    seen = system.recognise(batch.image)
    assert seen.shape == (4, 13)
    assert torch.allclose(seen.sum(dim=1), torch.ones(4))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": "12"}, "width must be a multiple of 8, not 12"),
        ({"attention.channels": "100"}, "channels is 100"),
        ({"target": "film"}, "target is 'film'"),
        ({"front_end": "sa-cmgn"}, "sa-cmgan"),
        ({"beta1": "1"}, "beta1 must be below 1"),
    ],
)
def test_bad_settings_say_what_to_do(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override(SACMGAN.presets["debug"], settings)
