"""`photism info`: what there is, what a system is made of, and what made a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from photism.cli.arguments import parse
from photism.errors import ConfigError, nearest
from photism.terminal import plain, printable, printable_json
from photism.version import __version__

if TYPE_CHECKING:
    from photism.systems.base import System

DESCRIPTION = """\
Show what photism has, what a system is made of, or what made a picture.

  photism info                          all systems and all weights that come along
  photism info aivae --preset paper     networks and exact parameter counts of a system
  photism info aivae-fsdd               the card of weights; a folder of weights will do
  photism info three.png                system, seed and recording behind a picture
  photism info three.onnx               the card of an exported graph
"""


@dataclass(frozen=True)
class Info:
    """Arguments of `photism info`."""

    target: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[NAME]")] = None
    """A system, weights (a name or a folder), or a file that photism wrote."""
    preset: Annotated[str | None, tyro.conf.arg(metavar="PRESET")] = None
    """Of a system; its first preset by default."""
    json: bool = False
    """Print JSON."""


def main(argv: list[str]) -> int:
    """Run `photism info` with the words after it; return the exit code."""
    args = parse(
        Info,
        argv,
        prog="photism info",
        description=DESCRIPTION,
    )
    content = describe(args.target, args.preset)
    if args.json:
        print(printable_json(content))
    elif args.target is None:
        _print_overview(content)
    else:
        from rich.console import Console

        Console().print(_tree(str(args.target), content), highlight=False)
    return 0


def describe(target: str | None, preset: str | None = None) -> dict[str, Any]:
    """Gather what `photism info` prints.

    Args:
        target: a system, weights by name or folder, a file that photism wrote; None is all in
            short.
        preset: of a system.

    Returns:
        A dict that JSON can hold. That of a system or of weights has
        `{"networks": {name: {"parameters": count}}}`.

    Raises:
        PhotismError: nothing of that name, a preset where there is none, damaged weights or PNG.
    """
    if target is not None and Path(target).is_file():
        _refuse_preset(preset, target)
        if target.lower().endswith(".onnx"):
            from photism.export.card import read_card

            return read_card(Path(target))
        from photism.translate.provenance import provenance_of

        return provenance_of(Path(target))
    from photism.stored import bundled
    from photism.systems import SYSTEMS, find_preset
    from photism.systems.weights import load_weights

    if target is None:
        _refuse_preset(preset, "an overview")
        return _overview()
    if target in SYSTEMS:
        return _describe_system(SYSTEMS[target], *find_preset(SYSTEMS[target], preset))
    weights = bundled()
    if target in weights or Path(target).is_dir():
        _refuse_preset(preset, target)
        return _describe_weights(load_weights(target))
    raise ConfigError(
        f"no system, weights or file called {target!r}: {nearest(target, {*SYSTEMS, *weights})}"
    )


def _refuse_preset(preset: str | None, target: str) -> None:
    if preset is not None:
        raise ConfigError(f"--preset belongs to a system, and {target} is none: leave it out")


def _overview() -> dict[str, Any]:
    from photism.files import parse_json
    from photism.stored import CONFIG, TENSORS, WeightsCard, bundled
    from photism.systems import SYSTEMS

    weights = {}
    for name, folder in bundled().items():
        config = parse_json((folder / CONFIG).read_bytes())
        weights[name] = {
            "system": config["system"],
            "preset": config["preset"],
            "front_end": config["config"]["front_end"],
            "bytes": (folder / TENSORS).stat().st_size,
            "metrics": dict(WeightsCard.read(folder).metrics),
        }
    systems = {
        name: {
            "title": system.title,
            "paper": system.paper,
            "makes": list(system.makes),
            "presets": list(system.presets),
            "weights": [key for key, entry in weights.items() if entry["system"] == name],
        }
        for name, system in SYSTEMS.items()
    }
    return {"photism": __version__, "systems": systems, "weights": weights}


def _describe_system(cls: type[System], preset: str, config: Any) -> dict[str, Any]:
    import torch

    with torch.device("meta"):  # shapes without memory: counting needs no more
        system = cls(config)
    system.preset = preset
    return {**_identity(system), "presets": list(cls.presets), **_anatomy(system)}


def _describe_weights(system: System) -> dict[str, Any]:
    return {
        **_identity(system),
        "weights": system.source,
        "sha256": system.digest,
        **_anatomy(system),
        "card": system.card.to_json(),
    }


def _identity(system: System) -> dict[str, Any]:
    return {
        "system": system.name,
        "title": system.title,
        "paper": system.paper,
        "makes": list(system.targets),
        "preset": system.preset,
    }


def _anatomy(system: System) -> dict[str, Any]:
    from photism.audio.front_ends import front_end
    from photism.systems.base import parameter_count

    networks = {
        name: {"parameters": parameter_count(network)}
        for name, network in system.networks().items()
    }
    return {
        "front_end": system.config.front_end,
        "front_end_config": asdict(front_end(system.config.front_end)),
        "config": asdict(system.config),
        "networks": networks,
        "parameters": sum(network["parameters"] for network in networks.values()),
    }


def _print_overview(content: Mapping[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    systems = Table("system", "makes", "presets", "weights", "paper", box=box.SIMPLE)
    for name, system in content["systems"].items():
        presets, weights = "\n".join(system["presets"]), "\n".join(system["weights"])
        paper = system["paper"].replace(", ", ",\n")
        systems.add_row(
            f"[cyan]{name}", " and ".join(system["makes"]), presets, weights or "-", paper
        )
    console = Console()
    console.print(systems)
    if content["weights"]:
        table = Table(
            "weights", "system", "preset", "front end", "size", "measured", box=box.SIMPLE
        )
        for name, entry in content["weights"].items():
            measured = "\n".join(f"{key} {value}" for key, value in entry["metrics"].items())
            origin = (entry["system"], entry["preset"], entry["front_end"])
            table.add_row(f"[cyan]{name}", *origin, f"{entry['bytes'] / 1e6:.1f} MB", measured)
        console.print(table)
    console.print("[dim]`photism info NAME` tells more about one of them.")


def _tree(title: str, content: Mapping[str, Any]) -> Any:
    from rich.tree import Tree

    tree = Tree(plain(title))
    for key, value in content.items():
        name = plain(f"{key} ", "bold")
        if isinstance(value, Mapping) and list(value) == ["parameters"]:
            count = printable(_shown(value["parameters"]))
            tree.add(name.append(count, "cyan not bold").append(" parameters", "not bold"))
        elif isinstance(value, Mapping):
            tree.add(_tree(key, value))
        elif value is not None:
            tree.add(name.append(printable(_shown(value)), "cyan not bold"))
    return tree


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)
