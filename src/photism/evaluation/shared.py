"""The joint space that two judges span over real training pairs, for cross-modal figures."""

from __future__ import annotations

import numpy as np
import torch

from photism.audio.front_ends import FrontEnd
from photism.data.pairs import PairDataset, PairLoader
from photism.data.progress import track
from photism.errors import ConfigError, DataError
from photism.judges.base import Judge
from photism.media import other
from photism.metrics.joint import Joint, fit_joint

PAIRS = 2000
"""Training pairs that the space is fitted on, at most."""
LEAST = 100
_AT_ONCE = 100


@torch.inference_mode()
def fit_shared(
    judge: Judge, witness: Judge, dataset: PairDataset, drawn: FrontEnd | None, seed: int
) -> Joint:
    """Fit a joint space on the training pairs of a data set.

    Args:
        judge: of what is made, in eval mode.
        witness: of what is given, on the same device.
        dataset: any split; the training split beside it is read.
        drawn: how log-mels are drawn.
        seed: of the choice of pairs.

    Returns:
        The space.

    Raises:
        ConfigError: the witness is of the same medium as the judge.
        DataError: there is no training split, or a small one.
    """
    if witness.medium != other(judge.medium):
        raise ConfigError(
            f"judges {judge.name} and {witness.name} are both of {judge.medium}s: a joint space has"
            " one of each medium"
        )
    train = PairDataset(dataset.folder, "train")
    if len(train) < LEAST:
        raise DataError(
            f"a joint space needs {LEAST} training pairs, {train.folder} has {len(train)}"
        )
    rows = np.sort(np.random.default_rng((seed, 5)).permutation(len(train))[:PAIRS])
    device = next(judge.parameters()).device
    loader = PairLoader(train, _AT_ONCE, rows=rows, shuffle=False, device=device)
    given: list[np.ndarray] = []
    made: list[np.ndarray] = []
    for batch in track(loader.epoch(), "a joint space", len(loader)):
        for features, one in ((given, witness), (made, judge)):
            seen = one.look(batch.of(one.medium), drawn).features
            features.append(seen.float().cpu().numpy())
    return fit_joint(np.concatenate(given), np.concatenate(made))
