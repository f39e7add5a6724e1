"""Which bundled weights translate where nobody names any."""

from __future__ import annotations

from collections.abc import Mapping

from photism.errors import ConfigError
from photism.media import Medium, other
from photism.stored import bundled

AUTO = "auto"
"""What `--system` says where what comes in is to decide."""
KINDS: Mapping[Medium, tuple[str, ...]] = {
    "image": ("flow-digits",),  # flow-orchestra hears well and does not yet draw what it hears
    "sound": ("flow-orchestra-sound",),
}
"""By what is to be made: weights that can tell whether something is of the kind they know."""
DEFAULTS: Mapping[Medium, str] = {"image": "aivae-fsdd", "sound": "sa-cmgan-i2s-orchestra"}
"""Those of old, where none of the others are there."""
_WHAT: Mapping[Medium, str] = {"sound": "a recording", "image": "a picture"}


def usual_weights(target: Medium) -> tuple[str, ...]:
    """Return the names of the bundled weights that make a medium, of one kind of thing each."""
    there = bundled()
    names = tuple(name for name in KINDS[target] if name in there)
    return names or ((DEFAULTS[target],) if DEFAULTS[target] in there else ())


def default_weights(target: Medium) -> tuple[str, ...]:
    """Return `usual_weights` of a medium, of which there has to be one at least.

    Args:
        target: what is to be made.

    Returns:
        One or more names for `photism.load`.

    Raises:
        ConfigError: none make it.
    """
    if names := usual_weights(target):
        return names
    raise ConfigError(
        f"no bundled weights make a {target} of {_WHAT[other(target)]}: name some with --system"
    )
