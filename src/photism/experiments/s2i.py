"""Figures of "Sound-to-Imagination", and what its text says of parts left out.

L. A. Fanzeres, C. Nadeu, 2021, arXiv:2106.01266. The paper prints no number of these figures but
one: more than 14 % of pictures informative at f = 512. VEGAS-5 is not at hand as pairs; the rows
run on `scenes`, or on `--data`, such as records of `s2i-data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from photism.experiments.declarations import Experiment, Row

PAPER = "Fanzeres & Nadeu 2021, arXiv:2106.01266"
SIZES = (128, 256, 512, 1024, 2048)
_Split = Literal["train", "test"]
_SPLITS: Mapping[_Split, str] = {"train": "training pairs", "test": "held-out pairs"}
_PAIRS = 48_945
_JUDGE = (
    "the paper's measure is the share of informative pictures, by classifiers of pictures that a"
    " person sorted; accuracy is that of a judge of the scenes, photism judge train small --data"
    " scenes"
)
_LENGTH = "every row trains an autoencoder of its own first, as long as the preset says"
_experiment = partial(
    Experiment,
    epochs=4000,
    judge="small-scenes",
    preset="paper",
)


def _row(
    name: str,
    key: str,
    settings: Mapping[str, str] | None = None,
    *,
    split: _Split = "test",
    shown_as: str = "",
    sampling: Mapping[str, str] | None = None,
) -> Row:
    return Row(
        name=name,
        key=key,
        system="s2i",
        data="scenes",
        pairs=_PAIRS,
        settings=settings or {},
        published_data="vegas-5",
        split=split,
        shown_as=shown_as,
        sampling=sampling or {},
    )


_BY_SIZE = tuple(_row(f"f = {size}", f"f-{size}", {"embedding": str(size)}) for size in SIZES)

FIGURE_EMBEDDING_SIZE = _experiment(
    name="s2i-figure-embedding-size",
    title="S2I: the size of the embedding",
    source=f"{PAPER}, figure of informativity over f",
    rows=_BY_SIZE,
    finding="f = 512 is best, with more than 14 % of the pictures informative; more than that is"
    " worse again",
    metrics=("accuracy", "fd", "diversity", "pixel_loss"),
    remarks=(_JUDGE, _LENGTH),
    sweep="embedding",
)

FIGURE_PIXEL_LOSS = _experiment(
    name="s2i-figure-pixel-loss",
    title="S2I: pixel loss in training, for each size of the embedding",
    source=f"{PAPER}, figure 14",
    rows=_BY_SIZE,
    finding="a larger f comes faster to a lower pixel loss, but for the extremes 128 and 2048",
    metrics=("pixel_loss", "accuracy"),
    remarks=(
        "the paper's curves are moving averages over 50 epochs; shorter trainings are averaged over"
        " as many as make a tenth of them",
        _LENGTH,
    ),
    traced="pixel",
)

FIGURE_DENSE = _experiment(
    name="s2i-figure-dense-vs-sequential",
    title="S2I: the dense generator and the sequential one",
    source=f"{PAPER}, figure 6",
    rows=tuple(
        _row(
            f"{kind}, {heard}",
            kind if split == "test" else f"{kind}-training",
            {"generator": kind},
            split=split,
            shown_as=kind,
        )
        for kind in ("dense", "sequential")
        for split, heard in _SPLITS.items()
    ),
    finding="shown by pictures of known training pairs, in favour of the dense generator",
    metrics=("accuracy", "fd", "diversity", "pixel_loss"),
    remarks=(
        _JUDGE,
        "the figure shows pictures of training pairs alone; the layers of the sequential generator"
        " are assumed",
        _LENGTH,
    ),
    traced="pixel",
)

FIGURE_INFORMATIVITY = _experiment(
    name="s2i-figure-informativity",
    title="S2I: informativity by the size of the embedding",
    source=f"{PAPER}, figures of informativity",
    rows=tuple(
        replace(row, published={"informativity": 0.14}) if row.key == "f-512" else row
        for row in _BY_SIZE
    ),
    finding="f = 512 is best, more than 14 % on average; informativity falls above it",
    metrics=("informativity", "accuracy"),
    remarks=(
        'the text says "more than 14 %" of f = 512 and leaves the rest to figures',
        "the paper averages over the epochs from 500 to 4000, without the two after each update of"
        " the discriminator; here the kept weights are judged, and `photism.metrics.informativity`"
        " has the rest of the protocol",
        "the paper's judges learnt from pictures sorted by eye: without --informativity a stand-in"
        " is trained on real and spoilt pictures, which says little of what people would say",
        "accuracy, by an ordinary classifier, stands beside it: the paper finds more than 50 %"
        " with one, and calls that unrealistic",
        _LENGTH,
    ),
    sweep="embedding",
)

ABLATIONS = _experiment(
    name="s2i-ablations",
    title="S2I: what the text says of parts left out",
    source=f"{PAPER}, text of sections 4 and 5",
    rows=(
        _row("whole", "whole"),
        _row("no dropout when translating", "still", sampling={"dropout": "off"}),
        _row("no dropout in the decoder of sounds", "decoder", {"decoder_dropout": "false"}),
        _row("no moving average", "no-average", {"moving_average": "1"}),
        _row("leaky ReLU", "leaky-relu", {"activation": "leaky_relu"}),
        _row("ELU", "elu", {"activation": "elu"}),
    ),
    finding="dropout in the decoder improves generalisation significantly, dropout when translating"
    " the diversity; leaky ReLU and ELU are worse than ReLU; the moving average keeps updates of"
    " the discriminator from upsetting the generator",
    metrics=("accuracy", "fd", "diversity", "pixel_loss"),
    remarks=("the paper gives no numbers", _JUDGE, _LENGTH),
    traced="pixel",
)
