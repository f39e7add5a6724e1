"""What an exported graph costs, warm, beside torch; and how large its file is beside its weights.

    python benchmarks/export.py

One clip, from its samples to the picture, or from a picture to the log-mel: onnxruntime runs the
graph, torch goes the road of `photism translate` without reading the file and writing the result.
Both take turns in one process, on one thread each. Ratios are of one run; milliseconds are of this
machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import photism
from photism.audio import canvas
from photism.audio.logmel import pictures
from photism.export.exported import Exported
from photism.export.write import export
from photism.translate.translator import Translator


def alternating_ms(first: Callable[[], object], second: Callable[[], object], runs: int) -> tuple:
    """Return the median time of two calls that take turns, in ms of the processor."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs + 3):
        for work, taken in zip((first, second), times, strict=True):
            began_s = time.process_time()
            work()
            taken.append(1000 * (time.process_time() - began_s))
    return tuple(float(np.median(taken[3:])) for taken in times)


def example(port: dict) -> np.ndarray:
    """Return one row of an input: noise, or a label that nobody tells."""
    if port["kind"] == "int64":
        return np.full(1, -1)
    shape = (1, *(4_000 if length is None else length for length in port["shape"]))
    return (0.1 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


def measure(translator: Translator, target: str, folder: Path, runs: int, clips: int) -> None:
    """Export a system and print what its graph costs."""
    written = export(
        translator, folder / f"{translator.weights}-{target}.onnx", target=target, clips=clips
    )
    exported, system = Exported(written.path, threads=1), translator.system
    named = {port["name"]: example(port) for port in written.card["inputs"]}
    given = list(named.values())
    noise = torch.from_numpy(named["noise"]) if "noise" in named else None

    def torch_way() -> object:
        with torch.inference_mode():
            if target == "image":
                seen = pictures([given[0][0]], translator.front_end)
                return system.generate(seen, target="image", noise=noise)
            made = system.generate(torch.from_numpy(given[0]), target="sound", noise=noise)
            return canvas.read(made, translator.front_end)

    ours, theirs = alternating_ms(lambda: exported(*given), torch_way, runs)
    weights = sum(4 * tensor.numel() for tensor in system.state_dict().values())
    print(
        f"{translator.weights:<24} onnxruntime {ours:6.2f} ms, torch {theirs:6.2f} ms:"
        f" {ours / theirs:.2f} of it; {written.bytes / 1e6:.1f} MB, {written.bytes / weights:.3f}"
        f" of the weights; at most {written.difference.largest:.1g} apart, on"
        f" {written.difference.clips} clips",
        flush=True,
    )


def main() -> None:
    """Measure all bundled weights, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="*", default=photism.list_weights())
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--clips", type=int, default=100)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.weights:
            translator = photism.load(name, device="cpu")
            for target in translator.system.targets:
                measure(translator, target, Path(folder), args.runs, args.clips)


if __name__ == "__main__":
    main()
