"""Configs: frozen dataclasses, set from text, checked, and read back from JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from numbers import Integral
from typing import Any, get_args, get_type_hints

from photism.errors import ConfigError, nearest


def override(config: Any, settings: Mapping[str, str]) -> Any:
    """Return a config with fields set from text, as in `--set lr=1e-4 classifier.epochs=3`.

    Args:
        config: a frozen config dataclass of scalar fields, or of further such dataclasses.
        settings: field name to value as typed by a person; a dot leads to a field inside a field.

    Returns:
        A new config of the same class, validated.

    Raises:
        ConfigError: an unknown field (the nearest is suggested) or a value of another type.
    """
    known = settings_of(config)
    values = {}
    for name, text in settings.items():
        if name not in known:
            raise ConfigError(f"unknown field {name!r}: {nearest(name, known)}")
        values[name] = _parse(name, text, known[name])
    return _replaced(config, values)


def settings_of(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return all fields of a config by the names that `override` knows, with their values."""
    found: dict[str, Any] = {}
    for f in fields(config):
        value = getattr(config, f.name)
        inside = is_dataclass(value)
        found |= settings_of(value, f"{prefix}{f.name}.") if inside else {prefix + f.name: value}
    return found


def check_fields(config: Any, **least: float) -> None:
    """Check a config: a choice is one that its type names, a number not below what it must be.

    Args:
        config: a frozen config dataclass.
        **least: field name and its lowest value.

    Raises:
        ConfigError: names the field, its value and what would do.
    """
    for name, kind in get_type_hints(type(config)).items():
        value, choices = getattr(config, name), get_args(kind)
        if choices and value not in choices:
            raise ConfigError(f"{name} is {value!r}: {nearest(str(value), map(str, choices))}")
    for name, lowest in least.items():
        if not lowest <= getattr(config, name) < math.inf:  # nor NaN
            raise ConfigError(f"{name} must be at least {lowest}, not {getattr(config, name)}")


def check_seed(seed: Any) -> None:
    """Raise a ConfigError for a seed that some generator of numpy or torch does not take."""
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**63:
        raise ConfigError(f"a seed is a whole number from 0 to 2^63 - 1, not {seed!r}")


def config_from(cls: type, content: Mapping[str, Any]) -> Any:
    """Build a config from what `dataclasses.asdict` made of one, such as read from JSON.

    Args:
        cls: a frozen config dataclass.
        content: field name to value; a mapping for a config within the config.

    Returns:
        A config of that class.

    Raises:
        TypeError: a field is missing.
        ConfigError: a field is unknown, or a value is not valid.
    """
    types, values = get_type_hints(cls), {}
    for name, value in content.items():
        kind = types.get(name)
        if kind is None:
            raise ConfigError(f"unknown field {name!r}: {nearest(name, types)}")
        inside = is_dataclass(kind) and isinstance(kind, type)
        values[name] = config_from(kind, value) if inside else value
        if not inside and not get_args(kind):
            _require_kind(name, value, kind)
    return cls(**values)


def _require_kind(name: str, value: Any, kind: type) -> None:
    """Check what JSON gave for a field of a simple type; a whole number will do as a number."""
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{name} is a {kind.__name__}, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} must be finite, not {value}")


def _replaced(config: Any, values: Mapping[str, Any]) -> Any:
    own: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        outer, _, inner = name.partition(".")
        if inner:
            inside.setdefault(outer, {})[inner] = value
        else:
            own[name] = value
    groups = {name: _replaced(getattr(config, name), group) for name, group in inside.items()}
    return replace(config, **own, **groups)


def _parse(name: str, text: str, current: Any) -> Any:
    if isinstance(current, bool):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"{name} is true or false, not {text!r}")
        return text.lower() == "true"
    try:
        value = type(current)(text)
    except ValueError as error:
        kind = "a whole number" if isinstance(current, int) else "a number"
        raise ConfigError(f"{name} is {kind}, not {text!r}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is a finite number, not {text!r}")
    return value
