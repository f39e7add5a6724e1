"""How long a WAV or AVI says it is, and whether it is that long."""

from __future__ import annotations

HEAD_BYTES = 8
_UNKNOWN = ((0x7FFF_0000, 0x8001_0000), (0xFFFF_0000, 0x1_0001_0000))
"""Sizes of those who write into a pipe and cannot know: SoX and eSpeak 0x7FFFF024, arecord
0x80000024, FFmpeg 0xFFFFFFFF. Nor can a reader know whether such a file is complete."""


def cut_short(head: bytes, size: int) -> str:
    """Compare the size that a RIFF file announces with the one it has: its decoders do not.

    Args:
        head: its first `HEAD_BYTES`.
        size: of the whole file, in bytes.

    Returns:
        How many bytes of how many are there; empty where none are missing, or it is no such file.
    """
    if head[:4] != b"RIFF":
        return ""
    announced = int.from_bytes(head[4:8], "little") + 8
    if size >= announced or any(least <= announced < most for least, most in _UNKNOWN):
        return ""
    return f"{size:,} of {announced:,} bytes announced"
