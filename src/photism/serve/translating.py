"""From an upload to results: cut by a few processes, drawn by the thread that draws for all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio.to_thread

from photism.audio.decode import Sound
from photism.media import Medium, other
from photism.serve.answers import JSON, OFFERS, Answer, Drawn, as_file, as_json, preferred
from photism.serve.batching import Batcher
from photism.serve.cutting import Cutters, Cutting, Upload
from photism.serve.limits import ServerLimits
from photism.serve.problems import Problem
from photism.serve.served import Served
from photism.serve.wishes import Query
from photism.translate.request import Request
from photism.translate.sources import medium_of
from photism.translate.stills import Still, still
from photism.translate.translator import Translator

T = TypeVar("T")


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
        medium = await self._in_thread(partial(medium_of, upload))
        translator = self._translator(query, medium, upload.name)
        kind = preferred(accept, OFFERS[other(medium)])
        requests = await self._requests(translator, medium, upload, query)
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

    def _translator(self, query: Query, medium: Medium, name: str) -> Translator:
        """Return what the caller asks to be translated with, if it can be."""
        served = self.served
        translator = served.named(query.system) if query.system else served.taking(medium)
        translator.require_source(medium, name)
        translator.require(query.label, query.settings)
        return translator

    async def _requests(
        self, translator: Translator, medium: Medium, upload: Upload, query: Query
    ) -> list[Request]:
        """Read the file and say what is to be drawn of it."""
        most = self.limits.results
        if query.num_samples > most:
            raise _too_many(most)
        found: Sequence[Sound | Still]
        if medium == "image":
            shape = translator.system.shape("image")
            found = [await self._in_thread(partial(still, upload, shape))]
        else:
            found = await self._cut(translator, upload, query)
        seeds = range(query.seed, query.seed + query.num_samples)
        wishes = query.label, query.settings
        return [Request(clip, seed, *wishes) for clip in found for seed in seeds]

    async def _cut(self, translator: Translator, upload: Upload, query: Query) -> list[Sound]:
        """Cut a recording, which may not be longer than what is granted."""
        limits, choose = self.limits, "choose a part of it by start and duration"
        if query.duration is not None and query.duration > limits.seconds:
            raise Problem(413, f"at most {limits.seconds:g} s are translated at once: {choose}")
        how = Cutting(
            translator.front_end,
            query.start,
            query.duration,
            query.all,
            limits.seconds,
            limits.results // query.num_samples,
        )
        cut = await self.cutters.cut(upload, how)
        if cut.longer:
            raise Problem(
                413,
                f"{upload.name} lasts more than the {limits.seconds:g} s that are translated at"
                f" once: {choose}",
            )
        if cut.more:
            raise _too_many(limits.results)
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
