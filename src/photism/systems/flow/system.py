"""Flow: a sound to a picture, or a picture to a sound, by flow matching on what an ear hears.

Our own system; no paper describes it as a whole. An ear and an eye learn first which sounds and
pictures belong together (`blocks.ear`); then a network learns to turn noise into a sample that fits
what they perceive (`velocity`, `sampling`); a last stage teaches it to do so in a few jumps.

Z. Geng et al., "Improved Mean Flows: On the Challenges of Fastforward Generative Models", 2025,
arXiv:2512.02012, for the jumps; they learn from the flow that is there, over a range of guidance
that the network is told, so that the same weights still follow the flow in small steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from photism.audio.front_ends import front_end
from photism.blocks.augment import AUGMENTATIONS, augment
from photism.blocks.ear import EarConfig, Match, Matched, Perceived
from photism.blocks.familiar import Familiar
from photism.data.pairs import Batch, PairDataset
from photism.errors import WeightsError
from photism.media import Medium, other
from photism.stored import below, fill, find_tensors
from photism.systems.base import Output, System
from photism.systems.flow.config import FlowConfig, FlowSampling
from photism.systems.flow.jumps import by_halves, derivative, guided_velocity
from photism.systems.flow.sampling import LEAST_TIME, column, solve, velocity
from photism.systems.flow.velocity import Condition, Velocity, When
from photism.systems.requirements import require_classes
from photism.systems.stages import Losses, Optimiser, Phase, Stage, Step

SMOOTHING = 0.05
"""Of the labels that the ear learns to name."""
LATE = 0.5
"""Before this time of a jump its error counts by that of the sample, not of the velocity."""


class Flow(System):
    """Sounds to pictures or pictures to sounds, from pairs alone or with labels.

    Args:
        config: see `FlowConfig`.
    """

    name = "flow"
    title = "Flow"
    paper = "photism's own; flow matching after Lipman et al. 2022, arXiv:2210.02747"
    makes = ("image", "sound")
    translators = ("ear", "eye", "velocity", "familiar")
    config_class = FlowConfig
    presets = {
        "32": FlowConfig(
            classes=10, channels=1, size=28, augmentation="words", ear=EarConfig(contrast=0.1),
            ear_epochs=3, epochs=5,
        ),
        "64": FlowConfig(
            front_end="ear-notes", classes=13, size=64, patch=4, width=64, augmentation="notes",
            ear_epochs=5, epochs=20, batch_size=32, ear_batch_size=64,
        ),
        "128": FlowConfig(
            front_end="ear-notes", classes=13, size=128, patch=4, width=64, augmentation="notes",
            ear_epochs=5, epochs=6, batch_size=16, ear_batch_size=64,
        ),
        "256": FlowConfig(
            front_end="ear-notes", classes=13, size=256, patch=8, width=128, augmentation="notes",
            ear_epochs=5, epochs=40, batch_size=16, ear_batch_size=64, lr=3e-4,
        ),
        "debug": FlowConfig(
            classes=10, channels=1, size=28, width=8, ear=EarConfig(width=4, dim=16),
            ear_epochs=1, epochs=1, jump_epochs=1, batch_size=8, ear_batch_size=8,
            sampling=FlowSampling(steps=2),
        ),
    }  # fmt: skip

    def __init__(self, config: FlowConfig) -> None:
        super().__init__(config)
        c = config
        self.takes_label = bool(c.classes)
        self.ear = Matched(self.shape("sound"), c.ear, standardise=True, classes=c.classes)
        self.eye = Matched(self.shape("image"), c.ear, standardise=False, classes=c.classes)
        self.match = Match()
        self.familiar = Familiar(self.ear.perceiver.texture, c.classes)
        self.velocity = self._build_velocity()
        if c.jump_epochs:
            self.teacher = self._build_velocity().requires_grad_(False)

    def _build_velocity(self) -> Velocity:
        c, channels = self.config, self.shape(self.config.target)[0]
        return Velocity(channels, patch=c.patch, width=c.width, dim=c.ear.dim, classes=c.classes)

    @property
    def untrained(self) -> tuple[str, ...]:
        """The teacher of jumps, which is the flow as it was when they began."""
        return ("teacher",) if self.config.jump_epochs else ()

    @property
    def targets(self) -> tuple[Medium, ...]:
        """The one medium that these weights make."""
        return (self.config.target,)

    def prepare(self, dataset: PairDataset) -> None:
        """Check classes, where there are to be some, and read the ear to start from."""
        c = self.config
        if c.classes:
            require_classes(dataset, c.classes, self.title)
        if not c.ear_weights:
            return
        try:
            tensors = find_tensors(c.ear_weights)
            for name in ("ear", "eye"):
                fill(getattr(self, name), below(name, tensors), Path(c.ear_weights))
        except WeightsError as error:
            raise WeightsError(
                f"ear_weights={c.ear_weights}: {error}; without it, ear_epochs trains one"
            ) from error

    def stages(self) -> tuple[Stage, ...]:
        """Return the training of ear and eye, of the flow, and of jumps along it."""
        c, stages = self.config, []
        adam = Optimiser("adamw", lr=c.lr_ear, betas=(0.9, 0.99), weight_decay=0.02)
        if c.ear_epochs:
            phase = Phase("ear", ("ear", "eye", "match"), adam, clip_norm=1.0)
            stages.append(
                Stage("ear", (phase,), c.ear_epochs, c.ear_batch_size, c.ear_epochs - 1, 100)
            )
        stages.append(self._stage("flow", c.lr, c.epochs))
        if c.jump_epochs:
            stages.append(self._stage("jumps", c.lr_jumps, c.jump_epochs))
        return tuple(stages)

    def _stage(self, name: str, lr: float, epochs: int) -> Stage:
        """Return a stage that trains the velocity alone; its rate falls in the last third."""
        adam = Optimiser("adam", lr=lr, betas=(0.9, 0.99))
        phase = Phase(name, ("velocity",), adam, clip_norm=1.0)
        return Stage(name, (phase,), epochs, self.config.batch_size, epochs // 3, 200)

    def losses(self, phase: str, batch: Batch, step: Step) -> Losses:
        """Return the losses of a stage.

        `contrast` and `naming` are cross-entropies in nats; `flow` is the squared error of the
        velocity, per value of a sample; `jumps` that of the mean velocity.
        """
        if phase == "ear":
            return self._ear_losses(batch, step)
        sample = batch.of(self.config.target)
        condition = self._training_condition(batch, step)
        noise = torch.randn(sample.shape, generator=step.rng, device=sample.device)
        time = self._times(len(sample), step)
        if phase == "flow":
            noisy = (1 - column(time)) * sample + column(time) * noise
            made = velocity(self.velocity, noisy, When.now(time), condition)
            error = (made - (noise - sample)).square().mean()
            return Losses(error, {"flow": error})
        with torch.autocast(sample.device.type, enabled=False):
            return self._jump_losses(sample, noise, time, condition, step)

    def _ear_losses(self, batch: Batch, step: Step) -> Losses:
        c = self.config
        sound = self._augmented(batch.sound, step)
        heard, seen = self.ear(sound), self.eye(batch.image)
        matching = self.match(self.ear.embed(heard), self.eye.embed(seen))
        total, terms = c.ear.contrast * matching, {"contrast": matching}
        for name, network, perceived in (("ear", self.ear, heard), ("eye", self.eye, seen)):
            if not c.classes:
                continue
            scores = network.name(perceived)
            naming = F.cross_entropy(scores, batch.label, label_smoothing=SMOOTHING)
            total = total + c.ear.naming * naming
            terms[f"{name}_accuracy"] = (scores.argmax(1) == batch.label).float().mean()
            terms[f"{name}_naming"] = naming
        # Tokens learn too: those of both media together are to match.
        tokens = self.match(heard.tokens.mean(1), seen.tokens.mean(1))
        return Losses(total + c.ear.contrast * tokens, terms | {"contrast_tokens": tokens})

    def _augmented(self, sound: Tensor, step: Step) -> Tensor:
        if not self.training:
            return sound
        how, levels = AUGMENTATIONS[self.config.augmentation], front_end(self.config.front_end)
        return augment(sound, how, step.rng, levels=levels.bounds) if how.mask else sound

    def _perceive(self, picture: Tensor, medium: Medium) -> Perceived:
        """Perceive by a network that is not being trained."""
        network = self._network(medium)
        training = network.training
        network.eval()
        with torch.no_grad():
            perceived = network(picture)
        network.train(training)
        return perceived

    def _training_condition(self, batch: Batch, step: Step) -> Condition:
        """Perceive the condition; some rows learn without it, half of them without their label."""
        source = other(self.config.target)
        picture = batch.of(source)
        if source == "sound":
            picture = self._augmented(picture, step)
        perceived, rows = self._perceive(picture, source), len(picture)
        label = batch.label.clone()
        label[::2] = -1
        dropped = torch.zeros(rows, dtype=torch.bool, device=picture.device)
        dropped[: max(1, round(self.config.dropped * rows)) if self.config.dropped else 0] = True
        return Condition(perceived.tokens, perceived.vector, label, dropped)

    def _times(self, rows: int, step: Step) -> Tensor:
        """Draw times whose logit is normal."""
        c, rng = self.config, step.rng
        logit = torch.randn(rows, generator=rng, device=rng.device)
        return (c.time_mean + c.time_deviation * logit).sigmoid()

    def _jump_losses(
        self, sample: Tensor, noise: Tensor, time: Tensor, condition: Condition, step: Step
    ) -> Losses:
        """Return the loss of mean velocities, against shorter jumps and the flow that was there.

        Of four rows two jump; one learns the velocity at its moment under guidance, and one the
        plain velocity from its pair as before. The guided velocities are those of a teacher: taken
        from the network that learns, they feed back into themselves and diverge.
        """
        if self.training and step.number == 0:
            self.teacher.load_state_dict(self.velocity.state_dict())
        network, part = self.velocity, torch.arange(len(sample), device=time.device) % 4
        time, until = self._spans(time, part, step)
        share = torch.rand(len(sample), generator=step.rng, device=step.rng.device)
        plain = (part == 0) | condition.dropped
        guidance = torch.where(plain, 1.0, self.config.jump_guidance ** share.to(time.device))
        z, jumping = (1 - column(time)) * sample + column(time) * noise, part > 1
        when = When(time, until, guidance)
        guided = guided_velocity(self.teacher, z, time, guidance, condition)
        target = torch.where(column(part) == 0, noise - sample, guided)
        mean = velocity(network, z, when, condition)
        reached = mean
        rows = when.rows(jumping), condition.rows(jumping)
        if self.config.jump_loss == "halves":
            target[jumping] = by_halves(network, z[jumping], guided[jumping], *rows)
        else:
            change = torch.zeros_like(mean)
            change[jumping] = derivative(network, z[jumping], guided[jumping], *rows)
            reached = mean + column(time - until) * change
        late = (time / time.clamp_min(LATE)).square()  # there a small change of the sample is much
        error = late * (reached - target).square().mean((1, 2, 3))
        return Losses(
            error.mean(), {"jumps": error[jumping].mean(), "still": error[~jumping].mean()}
        )

    def _spans(self, time: Tensor, part: Tensor, step: Step) -> tuple[Tensor, Tensor]:
        """Draw from when to when each row goes: any span, a quarter from noise, one to the end."""
        ends = torch.rand(2, len(time), generator=step.rng, device=step.rng.device).to(time.device)
        late, early = (1.25 * ends.amax(0)).clamp_max(1), (1.25 * ends.amin(0) - 0.25).clamp_min(0)
        jumping = part > 1
        time = torch.where(jumping, late.clamp_min(LEAST_TIME), time)
        return time, torch.where(jumping, torch.minimum(early, time), time)

    def shape(self, medium: Medium) -> tuple[int, int, int]:
        """Return channel, height and width: pictures are square, sounds are the front end's."""
        if medium == "image":
            return self.config.channels, self.config.size, self.config.size
        fe = front_end(self.config.front_end)
        return fe.channels, fe.height, fe.width

    def noise_shape(self, target: Medium) -> tuple[int, ...]:
        """Return the shape of a sample: noise is where it comes from."""
        return self.shape(target)

    @property
    def recognises(self) -> bool:
        """Whether the network of the condition names classes."""
        return bool(self.config.classes)

    def recognise(self, condition: Tensor) -> Tensor:
        """Return the ear's, or the eye's, probabilities `(batch, class)`."""
        network = self._network(other(self.config.target))
        return network.name(network(condition)).softmax(dim=1)

    def remember(self, known: Iterable[Batch], held_out: Iterable[Batch]) -> None:
        """Remember where conditions lie, to tell what is like none of them."""
        textures, labels = self._textures(known)
        self.familiar.fit(textures, labels, self._textures(held_out)[0])

    def _textures(self, batches: Iterable[Batch]) -> tuple[Tensor, Tensor]:
        """Return the textures of conditions, and their labels, on the CPU."""
        source = other(self.config.target)
        seen = [(self._texture(batch.of(source)).cpu(), batch.label.cpu()) for batch in batches]
        textures, labels = zip(*seen, strict=True)
        return torch.cat(textures), torch.cat(labels)

    def strangeness(self, condition: Tensor) -> Tensor | None:
        """Return the distance to the nearest class, see `blocks.familiar`."""
        if self.familiar is None or not self.familiar.fitted:
            return None
        return self.familiar(self._texture(condition))

    def _texture(self, condition: Tensor) -> Tensor:
        return self._perceive(condition, other(self.config.target)).texture

    def _network(self, medium: Medium) -> Matched:
        return self.ear if medium == "sound" else self.eye

    def generate(
        self,
        condition: Tensor,
        *,
        target: Medium,
        label: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Translate; see `System`.

        Probabilities for a label are what the ear itself has heard: they tell nothing new and are
        left out. Without noise, the way begins at 0.
        """
        self.require_target(target)
        perceived = self._perceive(condition, other(target))
        rows, device = condition.shape[0], condition.device
        told = label if label is not None and label.ndim == 1 and self.config.classes else None
        if told is None:
            told = torch.full((rows,), -1, device=device)
        nothing = torch.zeros(rows, dtype=torch.bool, device=device)
        what = Condition(perceived.tokens, perceived.vector, told, nothing)
        if noise is None:
            noise = torch.zeros(rows, *self.noise_shape(target), device=device)
        return solve(self.velocity, noise, what, self.config.sampling).clamp(-1, 1)

    def outputs(
        self, condition: Tensor, *, target: Medium, label: Tensor, noise: Tensor | None
    ) -> tuple[Output, ...]:
        """Return what is made of the condition alone: no label is told to be judged by it."""
        return (Output("generated", self.generate(condition, target=target, noise=noise)),)
