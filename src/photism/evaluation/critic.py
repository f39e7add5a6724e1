"""A judge as the critic of a training run: it looks at translations after every epoch."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from photism.data.card import Card
from photism.data.pairs import Batch
from photism.evaluation.observe import fit, row_generators
from photism.judges.base import Judge
from photism.judges.weights import load_judge
from photism.media import other
from photism.systems.base import System, draw_noise


class Critic:
    """Says which translations a judge recognises.

    Args:
        judge: sees pictures in its own size.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    @classmethod
    def of(cls, judge: str, data: Path) -> Critic:
        """Load a judge that knows the classes of a prepared data set.

        Args:
            judge: a bundled judge by name, or the folder of one.
            data: folder of the data set.

        Returns:
            The critic.

        Raises:
            ConfigError: there is no such judge, or it knows other classes.
            DataError, WeightsError: a folder is damaged.
        """
        loaded = load_judge(judge)
        loaded.require_classes(Card.read(data).classes)
        return cls(loaded)

    def __call__(self, system: System, batch: Batch) -> Tensor:
        """Return `(batch,)`, whether the system's main output for each pair shows its class.

        Noise is the same every time, and for each pair its own.
        """
        rng = row_generators(0, batch.row.tolist())
        [target] = system.targets
        condition = batch.of(other(target))
        noise = draw_noise(system, target, rng, condition.device)
        outputs = system.outputs(condition, target=target, label=batch.label, noise=noise)
        made = outputs[0].tensor.float().clamp(-1, 1)
        judge = self.judge.to(made.device)
        return judge(fit(made, judge)).logits.argmax(dim=1) == batch.label
