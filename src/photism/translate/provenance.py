"""What made a file: read back from a picture or a sound that photism wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from photism import images
from photism.audio import write


def provenance_of(path: Path) -> dict[str, Any]:
    """Read the provenance of a result.

    Args:
        path: a PNG, WAV or FLAC.

    Returns:
        What made it.

    Raises:
        AudioError, ImageError: it cannot be read, or photism did not write it.
    """
    sound = path.suffix.lower() in (".wav", ".flac")
    return write.read_provenance(path) if sound else images.read_provenance(path)
