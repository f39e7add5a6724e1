"""The card of weights for people, with the metadata that the Hugging Face Hub reads at its head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from photism.media import other
from photism.stored import WeightsCard
from photism.systems.base import System

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

LIBRARY = "photism"
TASK = "other"
"""The Hub's name of tasks that have none of their own there."""


def readme(system: System, preset: str, card: WeightsCard) -> str:
    """Write the README of a weights folder.

    Args:
        system: whose weights they are.
        preset: name that the config started from.
        card: where they come from.

    Returns:
        Markdown behind YAML: library, licence, task, tags, and the figures as results of a model.
    """
    lines = [f"---\n{_metadata(system, card)}\n---\n"]
    lines.append(f"# {system.title}, preset `{preset}`\n")
    lines.append(f"{system.paper}. Makes: {' and '.join(system.targets)}.\n")
    for name, value in card.to_json().items():
        if isinstance(value, Mapping):
            lines.append(f"- **{name.replace('_', ' ')}**:")
            lines += [f"  - {key}: {_shown(item)}" for key, item in value.items()]
        else:
            lines.append(f"- **{name.replace('_', ' ')}**: {_shown(value)}")
    return "\n".join(lines) + "\n"


def _metadata(system: System, card: WeightsCard) -> str:
    from huggingface_hub import ModelCardData

    directions = [f"{other(medium)}-to-{medium}" for medium in system.targets]
    results = list(_results(system, card))
    return ModelCardData(
        library_name=LIBRARY,
        license=card.licence_id,
        pipeline_tag=TASK,
        tags=[LIBRARY, system.name, "audio", *directions],
        metrics=["accuracy"] if any(r.metric_type == "accuracy" for r in results) else None,
        model_name=f"{system.title}, {card.data}" if results else None,
        eval_results=results or None,
    ).to_yaml()


def _results(system: System, card: WeightsCard) -> Iterator[EvalResult]:
    """Yield what was measured on the test in single numbers; the text has the rest."""
    from huggingface_hub import EvalResult

    for name, value in card.metrics.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and card.data and name.startswith("test") and not name.endswith("pairs")):
            continue
        yield EvalResult(
            task_type=TASK,
            task_name=" and ".join(f"{other(m)} to {m}" for m in system.targets),
            dataset_type=card.data,
            dataset_name=card.data,
            metric_type=name.split(": ")[-1].split(", ")[0].removeprefix("test "),
            metric_name=name,
            metric_value=value,
        )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "; ".join(_shown(item) for item in value)
    return str(value)
