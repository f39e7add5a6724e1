"""CAR-GAN: its losses and their bounds, its label, its classifiers, its settings."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, replace
from urllib.error import URLError

import pytest
import torch
import torch.nn.functional as F
from car_gan_of import DEBUG, PLAYERS, build, make_batch, make_step, terms_of
from pairs_of import write_players
from safetensors.torch import save_file
from torch import Tensor, nn

from photism.blocks.attention import PooledAttention
from photism.blocks.classifier import Classifier, start_classifier
from photism.cli import main
from photism.config import config_from, override
from photism.data.pairs import Batch
from photism.errors import ConfigError, WeightsError
from photism.stored import WeightsCard
from photism.systems.car_gan import (
    ABLATIONS,
    CARGAN,
    CARGANConfig,
    ClassifierConfig,
    DiscriminatorConfig,
)
from photism.systems.weights import load_weights, save_weights
from photism.training.loop import Interrupted
from photism.training.options import TrainOptions
from photism.training.plan import resolve
from photism.training.run import train

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
    if c.non_saturating:
        gan = bce(first, label, 1.0) + bce(second, label, 1.0)
    else:  # log(1 − D) of both, as printed
        gan = -bce(first, label, 0.0) - bce(second, label, 0.0)
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
    non_saturating=False,
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
            assert losses.total.item() == pytest.approx(expected[phase.name].item(), abs=1e-4)
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


def outputs_of(system, batch):
    outputs = system.outputs(batch.sound, target="image", label=batch.label, noise=None)
    return {output.title: output.tensor for output in outputs}


def test_the_class_is_heard_where_it_is_not_given():
    system, sound = build().eval(), make_batch().sound
    with torch.inference_mode():
        heard = system.recognise(sound)
        assert torch.allclose(heard.sum(1), torch.ones(4), atol=1e-6)
        picture = system.generate(sound, target="image")
        assert torch.equal(picture, system.cascade(sound, heard).stage2)
        given = system.generate(sound, target="image", label=torch.tensor([1, 2, 3, 4]))
    assert not torch.equal(picture, given)


def test_all_outputs_come_from_one_pass_for_each_label(monkeypatch):
    system, batch = build().eval(), make_batch()
    passes, cascade = [], system.cascade
    monkeypatch.setattr(
        system, "cascade", lambda *told: passes.append(cascade(*told)) or passes[-1]
    )
    with torch.inference_mode():
        outputs = outputs_of(system, batch)
        heard, given = passes
        expected = {
            "label heard": heard.stage2,
            "label given": given.stage2,
            "stage I, label heard": heard.stage1,
            "stage I, label given": given.stage1,
        }
        assert outputs == expected
        assert list(outputs) == list(expected)  # the main output first
        assert torch.equal(outputs["label heard"], system.generate(batch.sound, target="image"))
        deaf = build(listener__epochs="0").eval()
        assert next(iter(outputs_of(deaf, batch))) == "label given"
        short = build(stages_used="1").eval()
        assert set(outputs_of(short, batch)) == {
            "label heard",
            "label given",
        }


@pytest.mark.parametrize("label", [[0, 1, 2, 13], [0, -2, 2, 3]])
def test_a_label_outside_the_classes_is_refused(label):
    with pytest.raises(ConfigError, match="not from 0 to 12"):
        build().generate(make_batch().sound, target="image", label=torch.tensor(label))


def test_a_label_of_minus_one_is_what_the_listener_hears():
    system, sound = build().eval(), make_batch().sound
    with torch.no_grad():
        heard = system.generate(sound, target="image")
        some = system.generate(sound, target="image", label=torch.tensor([-1, 3, -1, 3]))
        told = system.generate(sound, target="image", label=torch.full((4,), 3))
    assert torch.allclose(some[::2], heard[::2], atol=1e-5)
    assert torch.allclose(some[1::2], told[1::2], atol=1e-5)


def test_sounds_and_pictures_of_other_sizes_are_resized():
    system = build().eval()
    with torch.no_grad():
        sound = torch.rand(2, 3, 128, 128) * 2 - 1
        assert system.generate(sound, target="image").shape == (2, 3, 32, 32)
    assert terms_of(system, make_batch(size=64))["l1_stage1"] > 0


def test_what_was_left_out_is_missed(tmp_path):
    sound = make_batch(1).sound
    save_weights(
        build(), tmp_path / "w", preset="debug", card=WeightsCard(), networks=("generator1",)
    )
    loaded = load_weights(tmp_path / "w")
    with pytest.raises(WeightsError, match=r"no listener .* give a label"):
        loaded.generate(sound, target="image")
    with pytest.raises(WeightsError, match="photism train car-gan"):
        loaded.generate(sound, target="image", label=torch.tensor([0]))
    deaf = CARGAN(override(DEBUG, {"listener.epochs": "0"}))
    assert "listener" not in deaf.networks()
    assert [stage.name for stage in deaf.stages()] == ["classifier", "cascade"]


# The classifiers.


@pytest.mark.parametrize("architecture", ["small", "resnet18"])
def test_a_judging_classifier_is_the_same_without_its_batch_norms(architecture):
    """It follows its weights, and gradients reach the picture alone."""
    torch.manual_seed(0)
    network = Classifier(architecture, 3).double()
    picture = torch.randn(4, 3, 32, 32, dtype=torch.double, requires_grad=True)
    for _ in range(2):
        network.train()(picture)  # moves the statistics
        network.eval()
        with torch.inference_mode():  # as validation does, before training goes on
            network.judge(picture)
        found, wanted = network.judge(picture), network(picture)
        assert found.dtype == torch.float32
        assert torch.allclose(found.double(), wanted, atol=1e-6)
        gradients = [torch.autograd.grad(y.sum(), picture)[0] for y in (found, wanted)]
        assert torch.allclose(*gradients, rtol=1e-6, atol=1e-9)
        network.judge(picture).sum().backward()
        assert all(p.grad is None for p in network.parameters())
        with torch.autocast("cpu", torch.bfloat16):
            low = network.judge(picture)
        assert low.dtype == torch.float32
        assert 0 < (low - wanted).abs().max() < 0.1 * wanted.abs().max()
        with torch.no_grad():
            network.output.weight.mul_(1.5)


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
    save_weights(earlier, tmp_path / "run" / "weights", preset="debug", card=WeightsCard())
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


def imagenet_of(monkeypatch, answer):
    """Let torchvision's download of published weights be `answer`, and write down what it asks."""
    asked: list[str] = []

    def fetch(url: str, *, check_hash: bool, weights_only: bool) -> dict[str, Tensor]:
        assert check_hash
        assert weights_only
        asked.append(url)
        return answer()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fetch)
    return asked


def big_classifier() -> CARGAN:
    """A small CAR-GAN whose classifier is a ResNet-50 that asks for ImageNet's weights."""
    return build(classifier__network="resnet50", classifier__weights="imagenet")


def test_the_classifier_starts_from_imagenet_s_weights(monkeypatch):
    from torchvision.models import resnet50

    published = resnet50().state_dict()
    asked = imagenet_of(monkeypatch, lambda: published)
    system = big_classifier()
    assert system.begin(["listener", "cascade"]) == ()
    assert asked == []
    assert system.begin(["classifier"]) == ()
    assert asked == ["https://download.pytorch.org/models/resnet50-0676ba61.pth"]  # that of 2019
    own = system.classifier.state_dict()
    assert torch.equal(own["body.conv1.weight"], published["conv1.weight"])
    assert own["output.weight"].shape == (13, 2048)


def test_imagenet_s_weights_that_cannot_be_had_are_told(monkeypatch):
    def offline():
        raise URLError("no route to host")

    imagenet_of(monkeypatch, offline)
    (note,) = big_classifier().begin(["classifier", "cascade"])
    assert note.startswith("the classifier starts from random weights, not from ImageNet's")
    assert "no route to host" in note
    assert "a copy of the file will do" in note
    assert "\n" not in note


def test_a_copy_of_torchvision_s_file_will_do_and_no_other_pickle(tmp_path, monkeypatch):
    torch.manual_seed(0)
    published = Classifier("resnet50", 1000)
    file = tmp_path / "resnet50-0676ba61.pth"
    torch.save(published.state_dict(), file)
    network = Classifier("resnet50", 13)
    with pytest.raises(WeightsError, match="none that torchvision publishes of ResNet-50"):
        start_classifier(network, "classifier", str(file))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr("photism.blocks.imagenet._PUBLISHED", (digest[:8],))
    start_classifier(network, "classifier", str(file))
    assert torch.equal(network.body.conv1.weight, published.body.conv1.weight)


def test_what_training_began_without_is_told_once_and_kept_through_a_stop(
    tmp_path, monkeypatch, capsys
):
    data, began = write_players(tmp_path / "data"), []
    monkeypatch.setattr(
        CARGAN, "begin", lambda self, stages: began.append(list(stages)) or ("no weights [x]: why",)
    )
    options = TrainOptions(
        "car-gan",
        data,
        tmp_path / "run",
        preset="debug",
        settings={"classes": "4"},
        device="cpu",
        max_steps=2,
    )
    with pytest.raises(Interrupted):
        train(options)
    assert capsys.readouterr().err.count("no weights [x]: why") == 1
    train(replace(options, max_steps=None), resume=True)
    further = replace(options, start_from=str(tmp_path / "run"), out=tmp_path / "further")
    with pytest.raises(Interrupted):  # of weights that have begun before
        train(further)
    assert began == [["classifier", "listener", "cascade"]]
    assert WeightsCard.read(tmp_path / "run" / "weights").notes == ("no weights [x]: why",)


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
    told = capsys.readouterr().err.replace("\n", " ")
    assert "has pictures of 1 × 32 × 32 (channel × height × width), CAR-GAN wants 3 × 32" in told


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
        "front_end": ("car-gan-256", "car-gan"),
        "image_size": (256, 128),
        "init_std": (0.2, 0.02),
        "g2_sees_sound": (False, True),
        "update_order": ("g_first", "d_first"),
        "decay_epochs": (0, 100),
        "batch_size": (64, 4),
        "class_loss": ("logits", "softmax"),
        "adversarial": ("log_prob", "tanh_bce"),
        "non_saturating": (False, True),
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
        assert (config.classifier.network, config.classifier.weights) == ("resnet50", "imagenet")
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
        ({"classifier.weights": "imagenet"}, "imagenet is of resnet50"),
        ({"lambda_c": "-1"}, "lambda_c must be at least 0"),
    ],
)
def test_bad_settings_say_what_to_do(settings, message):
    with pytest.raises(ConfigError, match=message):
        override(DEBUG, settings)


def test_what_the_classifier_is_shown_in_training_is_distorted(monkeypatch):
    """Its scores for the residue are not, nor anything outside training."""
    plain, changing, batch = build(), build(distortion="1"), make_batch()
    assert terms_of(plain) == terms_of(changing)
    shown: list[torch.Tensor] = []
    judge = changing.classifier.judge
    monkeypatch.setattr(changing.classifier, "judge", lambda x: shown.append(x) or judge(x))
    step = make_step()
    losses = changing.train().losses("generators", batch, step)
    clean, first, second = shown
    assert torch.equal(clean, step.memo["stage1"])
    assert not torch.equal(first, step.memo["stage1"])
    assert not torch.equal(second, step.memo["stage2"])
    gradients = torch.autograd.grad(
        losses.terms["class_stage2"], [step.memo["stage2"]], retain_graph=True
    )
    assert gradients[0].abs().sum() > 0


def test_settings_inside_settings_are_stored(tmp_path):
    config = override(DEBUG, {"discriminator.width": "8", "listener.lr": "1e-4", "lr": "0.1"})
    assert (config.discriminator.width, config.listener.lr, config.lr) == (8, 1e-4, 0.1)
    assert config.discriminator == DiscriminatorConfig(width=8)
    assert config_from(CARGANConfig, json.loads(json.dumps(asdict(config)))) == config
    save_weights(CARGAN(config), tmp_path / "w", preset="debug", card=WeightsCard())
    assert load_weights(tmp_path / "w").config == config
    assert isinstance(load_weights(tmp_path / "w").config.classifier, ClassifierConfig)
