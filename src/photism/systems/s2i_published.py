"""The files that the authors of S2I published: state dicts of its networks.

L. A. Fanzeres, C. Nadeu, arXiv:2106.01266; layers are called convN, convTN and transitionN, each
with its batch norm, convN_bn and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor, nn

from photism.stored import fill, read_pickled


def load_published(networks: Mapping[str, nn.Module], path: Path) -> tuple[str, ...]:
    """Fill networks with what the authors published: autoencoder, generator or discriminator.

    Their files are state dicts whose names tell the network; `module.` before each, which training
    on several GPUs left there, is taken off. Layers are matched by their order, whether counted
    from 0 or from 1.

    Args:
        networks: of an S2I system by name; those that the file is of are filled in place.
        path: a .pth file; nothing but tensors is read from it.

    Returns:
        The names of the networks that were filled.

    Raises:
        WeightsError: the file is damaged, holds more than tensors, or is of another network.
    """
    tensors = {name.removeprefix("module."): t for name, t in read_pickled(path).items()}
    layers = {name.split(".")[0] for name in tensors}
    if any(layer.startswith("transition") for layer in layers):
        parts = {"generator": tensors}
    elif any(layer.startswith("convT") for layer in layers):
        decoder = {name: t for name, t in tensors.items() if name.startswith("convT")}
        encoder = {name: t for name, t in tensors.items() if name not in decoder}
        parts = {"encoder": encoder, "decoder": decoder}
    else:
        parts = {"discriminator": tensors}
    for name, part in parts.items():
        network = networks[name]
        fill(network, _renumbered(part, network.state_dict()), path)
    return tuple(parts)


def _renumbered(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give layers of each kind the numbers that they have here, in order."""
    ours, theirs = _numbers(own), _numbers(tensors)
    named = {}
    for name, tensor in tensors.items():
        kind, number, rest = _split(name)
        place = theirs[kind].index(number)
        known = ours.get(kind, [])
        named[f"{kind}{known[place] if place < len(known) else number}{rest}"] = tensor
    counters = {name: t for name, t in own.items() if name.endswith("num_batches_tracked")}
    return counters | named  # older files do not count batches


def _numbers(names: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for name in names:
        kind, number, _ = _split(name)
        found.setdefault(kind, set()).add(number)
    return {kind: sorted(numbers) for kind, numbers in found.items()}


def _split(name: str) -> tuple[str, int, str]:
    """Split "convT12_bn.weight" into kind, number and the rest."""
    found = re.match(r"([A-Za-z]+)(\d+)(.*)", name)
    return (found[1], int(found[2]), found[3]) if found else (name, 0, "")
