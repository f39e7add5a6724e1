"""From a system in torch to a graph in ONNX."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from photism.errors import ConfigError
from photism.export.graph import Graph, Port
from photism.media import Medium
from photism.translate.translator import Translator

if TYPE_CHECKING:
    import onnx

OPSET = 20
"""The first with a Fourier transform of any number of axes; runtimes of 2024 and later have it."""
NEEDED = ("onnx", "onnxscript", "onnxruntime")
_SMALL = 1024
"""Values that may be worked out now; more are left to the runtime, which keeps files small."""
_MOST_BATCH, _MOST_SAMPLES = 2**16, 2**26
_LIMIT_BYTES = 2**31 - 2**20
"""Of a file in Google's format of messages."""


def require_extra() -> None:
    """Raise a ConfigError that says how to install what exporting needs, if it is not there."""
    if missing := [name for name in NEEDED if not importlib.util.find_spec(name)]:
        raise ConfigError(
            f"photism export needs {' and '.join(missing)}: pip install 'photism[export]'"
        )


def trace(translator: Translator, target: Medium) -> tuple[Graph, onnx.ModelProto]:
    """Trace a system with its front end.

    Args:
        translator: of the system, on the CPU.
        target: what to make.

    Returns:
        The module that was traced, and its graph, in float32, with a batch of any size.

    Raises:
        ConfigError: the system makes no such medium, does something that ONNX has no operation for
            or that depends on the values it is given, or is too large for one file.
    """
    require_extra()
    system = translator.system
    system.require_target(target)
    graph = Graph(system, translator.front_end, target, translator.classes).eval()
    size = sum(tensor.nbytes for tensor in graph.state_dict().values())
    if size > _LIMIT_BYTES:
        raise ConfigError(f"{translator.weights} has {size / 1e9:.1f} GB, one file of ONNX holds 2")
    example = tuple(_example(port) for port in graph.inputs)
    batch = torch.export.Dim("batch", max=_MOST_BATCH)
    free = tuple(_free(port, batch, graph) for port in graph.inputs)
    try:
        with torch.no_grad(), _quiet():
            graph(*example)  # makes what is kept from call to call, outside of the trace
            program = torch.onnx.export(
                torch.export.export(graph, example, dynamic_shapes=(free,), strict=False),
                input_names=[port.name for port in graph.inputs],
                output_names=[port.name for port in graph.outputs],
                opset_version=OPSET,
                optimize=False,
                verbose=False,
            )
            assert program is not None
    except Exception as error:  # tracer and converter raise all kinds
        raise ConfigError(
            f"{translator.weights} cannot be exported: {system.title} does what a graph cannot"
            f" hold ({_reason(error)})"
        ) from error
    return graph, program.model_proto


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph without what tracing left behind and nothing uses."""
    import onnxscript.optimizer

    with _quiet():
        return onnxscript.optimizer.optimize(
            model, input_size_limit=_SMALL, output_size_limit=_SMALL
        )


def least_samples(graph: Graph) -> int | None:
    """Return the shortest sound a graph takes: two frames; None where the length is fixed."""
    fe = graph.front_end
    if graph.target == "sound" or fe.clip_samples is not None:
        return None
    return fe.hop_length if fe.center else fe.n_fft + fe.hop_length


def _example(port: Port) -> Tensor:
    """Two rows of noise; sounds of any length last somewhat more than one second at 8 kHz."""
    shape = [9_001 if length is None else length for length in port.shape]
    if port.kind == "int64":
        return torch.zeros(2, dtype=torch.int64)
    rows = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    return rows if port.name == "noise" else (0.1 * rows).clamp(-1, 1)


def _free(port: Port, batch: torch.export.Dim, graph: Graph) -> dict[int, torch.export.Dim]:
    """Which axes of an input may have any length."""
    lengths = {
        axis: torch.export.Dim("sample", min=least_samples(graph), max=_MOST_SAMPLES)
        for axis, length in enumerate(port.shape, 1)
        if length is None
    }
    return {0: batch, **lengths}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what tracer and converter say about their own steps off the screen."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    said = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _reason(error: BaseException) -> str:
    """Return the innermost reason in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
