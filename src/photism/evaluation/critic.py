"""A judge as the critic of a training run: it looks at translations after every epoch."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from photism.audio.front_ends import FrontEnd
from photism.data.card import Card
from photism.data.pairs import Batch
from photism.evaluation.observe import row_generators
from photism.judges.base import Judge
from photism.judges.perceive import ear_of
from photism.judges.weights import load_judge
from photism.media import other
from photism.systems.base import System, draw_noise


class Critic:
    """Says which translations a judge recognises.

    Args:
        judge: of what the system makes.
        drawn: how the log-mels of the data are drawn; judges of pictures need none.
    """

    def __init__(self, judge: Judge, drawn: FrontEnd | None = None) -> None:
        self.judge = judge
        self.drawn = drawn

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
        loaded, card = load_judge(judge), Card.read(data)
        loaded.require_classes(card.classes)
        return cls(loaded, ear_of(card) if loaded.medium == "sound" else None)

    def __call__(self, system: System, batch: Batch) -> Tensor:
        """Return `(labelled pair,)`, whether the main output for each pair shows its class.

        Pairs without a label are left out. Noise is the same every time, and for each pair its own.
        """
        told, target = batch.label >= 0, self.judge.medium
        system.require_target(target)
        label, rows = batch.label[told], batch.row[told].tolist()
        condition = batch.of(other(target))[told]
        noise = draw_noise(system, target, row_generators(0, rows), condition.device)
        outputs = system.outputs(condition, target=target, label=label, noise=noise)
        made = outputs[0].tensor.float().clamp(-1, 1)
        seen = self.judge.to(made.device).look(made, self.drawn)
        return seen.logits.argmax(dim=1) == label
