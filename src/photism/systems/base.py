"""What every system has in common: stages, phases, losses, generation, weights on disk.

A system is one `nn.Module` with a frozen config. The training loop asks it what to train in which
order (`stages`), what a phase costs (`losses`), and nothing else; everybody else asks it for
outputs (`generate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args, get_type_hints

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn

from photism.blocks.gaussian import Randomness
from photism.errors import ConfigError, nearest

if TYPE_CHECKING:
    from photism.data.pairs import PairDataset

Direction = Literal["sound-to-image", "image-to-sound", "both"]


@dataclass(frozen=True)
class Optimiser:
    """Settings of one optimiser."""

    name: Literal["adam", "sgd"] = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.0
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Phase:
    """One optimiser's share of a training step.

    `networks` are attribute names of the system whose parameters it moves. It runs in steps whose
    number divides by `every`, phases in the order in which their stage lists them.
    """

    name: str
    networks: tuple[str, ...]
    optimiser: Optimiser
    every: int = 1
    clip_norm: float | None = None


@dataclass(frozen=True)
class Stage:
    """A part of training that ends before the next begins, such as an autoencoder before a GAN."""

    name: str
    phases: tuple[Phase, ...]
    epochs: int
    batch_size: int
    decay_epochs: int = 0
    """So many of the epochs, the last ones, have a learning rate that falls linearly."""

    def lasting(self, epochs: int) -> Stage:
        """Return the stage with another number of epochs, the same share of which decays."""
        decay = round(self.decay_epochs * epochs / self.epochs)
        return replace(self, epochs=epochs, decay_epochs=decay)

    def lr_factor(self, epoch: int) -> float:
        """Return what the learning rate is multiplied by in an epoch, counted from 0.

        It is 1 − max(0, e − hold) / (decay + 1) for the e-th epoch, counted from 1: 1 until `hold`,
        then down a line that would meet zero one epoch after the last.
        """
        hold = self.epochs - self.decay_epochs
        return 1 - max(0, epoch + 1 - hold) / (self.decay_epochs + 1)


@dataclass
class Step:
    """What a system may know about the training step whose losses it is asked for.

    `means` holds, for every loss term, its mean over each earlier epoch of the stage. `memo` is
    empty at the start of a step and shared by its phases, so that one forward pass serves two.
    """

    number: int
    epoch: int
    rng: torch.Generator
    means: Mapping[str, Sequence[float]] = field(default_factory=dict)
    memo: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Losses:
    """`total` is what the phase minimises; `terms` are recorded under their names."""

    total: Tensor
    terms: dict[str, Tensor]


class System(nn.Module, PyTorchModelHubMixin):
    """Base class of all systems.

    A subclass sets the class attributes, builds its networks from `config`, and implements
    `stages`, `losses` and `generate`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    direction: ClassVar[Direction]
    config_class: ClassVar[type]
    presets: ClassVar[Mapping[str, Any]]
    """Preset name to config; the first is the default of `photism train`."""
    translators: ClassVar[tuple[str, ...]]
    """The networks that `generate` needs; others exist for training alone."""
    takes_label: ClassVar[bool] = False
    """It draws a class, which it is told or hears; its card names the classes."""
    selection: ClassVar[str | None] = None
    """Loss term that picks the epoch whose weights are kept: lowest held-out value; None: last."""

    card: dict[str, Any]
    """Where loaded weights come from; empty for a new system."""
    preset: str
    source: str
    digest: str

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.card, self.preset, self.source, self.digest = {}, "", "", ""

    def stages(self) -> tuple[Stage, ...]:
        """Return what is trained, in order."""
        raise NotImplementedError

    def losses(self, phase: str, batch: Any, step: Step) -> Losses:
        """Return the losses of one phase for one batch (a `photism.data.pairs.Batch`)."""
        raise NotImplementedError

    def generate(
        self, condition: Tensor, *, label: Tensor | None = None, rng: Randomness
    ) -> Tensor:
        """Translate a batch of conditions.

        Args:
            condition: for sound to image `(batch, channel, mel_bin, frame)` in [-1, 1].
            label: class indices `(batch,)` for systems that are told the class; others ignore it.
            rng: source of all randomness; one generator for each row makes a row independent of
                the rest of its batch.

        Returns:
            `(batch, channel, height, width)` in [-1, 1].
        """
        raise NotImplementedError

    @property
    def can_hear(self) -> bool:
        """Whether it hears the class of a sound where nobody gives it."""
        return False

    def hear(self, condition: Tensor) -> Tensor:
        """Return the probability of each class `(batch, class)`, of systems that can hear."""
        raise NotImplementedError

    def outputs(self, condition: Tensor, label: Tensor, *, rng: Randomness) -> Mapping[str, Tensor]:
        """Return all that a judge should see, by name; the first is the system's main output.

        Args:
            condition: as for `generate`.
            label: class indices `(batch,)`, the true ones.
            rng: as for `generate`.

        Returns:
            Pictures `(batch, channel, height, width)` in [-1, 1]. A step on the way to an output
            is named after it, as "stage I, label heard" before "label heard".
        """
        return {"generated": self.generate(condition, label=label, rng=rng)}

    def prepare(self, dataset: PairDataset) -> None:
        """Get ready to be trained on a data set: check that it fits, read what to start from.

        Args:
            dataset: pairs to train on; their front end has been checked.

        Raises:
            ConfigError, DataError: the system cannot be trained on these pairs.
            WeightsError: what it should start from cannot be read.
        """

    def lay_out(self, device: torch.device) -> None:
        """Put weights into the order in memory that makes training on a device quickest."""
        self.to(memory_format=torch.channels_last)

    def diagnose(self, means: Mapping[str, float], step: int) -> str | None:
        """Return a warning if the recent means of the loss terms show that training goes wrong."""
        return None

    def networks(self) -> dict[str, nn.Module]:
        """Return the direct children by name: encoder, decoder, generator and so on."""
        return dict(self.named_children())

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **download: Any) -> System:
        from huggingface_hub import snapshot_download

        from photism.systems.weights import load_weights

        folder = Path(model_id)
        if not folder.is_dir():
            folder = Path(
                snapshot_download(
                    model_id,
                    revision=download.get("revision"),
                    cache_dir=download.get("cache_dir"),
                    token=download.get("token"),
                )
            )
        return load_weights(folder)

    def _save_pretrained(self, save_directory: Path) -> None:
        from photism.systems.weights import save_weights

        save_weights(self, Path(save_directory), preset=self.preset, card=self.card)


def parameter_count(module: nn.Module) -> int:
    """Return the number of trainable parameters: batch norm included, running statistics not."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def override(config: Any, settings: Mapping[str, str]) -> Any:
    """Return a config with fields set from text, as in `--set lr=1e-4 classifier.epochs=3`.

    Args:
        config: a frozen config dataclass of scalar fields, or of further such dataclasses.
        settings: field name to value as typed by a person; a dot leads to a field inside a field.

    Returns:
        A new config of the same class, validated.

    Raises:
        ConfigError: an unknown field (the nearest is suggested) or a value of another type.
    """
    known = settings_of(config)
    values = {}
    for name, text in settings.items():
        if name not in known:
            raise ConfigError(f"unknown field {name!r}: {nearest(name, known)}")
        values[name] = _parse(name, text, known[name])
    return _replaced(config, values)


def settings_of(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return all fields of a config by the names that `override` knows, with their values."""
    found: dict[str, Any] = {}
    for f in fields(config):
        value = getattr(config, f.name)
        inside = is_dataclass(value)
        found |= settings_of(value, f"{prefix}{f.name}.") if inside else {prefix + f.name: value}
    return found


def check_fields(config: Any, **least: float) -> None:
    """Check a config: a choice is one that its type names, a number not below what it must be.

    Args:
        config: a frozen config dataclass.
        **least: field name and its lowest value.

    Raises:
        ConfigError: names the field, its value and what would do.
    """
    for name, kind in get_type_hints(type(config)).items():
        value, choices = getattr(config, name), get_args(kind)
        if choices and value not in choices:
            raise ConfigError(f"{name} is {value!r}: {nearest(str(value), map(str, choices))}")
    for name, lowest in least.items():
        if getattr(config, name) < lowest:
            raise ConfigError(f"{name} must be at least {lowest}, not {getattr(config, name)}")


def config_from(cls: type, content: Mapping[str, Any]) -> Any:
    """Build a config from what `dataclasses.asdict` made of one, such as read from JSON.

    Args:
        cls: a frozen config dataclass.
        content: field name to value; a mapping for a config within the config.

    Returns:
        A config of that class.

    Raises:
        TypeError: a field is missing or unknown.
        ConfigError: a value is not valid.
    """
    types = get_type_hints(cls)
    return cls(
        **{
            name: config_from(types[name], value) if is_dataclass(types.get(name)) else value
            for name, value in content.items()
        }
    )


def _replaced(config: Any, values: Mapping[str, Any]) -> Any:
    own: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        outer, _, inner = name.partition(".")
        if inner:
            inside.setdefault(outer, {})[inner] = value
        else:
            own[name] = value
    groups = {name: _replaced(getattr(config, name), group) for name, group in inside.items()}
    return replace(config, **own, **groups)


def _parse(name: str, text: str, current: Any) -> Any:
    if isinstance(current, bool):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"{name} is true or false, not {text!r}")
        return text.lower() == "true"
    try:
        return type(current)(text)
    except ValueError as error:
        kind = "a whole number" if isinstance(current, int) else "a number"
        raise ConfigError(f"{name} is {kind}, not {text!r}") from error
