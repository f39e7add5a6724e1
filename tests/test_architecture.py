"""The shape of the project: imports point one way, `import photism` is light, no pickles."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import photism

SOURCE = Path(photism.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[1]
LAYERS = (
    {"errors", "terminal", "version"},
    {"files", "media"},
    {"config", "devices", "develop", "hub"},
    {"audio", "images", "stored"},
    {"video"},
    {"orchestra"},
    {"scenes"},
    {"data"},
    {"blocks"},
    {"systems"},
    {"metrics"},
    {"training", "judges", "translate"},
    {"pages", "live"},
    {"evaluation", "export", "serve"},
    {"experiments", "demo"},
    {"cli"},
)
"""Each room imports from rooms further up this list, never from its neighbours in a line."""
ENTRANCES = {"__init__", "__main__"}
MODULES = sorted(SOURCE.rglob("*.py"))
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def room(path: Path) -> str:
    """The first part of a module's name inside the package: `data/pairs.py` is in `data`."""
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute names that a module imports anywhere in it, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def test_every_room_has_its_place() -> None:
    assert {room(path) for path in MODULES} - ENTRANCES <= set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    here = room(path)
    if here in ENTRANCES:
        return
    wrong = []
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] != "photism" or len(parts) == 1 or parts[1] not in LEVEL or parts[1] == here:
            continue
        if LEVEL[parts[1]] >= LEVEL[here]:
            wrong.append(f"line {line}: {here} imports {name}")
    assert not wrong, wrong


def test_no_imports_go_round_in_a_circle() -> None:
    """Nowhere, not inside functions and not for types alone either."""
    modules = {name_of(path): path for path in MODULES}
    uses = {
        name: {target for found, _ in imported(path) if (target := _module(found, modules))}
        for name, path in modules.items()
    }
    while free := {name for name, targets in uses.items() if not targets & uses.keys() - {name}}:
        uses = {name: targets for name, targets in uses.items() if name not in free}
    assert not uses, f"go round: {sorted(uses)}"


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = ("photism", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def _module(name: str, modules: dict[str, Path]) -> str | None:
    """The module that an imported name is, or is taken from."""
    if name in modules:
        return name
    outer = name.rpartition(".")[0]
    return outer if outer in modules else None


def test_tools_import_what_there_is() -> None:
    """Nothing runs them here: they take minutes, and data."""
    missing = []
    for path in sorted((*REPOSITORY.glob("tools/*.py"), *REPOSITORY.glob("benchmarks/*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("photism"):
                module = importlib.import_module(str(node.module))
                missing += [
                    f"{path.name}: {node.module}.{alias.name}"
                    for alias in node.names
                    if not hasattr(module, alias.name)
                    and not importlib.util.find_spec(f"{node.module}.{alias.name}")
                ]
    assert not missing


def test_a_class_name_stands_once() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_no_module_is_named_after_nothing() -> None:
    assert not {path.stem for path in MODULES} & {"utils", "util", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_nothing_reads_a_pickle(path: Path) -> None:
    assert not {name.split(".")[0] for name, _ in imported(path)} & {"pickle", "dill", "joblib"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            settings = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert settings.get("allow_pickle", "False") == "False", f"line {node.lineno}"
            if ast.unparse(node.func) == "torch.load":
                assert settings.get("weights_only") == "True", f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_json_is_read_by_what_refuses_endless_nesting(path: Path) -> None:
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert name_of(path) == "photism.files" or not calls & {"json.load", "json.loads"}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import photism", ("torch", "numpy", "tyro", "rich", "photism.files")),
        ("import photism.cli", ("torch", "numpy", "tyro", "rich")),
        ("import photism.audio.decode", ("torch", "librosa")),
    ],
)
def test_importing_stays_light(statement: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(unwanted) & set(loaded)
