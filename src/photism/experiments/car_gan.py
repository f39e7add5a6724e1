"""Tables and figures of CAR-GAN, trained on the orchestra where Sub-URMP is not at hand.

B. Duan, W. Wang, H. Tang, H. Latapie, Y. Yan, "Cascade Attention Guided Residue Learning GAN for
Cross-Modal Translation", 2019, arXiv:1907.01826, and the first author's thesis.

All rows share one classifier and one listener, so that they differ in what they are compared in.
The papers tell the system the class of the sound: `label given` stands beside published figures,
`label heard` is what the same system does for somebody who has the sound alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

from photism.experiments.declarations import Experiment, Gain, Row
from photism.systems.car_gan import ABLATIONS

PAPER = "Duan et al. 2019, arXiv:1907.01826"
_WHOLE = {"attention": "true", "lambda_c": "1", "residue": "true", "stages_used": "2"}
"""All that an ablation may change, as the whole system has it."""
_OUTPUTS = ("label given", "label heard")
_REAL_ACCURACY = 0.9956
_COUNTED, _ARCHIVE, _ARCHIVE_TRAINING = 17_555, 80_805, 71_230
"""Pairs in all that the paper counts; those of the released archive, and of its training part."""
_TRAINING = round(_COUNTED * _ARCHIVE_TRAINING / _ARCHIVE)
_GRID = (0, 1, 10, 50, 100, 200)
_experiment = partial(
    Experiment,
    epochs=200,
    real={"accuracy": _REAL_ACCURACY},
    judge="small-orchestra",
    preset="code",
    shared=("classifier", "listener"),
)


def _row(
    name: str,
    key: str,
    published: Mapping[str, float] | None = None,
    *,
    thesis: Mapping[str, float] | None = None,
    settings: Mapping[str, str] | None = None,
    shown_as: str = "E",
    split: Literal["train", "test"] = "test",
    outputs: tuple[str, ...] = _OUTPUTS,
    step: str = "",
) -> Row:
    return Row(
        name=name,
        key=key,
        system="car-gan",
        data="orchestra",
        pairs=_TRAINING,
        pairs_known=f"assumed: of {_COUNTED:,} in all, the share that the archive trains on",
        published=published or {},
        thesis=thesis or {},
        settings={**_WHOLE, **(settings or {})},
        published_data="sub-urmp",
        shown_as=shown_as,
        split=split,
        outputs=outputs,
        step=step,
    )


def _ablation(
    letter: str, name: str, fid: float, score: float, thesis: Mapping[str, float] | None = None
) -> Row:
    return _row(
        f"{letter}, {name}",
        letter,
        {"fid": fid, "is": score},
        thesis=thesis,
        settings=ABLATIONS[letter],
        shown_as=letter,
    )


_PAIRS = (
    f"the paper counts {_COUNTED:,} pairs, training and test together; the released archive of"
    f" Sub-URMP holds {_ARCHIVE:,}"
)
_LABELS = (
    "label given is the paper's protocol: the system is told the true class of the sound; label"
    " heard is what it does where nobody tells it"
)

TABLE_1 = _experiment(
    name="car-gan-table-1",
    title="CAR-GAN: what each part contributes",
    source=f"{PAPER}, table 1",
    rows=(
        _ablation("A", "no attention", 279.3022, 3.2221),
        _ablation("B", "no class loss", 332.1574, 3.4337),
        _ablation("C", "no residue", 380.1104, 2.0699),
        _ablation("D", "one stage", 307.3725, 3.7215),
        _ablation("E", "whole", 240.7771, 4.2023, {"fid": 207.3734, "is": 3.8180}),
    ),
    finding="the whole system E has the lowest FID and the highest Inception Score",
    metrics=("fid", "is", "fd", "kd", "judge_is", "accuracy"),
    real={"is": 4.7552, "accuracy": _REAL_ACCURACY},
    gains=(
        Gain("fid", "E", "B", 0.2751, 0.3756),
        Gain("fid", "E", "C", 0.3666, 0.4544),
        Gain("fid", "E", "D", 0.2167, 0.3253),
        Gain("is", "E", "B", 0.2239, 0.1119),
        Gain("is", "E", "C", 1.0301, 0.8445),
        Gain("is", "E", "D", 0.1301, 0.0259),
        *(Gain(metric, "E", other) for metric in ("fd", "judge_is") for other in "BCD"),
    ),
    remarks=(
        _LABELS,
        _PAIRS,
        "the paper names no implementation of FID and Inception Score; assumed: Inception-v3, ten"
        " splits, all held-out pairs",
        '"residue removed" in C is read as in the thesis: the class in the place of the residue',
    ),
)

TABLE_2 = _experiment(
    name="car-gan-table-2",
    title="CAR-GAN: accuracy on training and on held-out sounds",
    source=f"{PAPER}, table 2",
    rows=(
        _row("CAR-GAN, training sounds", "training", {"accuracy": 0.9954}, split="train"),
        _row(
            "CAR-GAN, held-out sounds", "testing", {"accuracy": 0.9033}, thesis={"accuracy": 0.9068}
        ),
    ),
    finding="CAR-GAN is ahead of S2IC and CMCGAN, on training sounds and on held-out ones",
    metrics=("accuracy", "fd"),
    others={
        "S2IC, training sounds": {"accuracy": 0.8737},
        "S2IC, held-out sounds": {"accuracy": 0.7556},
        "CMCGAN, training sounds": {"accuracy": 0.9105},
        "CMCGAN, held-out sounds": {"accuracy": 0.7661},
    },
    gains=(
        Gain("accuracy", "training", "S2IC, training sounds", 0.1393),
        Gain("accuracy", "training", "CMCGAN, training sounds", 0.0932),
        Gain("accuracy", "testing", "S2IC, held-out sounds", 0.1955, 0.2001),
        Gain("accuracy", "testing", "CMCGAN, held-out sounds", 0.1791, 0.1837),
    ),
    remarks=(
        _LABELS,
        _PAIRS,
        "the paper's classifier was trained and tested on the union of training and test pictures,"
        " and it is the one that the generators learnt from: --judge own lets ours judge",
    ),
)

FIGURE_L1 = _experiment(
    name="car-gan-figure-l1",
    title="CAR-GAN: the weight of the L1 loss",
    source=f"{PAPER}; figure of the thesis",
    rows=tuple(
        _row(
            f"λ_L1 = {weight}",
            f"l1-{weight}",
            settings={"lambda_l1": str(weight)},
            shown_as="",
        )
        for weight in _GRID
    ),
    finding="",
    metrics=("fid", "is", "fd", "judge_is", "accuracy"),
    remarks=(
        _LABELS,
        _PAIRS,
        "the text gives neither the grid nor the values; the grid is assumed",
    ),
    sweep="lambda_l1",
)

FIGURE_STAGES = _experiment(
    name="car-gan-figure-stages",
    title="CAR-GAN: stage I and stage II",
    source=f"{PAPER}; figure of pictures of both stages",
    rows=(
        _row("stage I", "stage-1", step="stage I"),
        _row("stage II", "stage-2"),
    ),
    finding="without the second stage (ablation D) FID and Inception Score are worse",
    metrics=("accuracy", "fid", "is", "fd", "kd", "judge_is", "diversity"),
    remarks=(_LABELS, _PAIRS),
)

FAILURES = _experiment(
    name="car-gan-failures",
    title="CAR-GAN: silence and noise in",
    source=f"{PAPER}; figure of failures",
    rows=(_row("sounds without an instrument", "nothing"),),
    finding="clips that are silent or nearly so are where it fails",
    remarks=(_LABELS, _PAIRS),
    hears_nothing=True,
)
