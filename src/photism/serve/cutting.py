"""Reading recordings in processes of their own, which can be ended, unlike a decoder that hangs.

A worker knows sounds alone: it loads no torch and no web server. What makes a decoder crash or hang
costs the caller who sent it, and nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from io import BytesIO

from photism.audio.decode import Sound
from photism.audio.front_ends import FrontEnd
from photism.audio.segment import Heard, heard
from photism.errors import AudioError
from photism.translate.sounds import chosen, clips
from photism.translate.sources import medium_of

EDGE_S = 0.5
"""Read beyond the longest part that is translated, to tell what is longer from what ends there."""


class Upload(BytesIO):
    """What a caller sent, with the name that it goes by in messages and provenance."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


@dataclass(frozen=True)
class Cutting:
    """How a recording is to be cut."""

    front_end: FrontEnd
    start_s: float
    duration_s: float | None
    """None is all of it, up to `most_s`."""
    every: bool
    """Every clip, not the first in which something is heard."""
    most_s: float
    most_clips: int


@dataclass(frozen=True)
class Clips:
    """What a recording was cut into; `longer` and `more` say that it is beyond what was granted."""

    clips: list[Sound]
    verdicts: list[Heard]
    """Whether anything is heard in each."""
    longer: bool = False
    more: bool = False


def cut_recording(content: bytes, name: str, how: Cutting) -> Clips | None:
    """Cut a recording, in a process that does nothing else.

    Args:
        content: of the file.
        name: of the file.
        how: the front end, and what is wanted.

    Returns:
        The clips; None where it is a picture.

    Raises:
        AudioError, ConfigError: as for `translate.sounds.clips`.
    """
    length_s = how.duration_s or how.most_s + EDGE_S
    source = Upload(content, name)
    if medium_of(source) == "image":
        return None
    cut = clips(source, how.front_end, start_s=how.start_s, duration_s=length_s)
    if not how.every:
        clip = chosen(cut)
        return Clips([clip], [heard(clip.samples[0], clip.rate)])
    found = list(itertools.islice(cut, how.most_clips + 1))
    end_s = max(clip.start_s + clip.duration_s for clip in found) - how.start_s
    longer = how.duration_s is None and end_s > how.most_s
    kept = found[: how.most_clips]
    verdicts = [heard(clip.samples[0], clip.rate) for clip in kept]
    return Clips(kept, verdicts, longer, len(found) > how.most_clips)


class Cutters:
    """Processes that cut recordings.

    Args:
        count: of processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = _pool(count)
        self._alone = asyncio.Lock()

    def begin(self) -> None:
        """Start the processes, so that the first caller does not wait for them."""
        for _ in range(self.count):
            self._pool.submit(_idle)

    async def cut(self, upload: Upload, how: Cutting) -> Clips | None:
        """Cut a recording in one of the processes.

        Args:
            upload: the recording.
            how: the front end, and what is wanted.

        Returns:
            The clips; None where it is a picture.

        Raises:
            AudioError: it cannot be read, or makes its decoder crash.
            ConfigError: as for `translate.sounds.clips`.
        """
        pool = self._pool
        try:
            return await self._cut(pool, upload, how)
        except BrokenProcessPool:
            self._renew(pool)
        async with self._alone:  # whose file it was shows when each is read alone
            pool = _pool(1)
            try:
                return await self._cut(pool, upload, how)
            except BrokenProcessPool as error:
                raise AudioError(
                    f"{upload.name} is damaged so that its decoder crashes: convert it first"
                ) from error
            finally:
                pool.shutdown(wait=False)

    async def _cut(self, pool: ProcessPoolExecutor, upload: Upload, how: Cutting) -> Clips | None:
        job = pool.submit(cut_recording, upload.getvalue(), upload.name, how)
        # Never cancelled: a pool that breaks is undone by a future that was (Python 3.11).
        cut = asyncio.wrap_future(job)
        cut.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(cut)
        except asyncio.CancelledError:  # the time is up
            if job.running():
                self._renew(pool)
            raise

    def _renew(self, pool: ProcessPoolExecutor) -> None:
        """End processes that crashed or hang, and start others in their place."""
        if self._pool is pool:
            self._pool = _pool(self.count)
        end(pool)

    def close(self) -> None:
        """End all processes, and wait until they have ended.

        A pool that is still ending while Python exits may be written to after it has closed.
        """
        end(self._pool, wait=True)


def end(pool: ProcessPoolExecutor, *, wait: bool = False) -> None:
    """End the processes of a pool, also those that hang."""
    for process in list((pool._processes or {}).values()):  # nothing public before Python 3.14
        with contextlib.suppress(ValueError):  # closed meanwhile
            process.kill()
    pool.shutdown(wait=wait)


def _pool(count: int) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=spawn, initializer=_begin)


def _begin() -> None:
    """Leave Ctrl-C to the first process, which ends the others when all is answered."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _idle() -> None:
    """Load what cutting needs."""
    import av  # noqa: F401
    import soxr  # noqa: F401
