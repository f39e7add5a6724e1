"""Data and training of an experiment's rows: what is made, where it is kept, what differs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from photism.config import override, settings_of
from photism.data.card import CARD, Card
from photism.data.pairs import PairDataset
from photism.data.prepare import find, prepare, prepared_folder
from photism.data.sources import SOURCES
from photism.data.sources.base import PairSource
from photism.data.sources.mnist_scd import MnistScd
from photism.data.sources.orchestra import Orchestra
from photism.data.sources.speech_commands import WORDS, find_speech_commands
from photism.errors import ConfigError, DataError
from photism.experiments.declarations import Experiment, Row
from photism.experiments.options import Reproduction
from photism.experiments.published import setting_differences
from photism.files import sha256
from photism.stored import WeightsCard, locate
from photism.systems import find_preset, find_system
from photism.systems.base import System
from photism.systems.stages import Stage
from photism.systems.weights import load_weights
from photism.training.checkpoint import list_checkpoints
from photism.training.options import TrainOptions
from photism.training.run import train

HELD_OUT = 0.1
ENOUGH = 0.5
"""A digit is left out of Speech Commands with fewer recordings than this share of the fullest."""
HOP_S = 0.25
PERFORMANCES = (40, 360)
"""Of each instrument: at the least, and at the full budget, which is as many pairs as Sub-URMP."""


@dataclass(frozen=True)
class Job:
    """A row to be run."""

    experiment: Experiment
    row: Row
    options: Reproduction

    @property
    def folder(self) -> Path:
        """Where what is measured of it lies."""
        return self.options.out / self.experiment.name / self.row.measured

    @property
    def preset(self) -> str:
        """Name of the preset it is trained with; of bundled weights it is their own."""
        if self.row.weights:
            return self.system.preset
        published = self.experiment.preset if self.options.budget >= 1 else "small"
        cls = find_system(self.row.system)
        usual = published if published in cls.presets else None  # ours have sizes for names
        return find_preset(cls, self.row.preset or self.options.preset or usual)[0]

    @cached_property
    def system(self) -> System:
        """The system to be trained, for its shapes and stages: its tensors hold nothing.

        Of bundled weights it is the system itself.
        """
        if self.row.weights:
            return load_weights(self.row.weights)
        cls = find_system(self.row.system)
        with torch.device("meta"):
            return cls(override(cls.presets[self.preset], self.row.settings))

    def stage(self, pairs: int) -> Stage:
        """Return the last stage, as long as the budget's share of the training over `pairs` pairs.

        The published length is that at the full learning rate. Epochs at a falling one are added in
        the preset's proportion, so that the budget scales both alike.
        """
        stage = self.system.stages()[-1]
        seen = self.options.budget * self.experiment.epochs * self.row.pairs
        held = seen / (stage.batch_size * (stage.steps_per_epoch or 0) or pairs)
        proportion = stage.epochs / (stage.epochs - stage.decay_epochs)
        return stage.lasting(max(1, round(held * proportion)))


def training_data(job: Job) -> Path:
    """Return prepared pairs: those asked for, from archives, as prepared before, or made now.

    Args:
        job: its row names the source, its system the size of pictures that are drawn now.

    Returns:
        A prepared folder.

    Raises:
        DataError: there is none and it cannot be made.
        ConfigError: archives for a source that has none.
    """
    row, options = job.row, job.options
    if options.data:
        return find(options.data)
    source = SOURCES[row.data]
    if job.experiment.plane and not source.embedded:
        return _as_heard(job)
    if options.data_from is None:
        return _orchestra(job) if source.embedded else find(row.data)
    if source.embedded:
        raise ConfigError(f"{row.data} comes without archives: leave --data-from out, or --data")
    if not options.data_from.is_dir():
        raise DataError(f"no folder {options.data_from} to prepare {row.data} from")
    folder = options.out / "data" / row.data
    if not (folder / CARD).is_file():
        prepare(_source(row.data, options.data_from), raw=options.data_from, out=folder)
    return folder


def _as_heard(job: Job) -> Path:
    """Return the row's data by the front end of its system, prepared from archives if need be.

    The same seed gives the same pairs, however they are heard.
    """
    row, raw, front = job.row, job.options.data_from, job.system.config.front_end
    kept = prepared_folder(row.data)
    if raw is None and (kept / CARD).is_file() and Card.read(kept).front_end == front:
        return kept
    folder = job.options.out / "data" / f"{row.data}-{front}"
    if not (folder / CARD).is_file():
        source: Any = SOURCES[row.data]()
        source = replace(source, front_end=front)
        prepare(source, raw=raw, out=folder)
    return folder


def _orchestra(job: Job) -> Path:
    """Return the orchestra with pictures of the system's size, made if it is not there."""
    options = job.options
    size, front = job.system.shape("image")[-1], job.system.config.front_end
    kept = prepared_folder(Orchestra.name)
    if (kept / CARD).is_file():
        card = Card.read(kept)
        if (card.image.shape[0], card.front_end) == (size, front):
            return kept
    least, full = PERFORMANCES
    performances = max(least, round(min(1, options.budget) * full))
    folder = options.out / "data" / f"orchestra-{size}-px-{front}-{performances}-performances"
    if not (folder / CARD).is_file():
        source = Orchestra(performances=performances, hop_s=HOP_S, size=size, front_end=front)
        prepare(source, out=folder)
    return folder


def _source(name: str, raw: Path) -> PairSource:
    """Return the published source; of a partial Speech Commands only the digits it is rich in."""
    if name != MnistScd.name:
        return SOURCES[name]()
    counts = find_speech_commands(raw).counts
    enough = ENOUGH * max(counts.values())
    digits = tuple(digit for digit, word in enumerate(WORDS) if counts[word] >= enough)
    return MnistScd(digits=digits)


def training_of(job: Job, data: Path) -> TrainOptions:
    """Return the training of a row, in a run folder named by all that the weights depend on."""
    row, settings = job.row, dict(job.row.settings)
    stage = job.stage(len(PairDataset(data, "train")))
    epochs: int | None = stage.epochs
    if job.experiment.shared:
        shared = _shared(job, data).out
        for network in job.experiment.shared:
            settings |= {f"{network}.weights": str(shared), f"{network}.epochs": "0"}
    name = "-".join([row.system, job.preset, *_changed(job), f"{epochs}-epochs"])
    training = _training(job, data, name, _config(job))
    if len(job.system.stages()) > 1 and not job.experiment.shared:  # the others last as they do
        apart = hasattr(job.system.config, "decay_epochs")  # else they are a part of all
        settings["epochs"] = str(stage.epochs - apart * stage.decay_epochs)
        settings |= (
            {"decay_epochs": str(stage.decay_epochs)} if apart and stage.decay_epochs else {}
        )
        epochs = None
    return replace(training, settings=settings, epochs=epochs)


def _changed(job: Job) -> list[str]:
    """Name what the row sets otherwise than the preset: rows that agree in this are one run."""
    usual = settings_of(find_system(job.row.system).presets[job.preset])
    return [f"{name}={value}" for name, value in _config(job).items() if value != usual[name]]


def _config(job: Job) -> dict[str, Any]:
    preset = find_system(job.row.system).presets[job.preset]
    return settings_of(override(preset, job.row.settings))


def _shared(job: Job, data: Path) -> TrainOptions:
    """Return the training of what all rows share, as long as the preset says."""
    shared = job.experiment.shared
    name = f"{job.row.system}-{job.preset}-{'-and-'.join(shared)}"
    recipes = {k: v for k, v in _config(job).items() if k.partition(".")[0] in shared}
    return replace(_training(job, data, name, recipes), stages=shared)


def _training(job: Job, data: Path, name: str, config: Mapping[str, Any]) -> TrainOptions:
    options = job.options
    name += f"-ema-{options.ema:g}" if options.ema else ""
    name += f"-{options.precision}-seed-{options.seed}"
    begun = hashlib.sha256(repr(sorted(config.items())).encode()).hexdigest()  # presets may change
    run = f"{name}-config-{begun[:8]}-data-{sha256(data / CARD)[:8]}"
    return TrainOptions(
        system=job.row.system,
        data=data,
        out=options.out / "runs" / run,
        preset=job.preset,
        seed=options.seed,
        validation=HELD_OUT,
        device=options.device,
        precision=options.precision,
        ema=options.ema,
    )


def train_row(job: Job, data: Path, say: Callable[[str], None]) -> Path:
    """Train a row, and before it what all rows share; what is finished is kept.

    Args:
        job: what to train, and how.
        data: prepared pairs.
        say: told what happens, line by line.

    Returns:
        The folder of the weights.

    Raises:
        Interrupted: training was stopped; the same call goes on.
    """
    if job.row.weights:
        return locate(job.row.weights)
    trainings = [training_of(job, data)]
    if job.experiment.shared:
        trainings.insert(0, _shared(job, data))
    for training in trainings:
        epochs = training.epochs or training.settings.get("epochs")
        length = f", epochs {epochs}" if epochs else ""
        say(f"  preset {training.preset}{length}, run {training.out}")
        started = bool(list_checkpoints(training.out / "checkpoints"))
        weights = train(training, resume=started)
    return weights


def differences(job: Job, data: Path) -> list[str]:
    """Say what is not as published, in training and measuring."""
    if job.row.weights:
        return _of_weights(job)
    if job.row.preset:
        return _of_own(job, data)
    experiment, row, options = job.experiment, job.row, job.options
    training = training_of(job, data)
    cls = find_system(row.system)
    config = override(cls.presets[str(training.preset)], row.settings)
    changed = setting_differences(config, row.settings)
    differs = [f"preset {training.preset}: {', '.join(changed)}"] if changed else []
    dataset = PairDataset(data, "train")
    pairs, heard = len(dataset), np.unique(dataset.labels)
    if dataset.card.name != (published := row.published_data or row.data):
        differs.append(f"data {dataset.card.name}, the paper used {published}")
    if len(heard) < len(dataset.card.classes):
        names = ", ".join(dataset.card.classes[label] for label in heard)
        differs.append(f"only the classes {names}: chance is {1 / len(heard):.0%}")
    if pairs != row.pairs:
        known = f" ({row.pairs_known})" if row.pairs_known else ""
        differs.append(f"{pairs:,} training pairs at hand, the paper had {row.pairs:,}{known}")
    stage = job.stage(pairs)
    whole = (stage.epochs, stage.decay_epochs) == (experiment.epochs, 0)
    if not (options.budget == 1 if stage.steps_per_epoch else whole):
        held = f"{stage.epochs - stage.decay_epochs}"
        lasted = f"{held} + {stage.decay_epochs} decaying" if stage.decay_epochs else held
        share = f"{options.budget:.3g} of the published training"
        steps = f" of {stage.steps_per_epoch:,} steps" if stage.steps_per_epoch else ""
        published = f"{experiment.epochs:.3g} passes over its pairs"
        differs.append(f"epochs: {lasted}{steps}, the paper {published}; {share}")
    if "validation" not in dataset.card.counts:
        kept = "choose the epoch kept" if cls.selection else "be watched"
        differs.append(f"{HELD_OUT:.0%} of the training recordings held out to {kept}")
    if experiment.shared:
        differs.append(f"{' and '.join(experiment.shared)} trained once, shared by all rows")
    if options.precision != "fp32":
        differs.append(f"trained in {options.precision}")
    if options.ema:
        differs.append(f"moving average of the weights, decay {options.ema:g}")
    if options.limit:
        differs.append(f"measured on {options.limit:,} of the {row.split} pairs")
    differs += _begun_without(job, data)
    return [*differs, f"one run, seed {options.seed}; the paper does not say how many it made"]


def _of_weights(job: Job) -> list[str]:
    """Say what bundled weights learnt from, and on how much they are measured."""
    card, options = job.system.card, job.options
    limit = f"measured on {options.limit:,} of the {job.row.split} pairs"
    return [f"trained on {card.data}: {card.command}", *([limit] if options.limit else [])]


def _of_own(job: Job, data: Path) -> list[str]:
    """Say how a system of our own was trained, for which nothing is published."""
    options, stage = job.options, job.stage(len(PairDataset(data, "train")))
    settings = f"preset {job.preset}, epochs {stage.epochs} of {stage.name}, {options.precision}"
    average = f", moving average {options.ema:g}" if options.ema else ""
    limit = f"measured on {options.limit:,} of the {job.row.split} pairs"
    kept = f"{HELD_OUT:.0%} of the training recordings held out to be watched"
    alone = f"one run, seed {options.seed}"
    return [settings + average, kept, *([limit] if options.limit else []), alone]


def _begun_without(job: Job, data: Path) -> list[str]:
    """Return what was not to be had when training began, of the row and of what all rows share."""
    trainings = [training_of(job, data), *([_shared(job, data)] if job.experiment.shared else [])]
    return [note for t in trainings for note in WeightsCard.read(t.out / "weights").notes]
