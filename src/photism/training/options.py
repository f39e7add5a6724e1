"""What a training run is asked to do, and its record in the run folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from photism.config import config_from, override, settings_of
from photism.errors import TrainingError
from photism.files import parse_json, write_json
from photism.systems import find_preset, find_system
from photism.training.choices import TrainChoices

RECORD = "config.json"


@dataclass(frozen=True)
class TrainOptions(TrainChoices):
    """One training run, complete enough to be repeated."""

    system: str
    data: Path
    """Folder of prepared data."""
    out: Path
    """Run folder: config, metrics, sample grids, checkpoints, weights."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Fields of the preset to change."""
    sounds: Path | None = None
    """Folder of prepared sounds, with or without pictures, for the stages that read sounds alone;
    those of `data` by default."""

    def write(self, config: Any) -> None:
        """Record the options and the resolved system config in the run folder."""
        places = ("data", "out", "sounds")
        content = asdict(self) | {name: _text(getattr(self, name)) for name in places}
        write_json(self.out / RECORD, {"options": content, "config": asdict(config)})

    def command(self, data: str, sounds: str | None = None) -> str:
        """Return the shell command that makes this run again.

        Args:
            data: what to call the data, such as the name of its source.
            sounds: what to call the data of sounds alone, if there are some.

        Returns:
            One line, without the run folder.
        """
        words = ["photism", "train", self.system, "--data", data]
        words += ["--sounds", sounds] if sounds else []
        for option in fields(self):
            value = getattr(self, option.name)
            if option.name in ("system", "data", "sounds", "out", "settings", "max_steps"):
                continue
            if value != option.default:
                values = value if isinstance(value, tuple) else (value,)
                words += [f"--{option.name.replace('_', '-')}", *map(str, values)]
        if self.settings:
            words += ["--set", *(f"{name}={value}" for name, value in self.settings.items())]
        return shlex.join(words)

    @classmethod
    def read(cls, run: Path) -> TrainOptions:
        """Read the options of an earlier run, in order to resume it.

        Args:
            run: its folder, which may have been moved.

        Returns:
            The options, with `out` as it is now. Where the preset has changed since, `settings`
            keep what the run began with.

        Raises:
            TrainingError: the folder holds no run, or its record is damaged.
        """
        path = run / RECORD
        if not path.is_file():
            raise TrainingError(f"nothing to resume: {run} has no {RECORD}")
        try:
            content = parse_json(path.read_bytes())
            known = {f.name for f in fields(cls)}
            options = cls(
                **{name: value for name, value in content["options"].items() if name in known}
            )
            settings = {**options.settings, **_changed_since(options, content["config"])}
            data, stages = Path(options.data), tuple(options.stages)
            sounds = None if options.sounds is None else Path(options.sounds)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrainingError(f"{path} is damaged ({error}): start a new run") from error
        except OSError as error:
            raise TrainingError(f"{path} cannot be read: {error.strerror or error}") from error
        return replace(options, data=data, out=run, sounds=sounds, stages=stages, settings=settings)


def _text(place: Path | None) -> str | None:
    return None if place is None else str(place)


def _changed_since(options: TrainOptions, config: Mapping[str, Any]) -> dict[str, str]:
    """Return as settings what a recorded config has otherwise than the preset gives today."""
    preset = find_preset(find_system(options.system), options.preset)[1]
    today = settings_of(override(preset, options.settings))
    begun = settings_of(config_from(type(preset), config))
    return {name: str(value) for name, value in begun.items() if value != today[name]}
