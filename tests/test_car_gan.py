"""CAR-GAN: sizes and bounds of the published networks, its losses, its label, its training."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from pairs_of import write_players
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from photism.blocks import attention, halving
from photism.blocks.attention import PooledAttention
from photism.blocks.classifier import Classifier
from photism.blocks.halving import Double, Halve
from photism.blocks.patchgan import PatchGAN
from photism.blocks.unet import UNet
from photism.cli import main
from photism.data.pairs import Batch
from photism.errors import ConfigError, WeightsError
from photism.systems.base import Stage, Step, config_from, override, parameter_count
from photism.systems.car_gan import (
    ABLATIONS,
    CARGAN,
    CARGANConfig,
    ClassifierConfig,
    DiscriminatorConfig,
)
from photism.systems.weights import load_weights, save_weights
from photism.training.checkpoint import list_checkpoints
from photism.training.loop import Interrupted, Trainer, train
from photism.training.options import TrainOptions
from photism.training.plan import resolve

DEBUG = CARGAN.presets["debug"]
PLAYERS = ("discriminator", "generators")


def build(**settings: str) -> CARGAN:
    torch.manual_seed(0)
    return CARGAN(override(DEBUG, {name.replace("__", "."): v for name, v in settings.items()}))


def make_batch(count: int = 4, size: int = 32) -> Batch:
    rng = torch.Generator().manual_seed(1)
    sound, image = (torch.rand(count, 3, size, size, generator=rng) * 2 - 1 for _ in range(2))
    return Batch(sound, image, torch.arange(count) % 13, torch.arange(count))


def make_step() -> Step:
    return Step(0, 0, torch.Generator().manual_seed(0))


def terms_of(system: CARGAN, batch: Batch | None = None) -> dict[str, float]:
    """Total and terms of both players in eval mode, where nothing is random."""
    system.eval()
    step, found = make_step(), {}
    with torch.no_grad():
        for phase in PLAYERS:
            losses = system.losses(phase, batch or make_batch(), step)
            found |= {name: float(value) for name, value in losses.terms.items()}
            found[phase] = float(losses.total)
    return found


# Sizes: SPEC, sections 2.3, 2.4, 2.6 and 11.


@pytest.mark.parametrize(
    ("size", "inward", "layout", "count"),
    [
        (128, 16, "legacy", 41_873_315),
        (128, 19, "correct", 41_876_387),
        (128, 16, None, 41_842_307),
        (128, 19, None, 41_845_379),
        (256, 16, "correct", 54_458_275),
        (256, 19, "legacy", 54_461_347),
    ],
)
def test_generator_has_the_published_size(size, inward, layout, count):
    with torch.device("meta"):
        assert parameter_count(UNet(inward, 3, size=size, width=64, attention=layout)) == count


@pytest.mark.parametrize(
    ("inward", "layout", "counts"),
    [
        (19, "legacy", (3_749, 13_113, 2_905_473)),
        (6, "correct", (3_333, 12_281, 2_892_161)),
        (19, None, (3_611, 12_597, 2_782_017)),
    ],
)
def test_discriminator_has_the_published_size(inward, layout, counts):
    networks = (PatchGAN(inward, width=width, attention=layout) for width in (2, 4, 64))
    assert tuple(parameter_count(network) for network in networks) == counts


def test_classifier_has_the_published_size():
    with torch.device("meta"):
        assert parameter_count(Classifier("resnet50", 13)) == 23_534_669
        assert parameter_count(Classifier("resnet50", 13, "added")) == 25_557_032 + 13 * 1001


@pytest.mark.parametrize(("size", "patches"), [(128, 14), (256, 30)])
def test_discriminator_judges_so_many_patches(size, patches):
    network = PatchGAN(19, width=2, attention="correct")
    assert network(torch.zeros(2, 19, size, size)).shape == (2, 1, patches, patches)


def test_strides_and_attention_of_the_paper_s_discriminator():
    network = PatchGAN(6, width=2, attention="correct", attended=(3, 4), last_stride=2)
    sizes = []
    x = torch.zeros(2, 6, 256, 256)
    for layer in network.body:
        x = layer(x)
        if isinstance(layer, nn.Conv2d | PooledAttention):
            sizes.append((type(layer).__name__, *x.shape[1:3]))
    assert sizes == [
        ("Conv2d", 2, 128),
        ("Conv2d", 4, 64),
        ("Conv2d", 8, 32),
        ("PooledAttention", 8, 32),
        ("Conv2d", 16, 16),
        ("PooledAttention", 16, 16),
        ("Conv2d", 1, 8),
    ]


def test_generator_attends_before_its_last_two_layers_and_drops_in_the_middle():
    network = UNet(16, 3, size=128, width=4, attention="correct")
    seen = []
    for name, module in network.named_modules():
        if isinstance(module, PooledAttention | nn.Dropout):
            module.register_forward_hook(
                lambda m, _, y, name=name: seen.append((type(m).__name__, name, *y.shape[1:3]))
            )
    assert network(torch.zeros(2, 16, 128, 128)).shape == (2, 3, 128, 128)
    assert [(kind, channels, height) for kind, _, channels, height in seen] == [
        ("Dropout", 32, 4),
        ("Dropout", 32, 8),
        ("PooledAttention", 8, 32),
        ("PooledAttention", 4, 64),
    ]
    norms = [any(isinstance(m, nn.BatchNorm2d) for m in down) for down in network.down]
    assert norms == [False, True, True, True, True, True, False]


# Blocks.


def attend_slowly(module: PooledAttention, x: Tensor) -> Tensor:
    """Section 2.5 of SPEC, one position at a time, on plain lists of memory."""
    batch, channels, height, width = x.shape
    keys = F.max_pool2d(module.key(x), 2)
    values = F.max_pool2d(module.value(x), 2)
    queries = module.query(x)
    blocks = keys.shape[2] * keys.shape[3]
    result = torch.zeros_like(x)
    for b in range(batch):
        memory = values[b].flatten().tolist()
        out = []
        for position in range(height * width):
            row, column = divmod(position, width)
            scores = torch.stack(
                [
                    (queries[b, :, row, column] * keys[b].flatten(1)[:, block]).sum()
                    for block in range(blocks)
                ]
            )
            weights = scores.exp() / scores.exp().sum()
            for channel in range(channels):
                total = 0.0
                for block in range(blocks):
                    legacy = block * channels + channel  # as if blocks came first
                    correct = channel * blocks + block
                    place = legacy if module.layout == "legacy" else correct
                    total += float(weights[block]) * memory[place]
                out.append(total)
        seen = torch.tensor(out)  # position by position, channel by channel
        if module.layout == "legacy":
            result[b] = seen.view(channels, height, width)
        else:
            result[b] = seen.view(height * width, channels).T.reshape(channels, height, width)
    return result + x


@pytest.mark.parametrize("layout", ["legacy", "correct"])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_attention_is_that_of_a_plain_loop(layout, memory, monkeypatch):
    monkeypatch.setattr(attention, "ROWS", 10)
    torch.manual_seed(0)
    module = PooledAttention(8, layout).to(memory_format=memory)
    x = torch.randn(2, 8, 6, 5)
    with torch.no_grad():
        assert torch.allclose(
            module(x.contiguous(memory_format=memory)), attend_slowly(module, x), atol=1e-5
        )


def test_the_layouts_differ_and_have_the_published_sizes():
    torch.manual_seed(0)
    legacy, correct = PooledAttention(64, "legacy"), PooledAttention(64, "correct")
    correct.load_state_dict(legacy.state_dict())
    x = torch.randn(1, 64, 8, 8)
    assert not torch.allclose(legacy(x), correct(x), atol=1e-2)
    counts = [parameter_count(PooledAttention(channels)) for channels in (128, 64, 8, 4)]
    assert counts == [24_768, 6_240, 108, 30]


def test_attention_by_rows_and_in_one_kernel_are_the_same():
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, *shape) for shape in ((600, 4), (150, 4), (150, 16)))
    rows, fused = attention._by_rows(query, key, value), attention._fused(query, key, value)
    assert torch.allclose(rows, fused, atol=1e-5)


@pytest.mark.parametrize("kind", [Halve, Double])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (8, 4), (16, 16)])
def test_matrix_products_equal_convolutions(kind, bias, height, width, monkeypatch):
    torch.manual_seed(0)
    module = kind(5, 7, bias=bias)
    results = []
    for many in (1, halving.MANY):
        monkeypatch.setattr(halving, "MANY", many)
        x = torch.linspace(-1, 1, 3 * 5 * height * width).view(3, 5, height, width)
        x.requires_grad_()
        module.zero_grad()
        y = module(x)
        y.square().sum().backward()
        results.append((y, x.grad, *(p.grad.clone() for p in module.parameters())))
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("architecture", ["resnet18", "small"])
def test_classifiers_take_pictures_of_any_size(architecture):
    network = Classifier(architecture, 5).eval()
    for size in (32, 64):
        image = torch.zeros(2, 3, size, size)
        assert network(image).shape == (2, 5)
        assert network.features(image).shape == (2, network.output.in_features)


# Losses: SPEC, section 2.7.


def reference_losses(system: CARGAN, batch: Batch) -> dict[str, Tensor]:
    """The code's losses as SPEC writes them, every network run anew for every term."""
    c, d = system.config, system.config.discriminator
    planes = lambda v: v[:, :, None, None].expand(-1, -1, 32, 32)  # noqa: E731
    sound, image, target = batch.sound, batch.image, batch.label
    label = F.one_hot(target, 13).float()
    first = system.generator1(torch.cat([sound, planes(label)], 1))
    residue = label - F.softmax(system.classifier(first), 1)
    inputs = [first, sound] if c.g2_sees_sound else [first]
    second = system.generator2(torch.cat([*inputs, planes(residue)], 1))

    def bce(picture: Tensor, told: Tensor, goal: float) -> Tensor:
        inputs = [sound, picture] + ([] if d.label == "none" else [planes(told)])
        out = system.discriminator(torch.cat(inputs, 1))
        if c.adversarial == "log_prob":
            return F.binary_cross_entropy(torch.sigmoid(out), torch.full_like(out, goal))
        return F.binary_cross_entropy_with_logits(torch.tanh(out), torch.full_like(out, goal))

    told = residue if d.label == "mixed" else label
    real = bce(image, told, 1.0)
    fakes = bce(first, told, 0.0) + bce(second, told, 0.0)
    gan = bce(first, label, 1.0) + bce(second, label, 1.0)
    l1 = (image - first).abs().mean() + (image - second).abs().mean()
    scores = [system.classifier(picture) for picture in (first, second)]
    if c.class_loss == "softmax":
        scores = [F.softmax(s, 1) for s in scores]
    classes = sum(F.cross_entropy(s, target) for s in scores) / 2
    return {
        "discriminator": (fakes + real) / 2 if d.real_pair == "once" else fakes + 2 * real,
        "generators": gan + 100 * l1 + classes,
    }


PAPER = replace(
    DEBUG,
    g2_sees_sound=False,
    class_loss="logits",
    adversarial="log_prob",
    attention_layout="correct",
    discriminator=CARGAN.presets["paper"].discriminator,
)


@pytest.mark.parametrize(
    "config",
    [DEBUG, PAPER, replace(DEBUG, discriminator=DiscriminatorConfig(label="audio"))],
    ids=["code", "paper", "audio"],
)
def test_losses_and_gradients_are_the_published_ones(config):
    torch.manual_seed(0)
    system = CARGAN(config)
    system.lay_out(torch.device("cpu"))
    for module in system.modules():  # far from the initial weights, where all patches are alike
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.fill_(0.1)
    system.eval()
    batch, step = make_batch(), make_step()
    expected = reference_losses(system, batch)
    for stage in system.stages()[-1:]:
        for phase in stage.phases:
            parameters = [p for n in phase.networks for p in getattr(system, n).parameters()]
            losses = system.losses(phase.name, batch, step)
            assert float(losses.total) == pytest.approx(float(expected[phase.name]), abs=1e-4)
            wanted = torch.autograd.grad(expected[phase.name], parameters, retain_graph=True)
            found = torch.autograd.grad(losses.total, parameters, retain_graph=True)
            for one, other in zip(wanted, found, strict=True):
                assert torch.allclose(one, other, atol=1e-5, rtol=1e-3)


def test_values_stay_within_their_bounds():
    system, batch = build(), make_batch(8)
    for module in system.discriminator.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0, 2)  # drives tanh to its ends
    with torch.no_grad():
        cascade = system.cascade(batch.sound, F.one_hot(batch.label, 13).float())
    assert torch.allclose(cascade.residue.sum(1), torch.zeros(8), atol=1e-6)
    assert -1 <= cascade.residue.min() <= cascade.residue.max() <= 1
    found = terms_of(system, batch)
    for name in ("gan_stage1", "gan_stage2", "d_stage1", "d_stage2", "d_real"):
        assert 0.3133 - 1e-4 <= found[name] <= 1.3133 + 1e-4, name
    assert max(found["d_real"], found["d_stage1"]) > 0.75
    assert found["discriminator"] >= 0.4699
    for name in ("class_stage1", "class_stage2"):
        assert 1.6891 - 1e-4 <= found[name] <= 2.69, name


def test_double_softmax_never_falls_below_its_floor(monkeypatch):
    system, batch = build(), make_batch()
    certain = 1000.0 * F.one_hot(batch.label, 13).float()
    monkeypatch.setattr(system.classifier, "judge", lambda picture: certain)
    found = terms_of(system, batch)
    assert found["class_stage1"] == pytest.approx(1.6891, abs=1e-4)
    monkeypatch.setattr(system.classifier, "judge", lambda picture: torch.zeros(4, 13))
    assert terms_of(system, batch)["class_stage2"] == pytest.approx(math.log(13), abs=1e-4)


def test_discriminator_is_told_the_residue_and_the_generators_the_class(monkeypatch):
    system, batch, told = build().eval(), make_batch(), []
    original = system.discriminator.forward
    monkeypatch.setattr(
        system.discriminator, "forward", lambda x: told.append(x[:, 6:, 0, 0]) or original(x)
    )
    label = F.one_hot(batch.label, 13).float()
    with torch.no_grad():
        residue = system.cascade(batch.sound, label).residue
        step = make_step()
        for phase in PLAYERS:
            system.losses(phase, batch, step)
    assert len(told) == 5
    assert all(torch.allclose(planes, residue, atol=1e-6) for planes in told[:3])
    assert all(torch.equal(planes, label) for planes in told[3:])


@pytest.mark.parametrize("order", ["d_first", "g_first"])
def test_a_step_runs_every_generator_once(order, monkeypatch):
    system, batch = build(update_order=order), make_batch()
    calls: list[str] = []
    for name in ("generator1", "generator2", "classifier", "discriminator"):
        network = getattr(system, name)
        original = network.forward
        monkeypatch.setattr(
            network, "forward", lambda x, name=name, f=original: calls.append(name) or f(x)
        )
    step, (stage,) = make_step(), system.stages()[-1:]
    assert [phase.name for phase in stage.phases] == list(PLAYERS)[:: 1 if order[0] == "d" else -1]
    for phase in stage.phases:
        parameters = [p for n in phase.networks for p in getattr(system, n).parameters()]
        system.losses(phase.name, batch, step).total.backward(inputs=parameters)
    counts = {name: calls.count(name) for name in set(calls)}
    assert counts == {"generator1": 1, "generator2": 1, "classifier": 2, "discriminator": 5}


def test_the_last_generator_teaches_the_first_through_the_classifier():
    system, batch = build(lambda_l1="0", lambda_gan="0"), make_batch()
    step = make_step()
    losses = system.losses("generators", batch, step)
    [gradient] = torch.autograd.grad(losses.terms["class_stage2"], [step.memo["residue"]])
    assert gradient.abs().sum() > 0


# Ablations.


@pytest.mark.parametrize("letter", ABLATIONS)
def test_ablations_train(letter):
    torch.manual_seed(0)
    system = CARGAN(override(DEBUG, ABLATIONS[letter]))
    step, (stage,) = make_step(), system.stages()[-1:]
    for phase in stage.phases:
        parameters = [p for n in phase.networks for p in getattr(system, n).parameters()]
        losses = system.losses(phase.name, make_batch(), step)
        losses.total.backward(inputs=parameters)
        assert all(p.grad is not None and p.grad.isfinite().all() for p in parameters)


def test_ablations_change_what_they_say():
    changed = {k: CARGAN(override(DEBUG, settings)) for k, settings in ABLATIONS.items()}
    attentive = {
        k: any(isinstance(m, PooledAttention) for m in s.modules()) for k, s in changed.items()
    }
    assert attentive == {"A": False, "B": True, "C": True, "D": True, "E": True}
    terms = {letter: terms_of(system) for letter, system in changed.items()}
    assert "class_stage2" not in terms["B"]
    assert "class_stage2" in terms["C"]
    assert "generator2" not in changed["D"].networks()
    assert "l1_stage2" not in terms["D"]
    assert terms["D"]["discriminator"] == pytest.approx(
        (terms["D"]["d_stage1"] + terms["D"]["d_real"]) / 2
    )
    label = F.one_hot(torch.tensor([3]), 13).float()
    sound = make_batch(1).sound
    with torch.no_grad():
        assert torch.equal(changed["C"].cascade(sound, label).residue, label)
        assert not torch.equal(changed["B"].cascade(sound, label).residue, label)
        cascade = changed["D"].eval().cascade(sound, label)
    assert torch.equal(cascade.stage1, cascade.stage2)


# The label, given or heard.


def test_the_class_is_heard_where_it_is_not_given():
    system, sound, rng = build().eval(), make_batch().sound, torch.Generator()
    with torch.inference_mode():
        heard = system.hear(sound)
        assert torch.allclose(heard.sum(1), torch.ones(4), atol=1e-6)
        picture = system.generate(sound, rng=rng)
        assert torch.equal(picture, system.cascade(sound, heard).stage2)
        given = system.generate(sound, label=torch.tensor([1, 2, 3, 4]), rng=rng)
    assert not torch.equal(picture, given)


def test_all_outputs_come_from_one_pass_for_each_label(monkeypatch):
    system, batch, rng = build().eval(), make_batch(), torch.Generator()
    passes, cascade = [], system.cascade
    monkeypatch.setattr(
        system, "cascade", lambda *told: passes.append(cascade(*told)) or passes[-1]
    )
    with torch.inference_mode():
        outputs = system.outputs(batch.sound, batch.label, rng=rng)
        heard, given = passes
        expected = {
            "label heard": heard.stage2,
            "label given": given.stage2,
            "stage I, label heard": heard.stage1,
            "stage I, label given": given.stage1,
        }
        assert outputs == expected
        assert list(outputs) == list(expected)  # the main output first
        assert torch.equal(outputs["label heard"], system.generate(batch.sound, rng=rng))
        deaf = build(listener__epochs="0").eval()
        assert next(iter(deaf.outputs(batch.sound, batch.label, rng=rng))) == "label given"
        short = build(stages_used="1").eval()
        assert set(short.outputs(batch.sound, batch.label, rng=rng)) == {
            "label heard",
            "label given",
        }


@pytest.mark.parametrize("label", [[0, 1, 2, 13], [0, -1, 2, 3]])
def test_a_label_outside_the_classes_is_refused(label):
    with pytest.raises(ConfigError, match="not from 0 to 12"):
        build().generate(make_batch().sound, label=torch.tensor(label), rng=torch.Generator())


def test_sounds_and_pictures_of_other_sizes_are_resized():
    system = build().eval()
    with torch.no_grad():
        sound = torch.rand(2, 3, 128, 128) * 2 - 1
        assert system.generate(sound, rng=torch.Generator()).shape == (2, 3, 32, 32)
    assert terms_of(system, make_batch(size=64))["l1_stage1"] > 0


def test_what_was_left_out_is_missed(tmp_path):
    sound, rng = make_batch(1).sound, torch.Generator()
    save_weights(build(), tmp_path / "w", preset="debug", card={}, networks=("generator1",))
    loaded = load_weights(tmp_path / "w")
    with pytest.raises(WeightsError, match=r"no listener .* give a label"):
        loaded.generate(sound, rng=rng)
    with pytest.raises(WeightsError, match="photism train car-gan"):
        loaded.generate(sound, label=torch.tensor([0]), rng=rng)
    deaf = CARGAN(override(DEBUG, {"listener.epochs": "0"}))
    assert "listener" not in deaf.networks()
    assert [stage.name for stage in deaf.stages()] == ["classifier", "cascade"]


# The classifiers.


def test_classifiers_learn_in_their_own_stage_only():
    system, batch = build().train(), make_batch(8)
    before = {k: v.clone() for k, v in system.state_dict().items() if k[:5] in ("class", "liste")}
    for phase in PLAYERS:
        system.losses(phase, batch, make_step())
    assert not system.classifier.training
    assert all(p.requires_grad for p in system.classifier.parameters())
    after = system.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    for name in ("classifier", "listener"):
        losses = system.losses(name, batch, make_step())
        assert float(losses.terms[f"{name}_accuracy"]) in [n / 8 for n in range(9)]
        mean = f"{name}.body.0.1.running_mean"
        assert not torch.equal(before[mean], system.state_dict()[mean])
        assert not getattr(system, name).training


def test_classifier_starts_from_weights(tmp_path):
    """Of ImageNet under torchvision's names, of an earlier run, of a classifier alone."""
    from torchvision.models import resnet18

    torch.manual_seed(0)
    imagenet = resnet18()
    imagenet.conv1 = nn.Conv2d(3, 64, 3, bias=False)
    own = Classifier("resnet18", 13)
    output = own.output.weight.clone()
    own.start_from(imagenet.state_dict())
    assert torch.equal(own.body.layer4[1].conv2.weight, imagenet.layer4[1].conv2.weight)
    assert torch.equal(own.output.weight, output)
    added = Classifier("resnet18", 13, "added")
    added.start_from(imagenet.state_dict())
    assert torch.equal(added.body.fc.weight, imagenet.fc.weight)

    earlier = build()
    save_weights(earlier, tmp_path / "run" / "weights", preset="debug", card={})
    save_file(earlier.classifier.state_dict(), tmp_path / "classifier.safetensors")
    data = write_players(tmp_path / "data", classes=13, train=130)
    for place in (tmp_path / "run", tmp_path / "classifier.safetensors"):
        settings = {"classifier.weights": str(place), "classifier.epochs": "0"}
        plan = resolve(
            TrainOptions("car-gan", data, tmp_path, preset="debug", settings=settings, seed=5)
        )
        assert [stage.name for stage in plan.stages] == ["listener", "cascade"]
        for name, value in earlier.classifier.state_dict().items():
            assert torch.equal(plan.system.classifier.state_dict()[name], value), name


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classifier.weights": "nowhere"}, r"classifier\.weights=nowhere: no weights called"),
        ({"listener.weights": "FILE"}, r"of another network: \d+ tensors differ.*listener\.epochs"),
        ({"classifier.epochs": "0"}, r"needs a trained classifier: set classifier\.epochs"),
        ({"classes": "5"}, r"has 4 classes.*5: add --set classes=4"),
    ],
)
def test_training_stops_before_it_begins(settings, message, tmp_path):
    save_file({"fc.weight": torch.zeros(2, 2), "x": torch.zeros(1)}, tmp_path / "f.safetensors")
    data = write_players(tmp_path / "data")
    settings = {"classes": "4"} | settings
    settings = {k: v.replace("FILE", str(tmp_path / "f.safetensors")) for k, v in settings.items()}
    with pytest.raises((ConfigError, WeightsError), match=message):
        resolve(TrainOptions("car-gan", data, tmp_path, preset="debug", settings=settings))


def test_grey_pictures_are_refused(tmp_path, capsys):
    data = write_players(tmp_path / "data", grey=True)
    command = ["train", "car-gan", "--preset", "debug", "--data", str(data), "--set", "classes=4"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 2
    assert "grey pictures: CAR-GAN wants colour" in capsys.readouterr().err


def test_pairs_without_a_class_are_refused(tmp_path, capsys):
    data = write_players(tmp_path / "data", unlabelled=1)
    command = ["train", "car-gan", "--preset", "debug", "--data", str(data), "--set", "classes=4"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 2
    assert "has pairs whose class is none of its 4" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


# Settings.


def test_profiles_name_every_disagreement():
    """The register of SPEC, section 9: what the code does, what the paper says."""
    paper, code = CARGAN.presets["paper"], CARGAN.presets["code"]
    assert code == CARGANConfig()
    disagreements = {
        "image_size": (256, 128),
        "init_std": (0.2, 0.02),
        "g2_sees_sound": (False, True),
        "update_order": ("g_first", "d_first"),
        "decay_epochs": (0, 100),
        "batch_size": (64, 4),
        "class_loss": ("logits", "softmax"),
        "adversarial": ("log_prob", "tanh_bce"),
        "attention_layout": ("correct", "legacy"),
    }
    for name, values in disagreements.items():
        assert (getattr(paper, name), getattr(code, name)) == values
    assert asdict(paper.discriminator) == {
        "width": 2,
        "label": "none",
        "attention": "late",
        "last_stride": 2,
        "real_pair": "each",
    }
    assert asdict(code.discriminator) == {
        "width": 2,
        "label": "mixed",
        "attention": "early",
        "last_stride": 1,
        "real_pair": "once",
    }
    assert (paper.classifier.head, code.classifier.head) == ("added", "replaced")
    for config in (paper, code):
        assert (config.lr, config.beta1, config.epochs) == (8e-4, 0.9, 200)
        assert (config.lambda_l1, config.lambda_c, config.lambda_gan) == (100, 1, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": "100"}, "a power of two, not 100"),
        ({"image_size": "16"}, "at least 32"),
        ({"stages_used": "3"}, "choose from: 1, 2"),
        ({"class_loss": "sofmax"}, "did you mean 'softmax'"),
        ({"front_end": "car-gna"}, "did you mean 'car-gan'"),
        ({"discriminator.lable": "none"}, "did you mean 'discriminator.label'"),
        ({"discriminator": "none"}, "unknown field 'discriminator'"),
        ({"classifier.epochs": "few"}, "classifier.epochs is a whole number"),
        ({"classifier.head": "added"}, "head=added needs"),
        ({"lambda_c": "-1"}, "lambda_c must be at least 0"),
    ],
)
def test_bad_settings_say_what_to_do(settings, message):
    with pytest.raises(ConfigError, match=message):
        override(DEBUG, settings)


def test_settings_inside_settings_are_stored(tmp_path):
    config = override(DEBUG, {"discriminator.width": "8", "listener.lr": "1e-4", "lr": "0.1"})
    assert (config.discriminator.width, config.listener.lr, config.lr) == (8, 1e-4, 0.1)
    assert config.discriminator == DiscriminatorConfig(width=8)
    assert config_from(CARGANConfig, json.loads(json.dumps(asdict(config)))) == config
    save_weights(CARGAN(config), tmp_path / "w", preset="debug", card={})
    assert load_weights(tmp_path / "w").config == config
    assert isinstance(load_weights(tmp_path / "w").config.classifier, ClassifierConfig)


# Training.


def test_learning_rate_decays_to_zero_after_it_was_held():
    stage = CARGAN(override(DEBUG, {"epochs": "200", "decay_epochs": "100"})).stages()[-1]
    factors = [stage.lr_factor(epoch) for epoch in range(stage.epochs)]
    assert len(factors) == 300
    assert factors[:200] == [1.0] * 200
    expected = [1 - max(0, e - 200) / 101 for e in range(201, 301)]
    assert factors[200:] == pytest.approx(expected)
    assert [stage.lasting(30).lr_factor(e) for e in (0, 19, 20, 29)] == pytest.approx(
        [1, 1, 10 / 11, 1 / 11]
    )
    assert Stage("s", (), 5, 1).lr_factor(4) == 1


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_players(tmp_path_factory.mktemp("data") / "players", classes=13, train=156)


def options_for(data: Path, out: Path, **changes) -> TrainOptions:
    options = TrainOptions("car-gan", data, out, preset="debug", device="cpu", log_every=5)
    return replace(options, **changes)


def stages_of(run: Path) -> set[str]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["stage"] for line in lines}


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(options_for(data, out, ema=0.9))
    return out


def test_the_average_begins_anew_with_each_stage(whole_run):
    """What a stage does not move is kept as the stages before it left it, and not an average."""
    trained = load_file(list_checkpoints(whole_run / "checkpoints")[-1] / "system.safetensors")
    averaged = load_file(whole_run / "weights" / "model.safetensors")
    same = {name.split(".")[0]: True for name in averaged}
    for name, tensor in averaged.items():
        same[name.split(".")[0]] &= torch.equal(tensor, trained[name])
    assert {name for name, equal in same.items() if equal} == {"classifier", "listener"}


def test_the_loop_follows_the_decay(data, tmp_path, monkeypatch):
    seen: dict[tuple[str, int], set[float]] = {}
    original = Trainer._train_step

    def noted(self, stage, batch):
        for name, optimiser in self.optimisers.items():
            rates = {group["lr"] for group in optimiser.param_groups}
            seen.setdefault((name, self.progress.epoch), set()).update(rates)
        original(self, stage, batch)

    monkeypatch.setattr(Trainer, "_train_step", noted)
    options = replace(options_for(data, tmp_path / "run"), settings={"decay_epochs": "3"})
    train(replace(options, validation=0.0))
    assert seen["classifier", 0] == {1e-3}
    for phase in PLAYERS:
        rates = [seen[phase, epoch] for epoch in range(4)]
        assert rates == [{8e-4}, {8e-4 * 0.75}, {8e-4 * 0.5}, {8e-4 * 0.25}]


def test_a_run_trains_classifier_listener_and_cascade(whole_run):
    lines = [json.loads(line) for line in (whole_run / "metrics.jsonl").read_text().splitlines()]
    seen = {line["stage"]: line for line in lines if line["kind"] == "validation"}
    assert list(seen) == ["classifier", "listener", "cascade"]
    assert "classifier_accuracy" in seen["classifier"]
    assert "listener_accuracy" in seen["listener"]
    assert {"l1_stage1", "l1_stage2", "class_stage2", "d_real"} <= set(seen["cascade"])
    assert [p.name for p in sorted((whole_run / "samples").iterdir())] == [
        "epoch-0001.png",
        "epoch-0002.png",
    ]
    assert set(load_weights(whole_run).networks()) == {*CARGAN.translators, "discriminator"}


@pytest.mark.parametrize("stop_at", [3, 20, 37, 50])
def test_stopping_in_any_stage_and_resuming_changes_nothing(data, whole_run, tmp_path, stop_at):
    options = options_for(data, tmp_path / "run", ema=0.9)
    with pytest.raises(Interrupted, match=f"after step {stop_at}"):
        train(replace(options, max_steps=stop_at))
    train(replace(TrainOptions.read(tmp_path / "run"), max_steps=None), resume=True)
    weights = "weights/model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (whole_run / weights).read_bytes()


def test_dry_run_tells_every_stage(data, capsys):
    command = ["train", "car-gan", "--preset", "debug", "--data", str(data), "--dry-run", "--json"]
    assert main(command) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["config"]["discriminator"]["label"] == "mixed"
    assert list(plan["stages"]) == ["classifier", "listener", "cascade"]
    assert plan["stages"]["cascade"]["epochs"] == 2
    assert all(stage["memory_mb"] > 0 for stage in plan["stages"].values())


def test_bfloat16_gives_nearly_the_same_losses():
    system = build().eval()
    plain = terms_of(system)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = terms_of(system)
    assert coarse == pytest.approx(plain, rel=0.02)


def test_overfits_eight_pairs():
    """First the classifier learns eight pictures, then the cascade draws them."""
    system, batch = build(width="8", lr="0.002"), make_batch(8)
    batch.image = F.interpolate(batch.image[..., :4, :4], (32, 32))
    for stage in system.stages():
        optimisers = {
            p.name: torch.optim.Adam(
                [w for n in p.networks for w in getattr(system, n).parameters()], p.optimiser.lr
            )
            for p in stage.phases
        }
        history: list[dict[str, float]] = []
        for number in range(150 if stage.name == "cascade" else 60):
            step, terms = Step(number, 0, torch.Generator()), {}
            for phase in stage.phases:
                losses = system.losses(phase.name, batch, step)
                parameters = optimisers[phase.name].param_groups[0]["params"]
                losses.total.backward(inputs=parameters)
                optimisers[phase.name].step()
                optimisers[phase.name].zero_grad()
                terms |= {name: value.item() for name, value in losses.terms.items()}
            history.append(terms)
        if stage.name != "cascade":
            assert history[-1][f"{stage.name}_accuracy"] == 1
    assert history[0]["l1_stage2"] > 0.4
    assert history[-1]["l1_stage2"] < 0.15
    assert history[-1]["class_stage2"] < 1.8  # of at least 1.6891


def test_the_classifiers_can_be_trained_alone_and_shared(data, tmp_path):
    options = options_for(data, tmp_path / "first", stages=("listener", "classifier"))
    train(options)
    assert stages_of(tmp_path / "first") == {"classifier", "listener"}
    assert not (tmp_path / "first" / "samples").exists()
    assert "--stages listener classifier" in load_weights(tmp_path / "first").card["command"]
    shared = {
        f"{name}.{field}": value
        for name in ("classifier", "listener")
        for field, value in (("weights", str(tmp_path / "first")), ("epochs", "0"))
    }
    train(options_for(data, tmp_path / "second", settings=shared, epochs=1))
    assert stages_of(tmp_path / "second") == {"cascade"}
    first, second = (load_weights(tmp_path / name).state_dict() for name in ("first", "second"))
    same = {name for name in first if torch.equal(first[name], second[name])}
    assert {name for name in first if name.startswith(("classifier.", "listener."))} <= same
    assert not {name for name in same if name.startswith("generator1.") and "weight" in name}
    with pytest.raises(ConfigError, match="no stage 'listner': did you mean 'listener'"):
        train(options_for(data, tmp_path / "third", stages=("listner",)))
