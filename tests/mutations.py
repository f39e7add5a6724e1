"""Files that chance has damaged, the same for the same seed: what a fuzzer feeds to a reader."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

_ODD_INTEGERS = (0, 1, 2**7, 2**15, 2**31 - 1, 2**32 - 1)
_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    float("nan"),
    "",
    "../../x",
    "a[/]b\x1b[2J",
    "\ud800",
    "n" * 5000,
    [],
    {},
    [[]],
    {"": {}},
    [3] * 1000,
    json.loads("[" * 200 + "]" * 200),
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return a file with one to eight places changed, cut out, repeated, or the end missing."""
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(damaged)) if damaged else 0
        length = rng.choice((1, 2, 4, 16, 200))
        match rng.randrange(7):
            case 0 if damaged:
                damaged[place] ^= 1 << rng.randrange(8)
            case 1 if damaged:
                damaged[place] = rng.choice((0, 255, rng.randrange(256)))
            case 2:
                number = struct.pack(rng.choice("<>") + "I", rng.choice(_ODD_INTEGERS))
                damaged[place : place + 4] = number
            case 3:
                del damaged[place : place + length]
            case 4:
                damaged[place:place] = damaged[place : place + length]
            case 5:
                damaged[place : place + length] = rng.randbytes(length)
            case 6 if rng.random() < 0.3:
                del damaged[place:]
    return bytes(damaged)


def mutated_json(content: Any, rng: random.Random) -> Any:
    """Return what JSON holds with one value somewhere in it exchanged or gone."""
    if isinstance(content, dict | list) and content and rng.random() < 0.8:
        changed = content.copy()
        key = rng.choice(list(content) if isinstance(content, dict) else range(len(content)))
        if rng.random() < 0.1:
            del changed[key]
        else:
            changed[key] = mutated_json(content[key], rng)
        return changed
    return rng.choice(_ODD_VALUES)
