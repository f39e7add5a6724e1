"""What an autoencoder of sounds makes of sounds it never heard, without a judge or a picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from photism.data.pairs import PairDataset, PairLoader
from photism.data.progress import track
from photism.errors import ConfigError
from photism.evaluation.report import HTML, JSON, loss_charts
from photism.files import write_json, write_text
from photism.images import grid, png, show_log_mel
from photism.metrics.features import group_accuracy
from photism.pages.render import picture_uri, render
from photism.systems.base import System
from photism.systems.requirements import require_shapes

SHOWN_PER_CLASS = 3
SHOWN_WITHOUT_CLASSES = 12


@runtime_checkable
class Autoencoding(Protocol):
    """A system in which sounds can be put through an autoencoder."""

    def reconstruct(self, sound: Tensor) -> Tensor:
        """Return sounds `(batch, channel, mel_bin, frame)` as they come out again."""


@dataclass(frozen=True)
class Reconstruction:
    """How well sounds come out again; all errors are mean squared, of levels in [-1, 1]."""

    sounds: int
    groups: int
    """Recordings, videos or what else the sounds were cut from."""
    group: str
    error: float
    """Over all sounds and pixels."""
    mean_error: float
    """Of answering every sound with the mean of them all: what knowing nothing would give."""
    group_error: float
    """Mean over recordings, whatever their number of sounds."""
    by_class: dict[str, float]
    rows: tuple[int, ...]
    """Those that are shown."""
    heard: np.ndarray
    """`(row, mel_bin, frame)` of those shown."""
    rebuilt: np.ndarray
    """As `heard`."""

    def to_json(self) -> dict[str, Any]:
        """Return the figures."""
        content = asdict(self)
        return {name: content[name] for name in content if name not in ("heard", "rebuilt")}


@torch.inference_mode()
def measure_autoencoder(
    system: System,
    dataset: PairDataset,
    *,
    seed: int = 0,
    limit: int | None = None,
    batch_size: int = 128,
    device: torch.device | str = "cpu",
) -> Reconstruction:
    """Put the sounds of a split through a system's autoencoder.

    Args:
        system: one with an autoencoder of sounds.
        dataset: sounds, with or without pictures.
        seed: of the choice of sounds.
        limit: how many; all by default.
        batch_size: sounds at a time; changes nothing but speed.
        device: where to compute.

    Returns:
        Errors, and some sounds as they went in and came out.

    Raises:
        ConfigError: the system has no autoencoder.
        DataError: the sounds are of another shape.
    """
    if not isinstance(system, Autoencoding):
        raise ConfigError(f"{system.title} has no autoencoder of sounds that could be measured")
    require_shapes(dataset, system)
    system.to(device).eval()
    rows = np.sort(np.random.default_rng((seed, 2)).permutation(len(dataset))[:limit])
    loader = PairLoader(
        dataset, batch_size, rows=rows, shuffle=False, device=device, reads=("sound",)
    )
    errors: list[Tensor] = []
    total, squares = torch.zeros(system.shape("sound")), torch.zeros(system.shape("sound"))
    for batch in track(loader.epoch(), "sounds", len(loader)):
        errors.append((system.reconstruct(batch.sound) - batch.sound).square().mean((1, 2, 3)))
        total += batch.sound.sum(0).cpu()
        squares += batch.sound.square().sum(0).cpu()
    error = torch.cat(errors).cpu().numpy()
    labels, groups = dataset.labels[rows], dataset.column(dataset.card.group)[rows]
    shown = _shown(rows, labels)
    heard = loader.batch(shown).sound
    return Reconstruction(
        sounds=len(rows),
        groups=len(np.unique(groups)),
        group=dataset.card.group,
        error=float(error.mean()),
        mean_error=float((squares / len(rows) - (total / len(rows)).square()).mean()),
        group_error=float(np.mean(list(group_accuracy(error, groups).values()))),
        by_class={
            name: float(error[labels == label].mean())
            for label, name in enumerate(dataset.card.classes)
            if (labels == label).any()
        },
        rows=tuple(shown.tolist()),
        heard=heard[:, 0].cpu().numpy(),
        rebuilt=system.reconstruct(heard)[:, 0].cpu().numpy(),
    )


def _shown(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the first rows of each class, evenly over it."""
    known = np.unique(labels)
    each = SHOWN_PER_CLASS if known[-1] >= 0 else SHOWN_WITHOUT_CLASSES
    places = [np.flatnonzero(labels == label) for label in known]
    chosen = [of[np.unique(np.linspace(0, len(of) - 1, each).astype(int))] for of in places]
    return rows[np.concatenate(chosen)]


def write_autoencoder_report(
    found: Reconstruction,
    folder: Path,
    *,
    system: System,
    dataset: PairDataset,
    run: Path | None = None,
) -> tuple[Path, Path]:
    """Write what was measured, with sounds above what came out.

    Args:
        found: what was measured.
        folder: gets `report.html` and `report.json`.
        system: that was measured.
        dataset: the sounds.
        run: a training run's folder, for its loss curves.

    Returns:
        The paths of the HTML and the JSON file.

    Raises:
        StorageError: the folder cannot be written.
    """
    origin, keys = dataset.card.front_end_config.get("origin", "top"), dataset.column("key")
    pairs = [
        (str(keys[row]), picture_uri(png(grid([show_log_mel(p[None], origin) for p in both], 1))))
        for row, both in zip(found.rows, zip(found.heard, found.rebuilt, strict=True), strict=True)
    ]
    losses = loss_charts(run) if run else {}
    facts = {
        "weights": system.source,
        "SHA-256 of the weights": system.digest,
        "data": f"{dataset.card.name}, split {dataset.split}",
        "front end": dataset.card.front_end,
        "licence of the data": dataset.card.licence,
    }
    title = f"{system.title}: its autoencoder on {dataset.card.name}"
    page = render(
        "autoencoder.html.j2",
        title=title,
        found=found,
        pairs=pairs,
        losses={name: chart for name, chart in losses.items() if "reconstruction" in name},
        facts=facts,
    )
    write_text(folder / HTML, page)
    write_json(folder / JSON, {"title": title, "facts": facts, **found.to_json()})
    return folder / HTML, folder / JSON
