"""What the README and the docs say one can type works: commands of code blocks, and Python.

Commands run in a folder of their own, block by block. Those that train or download are shortened
or pointed at archives at hand by options added to them, listed in `SHORTENED`; nothing is left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from PIL import Image

from photism.cli import main
from photism.data.card import Card
from photism.demo.digits import ASSETS
from photism.orchestra.instruments import INSTRUMENTS
from photism.orchestra.notes import RATE
from photism.orchestra.performance import performance
from photism.stored import bundled

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OWN_DATA = (ROOT / "docs" / "start" / "own-data.md").read_text(encoding="utf-8")
SHORTENED = {
    "photism data fetch": "--from {real_data}",
    "photism train": "--epochs 1 --batch-size 500 --set width=4 hidden=16 feature=16",
    "photism evaluate": "--limit 200",
    "photism reproduce": "--budget 0.001 --preset debug --limit 200",
}
WEIGHTS_HERE = pytest.mark.skipif(not bundled(), reason="no weights are bundled")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder with recordings and a folder of recordings, as the README's user has them."""
    (tmp_path / "recordings").mkdir()
    solo = performance(INSTRUMENTS["violin"], 0, split="demo", duration_s=2.0)
    soundfile.write(tmp_path / "solo.wav", solo.samples, RATE)
    soundfile.write(tmp_path / "three.wav", *soundfile.read(ASSETS / "3_american_110.flac"))
    for name in ("7_english_140.flac", "0_scottish_175.flac"):
        shutil.copy(ASSETS / name, tmp_path / "recordings" / name)
    return tmp_path


def commands(block: str) -> list[str]:
    """The commands of a block without their comments."""
    lines = (re.sub(r"\s+#.*$", "", line).strip() for line in block.splitlines())
    return [line for line in lines if line]


def run(command: str, folder: Path) -> None:
    """Run a command as typed, with this interpreter's photism in place of the installed one."""
    words = shlex.split(command)
    assert words[0] == "photism", f"no test knows how to run: {command}"
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # other tests run beside it
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def run_python(code: str, folder: Path) -> None:
    """Run a block of Python as a script."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)


def is_long(block: str) -> bool:
    return any(command.startswith(tuple(SHORTENED)) for command in commands(block))


def test_the_readme_has_the_two_commands_first() -> None:
    assert commands(blocks(README, "sh")[0]) == ["make demo", "make test"]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/install.md"])
def test_every_target_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    typed = [command for block in blocks(text, "sh") for command in commands(block)]
    targets = {c.split()[1] for c in typed if c.startswith("make ")}
    targets |= set(re.findall(r"`make ([a-z-]+)", text))
    assert targets
    for target in sorted(targets):
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


@WEIGHTS_HERE
@pytest.mark.parametrize("block", [b for b in blocks(README, "sh")[1:] if not is_long(b)])
def test_commands_run(block: str, workshop: Path) -> None:
    for command in commands(block):
        run(command, workshop)
    if "photism export" in block:
        assert (workshop / "three.onnx").is_file()
        return
    assert (workshop / "three.png").is_file()
    assert len(list((workshop / "pictures").rglob("*.png"))) == 2


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("block", [b for b in blocks(README, "sh")[1:] if is_long(b)])
def test_training_and_measuring_runs(block: str, workshop: Path, real_data: Path) -> None:
    for command in commands(block):
        added = [extra for start, extra in SHORTENED.items() if command.startswith(start)]
        run(" ".join([command, *added]).format(real_data=real_data), workshop)


@WEIGHTS_HERE
@pytest.mark.parametrize("code", blocks(README, "python"))
def test_python_runs(code: str, workshop: Path) -> None:
    run_python(code, workshop)
    assert (workshop / "three.png").is_file()


@pytest.mark.parametrize("classes", [True, False])
def test_own_data_becomes_a_system_in_three_commands(
    tmp_path: Path, classes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for recording in ASSETS.glob("*.flac"):
        digit = recording.name[0] if classes else ""
        for folder in ("recordings", "drawings"):
            (tmp_path / folder / digit).mkdir(parents=True, exist_ok=True)
        shutil.copy(recording, tmp_path / "recordings" / digit)
        drawing = Image.new("L", (56, 80), int(recording.name[0]) * 25)
        drawing.save(tmp_path / "drawings" / digit / f"{recording.stem}.png")
    three, look = blocks(OWN_DATA, "sh")
    assert [command.split()[1] for command in commands(three)] == ["data", "train", "translate"]
    small = "--epochs 1 --set width=4 hidden=16 feature=16"
    for command in [*commands(three), *commands(look)]:
        training = command.startswith("photism train")
        words = shlex.split(f"{command} {small}" if training else command)
        assert main(words[1:]) == 0, command
    card = Card.read(tmp_path / "my-digits")
    assert card.classes == (tuple("0123456789") if classes else ())
    assert card.counts["train"] == (
        dict.fromkeys("0123456789", 3) if classes else {"unlabelled": 36}
    )
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 40
    assert (tmp_path / "my-digits-train.png").is_file()
    for code in blocks(OWN_DATA, "python"):
        run_python(code, tmp_path)
    assert Card.read(tmp_path / "my-digits").counts == card.counts


@pytest.mark.parametrize("name", bundled())
def test_the_table_of_weights_says_what_their_cards_say(name: str) -> None:
    [row] = re.findall(rf"^\| `{name}` \|(.*)\|$", README, re.MULTILINE)
    metrics = json.loads((bundled()[name] / "card.json").read_text(encoding="utf-8"))["metrics"]
    test = "test" if "test accuracy" in metrics else "test, label heard:"
    accuracy, (low, high) = (metrics[f"{test} accuracy{part}"] for part in ("", ", 95 % interval"))
    assert f"{100 * accuracy:.1f} % ({100 * low:.1f} to {100 * high:.1f})" in row
    [diversity] = (v for name, v in metrics.items() if name.startswith(f"{test} diversity"))
    assert f"| {diversity:.2f} |" in row


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
