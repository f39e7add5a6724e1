"""Tables that say more about files than their names: `metadata.csv` and `metadata.jsonl`.

The form that Hugging Face's `datasets` reads: a row a file, with the file's name in a column; names
start from the table's own folder.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photism.errors import DataError
from photism.files import parse_json
from photism.terminal import printable

ENDINGS = (".csv", ".jsonl")
_INT = re.compile(r"[+-]?(0|[1-9]\d{0,17})")  # leading zeros make a name, not a number
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class TableRow:
    """One line of a table."""

    table: Path
    line: int
    values: Mapping[str, Any]
    """By column; what is empty is left out. All text where the table is CSV."""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{printable(self.table.name)} line {self.line}"


def read_table(path: Path) -> tuple[list[TableRow], list[dict[str, str]]]:
    """Read a table.

    Args:
        path: a CSV file with a line of names (commas, semicolons or tabs), or JSON lines.

    Returns:
        Its rows, and the lines that cannot be used, each with "file" and "reason".

    Raises:
        DataError: it cannot be opened, or names no columns.
    """
    rows, skipped = [], []
    lines = _json_lines if path.suffix.lower() == ".jsonl" else _csv_lines
    try:
        # Names of files need not be UTF-8; in this form they lead to the files all the same.
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            for line, values in lines(list(file)):
                if isinstance(values, str):
                    skipped.append(
                        {"file": f"{printable(path.name)} line {line}", "reason": values}
                    )
                else:
                    kept = {k: v for k, v in values.items() if v is not None and v != ""}
                    rows.append(TableRow(path, line, kept))
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be opened: {error.strerror}") from error
    if not rows:
        first = "; {file}: {reason}".format(**skipped[0]) if skipped else ""
        raise DataError(f"{printable(path)} has no row that can be used{first}")
    return rows, skipped


def _csv_lines(lines: list[str]) -> Iterator[tuple[int, dict[str, str] | str]]:
    head = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=max(",;\t", key=head.count))
    names = [name.strip() for name in next(reader, [])]
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"cannot be read: {error}"
            continue
        if len(fields) > len(names):
            yield reader.line_num, f"{len(fields)} fields under {len(names)} names"
        elif any(fields):
            values = (field.strip() for field in fields)
            yield reader.line_num, dict(zip(names, values, strict=False))


def _json_lines(lines: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = parse_json(line)
        except ValueError as error:
            yield number, f"is no JSON: {error}"
            continue
        yield number, values if isinstance(values, dict) else "is no JSON object"


def typed(values: Sequence[Any]) -> tuple[str, list[Any]]:
    """Find the type that fits a whole column.

    Args:
        values: as `TableRow` has them; None where there is none.

    Returns:
        "int", "float", "string" or "bool", and the values in it. Where some are missing, numbers
        are "float" with NaN in their place, and texts are empty.
    """
    there = [value for value in values if value is not None]
    texts = all(isinstance(value, str) for value in there)
    parsed = _parsed(there) if texts else there
    kinds = {type(value) for value in parsed}
    kind = {bool: "bool", int: "int", float: "float"}.get(next(iter(kinds), str), "string")
    if kinds == {int, float}:
        kind = "float"
    elif len(kinds) > 1 or (kind == "bool" and len(there) < len(values)):
        kind = "string"
    if kind == "int" and any(abs(value) >= 2**63 for value in parsed):
        kind = "string"
    if kind == "int" and len(there) < len(values):
        kind = "float"
    if kind == "string":
        return kind, ["" if value is None else text(value) for value in values]
    remaining = iter(parsed)
    full = [math.nan if value is None else next(remaining) for value in values]
    return kind, [float(value) for value in full] if kind == "float" else full


def _parsed(texts: list[str]) -> list[Any]:
    """Return what all texts of a CSV column mean, or the texts where they do not agree."""
    if all(_INT.fullmatch(value) for value in texts):
        return [int(value) for value in texts]
    if all(_FLOAT.fullmatch(value) for value in texts):
        return [float(value) for value in texts]
    if all(value.lower() in _TRUTH for value in texts):
        return [_TRUTH[value.lower()] for value in texts]
    return texts


def text(value: Any) -> str:
    """Return a value of a table as text that can be stored; lists and objects as JSON."""
    if isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False)
    return printable(str(value))
