"""Names of files that hold a sound."""

from __future__ import annotations

from pathlib import PurePath

ENDINGS = frozenset(
    (
        ".3gp", ".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".avi", ".caf", ".flac", ".flv",
        ".m4a", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".oga",
        ".ogg", ".ogv", ".opus", ".snd", ".ts", ".w64", ".wav", ".webm", ".wma", ".wmv", ".wv",
    )
)  # fmt: skip
"""Files taken from a folder; a file named by itself is tried whatever it is called."""


def is_sound(path: PurePath) -> bool:
    """Whether a file's ending is that of a sound, or of a video, which may have one."""
    return path.suffix.lower() in ENDINGS
