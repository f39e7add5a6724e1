"""Published tables and figures as declarations: what to run, and the published numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from photism.config import override, settings_of
from photism.errors import ConfigError, nearest
from photism.evaluation.table import Published
from photism.experiments.aivae import FIGURE_8, RECONSTRUCTIONS, TABLE_4, TABLE_5
from photism.experiments.car_gan import FAILURES, FIGURE_L1, FIGURE_STAGES, TABLE_1, TABLE_2
from photism.experiments.consistency import DIGITS, ORCHESTRA
from photism.experiments.declarations import Experiment, Row
from photism.experiments.s2i import (
    ABLATIONS,
    FIGURE_DENSE,
    FIGURE_EMBEDDING_SIZE,
    FIGURE_INFORMATIVITY,
    FIGURE_PIXEL_LOSS,
)
from photism.experiments.sa_cmgan import BASELINES, SA_CMGAN_CHANNELS, SA_CMGAN_TABLES
from photism.media import Medium
from photism.systems import SYSTEMS

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        *(TABLE_4, TABLE_5, FIGURE_8, RECONSTRUCTIONS),
        *(TABLE_1, TABLE_2, FIGURE_L1, FIGURE_STAGES, FAILURES),
        *(FIGURE_EMBEDDING_SIZE, FIGURE_PIXEL_LOSS, FIGURE_DENSE, FIGURE_INFORMATIVITY),
        ABLATIONS,
        *(SA_CMGAN_TABLES, SA_CMGAN_CHANNELS, BASELINES),
        *(DIGITS, ORCHESTRA),
    )
}
_LEFT_OUT = ("epochs", "decay_epochs", "weights")


def find_experiment(name: str) -> Experiment:
    """Return the experiment called `name`.

    Args:
        name: such as "aivae-table-4".

    Returns:
        Its declaration.

    Raises:
        ConfigError: there is none; the nearest name is suggested.
    """
    if name not in EXPERIMENTS:
        raise ConfigError(f"unknown experiment {name!r}: {nearest(name, EXPERIMENTS)}")
    return EXPERIMENTS[name]


def published_rows(
    system: str, data: str, config: Any, *, split: str = "test", target: Medium = "image"
) -> Iterator[tuple[Row, str]]:
    """Yield published rows of a system on a data set, whatever its widths and epochs.

    Args:
        system: name of the system.
        data: name of the data set, or of one that stands in for it.
        config: of the system; a row's own settings must agree with it.
        split: that is measured.
        target: what is made.

    Yields:
        A row with published figures and the table it stands in, each row once.
    """
    seen = set()
    for experiment in EXPERIMENTS.values():
        for row in experiment.rows:
            measured = (row.system, row.split, row.target)
            if not row.published or measured != (system, split, target):
                continue
            if data not in (row.data, row.published_data) or row.key in seen:
                continue
            if override(config, row.settings) == config:
                seen.add(row.key)
                yield row, experiment.source


def published_figures(row: Row, source: str, data: str) -> list[Published]:
    """Return what papers print for a row, to stand beside what is measured.

    Args:
        row: what was run.
        source: paper and table.
        data: name of the data that it is measured on.

    Returns:
        Figures of the output that the paper measured; they name the paper's data if that was other.
    """
    other = row.published_data if row.published_data != data else ""
    printed = ((row.published, source), (row.thesis, f"{source}, as in the thesis"))
    return [
        Published(value, where, metric, row.titles[0], other)
        for figures, where in printed
        for metric, value in figures.items()
    ]


def setting_differences(config: Any, settings: Mapping[str, str]) -> list[str]:
    """Say which fields of a config are not the published ones, the defaults of its class.

    Args:
        config: of the system.
        settings: what the published row itself sets. Lengths of training, and what it started from,
            are left to the caller.

    Returns:
        Such as "width 32 (paper 64)", or "(code 64)" where the authors' code is what was run.
    """
    default = type(config)()
    whose = (
        "code" if any(cls.presets.get("code") == default for cls in SYSTEMS.values()) else "paper"
    )
    published, chosen = settings_of(override(default, settings)), settings_of(config)
    return [
        f"{name} {value} ({whose} {published[name]})"
        for name, value in chosen.items()
        if name.rpartition(".")[2] not in _LEFT_OUT and value != published[name]
    ]
