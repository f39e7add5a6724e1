"""Where sound comes from as it is made: a microphone, or a recording played at its own pace."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photism.audio.decode import stream
from photism.errors import AudioError, ConfigError

BLOCK_S = 0.1
"""Sound comes in blocks of this length, and each asks for a window."""


@dataclass(frozen=True)
class Source:
    """Sound that goes on."""

    name: str
    rate: int
    """Samples per second."""
    take: Callable[[], list[np.ndarray]]
    """Wait for sound, and return the blocks that have come since, each `(sample,)` float32; none
    when there will be no more."""


@contextlib.contextmanager
def microphone(device: str | None = None) -> Iterator[Source]:
    """Open a microphone.

    Args:
        device: its number, or a part of its name; None is the system's choice.

    Yields:
        What it hears.

    Raises:
        ConfigError: sounddevice or PortAudio are not installed.
        AudioError: there is no such microphone, or it cannot be opened.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise ConfigError(
            "a microphone needs sounddevice: pip install 'photism[microphone]'"
        ) from error
    except OSError as error:
        raise ConfigError(
            "a microphone needs the library PortAudio: install it (Debian: libportaudio2)"
        ) from error
    chosen = int(device) if device and device.isdigit() else device
    blocks: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()

    def heard(samples: np.ndarray, frames: int, clock: object, status: object) -> None:
        blocks.put(samples.mean(axis=1))

    try:
        found = sounddevice.query_devices(chosen, "input")
        rate = round(found["default_samplerate"])
        open_stream = sounddevice.InputStream(
            rate, round(BLOCK_S * rate), chosen, 1, "float32", callback=heard
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise AudioError(
            f"no microphone can be opened ({reason}): --devices lists what there is"
        ) from error
    with open_stream:
        yield Source(str(found["name"]), rate, lambda: _waiting(blocks))


def _waiting(blocks: queue.SimpleQueue[np.ndarray]) -> list[np.ndarray]:
    found = [blocks.get()]
    while not blocks.empty():
        found.append(blocks.get())
    return found


def microphones() -> list[str]:
    """Return the microphones that there are, as "number name"."""
    with contextlib.suppress(ImportError, OSError):
        import sounddevice

        devices = enumerate(sounddevice.query_devices())
        return [f"{n} {entry['name']}" for n, entry in devices if entry["max_input_channels"]]
    return []


@contextlib.contextmanager
def played(path: Path, clock: Callable[[], float] = time.monotonic) -> Iterator[Source]:
    """Take a recording for a microphone: its sound comes at the pace at which it would be heard.

    Args:
        path: of any sound or video.
        clock: in seconds.

    Yields:
        What is heard.

    Raises:
        AudioError: it cannot be read.
    """
    sounds = stream(path, block_s=BLOCK_S)
    first = next(sounds)
    coming = iter([first])
    began_s, given = clock(), 0

    def take() -> list[np.ndarray]:
        nonlocal given, coming
        time.sleep(max(0.0, began_s + (given + 1) * BLOCK_S - clock()))
        due = int((clock() - began_s) / BLOCK_S + 1e-6)
        found = []
        while given < due:
            block = next(coming, None) or next(sounds, None)
            if block is None:
                break
            found.append(block.mono())
            given += 1
        return found

    try:
        yield Source(path.name, first.rate, take)
    finally:
        sounds.close()  # type: ignore[attr-defined]
