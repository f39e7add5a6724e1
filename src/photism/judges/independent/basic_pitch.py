"""basic-pitch, which writes down notes, as a reader of pitch.

R. M. Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and
Multipitch Estimation", ICASSP 2022, arXiv:2203.09893. Its network looks at about two seconds and
says of every frame and each of the 88 keys of a piano whether a note sounds. Here the key that
sounds most in the middle of a sound is the note that is read; the network runs in onnxruntime
(extra `eval`), and none of the package's own code does.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import torch
import torch.nn.functional as F

from photism.errors import ConfigError, WeightsError
from photism.files import sha256
from photism.judges.independent.wheels import WHEELS
from photism.judges.perceive import Percept, resampled

NAME = "basic-pitch"
RATE, HOP, SAMPLES = 22_050, 256, 43_844
"""Samples per second, from frame to frame, and of one window."""
LOWEST = 21
"""MIDI number of the lowest key."""
SOUNDS = 0.3
"""Activation from which a note sounds, the least that the authors use."""
_AROUND = 4
"""Frames on each side of the middle one that are read too, in all 0.1 s."""
_AT_ONCE = 32


def is_here() -> bool:
    """Whether the weights have been fetched, and what runs them is installed."""
    return WHEELS[NAME].path.is_file() and find_spec("onnxruntime") is not None


class BasicPitch:
    """Reads the note that sounds in the middle of a sound.

    Raises:
        ConfigError: the weights have not been fetched, or onnxruntime is not installed.
        WeightsError: the weights are damaged.
    """

    name = NAME

    def __init__(self) -> None:
        wheel = WHEELS[NAME]
        if not wheel.path.is_file():
            raise ConfigError(f"{NAME} is not here yet: run `photism judge fetch {NAME}`")
        try:
            import onnxruntime
        except ImportError as error:
            raise ConfigError(
                f"{NAME} runs in onnxruntime: `pip install 'photism[eval]'`"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            self._session = onnxruntime.InferenceSession(
                wheel.path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises kinds of its own
            raise WeightsError(
                f"{wheel.path} is damaged: remove it, and run `photism judge fetch {NAME}`"
            ) from error
        self.about = wheel.origin
        self.digest = sha256(wheel.path)

    def read(self, percept: Percept) -> np.ndarray:
        """Read notes.

        Args:
            percept: sounds of up to two seconds; what is longer is not heard.

        Returns:
            `(batch,)` MIDI numbers; not a number where no note sounds.
        """
        assert percept.rate is not None, "pictures cannot be heard"
        sounds = resampled(percept.values, percept.rate, RATE)[:, :SAMPLES].float().cpu()
        middle = sounds.shape[1] // 2 // HOP
        frames = slice(max(0, middle - _AROUND), middle + _AROUND + 1)
        windows = F.pad(sounds, (0, SAMPLES - sounds.shape[1]))[:, :, None].numpy()
        parts = [
            self._notes(windows[start : start + _AT_ONCE])[:, frames].mean(axis=1)
            for start in range(0, len(windows), _AT_ONCE)
        ]
        activation = np.concatenate(parts)  # (batch, key)
        return np.where(activation.max(1) < SOUNDS, np.nan, activation.argmax(1) + LOWEST)

    def _notes(self, windows: np.ndarray) -> np.ndarray:
        """Return the activation of notes, `(batch, frame, key)`."""
        [given] = self._session.get_inputs()
        return self._session.run(["StatefulPartitionedCall:1"], {given.name: windows})[0]
