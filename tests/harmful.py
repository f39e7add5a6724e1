"""What a damaged file may do to its decoder, for processes that load nothing but this."""

from __future__ import annotations

import os
import threading

from photism.serve.cutting import Clips, Cutting


def harmed(content: bytes, name: str, how: Cutting) -> Clips:
    """Do what a damaged file may do to its decoder."""
    if content == b"crash":
        os.abort()
    if content == b"hang":
        threading.Event().wait(60)
    return Clips([], [])
