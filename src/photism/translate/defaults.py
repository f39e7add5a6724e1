"""Which bundled weights translate where nobody names any."""

from __future__ import annotations

from collections.abc import Mapping

from photism.errors import ConfigError
from photism.media import Medium, other
from photism.stored import bundled

DEFAULTS: Mapping[Medium, str] = {"image": "aivae-fsdd", "sound": "sa-cmgan-i2s-orchestra"}
"""By what is to be made."""


def default_weights(target: Medium) -> str:
    """Return the name of the bundled weights that make a medium.

    Args:
        target: what is to be made.

    Returns:
        A name for `photism.load`.

    Raises:
        ConfigError: none make it.
    """
    name = DEFAULTS[target]
    if name not in bundled():
        raise ConfigError(
            f"no bundled weights make a {target} of {_WHAT[other(target)]}: name some with --system"
        )
    return name


_WHAT: Mapping[Medium, str] = {"sound": "a recording", "image": "a picture"}
