"""The contract that every system and preset keeps, and the exact sizes of the networks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from photism.config import override
from photism.data.pairs import Batch
from photism.errors import ConfigError
from photism.media import MEDIA, other
from photism.stored import WeightsCard
from photism.systems import SYSTEMS, find_preset, find_system
from photism.systems.base import System, draw_noise, parameter_count
from photism.systems.stages import Step
from photism.systems.weights import load_weights, save_weights

# Parameter counts of the papers' tables.
PAPER_COUNTS = {
    "aivae": {"encoder": 19_598_144, "decoder": 7_119_553},
    "aivae-gan": {"generator": 5_283_713, "discriminator": 2_626_689},
    "car-gan": {
        "generator1": 54_458_275,
        "generator2": 54_458_275,
        "discriminator": 3_711,
        "classifier": 25_570_045,
        "listener": 392_237,
    },
}
VARIATIONAL = [name for name, cls in SYSTEMS.items() if hasattr(cls, "latent")]
"""Systems that draw a latent vector."""
EVERY_PRESET = [(name, preset) for name, cls in SYSTEMS.items() for preset in cls.presets]


def build(name: str, preset: str = "debug") -> System:
    torch.manual_seed(0)
    cls = find_system(name)
    return cls(cls.presets[preset])


def make_batch(count: int = 8, name: str = "aivae", preset: str = "debug") -> Batch:
    rng = torch.Generator().manual_seed(1)
    with torch.device("meta"):  # for its shapes
        system = find_system(name)(find_system(name).presets[preset])
    return Batch(
        sound=torch.rand(count, *system.shape("sound"), generator=rng) * 2 - 1,
        image=(torch.rand(count, *system.shape("image"), generator=rng) > 0.5).float() * 2 - 1,
        label=torch.arange(count) % 10,
        row=torch.arange(count),
    )


def translate(system: System, batch: Batch, *, seed: int = 0) -> dict[str, Tensor]:
    """Make everything that a system makes, each row with noise of its own."""
    made = {}
    for target in system.targets:
        condition = batch.of(other(target))
        rows = [torch.Generator().manual_seed(1000 * seed + row) for row in range(len(batch))]
        noise = draw_noise(system, target, rows, condition.device)
        made[target] = system.generate(condition, target=target, noise=noise)
    return made


def make_step(number: int = 0, seed: int = 0) -> Step:
    return Step(number, 0, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "counts"), PAPER_COUNTS.items())
def test_paper_preset_has_the_published_sizes(name, counts):
    networks = build(name, "paper").networks()
    assert {n: parameter_count(network) for n, network in networks.items()} == counts


def test_aivae_total_and_its_other_padding():
    assert parameter_count(build("aivae", "paper")) == 26_717_697
    config = override(SYSTEMS["aivae"].presets["paper"], {"encoder_padding": "0"})
    assert parameter_count(SYSTEMS["aivae"](config)) == 20_950_529


def test_aivae_gan_spatial_sizes():
    system = build("aivae-gan", "debug")
    generator, discriminator = system.generator, system.discriminator
    sizes = [
        feature.shape[-1] for feature in _stages_of(generator.encoder, torch.zeros(2, 1, 48, 48))
    ]
    assert sizes == [23, 10, 4]
    latent = torch.zeros(2, system.config.latent)
    assert [f.shape[-1] for f in _stages_of(generator.decoder[1:], latent[:, :, None, None])] == [
        3,
        7,
        14,
        28,
    ]
    sizes = [f.shape[-1] for f in _stages_of(discriminator.body[:-1], torch.zeros(2, 1, 28, 28))]
    assert sizes == [13, 5, 1, 1]


def _stages_of(body, x):
    for layer in body:
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            yield x


@pytest.mark.parametrize(("name", "preset"), EVERY_PRESET)
def test_output_shape_range_and_seed(name, preset):
    system = build(name, preset).eval()
    if hasattr(getattr(system.config, "sampling", None), "steps"):
        system = system.sampled({"steps": "1"})
    batch = make_batch(2, name, preset)
    with torch.no_grad():
        first, again, others = (translate(system, batch, seed=seed) for seed in (5, 5, 6))
    assert set(first) == set(system.targets) <= set(system.makes)
    for target, made in first.items():
        assert made.shape == (2, *system.shape(target))
        assert made.isfinite().all()
        assert made.abs().max() <= 1
        assert torch.equal(made, again[target])
        assert torch.equal(made, others[target]) == (not system.noise_shape(target))


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_row_does_not_depend_on_its_neighbours(name):
    system, batch = build(name).eval(), make_batch(4, name)
    for target in system.targets:
        condition = batch.of(other(target))
        shape = system.noise_shape(target)
        noise = torch.randn(4, *shape, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            together = system.generate(condition, target=target, noise=noise if shape else None)
            alone = system.generate(
                condition[2:3], target=target, noise=noise[2:3] if shape else None
            )
        assert torch.allclose(together[2:3], alone, atol=1e-4)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_medium_that_is_not_made_is_refused_by_name(name):
    system, batch = build(name), make_batch(1, name)
    for target in set(MEDIA) - set(system.targets):
        with pytest.raises(ConfigError, match=f"makes {system.targets[0]}.*, no {target}"):
            system.generate(batch.of(other(target)), target=target)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_main_output_is_what_is_generated(name):
    system, batch = build(name).eval(), make_batch(2, name)
    for target in system.targets:
        condition = batch.of(other(target))
        rows = [torch.Generator().manual_seed(row) for row in range(2)]
        noise = draw_noise(system, target, rows, condition.device)
        with torch.no_grad():
            outputs = system.outputs(condition, target=target, label=batch.label, noise=noise)
            made = system.generate(condition, target=target, noise=noise)
        assert torch.equal(outputs[0].tensor, made)
        assert not outputs[0].step
        assert len({output.title for output in outputs}) == len(outputs)


def test_sampling_of_another_system_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"CAR-GAN has nothing to choose in sampling.* steps"):
        build("car-gan").sampled({"steps": "4"})
    with pytest.raises(ConfigError, match="unknown field 'steps'"):
        build("aivae").sampled({"steps": "4"})
    system = build("aivae")
    assert system.sampled({}) is system
    mean = system.sampled({"latent": "mean"})
    assert mean.encoder is system.encoder
    assert (mean.noise_shape("image"), system.noise_shape("image")) == ((), (8,))


@pytest.mark.parametrize("name", VARIATIONAL)
def test_taking_the_mean_needs_no_seed(name):
    cls = find_system(name)
    torch.manual_seed(0)
    system = cls(override(cls.presets["debug"], {"sampling.latent": "mean"})).eval()
    with torch.no_grad():
        pictures = [translate(system, make_batch(3, name), seed=seed) for seed in (5, 6)]
    assert torch.equal(pictures[0]["image"], pictures[1]["image"])


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_phase_moves_its_own_parameters_and_no_others(name):
    system = build(name).train()
    with torch.no_grad():  # a gain that begins at 0 keeps all gradients from what it multiplies
        for parameter in system.parameters():
            if not parameter.ndim:
                parameter.fill_(0.5)
    for stage in system.stages():
        step = make_step()
        for phase in stage.phases:
            system.zero_grad(set_to_none=True)
            losses = system.losses(phase.name, make_batch(8, name), step)
            assert losses.total.isfinite()
            assert all(term.isfinite() for term in losses.terms.values())
            own = set(system.trained_by(phase))
            losses.total.backward(inputs=list(own))
            for parameter_name, parameter in system.named_parameters():
                if parameter in own:
                    assert parameter.grad is not None, parameter_name
                    assert parameter.grad.abs().sum() > 0, parameter_name
                else:
                    assert parameter.grad is None, parameter_name


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_parameter_is_moved_by_one_phase_of_a_stage_or_declared_untrained(name):
    system = build(name)
    left = {p for part in system.untrained for p in system.get_submodule(part).parameters()}
    trained = set()
    for stage in system.stages():
        moved = [p for phase in stage.phases for p in system.trained_by(phase)]
        assert len(set(moved)) == len(moved)
        assert not left & set(moved)
        trained |= set(moved)
    assert trained | left == set(system.parameters())


@pytest.mark.parametrize("name", VARIATIONAL)
def test_overfits_eight_pairs(name):
    cls = find_system(name)
    torch.manual_seed(0)
    changes = {"lr": "0.003", "width": "16", "batch_size": "8"}
    system = cls(override(cls.presets["debug"], changes)).train()
    optimisers = {
        p.name: torch.optim.Adam(
            [w for n in p.networks for w in getattr(system, n).parameters()], lr=p.optimiser.lr
        )
        for p in system.stages()[0].phases
    }
    batch = make_batch()
    history = []
    for number in range(400):
        step = make_step(number, seed=number)
        for phase in system.stages()[0].phases:
            losses = system.losses(phase.name, batch, step)
            optimiser = optimisers[phase.name]
            optimiser.zero_grad()
            losses.total.backward(inputs=[p for g in optimiser.param_groups for p in g["params"]])
            optimiser.step()
        history.append(losses.terms["reconstruction"].item())
    # Random pictures cost 784 ln 2 = 543 nats as long as the sound tells nothing about them.
    assert history[0] > 500
    assert history[-1] < 120


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("half", [False, True])
def test_saved_and_loaded_weights_draw_the_same(name, half, tmp_path):
    system = build(name).eval()
    save_weights(
        system,
        tmp_path / "w",
        preset="debug",
        card=WeightsCard(seed=7, classes=("a", "b")),
        half=half,
    )
    loaded = load_weights(tmp_path / "w")
    with torch.no_grad():
        before, after = (translate(s, make_batch(4, name)) for s in (system, loaded))
    assert loaded.preset == "debug"
    assert loaded.card == WeightsCard(seed=7, classes=("a", "b"))
    for target, made in before.items():
        assert torch.allclose(made, after[target], atol=5e-3 if half else 0)


def test_networks_for_training_alone_may_be_left_out(tmp_path):
    system = build("aivae-gan")
    kept = system.translators
    save_weights(system, tmp_path / "w", preset="debug", card=WeightsCard(), networks=kept)
    assert set(load_weights(tmp_path / "w").networks()) == {"generator"}


def test_kl_warm_up_weighs_the_kl_term():
    system = build("aivae")
    steps = system.config.kl_warmup_steps
    totals = []
    for number in (0, steps // 2, steps, 10 * steps):
        losses = system.losses("autoencoder", make_batch(), make_step(number))
        totals.append((losses.total - losses.terms["reconstruction"]).item())
        kl = losses.terms["kl"].item()
    assert totals == pytest.approx([0, kl / 2, kl, kl], abs=1e-4)


def test_the_printed_relu_behind_the_heads():
    """V-7: mean and σ of AIVAE through a ReLU; a σ of 0 would cost an infinite divergence."""
    system = SYSTEMS["aivae"](override(SYSTEMS["aivae"].presets["debug"], {"head_relu": "true"}))
    assert parameter_count(system) == parameter_count(build("aivae"))
    batch = make_batch()
    feature = system.encoder.body((batch.sound + 1) / 2)
    mean, log_var = system.encoder((batch.sound + 1) / 2)
    assert torch.equal(mean, system.encoder.mean(feature).relu())
    shown = system.encoder.log_var(feature)
    assert (shown < 0).any()
    assert torch.allclose((log_var / 2).exp(), shown.clamp_min(1e-3), atol=1e-6)
    losses = system.losses("autoencoder", batch, make_step(10**6))
    losses.total.backward()
    assert losses.terms["kl"].isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in system.parameters())


@pytest.mark.parametrize("printed", [False, True])
def test_the_order_of_normalisation(printed):
    """V-8: convolution, batch norm, activation; or the activation first, as table 2 prints it."""
    preset = SYSTEMS["aivae-gan"].presets["debug"]
    system = SYSTEMS["aivae-gan"](override(preset, {"activation_first": str(printed).lower()}))
    bodies = (system.generator.encoder, system.generator.decoder, system.discriminator.body)
    for body in bodies:
        layers = [type(layer).__name__ for layer in body]
        norms = [place for place, name in enumerate(layers) if name == "BatchNorm2d"]
        assert len(norms) == 3
        assert all(("ReLU" in layers[place - 1]) == printed for place in norms)
        assert all(("Conv" in layers[place - 1]) != printed for place in norms)


def test_gan_objective_is_the_published_one():
    system = build("aivae-gan")
    step = make_step(10**6)
    system.losses("discriminator", make_batch(), step)
    losses = system.losses("generator", make_batch(), step)
    terms = losses.terms
    total = terms["adversarial"] + system.config.alpha * terms["reconstruction"] + terms["kl"]
    assert losses.total.item() == pytest.approx(total.item())
    fake = torch.sigmoid(step.memo["logits"])
    score = torch.sigmoid(system.discriminator(fake))
    assert terms["adversarial"].item() == pytest.approx(
        torch.log(1 - score).mean().item(), abs=1e-4
    )


def test_collapse_is_diagnosed_after_the_warm_up_only():
    system = build("aivae")
    means = {"reconstruction": 207.0, "kl": 0.001}
    assert system.diagnose(means, 10) is None
    assert "collapsed" in system.diagnose(means, 5000)
    assert system.diagnose({"reconstruction": 190.0, "kl": 5.0}, 5000) is None


def test_jitter_keeps_range_and_follows_the_seed():
    from photism.blocks.jitter import jitter

    sound = (make_batch(8).sound + 1) / 2
    one, same, other = (jitter(sound, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert 0 <= one.min() <= one.max() <= 1
    assert torch.equal(jitter(sound, torch.Generator(), strength=0), sound)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alhpa": "1"}, "did you mean 'alpha'"),
        ({"lr": "fast"}, "lr is a number, not 'fast'"),
        ({"epochs": "1.5"}, "epochs is a whole number"),
        ({"sampling.latent": "maybe"}, "latent is 'maybe'"),
        ({"non_saturating": "maybe"}, "true or false"),
        ({"lr": "inf"}, "lr is a finite number"),
        ({"width": "0"}, "width must be at least 1"),
        ({"beta1": "1.5"}, "beta1 must be in"),
    ],
)
def test_bad_settings_say_what_to_do(settings, message):
    with pytest.raises(ConfigError, match=message):
        override(SYSTEMS["aivae-gan"].presets["debug"], settings)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_settings_from_python_are_numbers_too(value):
    with pytest.raises(ConfigError, match="lr must be at least 1e-09, not"):
        SYSTEMS["aivae"].config_class(lr=value)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'aivae-gan'"):
        find_system("aivae_gan")
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        find_preset(SYSTEMS["aivae"], "smal")


def test_distortion_keeps_what_is_shown_and_lets_gradients_through():
    from photism.blocks.distort import distort

    image = torch.zeros(8, 3, 32, 32)
    image[:, :, 12:20, 12:20] = 1
    one, same, other = (distort(image, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.shape == image.shape
    away = (one - image).abs().mean(dim=(1, 2, 3))
    assert (away > 0.01).all()
    assert away.unique().numel() == 8
    seen = one.mean(dim=1)
    assert (seen[:, 14:18, 14:18].mean((1, 2)) > seen[:, :4, :4].mean((1, 2)) + 0.3).all()
    assert torch.equal(distort(image, torch.Generator(), strength=0), image)
    image.requires_grad_()
    distort(image, torch.Generator().manual_seed(1)).sum().backward()
    assert image.grad is not None
    assert (image.grad.sum(dim=(1, 2, 3)) > 0).all()
