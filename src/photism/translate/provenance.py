"""What made a file: read back from a picture, a sound or a film that photism wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from photism import images
from photism.audio import write


def provenance_of(path: Path) -> dict[str, Any]:
    """Read the provenance of a result.

    Args:
        path: a PNG, a WAV or FLAC, or an MP4 or WebM.

    Returns:
        What made it.

    Raises:
        AudioError, ImageError: it cannot be read, or photism did not write it.
    """
    tagged = path.suffix.lower() in (".wav", ".flac", ".mp4", ".webm")
    return write.read_provenance(path) if tagged else images.read_provenance(path)
