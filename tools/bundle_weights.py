"""Make bundled weights of a training run: half precision, judged on the test split, with a card.

    python tools/bundle_weights.py runs/aivae-fsdd aivae-fsdd --data mnist-fsdd
    python tools/bundle_weights.py runs/car-gan car-gan-orchestra --data orchestra \
        --judge small-orchestra

Only the networks that translating needs are kept. The test split is looked at once, here, after
every choice was made on the validation split.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from photism.data.pairs import PairDataset
from photism.data.prepare import find
from photism.evaluation.evaluate import evaluate
from photism.evaluation.figures import OutputFigures
from photism.evaluation.results import Evaluation
from photism.judges.data import prepare_command
from photism.judges.weights import load_judge
from photism.stored import ASSETS, TENSORS
from photism.systems.weights import load_weights, save_weights
from photism.training.options import TrainOptions

LICENCES = {
    "mnist-fsdd": "cc-by-sa-4.0",
    "mnist-scd": "cc-by-sa-3.0",
    "orchestra": "cc0-1.0",
    "scenes": "cc-by-3.0",
    "spoken-digits": "cc-by-sa-4.0",
    "joined": "other",
}
"""Of the weights: that of the stricter of the data's two licences."""


def main() -> None:
    """Bundle the run named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("name", help="what to call the bundled weights")
    parser.add_argument("--data", required=True, help="prepared data with a test split")
    parser.add_argument("--judge", default="lenet5-mnist")
    parser.add_argument(
        "--after",
        type=Path,
        nargs="*",
        default=[],
        help="runs that this one started from, in order",
    )
    parser.add_argument("--measured-on", help="other prepared data whose test split is looked at")
    parser.add_argument("--split", default="test", help="what is looked at, where there is no test")
    parser.add_argument("--limit", type=int, help="pairs of it")
    parser.add_argument(
        "--sampling", nargs="*", default=[], metavar="NAME=VALUE", help="the weights' own way"
    )
    args = parser.parse_args()
    dataset, judge = PairDataset(find(args.data), "train"), load_judge(args.judge)
    tested = PairDataset(find(args.measured_on or args.data), args.split)
    system = load_weights(args.run).sampled(dict(word.split("=", 1) for word in args.sampling))
    card = replace(
        system.card,
        licence_id=LICENCES[dataset.card.name],
        precision="float16",
        command=" && ".join(command(run, dataset) for run in (*args.after, args.run)),
        data_command=prepare_command(dataset.card),
        data_sha256={name: shard["sha256"] for name, shard in dataset.card.shards.items()},
    )
    folder = ASSETS / args.name
    keep = {"preset": system.preset, "half": True, "networks": system.translators}
    save_weights(system, folder, card=card, **keep)
    found = evaluate(load_weights(folder), tested, judge, latent_zeroing=0, limit=args.limit)
    card = replace(card, metrics={**card.metrics, **_metrics(found, tested)})
    save_weights(system, folder, card=card, **keep)
    megabytes = (folder / TENSORS).stat().st_size / 1e6
    print(f"{folder}: {megabytes:.1f} MB")
    for name, value in card.metrics.items():
        print(f"  {name}: {value}")


def command(run: Path, dataset: PairDataset) -> str:
    """Return the command that makes a run again."""
    return f"{TrainOptions.read(run).command(dataset.card.name)} --out runs/{run.name}"


def _metrics(found: Evaluation, tested: PairDataset) -> dict[str, Any]:
    """Return what was measured, under names that say of which split and output."""
    p, split = found.provenance, tested.split
    metrics: dict[str, Any] = {}
    for output, figures in found.outputs.items():
        of = split if len(found.outputs) == 1 else f"{split}, {output}:"
        metrics |= {f"{of} {name}": value for name, value in _figures(figures, p.judge).items()}
    if found.listener and found.listener.accuracy:
        metrics[f"{split}, listener: accuracy"] = round(found.listener.accuracy.value, 4)
    return metrics | {f"{split} pairs": p.pairs, "judge": f"{p.judge}, sha256 {p.judge_sha256}"}


def _figures(figures: OutputFigures, judge: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if accuracy := figures.accuracy:
        found["accuracy"] = round(accuracy.value, 4)
        found["accuracy, 95 % interval"] = [round(accuracy.low, 4), round(accuracy.high, 4)]
    if figures.accuracy_sounding:
        found["accuracy where something sounds"] = round(figures.accuracy_sounding.value, 4)
    found[f"FD({judge})"] = round(figures.frechet, 2)
    if figures.diversity is not None:
        found[f"diversity({judge})"] = round(figures.diversity, 3)
    for factor, share in (figures.factor_r2 or {}).items():
        found[f"R² of {factor} within classes"] = None if share is None else round(share, 3)
    return found


if __name__ == "__main__":
    main()
