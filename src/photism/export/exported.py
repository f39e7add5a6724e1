"""An exported graph, run by onnxruntime alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from photism.errors import ConfigError, WeightsError
from photism.export.card import KEY, parse_card
from photism.export.trace import require_extra


class Exported:
    """A graph that `photism export` wrote.

    Args:
        path: the ONNX file.
        threads: of the runtime; None lets it choose.

    Raises:
        ConfigError: the extra `export` is not installed.
        WeightsError: the file is missing, damaged or not photism's.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        require_extra()
        import onnxruntime

        if not path.is_file():
            raise WeightsError(f"{path} is missing")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime raises its own
            raise WeightsError(f"{path} is cut short or no ONNX file") from error
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.card = parse_card(metadata.get(KEY, ""), path)
        self.path = path

    def __call__(self, *inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Translate a batch.

        Args:
            *inputs: those of the card's "inputs", in that order, `(batch, *shape)` each.

        Returns:
            The card's "outputs" by name, `(batch, *shape)` each.

        Raises:
            ConfigError: too many or too few, or a shape that the graph does not take.
        """
        ports = self.card["inputs"]
        if len(inputs) != len(ports):
            taken = ", ".join(port["name"] for port in ports)
            raise ConfigError(f"{self.path.name} takes {taken}, not {len(inputs)} inputs")
        given = [
            np.asarray(values, dtype=port["kind"])
            for port, values in zip(ports, inputs, strict=True)
        ]
        for port, values in zip(ports, given, strict=True):
            self._require(port, values, len(given[0]) if given[0].ndim else 0)
        names = [port["name"] for port in self.card["outputs"]]
        feed = {port["name"]: values for port, values in zip(ports, given, strict=True)}
        return dict(zip(names, self._session.run(names, feed), strict=True))

    def _require(self, port: dict[str, Any], values: np.ndarray, batch: int) -> None:
        wanted: list[int | None] = port["shape"]
        least = self.card.get("least_samples") or 1
        fits = values.ndim == 1 + len(wanted) and 0 < batch == len(values)
        fits = fits and all(
            length >= least if size is None else length == size
            for size, length in zip(wanted, values.shape[1:], strict=True)
        )
        if not fits:
            named = (f"{least} or more" if size is None else str(size) for size in wanted)
            shape = ", ".join(("batch", *named))
            raise ConfigError(f"{port['name']} is ({shape}), not {values.shape}: {port['meaning']}")
