"""How long the command line takes to answer, in processes of their own.

    python benchmarks/startup.py [--runs 5] [--system aivae-fsdd]

Prints `photism --help` in seconds, and what translating one file takes beyond a process that only
imports torch, each the median of several runs that alternate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path


def measure(*command: str) -> tuple[float, str]:
    """Return the seconds a new Python process takes, and what it printed."""
    began_s = time.perf_counter()
    done = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
    return time.perf_counter() - began_s, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--system", default="aivae-fsdd")
    args = parser.parse_args()
    sound = next(Path(str(files("photism"))).glob("assets/demo/*.flac"))
    help_s, torch_s, translate_s, peaks_mb = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        translate = ("translate", str(sound), "--system", args.system, "-o", folder, "--json")
        for run in range(args.runs + 1):
            seconds = (
                measure("-m", "photism", "--help")[0],
                measure("-c", "import torch")[0],
                *measure("-m", "photism", *translate),
            )
            if run == 0:  # fills the disk cache
                continue
            for series, value in zip((help_s, torch_s, translate_s), seconds, strict=False):
                series.append(value)
            peaks_mb.append(json.loads(seconds[3])["summary"]["peak_memory_mb"])
    beyond_s = statistics.median(
        whole - bare for whole, bare in zip(translate_s, torch_s, strict=True)
    )
    print(f"photism --help             {statistics.median(help_s):6.2f} s   (at most 0.40)")
    print(f"import torch               {statistics.median(torch_s):6.2f} s")
    print(f"photism translate, 1 file  {statistics.median(translate_s):6.2f} s")
    print(f"translate beyond torch     {beyond_s:6.2f} s   (at most 2.00)")
    print(f"peak memory                {statistics.median(peaks_mb):6.0f} MB")


if __name__ == "__main__":
    main()
