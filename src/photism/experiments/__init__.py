"""Published tables and figures as declarations: what to run, and the published numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from photism.errors import ConfigError, nearest
from photism.experiments.aivae import FIGURE_8, TABLE_4, TABLE_5
from photism.experiments.declarations import Experiment, Row
from photism.systems.base import override

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment for experiment in (TABLE_4, TABLE_5, FIGURE_8)
}


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


def published_rows(system: str, data: str, config: Any) -> Iterator[tuple[Row, float, str]]:
    """Yield published rows of a system on a data set, whatever its widths and epochs.

    Args:
        system: name of the system.
        data: name of the data set.
        config: of the system; a row's own settings must agree with it.

    Yields:
        A row, its published accuracy and the table it stands in, each row once.
    """
    seen = set()
    for experiment in EXPERIMENTS.values():
        for row in experiment.rows:
            if (row.system, row.data) != (system, data) or row.published is None:
                continue
            if override(config, row.settings) == config and row.key not in seen:
                seen.add(row.key)
                yield row, row.published, experiment.source


def setting_differences(config: Any, settings: Mapping[str, str]) -> list[str]:
    """Say which fields of a config are not the paper's, which are the defaults of its class.

    Args:
        config: of the system.
        settings: what the published row itself sets. The number of epochs is left to the caller.

    Returns:
        Such as "width 32 (paper 64)".
    """
    paper = override(type(config)(), settings)
    return [
        f"{f.name} {getattr(config, f.name)} (paper {getattr(paper, f.name)})"
        for f in fields(paper)
        if f.name != "epochs" and getattr(config, f.name) != getattr(paper, f.name)
    ]
