"""How informative pictures are by the size of the embedding, after "Sound-to-Imagination".

L. A. Fanzeres, C. Nadeu, 2021, arXiv:2106.01266, its figures of informativity; on videos of
one's own, or the authors' VEGAS where somebody has it.
"""

from __future__ import annotations

from photism.experiments.declarations import Experiment, Row

PAPER = "Fanzeres & Nadeu 2021, arXiv:2106.01266"
_PAIRS = 48_945
_EPOCHS = 4000
_SIZES = (128, 256, 512, 1024, 2048)

FIGURE_INFORMATIVITY = Experiment(
    name="s2i-figure-informativity",
    title="S2I: informativity by the size of the embedding",
    source=f"{PAPER}, figures of informativity",
    rows=tuple(
        Row(
            name=f"f = {size}",
            key=f"f-{size}",
            system="s2i",
            data="videos",
            pairs=_PAIRS,
            published={"informativity": 0.14} if size == 512 else {},
            settings={"embedding": str(size)},
            published_data="vegas",
        )
        for size in _SIZES
    ),
    epochs=_EPOCHS,
    finding="f = 512 is the best, more than 14 % on average; informativity falls above it",
    metrics=("informativity", "accuracy", "fd"),
    judge="",
    sweep="embedding",
    remarks=(
        'the text says "more than 14 %" of f = 512 and leaves the rest to figures',
        "the paper averages over the epochs from 500 to 4000, without the two after each update of"
        " the discriminator, and over runs' best 50 epochs; here the kept weights are judged, and"
        " `photism.metrics.informativity` has the rest of the protocol",
        "the paper's judges learnt from pictures sorted by eye: without --informativity a stand-in"
        " is trained on real and spoilt pictures, and a column of a stand-in is no informativity as"
        " people see it",
        "an image classifier's accuracy stands beside it: the paper finds more than 50 % with one,"
        " and calls that unrealistic",
    ),
)
