"""How many of a system's pictures tell what is heard, by judges of informativity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from photism.data.pairs import PairLoader
from photism.data.progress import track
from photism.errors import ConfigError
from photism.evaluation.figures import Informativity
from photism.evaluation.observe import row_generators
from photism.evaluation.results import Evaluation
from photism.judges.informativity.network import InformativityJudges
from photism.judges.informativity.store import InformativityCard
from photism.media import Medium
from photism.metrics.informativity import informativity, mean_of_classes
from photism.systems.base import System, draw_noise

REAL = "real"


@torch.inference_mode()
def measure_informativity(
    system: System,
    judges: InformativityJudges,
    loader: PairLoader,
    *,
    given: Medium,
    seed: int,
) -> dict[str, Informativity]:
    """Have every picture judged by the classifier of its sound's class (arXiv:2106.01266).

    Args:
        system: in eval mode, as are the judges; its noise, and dropout while translating, stay on.
        judges: of all classes of the data.
        loader: labelled pairs, in order.
        given: what of a pair the system is given.
        seed: of the noise, the same as elsewhere.

    Returns:
        By output, and `REAL` for the real pictures.

    Raises:
        ConfigError: a class without a judge.
    """
    classes = loader.dataset.card.classes
    places = torch.tensor(judges.places(classes), device=loader.device)
    told: dict[str, list[Tensor]] = {}
    for batch in track(loader.epoch(), "judging informativity", len(loader)):
        condition = batch.of(given)
        rngs = row_generators(seed, batch.row.tolist())
        noise = draw_noise(system, "image", rngs, condition.device)
        made = system.outputs(condition, target="image", label=batch.label, noise=noise)
        shown = {output.title: output.tensor.float().clamp(-1, 1) for output in made}
        for name, pictures in {**shown, REAL: batch.image}.items():
            sure = judges.probabilities(pictures, places[batch.label])
            told.setdefault(name, []).append((sure > 0.5).cpu())
    labels = loader.dataset.labels[loader.rows]
    return {name: _figures(torch.cat(one).numpy(), labels, classes) for name, one in told.items()}


def _figures(told: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> Informativity:
    shares = informativity(told, labels, len(classes))
    by_class = {
        name: float(share)
        for name, share in zip(classes, shares, strict=True)
        if not np.isnan(share)
    }
    return Informativity(float(mean_of_classes(shares)), by_class)


def with_informativity(
    evaluation: Evaluation, found: dict[str, Informativity], card: InformativityCard
) -> Evaluation:
    """Return an evaluation with the informativity of its outputs, and a note on who judged it.

    Args:
        evaluation: of the same pairs.
        found: by output, see `measure_informativity`.
        card: of the judges.

    Returns:
        The evaluation with that in it.
    """
    told = {name: replace(one, learnt_from=card.learnt_from) for name, one in found.items()}
    outputs = {
        name: replace(figures, informativity=told[name])
        for name, figures in evaluation.outputs.items()
    }
    references = evaluation.references
    real = replace(references.real, informativity=told[REAL])
    note = f"informativity: {card.title}"
    if card.stands_in:
        note += "; nobody sorted pictures, so that this is not informativity as people see it"
    return replace(
        evaluation,
        outputs=outputs,
        references=replace(references, real=real),
        notes=(*evaluation.notes, note),
    )


def require_pictures(target: Medium, classes: tuple[str, ...]) -> None:
    """Raise a ConfigError for what has no informativity: sounds, and data without classes."""
    if target != "image" or not classes:
        what = "pictures are made" if target != "image" else "the data has classes"
        raise ConfigError(f"informativity is measured where {what}: leave its judges out")
