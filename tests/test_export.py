"""Exported graphs draw what torch draws, say what they take, and are whole or not there at all."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recordings import untrained
from torch import Tensor

pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

import photism
from photism.audio import canvas
from photism.audio.front_ends import FRONT_ENDS, front_end
from photism.audio.logmel import pictures
from photism.cli import main
from photism.cli.info import describe
from photism.errors import ConfigError, PhotismError, WeightsError
from photism.export import check, write
from photism.export.exported import Exported
from photism.export.graph import LogMelInGraph
from photism.export.pages import RUNTIME, find_runtime, write_page
from photism.export.precision import to_steps
from photism.export.write import GraphFile, export
from photism.stored import WeightsCard
from photism.systems import SYSTEMS
from photism.systems.weights import save_weights
from photism.translate.translator import Translator

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    """An untrained AIVAE: whole words, with noise."""
    return photism.load(untrained(tmp_path_factory.mktemp("weights") / "painter"), device="cpu")


@pytest.fixture(scope="module", autouse=True)
def traced(painter: Translator) -> Iterator[None]:
    """Trace the painter once: that is most of the work."""
    real, kept = write.trace, write.trace(painter, "image")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "trace", lambda t, m: kept if t is painter else real(t, m))
        yield


@pytest.fixture(scope="module")
def written(painter: Translator, tmp_path_factory: pytest.TempPathFactory) -> GraphFile:
    return export(painter, tmp_path_factory.mktemp("graphs") / "words.onnx", clips=3)


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_the_log_mel_of_a_graph_is_that_of_training(name: str) -> None:
    fe = FRONT_ENDS[name]
    for length in (fe.clip_samples or fe.hop_length, fe.clip_samples or 9_000):
        fading = np.geomspace(1, 1e-3, length, dtype=np.float32)
        waves = 0.1 * noise(2, length) * fading
        inside = LogMelInGraph(fe)
        drawn = canvas.draw(inside(torch.from_numpy(waves)), fe, inside.colours)
        assert torch.allclose(drawn, pictures(list(waves), fe), atol=2e-6)


def test_a_graph_draws_what_torch_draws(painter: Translator, written: GraphFile) -> None:
    exported = Exported(written.path)
    assert written.difference.largest < 1e-5
    for batch, length in ((1, 4_000), (3, 9_000)):
        waves, drawn = 0.1 * noise(batch, length), noise(batch, 8)
        with torch.inference_mode():
            seen = pictures(list(waves), painter.front_end)
            theirs = painter.system.generate(seen, target="image", noise=torch.from_numpy(drawn))
        ours = exported(waves, drawn)["picture"]
        assert np.abs(ours - theirs.numpy()).max() < 1e-5
        assert np.ptp(ours) > 0.01


def test_a_graph_carries_its_card(written: GraphFile) -> None:
    card = describe(str(written.path))
    assert card == json.loads(Path(f"{written.path}.json").read_text())
    assert [port["name"] for port in card["inputs"]] == ["waveform", "noise"]
    assert card["rate"] == 8_000
    assert card["check"]["clips"] == 3
    assert card["check"]["largest"] == written.difference.largest


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (((1, 4_000),), "takes waveform, noise, not 1 inputs"),
        (((1, 100), (1, 8)), r"waveform is \(batch, 128 or more\), not \(1, 100\)"),
        (((4_000,), (1, 8)), r"waveform is \(batch, 128 or more\), not \(4000,\)"),
        (((2, 4_000), (1, 8)), r"noise is \(batch, 8\), not \(1, 8\)"),
        (((1, 4_000), (1, 9)), r"noise is \(batch, 8\), not \(1, 9\)"),
    ],
)
def test_shapes_out_of_range_are_told(
    written: GraphFile, shapes: tuple[tuple[int, ...], ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Exported(written.path)(*(np.zeros(shape) for shape in shapes))


def test_the_script_of_the_docs_runs_without_photism(written: GraphFile, tmp_path: Path) -> None:
    import soundfile

    [script] = [s for s in re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL) if "ort" in s]
    assert len(script.strip().splitlines()) <= 12
    soundfile.write(tmp_path / "three.wav", 0.1 * noise(6_000), 8_000)
    (tmp_path / "three.onnx").write_bytes(written.path.read_bytes())
    proof = "\nimport sys; assert not {'torch', 'photism'} & set(sys.modules)"
    command = [sys.executable, "-c", script + proof]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "three.png").stat().st_size > 100


@pytest.mark.parametrize(("precision", "bits"), [("fp16", 16), ("int8", 8)])
def test_narrow_weights_take_less_room(
    painter: Translator, written: GraphFile, tmp_path: Path, precision: Any, bits: int
) -> None:
    narrow = export(painter, tmp_path / "narrow.onnx", precision=precision, clips=3)
    weights = sum(t.numel() for t in painter.system.state_dict().values() if t.ndim > 1)
    saved = written.bytes - narrow.bytes
    assert saved == pytest.approx(weights * (32 - bits) / 8, rel=0.15)
    assert 0 < narrow.difference.largest < 0.05


def test_steps_are_no_further_from_weights_than_half_a_step() -> None:
    values = noise(4, 3, 5)
    values[1] = 0
    steps, scale = to_steps(values)
    assert steps.dtype == np.int8
    assert np.all(np.abs(steps * scale - values) <= scale / 2 + 1e-7)
    assert np.abs(steps[[0, 2, 3]]).reshape(3, -1).max(1).tolist() == [127] * 3


def test_a_picture_becomes_a_log_mel(tmp_path: Path) -> None:
    kind = SYSTEMS["s2ic"]
    torch.manual_seed(0)
    system = kind(replace(kind.presets["debug"], target="sound"))
    save_weights(system, tmp_path / "w", preset="debug", card=WeightsCard())
    translator = photism.load(tmp_path / "w", device="cpu")
    made = export(translator, tmp_path / "back.onnx", clips=1)
    image, drawn = np.tanh(noise(3, *system.shape("image"))), noise(3, *system.noise_shape("sound"))
    ours = Exported(made.path)(image, drawn)["log_mel"]
    with torch.inference_mode():
        sound = translator.system.generate(
            torch.from_numpy(image), target="sound", noise=torch.from_numpy(drawn)
        )
    theirs = canvas.read(sound, translator.front_end).numpy()
    assert ours.shape == theirs.shape
    # A pixel as near to one colour of the map as to the next may be read as either.
    assert np.mean(np.abs(ours - theirs) > 1e-3) < 1e-3


@dataclass(frozen=True)
class StubbornConfig:
    front_end: str = "aivae-8k"


class Stubborn(photism.systems.base.System):
    """Draws a picture, and what a graph cannot hold besides."""

    name, title, paper = "stubborn", "Stubborn", "none"
    makes = ("image",)

    def shape(self, medium: str) -> tuple[int, int, int]:
        return (1, 48, 48)

    def generate(self, condition: Tensor, **_: Any) -> Tensor:
        return condition if condition.sum() > 0 else -condition


def test_what_cannot_be_exported_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    translator = Translator(Stubborn(StubbornConfig()), "cpu")
    with pytest.raises(ConfigError, match=r"^stubborn cannot be exported: Stubborn does") as told:
        export(translator, tmp_path / "no.onnx")
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_a_graph_that_is_not_what_torch_draws_is_not_written(
    painter: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = check._torch
    monkeypatch.setattr(check, "_torch", lambda *given: real(*given) + 0.1)
    (tmp_path / "words.onnx").write_bytes(b"earlier")
    with pytest.raises(ConfigError, match=r"is 5.0% of black to white away from torch"):
        export(painter, tmp_path / "words.onnx", clips=2)
    assert [path.name for path in tmp_path.iterdir()] == ["words.onnx"]
    assert (tmp_path / "words.onnx").read_bytes() == b"earlier"


def test_the_page_is_written_whole_or_not_at_all(
    painter: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = tmp_path / "runtime"
    with pytest.raises(ConfigError, match="npm install onnxruntime-web"):
        find_runtime(runtime)
    (runtime / "dist").mkdir(parents=True)
    for name in RUNTIME:
        (runtime / "dist" / name).write_text(name)

    def model(out: Path) -> None:
        out.write_bytes(b"graph")

    def fails(out: Path) -> None:
        model(out)
        raise PhotismError("no")

    with pytest.raises(PhotismError, match=r"^no$"):
        write_page(tmp_path / "page", find_runtime(runtime), fails)
    assert [path.name for path in tmp_path.iterdir()] == ["runtime"]
    write_page(tmp_path / "page", find_runtime(runtime), model)
    for script in (tmp_path / "page").glob("*.js"):  # what a page names lies beside it
        for name in re.findall(r'from "(\./[^"]+)"', script.read_text()):
            assert (tmp_path / "page" / name).is_file()
    assert "://" not in (tmp_path / "page" / "index.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name weights, such as: photism export aivae-fsdd -o three.onnx"),
        (["nobody"], "no weights called 'nobody'"),
        (["{painter}", "-o", "three.pt"], "let its name end in .onnx"),
        (["{painter}", "-o", "a.onnx", "--target", "sound"], "makes image, no sound"),
        (["{painter}", "-o", "a.onnx", "--sampling", "latent=no"], "latent"),
        (["{painter}", "--page", "page"], "no onnxruntime-web in node_modules"),
        (["{painter}", "--runtime", "x"], "--runtime goes with --page"),
    ],
)
def test_bad_input_is_one_line(
    painter: Translator,
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", *(word.format(painter=painter.system.source) for word in words)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxscript" else find(name)
    )
    assert main(["export", "aivae-fsdd"]) == 2
    assert "needs onnxscript: pip install 'photism[export]'" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08\x0a" * 40])
def test_a_damaged_graph_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    for read in (lambda: describe(str(path)), lambda: Exported(path)):
        with pytest.raises(WeightsError, match=r"cut short or no ONNX file|no card of photism"):
            read()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"), [(name, medium) for name, kind in SYSTEMS.items() for medium in kind.makes]
)
def test_every_system_can_be_exported(name: str, target: Any, tmp_path: Path) -> None:
    kind = SYSTEMS[name]
    config = kind.presets["debug"]
    if hasattr(config, "target"):
        config = replace(config, target=target)
    torch.manual_seed(0)
    system = kind(config).eval()
    if system.takes_label:
        system.card = WeightsCard(classes=tuple(f"class {n}" for n in range(config.classes)))
    translator = Translator(system, "cpu")
    if target == "sound" and translator.front_end.scaling == "min_max":
        translator.front_end = replace(front_end(config.front_end), level_range=(-60.0, 0.0))
    made = export(translator, tmp_path / "graph.onnx", target=target, clips=4)
    assert made.difference.mean < 1e-4
    ports = made.card["inputs"]
    shapes = [[9_000 if n is None else n for n in port["shape"]] for port in ports]
    batch = [np.zeros((5, *shape), port["kind"]) for port, shape in zip(ports, shapes, strict=True)]
    assert all(len(values) == 5 for values in Exported(made.path)(*batch).values())


def test_both_media_want_a_choice(tmp_path: Path) -> None:
    kind = SYSTEMS["cmcgan"]
    translator = Translator(kind(kind.presets["debug"]), "cpu")
    with pytest.raises(ConfigError, match=r"makes image and sound, a graph one of them"):
        write.export(translator, tmp_path / "both.onnx")
