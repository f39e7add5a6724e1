"""A static page that runs an exported graph in the browser, from its own folder alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from photism.errors import ConfigError
from photism.files import replacing, storing

ASSETS = Path(__file__).parent / "page"
MODEL = "model.onnx"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What a page needs of onnxruntime-web: the loader, its glue, and the runtime itself."""
USUAL = Path("node_modules/onnxruntime-web")
"""Where `npm install onnxruntime-web` puts it."""


def find_runtime(folder: Path | None) -> Path:
    """Find onnxruntime-web.

    Args:
        folder: the package as npm unpacks it; None looks into this folder's `node_modules`.

    Returns:
        The folder with its built files.

    Raises:
        ConfigError: it is not there, or of a version that is built otherwise.
    """
    package = USUAL if folder is None else folder
    for place in (package / "dist", package):
        if all((place / name).is_file() for name in RUNTIME):
            return place
    raise ConfigError(
        f"no onnxruntime-web in {package}: `npm install onnxruntime-web` puts it into node_modules"
        " here, or name its folder with --runtime"
    )


def write_page(folder: Path, runtime: Path, write: Callable[[Path], None]) -> None:
    """Write the page, whole or not at all.

    Args:
        folder: for index.html, the graph, its card, and the runtime; an earlier page gives way.
        runtime: what `find_runtime` found.
        write: writes the graph, with its card beside it, to the path that it is given.

    Raises:
        StorageError: the folder holds something else, or cannot be written.
    """
    with replacing(folder, marker=MODEL) as temporary:
        temporary.mkdir()
        write(temporary / MODEL)
        with storing(folder):
            for asset in sorted(ASSETS.iterdir()):
                shutil.copyfile(asset, temporary / asset.name)
            (temporary / "runtime").mkdir()
            for name in RUNTIME:
                shutil.copyfile(runtime / name, temporary / "runtime" / name)
