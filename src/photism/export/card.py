"""The card of an exported graph: what goes in, what comes out, where it is from, how true it is.

It stands in the file's own metadata, as JSON under the key `photism`, and in a file beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photism.errors import WeightsError
from photism.export.graph import Graph
from photism.export.precision import Precision
from photism.export.trace import least_samples, require_extra
from photism.files import parse_json
from photism.translate.translator import Translator
from photism.version import __version__

if TYPE_CHECKING:
    import onnx

KEY = "photism"
BESIDE = ".json"
"""What is added to the name of a graph for that of its card."""


def card_of(
    translator: Translator, graph: Graph, precision: Precision, sampling: dict[str, str]
) -> dict[str, Any]:
    """Describe a graph.

    Args:
        translator: of the system.
        graph: what was traced.
        precision: of the weights in the file.
        sampling: what was changed of the system's way of sampling.

    Returns:
        What JSON can hold, but for the check.
    """
    system, fe = translator.system, graph.front_end
    return {
        "format": 1,
        "photism": __version__,
        "title": system.title,
        "paper": system.paper,
        **translator.origin,
        "target": graph.target,
        "precision": precision,
        "sampling": sampling,
        "rate": fe.rate,
        "least_samples": least_samples(graph),
        "inputs": [asdict(port) for port in graph.inputs],
        "outputs": [asdict(port) for port in graph.outputs],
        "classes": list(translator.classes),
        "data": system.card.data,
        "licence": system.card.licence,
        "licence_id": system.card.licence_id,
        "front_end_config": asdict(fe),
    }


def with_card(model: onnx.ModelProto, card: dict[str, Any]) -> onnx.ModelProto:
    """Put a card into a graph's metadata, in place, and return the graph."""
    model.producer_name, model.producer_version = "photism", __version__
    model.graph.name = f"{card['weights']}, {card['target']}"
    model.graph.doc_string = f"{card['title']}: {card['paper']}"
    del model.metadata_props[:]
    model.metadata_props.add(key=KEY, value=json.dumps(card, ensure_ascii=False))
    for node in model.graph.node:  # where in its source each was traced: of no use, and not short
        del node.metadata_props[:]
        node.doc_string = ""
    return model


def read_card(path: Path) -> dict[str, Any]:
    """Read the card from a graph's metadata.

    Args:
        path: an ONNX file.

    Returns:
        The card.

    Raises:
        ConfigError: the extra `export` is not installed.
        WeightsError: it is missing, damaged, or not photism's.
    """
    require_extra()
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except FileNotFoundError as error:
        raise WeightsError(f"{path} is missing") from error
    except Exception as error:  # the parser of messages raises its own
        raise WeightsError(f"{path} is cut short or no ONNX file") from error
    stored = {entry.key: entry.value for entry in model.metadata_props}
    return parse_card(stored.get(KEY, ""), path)


def parse_card(text: str, path: Path) -> dict[str, Any]:
    """Read a card from its JSON.

    Args:
        text: the value under `KEY`, empty where there is none.
        path: of the graph, for the message.

    Returns:
        The card.

    Raises:
        WeightsError: there is none, or it is damaged.
    """
    if not text:
        raise WeightsError(f"{path} carries no card of photism: `photism export` writes such files")
    try:
        card = parse_json(text.encode())
        [str(port["name"]) and list(port["shape"]) for port in (*card["inputs"], *card["outputs"])]
        int(card["rate"]), str(card["target"])
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{path} has a damaged card: {error}") from error
    return card
