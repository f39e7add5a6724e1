"""Flow: solvers against closed forms, guidance, jumps, what the ear and its augmentation keep."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from photism.audio.front_ends import front_end
from photism.blocks.augment import AUGMENTATIONS, Augmentation, augment
from photism.blocks.ear import Match
from photism.blocks.familiar import REFUSED, Familiar
from photism.config import override
from photism.data.pairs import Batch
from photism.errors import ConfigError, WeightsError
from photism.stored import WeightsCard
from photism.systems.flow import Flow, FlowSampling
from photism.systems.flow.jumps import SHORT, by_halves, derivative, guided_velocity
from photism.systems.flow.sampling import solve, velocity
from photism.systems.flow.velocity import Condition, When
from photism.systems.stages import Step
from photism.systems.weights import save_weights

LEVELS = front_end("ear-words").bounds


def condition(rows: int) -> Condition:
    """A condition that the networks of these tests do not look at."""
    return Condition(
        torch.zeros(rows, 2, 3),
        torch.zeros(rows, 3),
        torch.full((rows,), -1),
        torch.zeros(rows, dtype=torch.bool),
    )


def noise(rows: int = 3, seed: int = 0) -> Tensor:
    return torch.randn(rows, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


class Gaussian(torch.nn.Module):
    """The best prediction where samples are normal with mean `m` and deviation `s`, told or not.

    z = (1 - t) x + t e has the flow z(t) = (1 - t) m + sqrt((1 - t)² s² + t²) e.
    """

    def __init__(self, told: float = 0.5, untold: float = 0.5, s: float = 0.3) -> None:
        super().__init__()
        self.told, self.untold, self.s, self.calls = told, untold, s, 0

    def forward(self, z: Tensor, when: When, condition: Condition) -> Tensor:
        self.calls += 1
        t = when.time[:, None, None, None]
        m = torch.where(condition.dropped, self.untold, self.told)[:, None, None, None]
        share = (1 - t) * self.s**2 / ((1 - t) ** 2 * self.s**2 + t**2)
        return m + share * (z - (1 - t) * m)

    def end(self, e: Tensor) -> Tensor:
        """Where the flow from noise `e` ends."""
        return self.told + self.s * e


def error(sampling: FlowSampling) -> float:
    network = Gaussian()
    made = solve(network, noise(), condition(3), sampling)
    return float((made - network.end(noise())).abs().max())


def test_more_steps_and_more_looks_come_nearer_to_the_flow() -> None:
    euler, finer = (error(FlowSampling(n, guidance=1)) for n in (16, 64))
    heun = error(FlowSampling(16, "heun", guidance=1))
    assert finer < 0.6 * euler < 0.1
    assert heun < 0.4 * euler


def test_the_adaptive_solver_follows_the_flow_and_rows_do_not_depend_on_others() -> None:
    pytest.importorskip("torchdiffeq")
    sampling = FlowSampling(solver="adaptive", guidance=1)
    assert error(sampling) < 0.05
    together = solve(Gaussian(), noise(), condition(3), sampling)
    alone = solve(Gaussian(), noise()[1:2], condition(1), sampling)
    assert torch.equal(together[1:2], alone)


def test_guidance_goes_beyond_the_condition_within_its_interval() -> None:
    network, z = Gaussian(told=0.5, untold=0.1, s=1e-3), noise()
    plain, twice = (
        solve(network, z, condition(3), FlowSampling(64, guidance=g)).mean() for g in (1, 2)
    )
    assert plain == pytest.approx(0.5, abs=0.02)
    assert twice == pytest.approx(0.9, abs=0.04)  # 0.1 + 2 (0.5 - 0.1)
    outside = FlowSampling(64, guidance=2, guide_from=0.0, guide_to=0.0)
    late = solve(network, z, condition(3), replace(outside, guide_to=0.4)).mean()
    assert plain < late <= twice
    before = network.calls
    solve(network, z, condition(3), FlowSampling(4, guidance=2))
    assert network.calls - before == 4  # told and untold in one batch


class Straight(torch.nn.Module):
    """Mean velocities that are right at once: every sample is `x`."""

    def forward(self, z: Tensor, when: When, condition: Condition) -> Tensor:
        self.until, self.guidance = when.until, when.guidance
        return torch.full_like(z, 0.25)


@pytest.mark.parametrize("steps", [1, 4])
def test_jumps_reach_the_sample_and_tell_the_network_their_guidance(steps: int) -> None:
    network = Straight()
    sampling = FlowSampling(steps, jumps=True, guidance=3)
    made = solve(network, noise(), condition(3), sampling)
    assert torch.allclose(made, torch.full_like(made, 0.25), atol=1e-5)
    assert torch.equal(network.until, torch.zeros(3))
    assert torch.equal(network.guidance, torch.full((3,), 3.0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": "0"}, "steps must be at least 1"),
        ({"steps": "5000"}, "steps must be at most 1000"),
        ({"guidance": "-1"}, "guidance must be at least 0"),
        ({"guidance": "1e9"}, "guidance must be at most 20"),
        ({"guide_from": "0.7", "guide_to": "0.2"}, "the lower one first"),
        ({"solver": "rk4"}, "did you mean|choose"),
        ({"jumps": "true", "solver": "heun"}, "jumps have guidance and steps alone"),
        ({"jumps": "true", "guidance": "9"}, "jumps learnt guidance from 1 to 4"),
        ({"latent": "mean"}, "unknown field 'latent'"),
        ({"guidance": "1", "guide_to": "0.5"}, "guidance=1 acts nowhere"),
        ({"solver": "adaptive", "steps": "4"}, "chooses its own steps"),
    ],
)
def test_sampling_that_cannot_be_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny().sampled(settings)


def tiny(**settings: str) -> Flow:
    torch.manual_seed(0)
    return Flow(override(Flow.presets["debug"], settings)).eval()


def test_both_directions_are_a_setting() -> None:
    back = tiny(target="sound")
    assert back.targets == ("sound",)
    picture = torch.rand(2, *back.shape("image")) * 2 - 1
    e = torch.randn(2, *back.noise_shape("sound"))
    with torch.no_grad():
        assert back.generate(picture, target="sound", noise=e).shape == (2, 1, 64, 64)
    assert back.recognise(picture).sum(1).tolist() == pytest.approx([1, 1])


def test_a_label_is_one_more_condition_and_what_was_heard_is_none() -> None:
    system = tiny()
    sound, e = torch.rand(2, 1, 64, 64), torch.randn(2, *system.noise_shape("image"))

    def made(label: Tensor | None) -> Tensor:
        with torch.no_grad():
            return system.generate(sound, target="image", label=label, noise=e)

    assert not torch.equal(made(torch.tensor([3, 3])), made(None))
    assert torch.equal(made(system.recognise(sound)), made(None))
    assert not tiny(classes="0").takes_label


def test_pairs_without_labels_are_enough() -> None:
    system = tiny(classes="0").train()
    batch = Batch(torch.rand(8, 1, 64, 64), torch.rand(8, 1, 28, 28), -torch.ones(8).long(), None)
    for stage in system.stages():
        losses = system.losses(stage.phases[0].name, batch, step())
        losses.total.backward()
        assert "ear_naming" not in losses.terms
    assert not system.recognises


def step(seed: int = 0) -> Step:
    return Step(0, 0, torch.Generator().manual_seed(seed))


def test_the_finite_difference_is_the_derivative_along_the_flow() -> None:
    system = tiny().double()
    z = noise(2).double().repeat(1, 1, 7, 7)
    along = noise(2, seed=1).double().repeat(1, 1, 7, 7)
    time, until = torch.tensor([0.6, 0.9]).double(), torch.tensor([0.2, 0.5]).double()
    dim = system.config.ear.dim
    what = Condition(
        torch.randn(2, 5, dim).double(), torch.randn(2, dim).double(), torch.tensor([1, -1]),
        torch.tensor([False, False]),
    )  # fmt: skip

    def mean(z: Tensor, time: Tensor) -> Tensor:
        return velocity(system.velocity, z, When(time, until, torch.ones(2).double()), what)

    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        _, exact = torch.func.jvp(mean, (z, time), (along, torch.ones_like(time)))
    near = derivative(system.velocity, z, along, When(time, until, torch.ones(2).double()), what)
    assert float((near - exact).detach().abs().max()) < 0.02 * float(exact.detach().abs().max())


def test_a_jump_is_two_of_half_its_length_and_a_short_one_the_velocity() -> None:
    network, z, guided = Straight(), noise(), noise(seed=1)
    time = torch.tensor([1.0, 0.8, 0.5])
    until = torch.tensor([0.0, 0.4, 0.5 - SHORT / 2])
    target = by_halves(network, z, guided, When(time, until, torch.ones(3)), condition(3))
    right = (z - 0.25) / time[:, None, None, None]  # straight to 0.25
    assert torch.allclose(target[:2], right[:2], atol=1e-5)
    assert torch.equal(target[2], guided[2])


def test_guidance_from_outside_is_that_of_sampling() -> None:
    told, z = torch.tensor([1.0, 2.0, 4.0]), noise()
    made = guided_velocity(Gaussian(0.5, 0.1), z, torch.full((3,), 0.5), told, condition(3))
    plain, untold = (
        velocity(Gaussian(0.5, 0.1), z, When.now(torch.full((3,), 0.5)), what)
        for what in (condition(3), condition(3).without())
    )
    assert torch.allclose(made[0], plain[0], atol=1e-5)
    assert torch.allclose(made[2], untold[2] + 4 * (plain[2] - untold[2]), atol=1e-5)


@pytest.mark.parametrize("loss", ["halves", "derivative"])
def test_jumps_are_learnt_by_either_loss(loss: str) -> None:
    system = tiny(jump_loss=loss).train()
    batch = Batch(torch.rand(8, 1, 64, 64), torch.rand(8, 1, 28, 28), torch.arange(8), None)
    losses = system.losses("jumps", batch, step())
    losses.total.backward(inputs=list(system.velocity.parameters()))
    assert losses.total.isfinite()
    assert all(p.grad is not None for p in system.velocity.parameters())


def test_noise_fainter_than_all_that_is_drawn_is_refused() -> None:
    with pytest.raises(ConfigError, match="noise_db must be at most 40"):
        Augmentation(noise_db=50)


def test_nothing_is_changed_where_nothing_is_asked_for() -> None:
    sound = torch.rand(4, 1, 64, 64) * 2 - 1
    assert augment(sound, Augmentation(), torch.Generator(), levels=LEVELS) is sound


@pytest.mark.parametrize("name", ["words", "notes"])
def test_augmented_sounds_stay_pictures_and_follow_their_generator(name: str) -> None:
    sound = torch.rand(4, 1, 64, 64) * 2 - 1
    made = [
        augment(sound, AUGMENTATIONS[name], torch.Generator().manual_seed(s), levels=LEVELS)
        for s in (0, 0, 1)
    ]
    assert made[0].shape == sound.shape
    assert made[0].abs().max() <= 1
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_gain_moves_all_levels_alike_and_noise_only_adds() -> None:
    sound = torch.rand(4, 1, 64, 64) - 0.5
    rng = torch.Generator().manual_seed(0)
    louder = augment(sound, Augmentation(gain_db=6), rng, levels=LEVELS) - sound
    assert float(louder.flatten(1).std(1).max()) < 1e-5
    most = 2 * 6 * math.log(10) / 10 / (LEVELS[1] - LEVELS[0])
    assert 0 < float(louder.abs().max()) <= most
    noisy = augment(sound, Augmentation(noise_db=1), rng, levels=LEVELS) - sound
    assert float(noisy.min()) > -1e-5
    assert float(noisy.max()) > 0.01


def test_a_room_is_heard_after_a_sound_and_not_before() -> None:
    click = torch.full((8, 1, 4, 32), -1.0)
    click[..., 10] = 0.8
    rng = torch.Generator().manual_seed(0)
    heard = augment(click, Augmentation(room=0.5), rng, levels=LEVELS)
    assert torch.allclose(heard[..., :10], click[..., :10], atol=0.06)  # the floor is heard too
    assert (heard[..., 11:20].amax((1, 2, 3)) > -0.9).sum() >= 2
    assert torch.all(heard >= click - 1e-5)


def test_partners_that_are_alike_cost_least() -> None:
    places = torch.eye(8)
    match = Match()
    with torch.no_grad():
        right, wrong, even = (
            float(match(places, other)) for other in (places, places.roll(1, 0), torch.ones(8, 8))
        )
    assert right < 0.01
    assert wrong > 10
    assert even == pytest.approx(math.log(8), abs=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": "56"}, "width must be a multiple of 8, above 32 of 16"),
        ({"size": "12"}, "size must be at least 16"),
        ({"front_end": "aivae-8k", "augmentation": "words"}, "wants fixed levels"),
        ({"jump_epochs": "0", "sampling.jumps": "true"}, "have learnt no jumps"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        override(Flow.presets["debug"], settings)


@pytest.mark.parametrize("steps", [50, 200])
def test_no_noise_is_left_however_many_steps(steps: int) -> None:
    made = solve(Straight(), noise(), condition(3), FlowSampling(steps, guidance=1))
    assert torch.allclose(made, torch.full_like(made, 0.25), atol=1e-4)


@pytest.mark.parametrize("rows", [1, 2])
def test_a_last_batch_of_one_or_two_can_be_looked_at(rows: int) -> None:
    system = tiny()
    batch = Batch(
        torch.rand(rows, 1, 64, 64), torch.rand(rows, 1, 28, 28), torch.arange(rows), None
    )
    with torch.no_grad():
        losses = system.losses("jumps", batch, step())
    assert all(term.isfinite() for term in losses.terms.values())


def test_few_examples_and_absent_classes_make_nothing_familiar() -> None:
    one_each = Familiar(4, 3)
    one_each.fit(torch.eye(4)[:2] + 5, torch.tensor([0, 1]), torch.eye(4)[:2] + 5)
    assert (one_each(torch.zeros(1, 4)) > 1).all()  # class 2 is not there, not at 0
    unlabelled = Familiar(4, 3)
    vectors = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    unlabelled.fit(vectors, torch.full((200,), -1), vectors)
    assert float(unlabelled(torch.full((1, 4), 9.0))) > 1


def test_what_is_like_nothing_known_is_strange() -> None:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(3).repeat(400)
    centres = 10 * torch.randn(3, 8, generator=rng)
    known, more = (centres[labels] + torch.randn(1200, 8, generator=rng) for _ in range(2))
    familiar = Familiar(8, 3)
    assert not familiar.fitted
    familiar.fit(known, labels, more)
    assert familiar.fitted
    assert float((familiar(more) > 1).float().mean()) == pytest.approx(REFUSED, abs=0.005)
    assert (familiar(centres) < 0.2).all()
    assert (familiar(centres + 6) > 1).all()


def test_weights_remember_what_they_learnt_from() -> None:
    system = tiny()
    sound = torch.rand(16, 1, 64, 64)
    batch = Batch(sound, torch.rand(16, 1, 28, 28), torch.arange(16) % 10, torch.arange(16))
    assert system.strangeness(sound) is None
    system.remember([batch], [batch])
    strange = system.strangeness(sound)
    assert strange is not None
    assert (strange > 1).sum() <= 1
    assert tiny(target="sound").strangeness(batch.image) is None


def test_an_ear_is_taken_from_a_flow_of_the_other_direction(tmp_path: Path) -> None:
    save_weights(tiny(), tmp_path / "flow", preset="debug", card=WeightsCard())
    settings = {"target": "sound", "ear_epochs": "0", "ear_weights": str(tmp_path / "flow")}
    torch.manual_seed(1)
    back = Flow(override(Flow.presets["debug"], settings))
    data = SimpleNamespace(
        folder="pairs",
        card=SimpleNamespace(classes=tuple("0123456789")),
        labels=torch.arange(10).numpy(),
    )
    back.prepare(data)
    for name in ("ear", "eye"):
        mine, given = getattr(back, name).state_dict(), getattr(tiny(), name).state_dict()
        assert all(torch.equal(mine[key], given[key]) for key in given)
    assert [stage.name for stage in back.stages()] == ["flow", "jumps"]
    with pytest.raises(WeightsError, match="ear_weights=nowhere"):
        Flow(override(Flow.presets["debug"], {"ear_weights": "nowhere"})).prepare(data)
