"""The toys of CONTRIBUTING.md: one file and one line each, and everything works with them."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from photism.cli import main
from photism.data.sources import SOURCES
from photism.judges import ARCHITECTURES
from photism.systems import SYSTEMS

PAGE = Path(__file__).resolve().parents[1] / "CONTRIBUTING.md"
TOYS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def load(name: str, code: str, folder: Path) -> ModuleType:
    """Import a toy from a file of its own, as it would lie in its room."""
    path = folder / f"{name}.py"
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"toy_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


def test_the_toys_prepare_train_judge_measure_and_translate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system, source, judge = (
        load(name, code, tmp_path)
        for name, code in zip(("tint", "tones", "profile"), TOYS, strict=True)
    )
    monkeypatch.setitem(SYSTEMS, "tint", system.Tint)
    monkeypatch.setitem(SOURCES, "tones", source.Tones)
    monkeypatch.setitem(ARCHITECTURES, "profile", judge.Profile)
    # The command line lists the sources when it is first imported.
    monkeypatch.delitem(sys.modules, "photism.cli.data", raising=False)
    monkeypatch.chdir(tmp_path)
    commands = (
        "data prepare tones",
        "judge train profile --data tones --out judge",
        "train tint --data tones --out run --validation 0",
        "evaluate run --data tones --judge judge --out report --latent-zeroing 0",
        "info run",
    )
    for command in commands:
        assert main(command.split()) == 0, (command, capsys.readouterr().err)
    assert (tmp_path / "report" / "report.html").is_file()
    sound = Path(__file__).parents[1] / "src/photism/assets/demo/3_english_110.flac"
    assert main(["translate", str(sound), "--system", "run", "-o", "three.png"]) == 0
    assert (tmp_path / "three.png").is_file()
    shown = capsys.readouterr().out
    assert "Tint" in shown
    assert re.search(r"test \d+\.\d\d%", shown)
