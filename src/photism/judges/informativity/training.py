"""Training judges of informativity, and what they reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from photism.config import check_fields
from photism.judges.informativity.examples import Examples
from photism.judges.informativity.network import InformativityJudges, InformativityNetwork


@dataclass(frozen=True)
class InformativityRecipe:
    """How each classifier is trained; the defaults are the paper's."""

    epochs: int = 200
    """The released ones are of epochs 146 to 224."""
    batch_size: int = 64
    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 5e-5
    """Printed as 5^-5, which read to the letter is 3.2e-4."""
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self, epochs=1, batch_size=2, lr=1e-9, momentum=0, weight_decay=0)


def train_informativity(
    examples: Sequence[Examples],
    recipe: InformativityRecipe,
    *,
    device: torch.device | str = "cpu",
    show: Callable[[int], None] = lambda epochs: None,
) -> tuple[InformativityJudges, dict[str, float]]:
    """Train a classifier for each class; the last epoch's weights are kept.

    Args:
        examples: of each class.
        recipe: how.
        device: where to compute.
        show: told the epochs done so far, of all classes together.

    Returns:
        The judges, in eval mode and on the CPU, and the accuracy of each on its test pictures.
    """
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        judges = InformativityJudges([one.name for one in examples]).to(device)
        done = 0
        for network, one in zip(judges.networks, examples, strict=True):
            assert isinstance(network, InformativityNetwork)
            for _ in _epochs(network, one, recipe, device):
                done += 1
                show(done)
    judges = judges.cpu().eval().requires_grad_(False)
    return judges, {one.name: _accuracy(judges, one) for one in examples}


def _epochs(
    network: InformativityNetwork,
    examples: Examples,
    recipe: InformativityRecipe,
    device: torch.device | str,
) -> Iterator[None]:
    """Train one classifier, and yield after each epoch."""
    rows = (~examples.test).nonzero().flatten()
    trained = [value for value in network.parameters() if value.requires_grad]
    optimiser = torch.optim.SGD(
        trained, recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    network.train()
    for _ in range(recipe.epochs):
        order = rows[torch.randperm(len(rows))]
        for part in order.split(recipe.batch_size):
            if len(part) < 2:  # batch norm has no deviation of one
                continue
            pictures = examples.pictures[part].to(device)
            target = examples.informative[part].long().to(device)
            loss = F.cross_entropy(network(pictures), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        yield


@torch.inference_mode()
def _accuracy(judges: InformativityJudges, examples: Examples) -> float:
    rows = examples.test
    labels = torch.full((int(rows.sum()),), judges.classes.index(examples.name))
    told = judges.probabilities(examples.pictures[rows], labels) > 0.5
    return float((told == examples.informative[rows]).double().mean())
