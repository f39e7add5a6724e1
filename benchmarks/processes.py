"""Two processes of one thread training beside one: examples a second, in the same run.

    python benchmarks/processes.py [--system aivae:small] [--steps 60] [--batch-size 256]

The same run, with the same batch over all processes, through torchrun and the command line, on
random pixels; the time is that between its first and its last record, so that the start is not in
it. One and two take turns, and the fastest of each counts. The target is 1.6 × on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from loop import write_noise

ROUNDS = 3
EVERY = 10
"""Steps from one record to the next."""


def main() -> None:
    """Train in one and in two processes in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", default="aivae:small", help="of 48 × 48 sounds, MNIST pictures")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=256, help="over all processes")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = write_noise(Path(folder) / "data", args.steps * args.batch_size)
        rates: dict[int, list[float]] = {1: [], 2: []}
        for number in range(args.rounds):
            for processes, found in rates.items():
                out = Path(folder) / f"{processes}-{number}"
                found.append(args.batch_size / step_s(args, data, out, processes))
    one, two = max(rates[1]), max(rates[2])
    print(f"one process   {one:8.0f} examples/s   {args.system}, batches of {args.batch_size}")
    print(f"two processes {two:8.0f} examples/s")
    print(f"ratio         {two / one:8.2f}")


def step_s(args: argparse.Namespace, data: Path, out: Path, processes: int) -> float:
    """Train and return the seconds of a step, without the first records."""
    name, _, preset = args.system.partition(":")
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    words = ["-m", "photism", "train", name, "--preset", preset, "--device", "cpu"]
    words += ["--data", str(data), "--out", str(out), "--validation", "0"]
    words += ["--batch-size", str(args.batch_size), "--epochs", "1", "--log-every", str(EVERY)]
    done = subprocess.run(
        [sys.executable, *launch, *words],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    lines = (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    records = [record for record in map(json.loads, lines) if record["kind"] == "train"]
    if len(records) < 3:
        raise SystemExit(done.stderr)
    first, last = records[1], records[-1]
    return (last["seconds"] - first["seconds"]) / (last["step"] - first["step"])


if __name__ == "__main__":
    main()
