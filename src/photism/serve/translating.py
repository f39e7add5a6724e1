"""From an upload to results: cut by a few processes, drawn by the thread that draws for all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar

import anyio.to_thread

from photism.audio.decode import Sound
from photism.audio.segment import Heard
from photism.media import Medium
from photism.serve.answers import JSON, OFFERS, Answer, Drawn, as_file, as_json, preferred
from photism.serve.batching import Batcher
from photism.serve.cutting import Clips, Cutters, Cutting, Upload
from photism.serve.limits import ServerLimits
from photism.serve.problems import Problem
from photism.serve.served import Served
from photism.serve.wishes import Query
from photism.translate.request import Request
from photism.translate.stills import Still, still
from photism.translate.translator import Translator

T = TypeVar("T")
_CHOOSE = "choose a part of it by start and duration"


class Translating:
    """Answers requests for translations.

    Args:
        served: the systems.
        batcher: draws for all callers.
        cutters: read recordings.
        limits: of a request.
    """

    def __init__(
        self, served: Served, batcher: Batcher, cutters: Cutters, limits: ServerLimits
    ) -> None:
        self.served, self.batcher, self.cutters, self.limits = served, batcher, cutters, limits
        self._threads = anyio.CapacityLimiter(max(2, os.cpu_count() or 1))

    async def answer(self, upload: Upload, query: Query, accept: str) -> Answer:
        """Translate a file as a caller wishes.

        Args:
            upload: the file.
            query: what the caller wishes.
            accept: what the caller takes, as in HTTP.

        Returns:
            The body of the answer.

        Raises:
            Problem, PhotismError: what the caller did wrong.
        """
        translator, requests = await self._requests(upload, query)
        kind = preferred(accept, OFFERS[requests[0].target])
        if kind != JSON and len(requests) > 1:
            many = f"{len(requests)} results do not fit into one {kind}"
            raise Problem(406, f"{many}: accept {JSON}, which holds all")
        results = [result async for result in self._drawn(translator, requests)]
        side = query.side
        if kind != JSON:
            return await self._in_thread(partial(as_file, results[0], kind, side))
        reader = self.served.readers.get(translator.weights)
        write = partial(as_json, results, side, log_mel=query.log_mel, reader=reader)
        return await self._in_thread(write)

    async def _requests(self, upload: Upload, query: Query) -> tuple[Translator, list[Request]]:
        """Read the file and say what is to be drawn of it, and by what."""
        limits = self.limits
        most_clips = limits.results // query.num_samples
        if query.duration is not None and query.duration > limits.seconds:
            raise Problem(413, f"at most {limits.seconds:g} s are translated at once: {_CHOOSE}")
        if not most_clips:
            raise _too_many(limits.results)
        named = self.served.named(query.system) if query.system else None
        ear = (named or self.served.usual("sound") or self.served.taking("image")).front_end
        cut = await self.cutters.cut(
            upload,
            Cutting(ear, query.start, query.duration, query.all, limits.seconds, most_clips),
        )
        medium: Medium = "sound" if cut else "image"
        translator = named or self.served.taking(medium)
        translator.require_source(medium, upload.name)
        translator.require(query.label, query.settings)
        found: list[tuple[Sound | Still, Heard | None]]
        if cut:
            found = list(zip(self._granted(cut, upload.name), cut.verdicts, strict=True))
        else:
            shape = translator.system.shape("image")
            found = [(await self._in_thread(partial(still, upload, shape)), None)]
        seeds = range(query.seed, query.seed + query.num_samples)
        return translator, [
            Request(clip, seed, query.label, query.settings, verdict=verdict)
            for clip, verdict in found
            for seed in seeds
        ]

    def _granted(self, cut: Clips, name: str) -> list[Sound]:
        """Return the clips of a recording that is not longer than what is granted."""
        if cut.longer:
            most = f"the {self.limits.seconds:g} s that are translated at once"
            raise Problem(413, f"{name} lasts more than {most}: {_CHOOSE}")
        if cut.more:
            raise _too_many(self.limits.results)
        return cut.clips

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._threads, abandon_on_cancel=True)

    async def _drawn(self, translator: Translator, requests: list[Request]) -> AsyncIterator[Drawn]:
        """Yield results a batch at a time, so that a long recording lets others in between."""
        most = self.batcher.most
        for first in range(0, len(requests), most):
            for future in self.batcher.submit(translator, requests[first : first + most]):
                yield await asyncio.wrap_future(future)


def _too_many(most: int) -> Problem:
    return Problem(
        413,
        f"more than {most} results: ask for fewer samples, or a part of the recording by start and"
        " duration",
    )
