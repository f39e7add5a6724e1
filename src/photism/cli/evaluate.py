"""`photism evaluate`: measure a trained system and write a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from photism.devices import DeviceName

if TYPE_CHECKING:
    from rich.table import Table

    from photism.data.pairs import PairDataset
    from photism.evaluation.evaluate import Evaluation
    from photism.evaluation.report import Published
    from photism.systems.base import System

DESCRIPTION = """Measure a trained system on real pairs and write a report.

Examples:
  photism evaluate aivae-fsdd --data mnist-fsdd      bundled weights, by name
  photism evaluate runs/aivae --data mnist-fsdd      a training run, with its loss curves
  photism evaluate aivae-fsdd --data mnist-fsdd --limit 1000
"""


@dataclass(frozen=True)
class Evaluate:
    """Arguments of `photism evaluate`."""

    system: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SYSTEM|RUN")]
    """Bundled weights by name, a weights folder, or a run folder of `photism train`."""
    data: str
    """Prepared data: a name that `photism data list` shows, or a folder."""
    split: str = "test"
    """Split of the data: test, train or validation."""
    judge: str = "lenet5-mnist"
    """A bundled judge by name, or a folder of `photism judge train`."""
    out: Path | None = None
    """Folder for report.html and report.json; reports/SYSTEM-DATA-SPLIT by default."""
    limit: int | None = None
    """Pairs to look at, chosen at random; all by default."""
    latent_zeroing: int = 1000
    """Pairs for the latent-zeroing curve, where the system has a latent vector; 0 leaves it out."""
    seed: int = 0
    """Of noise, choice of pairs, resampling and examples."""
    batch_size: int = 250
    """Pairs at a time; changes nothing but speed."""
    device: DeviceName = "auto"
    """Where to compute."""


def main(argv: list[str]) -> int:
    """Run `photism evaluate` with the words after it; return the exit code."""
    args = tyro.cli(Evaluate, args=argv, prog="photism evaluate", description=DESCRIPTION)

    from rich.console import Console

    from photism.data.pairs import PairDataset
    from photism.data.prepare import find
    from photism.devices import choose_device
    from photism.evaluation.evaluate import evaluate
    from photism.evaluation.judges import load_judge
    from photism.evaluation.report import write_report
    from photism.files import require_room
    from photism.systems.weights import load_weights

    device = choose_device(args.device)
    judge = load_judge(args.judge)
    dataset = PairDataset(find(args.data), _split(args.split))
    system = load_weights(args.system)
    out = args.out or Path("reports") / f"{Path(args.system).name}-{dataset.card.name}-{args.split}"
    require_room(out)
    evaluation = evaluate(
        system,
        dataset,
        judge,
        seed=args.seed,
        device=device,
        batch_size=args.batch_size,
        limit=args.limit,
        latent_zeroing=args.latent_zeroing,
    )
    published, notes = _published(system, dataset)
    html, json = write_report(
        evaluation,
        out,
        title=f"{system.title} on {dataset.card.name}",
        published=published,
        notes=notes,
        run=Path(args.system) if (Path(args.system) / "metrics.jsonl").is_file() else None,
    )
    Console().print(_table(evaluation, published))
    print(f"{html}\n{json}")
    return 0


def _split(name: str) -> str:
    from photism.data.pairs import SPLITS
    from photism.errors import ConfigError, nearest

    if name not in SPLITS:
        raise ConfigError(f"unknown split {name!r}: {nearest(name, SPLITS)}")
    return name


def _published(system: System, dataset: PairDataset) -> tuple[list[Published], list[str]]:
    """Return what papers report for such a system and data, and how its settings differ."""
    from photism.evaluation.report import Published
    from photism.experiments import published_rows, setting_differences

    figures, notes = [], []
    rows = published_rows(system.name, dataset.card.name, system.config, split=dataset.split)
    for row, source in rows:
        if "accuracy" in row.published:
            figures.append(Published(row.published["accuracy"], source))
        if changed := setting_differences(system.config, row.settings):
            notes.append(f"settings: {', '.join(changed)}")
    return figures, notes


def _table(evaluation: Evaluation, published: list[Published]) -> Table:
    """Return the figures with what they are to be held against."""
    from rich.table import Table

    e, p = evaluation, evaluation.provenance
    table = Table("figure", "measured", "beside it", title=f"{p.system} · {p.data} {p.split}")
    figures = ", ".join(f"published {figure.value:.1%}" for figure in published)
    blind = f"blind to the sound {e.references.blind_accuracy:.1%}"
    table.add_row(
        "accuracy",
        f"{e.accuracy.value:.1%}  [{e.accuracy.low:.1%}, {e.accuracy.high:.1%}]",
        f"{figures}, {blind}" if figures else blind,
    )
    table.add_row(
        f"mean over {e.recordings.count} {e.recordings.group}s",
        f"{e.recordings.mean_accuracy:.1%}",
        f"judge on real pictures {e.references.real.accuracy.value:.1%}",
    )
    real = f"real against real {e.references.real.frechet:.2f}"
    table.add_row(e.frechet_name, f"{e.frechet:.2f}", real)
    for name, value in (
        ("diversity, features", e.diversity_features.value),
        ("diversity, pixels", e.diversity_pixels.value),
    ):
        table.add_row(name, "–" if value is None else f"{value:.2f}", "real pictures 1.00")
    table.caption = f"{p.pairs:,} of {p.pairs_in_split:,} pairs, seed {p.seed}, judge {p.judge}"
    return table
