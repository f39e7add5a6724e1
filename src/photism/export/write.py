"""Export a system: trace it, narrow its weights, compare it with torch, write it with its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from photism.data.progress import counting
from photism.errors import ConfigError
from photism.export.card import BESIDE, card_of, with_card
from photism.export.check import CLIPS, Difference, difference
from photism.export.exported import Exported
from photism.export.precision import Precision, narrow
from photism.export.trace import simplified, trace
from photism.files import replacing, write_json
from photism.media import Medium
from photism.translate.translator import Translator

SUFFIX = ".onnx"
TOLERATED: Mapping[Precision, float] = {"float32": 1e-4, "fp16": 1e-2, "int8": 1e-2}
"""Largest mean difference from torch, as a share of black to white, that a graph may have."""


@dataclass(frozen=True)
class GraphFile:
    """A graph that was written."""

    path: Path
    card: dict[str, Any]
    difference: Difference

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size


def export(
    translator: Translator,
    out: Path,
    *,
    target: Medium | None = None,
    precision: Precision = "float32",
    sampling: Mapping[str, str] | None = None,
    check: Path | None = None,
    clips: int = CLIPS,
) -> GraphFile:
    """Write a system as one ONNX graph: waveform to picture, or picture to log-mel.

    Args:
        translator: of the system, on the CPU.
        out: the file, which ends in .onnx; its card goes beside it.
        target: what the graph makes, where the system makes both; else what it makes.
        precision: of the weights in the file; see `narrow`.
        sampling: fields of `config.sampling` to change: how to sample is part of a graph.
        check: recordings, or pictures, to compare with torch on; what comes along by default.
        clips: how many of them.

    Returns:
        Where it is, its card, and how far it is from torch.

    Raises:
        ConfigError: the system cannot be exported, or not in this precision; both media and no
            target; another ending; the extra `export` is not installed.
        StorageError: the file cannot be written. No half of it is ever left.
    """
    if out.suffix.lower() != SUFFIX:
        raise ConfigError(f"{out} is written as ONNX: let its name end in {SUFFIX}")
    translator = _sampled(translator, sampling or {})
    medium = _target(translator, target)
    with counting("tracing"):
        graph, traced = trace(translator, medium)
    model = simplified(narrow(traced, precision))  # simplifying first would change the weights
    card = card_of(translator, graph, precision, dict(sampling or {}))
    with replacing(out) as temporary:
        temporary.write_bytes(with_card(model, card).SerializeToString())
        apart = difference(translator, Exported(temporary), check, clips)
        _require_near(translator, apart, precision)
        card["check"] = asdict(apart)
        temporary.write_bytes(with_card(model, card).SerializeToString())
    write_json(out.with_name(out.name + BESIDE), card)
    return GraphFile(out, card, apart)


def _sampled(translator: Translator, sampling: Mapping[str, str]) -> Translator:
    if not sampling:
        return translator
    return Translator(translator.system.sampled(sampling), "cpu")


def _target(translator: Translator, target: Medium | None) -> Medium:
    made = translator.system.targets
    if target is None and len(made) > 1:
        raise ConfigError(
            f"{translator.weights} makes {' and '.join(made)}, a graph one of them: say which with"
            f" --target {made[0]}"
        )
    wanted = target or made[0]
    translator.system.require_target(wanted)
    return wanted


def _require_near(translator: Translator, apart: Difference, precision: Precision) -> None:
    most = TOLERATED[precision]
    if apart.mean <= most:
        return
    remedy = (
        "this is a mistake in photism or the runtime"
        if precision == "float32"
        else "--precision float32 holds it"
    )
    raise ConfigError(
        f"in {precision}, {translator.weights} is {apart.mean:.1%} of black to white away from"
        f" torch in the mean, more than {most:.2%}, so nothing was written: {remedy}"
    )
