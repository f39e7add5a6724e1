"""`photism export`: one ONNX graph, or a page that runs it in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

import photism
from photism.cli.arguments import parse, settings
from photism.errors import ConfigError
from photism.terminal import say

DESCRIPTION = """\
Write a trained system as one ONNX graph: waveform to picture, or picture to log-mel.

  photism export aivae-fsdd -o three.onnx              40 lines of JavaScript or Python run it
  photism export aivae-fsdd -o small.onnx --precision int8      a quarter of the size
  photism export sa-cmgan-i2s-orchestra -o back.onnx   picture to log-mel
  photism export aivae-fsdd --page page/               a page that draws what it hears, offline
  photism info three.onnx                              its card

The log-mel is part of the graph, noise and class are inputs, a batch may have any size. Every graph
is compared with torch before it is written; how far they are apart stands in its card.
"""


@dataclass(frozen=True)
class Export:
    """Arguments of `photism export`."""

    system: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="SYSTEM")] = None
    """Bundled weights (`photism info` lists them), a folder of weights, a training run, or
    owner/name on the Hub."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="PATH")] = None
    """The file, which ends in .onnx; by default the name of the weights, in this folder."""
    target: Annotated[Literal["image", "sound"] | None, tyro.conf.arg(metavar="MEDIUM")] = None
    """What to make, image or sound, of systems that make both."""
    precision: Literal["float32", "fp16", "int8"] = "float32"
    """Of the weights in the file; computed is in float32."""
    sampling: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE ...")] = ()
    """How to sample, where a system lets one choose, such as: --sampling latent=mean"""
    check: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Recordings, or pictures, to compare with torch on; by default what comes along."""
    clips: int = 100
    """How many of them."""
    page: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Write a static page that runs the graph in the browser into this folder."""
    runtime: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Where npm put onnxruntime-web; node_modules/onnxruntime-web by default."""

    def __post_init__(self) -> None:
        if self.system is None:
            raise ConfigError("name weights, such as: photism export aivae-fsdd -o three.onnx")
        if self.clips < 1:
            raise ConfigError(f"--clips must be at least 1, not {self.clips}")
        if self.runtime is not None and self.page is None:
            raise ConfigError("--runtime goes with --page: it is what the page runs the graph with")


def main(argv: list[str]) -> int:
    """Run `photism export` with the words after it; return the exit code."""
    args = parse(Export, argv, prog="photism export", description=DESCRIPTION)
    from photism.export.trace import require_extra

    require_extra()
    from photism.export.pages import find_runtime, write_page
    from photism.export.write import export

    runtime = find_runtime(args.runtime) if args.page else None
    translator = photism.load(args.system, device="cpu")

    def write(out: Path) -> None:
        written = export(
            translator,
            out,
            target=args.target,
            precision=args.precision,
            sampling=settings(args.sampling, "--sampling"),
            check=args.check,
            clips=args.clips,
        )
        apart = written.difference
        say(
            f"{written.path.name}: {written.bytes / 1e6:.1f} MB in {args.precision}; from torch, on"
            f" {apart.clips} clips, at most {apart.largest:.2g} of black to white apart,"
            f" {apart.mean:.2g} in the mean"
        )

    if args.page:
        assert runtime is not None
        write_page(args.page, runtime, write)
        say(f"{args.page}: serve it with `python -m http.server -d {args.page}`")
    if args.out or not args.page:
        out = args.out or Path(f"{translator.weights}.onnx")
        write(out)
        say(out)
    return 0
