"""What a server grants its callers."""

from __future__ import annotations

from dataclasses import dataclass

from photism.config import check_fields


@dataclass(frozen=True)
class ServerLimits:
    """Limits of a server; whoever goes beyond one is told which, and what to do."""

    megabytes: float = 16.0
    """Size of a request, file and all."""
    seconds: float = 60.0
    """Length of the part of a recording that is translated at once."""
    results: int = 256
    """Pictures or sounds of one request: clips times samples."""
    queue: int = 128
    """Requests that are being answered or wait; further ones are asked to come again (429)."""
    queue_megabytes: float = 512.0
    """Size of all of these together."""
    timeout_s: float = 30.0
    """From the first byte of a request to the last of its answer."""
    batch: int = 16
    """Clips that the networks see at once, of all callers."""
    live: int = 8
    """Microphones that are listened to at the same time."""

    def __post_init__(self) -> None:
        check_fields(self, megabytes=1e-3, seconds=0.1, results=1, queue=1, batch=1, live=0)
        check_fields(self, queue_megabytes=self.megabytes, timeout_s=0.1)

    @property
    def size_bytes(self) -> int:
        """Size of a request in bytes."""
        return int(self.megabytes * 1e6)
