"""What a judge reads in the pictures of a system whose card names that judge."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from photism.judges.base import Judge
from photism.judges.weights import bundled_judges, load_judge
from photism.translate.translator import Translator


@dataclass(frozen=True)
class Read:
    """What a judge sees in a picture."""

    judge: str
    label: str
    """The class that it is most sure of."""
    probability: float

    def __str__(self) -> str:
        return f"{self.judge} reads {self.label} ({self.probability:.0%})"


class Reader:
    """A judge beside a system: what a stranger would take its pictures for.

    Args:
        judge: of pictures.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge, self.name = judge, judge.name

    @classmethod
    def of(cls, translator: Translator) -> Reader | None:
        """Return the reader of a system's pictures: the bundled judge that measured its weights.

        Args:
            translator: of the system.

        Returns:
            None where its card names no judge that is here, byte for byte.
        """
        named = str(translator.system.card.metrics.get("judge", ""))
        for name in bundled_judges():
            if named.startswith(f"{name},"):
                judge = load_judge(name)
                if judge.medium == "image" and judge.digest and judge.digest in named:
                    return cls(judge)
        return None

    @torch.inference_mode()
    def read(self, picture: Tensor) -> Read:
        """Return the class that the judge sees in a picture `(channel, height, width)`."""
        shares = self.judge.look(picture[None]).logits.softmax(dim=1)[0]
        best = int(shares.argmax())
        return Read(self.name, self.judge.classes[best], round(float(shares[best]), 4))
