"""What every system has in common: what it makes, how it generates, what it is trained by.

A system is one `nn.Module` with a frozen config. The training loop asks it what to train in which
order (`stages`), what a phase costs (`losses`), and nothing else; everybody else asks it for
outputs (`generate`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import torch
from torch import Tensor, nn

from photism.config import override
from photism.errors import ConfigError
from photism.media import Medium, other
from photism.stored import WeightsCard
from photism.systems.stages import Losses, Phase, Stage, Step

if TYPE_CHECKING:
    from photism.data.pairs import Batch, PairDataset


@dataclass(frozen=True)
class Output:
    """One of the things that a system makes of a condition, for judges and pages.

    `name` says how it came about, such as "label heard"; outputs of one name are the steps on the
    way to the last of them. `tensor` is `(batch, channel, height, width)` in [-1, 1].
    """

    name: str
    tensor: Tensor
    step: str = ""
    """Such as "stage I"; empty for what comes out in the end."""

    @property
    def title(self) -> str:
        """Step and name, for people and as a key."""
        return output_title(self.name, self.step)


def output_title(name: str, step: str = "") -> str:
    """Return what an output of this name and step is called, such as "stage I, label heard"."""
    return f"{step}, {name}" if step else name


class System(nn.Module):
    """Base class of all systems.

    A subclass sets the class attributes, builds its networks from `config`, and implements
    `stages`, `losses`, `shape` and `generate`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    makes: ClassVar[tuple[Medium, ...]]
    """The media that systems of this class can make."""
    resizes: ClassVar[tuple[Medium, ...]] = ()
    """The media that it takes in any height and width, and brings to its own."""
    config_class: ClassVar[type]
    presets: ClassVar[Mapping[str, Any]]
    """Preset name to config; the first is the default of `photism train`."""
    translators: ClassVar[tuple[str, ...]]
    """The networks that `generate` needs; others exist for training alone."""
    takes_label: bool = False
    """It makes something of a class, which it is told or recognises; its card names the classes."""
    selection: ClassVar[str | None] = None
    """Loss term that picks the epoch whose weights are kept: lowest held-out value; None: last."""

    card: WeightsCard
    """Where loaded weights come from; empty for a new system."""
    preset: str
    source: str
    digest: str

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.card, self.preset, self.source, self.digest = WeightsCard(), "", "", ""

    @property
    def targets(self) -> tuple[Medium, ...]:
        """The media that this system makes, of those that its class can."""
        return self.makes

    def require_target(self, target: Medium) -> None:
        """Raise a ConfigError if this system does not make a medium; names what does."""
        if target not in self.targets:
            raise ConfigError(
                f"{self.title} makes {' and '.join(self.targets)}, no {target}:"
                f" it translates {' and '.join(other(medium) for medium in self.targets)}"
            )

    def sampled(self, settings: Mapping[str, str]) -> Self:
        """Return this system with another way of sampling: the same networks, another config.

        Args:
            settings: fields of `config.sampling` as text, such as `{"latent": "mean"}`; none gives
                the system itself.

        Returns:
            A system that shares everything else with this one.

        Raises:
            ConfigError: it has no such field, or takes no such value.
        """
        if not settings:
            return self
        sampling = getattr(self.config, "sampling", None)
        if sampling is None:
            raise ConfigError(
                f"{self.title} has nothing to choose in sampling: leave {', '.join(settings)} out"
            )
        view = copy.copy(self)
        view.config = replace(self.config, sampling=override(sampling, settings))
        return view

    def stages(self) -> tuple[Stage, ...]:
        """Return what is trained, in order."""
        raise NotImplementedError

    @property
    def untrained(self) -> tuple[str, ...]:
        """Networks, or parts of them (`encoder.compress`), that keep their random weights.

        For papers whose code never moves them; what is in no phase and not here is a mistake.
        """
        return ()

    def trained_by(self, phase: Phase) -> list[nn.Parameter]:
        """Return the parameters that a phase moves: those of its networks, without `untrained`."""
        left = {p for name in self.untrained for p in self.get_submodule(name).parameters()}
        moved = [p for name in phase.networks for p in self.get_submodule(name).parameters()]
        return [p for p in moved if p not in left]

    def losses(self, phase: str, batch: Any, step: Step) -> Losses:
        """Return the losses of one phase for one batch (a `photism.data.pairs.Batch`)."""
        raise NotImplementedError

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width of a medium as the networks have it.

        Conditions of another height or width are resized by the systems that take pictures of any
        size; what `generate` returns has this shape.
        """
        raise NotImplementedError

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return the shape of one row of the noise that `generate` takes; () if it takes none."""
        return ()

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate a batch of conditions: a pure function of its arguments.

        Args:
            condition: the other medium than `target`, `(batch, channel, height, width)` in [-1, 1].
            target: what to make, one of `targets`.
            label: for systems that take one, class indices `(batch,)`, -1 of a row that nobody
                tells, or probabilities `(batch, class)`; None lets them recognise it, others
                ignore it.
            noise: standard normal, `(batch, *noise_shape(target))`, drawn by the caller
                (`draw_noise`); None for systems without noise.

        Returns:
            `(batch, channel, height, width)` of `shape(target)`, in [-1, 1].
        """
        raise NotImplementedError

    @property
    def recognises(self) -> bool:
        """Whether it recognises the class of a condition where nobody gives it."""
        return False

    def recognise(self, condition: Tensor) -> Tensor:
        """Return the probability of each class `(batch, class)`, of systems that recognise."""
        raise NotImplementedError

    def outputs(
        self, condition: Tensor, *, target: Medium, label: Tensor, noise: Tensor | None
    ) -> tuple[Output, ...]:
        """Return all that a judge should see, the system's main output first.

        Args:
            condition: as for `generate`.
            target: as for `generate`.
            label: class indices `(batch,)`, the true ones; -1 where there is none.
            noise: as for `generate`.

        Returns:
            At least one output.
        """
        made = self.generate(condition, target=target, label=label, noise=noise)
        return (Output("generated", made),)

    def prepare(self, dataset: PairDataset) -> None:
        """Get ready to be trained on a data set: check that it fits, read what to start from.

        Args:
            dataset: pairs to train on; their front end has been checked.

        Raises:
            ConfigError, DataError: the system cannot be trained on these pairs.
            WeightsError: what it should start from cannot be read.
        """

    def begin(self, stages: Sequence[str]) -> tuple[str, ...]:
        """Take what training starts from, once, when it begins and not when it goes on.

        Args:
            stages: names of those that are to be trained.

        Returns:
            What is not as the config asks for, in sentences that are told and kept on the card.
        """
        return ()

    def lay_out(self, device: torch.device) -> None:
        """Put weights into the order in memory that makes training on a device quickest."""
        self.to(memory_format=torch.channels_last)

    def remember(self, known: Iterable[Batch], held_out: Iterable[Batch]) -> None:
        """Take from real pairs, before weights are written, what translating needs besides them.

        Args:
            known: some that it is trained on.
            held_out: some that it is not.
        """

    def strangeness(self, condition: Tensor) -> Tensor | None:
        """Return how unlike all that it learnt from conditions are, `(batch,)`: above 1 is unknown.

        None is for systems that cannot tell.
        """
        return None

    def diagnose(self, means: Mapping[str, float], step: int) -> str | None:
        """Return a warning if the recent means of the loss terms show that training goes wrong."""
        return None

    def networks(self) -> dict[str, nn.Module]:
        """Return the direct children by name: encoder, decoder, generator and so on."""
        return dict(self.named_children())


class Noisy(Protocol):
    """What takes noise: a system, or the part of one."""

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return the shape of one row of noise; () if it takes none."""


def draw_noise(
    system: Noisy, target: Medium, generators: Sequence[torch.Generator], device: torch.device
) -> Tensor | None:
    """Draw the noise of a batch, each row from a generator of its own.

    So a row depends neither on its neighbours nor, since generators are the CPU's, on the device.

    Args:
        system: says what noise it takes.
        target: what is to be made.
        generators: one a row, on the CPU.
        device: where the noise goes.

    Returns:
        Standard normal `(batch, *noise_shape)`; None for a system without noise.
    """
    shape = system.noise_shape(target)
    if not shape:
        return None
    return torch.stack([torch.randn(shape, generator=g) for g in generators]).to(device)


def parameter_count(module: nn.Module) -> int:
    """Return the number of trainable parameters: batch norm included, running statistics not."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
