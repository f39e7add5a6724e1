"""Make bundled weights of a training run: half precision, judged on the test split, with a card.

    python tools/bundle_weights.py runs/aivae-fsdd aivae-fsdd --data mnist-fsdd

Only the networks that translating needs are kept. The test split is looked at once, here, after
every choice was made on the validation split.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import photism
from photism.data.pairs import PairDataset
from photism.data.prepare import find
from photism.evaluation.evaluate import evaluate
from photism.evaluation.judges import load_judge
from photism.systems.weights import TENSORS, load_weights, save_weights
from photism.training.options import TrainOptions

ASSETS = Path(photism.__file__).parent / "assets" / "systems"
LICENCES = {"mnist-fsdd": "cc-by-sa-4.0", "mnist-scd": "cc-by-sa-3.0"}
"""Of the weights: that of the stricter of the data's two licences."""


def main() -> None:
    """Bundle the run named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("name", help="what to call the bundled weights")
    parser.add_argument("--data", required=True, help="prepared data with a test split")
    parser.add_argument("--judge", default="lenet5-mnist")
    args = parser.parse_args()
    dataset, judge = PairDataset(find(args.data), "test"), load_judge(args.judge)
    system = load_weights(args.run)
    card = {
        "licence_id": LICENCES[dataset.card.name],
        "precision": "float16",
        **system.card,
        "command": TrainOptions.read(args.run).command(dataset.card.name),
        "data_sha256": {name: shard["sha256"] for name, shard in dataset.card.shards.items()},
    }
    folder = ASSETS / args.name
    keep = {"preset": system.preset, "half": True, "networks": system.translators}
    save_weights(system, folder, card=card, **keep)
    found = evaluate(load_weights(folder), dataset, judge, latent_zeroing=0)
    card["metrics"] = {
        **card["metrics"],
        "test accuracy": round(found.accuracy.value, 4),
        "test accuracy, 95 % interval": [
            round(found.accuracy.low, 4),
            round(found.accuracy.high, 4),
        ],
        f"test {found.frechet_name}": round(found.frechet, 2),
        "test diversity, pixels": round(found.diversity_pixels.value or 0, 3),
        "test pairs": found.provenance.pairs,
        "judge": f"{judge.name}, sha256 {found.provenance.judge_sha256}",
    }
    save_weights(load_weights(args.run), folder, card=card, **keep)
    megabytes = (folder / TENSORS).stat().st_size / 1e6
    print(f"{folder}: {megabytes:.1f} MB")
    for name, value in card["metrics"].items():
        print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
